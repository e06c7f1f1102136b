"""Published results reproduced: what each paper says beside what we get, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from natrium.analysis.papers.adex_reset import TOUBOUL_BRETTE, AdexResets, adex_resets
from natrium.analysis.papers.butera_mccarthy import (
    BUTERA_MCCARTHY,
    GateErrors,
    SpikeErrors,
    gate_errors,
    spike_errors,
)
from natrium.analysis.papers.claim import Claim
from natrium.analysis.papers.cycles_published import (
    COOMBES,
    HODGKIN_HUXLEY_CYCLES,
    PublishedCycles,
    published_cycles,
)
from natrium.analysis.papers.equilibria_published import (
    IZHIKEVICH,
    MATCONT,
    MORRIS_LECAR,
    WANG_BUZSAKI,
    PublishedEquilibria,
    published_equilibria,
)
from natrium.analysis.papers.forced_and_noisy import (
    FOURCAUD,
    KEENER,
    LINDNER,
    ForcedAndNoisy,
    forced_and_noisy,
)
from natrium.analysis.papers.integrate_and_fire import (
    HANSEL,
    MORRISON,
    ROTTER_DIESMANN,
    SHELLEY_TAO,
    Orders,
    orders,
)
from natrium.analysis.papers.moore_ramon import MOORE_RAMON, Thresholds, thresholds
from natrium.analysis.papers.threshold_equation import (
    PLATKIEWICZ_BRETTE_2010,
    InactivationThresholds,
    inactivation_thresholds,
)
from natrium.analysis.papers.threshold_ramp import (
    PLATKIEWICZ_BRETTE_2011,
    RampThresholds,
    ramp_thresholds,
)
from natrium.analysis.result import Result

SOURCES = (
    MOORE_RAMON,
    HANSEL,
    SHELLEY_TAO,
    ROTTER_DIESMANN,
    MORRISON,
    BUTERA_MCCARTHY,
    PLATKIEWICZ_BRETTE_2010,
    PLATKIEWICZ_BRETTE_2011,
    TOUBOUL_BRETTE,
    MATCONT,
    MORRIS_LECAR,
    IZHIKEVICH,
    WANG_BUZSAKI,
    HODGKIN_HUXLEY_CYCLES,
    COOMBES,
    KEENER,
    LINDNER,
    FOURCAUD,
)
"""All papers, in the order in which they are taken."""


@attrs.frozen(eq=False, repr=False)
class Papers(Result):
    """All papers' results; iterating gives the claims."""

    thresholds: Thresholds  # Moore & Ramon 1974
    orders: Orders  # Hansel et al. 1998, Rotter & Diesmann 1999, Shelley & Tao 2001, Morrison et al. 2007
    gates: GateErrors
    spikes: SpikeErrors  # Butera & McCarthy 2004, open and closed loop
    inactivation: InactivationThresholds  # Platkiewicz & Brette 2010
    ramps: RampThresholds  # Platkiewicz & Brette 2011
    resets: AdexResets  # Touboul & Brette 2008
    equilibria: PublishedEquilibria  # folds and Hopf points of well-known cells
    cycles: PublishedCycles  # cycles, their periods, multipliers and births
    forced: ForcedAndNoisy  # locking to a sine, and rates under noise

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All rows, paper by paper."""
        parts = (
            self.thresholds,
            self.orders,
            self.gates,
            self.spikes,
            self.inactivation,
            self.ramps,
            self.resets,
            self.equilibria,
            self.cycles,
            self.forced,
        )
        return tuple(claim for part in parts for claim in part.claims)

    def __iter__(self) -> Iterator[Claim]:
        """Go through the claims."""
        return iter(self.claims)

    @property
    def hold(self) -> bool:
        """Whether all claims hold."""
        return all(claim.holds for claim in self.claims)

    def table(self) -> list[dict[str, Any]]:
        """Give one row per claim: numbers as text with the digits that count."""
        return [claim.row() for claim in self.claims]

    def sentences(self) -> list[str]:
        """Give how many claims hold."""
        return [f"{sum(claim.holds for claim in self.claims)} of {len(self.claims)} claims hold."]

    def data(self) -> dict[str, Any]:
        """Give papers and rows as plain data."""
        return {
            "sources": [{"paper": source.short} | attrs.asdict(source) for source in SOURCES],
            "claims": [claim.data() for claim in self.claims],
        }


def papers(progress: Callable[[str], None] | None = None) -> Papers:
    """Reproduce the published results: some fifty seconds."""
    tell = progress or (lambda message: None)
    found_thresholds = thresholds(tell)
    found_orders = orders(tell)
    tell("Butera & McCarthy 2004: gates along a true course")
    gates = gate_errors()
    tell("Butera & McCarthy 2004: first spikes")
    spikes = spike_errors()
    tell("Platkiewicz & Brette 2010: thresholds with h held")
    inactivation = inactivation_thresholds()
    tell("Platkiewicz & Brette 2011: thresholds met by ramps")
    ramps = ramp_thresholds()
    return Papers(
        thresholds=found_thresholds,
        orders=found_orders,
        gates=gates,
        spikes=spikes,
        inactivation=inactivation,
        ramps=ramps,
        resets=adex_resets(tell),
        equilibria=published_equilibria(tell),
        cycles=published_cycles(tell),
        forced=forced_and_noisy(tell),
    )
