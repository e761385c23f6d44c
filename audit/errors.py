"""Errors of the record. Each carries one plain Dutch sentence, without personal data."""

import errno
import sqlite3


class AuditError(Exception):
    """Base of everything that can go wrong with the record; `str()` is a plain sentence."""


class NoteError(AuditError):
    """A signed note, checkpoint or key is malformed, or its signature does not hold."""


class PolicyError(AuditError):
    """A policy file cannot be used; the sentence names the line."""


class WitnessError(AuditError):
    """The witness cannot start, or cannot go on; nothing was signed."""


class ProofError(AuditError):
    """A Merkle proof does not prove what it should."""


class TileError(AuditError):
    """A tile or bundle is absent, malformed, or other than what was published before."""


class EntryError(AuditError):
    """An entry, its payload or its salt cannot be recorded in canonical form."""


class ReceiptError(AuditError):
    """A receipt is malformed or does not prove that its line stands in the log."""


class StampError(AuditError):
    """A time stamp is malformed, or does not prove what it should."""


class AnchorError(AuditError):
    """An anchor cannot be kept or read, or the log does not continue it."""


class LogOpenError(AuditError):
    """The log cannot be opened; nothing was changed and nothing may be recorded."""


class LogInUseError(LogOpenError):
    """Another process has this log open."""


class LogKeyError(LogOpenError):
    """The signing key does not belong to this log."""


class LogBehindError(LogOpenError):
    """The database is behind, or contradicts, the checkpoint that was already given out."""


class VaultError(AuditError):
    """A key of the vault is absent, open to others, or not what it should be."""


class ShredError(AuditError):
    """What should be destroyed cannot be told from what must stay. Nothing was destroyed."""


class LogFullError(AuditError):
    """Too many entries wait to be recorded. Nothing was recorded; try again later."""


class LogFencedError(AuditError):
    """This node was removed, or another one took its name: it may record nothing."""


class LogClosedError(AuditError):
    """The log was closed. Nothing was recorded."""


class LogPoisonedError(AuditError):
    """Writing failed, so the state of the disk is unknown: record nothing until reopened."""


class LogReadError(AuditError):
    """The log cannot be read now."""


class LogUnavailableError(LogReadError):
    """The database does not answer now. Nothing was acknowledged; try again later."""


class LogInterruptedError(LogUnavailableError):
    """The database went away and is back; nothing was recorded, and it may be tried at once."""


class LogRangeError(AuditError):
    """The asked index or size lies outside the log."""


class ClockError(AuditError):
    """The moment of the entry lies before the last line. Nothing was recorded."""


class DuplicateError(AuditError):
    """The kenmerk is taken by a line with other content. Nothing was recorded."""


class BundleError(AuditError):
    """A file of a bundle is absent, damaged or malformed; the sentence names it."""


class UnusableError(AuditError):
    """What was handed to the verifier is no log, or the key is no key of this log."""


class ForeignLogError(UnusableError):
    """What lies there is the log of another key, or no log of Sluis."""


_SENTENCES = {
    "SQLITE_FULL": "de schijf is vol",
    "SQLITE_BUSY": "een ander programma houdt de database bezet",
    "SQLITE_LOCKED": "een ander programma houdt de database bezet",
    "SQLITE_READONLY": "de database mag niet worden geschreven",
    "SQLITE_IOERR": "de schijf geeft een lees- of schrijffout",
    "SQLITE_CANTOPEN": "het bestand kan niet worden geopend",
    "SQLITE_CORRUPT": "de database is beschadigd",
    "SQLITE_NOTADB": "het bestand is geen database",
}


# Of PostgreSQL, by the beginning of its SQLSTATE; SL are those of the log itself.
_STATES = {
    "SL001": "deze knoop doet niet meer mee",
    "SL002": "een ander programma heeft het logboek veranderd",
    "SL003": "de database wacht niet meer op de schijf",
    "SL004": "de database weigert om vastgelegde regels te veranderen",
    "08": "de verbinding met de database viel weg",
    "23": "de database bevat al iets anders op deze plaats",
    "25P03": "de database heeft te lang moeten wachten",
    "28": "de database laat Sluis niet toe",
    "3D000": "de database bestaat niet",
    "42501": "de database staat dit niet toe aan de rol van Sluis",
    "53": "de database heeft geen ruimte of verbindingen meer",
    "55P03": "een andere knoop houdt het logboek te lang bezet",
    "57014": "de database heeft het afgebroken",
    "57P": "de database wordt gestopt of gestart",
}


def describe(error: BaseException) -> str:
    """Tell in a few Dutch words what a failure of disk or database means (no paths, no data)."""
    if isinstance(error, sqlite3.Error):
        # Extended names such as SQLITE_IOERR_FSYNC share the first two words.
        name = "_".join((getattr(error, "sqlite_errorname", None) or "").split("_")[:2])
        return _SENTENCES.get(name, "de database geeft een fout")
    # Known by its attribute, so that this module needs no driver.
    if hasattr(error, "sqlstate"):
        return _describe_state(error.sqlstate)
    if isinstance(error, AuditError):
        return str(error).rstrip(".")
    if isinstance(error, OSError):
        return "een bestand kan niet worden gelezen of geschreven"
    return "er ging onverwacht iets mis"


def _describe_state(state: object) -> str:
    if not isinstance(state, str):
        return "de verbinding met de database viel weg of kwam niet tot stand"
    found = (_STATES[key] for key in (state, state[:3], state[:2]) if key in _STATES)
    return next(found, "de database geeft een fout")


def no_listening(error: OSError, port: int) -> str:
    """Say why a server cannot listen, and what can be done about it."""
    if error.errno == errno.EADDRINUSE:
        return f"Poort {port} is niet vrij. Kies een andere met --poort, of --poort 0."
    return "Hier kan Sluis niet luisteren. Kies een adres van deze machine, of een andere poort."
