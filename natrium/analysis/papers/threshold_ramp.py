r"""Platkiewicz & Brette 2011: the threshold met by a ramp of V, by its slope.

Inactivation moves the threshold: tau_h theta' = theta_inf(V) - theta. The authors' script takes theta_inf to
be V_T up to V_i and to rise with slope a = k_a/k_i above it. Along V = V_i + s t the lagging threshold is
V_T + a s (t - tau_h + tau_h exp(-t/tau_h)); where V meets it, V = theta solves

    theta (1 - a) + a (V_i + s tau_h) - V_T = a s tau_h exp((V_i - theta)/(s tau_h)).
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
import sympy
from scipy.special import lambertw

from natrium.analysis.papers.claim import Claim, Source
from natrium.model import Constant, HybridNeuron, Ramp, Stimulus
from natrium.model.arrays import Array
from natrium.solvers import EventDriven

PLATKIEWICZ_BRETTE_2011 = Source(
    "J. Platkiewicz, R. Brette",
    "Impact of fast sodium channel inactivation on spike threshold dynamics and synaptic integration",
    "PLoS Comput. Biol. 7, e1001129",
    2011,
    "10.1371/journal.pcbi.1001129",
    "abstract (the publisher's page under this DOI) and the authors' script of figure 5 with the formula "
    "(ModelDB 153998) read; the text with its derivation could not be opened",
)

# The authors' script; their membrane's time constant, 5 ms as well, has no part in a given ramp of V.
E_L, V_T, V_I = -70.0, -55.0, -63.0  # mV
K_A, K_I = 5.0, 6.0  # mV
TAU_H = 5.0  # ms
RATIO = K_A / K_I

# The formula's values, worked out before and kept to six decimals: slope in mV/ms, threshold in mV.
AT_SLOPES: Mapping[float, float] = {0.5: -27.499991, 1.0: -39.760459, 2.0: -50.571691, 4.0: -53.331924}
SLOPES = np.geomspace(0.5, 4.0, 13)  # mV/ms, the script's range; the four above are among them
REACH = 70.0  # mV above E_L: a threshold is at most 55, where V = theta_inf(V)


@attrs.frozen(eq=False)
class RampThresholds:
    """V at the spike by the slope of the ramp."""

    slopes: Array  # shape (n_slopes,): mV/ms, rising
    formula: Array  # shape (n_slopes,): solution of the formula, mV
    thresholds: Array  # shape (n_slopes,): from event-driven runs, mV
    # Shape (n_slopes,): with theta_inf = V_T + k_a ln(1 + exp((V - V_i)/k_i)), which the script's theta_inf
    # is the limit of, mV.
    smooth: Array

    def at(self, slope: float) -> float:
        """Give the run's threshold at one of the slopes; NaN where it is none of them."""
        near = np.flatnonzero(np.isclose(self.slopes, slope, rtol=1e-12))
        return float(self.thresholds[near[0]]) if near.size else np.nan

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The formula's four values, the formula at all slopes, and the fall of the threshold."""
        source = PLATKIEWICZ_BRETTE_2011
        rows = [
            Claim(
                claim=f"A ramp of {slope:g} mV/ms meets the threshold at {expected:.6f} mV",
                source=source,
                expected=expected,
                got=self.at(slope),
                tolerance=5e-7,  # half of the last digit
                unit="mV",
                origin="authors' code",
                note="Expected: the formula in the authors' script, its values worked out before. Got: V at "
                "the spike of an event-driven run with the moving threshold as a state; the formula is not "
                "used. The paper's figure has no such digits.",
            )
            for slope, expected in AT_SLOPES.items()
        ]
        rows += [
            Claim(
                claim=f"Runs agree with the formula at {self.slopes.size} slopes from {self.slopes[0]:g} to "
                f"{self.slopes[-1]:g} mV/ms (largest difference)",
                source=source,
                expected=0.0,
                got=np.abs(self.thresholds - self.formula).max(),
                tolerance=1e-8,
                unit="mV",
                origin="authors' code",
                note="The formula is solved by Lambert's W.",
            ),
            Claim(
                claim="The steeper the ramp, the lower its threshold, with the smooth theta_inf as well "
                "(share of steps of the slope)",
                source=source,
                expected=1.0,
                got=np.mean(np.diff([self.thresholds, self.smooth], axis=1) < 0.0),
                tolerance=0.0,
                origin="abstract",
                note="The smooth one, with a Boltzmann curve of h, is higher: by "
                f"{(self.smooth - self.thresholds).min():.2f} to "
                f"{(self.smooth - self.thresholds).max():.2f} mV.",
            ),
        ]
        return tuple(rows)


def formula_threshold(slope: float) -> float:
    """Solve the formula: V at which a ramp (mV/ms) from below V_i meets the threshold, mV."""
    lag = slope * TAU_H
    # With x = theta - V_i: (1 - a) x + d = a lag exp(-x/lag).
    d = V_I + RATIO * lag - V_T
    y = lambertw(RATIO / (1.0 - RATIO) * np.exp(d / ((1.0 - RATIO) * lag))).real
    return float(V_I + lag * y - d / (1.0 - RATIO))


def ramp_threshold(slope: float, *, smooth: bool = False) -> float:
    """Run a ramp of V (mV/ms) from E_L against its moving threshold; give V where they meet, mV.

    `smooth` takes theta_inf = V_T + k_a ln(1 + exp((V - V_i)/k_i)).
    """
    # The first state is V less its threshold, so that the neuron's own threshold is 0.
    distance, theta, excess, s = sympy.symbols("V theta I s", real=True)
    V = distance + theta
    stimulus: Stimulus = Ramp(slope=RATIO * slope, start=(V_I - E_L) / slope)  # a (V - V_i), once above V_i
    steady, start = V_T + excess, V_T
    if smooth:
        stimulus = Constant(0.0)
        steady = V_T + K_A * sympy.log(1 + sympy.exp((V - V_I) / K_I))
        start = V_T + K_A * float(np.log1p(np.exp((E_L - V_I) / K_I)))
    drift = (steady - theta) / TAU_H
    neuron = HybridNeuron(
        equations={"V": s - drift, "theta": drift},
        parameters={"s": slope},
        initial={"V": E_L - start, "theta": start},
        v_thresh=0.0,
        reset={"V": E_L - theta},
    )
    run = EventDriven(rtol=1e-12).solve(neuron, stimulus, t_end=REACH / slope)
    return float(run.events[0].before.sum())


def ramp_thresholds() -> RampThresholds:
    """Find the threshold by slope, by formula and by runs.

    References
    ----------
    .. [1] J. Platkiewicz, R. Brette, "Impact of fast sodium channel inactivation on spike threshold dynamics
       and synaptic integration", PLoS Comput. Biol. 7 (2011) e1001129.
       https://doi.org/10.1371/journal.pcbi.1001129
    """
    slopes = SLOPES.tolist()
    return RampThresholds(
        slopes=SLOPES,
        formula=np.array([formula_threshold(slope) for slope in slopes]),
        thresholds=np.array([ramp_threshold(slope) for slope in slopes]),
        smooth=np.array([ramp_threshold(slope, smooth=True) for slope in slopes]),
    )
