"""The settings, from the environment (`SLUIS_…`), and the key files that they point to.

No secret has a default and none stands in a variable: only the name of its file. In `demo` a key
file that is missing is made; in `productie` nothing starts without it.
"""

import os
import secrets
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from pydantic import AwareDatetime, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from audit.errors import NoteError
from audit.keyfile import load_second_signer
from audit.note import Signer
from broker.domain.invoer import meldingen
from broker.domain.pseudoniem import KEY_BYTES
from broker.errors import StartError
from broker.services.handtekening import PublicKey, read_key

PREFIX: Final = "SLUIS_"
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_PRIVATE: Final = 0o600
_LOGBOEK: Final = r"^(|ingebouwd|postgresql://\S+)$"
_REGISTER: Final = r"^https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~-]+)*/?$"
_OPA: Final = r"^(https?://(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+)(:[0-9]+)?/?)?$"


class Omgeving(StrEnum):
    """Where Sluis runs."""

    DEMO = "demo"
    PRODUCTIE = "productie"


class Settings(BaseSettings):
    """All settings. Never changed after the start."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    omgeving: Omgeving = Omgeving.DEMO
    data: Path = Path("var")
    """Folder of the log, and in demo of database and keys."""
    database: str | None = None
    """`sqlite:///file` or `postgresql://…`; in demo a file in `data`."""
    database_wachtwoord_bestand: Path | None = None
    pseudoniem_sleutel_bestand: Path | None = None
    """Holds at least 32 random bytes."""
    logboek_sleutel_bestand: Path | None = None
    """Holds an Ed25519 private key (PKCS #8, PEM, no password)."""
    kluis: Path | None = None
    """Folder with the keys of the vault of the log; in demo it lies in `data`. Not in a backup
    together with the log: what was destroyed would come back with both."""
    logboek_mldsa_sleutel_bestand: Path | None = None
    """Holds an ML-DSA-44 private key (PKCS #8, PEM): it signs what is published as well."""
    logboek_naam: str | None = None
    """Origin of the log, such as `sluis.voorbeeld.nl/logboek`; fixed once there are lines."""
    logboek_database: str = Field(default="", pattern=_LOGBOEK)
    """`postgresql://…`, or `ingebouwd`: in the folder of the log. In demo it is embedded when
    nothing is said; in production it must be said."""
    logboek_database_wachtwoord_bestand: Path | None = None
    logboek_knoop: str = Field(default="knoop-1", pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    """Name of this node of a log on PostgreSQL: another one for each process."""
    bron_tokens: Path | None = None
    """Folder with a file per organisatie, which holds the bearer token for its source."""
    fsc_koppelingen_bestand: Path | None = None
    """Says by organisatie how its source is reached through an Outway of FSC; who does not stand
    in it is called directly."""
    regels_sleutel_bestand: Path | None = None
    """Holds a public key (PEM; EC P-256 or RSA): then only rules signed with it are taken in."""
    adres: str = "http://127.0.0.1:8000"
    """Where the world finds the API, without `/v1`."""
    verwerkingsregister: str | None = Field(default=None, pattern=_REGISTER)
    """Where the register of processing activities (AVG 30) is found; each has its place in it."""
    host: str = "127.0.0.1"
    poort: int = Field(default=8000, ge=0, le=65535)
    bron_seconden: float = Field(default=5.0, gt=0, le=60)
    """Deadline of one question to one source."""
    klok_begin: AwareDatetime | None = None
    """Only in demo: the moment at which the clock of the story begins; from there it runs on."""
    database_seconden: float = Field(default=5.0, gt=0, le=60)
    """How long to wait for a lock or a connection of the database."""
    opa_url: str = Field(default="", pattern=_OPA)
    """`https://host:port` of the OPA server that decides; empty: the engine in this process."""
    opa_seconden: float = Field(default=1.0, gt=0, le=10)
    """Deadline of one decision by the OPA server."""
    policy_bestand: Path | None = None
    """Names the witnesses and their quorum (C2SP tlog-policy), for this log."""
    stempeldiensten: Path | None = None
    """Folder with two files per time-stamping authority: `<naam>.url` holds its address,
    `<naam>.pem` the certificates that its stamps are checked by."""
    max_ongeankerd_seconden: float = Field(default=900.0, ge=1, le=86_400)
    """How old the oldest line may be that nobody outside confirmed; past it: no questions."""
    getuigen_seconden: float = Field(default=10.0, gt=0, le=3_600)
    """How often the witnesses are asked, when the log grew."""
    stempel_seconden: float = Field(default=300.0, gt=0, le=86_400)
    """How often the authorities are asked for a stamp, when the log grew."""
    anker_seconden: float = Field(default=5.0, gt=0, le=60)
    """Deadline of one question to a witness or an authority."""

    @field_validator("opa_url")
    @classmethod
    def _has_a_port(cls, url: str) -> str:
        """Refuse a port that cannot be: reading it raises ValueError."""
        _ = urlsplit(url).port
        return url

    @model_validator(mode="after")
    def _fits_the_place(self) -> Self:
        """Refuse in production what is for trying, and the other way round."""
        wrong = _demo(self) if self.omgeving is Omgeving.DEMO else _productie(self)
        if wrong:
            raise PydanticCustomError("instelling", "instelling", {"zinnen": wrong})
        return self

    @property
    def log_folder(self) -> Path:
        """Folder of the log."""
        return self.data / "logboek"

    @property
    def kluis_folder(self) -> Path:
        """Folder with the keys of the vault of the log."""
        return self.kluis or self.data / "sleutels" / "kluis"

    @property
    def origin(self) -> str:
        """Name of the log."""
        return self.logboek_naam or "demo.sluis.example.nl/logboek"

    def make_data(self) -> None:
        """Make the folder of the data when it is not there.

        Raises:
            StartError: It cannot be made, or something else has its name.
        """
        try:
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            raise StartError(f"De map {self.data} kan niet worden gemaakt.") from None

    @property
    def own_database(self) -> Path:
        """Where the database lies when no other is named."""
        return self.data / "sluis.db"

    @property
    def database_url(self) -> str:
        """Address of the database, with its password when that has a file. Never log this.

        Raises:
            StartError: The file cannot be read, or this is no address.
        """
        url = self.database or f"sqlite:///{self.own_database}"
        return _with_password(url, self.database_wachtwoord_bestand, "SLUIS_DATABASE")

    @property
    def logboek_url(self) -> str | None:
        """Address of the log on PostgreSQL, with its password; None: embedded. Never log this.

        Raises:
            StartError: The file cannot be read, or this is no address.
        """
        if self.logboek_database in ("", "ingebouwd"):
            return None
        file = self.logboek_database_wachtwoord_bestand
        return _with_password(self.logboek_database, file, "SLUIS_LOGBOEK_DATABASE")

    @property
    def register(self) -> str:
        """Address of the register of processing activities, without a slash at the end."""
        return (self.verwerkingsregister or f"{self.adres}/verwerkingen").rstrip("/")

    def pseudonym_key(self) -> bytes:
        """Return the key of the pseudonyms; in demo it is made when it is missing.

        Raises:
            StartError: It cannot be read, or is too short.
        """
        path = self.pseudoniem_sleutel_bestand or self.data / "sleutels" / "pseudoniem.key"
        if self.omgeving is Omgeving.DEMO:
            _make(path, lambda: secrets.token_bytes(KEY_BYTES))
        key = _read(path, "SLUIS_PSEUDONIEM_SLEUTEL_BESTAND")
        if len(key) < KEY_BYTES:
            raise StartError(
                f"De sleutel voor pseudoniemen is te kort: {KEY_BYTES} bytes zijn het minste."
            )
        return key

    def log_signer(self) -> Signer:
        """Return the key that signs the log; in demo it is made when it is missing.

        Raises:
            StartError: It cannot be read, or is no such key.
        """
        path = self.logboek_sleutel_bestand or self.data / "sleutels" / "logboek.pem"
        if self.omgeving is Omgeving.DEMO:
            _make(path, _new_log_key)
        text = _read(path, "SLUIS_LOGBOEK_SLEUTEL_BESTAND")
        try:
            key = serialization.load_pem_private_key(text, password=None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise StartError("De sleutel van het logboek is geen Ed25519-sleutel in PEM.")
        try:
            return Signer.of(self.origin, key)
        except NoteError:
            raise StartError("SLUIS_LOGBOEK_NAAM kan geen naam van een logboek zijn.") from None

    def second_log_signer(self) -> Signer | None:
        """Return the ML-DSA-44 key that signs what is published as well, when there is one.

        In demo it is made when it is missing.

        Raises:
            StartError: It cannot be read, or is no such key.
        """
        path = self.logboek_mldsa_sleutel_bestand
        if self.omgeving is Omgeving.DEMO and path is None:
            path = self.data / "sleutels" / "logboek-mldsa.pem"
            _make(path, _new_second_log_key)
        if path is None:
            return None
        try:
            return load_second_signer(path, self.origin)
        except NoteError as error:
            raise StartError(f"SLUIS_LOGBOEK_MLDSA_SLEUTEL_BESTAND: {error}") from None

    def rules_key(self) -> PublicKey | None:
        """Return the key that new rules must be signed with, or None: they need no signature.

        Raises:
            StartError: It cannot be read, or is no such key.
        """
        if self.regels_sleutel_bestand is None:
            return None
        key = read_key(_read(self.regels_sleutel_bestand, "SLUIS_REGELS_SLEUTEL_BESTAND"))
        if key is None:
            raise StartError("De sleutel voor regels is geen publieke EC- of RSA-sleutel in PEM.")
        return key

    def source_token(self, organisatie: str) -> str | None:
        """Return the bearer token for the source of an organisatie, or None.

        Raises:
            StartError: The file is there and cannot be read.
        """
        if self.bron_tokens is None or not (self.bron_tokens / organisatie).exists():
            return None
        return _read(self.bron_tokens / organisatie, "SLUIS_BRON_TOKENS").decode().strip()

    def fsc_koppelingen(self) -> bytes | None:
        """Return the text of the file of FSC, or None: every source is called directly.

        Raises:
            StartError: It cannot be read.
        """
        path = self.fsc_koppelingen_bestand
        return None if path is None else _read(path, "SLUIS_FSC_KOPPELINGEN_BESTAND")


def load_settings(**given: Any) -> Settings:  # noqa: ANN401 - the settings themselves
    """Read the settings from the environment; what is given here goes first.

    Raises:
        StartError: Told in one sentence per thing that is wrong.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        raise StartError(" ".join(_sentences(error))) from None


def _sentences(error: ValidationError) -> list[str]:
    found = []
    for each, fout in zip(error.errors(include_input=False), meldingen(error), strict=True):
        name = PREFIX + fout.pointer.strip("/").upper()
        found += each.get("ctx", {}).get("zinnen", [f"{name}: {fout.melding}"])
    return found


def _demo(settings: Settings) -> list[str]:
    if settings.host in _LOOPBACK:
        return []
    return ["In de omgeving demo luistert Sluis alleen op dit apparaat (SLUIS_HOST=127.0.0.1)."]


def _productie(settings: Settings) -> list[str]:
    needed = (
        "database",
        "pseudoniem_sleutel_bestand",
        "logboek_sleutel_bestand",
        "logboek_naam",
        "policy_bestand",
        "stempeldiensten",
        "kluis",
    )
    wrong = [
        f"In productie is {PREFIX}{name.upper()} verplicht."
        for name in needed
        if getattr(settings, name) is None
    ]
    if (settings.database or "").startswith("sqlite"):
        wrong.append("In productie werkt Sluis niet met SQLite: geef een postgresql-adres.")
    if not settings.logboek_database:
        wrong.append(
            "In productie is SLUIS_LOGBOEK_DATABASE verplicht: een postgresql-adres of ingebouwd."
        )
    if settings.logboek_database.startswith("postgresql") and (
        "logboek_knoop" not in settings.model_fields_set
    ):
        wrong.append("Met het logboek op PostgreSQL is SLUIS_LOGBOEK_KNOOP in productie verplicht.")
    if settings.klok_begin is not None:
        wrong.append("In productie loopt de klok gelijk: SLUIS_KLOK_BEGIN mag er niet zijn.")
    if not settings.adres.startswith("https://"):
        wrong.append("In productie begint SLUIS_ADRES met https://.")
    opa = urlsplit(settings.opa_url)
    if opa.scheme == "http" and opa.hostname not in _LOOPBACK:
        wrong.append("In productie begint SLUIS_OPA_URL met https://, tenzij OPA hier draait.")
    return wrong


def _with_password(url: str, file: Path | None, name: str) -> str:
    if file is None:
        return url
    password = _read(file, f"{name}_WACHTWOORD_BESTAND")
    try:
        whole = make_url(url).set(password=password.decode().strip())
    except (ArgumentError, UnicodeDecodeError):
        raise StartError(f"{name} of het wachtwoord daarvan is niet te lezen.") from None
    return whole.render_as_string(hide_password=False)


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise StartError(
            f"Het bestand van {name} ontbreekt of is niet te lezen. Zonder start Sluis niet."
        ) from None


def _make(path: Path, content: Callable[[], bytes]) -> None:
    """Make a key file that only its owner may read, unless it is there."""
    if path.exists():
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        with os.fdopen(handle, "wb") as file:
            file.write(content())
    except OSError:
        raise StartError("In SLUIS_DATA kunnen geen sleutels worden gemaakt.") from None


def _new_log_key() -> bytes:
    return _pem(Ed25519PrivateKey.generate())


def _new_second_log_key() -> bytes:
    return _pem(MLDSA44PrivateKey.generate())


def _pem(key: Ed25519PrivateKey | MLDSA44PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
