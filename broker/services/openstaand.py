"""What besluiten still wait for: the instemmingen that an organisatie was asked for, and not gave.

Read from the besluiten themselves, so that no second list can differ from them.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from broker.domain import kalender
from broker.store import Tx

PERIOD: Final = dt.timedelta(days=30)
_WAITING: Final = frozenset({"instemming-vereist", "deels"})
_MANY: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Openstaand:
    """One instemming that a verzoek waits for, with what one must know to weigh it."""

    soort: str
    categorieen: tuple[str, ...]
    verzoek: str
    bron: str | None
    vrager: str | None
    zaak: str | None
    sleutel: str | None
    grondslag: str | None
    doel: tuple[str, ...]
    vraagstelling: str | None
    gevraagd_op: dt.datetime


async def openstaand(tx: Tx, organisatie: str, moment: dt.datetime) -> list[Openstaand]:
    """Return what the besluiten of the last 30 days wait for from an organisatie, newest first."""
    given = [
        row
        for row in await tx.instemmingen.list(organisatie, limit=_MANY)
        if _counts(row, kalender.instant(moment.isoformat()))
    ]
    latest: dict[tuple[str, str | None], list[Openstaand]] = {}
    async for row in tx.besluiten.stream(since=moment - PERIOD):
        # A later besluit on the same source says anew what is waited for.
        latest[row["verzoek"], row["bron"]] = _asked(row, organisatie)
    waits = [wait for asked in latest.values() for wait in asked]
    return sorted(
        (wait for wait in waits if not any(_covers(row, wait) for row in given)),
        key=lambda wait: wait.gevraagd_op,
        reverse=True,
    )


def _asked(row: Mapping[str, Any], organisatie: str) -> list[Openstaand]:
    if row["uitkomst"] not in _WAITING:
        return []
    dossier = orjson.loads(row["dossier"])
    vraag = dossier.get("verzoek") or {}
    return [
        Openstaand(
            soort=wait["soort"],
            categorieen=tuple(wait["categorieen"]),
            verzoek=row["verzoek"],
            bron=row["bron"],
            vrager=(dossier.get("vrager") or {}).get("organisatie"),
            zaak=(dossier.get("zaak") or {}).get("id"),
            sleutel=(dossier.get("betrokkene") or {}).get("sleutel"),
            grondslag=dossier.get("grondslag"),
            doel=tuple(vraag.get("doel") or ()),
            vraagstelling=vraag.get("vraagstelling"),
            gevraagd_op=row["moment"],
        )
        for wait in orjson.loads(row["besluit"])["vereiste_instemmingen"]
        if wait["organisatie"] == organisatie
    ]


def _counts(row: Mapping[str, Any], now: int) -> bool:
    ends = [end for end in (row["tot"], row["ingetrokken_op"]) if end is not None]
    return kalender.instant(row["op"]) <= now and all(kalender.instant(end) > now for end in ends)


def _covers(row: Mapping[str, Any], wait: Openstaand) -> bool:
    """Tell whether what was given is what is waited for."""
    return (
        row["soort"] == wait.soort
        and row["zaak"] == wait.zaak
        and row["sleutel"] in (None, wait.sleutel)
        and (row["categorieen"] is None or set(wait.categorieen) <= set(row["categorieen"]))
    )
