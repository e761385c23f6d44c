"""Requests of subjects, what they are not told yet, and review samples; all of it evidence."""

import sqlalchemy as sa
from alembic import op

from broker.store.columns import Moment

revision = "20261128"
down_revision = "20261121"
branch_labels = None
depends_on = None

# With each table what makes a row the same row: INSERT OR REPLACE must not get around the triggers.
_EVIDENCE = {
    "inzageverzoeken": (("id",),),
    "uitstellen": (("id",),),
    "uitstelstappen": (("uitstel", "nummer"),),
    "afschriften": (("inzageverzoek", "nummer"),),
    "steekproeven": (("id",),),
    "steekproefeenheden": (("steekproef", "nummer"),),
    "steekproefoordelen": (("steekproef", "nummer", "beurt"), ("steekproef", "nummer", "door")),
}
_BESLUIT = "besluit IN ('verleend', 'afgewezen', 'vrijgegeven')"
_OORDEEL = "oordeel IN ('rechtmatig', 'onrechtmatig', 'onduidelijk')"
_PSEUDONYM = "sleutel LIKE 'p-%' OR sleutel LIKE 'r-%'"


def upgrade() -> None:
    _create_inzageverzoeken()
    _create_uitstellen()
    _create_steekproeven()
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()


def downgrade() -> None:
    for table in reversed(_EVIDENCE):
        op.drop_table(table)


def _text(name: str, *, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), primary_key=key, nullable=False)


def _words(name: str, *, nullable: bool = True) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _number(name: str, *, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), primary_key=key, autoincrement=False, nullable=False)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, Moment(), nullable=False)


def _refers(column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to])


def _by_whom() -> list[sa.Column[object] | sa.Column[str] | sa.ForeignKeyConstraint]:
    return [
        _text("door"),
        _text("organisatie"),
        _moment("op"),
        _refers("door", "gebruikers.id"),
        _refers("organisatie", "organisaties.id"),
    ]


def _create_inzageverzoeken() -> None:
    op.create_table(
        "inzageverzoeken",
        _text("id", key=True),
        _text("sleutel"),
        _moment("ontvangen_op"),
        _moment("van"),
        _number("grootte"),
        *_by_whom(),
        sa.CheckConstraint(_PSEUDONYM, name="sleutel"),
    )
    op.create_index("ix_inzageverzoeken_op_id", "inzageverzoeken", ["op", "id"])


def _create_uitstellen() -> None:
    op.create_table(
        "uitstellen",
        _text("id", key=True),
        *map(_text, ("inzageverzoek", "handeling", "grond")),
        _words("reden", nullable=False),
        sa.Column("tot", sa.String(), nullable=True),
        *_by_whom(),
        _refers("inzageverzoek", "inzageverzoeken.id"),
    )
    op.create_index("ix_uitstellen_inzageverzoek", "uitstellen", ["inzageverzoek"])
    op.create_index("ix_uitstellen_handeling", "uitstellen", ["handeling"])
    op.create_table(
        "uitstelstappen",
        _text("uitstel", key=True),
        _number("nummer", key=True),
        _text("besluit"),
        *_by_whom(),
        _words("toelichting"),
        _refers("uitstel", "uitstellen.id"),
        sa.CheckConstraint(_BESLUIT, name="besluit"),
    )
    op.create_table(
        "afschriften",
        _text("inzageverzoek", key=True),
        _number("nummer", key=True),
        *map(_number, ("getoond", "uitgesteld")),
        _text("sha256"),
        *_by_whom(),
        _refers("inzageverzoek", "inzageverzoeken.id"),
    )


def _create_steekproeven() -> None:
    op.create_table(
        "steekproeven",
        _text("id", key=True),
        _text("startwaarde"),
        *map(_moment, ("van", "tot")),
        *map(_number, ("omvang", "grootte")),
        sa.Column("strata", sa.JSON(none_as_null=True), nullable=False),
        *_by_whom(),
    )
    op.create_index("ix_steekproeven_op_id", "steekproeven", ["op", "id"])
    op.create_table(
        "steekproefeenheden",
        _text("steekproef", key=True),
        _number("nummer", key=True),
        _text("kenmerk"),
        _number("regel"),
        *map(_text, ("organisatie", "uitkomst", "herkomst")),
        _refers("steekproef", "steekproeven.id"),
    )
    op.create_table(
        "steekproefoordelen",
        _text("steekproef", key=True),
        *(_number(name, key=True) for name in ("nummer", "beurt")),
        _text("oordeel"),
        _words("toelichting"),
        *_by_whom(),
        sa.ForeignKeyConstraint(
            ["steekproef", "nummer"],
            ["steekproefeenheden.steekproef", "steekproefeenheden.nummer"],
        ),
        sa.UniqueConstraint("steekproef", "nummer", "door"),
        sa.CheckConstraint(_OORDEEL, name="oordeel"),
    )


def _guard_on_sqlite() -> None:
    for table, keys in _EVIDENCE.items():
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_geen_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'alleen-toevoegen: {table}'); END"
            )
        same = " OR ".join(
            f"({' AND '.join(f'{column} = NEW.{column}' for column in key)})" for key in keys
        )
        op.execute(
            f"CREATE TRIGGER {table}_geen_replace BEFORE INSERT ON {table} WHEN EXISTS ("  # noqa: S608
            f"SELECT 1 FROM {table} WHERE {same}) "
            f"BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: {table}'); END"
        )


def _guard_on_postgresql() -> None:
    for table in _EVIDENCE:
        op.execute(
            f"CREATE TRIGGER {table}_alleen_toevoegen BEFORE UPDATE OR DELETE OR TRUNCATE "
            f"ON {table} FOR EACH STATEMENT EXECUTE FUNCTION alleen_toevoegen()"
        )
