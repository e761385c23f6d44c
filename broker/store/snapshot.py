"""All facts of the store at one moment, in memory: for work that asks many dossiers at once."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.errors import NotFoundError
from broker.store.columns import Rij
from broker.store.dossierfeiten import Dossierfeiten, vrager_facts
from broker.store.gebruikers import UNKNOWN
from broker.store.instemmingen import contract_form
from broker.store.models import (
    GebruikerRow,
    InstemmingRow,
    OrganisatieDeelnemerRow,
    PersoonskaartRow,
    ZaakRow,
)
from broker.store.persoonskaarten import betrokkene
from broker.store.regelversies import Regelversies
from broker.store.zaken import zaak_facts

_NONE: Final[tuple["Given", ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kaart:
    """A persoonskaart: the `betrokkene` of the contract with its id."""

    id: str
    betrokkene: Rij


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An instemming in the shape of the contract, with what it is bound to."""

    id: str
    sleutel: str | None
    vrager: str | None
    instemming: Rij

    def fits(self, zaak: str | None, sleutel: str | None, vrager: str | None) -> bool:
        """Tell whether it belongs to a question: outside a zaak to its subject and who asks."""
        own = sleutel is not None and self.sleutel == sleutel
        return own and self.vrager == vrager if zaak is None else own or self.sleutel is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the store knew. To change it is to make another one; nobody changes the facts in it."""

    vragers: Mapping[str, Rij]
    zaken: Mapping[str, Rij]
    kaarten: Mapping[tuple[str, str], Kaart]
    """By zaak and sleutel."""
    instemmingen: Mapping[str | None, Sequence[Given]]
    """By zaak, in the order of their ids."""
    deelnemers: Mapping[str, tuple[str, ...]]
    """As which deelnemers an organisatie may act."""
    regels: str | None

    def dossierfeiten(
        self, *, gebruiker: str, zaak: str | None, sleutel: str | None
    ) -> Dossierfeiten:
        """Return what `ReadTx.dossierfeiten` returns, without asking the database.

        Raises:
            NotFoundError: There is no such gebruiker.
        """
        vrager = self.vragers.get(gebruiker)
        if vrager is None:
            raise NotFoundError(UNKNOWN)
        kaart = self.kaarten.get((zaak or "", sleutel or ""))
        return Dossierfeiten(
            vrager=vrager,
            zaak=self.zaken.get(zaak or ""),
            betrokkene=None if kaart is None else kaart.betrokkene,
            instemmingen=[
                given.instemming
                for given in self.instemmingen.get(zaak, _NONE)
                if given.fits(zaak, sleutel, vrager.get("organisatie"))
            ],
            regels=self.regels,
        )

    def with_zaken(self, changed: Mapping[str, Rij]) -> "Snapshot":
        """Return these facts with other zaken in the place of those of the same name."""
        return dataclasses.replace(self, zaken={**self.zaken, **changed})


async def read_snapshot(conn: AsyncConnection) -> Snapshot:
    """Read everything that a dossier may need. Some kilobytes for each zaak and persoonskaart."""
    zaken = (await conn.execute(select(ZaakRow.id).order_by(ZaakRow.id))).scalars().all()
    facts = {zaak: await zaak_facts(conn, zaak) for zaak in zaken}
    people = (await conn.execute(select(GebruikerRow))).mappings()
    kaarten = (await conn.execute(select(PersoonskaartRow))).mappings()
    return Snapshot(
        vragers={row["id"]: vrager_facts(row) for row in people},
        zaken={zaak: known for zaak, known in facts.items() if known is not None},
        kaarten={
            (row["zaak"], row["sleutel"]): Kaart(id=row["id"], betrokkene=betrokkene(row))
            for row in kaarten
        },
        instemmingen=await _instemmingen(conn),
        deelnemers=await _deelnemers(conn),
        regels=await Regelversies(conn).in_werking(),
    )


async def _instemmingen(conn: AsyncConnection) -> dict[str | None, list[Given]]:
    found: dict[str | None, list[Given]] = {}
    rows = await conn.execute(select(InstemmingRow).order_by(InstemmingRow.id))
    for row in rows.mappings():
        given = Given(
            id=row["id"],
            sleutel=row["sleutel"],
            vrager=row["vrager"],
            instemming=contract_form(row),
        )
        found.setdefault(row["zaak"], []).append(given)
    return found


async def _deelnemers(conn: AsyncConnection) -> dict[str, tuple[str, ...]]:
    columns = (OrganisatieDeelnemerRow.organisatie, OrganisatieDeelnemerRow.deelnemer)
    found: dict[str, tuple[str, ...]] = {}
    for organisatie, deelnemer in await conn.execute(select(*columns).order_by(*columns)):
        found[organisatie] = (*found.get(organisatie, ()), deelnemer)
    return found
