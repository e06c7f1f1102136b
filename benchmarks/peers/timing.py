"""How times are taken: processor's time, both sides warm, in turn, and the ratio pair by pair.

Each pair is one call of the peer and one of the yardstick beside it, A B, B A, ...; a machine that is
busy or changes its clock slows both, and the median of the pairs' ratios moves little.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import attrs

UNIT = 0.02  # s: what is shorter is repeated so often that one timing takes about this long
BUDGET = 12.0  # s: one row of the table; slow peers are timed less often, at least once


def processor_time() -> float:
    """Give the processor's time of this process and of the children it has waited for, s."""
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


@attrs.frozen
class Timing:
    """Times of one call, s, and ratios to the yardstick's."""

    best: float
    median: float
    ratio: float
    least: float
    greatest: float
    pairs: int


def prepared(run: Callable[[], Any]) -> Callable[[], float]:
    """Give what times one call of `run`, which is warm: short runs are repeated in one timing."""
    begin = time.perf_counter()
    run()
    count = max(1, round(UNIT / max(time.perf_counter() - begin, 1e-7)))

    def once() -> float:
        start = processor_time()
        for _ in range(count):
            run()
        return (processor_time() - start) / count

    return once


def paired(run: Callable[[], Any], yardstick: Callable[[], Any], pairs: int, scale: float = 1.0) -> Timing:
    """Time two runs in turn; `scale` is how much of the work the first left out."""
    sides = [prepared(run), prepared(yardstick)]
    times: list[list[float]] = [[], []]
    begin = time.perf_counter()
    for turn in range(pairs):
        for index in (0, 1) if turn % 2 == 0 else (1, 0):
            times[index].append(sides[index]())
        if time.perf_counter() - begin > BUDGET:
            break
    ours = [scale * value for value in times[0]]
    ratios = [a / b for a, b in zip(ours, times[1], strict=True)]
    return Timing(min(ours), median(ours), median(ratios), min(ratios), max(ratios), len(ours))
