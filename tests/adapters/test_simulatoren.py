"""The simulators: real processes that start quickly, break as told, and leave nothing behind."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from adapters.brp import BrpBron
from adapters.http import Verbinding
from adapters.partner import PartnerBron
from adapters.simulatoren import ALLE, BRP, Storing, pad, start
from adapters.simulatoren import brp as brp_simulator
from adapters.simulatoren.partner import lees
from broker.domain.ports import BronError, BronFout
from tests.adapters.ruwe_bron import PERSOON

ROOT = Path(__file__).parents[2]
NAMEN = [naam for naam in ALLE if naam != BRP]
FIRMAS = {"90001354", "69599084", "68750110", "69599076"}


def luistert(adres: str) -> bool:
    """Tell whether something listens at an address."""
    host, _, poort = adres.split("/")[2].partition(":")
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex((host, int(poort))) == 0


def weg_binnen(adressen: list[str], seconden: float) -> bool:
    """Tell whether nothing listens any more at any address, soon enough."""
    einde = time.monotonic() + seconden
    while any(luistert(adres) for adres in adressen):
        if time.monotonic() > einde:
            return False
        time.sleep(0.05)
    return True


def test_all_partners_start_and_stop() -> None:
    """Every partner soon answers, and listens no more afterwards."""
    begin = time.monotonic()
    with start() as adressen:
        duur = time.monotonic() - begin
        assert list(adressen) == list(ALLE)
        assert all(luistert(adres) for adres in adressen.values())

    assert duur < 30
    assert weg_binnen(list(adressen.values()), 10)


def kinderen(pid: int) -> list[int]:
    """List the processes that a process started."""
    paden = Path("/proc").glob("[0-9]*/stat")
    gevonden = []
    for stat in paden:
        with contextlib.suppress(OSError):
            velden = stat.read_text().rpartition(")")[2].split()
            if int(velden[1]) == pid:
                gevonden.append(int(stat.parent.name))
    return gevonden


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="geen /proc op deze machine")
def test_each_partner_is_its_own_process() -> None:
    """One partner can die without the others."""
    mij = os.getpid()
    voor = set(kinderen(mij))
    with start(["nla", "uwv", "ind"]) as adressen:
        (nest,) = set(kinderen(mij)) - voor
        partners = kinderen(nest)
        assert len(partners) == 3
        os.kill(partners[0], signal.SIGKILL)
        einde = time.monotonic() + 20
        while sum(map(luistert, adressen.values())) == 3 and time.monotonic() < einde:
            time.sleep(0.02)
        assert sum(map(luistert, adressen.values())) == 2


def test_wrong_names_and_taken_ports_are_told() -> None:
    """A name that is no partner, or a port in use, is an error before anything starts."""
    with pytest.raises(ValueError, match="kvk"), start(["kvk"]):
        pass
    with socket.socket() as bezet:
        bezet.bind(("127.0.0.1", 0))
        bezet.listen()
        with (
            pytest.raises(OSError, match="niet vrij"),
            start(["nla"], poort_vanaf=bezet.getsockname()[1]),
        ):
            pass


@pytest.mark.parametrize("naam", ["brp", "nla"])
@pytest.mark.parametrize(
    ("storing", "fout"),
    [
        (Storing.TRAAG, BronFout.TE_LAAT),
        (Storing.ONZIN, BronFout.ONBEGRIJPELIJK),
        (Storing.TE_GROOT, BronFout.TE_GROOT),
        (Storing.FOUT_500, BronFout.ONBEREIKBAAR),
        (Storing.WEG, BronFout.ONBEREIKBAAR),
    ],
)
async def test_a_broken_partner_is_told_as_such(
    client: httpx2.AsyncClient, naam: str, storing: Storing, fout: BronFout
) -> None:
    """Each storing gives its own BronFout, in a question and in a hit, and stops at once."""
    with start([naam], storingen={naam: storing}) as adressen:
        verbinding = Verbinding(client=client, basis=adressen[naam], seconden=0.5)
        bron = (
            BrpBron(verbinding=verbinding, organisatie="zaanstad-college")
            if naam == BRP
            else PartnerBron(verbinding=verbinding)
        )
        for vraag in (bron.bevraag, bron.treffer):
            with pytest.raises(BronError) as info:
                await vraag(PERSOON)
            assert info.value.fout == fout
        begin = time.monotonic()

    assert time.monotonic() - begin < 20


@contextlib.contextmanager
def programma(*argumenten: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run the programme, and give it with the lines that it printed when it was ready."""
    opdracht = [sys.executable, "-W", "error", "-m", "adapters.simulatoren", *argumenten]
    with subprocess.Popen(opdracht, cwd=ROOT, stdout=subprocess.PIPE, text=True) as proces:
        assert proces.stdout is not None
        try:
            yield proces, [proces.stdout.readline().rstrip() for _ in range(2)]
        finally:
            proces.kill()


