"""Requests of subjects: what the log holds about them, who may see which part, and the copies.

A request is bound to the log as it was: the lines below `grootte`, from four years before it came
in. So it always tells the same, and who checks it can do it over.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.log import Log
from audit.receipt import Receipt
from broker.decision.inzageregels import Inzageregels
from broker.domain import kalender
from broker.domain.kalender import Duur, instant, parse_duration
from broker.domain.ports import Clock, Identiteit, Ids
from broker.domain.pseudoniem import Pseudonimiseerder
from broker.domain.uitstel import Uitstel
from broker.domain.zaak import works_in
from broker.errors import ConflictError, NotFoundError
from broker.services.caller import Beller
from broker.services.inzage import afschrift as copies
from broker.services.inzage.afschrift import Afschrift
from broker.services.inzage.handelingen import VRAAG, Handeling, collect
from broker.services.inzage.uitstel import Uitstellen
from broker.services.keeper import Keeper
from broker.services.logboekzoeken import Zoeker, Zoekvraag, reading
from broker.store import ReadTx, Tx

_GONE = "De gegevens achter dit afschrift zijn intussen veranderd of vernietigd. Maak een nieuw."


@dataclass(frozen=True, slots=True, kw_only=True)
class Inzageverzoek:
    """A request, and what came of it."""

    id: str
    sleutel: str
    ontvangen_op: dt.datetime
    uiterlijk: dt.date
    """The last day for an answer."""
    van: dt.datetime
    grootte: int
    door: str
    organisatie: str
    op: dt.datetime
    afschriften: tuple[Mapping[str, Any], ...]

    def late(self, moment: dt.datetime) -> bool:
        """Tell whether the last day for an answer is over."""
        return kalender.day_of(instant(moment.isoformat())) > self.uiterlijk


@dataclass(frozen=True, slots=True, kw_only=True)
class Gezien:
    """A handeling, and the uitstellen of it."""

    handeling: Handeling
    uitstellen: tuple[Uitstel, ...]

    def withheld(self, moment: dt.datetime) -> bool:
        """Tell whether the subject is not told of it at this moment."""
        return any(uitstel.withholds(moment) for uitstel in self.uitstellen)

    def waits(self, moment: dt.datetime) -> bool:
        """Tell whether somebody must still decide on it."""
        return any(uitstel.waits(moment) for uitstel in self.uitstellen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verantwoording:
    """All of a request, for who watches over it: what is withheld too, and the proofs."""

    verzoek: Inzageverzoek
    gezien: tuple[Gezien, ...]
    moment: dt.datetime
    bewijzen: tuple[Receipt, ...]
    controlepunt: str

    @property
    def withheld(self) -> list[Gezien]:
        """What the subject is not told now."""
        return [each for each in self.gezien if each.withheld(self.moment)]

    @property
    def grounds(self) -> dict[str, int]:
        """How much is withheld, by ground."""
        return dict(
            Counter(
                uitstel.grond
                for each in self.withheld
                for uitstel in each.uitstellen
                if uitstel.withholds(self.moment)
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inzage:
    """Opens requests, shows what belongs to them, and makes the copies."""

    keeper: Keeper
    log: Log
    zoeker: Zoeker
    pseudoniem: Pseudonimiseerder
    clock: Clock
    ids: Ids
    regels: Inzageregels

    @property
    def uitstellen(self) -> Uitstellen:
        """What records the steps of an uitstel."""
        return Uitstellen(self.keeper, self.clock, self.ids, self.regels)

    async def open(
        self, beller: Beller, betrokkene: Identiteit, ontvangen_op: str | None
    ) -> Inzageverzoek:
        """Record a request; the number of the subject is turned into its pseudonym here.

        Raises:
            RecordError: It could not be recorded.
        """
        now = self.clock.now()
        received = instant(ontvangen_op or now.isoformat())
        row = {
            "id": self.ids.new("iv"),
            "sleutel": self.pseudoniem.sleutel(betrokkene, pointer="/betrokkene"),
            "ontvangen_op": kalender.in_utc(received),
            "van": kalender.in_utc(_shifted(received, self.regels.terugkijken.duur, -1)),
            "grootte": self.zoeker.size(),
            "door": beller.gebruiker,
            "organisatie": beller.organisatie,
            "op": now,
        }
        told = {"inzageverzoek": row["id"], "grootte": row["grootte"]}
        await self.keeper.change(
            beller, "inzageverzoek-geopend", told, lambda tx: tx.inzageverzoeken.insert(row)
        )
        return self._shape(row, [])

    async def get(self, inzageverzoek: str) -> Inzageverzoek:
        """Return one request.

        Raises:
            NotFoundError: There is no such request.
        """

        async def work(tx: ReadTx) -> Inzageverzoek:
            row = await tx.inzageverzoeken.get(inzageverzoek)
            return self._shape(row, await tx.inzageverzoeken.copies(inzageverzoek))

        return await self.keeper.read(work)

    async def list(
        self, *, before: tuple[dt.datetime, str] | None, limit: int
    ) -> "Sequence[Inzageverzoek]":
        """Return requests, the newest first."""

        async def work(tx: ReadTx) -> Sequence[Inzageverzoek]:
            rows = await tx.inzageverzoeken.list(before=before, limit=limit)
            return [self._shape(r, await tx.inzageverzoeken.copies(r["id"])) for r in rows]

        return await self.keeper.read(work)

    async def handelingen(self, inzageverzoek: str, only: str | None) -> tuple[Gezien, ...]:
        """Return what was done about the subject, as far as this organisatie has to do with it.

        Raises:
            NotFoundError: There is no such request, or nothing of it is for this organisatie.
            RecordError: The log cannot be read, or the store is not what it says.
        """
        gezien = await self._all(await self.get(inzageverzoek))
        if only is None:
            return gezien
        own = await self._own(gezien, only)
        if not own:
            raise NotFoundError("Dit bestaat niet, of u mag het niet zien.")
        return own

    async def verantwoording(self, inzageverzoek: str) -> Verantwoording:
        """Return all of a request, with a proof for every line."""
        verzoek = await self.get(inzageverzoek)
        gezien = await self._all(verzoek)
        return Verantwoording(
            verzoek=verzoek,
            gezien=gezien,
            moment=self.clock.now(),
            bewijzen=await self.proofs([i for each in gezien for i in each.handeling.indexen]),
            controlepunt=self.log.checkpoint(),
        )

    async def copy(self, beller: Beller, inzageverzoek: str) -> Afschrift:
        """Make a copy for the subject, and record what it tells before it leaves.

        Raises:
            ConflictError: Somebody must still decide on an uitstel.
            RecordError: It could not be recorded; the copy does not leave.
        """
        verzoek = await self.get(inzageverzoek)
        gezien = await self._all(verzoek)
        now, number = self.clock.now(), len(verzoek.afschriften) + 1
        made = await self._written(verzoek, gezien, number, now)
        row = {
            "inzageverzoek": verzoek.id,
            "nummer": number,
            "getoond": len(made.regels),
            "uitgesteld": len(gezien) - len(made.regels),
            "sha256": made.sha256,
        }
        who = {"door": beller.gebruiker, "organisatie": beller.organisatie, "op": now}

        async def work(tx: Tx) -> None:
            # Read again here: what was decided since must not slip through.
            there = await tx.uitstellen.of([each.handeling.kenmerk for each in gezien])
            if any(uitstel.waits(now) for uitstel in there):
                raise ConflictError("Er wacht nog een voorstel tot uitstel op een besluit.")
            if there != sorted(_uitstellen(gezien), key=lambda each: (each.op, each.id)):
                raise ConflictError("Er is zojuist over een uitstel besloten. Probeer het opnieuw.")
            await tx.inzageverzoeken.add_copy({**row, **who})

        await self.keeper.change(beller, "afschrift-gemaakt", row, work)
        return made

    async def earlier_copy(self, inzageverzoek: str, nummer: int) -> Afschrift:
        """Write a copy again, exactly as it was made.

        Raises:
            ConflictError: What it rests on is no longer the same.
            NotFoundError: There is no such copy.
        """
        verzoek = await self.get(inzageverzoek)
        row = next((row for row in verzoek.afschriften if row["nummer"] == nummer), None)
        if row is None:
            raise NotFoundError("Dit afschrift bestaat niet.")
        made = await self._written(verzoek, await self._all(verzoek), nummer, row["op"])
        if made.sha256 != row["sha256"]:
            raise ConflictError(_GONE)
        return made

    async def proofs(self, indexes: Sequence[int]) -> tuple[Receipt, ...]:
        """Return the receipts of these lines."""
        return await reading(lambda: tuple(self.log.receipt(index) for index in sorted(indexes)))

    async def _written(
        self, verzoek: Inzageverzoek, gezien: Sequence[Gezien], number: int, moment: dt.datetime
    ) -> Afschrift:
        names = await self.keeper.read(lambda tx: tx.organisaties.list())
        return copies.write(
            copies.Kop(
                inzageverzoek=verzoek.id,
                nummer=number,
                gemaakt_op=moment,
                ontvangen_op=verzoek.ontvangen_op,
                uiterlijk=verzoek.uiterlijk,
                van=verzoek.van,
                grootte=verzoek.grootte,
            ),
            [each.handeling for each in gezien if not each.withheld(moment)],
            namen={row["id"]: row["naam"] for row in names},
            regels=self.regels,
        )

    async def _all(self, verzoek: Inzageverzoek) -> tuple[Gezien, ...]:
        lines = await self.zoeker.all(Zoekvraag(sleutel=verzoek.sleutel), bound=verzoek.grootte)

        async def work(tx: ReadTx) -> tuple[Gezien, ...]:
            handelingen = await collect(tx, lines, verzoek.van)
            found: dict[str, list[Uitstel]] = {each.kenmerk: [] for each in handelingen}
            for uitstel in await tx.uitstellen.of(list(found)):
                found[uitstel.handeling].append(uitstel)
            return tuple(
                Gezien(handeling=each, uitstellen=tuple(found[each.kenmerk]))
                for each in handelingen
            )

        return await self.keeper.read(work)

    async def _own(self, gezien: Sequence[Gezien], only: str) -> tuple[Gezien, ...]:
        """Return what this organisatie asked or was asked, and what was done in its zaken."""
        now = instant(self.clock.now().isoformat())
        names = {
            each.handeling.zaak
            for each in gezien
            if each.handeling.soort != VRAAG and each.handeling.zaak
        }

        async def work(tx: ReadTx) -> set[str]:
            zaken = [await tx.zaken.get(name) for name in sorted(names)]
            return {zaak["id"] for zaak in zaken if works_in(zaak, only, now)}

        works = await self.keeper.read(work)
        seen: Callable[[Handeling], bool] = lambda each: (  # noqa: E731 - two ways in
            each.concerns(only) or (each.soort != VRAAG and each.zaak in works)
        )
        return tuple(each for each in gezien if seen(each.handeling))

    def _shape(
        self, row: Mapping[str, Any], afschriften: Sequence[Mapping[str, Any]]
    ) -> Inzageverzoek:
        received = instant(row["ontvangen_op"].isoformat())
        return Inzageverzoek(
            **row,
            uiterlijk=kalender.day_of(_shifted(received, self.regels.antwoord.duur, 1)),
            afschriften=tuple(afschriften),
        )


def _uitstellen(gezien: Sequence[Gezien]) -> list[Uitstel]:
    return [uitstel for each in gezien for uitstel in each.uitstellen]


def _shifted(moment: int, duur: str, sign: int) -> int:
    term = parse_duration(duur)
    shift = Duur(months=sign * term.months, days=sign * term.days)
    return kalender.later(moment, shift, past_calendar=moment)
