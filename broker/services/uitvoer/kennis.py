"""Which names an export may tell: those that stand in the store or in the rules themselves."""

from collections.abc import Iterable, Mapping
from typing import Any

from broker.decision.decide import Decider
from broker.services.uitvoer.regels import Bekend
from broker.store import Store


async def known_names(store: Store, decider: Decider, moment: str) -> Bekend:
    """Return the names that are known at a moment.

    Raises:
        RecordError: The store cannot be read.
    """
    async with store.read() as tx:
        zaken = (await tx.snapshot()).zaken
        organisaties = [row["id"] for row in await tx.organisaties.list()]
    bases = _bases(decider.register.data)
    return Bekend(
        zaken=frozenset(zaken),
        organisaties=frozenset(organisaties),
        verschijnselen=frozenset(
            name for zaak in zaken.values() for name in zaak.get("verschijnselen") or ()
        ),
        grondslagen=frozenset(name for name, _ in bases),
        categorieen=frozenset(name for _, data in bases for name in data["categorieen"]),
        gronden=frozenset(decider.register.at(moment).redenen["redenen"]),
    )


def _bases(data: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    standen: Iterable[Mapping[str, Any]] = data["standen"].values()
    return [pair for stand in standen for pair in stand["grondslagen"].items()]
