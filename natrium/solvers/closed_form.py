r"""The exact leaky integrate-and-fire neuron: no channel, input made of constants, ramps and sines.

With u = V - v_thresh and J(s) = I(s) - (v_thresh - v_rest) = a + b s + sum_i A_i sin(w_i s + p_i),

.. math:: \tau_m u' = -u + J, \qquad
   u(s) = a + b (s - \tau_m)
          + \sum_i \frac{A_i}{\sqrt{1 + w_i^2 \tau_m^2}} \sin(w_i s + p_i - \arctan w_i \tau_m)
          + C e^{-s/\tau_m}.

Spike times follow by formula where J is constant, and by isolating the first root of u otherwise.
"""

from __future__ import annotations

import math
from typing import ClassVar, Self

import attrs
import numpy as np

from natrium.model import Drive, Simulation, UnsupportedModel, lower, smooth_spans
from natrium.model.arrays import Array
from natrium.model.root import find_root
from natrium.solvers.base import BaseSolver, Run
from natrium.solvers.dense import Leaky
from natrium.solvers.flags import NEAR, RunFlag, graze_warnings
from natrium.solvers.history import Event, Segment
from natrium.solvers.limits import Limits, Spending
from natrium.solvers.refractory import rest_segment
from natrium.solvers.reliability import accumulated, errors_by_second_solve, rounding
from natrium.solvers.trajectory import Trajectory

# Intervals are halved down to this part of a piece before a touch is left undecided.
_LEAST = 2.0**-46
_KNOTS = 65  # of a stretch, for plotting
ROUNDING = 4.0  # in units of the last place of what u is summed from


@attrs.frozen
class _Exact:
    """u(s) on one stretch: level + slope s + waves + C exp(-s/tau_m), s from the stretch's start."""

    tau_m: float
    level: float
    slope: float
    waves: tuple[tuple[float, float, float], ...]  # amplitude, angular frequency, phase
    C: float

    @classmethod
    def of(cls, drive: Drive, gap: float, tau_m: float, u0: float) -> _Exact:
        """Solve for the initial value `u0`; `gap` is v_thresh - v_rest."""
        level = (drive.level - gap) - drive.slope * tau_m
        waves = tuple(
            (
                wave.amplitude / math.hypot(1.0, wave.omega * tau_m),
                wave.omega,
                wave.phase - math.atan(wave.omega * tau_m),
            )
            for wave in drive.waves
        )
        C = u0 - level - math.fsum(A * math.sin(p) for A, _, p in waves)
        return cls(tau_m, level, drive.slope, waves, C)

    def __call__(self, s: float, order: int = 0) -> float:
        """Evaluate u, or its first derivative."""
        decay = self.C * math.exp(-s / self.tau_m)
        if order:
            waves = (A * w * math.cos(w * s + p) for A, w, p in self.waves)
            return math.fsum((self.slope, -decay / self.tau_m, *waves))
        return math.fsum(
            (
                self.level,
                self.slope * s,
                decay,
                *(A * math.sin(w * s + p) for A, w, p in self.waves),
            )
        )

    def bend(self, s: float) -> float:
        """Bound |u''| from `s` on."""
        decay = abs(self.C) * math.exp(-s / self.tau_m) / self.tau_m**2
        return decay + sum(abs(A) * w * w for A, w, _ in self.waves)

    @property
    def rounding(self) -> float:
        """What evaluating u may be off by, mV."""
        sizes = (abs(self.level), abs(self.C), *(abs(A) for A, _, _ in self.waves))
        return ROUNDING * float(np.spacing(sum(sizes)))

    def first_crossing(self, length: float, touches: list[tuple[float, float]]) -> float | None:
        """Find the first s in (0, length] with u(s) = 0, u rising; u(0) < 0.

        Peaks that rounding leaves undecided are added to `touches`, with u there.
        """
        if not self.slope and not self.waves:
            if self.level <= 0.0:
                return None  # u only tends to `level`
            # u = level + C exp(-s/tau): zero at tau ln(-C/level), with -C = level - u0
            s = self.tau_m * math.log1p(-(self.C + self.level) / self.level)
            return s if s <= length else None
        return self._isolate(0.0, length, length, touches)

    def _isolate(self, a: float, b: float, length: float, touches: list[tuple[float, float]]) -> float | None:
        """First root in [a, b]: proven absent, proven single, or halved."""
        middle, radius = 0.5 * (a + b), 0.5 * (b - a)
        bend = self.bend(a)
        u, slope = self(middle), self(middle, 1)
        if u + abs(slope) * radius + 0.5 * bend * radius**2 < -self.rounding:
            return None
        if slope - bend * radius > 0.0:  # rises all the way: one root at most
            if self(b) < 0.0:
                return None
            return find_root(self, a, b, xtol=4e-16 * max(b, 1e-300), rtol=1e-15) if self(a) < 0.0 else a
        if radius <= _LEAST * length:
            end = self(b)
            if abs(end) <= self.rounding and (not touches or b - touches[-1][0] > NEAR):
                touches.append((b, end))
            return b if end >= 0.0 else None
        first = self._isolate(a, middle, length, touches)
        return first if first is not None else self._isolate(middle, b, length, touches)


