"""Zaken of every samenwerkingsverband: whose a zaak is, and any soort that the law names.

What stands there already is of a RIEC, and stays so: `verband` is NULL.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261121"
down_revision = "20261120"
branch_labels = None
depends_on = None

_TABLES = ("organisaties", "zaken")
_KNOWN = "soort IN ('hhk', 'casus', 'scan')"
_NAME = "ck_zaken_soort"
_CHECK = f"CONSTRAINT {_NAME} CHECK ({_KNOWN}), "
_STATUS = "CONSTRAINT ck_zaken_status"


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("verband", sa.String(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f(_NAME), "zaken", type_="check")
    else:
        _renew_on_sqlite(_CHECK, "")


def downgrade() -> None:
    # The older program would take these for zaken of a RIEC, so they end: an end without a date
    # is an end at once.
    op.execute(
        "UPDATE zaken SET soort = 'casus', status = 'beeindigd', beeindigd_op = NULL, "
        "versie = versie + 1 "
        "WHERE verband IS NOT NULL OR soort NOT IN ('hhk', 'casus', 'scan')"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.create_check_constraint(op.f(_NAME), "zaken", _KNOWN)
    else:
        _renew_on_sqlite(_STATUS, _CHECK + _STATUS)
    for table in _TABLES:
        op.drop_column(table, "verband")


def _renew_on_sqlite(old: str, new: str) -> None:
    """Make the table anew with another text: SQLite cannot drop or add a constraint.

    The rows go out and come back within the transaction, so the keys that point at them are looked
    at when it ends.

    Raises:
        RuntimeError: The table is not the one that the migration before this one made.
    """
    bind = op.get_bind()
    parts = bind.execute(
        sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = 'zaken' AND sql IS NOT NULL")
    ).all()
    (table,) = [" ".join(sql.split()) for kind, sql in parts if kind == "table"]
    if table.count(old) != 1:
        message = "the table zaken has another form than expected"
        raise RuntimeError(message)
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute("CREATE TABLE zaken_over AS SELECT * FROM zaken")
    op.execute("DROP TABLE zaken")
    bind.exec_driver_sql(table.replace(old, new))
    op.execute("INSERT INTO zaken SELECT * FROM zaken_over")
    op.execute("DROP TABLE zaken_over")
    for kind, sql in parts:
        if kind != "table":
            bind.exec_driver_sql(sql)