@pytest.mark.parametrize("teken", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_partner_outlives_the_programme(teken: signal.Signals) -> None:
    """On Ctrl-C, SIGTERM and even SIGKILL every partner is soon gone."""
    with programma("--poort-vanaf", "0", "--alleen", "nla,brp") as (proces, regels):
        adressen = dict(regel.split() for regel in regels)
        assert all(luistert(adres) for adres in adressen.values())
        proces.send_signal(teken)
        code = proces.wait(5)

    assert list(adressen) == ["nla", "brp"]
    assert code == (-teken if teken == signal.SIGKILL else 0)
    assert weg_binnen(list(adressen.values()), 20)


def test_the_programme_tells_what_is_wrong_with_a_partner() -> None:
    """The line of a partner tells its storing; a partner that is weg does not listen."""
    argumenten = ["--poort-vanaf", "0", "--alleen", "nla,uwv", "--storing", "uwv=weg"]
    with programma(*argumenten) as (_, regels):
        assert regels[0].endswith(pad("nla"))
        assert regels[1].endswith("(storing: weg)")
        assert not luistert(regels[1].split()[1])


@pytest.mark.parametrize(
    "argumenten",
    [["--alleen", "kvk"], ["--alleen", ""], ["--storing", "uwv=moe"], ["--storing", "kvk=weg"]],
)
def test_a_wrong_option_is_exit_code_2(argumenten: list[str]) -> None:
    """A name or storing that does not exist stops the programme before it starts anything."""
    opdracht = [sys.executable, "-m", "adapters.simulatoren", *argumenten]
    uit = subprocess.run(opdracht, cwd=ROOT, capture_output=True, text=True, check=False)

    assert uit.returncode == 2
    assert "Kies een van" in uit.stderr


def test_a_taken_port_is_told_with_the_way_out() -> None:
    """A port that is taken gives one Dutch sentence, which names the option."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        opdracht = [sys.executable, "-m", "adapters.simulatoren", "--poort-vanaf", port]
        uit = subprocess.run(opdracht, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (uit.returncode, uit.stdout) == (1, "")
    assert uit.stderr == (
        f"De partners konden niet starten: poort {port} is niet vrij;"
        " kies een andere met --poort-vanaf.\n"
    )


@pytest.mark.parametrize("naam", NAMEN)
def test_the_data_is_about_test_persons_and_invented_firms(naam: str) -> None:
    """A data file is about published test numbers alone, and its ids are its own."""
    partner = lees(naam)
    nummers = {str(next(iter(dict(r.betrokkene).values()))) for r in partner.gegevens}

    assert partner.organisatie == naam
    assert nummers <= set(brp_simulator.personen()) | FIRMAS
    assert len({regel.id for regel in partner.gegevens}) == len(partner.gegevens)


def test_the_police_data_has_what_door_2_must_hold() -> None:
    """Labels 8, 9, 10.1.a, 12 and 13 are there, and something removed and something too old."""
    regels = lees("politie-nh").gegevens

    assert {r.wpg_artikel for r in regels} == {"8", "9", "10.1.a", "12", "13"}
    assert {r.status for r in regels} == {"beschikbaar", "verwijderd"}
    assert min(str(r.eerste_verwerking_op) for r in regels) < "2020"
