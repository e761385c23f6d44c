"""Where the log lies, by the settings: embedded in its folder, or on PostgreSQL."""

from typing import TYPE_CHECKING

from audit.errors import LogOpenError
from audit.log import Log
from audit.note import Signer
from audit.writer import Options
from broker.settings import Omgeving, Settings

if TYPE_CHECKING:
    from audit.ledger.pg_connection import Address


def open_log(settings: Settings, signer: Signer, options: Options) -> Log:
    """Open the log.

    Args:
        settings: Where, and with which vault.
        signer: The key of the log.
        options: How it runs.

    Raises:
        LogOpenError: It may not be opened; the sentence tells why.
        StartError: The password cannot be read.
    """
    address = log_address(settings)
    if address is None:
        return Log.open(
            settings.log_folder,
            signer=signer,
            origin=settings.origin,
            kluis=settings.kluis_folder,
            options=options,
        )
    from audit.shared import open_shared  # noqa: PLC0415 - only who uses PostgreSQL needs it

    return open_shared(
        settings.log_folder,
        address,
        node=settings.logboek_knoop,
        signer=signer,
        kluis=settings.kluis_folder,
        options=options,
    )


def log_address(settings: Settings) -> "Address | None":
    """Return where the log is on PostgreSQL; None when it is embedded.

    Raises:
        StartError: The password cannot be read.
    """
    url = settings.logboek_url
    if url is None:
        return None
    from audit.ledger.pg_connection import Address  # noqa: PLC0415 - as above

    return Address(
        url=url,
        seconds=settings.database_seconden,
        strict=settings.omgeving is Omgeving.PRODUCTIE,
    )


def needed_address(settings: Settings) -> "Address":
    """Return where the log is on PostgreSQL.

    Raises:
        LogOpenError: It is embedded.
        StartError: The password cannot be read.
    """
    address = log_address(settings)
    if address is None:
        raise LogOpenError("Het logboek is ingebouwd, niet op PostgreSQL (SLUIS_LOGBOEK_DATABASE).")
    return address
