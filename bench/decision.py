"""The decision on the dossier of the base case: in process, and with OPA as a server beside it."""

import http.client
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from bench.figures import Cijfers, summary, timed
from broker.decision.decide import Decider
from broker.decision.regelset import Regelset
from broker.decision.rules import Rules
from broker.domain import invoer
from broker.domain.besluit import Uitkomst
from broker.domain.dossier import Dossier

_HOST: Final = "127.0.0.1"
_SECONDS: Final = 10.0
_VRAAG: Final = "Is betrokkene bekend als werkgever of tewerkgestelde in de glazenwassersbranche?"
_DEELNEMERS: Final = (
    ("zaanstad-college", "college", "kern"),
    ("zaanstad-burgemeester", "burgemeester", "kern"),
    ("politie-nh", "politie", "kern"),
    ("nla", "nla", "kern"),
    ("om-nh", "om", "kern"),
    ("uwv", "uwv", "overig"),
    ("ind", "ind", "overig"),
    ("belastingdienst", "rijksbelastingdienst", "agendalid"),
)


def base_dossier() -> Dossier:
    """Return a live question under the WGS: the college asks the Arbeidsinspectie (made up)."""
    return invoer.parse(
        {
            "versie": 1,
            "deur": "verzoek",
            "moment": "2026-11-20T10:00:00+01:00",
            "grondslag": "wgs-riec",
            "verzoek": _verzoek(),
            "vrager": _vrager(),
            "bron": {"organisatie": "nla", "deelnemer": "nla"},
            "zaak": _zaak(),
            "betrokkene": _betrokkene(),
            "instemmingen": [],
        }
    )


def _verzoek() -> dict[str, Any]:
    return {
        "soort": "bevraging",
        "activiteit": "hhk",
        "doel": ["bestuurlijk"],
        "verschijnsel": "mensenhandel",
        "vraagstelling": _VRAAG,
        "categorieen": ["identificatie", "toezicht-handhaving"],
        "aantal_betrokkenen": 1,
    }


def _vrager() -> dict[str, Any]:
    return {
        "organisatie": "zaanstad-college",
        "deelnemer": "college",
        "taak": "huisvestingswet",
        "gebruiker": {
            "id": "g-017",
            "rol": "verwerker",
            "geautoriseerd_tot": "2027-03-01",
            "gescreend_op": "2025-02-11",
            "opgeleid_op": "2025-09-30",
        },
    }


def _zaak() -> dict[str, Any]:
    return {
        "id": "hhk-zaandam-oost-2026",
        "soort": "hhk",
        "riec": "noord-holland",
        "status": "vastgesteld",
        "vastgesteld_op": "2026-03-12",
        "vastgesteld_door": "stuurgroep",
        "looptijd": {"duur": "P1Y", "verlengingen_max": 2, "totaal_max": "P3Y"},
        "verlengingen": [],
        "verschijnselen": ["mensenhandel", "witwassen", "vastgoed"],
        "fase": 1,
        "fasebesluiten": [],
        "signaal": {"id": "s-2026-014", "status": "aanvaard"},
        "onderzoekstermijn": "P6M",
        "max_betrokkenen": 10,
        "deelnemers": [
            {"organisatie": organisatie, "deelnemer": deelnemer, "rol": rol}
            for organisatie, deelnemer, rol in _DEELNEMERS
        ],
        "reikwijdte": {
            "gebieden": ["WK047912", "WK047913", "WK047914", "WK047915"],
            "branches": [],
            "signalen": ["fraude", "arbeidsuitbuiting", "witwassen"],
        },
    }


def _betrokkene() -> dict[str, Any]:
    return {
        "soort": "natuurlijk-persoon",
        "sleutel": "p-7f3a",
        "relatie": "subject",
        "afstand": 0,
        "gebieden": ["WK047912"],
        "band": ["woont"],
        "branches": ["8122"],
        "signalen": ["arbeidsuitbuiting"],
        "onderzoek": {"geopend_op": "2026-09-01"},
    }


def measure(count: int, decider: Decider) -> Cijfers:
    """Decide the base dossier `count` times.

    Raises:
        RuntimeError: A besluit is not the grant that it must be, so nothing was measured.
    """
    dossier = base_dossier()
    # The besluiten are not kept: a growing heap would be measured with them.
    taken: set[Uitkomst] = set()
    each, seconds = timed(count, lambda _: taken.add(decider.decide(dossier).uitkomst))
    if taken != {Uitkomst.TOEGEWEZEN}:
        raise RuntimeError("the base dossier was not granted")
    return summary(each) | {"per_second": round(count / seconds, 1)}


class _OpaServer:
    """The same rules in OPA, asked over HTTP on one open connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(_HOST, port, timeout=_SECONDS)

    def evaluate(self, facts: Mapping[str, Any]) -> object:
        """Return what the rules say of these facts."""
        self._connection.request(
            "POST",
            "/v1/data/sluis/besluit/besluit",
            body=orjson.dumps({"input": facts}),
            headers={"Content-Type": "application/json"},
        )
        answer: object = orjson.loads(self._connection.getresponse().read())["result"]
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def has_opa() -> bool:
    """Tell whether OPA is on this machine."""
    return shutil.which("opa") is not None


@contextmanager
def opa_decider(regelset: Regelset) -> Iterator[Decider]:
    """Run OPA as a server with these rules and their register; decide with it as the engine."""
    with TemporaryDirectory(prefix="sluis-bench-") as folder:
        data = Path(folder, "data.json")
        data.write_bytes(orjson.dumps(Decider.load(regelset).register.data))
        rules = Path(folder, "besluit.rego")
        rules.write_text(Rules(regelset).text, encoding="utf-8")
        with _opa(rules, data) as server:
            yield Decider.load(regelset, lambda _rules, _data: server)


@contextmanager
def _opa(rules: Path, data: Path) -> Iterator[_OpaServer]:
    with socket.socket() as free:
        free.bind((_HOST, 0))
        port = free.getsockname()[1]
    command = [shutil.which("opa") or "opa", "run", "--server", "--addr", f"{_HOST}:{port}"]
    command += ["--log-level", "error", "--disable-telemetry", str(rules), str(data)]
    with subprocess.Popen(  # noqa: S603 - OPA itself
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait(port)
            server = _OpaServer(port)
            yield server
            server.close()
        finally:
            process.terminate()


def _wait(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection((_HOST, port), timeout=_SECONDS).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("OPA does not answer")