@attrs.frozen(kw_only=True)
class ClosedForm(BaseSolver):
    """Solve the leaky integrate-and-fire neuron without channels exactly.

    Takes constant, step, pulse, ramp, sine and sampled input, and sums of them. It is the truth that
    the other solvers are tested against.

    Parameters
    ----------
    limits : Limits
        Budgets that end a run-away run.

    References
    ----------
    .. [1] A. N. Burkitt, "A review of the integrate-and-fire neuron model: I. Homogeneous synaptic
       input", Biol. Cybern. 95 (2006) 1-19, sec. 2. https://doi.org/10.1007/s00422-006-0068-6
    """

    name: ClassVar[str] = "closed-form"

    limits: Limits = attrs.field(factory=Limits)

    def _solve(self, run: Run) -> Trajectory:
        """Go from crossing to crossing.

        Raises
        ------
        UnsupportedModel
            When the neuron has a channel or the input has no closed form here.
        """
        neuron, t_start, t_end, duration = run.neuron, run.t_start, run.t_end, run.duration
        if not neuron.is_leaky:
            names = ", ".join([one.name for one in (*neuron.channels, *neuron.synapses)])
            raise UnsupportedModel(
                "the closed form needs a neuron without channels and synapses that is reset, got "
                f"{names or 'no reset'}: use EventDriven (--solver event)"
            )
        origin, gap, kernel = neuron.origin, neuron.gap, lower(neuron.system)
        budget = Spending(self.limits, duration)
        segments: list[Segment] = []
        events: list[Event] = []
        peaks: list[tuple[float, float]] = []
        u, begin, free_from = neuron.v_init - origin, 0.0, 0.0
        reset = state = np.array([neuron.v_reset])
        for span in smooth_spans(run.stimulus, t_start, t_end):
            end = duration if span.end == t_end else span.end - t_start
            while begin < end:
                if free_from > begin:
                    stop = min(end, free_from)
                    segments.append(rest_segment(kernel, t_start + begin, stop - begin, state))
                    begin, state = stop, segments[-1].values[:, -1]
                    u = float(state[0]) - origin
                    continue
                drive = span.drive(t_start + begin)
                if drive.curves:
                    raise UnsupportedModel(
                        "the closed form takes constant, step, pulse, ramp, sine and sampled input only: "
                        "use EventDriven (--solver event)"
                    )
                exact = _Exact.of(drive, gap, neuron.tau_m, u)
                touches: list[tuple[float, float]] = []
                found = exact.first_crossing(end - begin, touches) if neuron.fires else None
                peaks += [(t_start + begin + s, peak) for s, peak in touches]
                length = end - begin if found is None else found
                segments.append(_segment(exact, t_start + begin, length, origin))
                if found is None:
                    begin, u = end, exact(length)
                    continue
                begin += found
                budget.spike(begin)
                time = min(t_start + begin, t_end)
                events.append(Event(time, np.array([neuron.v_thresh]), reset, exact(found, 1)))
                u, state, free_from = neuron.v_reset - neuron.v_thresh, reset, begin + neuron.tau_ref
        if events and events[-1].time >= t_end:
            segments.append(rest_segment(kernel, t_end, 0.0, reset))
        return run.trajectory(
            self,
            segments,
            events,
            method="exact",
            rhs_evaluations=0,
            flags=RunFlag.GRAZE if peaks else RunFlag(0),
            warnings=tuple(graze_warnings(peaks, len(peaks))),
        )

    @classmethod
    def of(cls, simulation: Simulation) -> Self:
        """Make the solver that a model file's [simulation] asks for."""
        return cls()

    def spike_time_errors(self, trajectory: Trajectory) -> Array:
        """Give what rounding leaves of each spike time, shape (n_spikes,), ms."""
        return rounding(trajectory)


def decide(run: Run, limits: Limits) -> Trajectory | None:
    """Ask the closed form about a run whose touch of the threshold another solver cannot tell from a spike.

    None where there is no closed form.
    """
    if not run.neuron.is_leaky:
        return None
    try:
        return ClosedForm(limits=limits).solve(run.neuron, run.stimulus, t_start=run.t_start, t_end=run.t_end)
    except UnsupportedModel:
        return None


def estimate_errors(trajectory: Trajectory) -> Array:
    """Estimate the error of every spike time of an adaptive solver's run, shape (n_spikes,), ms.

    It is the distance from the closed form where there is one: there each interval may be like the one
    before, so that two solves agree by chance for a whole train. Else a second solve tells.
    """
    run = Run(trajectory.neuron, trajectory.stimulus, trajectory.t_start, trajectory.t_end)
    exact = decide(run, Limits())
    if exact is None:
        return errors_by_second_solve(trajectory)
    errors, both = np.full(trajectory.n_spikes, np.inf), min(trajectory.n_spikes, exact.n_spikes)
    errors[:both] = np.abs(trajectory.spike_times[:both] - exact.spike_times[:both])
    return errors + accumulated(trajectory)


def _segment(exact: _Exact, begin: float, length: float, origin: float) -> Segment:
    dense = Leaky(
        tau_m=np.array(exact.tau_m),
        level=np.array(exact.level),
        slope=np.array(exact.slope),
        C=np.array(exact.C),
        origin=np.array(origin),
        waves=np.array(exact.waves).reshape(-1, 3),
    )
    knots = np.linspace(0.0, length, _KNOTS)
    return Segment(begin, begin + length, knots, dense(knots), dense)
