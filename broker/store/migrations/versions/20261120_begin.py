"""All tables of the first version, and the triggers that keep evidence as it is."""

import sqlalchemy as sa
from alembic import op

from broker.store.columns import Moment

revision = "20261120"
down_revision = None
branch_labels = None
depends_on = None

_EVIDENCE = ("verzoeken", "besluiten", "beslislogregels", "regelversies", "regelstappen")
_DEELNEMER = (
    ["organisatie", "deelnemer"],
    ["organisatie_deelnemers.organisatie", "organisatie_deelnemers.deelnemer"],
)
_PSEUDONYM = "sleutel LIKE 'p-%' OR sleutel LIKE 'r-%'"


def upgrade() -> None:
    _create_partners()
    _create_zaken()
    _create_zaak_parts()
    _create_signalen()
    _create_subjects()
    _create_verzoeken()
    _create_besluiten()
    _create_beslislogboek()
    _create_regelversies()
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in ("regelstappen", "regelversies"):
        op.drop_table(table)
    for table in ("beslislogregels", "besluiten", "verzoeken", "instemmingen", "persoonskaarten"):
        op.drop_table(table)
    if postgresql:
        op.execute("DROP FUNCTION alleen_toevoegen()")
        op.drop_constraint("fk_zaken_signaal_id", "zaken", type_="foreignkey")
    # A zaak and its signaal point at each other: let go before either can be dropped.
    op.execute("UPDATE zaken SET signaal_id = NULL")
    for table in ("signalen", "zaak_deelnemers", "fasebesluiten", "verlengingen", "zaken"):
        op.drop_table(table)
    for table in ("toegangsbewijzen", "gebruikers", "organisatie_deelnemers", "organisaties"):
        op.drop_table(table)


def _text(name: str, *, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), primary_key=key, nullable=False)


def _fact(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=True)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=True)


def _json(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(none_as_null=True), nullable=nullable)


def _part() -> tuple[sa.Column[str], sa.Column[int], sa.ForeignKeyConstraint]:
    return (
        _text("zaak", key=True),
        sa.Column("nummer", sa.Integer(), primary_key=True, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["zaak"], ["zaken.id"]),
    )


def _create_partners() -> None:
    op.create_table(
        "organisaties",
        _text("id", key=True),
        _text("naam"),
        _text("bron_soort"),
        _fact("bron_adres"),
        _fact("riec"),
        sa.CheckConstraint("bron_soort IN ('brp', 'partner', 'geen')", name="bron_soort"),
    )
    op.create_table(
        "organisatie_deelnemers",
        _text("organisatie", key=True),
        _text("deelnemer", key=True),
        sa.ForeignKeyConstraint(["organisatie"], ["organisaties.id"]),
    )
    op.create_table(
        "gebruikers",
        _text("id", key=True),
        _text("organisatie"),
        _fact("deelnemer"),
        _text("functie"),
        *map(_fact, ("rol", "geautoriseerd_tot", "gescreend_op", "opgeleid_op")),
        sa.ForeignKeyConstraint(["organisatie"], ["organisaties.id"]),
        sa.ForeignKeyConstraint(*_DEELNEMER),
        sa.CheckConstraint(
            "functie IN ('analist', 'toepassing', 'poortwachter', 'accountmanager', "
            "'privacyfunctionaris', 'beheerder')",
            name="functie",
        ),
        sa.CheckConstraint("rol IN ('verwerker', 'toetser', 'beheerder')", name="rol"),
    )
    op.create_index("ix_gebruikers_organisatie", "gebruikers", ["organisatie"])
    op.create_table(
        "toegangsbewijzen",
        _text("hash", key=True),
        _text("gebruiker"),
        sa.Column("uitgegeven_op", Moment(), nullable=False),
        sa.Column("geldig_tot", Moment(), nullable=False),
        sa.Column("ingetrokken_op", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["gebruiker"], ["gebruikers.id"]),
    )
    op.create_index("ix_toegangsbewijzen_gebruiker", "toegangsbewijzen", ["gebruiker"])


def _create_zaken() -> None:
    op.create_table(
        "zaken",
        _text("id", key=True),
        _text("soort"),
        _text("titel"),
        _fact("riec"),
        _text("status"),
        *map(_fact, ("vastgesteld_op", "vastgesteld_door", "beeindigd_op", "looptijd_duur")),
        _number("verlengingen_max"),
        _fact("totaal_max"),
        _json("verschijnselen"),
        _number("fase"),
        _fact("signaal_id"),
        _fact("onderzoekstermijn"),
        _number("max_betrokkenen"),
        *map(_json, ("gebieden", "branches", "signalen", "beschrijving")),
        sa.Column("versie", sa.Integer(), nullable=False),
        # SQLite cannot add a key afterwards and takes it here; PostgreSQL gets it below.
        sa.ForeignKeyConstraint(["signaal_id"], ["signalen.id"], use_alter=True),
        sa.CheckConstraint("soort IN ('hhk', 'casus', 'scan')", name="soort"),
        sa.CheckConstraint("status IN ('voorgesteld', 'vastgesteld', 'beeindigd')", name="status"),
        sa.CheckConstraint("fase BETWEEN 1 AND 3", name="fase"),
    )
    op.create_index("ix_zaken_signaal_id", "zaken", ["signaal_id"])


