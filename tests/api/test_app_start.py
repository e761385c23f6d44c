"""The start: what refuses, what is made, and what an earlier run left open."""

import datetime as dt
import os
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.entry import Entry, Soort
from audit.verify import verify
from broker.app import Outside, RandomIds, SystemClock, open_services
from broker.decision.decide import Decider
from broker.domain.besluit import Besluit, Uitkomst
from broker.domain.dossier import Dossier
from broker.errors import StartError
from broker.settings import Omgeving, Settings, load_settings


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from no settings at all."""
    for name in [name for name in os.environ if name.startswith("SLUIS_")]:
        monkeypatch.delenv(name)


class FixedClock:
    """A clock that stands still."""

    def __init__(self, moment: dt.datetime) -> None:
        self.moment = moment

    def now(self) -> dt.datetime:
        return self.moment


async def test_demo_makes_its_keys_for_the_owner_only(tmp_path: Path) -> None:
    """In demo the keys are made once, and only their owner reads them."""
    settings = Settings(data=tmp_path / "var")
    async with open_services(settings):
        pass
    keys = sorted(p for p in (tmp_path / "var" / "sleutels").rglob("*") if p.is_file())
    before = [key.read_bytes() for key in keys]
    async with open_services(settings):
        pass

    assert [key.name for key in keys] == [
        "1.key",
        "logboek-mldsa.pem",
        "logboek.pem",
        "pseudoniem.key",
    ]
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}
    assert [key.read_bytes() for key in keys] == before


async def test_engine_that_decides_otherwise_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start the engine is held against what a real OPA decided, and refuses to go on."""
    decide = Decider.decide

    def otherwise(self: Decider, dossier: Dossier) -> Besluit:
        return replace(decide(self, dossier), uitkomst=Uitkomst.TOEGEWEZEN)

    monkeypatch.setattr(Decider, "decide", otherwise)

    with pytest.raises(StartError, match="gouden besluiten anders dan OPA zelf"):
        async with open_services(Settings(data=tmp_path)):
            pass


def test_production_refuses_what_is_for_trying() -> None:
    """In productie everything must be given, and SQLite and http are refused, in one go."""
    with pytest.raises(StartError) as refused:
        load_settings(omgeving=Omgeving.PRODUCTIE, database="sqlite:///x.db")

    told = str(refused.value)
    for word in (
        "PSEUDONIEM_SLEUTEL",
        "LOGBOEK_SLEUTEL",
        "LOGBOEK_NAAM",
        "LOGBOEK_DATABASE",
        "KLUIS",
        "SQLite",
        "https://",
    ):
        assert word in told


def production(folder: Path) -> Settings:
    """Return settings of a production that has everything but its keys."""
    return load_settings(
        omgeving=Omgeving.PRODUCTIE,
        data=folder,
        database="postgresql://sluis@database.invalid/sluis",
        pseudoniem_sleutel_bestand=folder / "pseudoniem",
        logboek_sleutel_bestand=folder / "logboek",
        logboek_naam="sluis.example.nl/logboek",
        policy_bestand=folder / "policy",
        stempeldiensten=folder / "stempeldiensten",
        kluis=folder / "kluis",
        logboek_database="ingebouwd",
        adres="https://sluis.example.nl",
    )


async def test_production_does_not_start_without_its_keys(tmp_path: Path) -> None:
    """A key that is missing is told by its setting, and none is made."""
    settings = production(tmp_path)

    for name, setting in (
        ("pseudoniem", "SLUIS_PSEUDONIEM_SLEUTEL_BESTAND"),
        ("logboek", "SLUIS_LOGBOEK_SLEUTEL_BESTAND"),
    ):
        with pytest.raises(StartError, match=setting):
            async with open_services(settings):
                pass
        assert not (tmp_path / name).exists()
        (tmp_path / name).write_bytes(b"x" * 32)

    with pytest.raises(StartError, match="geen Ed25519-sleutel"):
        async with open_services(settings):
            pass


