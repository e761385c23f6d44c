"""A log on PostgreSQL, of which this process is one node.

The directory of the node holds what it publishes: `checkpoint`, `vkey`, `tile/`. That is also
what it knows of the log outside the database, so it lies on another disk than that.
"""

import contextlib
from pathlib import Path

from audit.disk import DirectoryLock
from audit.errors import LogKeyError
from audit.kek import Keks
from audit.ledger.pg_connection import Address
from audit.ledger.postgres import PostgresLedger
from audit.log import Log
from audit.note import Signer
from audit.opening import opening
from audit.writer import Options


def open_shared(
    directory: Path,
    address: Address,
    *,
    node: str,
    signer: Signer,
    kluis: Path,
    options: Options | None = None,
) -> Log:
    """Open the log in a database as one of its nodes, and make it when it is not there.

    Args:
        directory: Where this node publishes; of no other node.
        address: Where the database is.
        node: The name of this node; of no other node.
        signer: The key of the log, the same for all nodes. Its name is that of the log.
        kluis: The folder with the keys of the vault, which all nodes share.
        options: How it runs.

    Raises:
        LogOpenError: It may not be opened; the sentence tells why. Nothing was signed.
    """
    settings = options or Options()
    with contextlib.ExitStack() as held, opening(PostgresLedger.failures):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (directory / "log.sqlite").exists():
            raise LogKeyError("In deze map staat al een ingebouwd logboek.")
        lock = DirectoryLock(directory)
        held.callback(lock.release)
        keks = Keks.open(kluis, settings.disk)
        ledger = PostgresLedger.open(address, node=node)
        held.callback(ledger.close)
        return Log.over(directory, ledger, keks, signer=signer, options=settings, held=held)
