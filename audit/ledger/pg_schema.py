"""The schema of the log on PostgreSQL: made once, recognised ever after, and its server judged.

`logboek.sql` is the schema. Its fingerprint is taken from the catalog, so a trigger, a rule or a
column that somebody added is seen: whatever stands there could change lines on their way in.
"""

import hashlib
from itertools import count
from pathlib import Path
from typing import Any, Final, LiteralString, NoReturn

import psycopg
from psycopg import sql

from audit.errors import LogOpenError

Connection = psycopg.Connection[Any]

SCHEMA: Final = "logboek"
VERSION: Final = 1
FINGERPRINT: Final = "e13deccb8db75d0908503e69a87eea7f2f6d4e3f52ab80fba92459e50d18aacd"
"""Of the schema that `logboek.sql` makes, the same on every version of the server."""
OLDEST_SERVER: Final = 140_000
_LOCK: Final = 7_815_690_315
"""Whoever makes the schema holds this advisory lock meanwhile."""
_DDL: Final = Path(__file__).with_name("logboek.sql")

_SETTINGS: LiteralString = """
    SELECT current_setting('server_version_num')::int, pg_is_in_recovery(),
      current_setting('server_encoding'), current_setting('fsync'),
      current_setting('full_page_writes'), current_setting('data_sync_retry'),
      current_setting('synchronous_commit'), current_setting('synchronous_standby_names')"""

# One line for each thing in the schema, in an order that does not depend on the server.
_CATALOG: LiteralString = """
    SELECT line COLLATE "C" FROM (
      SELECT concat_ws(' ', 'relation', relname, relkind, relpersistence, relrowsecurity,
          relispartition) AS line
        FROM pg_class WHERE relnamespace = %(schema)s::regnamespace
      UNION ALL
      SELECT concat_ws(' ', 'column', relname, attnum, attname,
          format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
          attcollation, pg_get_expr(adbin, adrelid))
        FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
          LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relnamespace = %(schema)s::regnamespace AND relkind = 'r' AND attnum > 0
          AND NOT attisdropped
      UNION ALL
      SELECT concat_ws(' ', 'constraint', c.relname, conname, contype, convalidated,
          CASE contype WHEN 'c' THEN pg_get_constraintdef(n.oid) END)
        FROM pg_constraint n JOIN pg_class c ON c.oid = conrelid
        WHERE connamespace = %(schema)s::regnamespace AND contype <> 'n'
      UNION ALL
      SELECT concat_ws(' ', 'index', c.relname, i.relname, indisunique, indisvalid, indkey,
          indpred IS NULL, indexprs IS NULL)
        FROM pg_index x JOIN pg_class c ON c.oid = indrelid JOIN pg_class i ON i.oid = indexrelid
        WHERE c.relnamespace = %(schema)s::regnamespace
      UNION ALL
      SELECT concat_ws(' ', 'trigger', relname, tgname, tgenabled, tgtype, proname, tgqual IS NULL)
        FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid JOIN pg_proc p ON p.oid = tgfoid
        WHERE relnamespace = %(schema)s::regnamespace AND NOT tgisinternal
      UNION ALL
      SELECT concat_ws(' ', 'rule', relname, rulename)
        FROM pg_rewrite JOIN pg_class c ON c.oid = ev_class
        WHERE relnamespace = %(schema)s::regnamespace
      UNION ALL
      SELECT concat_ws(' ', 'function', proname, lanname, prosecdef, provolatile, proconfig,
          pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid), prosrc)
        FROM pg_proc p JOIN pg_language l ON l.oid = prolang
        WHERE pronamespace = %(schema)s::regnamespace
    ) AS lines (line) ORDER BY 1"""

_POWERS: LiteralString = """
    SELECT rolsuper OR rolreplication OR rolbypassrls
      OR has_table_privilege('logboek.regel', 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
      OR has_table_privilege('logboek.controlepunt', 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
      OR has_table_privilege('logboek.kop', 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
    FROM pg_roles WHERE rolname = current_user"""