def test_key_for_another_kind_is_refused(tmp_path: Path) -> None:
    """A pseudonym key that is too short is refused; a log key is read from PEM."""
    settings = production(tmp_path)
    (tmp_path / "pseudoniem").write_bytes(b"kort")
    (tmp_path / "logboek").write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )

    assert settings.log_signer().vkey.name == "sluis.example.nl/logboek"
    with pytest.raises(StartError, match="te kort"):
        settings.pseudonym_key()


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """SLUIS_… fills a setting; a wrong one is told by its own name."""
    monkeypatch.setenv("SLUIS_POORT", "8123")
    assert load_settings().poort == 8123

    monkeypatch.setenv("SLUIS_POORT", "veel")
    with pytest.raises(StartError, match="SLUIS_POORT: "):
        load_settings()


def test_demo_listens_on_this_machine_only() -> None:
    """A demo, with keys that anybody could have made, is not for the network."""
    with pytest.raises(StartError, match="alleen op dit apparaat"):
        load_settings(host="0.0.0.0")  # noqa: S104 - refused


def test_password_of_the_database_comes_from_its_file(tmp_path: Path) -> None:
    """The password is put into the address, and stands in no setting."""
    (tmp_path / "wachtwoord").write_text("ge/heim\n")
    settings = Settings(
        database="postgresql://sluis@database/sluis",
        database_wachtwoord_bestand=tmp_path / "wachtwoord",
    )

    assert settings.database_url == "postgresql://sluis:ge%2Fheim@database/sluis"
    assert "heim" not in repr(settings)


async def test_log_in_use_and_another_key_refuse_to_start(tmp_path: Path) -> None:
    """Two brokers on one log, or a log with another key, do not start."""
    settings = Settings(data=tmp_path / "var")
    async with open_services(settings):
        with pytest.raises(StartError, match="Een ander proces heeft dit logboek al geopend"):
            async with open_services(settings):
                pass
    (tmp_path / "var" / "sleutels" / "logboek.pem").unlink()

    with pytest.raises(StartError, match="De sleutel past niet bij dit logboek"):
        async with open_services(settings):
            pass


async def test_open_voornemen_is_closed_as_unknown(tmp_path: Path) -> None:
    """A voornemen that an earlier run left open gets its end at the start, and the log is sound."""
    settings = Settings(data=tmp_path / "var")
    async with open_services(settings) as services:
        services.log.append(
            Entry(
                soort=Soort.VOORNEMEN,
                at=services.clock.now(),
                kenmerk="v-1/1/voornemen",
                payload={"verzoek": "v-1"},
            ),
            salt=bytes(16),
        ).result()

    async with open_services(settings) as services:
        closed, kenmerk = services.hersteld, services.log.entry(2).kenmerk
        left = services.log.open_intents()
    async with open_services(settings) as services:
        again = services.hersteld

    assert (closed, kenmerk, left, again) == (1, "v-1/1/onbepaald", [], 0)
    vkey = settings.log_signer().vkey
    assert [finding for finding in verify(settings.log_folder, vkey) if not finding.is_note] == []


async def test_clock_before_the_last_line_refuses_to_recover(tmp_path: Path) -> None:
    """With a clock that was set back an open voornemen cannot be closed, so nothing starts."""
    settings = Settings(data=tmp_path / "var")
    now = SystemClock().now()
    async with open_services(settings) as services:
        services.log.append(
            Entry(soort=Soort.VOORNEMEN, at=now, kenmerk="v-1/1/voornemen", payload={}),
            salt=bytes(16),
        ).result()
    early = Outside(clock=FixedClock(now - dt.timedelta(days=1)), ids=RandomIds())

    with pytest.raises(StartError, match="Sluis start niet"):
        async with open_services(settings, early):
            pass


def test_ids_cannot_be_guessed() -> None:
    """An id is its kind, its moment, by which neighbours lie together, and 80 random bits."""
    ids = {RandomIds().new("v") for _ in range(100)}

    assert len({name[-15:] for name in ids}) == 100
    assert len({name[:8] for name in ids}) <= 2
    assert all(len(name) == 28 and name.startswith("v-") for name in ids)
