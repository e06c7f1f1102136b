"""Moore & Ramon 1974: the threshold of the squid axon's membrane, extrapolated to zero step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import attrs
import numpy as np
from scipy.optimize import bisect

from natrium.analysis.papers.claim import Claim, Source
from natrium.model import CHANNELS, Channel, Neuron
from natrium.model.arrays import Array
from natrium.solvers import EventDriven, FixedStep, Solver

MOORE_RAMON = Source(
    "J. W. Moore, F. Ramon",
    "On numerical integration of the Hodgkin and Huxley equations for a membrane action potential",
    "J. Theor. Biol. 45, 249-273",
    1974,
    "10.1016/0022-5193(74)90054-X",
    "abstract read (ScienceDirect's page under this DOI); the paper itself could not be opened",
)

REST = -65.0  # mV, where the catalogue puts the axon's rest; the paper counts from rest
# mV from rest: the leak's reversal as it is usually rounded, and with which no current at all flows at
# rest; the threshold with each, by SciPy's solver.
LEAK, EXACT_LEAK = 10.598, 10.598921
AT_LEAKS: Mapping[float, float] = {LEAK: 6.50790, EXACT_LEAK: 6.50755}
TAU = 1.0 / 0.3  # ms: 1 uF/cm^2 over 0.3 mS/cm^2
PEAK = 50.0  # mV from rest: above it is an action potential, whose peak is 84 mV even 1e-7 mV over threshold
SPAN = (
    14.0  # ms: V stays near its plateau 1 ms longer for each decade nearer to the threshold, 10 ms at 1e-6 mV
)
BRACKET = (6.0, 7.0)  # mV

STEPS = (0.04, 0.02, 0.01, 0.005)
# By a plain loop in Python, five decimals.
AT_STEPS: Mapping[str, tuple[float, ...]] = {
    "sequential-euler": (6.27074, 6.38942, 6.44868, 6.47830),
    "euler": (6.47177, 6.49030, 6.49921, 6.50359),
}
NAMES = {"sequential-euler": "Sequential Euler", "euler": "Parallel Euler"}
PUBLISHED = 6.50790  # mV


@attrs.frozen(eq=False)
class Thresholds:
    """The threshold by scheme and step."""

    steps: Array  # shape (n_steps,): ms, falling
    by_scheme: Mapping[str, Array]  # shape (n_steps,): threshold, mV from rest
    truth: float  # threshold with the event-driven solver, mV from rest
    at_exact_rest: float  # the same with the leak's reversal at which no current flows at rest

    def polynomial(self, scheme: str) -> Array:
        """Give the polynomial in the step through all points, highest power first, shape (n_steps,)."""
        return np.polyfit(self.steps, self.by_scheme[scheme], self.steps.size - 1)

    def linear(self, scheme: str) -> float:
        """Extrapolate to zero step by a line through the two smallest steps, mV."""
        return float(np.polyfit(self.steps[-2:], self.by_scheme[scheme][-2:], 1)[-1])

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The paper's threshold, reached three ways, and the thresholds at each step."""
        paper = MOORE_RAMON
        rows = [
            Claim(
                claim="The threshold of the membrane action potential, whatever the method, is 6.50790 mV",
                source=paper,
                expected=PUBLISHED,
                got=self.truth,
                tolerance=5e-6,  # half of the last digit printed
                unit="mV",
                origin="abstract",
                note="Got by bisection over event-driven runs; the abstract gives -6.50790 mV in the sign of "
                "1952, from lines drawn to zero step.",
            )
        ]
        rows.append(
            Claim(
                claim=f"With the leak at {EXACT_LEAK:.6f} mV, where no current at all flows at rest, the "
                f"threshold is {AT_LEAKS[EXACT_LEAK]:.5f} mV",
                source=paper,
                expected=AT_LEAKS[EXACT_LEAK],
                got=self.at_exact_rest,
                tolerance=5e-6,
                unit="mV",
                origin="other means",
                note=f"Expected: SciPy's solver. The other rows have the leak at {LEAK:g} mV, with which the "
                "paper's number is met to its last digit, and the rest is not quite one.",
            )
        )
        for scheme, values in self.by_scheme.items():
            named = NAMES[scheme]
            for dt, expected, got in zip(self.steps, AT_STEPS[scheme], values, strict=True):
                rows.append(
                    Claim(
                        claim=f"{named} with steps of {dt:g} ms has its threshold at {expected:.5f} mV",
                        source=paper,
                        expected=expected,
                        got=got,
                        tolerance=1e-5,
                        unit="mV",
                        origin="other means",
                        note="Expected: a plain loop in Python of the same scheme. The paper's own table, if "
                        "it has one, could not be opened.",
                    )
                )
            rows += [
                Claim(
                    claim=f"{named}: a line through the two smallest steps meets zero step at the threshold",
                    source=paper,
                    expected=PUBLISHED,
                    got=self.linear(scheme),
                    tolerance=1e-4,
                    unit="mV",
                    origin="abstract",
                    note="The paper extrapolated by lines; which steps it used could not be read.",
                ),
                Claim(
                    claim=f"{named}: a cubic through four steps meets zero step at the threshold",
                    source=paper,
                    expected=PUBLISHED,
                    got=self.polynomial(scheme)[-1],
                    tolerance=1e-5,
                    unit="mV",
                    origin="abstract",
                    note="The cubic is ours.",
                ),
            ]
        return tuple(rows)


