"""The log on PostgreSQL, shared by several nodes. The only part of `audit` that needs psycopg.

Every node holds the head while it writes (`SELECT … FOR UPDATE`), so the lines of all nodes make
one tree without gaps. A node is admitted under its name and an epoch; who is removed, or whose
name was taken over, is refused at its next turn.

What happens when the server goes away, in the words of the writer:

- Nothing was sent yet, or the server says that it undid the turn: nothing is written. The batch
  is refused with LogUnavailableError; a next one may succeed.
- It went away during COMMIT: the outcome is looked up, holding the head, so that the lost
  transaction has ended. When its checkpoint stands there, the batch is written after all.
- Back on the server, or on the one that took its place, everything is judged anew: its settings,
  the schema, whether this node is still admitted, and whether the log there continues the log
  that this node last saw, hash by hash. A log that does not is never written to: that is
  LogBehindError, and it stays so until people have looked (docs/logboek-op-postgresql.md).

So an outage heals by itself, and a server that lost something does not pass for an outage.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Final, NoReturn, Self

import psycopg

from audit.entry import KeyRow
from audit.errors import (
    LogBehindError,
    LogFencedError,
    LogInterruptedError,
    LogOpenError,
    LogUnavailableError,
    describe,
)
from audit.ledger import Head, TakenError
from audit.ledger.pg_connection import (
    Address,
    Patience,
    close_quietly,
    is_lost,
    unavailable,
    will_pass,
)
from audit.ledger.pg_reader import HEAD, PostgresReader, head_of
from audit.ledger.pg_schema import Connection, check_role, check_schema, check_server, ensure_schema
from audit.ledger.pg_turn import ADD_KEYS, PostgresTurn, StandbyError, follow, key_columns

_FENCED: Final = "SL001"
_KENMERK_TAKEN: Final = "regel_kenmerk_key"


class PostgresLedger(PostgresReader):
    """A log in the schema `logboek` of a database; see `Ledger`."""

    shared = True

    def __init__(self, address: Address, node: str) -> None:
        """Say where and as which node; use `open`."""
        super().__init__(address)
        self._address = address
        self._name = node
        self._epoch: int | None = None
        self._seen: Head | None = None
        self._connection: Connection | None = None
        self._patience = Patience(address.seconds)
        self.newcomer = True
        """Whether no node of this name took part before."""

    @classmethod
    def open(cls, address: Address, *, node: str) -> Self:
        """Connect, make the schema when there is none, and take part as this node.

        Args:
            address: Where the server is.
            node: The name of this node; whoever had it before is shut out.

        Raises:
            LogOpenError: The server, the schema or the role is not as it must be.
            psycopg.Error: The server cannot be reached, or refuses.
        """
        ledger = cls(address, node)
        with contextlib.ExitStack() as stack:
            stack.callback(ledger.close)
            ledger._connection = connection = address.connect()
            check_server(connection)
            ensure_schema(connection)
            if address.strict:
                check_role(connection)
            if ledger.head() is not None:
                ledger._join(connection)
            stack.pop_all()
        return ledger

    # Writing.

    @contextlib.contextmanager
    def turn(self) -> Iterator[PostgresTurn]:
        """Begin a transaction that holds the head exclusively. Only for the writer.

        Raises:
            LogUnavailableError: Nothing was acknowledged; a next turn may succeed.
            LogFencedError: This node does not take part any more.
            LogBehindError: The log does not continue what this node saw of it.
            psycopg.Error: Anything else; do not go on.
        """
        turn = self._begin()
        try:
            yield turn
            turn.commit()
        except StandbyError as error:
            self._lose()
            raise LogUnavailableError(
                "De reserve-server heeft niet bevestigd. Of er is vastgelegd, is onzeker."
            ) from error
        except psycopg.Error as error:
            self._fail(turn, error)
        except BaseException:
            self._undo()
            raise
        self._seen = turn.batch.head if turn.batch else turn.head

    def _begin(self) -> PostgresTurn:
        while True:
            if self._connection is None:
                self._connection = self._resume()
            turn = PostgresTurn(self._connection, self._node(), self._state())
            try:
                turn.begin()
            except psycopg.Error as error:
                if not is_lost(self._connection):
                    self._undo()
                    _judge(error)
                # Nothing was sent that could stand, so simply begin again.
                self._lose()
            except BaseException:
                self._undo()
                raise
            else:
                return turn

    def create(self, head: Head, keys: Sequence[KeyRow]) -> None:
        """Make an empty log with its first head, checkpoint and keys, and take part in it.

        Raises:
            LogOpenError: Another node made one at the same moment.
        """
        connection = self._ready_for_creation()
        try:
            with connection.transaction():
                connection.execute(
                    "SELECT logboek.create_log(%s::bytea, %s::text, %s::bigint)",
                    (head.peaks, head.note, head.kek),
                )
                connection.execute(ADD_KEYS, key_columns(keys))
        except psycopg.errors.UniqueViolation as error:
            raise LogOpenError(
                "Een andere knoop heeft dit logboek net gemaakt. Start deze knoop opnieuw."
            ) from error
        self._join(connection)

    def _join(self, connection: Connection) -> None:
        with connection.transaction():
            rows = connection.execute(
                "SELECT 1 FROM logboek.knoop WHERE name = %s", (self._name,)
            ).fetchall()
            joined: Any = connection.execute(
                "SELECT logboek.join_node(%s)", (self._name,)
            ).fetchone()
        self.newcomer = not rows
        self._epoch = joined[0]
        self._seen = self.head()

    def _node(self) -> tuple[str, int]:
        if self._epoch is None:
            raise LogOpenError("Er is nog geen logboek.")
        return self._name, self._epoch

    def _state(self) -> Head:
        if self._seen is None:
            raise LogOpenError("Er is nog geen logboek.")
        return self._seen

    def _ready_for_creation(self) -> Connection:
        if self._connection is None:
            raise LogOpenError("Het logboek is niet te maken: de verbinding is weg.")
        return self._connection

    # After a failure.

    def close(self) -> None:  # type: ignore[explicit-override]
        """Let go of every connection."""
        super().close()
        connection, self._connection = self._connection, None
        if connection is not None:
            close_quietly(connection)

    def _undo(self) -> None:
        connection = self._connection
        if connection is not None:
            try:
                connection.rollback()
            except psycopg.Error:
                self._lose()

    def _lose(self) -> None:
        self._patience.lost()
        connection, self._connection = self._connection, None
        if connection is not None:
            close_quietly(connection)
        self._readers.forget()

    def _fail(self, turn: PostgresTurn, error: psycopg.Error) -> None:
        """Raise what a failed turn comes to; return only when it was committed after all."""
        if self._connection is not None and not is_lost(self._connection):
            self._undo()
            _judge(error)
        self._lose()
        self._connection = self._resume()
        # Of each size there is one checkpoint, and its root covers every line of the batch.
        after = turn.batch.head if turn.committing and turn.batch is not None else None
        if after is not None and self.note_after(after.size - 1) == after.note:
            return
        raise LogInterruptedError(
            f"Er is niets vastgelegd: {describe(error)}. Probeer het opnieuw."
        ) from error

    def _resume(self) -> Connection:
        """Connect anew, and judge what is there; wait for a server that restarts."""
        while True:
            try:
                return self._reopen()
            except (LogBehindError, LogFencedError):
                raise
            except (psycopg.Error, LogOpenError, StandbyError) as error:
                if not self._patience.wait():
                    raise unavailable(error) from error

    def _reopen(self) -> Connection:
        connection = self._address.connect()
        try:
            check_server(connection)
            check_schema(connection)
            if self._address.strict:
                check_role(connection)
            # Whatever is behind is read without holding up the other nodes.
            seen = _head_there(connection)
            follow(connection, self._state(), seen)
            turn = PostgresTurn(connection, self._node(), seen)
            turn.begin()
            # Holding the head, so what was lost has ended; and all that is seen is durable.
            turn.commit()
        except psycopg.Error as error:
            close_quietly(connection)
            if error.sqlstate == _FENCED:
                _judge(error)
            raise
        except BaseException:
            close_quietly(connection)
            raise
        self._seen = turn.head
        self._patience.found()
        return connection


def _head_there(connection: Connection) -> Head:
    row = connection.execute(HEAD, binary=True).fetchone()
    if row is None:
        raise LogBehindError("Het logboek in de database is leeg.")
    return head_of(row)


def _judge(error: psycopg.Error) -> NoReturn:
    """Raise what it means that the server undid a turn."""
    if error.sqlstate == _FENCED:
        raise LogFencedError(
            "Deze knoop doet niet meer mee: hij is verwijderd, of een ander nam zijn naam over."
        ) from error
    if isinstance(error, psycopg.errors.UniqueViolation) and (
        error.diag.constraint_name == _KENMERK_TAKEN
    ):
        raise TakenError from None
    if will_pass(error):
        raise LogUnavailableError(
            f"Er is niets vastgelegd: {describe(error)}. Probeer het later opnieuw."
        ) from error
    raise error