def _create_zaak_parts() -> None:
    op.create_table(
        "verlengingen", *_part(), _text("besluit_op"), sa.UniqueConstraint("zaak", "besluit_op")
    )
    op.create_table(
        "fasebesluiten",
        *_part(),
        sa.Column("fase", sa.Integer(), nullable=False),
        _fact("besluit_op"),
        _fact("noodzaak"),
        sa.CheckConstraint("fase BETWEEN 1 AND 3", name="fase"),
    )
    op.create_table(
        "zaak_deelnemers",
        *_part(),
        _text("organisatie"),
        _text("deelnemer"),
        *map(_fact, ("rol", "vanaf", "tot")),
        sa.ForeignKeyConstraint(*_DEELNEMER),
    )
    op.create_index(
        "ix_zaak_deelnemers_organisatie_zaak", "zaak_deelnemers", ["organisatie", "zaak"]
    )


def _create_signalen() -> None:
    op.create_table(
        "signalen",
        _text("id", key=True),
        _fact("zaak"),
        _text("status"),
        _text("melder"),
        _text("omschrijving"),
        _text("gemeld_op"),
        _fact("gewogen_op"),
        _fact("gewogen_door"),
        sa.ForeignKeyConstraint(["zaak"], ["zaken.id"]),
        sa.ForeignKeyConstraint(["melder"], ["organisaties.id"]),
        sa.CheckConstraint("status IN ('aangemeld', 'aanvaard', 'afgewezen')", name="status"),
    )
    op.create_index("ix_signalen_zaak", "signalen", ["zaak"])
    if op.get_bind().dialect.name == "postgresql":
        op.create_foreign_key("fk_zaken_signaal_id", "zaken", "signalen", ["signaal_id"], ["id"])


def _create_subjects() -> None:
    op.create_table(
        "persoonskaarten",
        *(_text("id", key=True), _text("zaak"), _text("sleutel"), _text("soort")),
        _fact("relatie"),
        _number("afstand"),
        *map(_json, ("gebieden", "band", "branches", "signalen")),
        *map(_fact, ("geopend_op", "laatste_feit_op", "beeindigd_op")),
        sa.ForeignKeyConstraint(["zaak"], ["zaken.id"]),
        sa.UniqueConstraint("zaak", "sleutel"),
        sa.CheckConstraint("soort IN ('natuurlijk-persoon', 'rechtspersoon')", name="soort"),
        sa.CheckConstraint("relatie IN ('subject', 'directe-kring')", name="relatie"),
        sa.CheckConstraint(_PSEUDONYM, name="sleutel"),
    )
    op.create_table(
        "instemmingen",
        _text("id", key=True),
        *map(_text, ("soort", "organisatie", "door", "op")),
        _fact("tot"),
        _json("categorieen"),
        *map(_fact, ("zaak", "sleutel", "vrager", "ingetrokken_op", "ingetrokken_door")),
        sa.ForeignKeyConstraint(["organisatie"], ["organisaties.id"]),
        sa.ForeignKeyConstraint(["zaak"], ["zaken.id"]),
        sa.CheckConstraint(
            "soort IN ('bevoegd-gezag', 'functionaris-2-10', 'wpg-20-besluit', 'om-toestemming', "
            "'leverancier', 'rechtmatigheidsadviescommissie', 'geen-bezwaar', "
            "'convenant-verzoek', 'uitdrukkelijke-toestemming', 'wettelijke-plicht', "
            "'wettelijke-bevoegdheid', 'goed-hulpverlenerschap', 'geheimhoudingsverklaring', "
            "'bewaarverlenging')",
            name="soort",
        ),
        sa.CheckConstraint(_PSEUDONYM, name="sleutel"),
    )
    op.create_index("ix_instemmingen_zaak_sleutel", "instemmingen", ["zaak", "sleutel"])
    op.create_index("ix_instemmingen_organisatie_id", "instemmingen", ["organisatie", "id"])


def _create_verzoeken() -> None:
    op.create_table(
        "verzoeken",
        _text("id", key=True),
        _fact("kenmerk"),
        _text("gebruiker"),
        _text("organisatie"),
        *map(_fact, ("zaak", "sleutel", "grondslag")),
        _json("body", nullable=False),
        sa.Column("ontvangen_op", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["gebruiker"], ["gebruikers.id"]),
        sa.ForeignKeyConstraint(["organisatie"], ["organisaties.id"]),
        sa.UniqueConstraint("organisatie", "kenmerk"),
        sa.CheckConstraint(_PSEUDONYM, name="sleutel"),
    )
    op.create_index(
        "ix_verzoeken_organisatie_ontvangen_op_id",
        "verzoeken",
        ["organisatie", "ontvangen_op", "id"],
    )