@cache
def _channels() -> tuple[Channel, ...]:
    """Give the axon's channels with their gates at rest, whatever the V they start from."""
    channels = (CHANNELS["hh_sodium"], CHANNELS["hh_potassium"])
    gates = iter(Neuron(v_rest=REST, channels=channels).initial_state()[1:])
    return tuple(
        attrs.evolve(
            channel, gates=tuple(attrs.evolve(gate, initial=float(next(gates))) for gate in channel.gates)
        )
        for channel in channels
    )


def action_potential_threshold(solver: Solver, *, leak: float = LEAK, xtol: float = 1e-7) -> float:
    """Bisect for the displacement from rest above which the membrane fires.

    Parameters
    ----------
    solver : Solver
    leak : float
        The leak's reversal, mV from rest.
    xtol : float
        mV.

    Returns
    -------
    float
        mV from rest, gates at rest.

    References
    ----------
    .. [1] J. W. Moore, F. Ramon, "On numerical integration of the Hodgkin and Huxley equations for a
       membrane action potential", J. Theor. Biol. 45 (1974) 249-273.
       https://doi.org/10.1016/0022-5193(74)90054-X
    """

    def overshoot(displacement: float) -> float:
        neuron = Neuron(
            tau_m=TAU,
            v_rest=REST + leak,
            v_thresh=None,
            v_init=REST + displacement,
            channels=_channels(),
        )
        return float(solver.solve(neuron, t_start=0.0, t_end=SPAN).V.max()) - REST - PEAK

    return float(bisect(overshoot, *BRACKET, xtol=xtol))


def thresholds(progress: Callable[[str], None] | None = None) -> Thresholds:
    """Find the threshold with both Euler schemes at four steps, and truly."""
    tell = progress or (lambda message: None)
    tell("Moore & Ramon 1974: the true threshold")
    solver = EventDriven(rtol=1e-11)
    truth, exact = (action_potential_threshold(solver, leak=leak, xtol=1e-9) for leak in AT_LEAKS)
    found: dict[str, Array] = {}
    for scheme in AT_STEPS:
        tell(f"Moore & Ramon 1974: thresholds of {scheme}")
        found[scheme] = np.array(
            [action_potential_threshold(FixedStep(dt=dt, scheme=scheme)) for dt in STEPS]
        )
    return Thresholds(np.array(STEPS), found, truth, exact)
