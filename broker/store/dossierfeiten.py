"""The hot read: what the store knows for one dossier, from one snapshot."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import BindParameter, Select, and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.domain.zaak import works_in
from broker.errors import NotFoundError
from broker.store.columns import Rij, Velden
from broker.store.gebruikers import UNKNOWN
from broker.store.instemmingen import FACTS as INSTEMMING_FACTS
from broker.store.instemmingen import contract_form
from broker.store.models import GebruikerRow, InstemmingRow, PersoonskaartRow, ZaakRow
from broker.store.persoonskaarten import FACTS, RESEARCH, betrokkene
from broker.store.regelversies import in_force
from broker.store.zaken import zaak_facts

CACHED: Final = 4096
"""Zaken kept in memory; each takes some kilobytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossierfeiten:
    """The parts of a dossier that the store knows, each in exactly the shape of the contract.

    `vrager` lacks only the `taak`, which the caller adds. `zaak` is None when there is no such
    zaak; `betrokkene` is None when the subject has no persoonskaart in it. `regels` is the digest
    of the rules in force, seen in the same snapshot. The dicts are fresh: the caller may do with
    them what it likes.
    """

    vrager: Rij
    zaak: Rij | None
    betrokkene: Rij | None
    instemmingen: list[Rij]
    regels: str | None

    def parts(self, *, taak: object, sleutel: str | None, moment: int) -> Rij:
        """Return these parts as they stand in a dossier, with the `taak` that the caller names.

        Without a persoonskaart nothing is known of the subject but who it is. What was agreed
        within a zaak counts for who works in it at this instant: for anybody else it would open
        what nobody agreed to, and show whom the zaak is about.
        """
        vrager = self.vrager.get("organisatie", "")
        agreed = self.zaak is None or works_in(self.zaak, vrager, moment)
        return {
            "vrager": {**self.vrager, "taak": taak},
            "zaak": self.zaak,
            "betrokkene": self.betrokkene or ({"sleutel": sleutel} if sleutel else {}),
            "instemmingen": self.instemmingen if agreed else [],
        }


class ZaakCache:
    """Zaken in memory, as JSON, each with the version that it was read at.

    The version in the database is read with every dossier, so that a change made on any node acts
    on the very next one. JSON, so that nobody can change what is kept.
    """

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[int, bytes]] = OrderedDict()

    def get(self, zaak: str, versie: int) -> Rij | None:
        """Return the zaak when it is kept at this version."""
        kept = self._kept.get(zaak)
        if kept is None or kept[0] != versie:
            return None
        self._kept.move_to_end(zaak)
        facts: Rij = orjson.loads(kept[1])
        return facts

    def put(self, zaak: str, versie: int, facts: Rij) -> None:
        """Keep the zaak, and let go of the one that was used longest ago."""
        self._kept[zaak] = (versie, orjson.dumps(facts))
        self._kept.move_to_end(zaak)
        if len(self._kept) > CACHED:
            self._kept.popitem(last=False)


def _who_and_where() -> Select[*tuple[Any, ...]]:
    """Select gebruiker, version of the zaak, persoonskaart in it and rules in force, as one row."""
    kaart = (getattr(PersoonskaartRow, name) for name in (*FACTS, *RESEARCH))
    zaak: BindParameter[str] = bindparam("zaak")
    sleutel: BindParameter[str] = bindparam("sleutel")
    return (
        select(
            GebruikerRow,
            ZaakRow.versie,
            in_force().label("regels"),
            *(column.label(f"kaart_{column.key}") for column in kaart),
        )
        .select_from(GebruikerRow)
        .outerjoin(ZaakRow, ZaakRow.id == zaak)
        .outerjoin(
            PersoonskaartRow,
            and_(PersoonskaartRow.zaak == zaak, PersoonskaartRow.sleutel == sleutel),
        )
        .where(GebruikerRow.id == bindparam("gebruiker"))
    )


def _decisions(*, in_zaak: bool) -> Select[*tuple[Any, ...]]:
    """Select the instemmingen of this zaak, for this subject or for every one of it.

    Outside a zaak nothing bounds a yes but its subject and who asks, so both must be named.
    """
    own = InstemmingRow.sleutel == bindparam("sleutel")
    asker = select(GebruikerRow.organisatie).where(GebruikerRow.id == bindparam("gebruiker"))
    if in_zaak:
        zaak = InstemmingRow.zaak == bindparam("zaak")
        subject = or_(InstemmingRow.sleutel.is_(None), own)
    else:
        zaak = InstemmingRow.zaak.is_(None)
        subject = and_(own, InstemmingRow.vrager == asker.scalar_subquery())
    columns = (getattr(InstemmingRow, name) for name in (*INSTEMMING_FACTS, "ingetrokken_op"))
    return select(*columns).where(zaak, subject).order_by(InstemmingRow.id)


WHO_AND_WHERE: Final = _who_and_where()
IN_ZAAK: Final = _decisions(in_zaak=True)
WITHOUT_ZAAK: Final = _decisions(in_zaak=False)


async def read_dossierfeiten(
    conn: AsyncConnection,
    cache: ZaakCache,
    *,
    gebruiker: str,
    zaak: str | None,
    sleutel: str | None,
) -> Dossierfeiten:
    """Read the facts with two queries, and four more for a zaak that changed since the last time.

    Raises:
        NotFoundError: There is no such gebruiker.
    """
    asked = {"gebruiker": gebruiker, "zaak": zaak, "sleutel": sleutel}
    row = (await conn.execute(WHO_AND_WHERE, asked)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(UNKNOWN)
    decisions = WITHOUT_ZAAK if zaak is None else IN_ZAAK
    rows = (await conn.execute(decisions, asked)).mappings()
    instemmingen = [contract_form(each) for each in rows]
    facts = None
    if zaak is not None and row["versie"] is not None:
        facts = cache.get(zaak, row["versie"])
        if facts is None and (facts := await zaak_facts(conn, zaak)) is not None:
            cache.put(zaak, row["versie"], facts)
    return Dossierfeiten(
        vrager=vrager_facts(row),
        zaak=facts,
        betrokkene=None if row["kaart_sleutel"] is None else betrokkene(row, "kaart_"),
        instemmingen=instemmingen,
        regels=row["regels"],
    )


def vrager_facts(row: Velden) -> Rij:
    """Shape the gebruiker as the `vrager` of the contract; unknown facts stay out."""
    person = ("id", "rol", "geautoriseerd_tot", "gescreend_op", "opgeleid_op")
    facts = {name: row[name] for name in ("organisatie", "deelnemer") if row[name] is not None}
    facts["gebruiker"] = {name: row[name] for name in person if row[name] is not None}
    return facts
