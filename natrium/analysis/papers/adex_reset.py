"""Touboul & Brette 2008: what the adaptive exponential neuron's firing settles to, by its reset voltage."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs
import numpy as np
import sympy

from natrium.analysis.cycle.orbits import Orbit, ResetBifurcation, orbit, reset_bifurcation
from natrium.analysis.papers.claim import Claim, Source
from natrium.model import HybridNeuron
from natrium.model.arrays import Array
from natrium.solvers import EventDriven

TOUBOUL_BRETTE = Source(
    "J. Touboul, R. Brette",
    "Dynamics and bifurcations of the adaptive exponential integrate-and-fire model",
    "Biol. Cybern. 99, 319-334",
    2008,
    "10.1007/s00422-008-0267-4",
    "abstract and the authors' script of the figure (ModelDB 114242, there number 7; Brian 2's copy says 8B) "
    "read; the paper itself could not be opened",
)

# The authors' script: pF, nS, mV, ms, pA.
CONSTANTS = {
    "C": 281.0,
    "g_L": 30.0,
    "E_L": -70.6,
    "V_T": -50.4,
    "Delta_T": 2.0,
    "tau_w": 40.0,
    "a": 4.0,
    "b": 80.0,
}
CURRENT = 800.0  # pA
CUT = 5.0  # of Delta_T above V_T: where a spike is cut off

# By SciPy's solver, restarted at each spike, two decimals: V_r in mV, w just before resets in pA.
AT_RESETS: Mapping[float, tuple[float, ...]] = {
    -48.3: (215.12, 252.87),
    -47.8: (193.58, 253.84, 288.38),
}
CHAOTIC = -47.95  # mV: well inside the chaos between period doubling and period 3
SPIKES = 60  # left out, and kept: with a multiplier of 0.64 in two spikes, the slower orbit is at 1e-6 pA
RESETS = np.linspace(-48.3, -47.7, 85)  # mV, the script's range
PICTURE_TRANSIENT, PICTURE_COUNT, PICTURE_RTOL = 20, 32, 1e-7  # each begins where the one before ended


def adex(v_reset: float) -> HybridNeuron:
    """Give the neuron of the figure by its reset, mV: input in pA; a spike sets V and adds b to w."""
    V, w, I, r = sympy.symbols("V w I v_reset", real=True)
    C, g_L, E_L, V_T, slope, tau_w, a, b = sympy.symbols(list(CONSTANTS), real=True)
    return HybridNeuron(
        equations={
            "V": (-g_L * (V - E_L) + g_L * slope * sympy.exp((V - V_T) / slope) - w + I) / C,
            "w": (a * (V - E_L) - w) / tau_w,
        },
        parameters=CONSTANTS | {"v_reset": v_reset},
        initial={"V": CONSTANTS["E_L"], "w": 0.0},
        v_thresh=CONSTANTS["V_T"] + CUT * CONSTANTS["Delta_T"],
        reset={"V": r, "w": w + b},
    )


def before_reset(settled: Orbit, count: int) -> Array:
    """Give w just before each of the last resets, pA, rising; shape (count,), NaN where there are fewer."""
    w = settled.states[-count:, 0] - CONSTANTS["b"]
    return np.sort(np.concatenate([w, np.full(count - w.size, np.nan)]))


@attrs.frozen(eq=False)
class AdexResets:
    """Firing of the adaptive exponential neuron by its reset voltage."""

    settled: Mapping[float, Orbit]  # orbits at the reset voltages with numbers to compare
    chaotic: Orbit  # at a reset voltage between them
    picture: ResetBifurcation  # orbits over the figure's range, less exact

    @property
    def points(self) -> tuple[Array, Array]:
        """V_r (mV) and w just before the reset (pA) of all spikes of the picture, each (n_spikes,)."""
        values, w = self.picture.points("w")
        return values, w - CONSTANTS["b"]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Periods and w of the two orbits; chaos."""
        rows: list[Claim] = []
        for v_reset, expected in AT_RESETS.items():
            settled = self.settled[v_reset]
            rows.append(
                Claim(
                    claim=f"V_r = {v_reset:g} mV: firing repeats after {len(expected)} spikes",
                    source=TOUBOUL_BRETTE,
                    expected=len(expected),
                    got=np.nan if settled.period is None else settled.period,
                    tolerance=0.0,
                    origin="other means",
                    note="The figure itself could not be seen. The largest Lyapunov exponent is "
                    f"{settled.lyapunov:.3f} per spike: stable.",
                )
            )
            for number, (value, got) in enumerate(
                zip(expected, before_reset(settled, len(expected)), strict=True), 1
            ):
                rows.append(
                    Claim(
                        claim=f"V_r = {v_reset:g} mV: w just before the reset, {number} of "
                        f"{len(expected)}, is {value:.2f} pA",
                        source=TOUBOUL_BRETTE,
                        expected=value,
                        got=got,
                        tolerance=0.005,  # half of the last digit
                        unit="pA",
                        origin="other means",
                        note="Model and numbers of the authors' script, whose Euler steps are 0.01 ms; "
                        "the figure has dots and no digits. Theirs are at spikes: this script reads w after "
                        "adding b, Brian 2's example before it.",
                    )
                )
        rows.append(
            Claim(
                claim=f"Some reset voltages give chaos, as V_r = {CHAOTIC:g} mV (sign of the largest "
                "Lyapunov exponent)",
                source=TOUBOUL_BRETTE,
                expected=1.0,
                got=np.sign(self.chaotic.lyapunov),
                tolerance=0.0,
                origin="abstract",
                note=f"{self.chaotic.lyapunov:.2f} per spike over {len(self.chaotic.intervals)} spikes; the "
                "reset voltage is ours.",
            )
        )
        return tuple(rows)


def adex_resets(progress: Callable[[str], None] | None = None) -> AdexResets:
    """Follow the neuron's firing over the figure's range of reset voltages.

    References
    ----------
    .. [1] J. Touboul, R. Brette, "Dynamics and bifurcations of the adaptive exponential integrate-and-fire
       model", Biol. Cybern. 99 (2008) 319-334. https://doi.org/10.1007/s00422-008-0267-4
    """
    tell = progress or (lambda message: None)
    neuron = adex(float(RESETS[0]))
    tell("Touboul & Brette 2008: orbits of period 2 and 3, and chaos")
    settled = {
        v_reset: orbit(neuron.changed({"v_reset": v_reset}), CURRENT, transient=SPIKES, count=SPIKES)
        for v_reset in AT_RESETS
    }
    chaotic = orbit(neuron.changed({"v_reset": CHAOTIC}), CURRENT, transient=SPIKES, count=SPIKES)
    tell("Touboul & Brette 2008: the bifurcation of the reset")
    picture = reset_bifurcation(
        neuron,
        CURRENT,
        "v_reset",
        RESETS,
        transient=PICTURE_TRANSIENT,
        count=PICTURE_COUNT,
        follow=True,
        lyapunov=False,
        solver=EventDriven(rtol=PICTURE_RTOL),
    )
    return AdexResets(settled, chaotic, picture)
