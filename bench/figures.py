"""What is told of a series of durations."""

from collections.abc import Callable, Sequence
from statistics import median, quantiles
from time import perf_counter_ns
from typing import Final

Cijfers = dict[str, float]
_MICRO: Final = 1_000.0


def summary(nanoseconds: Sequence[int]) -> Cijfers:
    """Return p50, p95 and p99 in µs, and how many there were."""
    ordered = sorted(nanoseconds)
    parts = quantiles(ordered, n=100) if len(ordered) > 1 else ordered * 99
    # Of few there is no 99th of a hundred; more than the slowest was never seen.
    parts = [min(part, ordered[-1]) for part in parts]
    return {
        "n": len(ordered),
        "p50_us": round(median(ordered) / _MICRO, 1),
        "p95_us": round(parts[94] / _MICRO, 1),
        "p99_us": round(parts[98] / _MICRO, 1),
    }


def timed(count: int, work: Callable[[int], object]) -> tuple[list[int], float]:
    """Do the work `count` times in a row.

    Returns:
        The nanoseconds of each time, and the seconds of all together.
    """
    each = []
    began = perf_counter_ns()
    for number in range(count):
        start = perf_counter_ns()
        work(number)
        each.append(perf_counter_ns() - start)
    return each, (perf_counter_ns() - began) / 1e9
