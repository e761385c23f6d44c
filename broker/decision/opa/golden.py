"""Makes the golden besluiten: `python -m broker.decision.opa.golden [DOSSIERS.jsonl]`.

A real OPA, which must be on this machine, decides the dossiers of `policies/golden/` again, or
those of a file with a line `{"naam": …, "dossier": …}` for each.
"""

import asyncio
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from broker.decision.decide import Decider
from broker.decision.opa.bundle import make_bundle
from broker.decision.opa.local import local_opa
from broker.decision.opa.proof import FILE, decided, digest_of
from broker.decision.opa.server import OpaServer
from broker.decision.regelset import Regelset
from broker.decision.register import default_root
from broker.domain import invoer

_SECONDS = 10.0
Geval = Mapping[str, Any]


def make_golden(regelset: Regelset, gevallen: Sequence[Geval]) -> bytes:
    """Return the file of golden besluiten: each `naam` and `dossier` with what OPA decides.

    Raises:
        LocalOpaError: OPA is not on this machine, or does not start.
        RegisterError: The rule set cannot be used.
        DecisionError: OPA gave no verdict on one of them.
    """
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder, "sluis.tar.gz")
        bundle.write_bytes(make_bundle(regelset))
        with local_opa(bundle) as opa:
            lines = asyncio.run(_decide(opa.url, regelset, gevallen))
    head = orjson.dumps({"regels": digest_of(Decider.load(regelset))})[:-1]
    return head + b',\n"gevallen":[\n' + b",\n".join(lines) + b"\n]}\n"


async def _decide(url: str, regelset: Regelset, gevallen: Sequence[Geval]) -> list[bytes]:
    async with OpaServer.open(url, _SECONDS) as server:
        decider = Decider.load(regelset, server=server.expecting(regelset.digest))
        return [
            orjson.dumps(
                {
                    "naam": geval["naam"],
                    "dossier": geval["dossier"],
                    "besluit": decided(await decider.beslis(invoer.parse(geval["dossier"]))),
                }
            )
            for geval in gevallen
        ]


def main(names: Sequence[str]) -> None:
    """Write `policies/golden/` of this checkout anew."""
    path = default_root() / FILE
    if names:
        gevallen = [orjson.loads(line) for line in Path(names[0]).read_bytes().splitlines()]
    else:
        gevallen = orjson.loads(path.read_bytes())["gevallen"]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(make_golden(Regelset.from_folder(default_root()), gevallen))


if __name__ == "__main__":
    main(sys.argv[1:])
