"""The verifier has no network and knows no broker, and still judges everything."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.audit.logs import SIGNER, a_log, run_sql, vault_of
from tests.audit.test_audit_anchored import ROOT, WITNESSES, anchor, stamp

PROJECT = Path(__file__).parents[2]
ALONE = """
import sys
from importlib.machinery import PathFinder

ALLOWED = set(sys.stdlib_module_names) | {"audit", "cryptography", "_cffi_backend"}

class Refuse:
    # Asked before every other finder. What is not installed may be tried, as copy does for Jython.
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        if top not in ALLOWED and PathFinder.find_spec(top) is not None:
            raise AssertionError(f"imports {name}")
        return None

def no_network(event, args):
    if event.startswith("socket."):
        raise AssertionError(f"uses the network: {event}")

sys.meta_path.insert(0, Refuse())
sys.addaudithook(no_network)
sys.path.insert(0, sys.argv.pop(1))
"""
VERIFY = ALONE + "from audit.__main__ import main\nsys.exit(main())\n"


def alone(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process without network, broker and other people's packages."""
    return subprocess.run(
        [sys.executable, "-B", "-c", code, str(PROJECT), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "deed",
    [
        "import broker",
        "import adapters",
        "import psycopg",
        "import httpx2",
        "import socket; socket.socket()",
        "import socket; socket.getaddrinfo('localhost', 80)",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:1/')",
    ],
)
def test_fence_holds(deed: str) -> None:
    """Whoever would import the broker, or use the network, is stopped by this fence."""
    ended = alone(f"{ALONE}\n{deed}")

    assert ended.returncode == 1
    assert "AssertionError: imports " in ended.stderr or "uses the network" in ended.stderr


@pytest.mark.parametrize("processes", ["1", "2"])
def test_everything_is_checked_alone(tmp_path: Path, processes: str) -> None:
    """Log, witnesses, stamps and vault are judged within the fence; an attack is named too."""
    directory = a_log(tmp_path / "log", [100, 300])
    stamp(directory, 300, anchor(directory, 300), 302)
    policy, tsa = tmp_path / "policy", tmp_path / "tsa.pem"
    witnesses = "".join(f"witness g{i} {w.vkey}\n" for i, w in enumerate(WITNESSES))
    policy.write_text(
        f"log {SIGNER.vkey}\n{witnesses}group allen 2 g0 g1 g2\nquorum allen\n", encoding="utf-8"
    )
    tsa.write_bytes(ROOT.pem())
    options = ["--policy", str(policy), "--tsa", str(tsa), "--kluis", str(vault_of(directory))]
    command = ["verify", str(directory), "--key", str(SIGNER.vkey), "--processen", processes]

    whole = alone(VERIFY, *command, *options)
    run_sql(directory, "DELETE FROM regel WHERE seq = 7")
    cut = alone(VERIFY, *command, *options)

    assert (whole.returncode, whole.stdout) == (0, "In orde: 300 regels nagerekend.\n")
    assert cut.returncode == 1
    assert "Regel 7: het regelnummer ontbreekt" in cut.stdout