def _create_besluiten() -> None:
    op.create_table(
        "besluiten",
        _text("id", key=True),
        _text("verzoek"),
        _fact("bron"),
        _text("deur"),
        sa.Column("moment", Moment(), nullable=False),
        _text("uitkomst"),
        sa.Column("dossier", sa.Text(), nullable=False),
        sa.Column("besluit", sa.Text(), nullable=False),
        _json("versies", nullable=False),
        sa.ForeignKeyConstraint(["verzoek"], ["verzoeken.id"]),
        sa.CheckConstraint("deur IN ('verzoek', 'verstrekking')", name="deur"),
        sa.CheckConstraint(
            "uitkomst IN ('toegewezen', 'geweigerd', 'instemming-vereist', 'deels')",
            name="uitkomst",
        ),
    )
    op.create_index("ix_besluiten_verzoek_moment_id", "besluiten", ["verzoek", "moment", "id"])
    op.create_index("ix_besluiten_moment_id", "besluiten", ["moment", "id"])


def _create_beslislogboek() -> None:
    op.create_table(
        "beslislogregels",
        _text("id", key=True),
        *map(_text, ("trace_id", "span_id")),
        sa.Column("moment", Moment(), nullable=False),
        *map(_text, ("gebruiker", "organisatie")),
        _fact("besluit"),
        sa.Column("regel", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["gebruiker"], ["gebruikers.id"]),
        sa.ForeignKeyConstraint(["organisatie"], ["organisaties.id"]),
        sa.ForeignKeyConstraint(["besluit"], ["besluiten.id"]),
        sa.UniqueConstraint("trace_id", "span_id"),
    )
    op.create_index("ix_beslislogregels_besluit", "beslislogregels", ["besluit"])
    op.create_index("ix_beslislogregels_moment_id", "beslislogregels", ["moment", "id"])


def _create_regelversies() -> None:
    op.create_table(
        "regelversies",
        _text("id", key=True),
        sa.Column("archief", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "regelstappen",
        sa.Column("nummer", sa.Integer(), primary_key=True, autoincrement=False, nullable=False),
        _text("regelversie"),
        _text("stap"),
        *map(_fact, ("door", "organisatie")),
        sa.Column("op", Moment(), nullable=False),
        _json("inhoud", nullable=False),
        sa.ForeignKeyConstraint(["regelversie"], ["regelversies.id"]),
        sa.CheckConstraint(
            "stap IN ('voorgesteld', 'beproefd', 'goedgekeurd', 'in-werking', 'afgewezen', "
            "'ingetrokken')",
            name="stap",
        ),
    )
    op.create_index("ix_regelstappen_stap_nummer", "regelstappen", ["stap", "nummer"])
    op.create_index("ix_regelstappen_regelversie_nummer", "regelstappen", ["regelversie", "nummer"])


def _guard_on_sqlite() -> None:
    for table in _EVIDENCE:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_geen_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'alleen-toevoegen: {table}'); END"
            )
    # INSERT OR REPLACE deletes the old row without asking the trigger above.
    op.execute(
        "CREATE TRIGGER verzoeken_geen_replace BEFORE INSERT ON verzoeken WHEN EXISTS ("
        "SELECT 1 FROM verzoeken WHERE id = NEW.id "
        "OR (organisatie = NEW.organisatie AND kenmerk = NEW.kenmerk)) "
        "BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: verzoeken'); END"
    )
    op.execute(
        "CREATE TRIGGER beslislogregels_geen_replace BEFORE INSERT ON beslislogregels WHEN EXISTS ("
        "SELECT 1 FROM beslislogregels WHERE id = NEW.id "
        "OR (trace_id = NEW.trace_id AND span_id = NEW.span_id)) "
        "BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: beslislogregels'); END"
    )
    for table, key in (("besluiten", "id"), ("regelversies", "id"), ("regelstappen", "nummer")):
        op.execute(
            f"CREATE TRIGGER {table}_geen_replace BEFORE INSERT ON {table} WHEN EXISTS ("  # noqa: S608
            f"SELECT 1 FROM {table} WHERE {key} = NEW.{key}) "
            f"BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: {table}'); END"
        )


def _guard_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION alleen_toevoegen() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION 'alleen-toevoegen: %', TG_TABLE_NAME USING ERRCODE = '23001'; "
        "END $$"
    )
    for table in _EVIDENCE:
        op.execute(
            f"CREATE TRIGGER {table}_alleen_toevoegen BEFORE UPDATE OR DELETE OR TRUNCATE "
            f"ON {table} FOR EACH STATEMENT EXECUTE FUNCTION alleen_toevoegen()"
        )
