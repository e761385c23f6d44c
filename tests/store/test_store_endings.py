"""An end that lies ahead can be brought forward, never moved later; tokens end all at once."""

import datetime as dt

import pytest

from broker.errors import ConflictError, NotFoundError
from broker.store import Store
from tests.store.store_world import NOW

NU = "2026-11-20T10:00:00+01:00"
HOUR = dt.timedelta(hours=1)


async def test_end_ahead_is_brought_forward(store: Store) -> None:
    """A zaak that would end next year can end now; then its end has passed and stays."""
    async with store.begin() as tx:
        await tx.zaken.end("hhk-2026", op="2027-01-01")
        for later in ("2027-01-01", "2027-01-02"):
            with pytest.raises(ConflictError, match="al beëindigd"):
                await tx.zaken.end("hhk-2026", op=later, nu=NU)
        await tx.zaken.end("hhk-2026", op=NU, nu=NU)
        with pytest.raises(ConflictError, match="al beëindigd"):
            await tx.zaken.end("hhk-2026", op="2026-11-01", nu=NU)
        found = await tx.zaken.get("hhk-2026")

    assert (found["status"], found["beeindigd_op"]) == ("beeindigd", NU)


async def test_place_with_an_end_ahead_ends_sooner(store: Store) -> None:
    """A partner who would leave next year can leave now; what has passed stays."""
    who = {"organisatie": "nla", "deelnemer": "nla"}
    async with store.begin() as tx:
        await tx.zaken.end_deelnemer("hhk-2026", **who, tot="2027-01-01")
        with pytest.raises(NotFoundError):
            await tx.zaken.end_deelnemer("hhk-2026", **who, tot="2027-01-02", nu=NU)
        await tx.zaken.end_deelnemer("hhk-2026", **who, tot=NU, nu=NU)
        with pytest.raises(NotFoundError):
            await tx.zaken.end_deelnemer("hhk-2026", **who, tot="2026-11-01", nu=NU)
        found = await tx.zaken.get("hhk-2026")

    assert found["deelnemers"][1]["tot"] == NU


async def test_all_tokens_of_a_person_are_taken_back(store: Store) -> None:
    """Every token that counts or will is taken back at once; a spent one is not counted."""
    async with store.begin() as tx:
        for name, begin in (("a", NOW), ("b", NOW + HOUR), ("c", NOW - HOUR)):
            await tx.toegang.issue(name, gebruiker="g-017", op=begin, geldig_tot=begin + HOUR)

        assert await tx.toegang.withdraw_all("g-017", op=NOW) == 2
        assert await tx.toegang.withdraw_all("g-017", op=NOW) == 0
        assert await tx.toegang.holder("a", moment=NOW) is None
        assert await tx.toegang.holder("b", moment=NOW + HOUR) is None
