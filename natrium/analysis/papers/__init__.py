"""Published results reproduced: what each paper says beside what we get, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from natrium.analysis.papers.butera_mccarthy import (
    BUTERA_MCCARTHY,
    GateErrors,
    SpikeErrors,
    gate_errors,
    spike_errors,
)
from natrium.analysis.papers.claim import Claim, Source
from natrium.analysis.papers.integrate_and_fire import (
    HANSEL,
    MORRISON,
    ROTTER_DIESMANN,
    SHELLEY_TAO,
    Orders,
    orders,
)
from natrium.analysis.papers.moore_ramon import MOORE_RAMON, Thresholds, thresholds

__all__ = [
    "SOURCES",
    "Claim",
    "GateErrors",
    "Orders",
    "Papers",
    "Source",
    "SpikeErrors",
    "Thresholds",
    "gate_errors",
    "orders",
    "papers",
    "spike_errors",
    "thresholds",
]

SOURCES = (MOORE_RAMON, HANSEL, SHELLEY_TAO, ROTTER_DIESMANN, MORRISON, BUTERA_MCCARTHY)
"""All papers, in the order in which they are taken."""


@attrs.frozen(eq=False)
class Papers:
    """All papers' results; iterating gives the claims.

    Attributes
    ----------
    thresholds : Thresholds
        Moore & Ramon 1974.
    orders : Orders
        Hansel et al. 1998, Rotter & Diesmann 1999, Shelley & Tao 2001, Morrison et al. 2007.
    gates : GateErrors
    spikes : SpikeErrors
        Butera & McCarthy 2004, open and closed loop.
    """

    thresholds: Thresholds
    orders: Orders
    gates: GateErrors
    spikes: SpikeErrors

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All rows, paper by paper."""
        return (*self.thresholds.claims, *self.orders.claims, *self.gates.claims, *self.spikes.claims)

    def __iter__(self) -> Iterator[Claim]:
        """Go through the claims."""
        return iter(self.claims)

    @property
    def hold(self) -> bool:
        """Whether all claims hold."""
        return all(claim.holds for claim in self.claims)

    def as_data(self) -> dict[str, Any]:
        """Give papers and rows as plain data."""
        return {
            "sources": [{"paper": source.short} | attrs.asdict(source) for source in SOURCES],
            "claims": [claim.as_data() for claim in self.claims],
        }


def papers(progress: Callable[[str], None] | None = None) -> Papers:
    """Reproduce the published results: some forty seconds.

    Parameters
    ----------
    progress : callable, optional
        Told what is being done, once before each part.

    Returns
    -------
    Papers
    """
    tell = progress or (lambda message: None)
    found_thresholds = thresholds(tell)
    found_orders = orders(tell)
    tell("Butera & McCarthy 2004: gates along a true course")
    gates = gate_errors()
    tell("Butera & McCarthy 2004: first spikes")
    return Papers(found_thresholds, found_orders, gates, spike_errors())
