"""A review sample: which questions are looked at again, and what the verdicts on them tell.

Anyone can draw it again. With the same startwaarde and the same lines of the log:

1. A question to a source that came to an end in the period is an eenheid; its name is the kenmerk
   that its lines share. Its stratum is who asked, how it ended, and which source was asked.
2. Its rank is HMAC-SHA-256 with the startwaarde as key and the kenmerk as message, both UTF-8.
   Lower goes before higher; equal ranks go by kenmerk.
3. Of N eenheden in H strata n are drawn: the size asked for, or all. With n >= H each stratum gets
   one, and the other n - H go by largest remainder over the sizes less one. With n < H all n go by
   largest remainder over the sizes. Equal remainders go to the stratum whose name comes first.
4. Of each stratum the lowest ranks are taken, and the whole sample is numbered by rank.
"""

import hmac
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from broker.errors import ConflictError

REVIEWERS: Final = 2
"""How many look at each eenheid, apart; when they differ one more decides."""
_Z: Final = 1.959963984540054
"""Of a two-sided interval of 95 %."""


class Oordeel(StrEnum):
    """What a reviewer says of one question."""

    RECHTMATIG = "rechtmatig"
    ONRECHTMATIG = "onrechtmatig"
    ONDUIDELIJK = "onduidelijk"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Stratum:
    """What eenheden have in common."""

    organisatie: str
    uitkomst: str
    herkomst: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Eenheid:
    """One question to one source that came to an end. `index` is the line that ended it."""

    kenmerk: str
    index: int
    stratum: Stratum

    def rank(self, startwaarde: str) -> tuple[bytes, str]:
        """Return what the sample is ordered by."""
        return hmac.digest(startwaarde.encode(), self.kenmerk.encode(), "sha256"), self.kenmerk


@dataclass(frozen=True, slots=True, kw_only=True)
class Steekproef:
    """What was drawn, in the order of its numbers, and from how many of each stratum."""

    eenheden: tuple[Eenheid, ...]
    omvang: Mapping[Stratum, int]


class Trekking:
    """Draws a sample from eenheden that come one by one; holds no more than may be drawn."""

    def __init__(self, startwaarde: str, omvang: int) -> None:
        self._startwaarde = startwaarde
        self._omvang = omvang
        self._sizes: dict[Stratum, int] = {}
        self._lowest: dict[Stratum, list[tuple[tuple[bytes, str], Eenheid]]] = {}

    def add(self, eenheid: Eenheid) -> None:
        """Take one eenheid into the population."""
        stratum = eenheid.stratum
        self._sizes[stratum] = self._sizes.get(stratum, 0) + 1
        kept = self._lowest.setdefault(stratum, [])
        kept.append((eenheid.rank(self._startwaarde), eenheid))
        if len(kept) >= 2 * self._omvang:
            self._cut(stratum, self._omvang)

    def draw(self) -> Steekproef:
        """Return the sample."""
        for stratum, count in allocate(self._omvang, self._sizes).items():
            self._cut(stratum, count)
        drawn = sorted(
            (each for kept in self._lowest.values() for each in kept), key=lambda e: e[0]
        )
        return Steekproef(
            eenheden=tuple(eenheid for _, eenheid in drawn),
            omvang=dict(sorted(self._sizes.items())),
        )

    def _cut(self, stratum: Stratum, count: int) -> None:
        kept = self._lowest[stratum]
        kept.sort(key=lambda each: each[0])
        del kept[count:]


def allocate(omvang: int, sizes: Mapping[Stratum, int]) -> dict[Stratum, int]:
    """Return how many are drawn of each stratum (step 3)."""
    strata = sorted(sizes)
    drawn = min(omvang, sum(sizes.values()))
    each = 1 if drawn >= len(strata) else 0
    shares = _largest_remainder(drawn - each * len(strata), [sizes[s] - each for s in strata])
    return {stratum: each + share for stratum, share in zip(strata, shares, strict=True)}


def _largest_remainder(count: int, sizes: Sequence[int]) -> list[int]:
    """Divide a count, at most their sum, over sizes; so none gets more than its size."""
    total = sum(sizes)
    if not total:
        return [0] * len(sizes)
    quotas = [Fraction(count * size, total) for size in sizes]
    shares = [math.floor(quota) for quota in quotas]
    by_remainder = sorted(range(len(sizes)), key=lambda n: (shares[n] - quotas[n], n))
    for n in by_remainder[: count - sum(shares)]:
        shares[n] += 1
    return shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Oordeelstap:
    """The verdict of one reviewer; `beurt` 1 and 2 look apart, 3 decides where they differ."""

    beurt: int
    oordeel: Oordeel
    door: str


def verdict(stappen: Sequence[Oordeelstap]) -> Oordeel | None:
    """Return what the reviewers came to, or None while one more must look."""
    found = [stap.oordeel for stap in sorted(stappen, key=lambda stap: stap.beurt)]
    if len(found) < REVIEWERS:
        return None
    if len(found) > REVIEWERS:
        return found[-1]
    return found[0] if found[0] is found[1] else None


def turn_of(door: str, stappen: Sequence[Oordeelstap]) -> int:
    """Return the turn in which this person may give a verdict.

    Raises:
        ConflictError: There is a verdict already, or this person gave one.
    """
    if verdict(stappen) is not None:
        raise ConflictError("Over deze eenheid is het oordeel al klaar.")
    if any(stap.door == door for stap in stappen):
        raise ConflictError("U hebt hier al over geoordeeld. Laat een ander kijken.")
    return len(stappen) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Of one stratum: how many there are, were drawn, and came to which verdict."""

    omvang: int
    getrokken: int
    rechtmatig: int = 0
    onrechtmatig: int = 0
    onduidelijk: int = 0

    @property
    def beoordeeld(self) -> int:
        """How many have a verdict."""
        return self.rechtmatig + self.onrechtmatig + self.onduidelijk

    @property
    def helder(self) -> int:
        """How many have a verdict that says yes or no."""
        return self.rechtmatig + self.onrechtmatig


@dataclass(frozen=True, slots=True, kw_only=True)
class Schatting:
    """Which share was unlawful: the estimate and its interval of 95 %; None while nobody knows.

    `dekking` is the share of the population that lies in strata with a clear verdict.
    """

    aandeel: float | None
    laag: float | None
    hoog: float | None
    dekking: float


def estimate(tellingen: Sequence[Telling]) -> Schatting:
    """Return the share of unlawful questions, each stratum weighed by its size.

    The interval is that of Wilson on the effective size of the sample (Kish): a stratum of which
    relatively few were looked at counts for its whole size, and so makes the interval wider.
    Verdicts that are unclear are left out; they are told beside the estimate.
    """
    known = [telling for telling in tellingen if telling.helder]
    population, covered = sum(t.omvang for t in tellingen), sum(t.omvang for t in known)
    if not covered:
        return Schatting(aandeel=None, laag=None, hoog=None, dekking=0.0)
    weights = [telling.omvang / covered for telling in known]
    share = math.fsum(w * t.onrechtmatig / t.helder for w, t in zip(weights, known, strict=True))
    size = 1 / math.fsum(w * w / t.helder for w, t in zip(weights, known, strict=True))
    laag, hoog = wilson(share, size)
    return Schatting(aandeel=share, laag=laag, hoog=hoog, dekking=covered / population)


def wilson(share: float, size: float) -> tuple[float, float]:
    """Return the bounds of Wilson's score interval of 95 %."""
    square = _Z * _Z
    middle = share + square / (2 * size)
    half = _Z * math.sqrt(share * (1 - share) / size + square / (4 * size * size))
    scale = 1 + square / size
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)
