"""Published cycles: their periods, multipliers and births, by continuation and shooting.

The squid axon's fold of cycles, the exponential neuron's intervals, a piecewise-linear neuron with resets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from natrium.analysis.continuation.branch import CycleBranch
from natrium.analysis.continuation.continued import continue_cycle
from natrium.analysis.cycle.limit_cycle import LimitCycle, limit_cycle
from natrium.analysis.cycle.smooth_cycle import smooth_cycle
from natrium.analysis.equilibria.curve import equilibrium_curve
from natrium.analysis.papers.claim import Claim, Source
from natrium.analysis.papers.equilibria_published import UNOPENED, WANG_BUZSAKI
from natrium.model import HybridNeuron

HODGKIN_HUXLEY_CYCLES = Source(
    "A. Balti, V. Lanza, M. A. Aziz-Alaoui",
    "A multi-base harmonic balance method applied to Hodgkin-Huxley model",
    "Math. Biosci. Eng. 15, 807-825",
    2018,
    "10.3934/mbe.2018036",
    UNOPENED,
)
COOMBES = Source(
    "S. Coombes, R. Thul, K. C. A. Wedgwood",
    "Nonsmooth dynamics in spiking neuron models",
    "Physica D 241, 2042-2057",
    2012,
    "10.1016/j.physd.2011.05.012",
    UNOPENED,
)

INTERVALS: Mapping[float, float] = {
    0.2: 121.13082824585,
    0.5: 32.131318436811,
    1.0: 17.324220983984,
    2.0: 10.117585134967,
}
"""Of the exponential neuron, ms, by input, uA/cm2: the integral of dV/V', by quadrature."""

LEAK = 10.598 - 65.0  # mV: 10.598 above rest
AROUND = (6.2, 10.5)  # uA/cm2: the fold of cycles lies within
POINTS = 32


def squid_axon() -> HybridNeuron:
    """Give the squid axon, without a threshold: mS/cm^2, uF/cm^2, uA/cm^2."""
    rates = {
        "m": ("0.1*(V + 40)/(1 - exp(-(V + 40)/10))", "4*exp(-(V + 65)/18)"),
        "h": ("0.07*exp(-(V + 65)/20)", "1/(1 + exp(-(V + 35)/10))"),
        "n": ("0.01*(V + 55)/(1 - exp(-(V + 55)/10))", "0.125*exp(-(V + 65)/80)"),
    }
    return HybridNeuron(
        equations={
            "V": "I - 120*m**3*h*(V - 50) - 36*n**4*(V + 77) - 0.3*(V - E_L)",
            **{gate: f"({alpha})*(1 - {gate}) - ({beta})*{gate}" for gate, (alpha, beta) in rates.items()},
        },
        parameters={"E_L": LEAK},
        initial={"V": -40.0, "m": 0.2, "h": 0.4, "n": 0.4},
        input_unit="uA/cm^2",
    )


def exponential() -> HybridNeuron:
    """Give the exponential neuron of the paper: C 1 uF/cm^2, refractory for 1.7 ms."""
    return HybridNeuron(
        equations={"V": "(-g_L*(V - E_L) + g_L*Delta_T*exp((V - V_T)/Delta_T) + I)/C"},
        parameters={"C": 1.0, "g_L": 0.1, "E_L": -65.0, "V_T": -59.9, "Delta_T": 3.48},
        initial={"V": -68.0},
        v_thresh=30.0,
        reset={"V": -68.0},
        tau_ref=1.7,
        input_unit="uA/cm^2",
    )


def piecewise_linear() -> HybridNeuron:
    """Give the piecewise-linear neuron of the paper: no units."""
    return HybridNeuron(
        equations={"V": "max(V, 0) - s*min(V, 0) - w + I", "w": "omega*(beta*V - w)"},
        parameters={"s": 0.35, "beta": 1.2, "omega": 1.0, "k": 0.4},
        initial={"V": 0.0, "w": 0.0},
        v_thresh=60.0,
        reset={"V": 20.0, "w": "w + k"},
    )


@attrs.frozen(eq=False)
class PublishedCycles:
    """Cycles that papers are about."""

    squid: CycleBranch  # firing of the squid axon down to its fold of cycles, and on around it
    hopf: tuple[float, ...]  # inputs of its Hopf points, uA/cm2
    intervals: Mapping[float, LimitCycle]  # of the exponential neuron, by input
    onset: float  # where its firing begins, uA/cm2
    linear: LimitCycle  # of the piecewise-linear neuron

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Births of firing, intervals, and a multiplier."""
        fold = next((one for one in self.squid.special if one.kind == "fold of cycles"), None)
        unit, axon = "uA/cm2", "squid axon, leak 10.598 mV from rest"
        nan = float("nan")
        rows = [
            _row(f"{axon}: fold of cycles", 6.2648212745, fold.value if fold else nan, 1e-9, unit),
            _row(
                f"{axon}: period at the fold of cycles", 19.8952407, fold.period if fold else nan, 1e-6, "ms"
            ),
            _row(f"{axon}: first Hopf point", 9.77993799539, min(self.hopf), 1e-10, unit),
            _row(f"{axon}: second Hopf point", 154.526933666, max(self.hopf), 1e-8, unit),
        ]
        neuron = "exponential neuron"
        rows.append(
            Claim(
                claim=f"{neuron}: firing begins at I_T = g_L (V_T - E_L - Delta_T)",
                source=WANG_BUZSAKI,
                expected=0.1 * (-59.9 + 65.0 - 3.48),
                got=self.onset,
                tolerance=1e-12,
                unit=unit,
                origin="theory",
            )
        )
        rows += [
            Claim(
                claim=f"{neuron}: interval at {I:g} uA/cm2",
                source=WANG_BUZSAKI,
                expected=expected,
                got=self.intervals[I].period,
                tolerance=1e-9,
                unit="ms",
                origin="other means",
            )
            for I, expected in INTERVALS.items()
        ]
        got = self.linear.multipliers[0].real
        for what, value, found, tolerance, of in (
            ("period at I = 6.3", 7.2838411166, self.linear.period, 1e-9, ""),
            ("multiplier at I = 6.3", -0.1507306, float(got), 5e-8, ""),
        ):
            rows.append(
                Claim(
                    claim=f"piecewise-linear neuron with resets: {what}",
                    source=COOMBES,
                    expected=value,
                    got=found,
                    tolerance=tolerance,
                    unit=of,
                    origin="other means",
                )
            )
        return tuple(rows)


def _row(what: str, expected: float, got: float, tolerance: float, unit: str) -> Claim:
    return Claim(
        claim=what,
        source=HODGKIN_HUXLEY_CYCLES,
        expected=expected,
        got=got,
        tolerance=tolerance,
        unit=unit,
        origin="other means",
        note="Published: 6.26 and 9.78 uA/cm2." if "fold" in what or "first" in what else "",
    )


def published_cycles(progress: Callable[[str], None] | None = None) -> PublishedCycles:
    """Find the cycles of all these cells."""
    (progress or (lambda message: None))("Cycles of the squid axon, the exponential neuron and a linear one")
    axon, cell = squid_axon(), exponential()
    return PublishedCycles(
        squid=continue_cycle(smooth_cycle(axon, 10.0, transient=60.0), "I", between=AROUND, most=POINTS),
        hopf=tuple(point.I for point in equilibrium_curve(axon).hopf),
        intervals={I: limit_cycle(cell, I) for I in INTERVALS},
        onset=max(fold.I for fold in equilibrium_curve(cell).folds),
        linear=limit_cycle(piecewise_linear(), 6.3),
    )
