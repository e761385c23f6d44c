"""The proof of rules: an engine that does not decide as OPA itself does, does not decide.

`policies/golden/` holds dossiers with the besluiten that a real OPA gave (made by `golden.py`),
and the digest of the rules and data that they were made with. The engine in this process is held
against them when rules are loaded; an OPA server against that engine, on the same dossiers, before
it first decides by those rules.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from broker.decision.decide import Decider
from broker.decision.regelset import Regelfout, Regelset, RegisterError
from broker.decision.rules import PolicyServer, Rules
from broker.domain import invoer
from broker.domain.besluit import Besluit
from broker.domain.dossier import Dossier
from broker.errors import BrokerError, DecisionError

FILE: Final = "policies/golden/besluiten.json"
_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Goud:
    """A dossier, and of its besluit what `decided` tells: as OPA gave it."""

    naam: str
    dossier: Dossier
    besluit: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goudset:
    """The golden besluiten of a rule set; `regels` is the `digest_of` what they were made with."""

    regels: str
    gevallen: Sequence[Goud]

    @classmethod
    def of(cls, regelset: Regelset) -> "Goudset":
        """Read the golden besluiten in this rule set.

        Raises:
            RegisterError: There are none, or they cannot be read.
        """
        try:
            read = orjson.loads(regelset.bestanden[FILE])
            gevallen = [
                Goud(naam=g["naam"], dossier=invoer.parse(g["dossier"]), besluit=g["besluit"])
                for g in read["gevallen"]
            ]
            goud = cls(regels=read["regels"], gevallen=gevallen)
        except (BrokerError, KeyError, TypeError, ValueError):
            raise _refusal("De gouden besluiten ontbreken of zijn niet te lezen.") from None
        if not goud.gevallen:
            raise _refusal("Er staan geen gouden besluiten in.")
        return goud


def digest_of(decider: Decider) -> str:
    """Return the digest of what an engine works with: the rules, and their data."""
    total = hashlib.sha256(orjson.dumps(decider.register.data, option=orjson.OPT_SORT_KEYS))
    for name, text in Rules(decider.regelset).files.items():
        total.update(f"\0{name}\0{text}".encode())
    return f"sha256:{total.hexdigest()}"


def decided(besluit: Besluit) -> dict[str, Any]:
    """Return what was decided, without words and versions: these change while the law does not."""
    told: dict[str, Any] = orjson.loads(orjson.dumps(besluit))
    del told["versies"]
    gronden = told.pop("weigeringsgronden")
    return told | {"gronden": [{"code": g["code"], "feit": g["feit"]} for g in gronden]}


def prove(decider: Decider, *, strict: bool) -> None:
    """Hold the engine in this process against the golden besluiten of its rule set.

    Those that were made with other rules prove nothing: `strict` refuses them. Else they are left
    aside, so that rules can be tried where there is no OPA.

    Raises:
        RegisterError: The engine decides otherwise, or there is nothing to hold it against.
    """
    goud = Goudset.of(decider.regelset)
    if goud.regels != digest_of(decider):
        if strict:
            raise _refusal("De gouden besluiten horen bij andere regels: draai 'make golden'.")
        return
    wrong = [g.naam for g in goud.gevallen if _by_engine(decider, g.dossier) != g.besluit]
    if wrong:
        raise _refusal(_otherwise("De ingebouwde motor", wrong, goud))


async def prove_server(decider: Decider, goud: Goudset) -> None:
    """Hold the server of this decider against the engine in this process, to the byte.

    Raises:
        DecisionError: The server does not answer, has other rules or decides otherwise.
    """
    same: list[bool] = []
    for batch in _batches(goud.gevallen):
        same += await asyncio.gather(*(_alike(decider, each.dossier) for each in batch))
    wrong = [g.naam for g, alike in zip(goud.gevallen, same, strict=True) if not alike]
    if wrong:
        raise DecisionError(_otherwise("De OPA-server", wrong, goud))


class Proven:
    """A server that decides only once it was proven: a `PolicyServer` around another.

    The proof is made when the server is first asked or checked, so also for a version that came
    into force while this node ran. Who asks meanwhile waits for the same proof. One that failed
    is made again for the next who asks.
    """

    def __init__(self, decider: Decider, server: PolicyServer) -> None:
        """Take the rules, still with the server itself to decide by them.

        Raises:
            RegisterError: There are no golden besluiten to prove it on.
        """
        self._decider = decider
        self._server = server
        self._goud = Goudset.of(decider.regelset)
        self._proven = False
        self._proof: asyncio.Task[None] | None = None

    async def evaluate(self, facts: Mapping[str, Any]) -> object:
        """Return what the rules on the server say of these facts.

        Raises:
            DecisionError: The server gave no answer, or is not proven.
        """
        await self._wait()
        return await self._server.evaluate(facts)

    async def check(self) -> None:
        """Return when the server answers, has these rules and is proven.

        Raises:
            DecisionError: It does not, or decides otherwise.
        """
        await self._server.check()
        await self._wait()

    async def _wait(self) -> None:
        if self._proven:
            return
        if self._proof is None:
            self._proof = asyncio.create_task(self._prove())
        # Others wait for it too: who gives up does not end it.
        await asyncio.shield(self._proof)

    async def _prove(self) -> None:
        try:
            await prove_server(self._decider, self._goud)
            self._proven = True
        finally:
            self._proof = None


async def _alike(decider: Decider, dossier: Dossier) -> bool:
    try:
        besluit = await decider.beslis(dossier)
    except DecisionError:
        # A server that has only just started is slow at first: once more.
        besluit = await decider.beslis(dossier)
    return orjson.dumps(besluit) == orjson.dumps(decider.decide(dossier))


def _by_engine(decider: Decider, dossier: Dossier) -> dict[str, Any] | None:
    try:
        return decided(decider.decide(dossier))
    except DecisionError:
        return None


def _batches(gevallen: Sequence[Goud]) -> Iterator[Sequence[Goud]]:
    for start in range(0, len(gevallen), _AT_ONCE):
        yield gevallen[start : start + _AT_ONCE]


def _otherwise(wie: str, wrong: Sequence[str], goud: Goudset) -> str:
    return (
        f"{wie} beslist in {len(wrong)} van de {len(goud.gevallen)} gouden besluiten anders dan "
        f"OPA zelf, te beginnen bij: {wrong[0]}."
    )


def _refusal(reden: str) -> RegisterError:
    return RegisterError([Regelfout(bestand=FILE, regel=None, reden=reden)])
