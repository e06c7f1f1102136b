"""Published neurons under a sine and under noise: where locking begins, and rates without runs."""

from __future__ import annotations

import math
from collections.abc import Callable

import attrs
import numpy as np

from natrium.analysis.forcing.plateau import Plateau, locking_plateau
from natrium.analysis.noise.fokker_planck import FokkerPlanck, fokker_planck
from natrium.analysis.noise.white_noise import OVERSHOOT, siegert_rate
from natrium.analysis.papers.claim import Claim, Source
from natrium.model import HybridNeuron, Neuron, Noise, Sine

OPENED = "no text could be opened here; what is expected is worked out from the model that the title names"
KEENER = Source(
    "J. P. Keener, F. C. Hoppensteadt, J. Rinzel",
    "Integrate-and-fire models of nerve membrane response to oscillatory input",
    "SIAM J. Appl. Math. 41, 503-517",
    1981,
    "10.1137/0141042",
    OPENED,
)
FOURCAUD = Source(
    "N. Fourcaud, N. Brunel",
    "Dynamics of the firing probability of noisy integrate-and-fire neurons",
    "Neural Comput. 14, 2057-2110",
    2002,
    "10.1162/089976602320264015",
    OPENED,
)
LINDNER = Source(
    "B. Lindner, A. Longtin, A. Bulsara",
    "Analytic expressions for rate and CV of a type I neuron driven by white Gaussian noise",
    "Neural Comput. 15, 1760-1787",
    2003,
    "10.1162/08997660360675035",
    "its abstract could be opened here; what is expected is the closed form at the saddle-node itself",
)

LEAKY = Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0)
OFFSET = 18.0  # mV, of the sine
RATIOS = {(1, 1): (21.0, 2.8), (1, 2): (10.0, 2.0)}
"""By spikes and periods: period of the sine, ms, and an amplitude at which it is locked, mV."""

FAR, D = 400.0, 0.7  # of the quadratic neuron: where it is cut and reset, and its diffusion
TAU, STRENGTH = 0.2, 5.0  # of fast noise, ms; sigma of white noise as strong, mV


def least_amplitude(period: float, q: int) -> float:
    """Give the amplitude from which on the leaky neuron can fire once in q periods of a sine, mV.

    V at a spike and at the next must be the threshold: what the sine adds, one term at the spike less another
    at the release as far as it is not forgotten, must reach what the constant input leaves open.
    """
    w = 2.0 * math.pi / period
    kept = math.exp(-(q * period - LEAKY.tau_ref) / LEAKY.tau_m)
    height = LEAKY.v_thresh - LEAKY.v_rest
    left = abs(height - OFFSET + OFFSET * kept)
    turned = 1.0 - kept * np.exp(1j * w * LEAKY.tau_ref)
    return float(left * abs(1.0 + 1j * w * LEAKY.tau_m) / abs(turned))


@attrs.frozen(eq=False)
class ForcedAndNoisy:
    """Neurons under a sine and under noise."""

    # Of the leaky neuron, by spikes and periods, along the amplitude.
    plateaus: dict[tuple[int, int], Plateau]
    quadratic: FokkerPlanck  # the quadratic neuron at its saddle-node, under white noise
    fast: FokkerPlanck  # the leaky neuron, without refractory period, under fast noise

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Least amplitudes, an interval and its variation, a rate."""
        rows = [
            Claim(
                claim=f"sine-driven leaky neuron: least amplitude of {p}:{q} at a period of {period:g} ms",
                source=KEENER,
                expected=least_amplitude(period, q),
                got=self.plateaus[p, q].low.value,
                tolerance=1e-9,
                unit="mV",
            )
            for (p, q), (period, _) in RATIOS.items()
        ]
        mean = 1000.0 / self.quadratic.rate
        rows += [
            Claim(
                claim="quadratic neuron at its saddle-node, D 0.7: mean interval, Gamma(1/3)^2 (3 D)^(-1/3)",
                source=LINDNER,
                expected=math.gamma(1.0 / 3.0) ** 2 / (3.0 * D) ** (1.0 / 3.0),
                got=mean + 2.0 / FAR,
                tolerance=1e-6,
                note=f"V is cut and reset at +-{FAR:g}; 1/{FAR:g} is added for the way beyond either.",
            ),
            Claim(
                claim="quadratic neuron at its saddle-node: CV, 3^(-1/2)",
                source=LINDNER,
                expected=1.0 / math.sqrt(3.0),
                got=self.quadratic.cv * mean / (mean + 2.0 / FAR),
                tolerance=1e-6,
            ),
        ]
        # sqrt(2) |zeta(1/2)| / 2 is sqrt(pi) times the overshoot of a random walk.
        shift = math.sqrt(math.pi) * OVERSHOOT * STRENGTH * math.sqrt(TAU / LEAKY.tau_m)
        reset, threshold = LEAKY.v_rest + shift, LEAKY.v_thresh + shift
        shifted = siegert_rate(-54.0, STRENGTH, tau_ref=0.0, v_reset=reset, v_thresh=threshold)
        rows.append(
            Claim(
                claim="leaky neuron under noise of 0.2 ms: its rate is that of white noise, threshold and "
                "reset higher by 1.0326 sigma (tau/tau_m)^(1/2)",
                source=FOURCAUD,
                expected=float(shifted),
                got=self.fast.rate,
                tolerance=0.5,
                unit="Hz",
                note="The formula holds up to terms of order tau.",
            )
        )
        return tuple(rows)


def forced_and_noisy(progress: Callable[[str], None] | None = None) -> ForcedAndNoisy:
    """Find the plateaus and rates of all these neurons."""
    (progress or (lambda message: None))("Locking to a sine, and rates under noise")
    quadratic = HybridNeuron(equations={"V": "V**2 + I"}, initial={"V": 0.0}, reset={"V": -FAR}, v_thresh=FAR)
    sigma = STRENGTH * math.sqrt(LEAKY.tau_m / (2.0 * TAU))
    return ForcedAndNoisy(
        plateaus={
            (p, q): locking_plateau(
                LEAKY,
                Sine(amplitude, 1000.0 / period, offset=OFFSET),
                "amplitude",
                p,
                q,
                between=(0.0, 2.95),
            )
            for (p, q), (period, amplitude) in RATIOS.items()
        },
        quadratic=fokker_planck(
            quadratic, Noise(0.0, intensity=math.sqrt(2.0 * D), tau=0.0, step=0.1, seed=0)
        ),
        fast=fokker_planck(
            attrs.evolve(LEAKY, tau_ref=0.0), Noise(16.0, sigma=sigma, tau=TAU, step=0.01, seed=0)
        ),
    )
