"""Where an uitstel stands: two people, a day on which it ends, and a release."""

import datetime as dt
from dataclasses import replace

import pytest

from broker.domain.uitstel import Uitstel, Uitstelbesluit, Uitstelstand, Uitstelstap
from broker.errors import ConflictError

NOW = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
PROPOSED = Uitstel(
    id="u-1",
    inzageverzoek="iv-1",
    handeling="v-1/1",
    grond="uavg-41-1-d",
    reden="Het onderzoek loopt nog.",
    tot=None,
    door="fg-1",
    organisatie="riec-nh",
    op=NOW,
)


def after(besluit: Uitstelbesluit, days: int, uitstel: Uitstel = PROPOSED) -> Uitstel:
    """Return the uitstel with one more step, so many days later, of somebody else."""
    stap = Uitstelstap(
        nummer=len(uitstel.stappen) + 1,
        besluit=besluit,
        door="pw-1",
        organisatie="nla",
        op=NOW + days * DAY,
        toelichting=None,
    )
    return replace(uitstel, stappen=(*uitstel.stappen, stap))


def test_proposal_withholds_nothing_and_waits() -> None:
    """What one person proposes holds nothing back, and no copy is made until it is decided."""
    assert not PROPOSED.withholds(NOW)
    assert PROPOSED.waits(NOW)
    assert not PROPOSED.waits(NOW - DAY)


def test_granted_withholds_until_its_release() -> None:
    """From the decision to the release it is withheld, at every moment in between."""
    uitstel = after(Uitstelbesluit.VRIJGEGEVEN, 10, after(Uitstelbesluit.VERLEEND, 1))
    told = [uitstel.withholds(NOW + n * DAY) for n in (0, 1, 9, 10, 11)]

    assert told == [False, True, True, False, False]
    assert uitstel.stand(NOW + 11 * DAY) is Uitstelstand.VRIJGEGEVEN


def test_granted_until_a_day_ends_by_itself() -> None:
    """From the day that was named on, in Amsterdam, it holds nothing back."""
    uitstel = replace(after(Uitstelbesluit.VERLEEND, 0), tot="2026-12-01")
    midnight = dt.datetime(2026, 11, 30, 23, tzinfo=dt.UTC)

    assert uitstel.withholds(midnight - dt.timedelta(seconds=1))
    assert not uitstel.withholds(midnight)
    assert uitstel.stand(midnight) is Uitstelstand.VERLOPEN


def test_turned_down_withholds_nothing() -> None:
    """What was turned down is told."""
    uitstel = after(Uitstelbesluit.AFGEWEZEN, 1)

    assert not uitstel.withholds(NOW + DAY)
    assert not uitstel.waits(NOW + DAY)


def test_who_proposed_only_takes_it_back() -> None:
    """A second person grants it; who proposed it can turn it down and nothing else."""
    with pytest.raises(ConflictError, match="zelf"):
        PROPOSED.may_be_decided(Uitstelbesluit.VERLEEND, door="fg-1", moment=NOW)
    PROPOSED.may_be_decided(Uitstelbesluit.AFGEWEZEN, door="fg-1", moment=NOW)
    PROPOSED.may_be_decided(Uitstelbesluit.VERLEEND, door="pw-1", moment=NOW)


def test_decided_once_and_released_only_while_it_withholds() -> None:
    """A decision stands, and only what withholds is released."""
    granted = after(Uitstelbesluit.VERLEEND, 0)
    with pytest.raises(ConflictError, match="al besloten"):
        granted.may_be_decided(Uitstelbesluit.AFGEWEZEN, door="pw-2", moment=NOW)
    with pytest.raises(ConflictError, match="houdt niets tegen"):
        PROPOSED.may_be_released(NOW)
    granted.may_be_released(NOW)
