"""Zaken, of whatever soort and samenwerkingsverband, with all that belongs to one."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.domain.kalender import instant
from broker.errors import ConflictError, Fout, InvalidInputError, NotFoundError
from broker.store.clear_text import refuse_bsn
from broker.store.columns import Rij, Velden
from broker.store.models import (
    FasebesluitRow,
    SignaalRow,
    VerlengingRow,
    ZaakDeelnemerRow,
    ZaakRow,
)

_PLAIN: Final = (
    "id",
    "soort",
    "riec",
    "verband",
    "status",
    "vastgesteld_op",
    "vastgesteld_door",
    "beeindigd_op",
    "verschijnselen",
    "fase",
    "onderzoekstermijn",
    "max_betrokkenen",
)
_LIMITS: Final = ("gebieden", "branches", "signalen")
_BESIDE: Final = ("titel", "beschrijving")
_GROUPS: Final = (
    "looptijd",
    "reikwijdte",
    "signaal",
    "verlengingen",
    "fasebesluiten",
    "deelnemers",
)
UNKNOWN: Final = "Deze zaak bestaat niet."
ENDED: Final = "Deze zaak is al beëindigd."

Deel = type[VerlengingRow] | type[FasebesluitRow] | type[ZaakDeelnemerRow]


class Zaken:
    """The zaken within one unit of work.

    A zaak has the shape of the contract, with `titel`, `beschrijving` (free facts and where they
    stand) and, on the way out, `versie` beside it.
    """

    __slots__ = ("_conn",)

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def get(self, zaak: str) -> Rij:
        """Return one zaak with all its parts.

        Raises:
            NotFoundError: There is no such zaak.
        """
        facts = await zaak_facts(self._conn, zaak)
        wanted = select(ZaakRow.titel, ZaakRow.beschrijving, ZaakRow.versie).where(
            ZaakRow.id == zaak
        )
        row = (await self._conn.execute(wanted)).mappings().one_or_none()
        if facts is None or row is None:
            raise NotFoundError(UNKNOWN)
        return facts | _known(row)

    async def insert(self, zaak: Mapping[str, Any]) -> None:
        """Record a new zaak with its parts.

        Its `signaal` was reported before, without a zaak; only the `id` is taken from it here.

        Raises:
            InvalidInputError: A member that no zaak has, or a BSN in a text.
        """
        allowed = {*_PLAIN, *_BESIDE, *_GROUPS}
        if unknown := sorted(zaak.keys() - allowed):
            raise InvalidInputError(
                fouten=[
                    Fout(pointer=f"/{name}", melding="Dit kent een zaak niet.") for name in unknown
                ]
            )
        refuse_bsn(zaak)
        columns = _columns(zaak)
        await self._conn.execute(insert(ZaakRow).values(columns))
        # A signaal comes first, and learns here to which zaak it led.
        await self._conn.execute(
            update(SignaalRow)
            .where(SignaalRow.id == columns["signaal_id"], SignaalRow.zaak.is_(None))
            .values(zaak=zaak["id"])
        )
        parts: tuple[tuple[str, Deel], ...] = (
            ("verlengingen", VerlengingRow),
            ("fasebesluiten", FasebesluitRow),
            ("deelnemers", ZaakDeelnemerRow),
        )
        for name, table in parts:
            rows = [
                # Every row names every column, so that one statement fits all.
                {column: part.get(column) for column in _part_columns(table)}
                | {"zaak": zaak["id"], "nummer": number}
                for number, part in enumerate(zaak.get(name) or (), start=1)
            ]
            if rows:
                await self._conn.execute(insert(table), rows)

    async def list(
        self,
        *,
        organisatie: str | None = None,
        riec: str | None = None,
        after: str = "",
        limit: int = 50,
    ) -> list[Rij]:
        """Return zaken in brief, in the order of their ids.

        Args:
            organisatie: Only zaken in which this organisatie has or had a place.
            riec: Only zaken that this samenwerkingsverband runs.
            after: The last id of the page before.
            limit: The most to return.
        """
        brief = (*_PLAIN[:8], *_BESIDE[:1], "versie")
        wanted = select(*(getattr(ZaakRow, name) for name in brief)).where(ZaakRow.id > after)
        if organisatie is not None:
            own = select(ZaakDeelnemerRow.zaak).where(ZaakDeelnemerRow.organisatie == organisatie)
            wanted = wanted.where(ZaakRow.id.in_(own))
        if riec is not None:
            wanted = wanted.where(ZaakRow.riec == riec)
        rows = await self._conn.execute(wanted.order_by(ZaakRow.id).limit(limit))
        return [_known(row) for row in rows.mappings()]

    async def establish(self, zaak: str, *, op: str, door: str) -> None:
        """Record that a proposed zaak was designated (WGS 2.23).

        Raises:
            NotFoundError: There is no such zaak.
            ConflictError: It was designated or ended already.
        """
        if await touch(self._conn, zaak) != "voorgesteld":
            raise ConflictError("Deze zaak is al vastgesteld of beëindigd.")
        await self._set(zaak, status="vastgesteld", vastgesteld_op=op, vastgesteld_door=door)

    async def extend(self, zaak: str, *, besluit_op: str) -> None:
        """Record a decision to extend the term. Whether it counts is for the decision to judge.

        Raises:
            NotFoundError: There is no such zaak.
            ConflictError: The zaak has ended, or this decision is there already.
        """
        await self._touch_open(zaak)
        await self._add(VerlengingRow, zaak, besluit_op=besluit_op)

    async def end(self, zaak: str, *, op: str, nu: str | None = None) -> None:
        """End a zaak, at a date or a moment, which may lie ahead.

        An end that lies ahead can be brought forward; it never moves later.

        Args:
            zaak: Which zaak.
            op: When it ends.
            nu: The moment of the change; an end before it has passed. Without it: `op`.

        Raises:
            NotFoundError: There is no such zaak.
            ConflictError: It was ended already, and not after `op` and `nu`.
        """
        if await touch(self._conn, zaak) == "beeindigd":
            wanted = select(ZaakRow.beeindigd_op).where(ZaakRow.id == zaak)
            if not _ahead((await self._conn.execute(wanted)).scalar_one(), op, nu):
                raise ConflictError(ENDED)
        await self._set(zaak, status="beeindigd", beeindigd_op=op)

    async def decide_phase(self, zaak: str, *, fase: int, besluit_op: str, noodzaak: str) -> None:
        """Record a decision to enter a phase (WGS 2.23(6)); the zaak never falls back.

        Raises:
            NotFoundError: There is no such zaak.
            ConflictError: The zaak has ended.
            InvalidInputError: A BSN stands in the text.
        """
        refuse_bsn(noodzaak, "/noodzaak")
        await self._touch_open(zaak)
        await self._add(FasebesluitRow, zaak, fase=fase, besluit_op=besluit_op, noodzaak=noodzaak)
        now = await self._conn.execute(select(ZaakRow.fase).where(ZaakRow.id == zaak))
        await self._set(zaak, fase=max(now.scalar_one() or 1, fase))

    async def add_deelnemer(self, zaak: str, deelnemer: Mapping[str, Any]) -> None:
        """Name a partner: `organisatie`, `deelnemer`, `rol`, `vanaf` and perhaps `tot`.

        Raises:
            NotFoundError: There is no such zaak.
            ConflictError: The zaak has ended, the partner is in it now, or is no such deelnemer.
        """
        await self._touch_open(zaak)
        places = await self._places(zaak, deelnemer["organisatie"], deelnemer["deelnemer"])
        if any(end is None for _, end in places):
            raise ConflictError("Deze deelnemer is al bij de zaak betrokken.")
        await self._add(ZaakDeelnemerRow, zaak, **deelnemer)

    async def end_deelnemer(
        self, zaak: str, *, organisatie: str, deelnemer: str, tot: str, nu: str | None = None
    ) -> None:
        """Record until when a partner takes part; also in a zaak that has ended.

        An end that lies ahead of `tot` and of `nu` can be brought forward; it never moves later.

        Raises:
            NotFoundError: There is no such zaak, or no such partner in it now.
        """
        await touch(self._conn, zaak)
        places = [
            number
            for number, end in await self._places(zaak, organisatie, deelnemer)
            if end is None or _ahead(end, tot, nu)
        ]
        if not places:
            raise NotFoundError("Deze deelnemer is niet bij de zaak betrokken.")
        await self._conn.execute(
            update(ZaakDeelnemerRow)
            .where(ZaakDeelnemerRow.zaak == zaak, ZaakDeelnemerRow.nummer.in_(places))
            .values(tot=tot)
        )

    async def _touch_open(self, zaak: str) -> None:
        """Take the zaak for a change that makes no sense once it has ended."""
        if await touch(self._conn, zaak) == "beeindigd":
            raise ConflictError(ENDED)

    async def _set(self, zaak: str, **values: object) -> None:
        """Change columns of the zaak itself; it is touched already."""
        await self._conn.execute(update(ZaakRow).where(ZaakRow.id == zaak).values(**values))

    async def _add(self, table: Deel, zaak: str, **values: object) -> None:
        """Add a part behind the parts that are there; the touched zaak keeps others waiting."""
        last = select(func.coalesce(func.max(table.nummer), 0)).where(table.zaak == zaak)
        number = (await self._conn.execute(last)).scalar_one() + 1
        await self._conn.execute(insert(table).values(zaak=zaak, nummer=number, **values))

    async def _places(
        self, zaak: str, organisatie: str, deelnemer: str
    ) -> Sequence[tuple[int, str | None]]:
        """Return the numbers of the rows of a partner, each with its end."""
        rows = await self._conn.execute(
            select(ZaakDeelnemerRow.nummer, ZaakDeelnemerRow.tot).where(
                ZaakDeelnemerRow.zaak == zaak,
                ZaakDeelnemerRow.organisatie == organisatie,
                ZaakDeelnemerRow.deelnemer == deelnemer,
            )
        )
        return [(row.nummer, row.tot) for row in rows]


async def touch(conn: AsyncConnection, zaak: str) -> str:
    """Raise the version of a zaak and return its status.

    Goes before every change: it makes the copies in memory of all nodes stale, and on PostgreSQL
    it holds the row, so that changes of one zaak come one after the other.

    Raises:
        NotFoundError: There is no such zaak.
    """
    status = await conn.execute(
        update(ZaakRow)
        .where(ZaakRow.id == zaak)
        .values(versie=ZaakRow.versie + 1)
        .returning(ZaakRow.status)
    )
    found = status.scalar_one_or_none()
    if found is None:
        raise NotFoundError(UNKNOWN)
    return found


async def zaak_facts(conn: AsyncConnection, zaak: str) -> Rij | None:
    """Return a zaak in exactly the shape of the contract, or None when there is none."""
    wanted = (
        select(ZaakRow, SignaalRow.status.label("signaal_status"))
        .select_from(ZaakRow)
        .outerjoin(SignaalRow, SignaalRow.id == ZaakRow.signaal_id)
        .where(ZaakRow.id == zaak)
    )
    row = (await conn.execute(wanted)).mappings().one_or_none()
    if row is None:
        return None
    groups = {
        "looptijd": {
            "duur": row["looptijd_duur"],
            "verlengingen_max": row["verlengingen_max"],
            "totaal_max": row["totaal_max"],
        },
        "signaal": {"id": row["signaal_id"], "status": row["signaal_status"]},
        "reikwijdte": {name: row[name] for name in _LIMITS},
    }
    facts = _known({name: row[name] for name in _PLAIN})
    facts |= {name: known for name, group in groups.items() if (known := _known(group))}
    facts["verlengingen"] = await _parts(conn, VerlengingRow, zaak)
    facts["fasebesluiten"] = await _parts(conn, FasebesluitRow, zaak)
    facts["deelnemers"] = await _parts(conn, ZaakDeelnemerRow, zaak)
    return facts


async def _parts(conn: AsyncConnection, table: Deel, zaak: str) -> list[Rij]:
    """Return the parts of one kind, in the order in which they were recorded."""
    columns = [getattr(table, name) for name in _part_columns(table)]
    wanted = select(*columns).where(table.zaak == zaak).order_by(table.nummer)
    return [_known(row) for row in (await conn.execute(wanted)).mappings()]


def _part_columns(table: Deel) -> list[str]:
    """Name the columns of a part that the contract knows."""
    return [
        name
        for name in [column.name for column in table.__table__.columns]
        if name not in {"zaak", "nummer"}
    ]


def _columns(zaak: Mapping[str, Any]) -> Rij:
    """Lay a zaak of the contract out over the columns of its table."""
    looptijd: Mapping[str, Any] = zaak.get("looptijd") or {}
    reikwijdte: Mapping[str, Any] = zaak.get("reikwijdte") or {}
    return {
        **{name: zaak.get(name) for name in (*_PLAIN, *_BESIDE)},
        **{name: reikwijdte.get(name) for name in _LIMITS},
        "looptijd_duur": looptijd.get("duur"),
        "verlengingen_max": looptijd.get("verlengingen_max"),
        "totaal_max": looptijd.get("totaal_max"),
        "signaal_id": (zaak.get("signaal") or {}).get("id"),
        "versie": 1,
    }


def _ahead(end: str | None, op: str, nu: str | None) -> bool:
    """Tell whether this recorded end comes after the new one, and after now."""
    return end is not None and instant(end) > max(instant(op), instant(nu or op))


def _known(facts: Velden) -> Rij:
    """Leave out what is unknown: the contract reads absent and null alike."""
    return {name: fact for name, fact in facts.items() if fact is not None}
