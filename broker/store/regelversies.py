"""Regelversies: every version of the rules that was proposed, and its steps. Insert-only.

The version in force is that of the newest step `in-werking`: one new row changes it, for all
nodes, at the moment that its unit of work commits.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ScalarSelect, Select, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.domain.regelversie import Regelstap, Regelversie, Stap
from broker.errors import NotFoundError
from broker.store.columns import Velden
from broker.store.models import RegelstapRow, RegelversieRow


def in_force() -> ScalarSelect[str]:
    """Select the digest in force, to stand within another query."""
    return (
        select(RegelstapRow.regelversie)
        .where(RegelstapRow.stap == Stap.IN_WERKING.value)
        .order_by(RegelstapRow.nummer.desc())
        .limit(1)
        .scalar_subquery()
    )


_IN_FORCE: Final = select(in_force())
_STEPS: Final = select(RegelstapRow).order_by(RegelstapRow.nummer)


class Regelversies:
    """The versions of the rules within one unit of work."""

    __slots__ = ("_conn",)

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def insert(self, digest: str, archief: bytes) -> None:
        """Keep the content of a version; a double is a `ConflictError`."""
        await self._conn.execute(insert(RegelversieRow).values(id=digest, archief=archief))

    async def add(
        self,
        digest: str,
        stap: Stap,
        *,
        door: str | None,
        organisatie: str | None,
        op: dt.datetime,
        inhoud: Mapping[str, Any],
    ) -> None:
        """Add a step. Two at once get the same number, so that the later one is a ConflictError."""
        last = (await self._conn.execute(select(func.max(RegelstapRow.nummer)))).scalar_one()
        await self._conn.execute(
            insert(RegelstapRow).values(
                nummer=(last or 0) + 1,
                regelversie=digest,
                stap=stap.value,
                door=door,
                organisatie=organisatie,
                op=op,
                inhoud=dict(inhoud),
            )
        )

    async def in_werking(self) -> str | None:
        """Return the digest of the version in force, or None in a store that is still empty."""
        found: str | None = (await self._conn.execute(_IN_FORCE)).scalar_one()
        return found

    async def archief(self, digest: str) -> bytes | None:
        """Return the content of a version (`Regelset.from_archive` reads it), or None."""
        wanted = select(RegelversieRow.archief).where(RegelversieRow.id == digest)
        return (await self._conn.execute(wanted)).scalar_one_or_none()

    async def find(self, digest: str) -> Regelversie | None:
        """Return a version with its steps, or None."""
        found = await self._versions(_STEPS.where(RegelstapRow.regelversie == digest))
        return found[0] if found else None

    async def get(self, digest: str) -> Regelversie:
        """Return a version with its steps.

        Raises:
            NotFoundError: There is no such version.
        """
        found = await self.find(digest)
        if found is None:
            raise NotFoundError("Deze regelversie bestaat niet.")
        return found

    async def _versions(self, wanted: Select[*tuple[Any, ...]]) -> list[Regelversie]:
        steps: dict[str, list[Regelstap]] = {}
        for row in (await self._conn.execute(wanted)).mappings():
            steps.setdefault(row["regelversie"], []).append(_step(row))
        now = await self.in_werking()
        return [
            Regelversie(digest=digest, stappen=tuple(each), in_werking=digest == now)
            for digest, each in steps.items()
        ]

    async def list(self) -> list[Regelversie]:
        """Return all versions, in the order in which they were first proposed."""
        return await self._versions(_STEPS)


def _step(row: Velden) -> Regelstap:
    return Regelstap(
        nummer=row["nummer"],
        stap=Stap(row["stap"]),
        door=row["door"],
        organisatie=row["organisatie"],
        op=row["op"],
        inhoud=row["inhoud"],
    )
