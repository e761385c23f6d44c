"""Change of the rules under control: proposed, tested, approved by another, taken into use.

Every step is a line in the log and a row in the store, the line first. Nothing that was used is
ever changed or removed, so that an old besluit can be computed again.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from broker.decision.gedateerd import herschreven
from broker.decision.regelset import Regelfout, Regelset, RegisterError
from broker.domain.kalender import day_of, instant
from broker.domain.ports import Clock
from broker.domain.regelversie import Regelversie, Stap, Status
from broker.errors import ConflictError, DecisionError, ForbiddenError, Fout, InvalidInputError
from broker.services.beproeving import Progress, compare
from broker.services.caller import Beller, Functie
from broker.services.handtekening import Handtekening
from broker.services.keeper import Keeper
from broker.services.proefruimte import Proefruimte
from broker.services.regels import Regels
from broker.store import Store, Tx

SLUIS: Final = Beller(
    gebruiker="sluis", organisatie="sluis", deelnemer=None, functie=Functie.BEHEERDER
)
"""Who takes the first rules into use: at the first start there is nobody yet."""


class Regelversies:
    """Brings a version of the rules through its steps."""

    def __init__(
        self, *, store: Store, keeper: Keeper, regels: Regels, clock: Clock, sleutel: Handtekening
    ) -> None:
        self._store = store
        self._keeper = keeper
        self._regels = regels
        self._clock = clock
        self._sleutel = sleutel

    async def begin(self) -> None:
        """Take the rules that were shipped into use when nothing is in use yet.

        Raises:
            DecisionError: The rules in force cannot be loaded.
            RecordError: It could not be recorded.
        """
        shipped = self._regels.geleverd

        async def work(tx: Tx) -> None:
            if await tx.regelversies.in_werking() is not None:
                raise ConflictError  # another node was first
            if await tx.regelversies.archief(shipped.digest) is None:
                await tx.regelversies.insert(shipped.digest, shipped.to_archive())
            await self._add(tx, shipped.digest, Stap.IN_WERKING, None, {"eerste": True})

        if await self._regels.in_werking() is None:
            payload = {"regelversie": shipped.digest, "eerste": True}
            with contextlib.suppress(ConflictError):
                await self._keeper.change(SLUIS, "regelversie-in-werking", payload, work)
        await self._regels.now()

    async def get(self, digest: str) -> Regelversie:
        """Return one version.

        Raises:
            NotFoundError: There is no such version.
        """
        return await self._keeper.read(lambda tx: tx.regelversies.get(digest))

    async def propose(
        self,
        beller: Beller,
        *,
        archief: bytes | None,
        reden: str,
        handtekening: str | None = None,
        correctie: bool = False,
    ) -> Regelversie:
        """Load a version at once, and keep it as a proposal; what is wrong is told in one go.

        Args:
            beller: Who proposes it.
            archief: The rule set as tar.gz; None for the one that this software came with.
            reden: Why.
            handtekening: The signature over its digest (`Handtekening`).
            correctie: It mends dated files that were wrong; else these do not change.

        Raises:
            InvalidInputError: With file, line and reason of everything that is wrong; nothing kept.
            ConflictError: It is there already.
            RecordError: It could not be recorded.
        """
        regelset = await self._loaded(archief, handtekening)
        digest = regelset.digest
        inhoud = {"reden": reden, **await self._corrected(regelset, correctie=correctie)}

        async def work(tx: Tx) -> None:
            there = await tx.regelversies.find(digest)
            if there is None:
                await tx.regelversies.insert(digest, regelset.to_archive())
            else:
                there.may_be_proposed()
            await self._add(tx, digest, Stap.VOORGESTELD, beller, inhoud)

        return await self._change(beller, Stap.VOORGESTELD, digest, inhoud, work)

    async def test(
        self,
        beller: Beller,
        digest: str,
        *,
        van: dt.datetime | None = None,
        tot: dt.datetime | None = None,
        progress: Progress | None = None,
    ) -> Regelversie:
        """Decide recorded dossiers with the version in force and with this one; keep what differs.

        Args:
            beller: Who tests.
            digest: The version.
            van: From this moment on; None from the first besluit.
            tot: Before this moment; None to the last.
            progress: Called now and then with how many are done.

        Raises:
            ConflictError: It is in force or closed, or the version in force changed meanwhile.
            DecisionError: One of the two cannot be loaded, or asks too much time or memory.
            RecordError: It could not be recorded.
        """
        (await self.get(digest)).may_be_tested()
        tegen = await self._regels.in_werking()
        old, new = await self._regels.regelset(tegen), await self._regels.regelset(digest)
        async with Proefruimte.open() as ruimte:
            turn = partial(ruimte.compare, old.to_archive(), new.to_archive())
            found = await compare(self._store, turn, (van, tot), progress)
        inhoud = {"tegen": tegen, "van": _text(van), "tot": _text(tot), **found.view()}

        async def work(tx: Tx) -> None:
            (await tx.regelversies.get(digest)).may_be_tested()
            if await tx.regelversies.in_werking() != tegen:
                raise ConflictError("Tijdens de beproeving zijn andere regels in werking getreden.")
            await self._add(tx, digest, Stap.BEPROEFD, beller, inhoud)

        brief = {"tegen": tegen, "aantal": found.aantal, "anders": found.anders}
        return await self._change(beller, Stap.BEPROEFD, digest, brief, work)

    async def approve(self, beller: Beller, digest: str, advies: Mapping[str, Any]) -> Regelversie:
        """Approve a version that was tested on the present data.

        Args:
            beller: Who approves: not the proposer, and as beheerder not of the same organisatie.
            digest: The version.
            advies: The reference of the rechtmatigheidsadviescommissie (`kenmerk`, `datum`), or
                `afwijking`: why is deviated from it (BGS 1.13(6)).

        Raises:
            ConflictError: It was not tested so, or this is its proposer.
            ForbiddenError: A beheerder of the organisatie that proposed it.
            InvalidInputError: The advice is of a day to come.
            RecordError: It could not be recorded.
        """
        datum = (advies.get("advies") or {}).get("datum")
        if datum is not None and instant(datum) > instant(self._clock.now().isoformat()):
            melding = "De datum van het advies ligt in de toekomst."
            raise InvalidInputError(melding, [Fout(pointer="/advies/datum", melding=melding)])

        async def work(tx: Tx) -> None:
            versie = await tx.regelversies.get(digest)
            tegen = await tx.regelversies.in_werking()
            versie.may_be_approved(door=beller.gebruiker, tegen=tegen, now=self._clock.now())
            proposed = versie.last(Stap.VOORGESTELD)
            same = proposed is not None and proposed.organisatie == beller.organisatie
            if same and beller.functie is Functie.BEHEERDER:
                raise ForbiddenError(
                    "Een beheerder van de organisatie die dit voorstelde, mag het niet goedkeuren."
                )
            await self._add(tx, digest, Stap.GOEDGEKEURD, beller, dict(advies))

        return await self._change(beller, Stap.GOEDGEKEURD, digest, advies, work)

    async def close(self, beller: Beller, digest: str, stap: Stap, reden: str) -> Regelversie:
        """Turn a version down (`afgewezen`), or take it back (`ingetrokken`).

        Raises:
            ConflictError: It is or was in force, or was closed already.
            RecordError: It could not be recorded.
        """

        async def work(tx: Tx) -> None:
            (await tx.regelversies.get(digest)).may_be_closed()
            await self._add(tx, digest, stap, beller, {"reden": reden})

        return await self._change(beller, stap, digest, {"reden": reden}, work)

    async def take_into_use(self, beller: Beller, digest: str) -> Regelversie:
        """Let a version decide from now on, on every node: one row, after its line in the log.

        Taking an earlier version into use again goes the same way.

        Raises:
            ConflictError: It is not approved, was not tested against the version in force, or
                rewrites law that the proposal did not call a correction.
            DecisionError: It cannot be loaded here; the version in force stays.
            RecordError: It could not be recorded; the version in force stays.
        """
        tegen = await self._regels.in_werking()
        versie = await self.get(digest)
        versie.may_come_into_force(tegen=tegen)
        await self._regels.of(digest)
        await self._still_as_proposed(versie)
        inhoud = {"vervangt": tegen}

        async def work(tx: Tx) -> None:
            # Tested against what is in force means: against what this one says it replaces.
            (await tx.regelversies.get(digest)).may_come_into_force(tegen=tegen)
            if await tx.regelversies.in_werking() != tegen:
                raise ConflictError("Zojuist zijn andere regels in werking getreden.")
            await self._add(tx, digest, Stap.IN_WERKING, beller, inhoud)

        return await self._change(beller, Stap.IN_WERKING, digest, inhoud, work)

    async def list(self) -> list[Regelversie]:
        """Return all versions, in the order in which they were first proposed."""
        return await self._keeper.read(lambda tx: tx.regelversies.list())

    async def _loaded(self, archief: bytes | None, handtekening: str | None) -> Regelset:
        """Return the rule set, once it was seen to load; nothing unsigned is even tried."""
        try:
            if archief is None:
                regelset = self._regels.geleverd
            else:
                regelset = await asyncio.to_thread(Regelset.from_archive, archief)
                self._sleutel.check(regelset.digest, handtekening)
                async with Proefruimte.open() as ruimte:
                    await ruimte.load(archief)
            await self._regels.load(regelset)
        except RegisterError as error:
            fouten = [Fout(pointer="/archief", melding=str(fout)) for fout in error.fouten]
            raise InvalidInputError("Deze regelversie is niet te laden.", fouten) from None
        except DecisionError as error:
            raise InvalidInputError(
                str(error), [Fout(pointer="/archief", melding=str(error))]
            ) from None
        return regelset

    async def _corrected(self, regelset: Regelset, *, correctie: bool) -> dict[str, Any]:
        """Return which dated files this rule set rewrites: none, unless that is the intention.

        Raises:
            InvalidInputError: Some, and it is no correction.
        """
        fouten = await self._rewritten(regelset)
        if fouten and not correctie:
            raise InvalidInputError(
                "De wet van dagen die voorbij zijn, verandert niet: maak een bestand met een "
                "latere datum. Was het fout, meld dan dat dit een correctie is.",
                [Fout(pointer="/archief", melding=str(fout)) for fout in fouten],
            )
        return {"gecorrigeerd": [fout.bestand for fout in fouten]} if fouten else {}

    async def _still_as_proposed(self, versie: Regelversie) -> None:
        """Refuse to rewrite what the proposal did not name: days go by, and so do other rules.

        The way back to rules that were in force before is open.

        Raises:
            ConflictError: It does.
        """
        proposed = versie.last(Stap.VOORGESTELD)
        if proposed is None or versie.status is Status.VERVANGEN:
            return
        fouten = await self._rewritten(await self._regels.regelset(versie.digest))
        named = proposed.inhoud.get("gecorrigeerd", ())
        if files := [fout.bestand for fout in fouten if fout.bestand not in named]:
            raise ConflictError(
                "Deze regels veranderen nu de wet van dagen die voorbij zijn, en zo zijn ze niet"
                f" voorgesteld: {', '.join(files)}. Trek ze in en stel ze voor als correctie."
            )

    async def _rewritten(self, regelset: Regelset) -> Sequence[Regelfout]:
        """Return which files of a rule set tell otherwise of days that have come."""
        now = await self._regels.regelset(await self._regels.in_werking())
        vandaag = day_of(instant(self._clock.now().isoformat()))
        return await asyncio.to_thread(herschreven, now, regelset, vandaag)

    async def _change(
        self,
        beller: Beller,
        stap: Stap,
        digest: str,
        told: Mapping[str, Any],
        work: Callable[[Tx], Awaitable[None]],
    ) -> Regelversie:
        """Make one step, and its line in the log."""
        payload = {"regelversie": digest, **told}
        await self._keeper.change(beller, f"regelversie-{stap}", payload, work)
        return await self.get(digest)

    async def _add(
        self,
        tx: Tx,
        digest: str,
        stap: Stap,
        beller: Beller | None,
        inhoud: Mapping[str, Any],
    ) -> None:
        await tx.regelversies.add(
            digest,
            stap,
            door=beller.gebruiker if beller else None,
            organisatie=beller.organisatie if beller else None,
            op=self._clock.now(),
            inhoud=inhoud,
        )


def _text(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
