"""What of an earlier verzoek may go on: the labels of the items that passed door 2, as recorded.

The labels come from the record and never from who wants to share: the source put them on.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from broker.domain.besluit import Uitkomst
from broker.errors import NotFoundError
from broker.store.unit import ReadTx


async def released(
    tx: ReadTx, *, verzoek: str, organisatie: str, zaak: str | None, sleutel: str | None
) -> list[Mapping[str, Any]]:
    """Return the labels of what this organisatie got by this verzoek, on this subject and zaak.

    Empty when there is no such verzoek: that of another is none either.
    """
    try:
        asked = await tx.verzoeken.get(verzoek)
    except NotFoundError:
        return []
    if (asked["organisatie"], asked["zaak"], asked["sleutel"]) != (organisatie, zaak, sleutel):
        return []
    found: list[Mapping[str, Any]] = []
    for row in await tx.besluiten.list(verzoek):
        if row["deur"] == "verstrekking":
            items, parts = (orjson.loads(row[name])["gegevens"] for name in ("dossier", "besluit"))
            found += [
                item
                for item, part in zip(items, parts, strict=True)
                if part["uitkomst"] == Uitkomst.TOEGEWEZEN
            ]
    return found