def check_server(connection: Connection) -> None:
    """Make sure that a commit on this server is truly on disk, and on that of its standbys.

    Raises:
        LogOpenError: It is not; the sentence tells which setting is wrong.
    """
    row = connection.execute(_SETTINGS).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    version, standby, encoding, fsync, full_pages, retry, commit, standbys = row
    if not isinstance(version, int) or version < OLDEST_SERVER:
        _refuse("De server is ouder dan PostgreSQL 14.")
    if standby:
        _refuse("Deze server is een reserve (standby): hij loopt misschien achter.")
    if encoding != "UTF8":
        _refuse("De database staat niet in UTF8.")
    for name, value, wanted in (
        ("fsync", fsync, "on"),
        ("full_page_writes", full_pages, "on"),
        # Else the server goes on after a failed fsync, as if nothing had been lost.
        ("data_sync_retry", retry, "off"),
    ):
        if value != wanted:
            _refuse(f"Op de server staat {name} niet op {wanted}; een regel kan verloren gaan.")
    if commit == "off" or (standbys and commit not in ("on", "remote_apply")):
        _refuse(f"Op de server staat synchronous_commit op {commit}; een regel kan verloren gaan.")


def ensure_schema(connection: Connection) -> None:
    """Make the schema when it is not there, and make sure that it is ours.

    Raises:
        LogOpenError: It is something else, or of another version.
    """
    with connection.transaction():
        # Two nodes may start on an empty database at once.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        if not _exists(connection):
            connection.execute(_DDL.read_bytes(), prepare=False)
        check_schema(connection)


def check_schema(connection: Connection) -> None:
    """Make sure that the schema is ours, with nothing added or taken away.

    Raises:
        LogOpenError: It is not.
    """
    try:
        with connection.transaction():
            row = connection.execute("SELECT max(version) FROM logboek.schema_version").fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        row = None
    version = row[0] if row else None
    if isinstance(version, int) and version != VERSION:
        _refuse(f"De tabellen van het logboek zijn van versie {version}, niet van {VERSION}.")
    if version is None or fingerprint(connection) != FINGERPRINT:
        _refuse("Het schema logboek in de database is geen logboek van Sluis.")


def fingerprint(connection: Connection) -> str:
    """Return the SHA-256 of all that the catalog tells about the schema."""
    rows = connection.execute(_CATALOG, {"schema": SCHEMA}).fetchall()
    return hashlib.sha256("\n".join(str(row[0]) for row in rows).encode()).hexdigest()


def check_role(connection: Connection) -> None:
    """Make sure that the role of this connection cannot change the log behind our back.

    Raises:
        LogOpenError: It can.
    """
    row = connection.execute(_POWERS).fetchone()
    if row is None or row[0]:
        _refuse(
            "De rol van Sluis mag het logboek in de database veranderen. Richt het in met"
            " `sluis logboek inrichten` en geef Sluis een rol die alleen mag toevoegen."
        )


def grant(connection: Connection, role: str) -> None:
    """Let a role read the log and add to it, and nothing else.

    Raises:
        psycopg.Error: There is no such role, or we may not grant this.
    """
    name = sql.Identifier(role)
    with connection.transaction():
        for statement in (
            sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA logboek FROM {}"),
            sql.SQL("GRANT USAGE ON SCHEMA logboek TO {}"),
            sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA logboek TO {}"),
            sql.SQL("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA logboek TO {}"),
            sql.SQL("REVOKE EXECUTE ON FUNCTION logboek.remove_node FROM {}"),
        ):
            connection.execute(statement.format(name))


def set_aside(connection: Connection) -> str | None:
    """Give the schema of a log another name; return it, or None when there is no log.

    Its lines and triggers stay as they are. Its functions name tables that are no longer there
    under that name, so nothing can be added to it.

    Raises:
        psycopg.Error: This role may not do that.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        if not _exists(connection):
            return None
        # A node that writes at this moment finishes first; its next turn fails.
        connection.execute("LOCK TABLE logboek.kop IN ACCESS EXCLUSIVE MODE")
        taken = {row[0] for row in connection.execute("SELECT nspname FROM pg_namespace")}
        name = next(n for n in (f"logboek_oud_{i}" for i in count(1)) if n not in taken)
        rename = sql.SQL("ALTER SCHEMA logboek RENAME TO {}")
        connection.execute(rename.format(sql.Identifier(name)))
    return name


def _exists(connection: Connection) -> bool:
    return bool(
        connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (SCHEMA,)).fetchall()
    )


def _refuse(sentence: str) -> NoReturn:
    raise LogOpenError(sentence)
