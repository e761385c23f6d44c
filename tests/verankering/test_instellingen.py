"""The settings of the anchoring: what is wrong is told in one sentence, without secrets."""

import asyncio
import io
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import httpx2
import pytest

from audit.ankers import Ankers, text_of
from audit.disk import Disk
from broker.app import open_services
from broker.errors import StartError
from broker.logs import make_logger
from broker.services.coverage import Outsider, size_of
from broker.services.verankering import World
from broker.settings import Omgeving, Settings, load_settings
from broker.verankeren import verankering
from tests.api.conftest import running
from tests.audit.autoriteit import accepted, authority, issue
from tests.audit.getuigen import Home, Place
from tests.audit.logs import OTHER_SIGNER, SIGNER, open_log
from tests.verankering.toneel import Clock, policy_text, tsa

URL = "http://naam:geheim@tsa.example.nl/tsa"
DOSSIER = {"versie": 1, "deur": "verzoek", "moment": "2026-11-20T10:00:00+01:00"}
PEM = issue("Wortel", None, authority()).pem()


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from no settings at all."""
    for name in [name for name in os.environ if name.startswith("SLUIS_")]:
        monkeypatch.delenv(name)


def made(settings: Settings, folder: Path, client: httpx2.AsyncClient) -> frozenset[Outsider]:
    """Put the anchoring together; return who confirms."""
    world = World(clock=Clock(), random_bytes=os.urandom, logger=make_logger(io.StringIO()))
    with open_log(folder / "log") as log:
        _, coverage = verankering(settings, log, [SIGNER.vkey], client, world)
    return frozenset(each for each in Outsider if each.value in coverage.tell())


def demo(**more: Path) -> Settings:
    """Return settings of a demo."""
    return Settings(data=Path("var"), **more)  # type: ignore[arg-type]


def productie(folder: Path) -> Settings:
    """Return settings of a production."""
    return load_settings(
        omgeving=Omgeving.PRODUCTIE,
        data=folder,
        database="postgresql://sluis@database.invalid/sluis",
        logboek_database="ingebouwd",
        pseudoniem_sleutel_bestand=folder / "pseudoniem",
        logboek_sleutel_bestand=folder / "logboek",
        logboek_naam="sluis.example.nl/logboek",
        kluis=folder / "kluis",
        adres="https://sluis.example.nl",
        policy_bestand=folder / "policy",
        stempeldiensten=folder / "diensten",
    )


def authorities(folder: Path, *names: str, url: str = URL, pem: bytes = PEM) -> Path:
    """Write the folder of the authorities."""
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / f"{name}.url").write_text(f"{url}\n")
        (folder / f"{name}.pem").write_bytes(pem)
    return folder


def test_production_needs_both() -> None:
    """In productie a policy and authorities must be given."""
    with pytest.raises(StartError) as refused:
        load_settings(omgeving=Omgeving.PRODUCTIE)

    for word in ("SLUIS_POLICY_BESTAND", "SLUIS_STEMPELDIENSTEN"):
        assert f"In productie is {word} verplicht." in str(refused.value)


async def test_production_needs_a_quorum_and_two_authorities(
    tmp_path: Path, witnesses: Sequence[Place], client: httpx2.AsyncClient
) -> None:
    """A policy that asks for no witness, and one authority only, are not enough in productie."""
    settings, known = productie(tmp_path), [(witnesses[0].vkeys[0], witnesses[0].url)]
    policy, diensten = tmp_path / "policy", tmp_path / "diensten"
    authorities(diensten, "een", "twee")
    policy.write_text(f"log {SIGNER.vkey}\nquorum none\n")
    with pytest.raises(StartError, match=r"heeft SLUIS_POLICY_BESTAND een quorum van getuigen\.$"):
        made(settings, tmp_path, client)
    policy.write_text(policy_text(SIGNER.vkey, known, 1))
    enough = made(settings, tmp_path, client)
    (diensten / "twee.url").unlink()

    with pytest.raises(StartError, match=r"twee of meer diensten in SLUIS_STEMPELDIENSTEN\.$"):
        made(settings, tmp_path, client)
    assert enough == {Outsider.GETUIGEN, Outsider.STEMPELS}


async def test_policy_that_cannot_be_used_is_refused(
    tmp_path: Path, witnesses: Sequence[Place], client: httpx2.AsyncClient
) -> None:
    """A policy that is absent, malformed, of another log or without addresses is refused."""
    policy = tmp_path / "policy"
    known = [(witnesses[0].vkeys[0], None), (witnesses[1].vkeys[0], witnesses[1].url)]
    wrong = {
        "": "In de policy ontbreekt de regel quorum",
        "log x\n": "Regel 1 van de policy klopt niet",
        policy_text(OTHER_SIGNER.vkey, known, 1): "staat de sleutel van dit logboek niet",
        policy_text(SIGNER.vkey, known, 2): "te weinig adressen van getuigen",
    }
    with pytest.raises(StartError, match="SLUIS_POLICY_BESTAND is niet te gebruiken"):
        made(demo(policy_bestand=policy), tmp_path, client)
    for text, why in wrong.items():
        policy.write_text(text)
        with pytest.raises(StartError, match=why):
            made(demo(policy_bestand=policy), tmp_path, client)
    policy.write_text(policy_text(SIGNER.vkey, known, 1))

    assert made(demo(policy_bestand=policy), tmp_path, client) == {Outsider.GETUIGEN}


async def test_demo_may_do_with_less(tmp_path: Path, client: httpx2.AsyncClient) -> None:
    """In demo nobody, a policy without witnesses, and one authority are all fine."""
    policy = tmp_path / "policy"
    policy.write_text(f"log {SIGNER.vkey}\nquorum none\n")
    one = authorities(tmp_path / "diensten", "een")

    assert made(demo(), tmp_path, client) == frozenset()
    assert made(demo(policy_bestand=policy), tmp_path, client) == frozenset()
    assert made(demo(stempeldiensten=one), tmp_path, client) == {Outsider.STEMPELS}


@pytest.mark.parametrize(
    ("name", "url", "pem", "why"),
    [
        ("Een", URL, PEM, "De naam van een bestand in SLUIS_STEMPELDIENSTEN"),
        ("een", "ftp://geheim.example.nl", PEM, r"In een\.url staat geen adres"),
        ("een", "", PEM, r"In een\.url staat geen adres"),
        ("een", URL, b"geen", r"klopt een\.pem niet"),
    ],
    ids=["name", "scheme", "empty", "certificate"],
)
async def test_authority_that_cannot_be_used_is_refused(
    tmp_path: Path, client: httpx2.AsyncClient, name: str, url: str, pem: bytes, why: str
) -> None:
    """An authority that is wrong is told by its file; its address is not repeated."""
    folder = authorities(tmp_path / "diensten", name, url=url, pem=pem)

    with pytest.raises(StartError, match=why) as told:
        made(demo(stempeldiensten=folder), tmp_path, client)
    assert "geheim" not in str(told.value)


async def test_folder_of_authorities_must_hold_some(
    tmp_path: Path, client: httpx2.AsyncClient
) -> None:
    """A folder that is absent or empty, and an address without certificates, are refused."""
    folder = tmp_path / "diensten"
    for _ in range(2):
        with pytest.raises(StartError, match=r"staat geen bestand <naam>\.url"):
            made(demo(stempeldiensten=folder), tmp_path, client)
        folder.mkdir(exist_ok=True)
    (folder / "een.url").write_text(URL)

    with pytest.raises(StartError, match=r"een\.url of een\.pem niet te lezen"):
        made(demo(stempeldiensten=folder), tmp_path, client)


async def test_app_is_anchored_by_two_authorities(tmp_path: Path) -> None:
    """With nothing but settings, a run leaves the stamps of both authorities behind."""
    async with tsa(tmp_path, "een") as one, tsa(tmp_path, "twee") as two:
        folder = tmp_path / "diensten"
        for each in (one, two):
            authorities(folder, each.name, url=each.dienst.adres, pem=each.root.pem())
        async with running(tmp_path, stempeldiensten=folder, stempel_seconden=0.05) as world:
            await world.call("POST", "/toetsingen", body=DOSSIER)
            size = size_of(world.services.log.checkpoint())
            async with asyncio.timeout(30):
                stamped = world.services.coverage.confirmed
                while stamped(Outsider.STEMPELS).size < size:  # noqa: ASYNC110 - not told
                    await asyncio.sleep(0.02)
            ready = (await world.client.get("/readyz")).json()
    ankers = Ankers(log=tmp_path / "var" / "logboek", disk=Disk())

    text = text_of(ankers.note(size))
    for each in (one, two):
        assert accepted(tmp_path, ankers.stamp(size, each.name), text, each.root, None)
    assert ready["anker"]["stempels"]["regels"] == size


async def test_lost_log_does_not_start(tmp_path: Path) -> None:
    """An app whose log is gone does not start, says who saw more and where the way back stands."""
    signer = Settings(data=tmp_path / "var").log_signer()
    home = Home(folder=tmp_path / "getuige", vkeys=[signer.vkey])
    policy = tmp_path / "policy"
    with home.serving() as place:
        policy.write_text(policy_text(signer.vkey, [(place.vkeys[0], place.url)], 1))
        async with running(tmp_path, policy_bestand=policy) as world:
            await world.call("POST", "/toetsingen", body=DOSSIER)
        shutil.rmtree(tmp_path / "var" / "logboek")

        with pytest.raises(
            StartError,
            match=r"^Sluis start niet\. Getuige getuige-0 zag al .*docs/logboek-herstellen\.md",
        ):
            async with open_services(Settings(data=tmp_path / "var", policy_bestand=policy)):
                pass
