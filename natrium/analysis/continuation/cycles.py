"""Cycles as zeros of equations: of k intervals between spikes, or of arcs of the flow alone."""

from __future__ import annotations

from functools import reduce
from typing import Any, ClassVar, Protocol, Self

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.continuation.axis import Axis, sizes_of
from natrium.analysis.continuation.legs import Place, flowed, inside, interval, is_timed, place, run_on
from natrium.analysis.cycle.return_map import free_of
from natrium.model import AnyNeuron, SolverError
from natrium.model.arrays import Array
from natrium.model.scales import scales_of
from natrium.solvers import Trajectory

RTOL = 1e-12  # of runs and derivatives
# What is one unit of length: of a time, relative; of the parameter, a part of its range.
TIME, RANGE = 0.25, 0.08
SHORT = 1e-3  # ms, or of the scale of time
# A cycle whose neighbours part by more than this in one period is shot at in so many arcs.
GROWTH, MOST_ARCS = 30.0, 8


@attrs.frozen(eq=False)
class Evaluation:
    """What the equations of a cycle come to at one point."""

    residual: Array  # shape (n - 1,)
    jacobian: Array  # shape (n - 1, n), with a column more for each other parameter of the axis
    monodromy: Array  # shape (n_multipliers, n_multipliers)
    multipliers: npt.NDArray[np.complex128]  # shape (n_multipliers,): of the Poincaré map, the largest first
    intervals: Array  # shape (n_intervals,): ms; of a cycle without spikes its period
    states: Array  # shape (n_intervals, n_free): at their beginnings
    slope: float  # the least rate at which V crosses the threshold at a spike, mV/ms; infinity without one
    crossings: int  # how often V rises through the threshold elsewhere
    clearance: float  # how far V stays below the threshold elsewhere, mV
    swing: float  # V's highest less its lowest, in units of length
    runs: tuple[Trajectory, ...]  # all of it, in order, refractory periods left out

    @property
    def period(self) -> float:
        """Duration of the cycle, ms."""
        return float(self.intervals.sum())


class Cycles(Protocol):
    """Equations whose zeros are cycles along one parameter, the last of the unknowns."""

    forced: ClassVar[bool]
    """Whether the input moves: such an orbit shrinks to no equilibrium."""

    @property
    def axis(self) -> Any:
        """The parameter, with its neuron."""

    @property
    def rtol(self) -> float:
        """Of runs and of their derivatives."""

    @property
    def sizes(self) -> Array:
        """What is one unit of length in each state, shape (n_states,)."""

    @property
    def arcs(self) -> int:
        """Stretches of the flow of which a cycle is made."""

    @property
    def n_spikes(self) -> int:
        """Spikes per cycle; 0 where there is no threshold in the equations."""

    def evaluate(self, z: Array) -> Evaluation:
        """Evaluate the equations at a point, shape (n,)."""

    def jacobian_beside(self, found: Evaluation) -> Array | None:
        """Give what another evaluation tells of the Jacobian here; None where residuals are not cheaper."""

    def residual(self, z: Array) -> Array:
        """Evaluate the residual alone."""

    def read(self, z: Array) -> tuple[Array, Array]:
        """Give the intervals and the states at their beginnings (see `Evaluation`) from the unknowns."""

    def scales(self, z: Array) -> Array:
        """Give what is one unit of length in each unknown, shape (n,)."""

    def adapted(self, z: Array, found: Evaluation) -> Self:
        """Give the same equations as they suit a cycle just found."""

    def doubled(self, z: Array, found: Evaluation) -> tuple[Self, Array, Array]:
        """Give the equations of twice the period, the cycle run through twice, and where the two part."""

    def turned(self, jacobian: Array) -> Array:
        """Give what is singular where the period doubles: the last arc leads to minus the beginning."""

    def divided(self, z: Array, found: Evaluation) -> tuple[Self, Array] | None:
        """Give the same cycle in as many arcs as its growth asks for; None where it is so already."""

    def common(self, vector: Array) -> Array:
        """Give what of a vector is the same however the cycle is divided."""


def sorted_multipliers(matrix: Array) -> npt.NDArray[np.complex128]:
    """Give eigenvalues, the largest first."""
    if not np.all(np.isfinite(matrix)):
        return np.full(len(matrix), np.nan + 0j)
    values = np.linalg.eigvals(matrix).astype(complex)
    return np.asarray(values[np.argsort(-np.abs(values), kind="stable")])


class Together:
    """Equations whose residuals come with their derivatives, or at no less cost."""

    def jacobian_beside(self, found: Any) -> Array | None:
        """Give none: nothing is spared by it."""

    def residual(self, z: Array) -> Array:
        """Evaluate the residual alone."""
        found: Array = self.evaluate(z).residual  # type: ignore[attr-defined]  # of the equations themselves
        return found


@attrs.frozen(eq=False)
class HybridCycles(Together):
    """Cycles of k spikes.

    The unknowns are, of each interval, the free states just after the reset and how long the flow goes on
    after the refractory period; then the parameter.
    """

    axis: Axis
    n_spikes: int
    span: float  # of the parameter that is to be followed
    rtol: float
    longest: float  # longest interval, ms
    timed: tuple[bool, ...]  # of each interval, whether its end is its time's
    sizes: Array  # shape (n_states,)
    forced: ClassVar[bool] = False

    @property
    def free(self) -> tuple[int, ...]:
        """Indices of the free states."""
        return free_of(self.axis.neuron)

    @property
    def arcs(self) -> int:
        """Stretches of the flow: an interval each."""
        return self.n_spikes

    @property
    def width(self) -> int:
        """Unknowns of one interval."""
        return len(self.free) + 1

    def evaluate(self, z: Array) -> Evaluation:
        """Evaluate the equations at a point, shape (n,)."""
        here, k, w = place(self.axis, float(z[-1]), self.rtol), self.n_spikes, self.width
        m = w - 1
        parts = z[:-1].reshape(k, w)
        found = [
            interval(here, part[:m], float(part[m]), timed=timed, longest=self.longest)
            for part, timed in zip(parts, self.timed, strict=True)
        ]
        columns = z.size + len(self.axis.others)
        residual, jacobian = np.zeros((k, w)), np.zeros((k, w, columns))
        for i, one in enumerate(found):
            follows = (i + 1) % k
            residual[i, :m], residual[i, m] = one.after - parts[follows, :m], one.guard
            own = [*range(i * w, (i + 1) * w), *range(z.size - 1, columns)]
            jacobian[i][np.ix_(range(m), own)] += one.after_by
            jacobian[i, m, own] += one.guard_by
            jacobian[i, range(m), range(follows * w, follows * w + m)] -= 1.0
        monodromy = reduce(lambda product, one: one.returned[:, :m] @ product, found, np.eye(m))
        runs = tuple(one.run for one in found)
        V = np.concatenate([run.V for run in runs])
        return Evaluation(
            residual=residual.ravel(),
            jacobian=jacobian.reshape(k * w, -1),
            monodromy=monodromy,
            multipliers=sorted_multipliers(monodromy),
            intervals=self.read(z)[0],
            states=self.read(z)[1],
            slope=min(one.slope for one in found),
            crossings=sum(one.crossings for one in found),
            clearance=min(one.clearance for one in found),
            swing=float(np.ptp(V) / self.sizes[0]),
            runs=runs,
        )

    def read(self, z: Array) -> tuple[Array, Array]:
        """Give the intervals and the states at their beginnings from the unknowns."""
        parts = z[:-1].reshape(self.n_spikes, -1)
        refractory, _ = place(self.axis, float(z[-1]), self.rtol).linear.refractory()
        return parts[:, -1] + refractory, parts[:, :-1].copy()

    def scales(self, z: Array) -> Array:
        """Give what is one unit of length in each unknown, shape (n,)."""
        shortest = SHORT * scales_of(self.axis.neuron).time
        times = TIME * np.maximum(z[:-1].reshape(self.n_spikes, -1)[:, -1:], shortest)
        own = np.tile(self.sizes[list(self.free)], (self.n_spikes, 1))
        return np.append(np.hstack([own, times]).ravel(), RANGE * self.span)

    def adapted(self, z: Array, found: Evaluation) -> HybridCycles:
        """Give the same equations as they suit a cycle just found."""
        slopes = [_slope_at_end(run, self.axis, float(z[-1]), self.rtol) for run in found.runs]
        return attrs.evolve(self, timed=tuple(is_timed(self.axis.neuron, slope) for slope in slopes))

    def divided(self, z: Array, found: Evaluation) -> tuple[HybridCycles, Array] | None:
        """Give no other division: each interval is an arc."""

    def common(self, vector: Array) -> Array:
        """Give what of a vector is the same however the cycle is divided: all of it."""
        return vector

    def turned(self, jacobian: Array) -> Array:
        """Give what is singular where the period doubles: the last interval leads to minus the beginning."""
        turned, m = jacobian[:, :-1].copy(), self.width - 1
        rows = (self.n_spikes - 1) * self.width + np.arange(m)
        turned[rows, np.arange(m)] += 2.0
        return turned

    def doubled(self, z: Array, found: Evaluation) -> tuple[HybridCycles, Array, Array]:
        """Give the equations of twice the period, the cycle run through twice, and where the two part."""
        again = attrs.evolve(self, n_spikes=2 * self.n_spikes, timed=self.timed * 2)
        # Along -1 all that is of the first round turns its sign in the second.
        parted = np.linalg.svd(self.turned(found.jacobian))[2][-1]
        twice = np.concatenate([z[:-1], z[:-1], z[-1:]])
        return again, twice, np.concatenate([parted, -parted, [0.0]])


def _slope_at_end(run: Trajectory, axis: Axis, value: float, rtol: float) -> float:
    if run.events:
        return run.events[-1].slope
    here, y = place(axis, value, rtol), run.segments[-1].values[:, -1]
    return float(here.linear.guard(y)[0] @ here.flow(y))


@attrs.frozen(eq=False)
class SmoothCycles:
    """Cycles of the flow alone, spikes or not: arcs of one duration, end to end.

    The unknowns are the states at the beginnings of the arcs, the period, and the parameter. The first lies
    in a plane across the cycle found last.
    """

    axis: Axis
    arcs: int
    span: float
    rtol: float
    longest: float
    # point and normal, shape (n_states,): the plane, in units of `sizes`.
    point: Array
    normal: Array
    sizes: Array  # shape (n_states,)
    forced: ClassVar[bool] = False

    @property
    def n_spikes(self) -> int:
        """Spikes in the equations: none."""
        return 0

    def _parts(self, z: Array) -> tuple[Place, float, Array]:
        """Give the place, the length of an arc, and the states where they begin, shape (arcs, n_states)."""
        period = float(z[-2])
        if not 0.0 < period <= 2.0 * self.longest:
            raise SolverError(f"a cycle must take time, got {period:.6g} ms")
        return place(self.axis, float(z[-1]), self.rtol), period / self.arcs, z[:-2].reshape(self.arcs, -1)

    def _residual(self, parts: Array, ends: list[Array]) -> Array:
        apart = np.array(ends) - np.roll(parts, -1, axis=0)
        return np.append(apart.ravel(), self.normal / self.sizes @ (parts[0] - self.point))

    def residual(self, z: Array) -> Array:
        """Evaluate the residual alone."""
        here, length, parts = self._parts(z)
        return self._residual(parts, [run_on(here, y, length).segments[-1].values[:, -1] for y in parts])

    def jacobian_beside(self, found: Evaluation) -> Array | None:
        """Give what another evaluation tells of the Jacobian here: all but the plane, which is known."""
        jacobian = found.jacobian.copy()
        if len(jacobian) != self.arcs * self.point.size + 1:
            return None
        jacobian[-1, : self.point.size] = self.normal / self.sizes
        return jacobian

    def evaluate(self, z: Array) -> Evaluation:
        """Evaluate the equations at a point, shape (n,)."""
        (here, length, parts), n, m = self._parts(z), self.point.size, self.arcs
        start = np.eye(n, n + len(self.axis.all))
        legs = [flowed(here, y, start, length) for y in parts]
        jacobian = np.zeros((m * n + 1, z.size + len(self.axis.others)))
        for i, leg in enumerate(legs):
            rows, follows = slice(i * n, (i + 1) * n), (i + 1) % m
            jacobian[rows, i * n : (i + 1) * n] += leg.by[:, :n]
            jacobian[rows, follows * n : (follows + 1) * n] -= np.eye(n)
            jacobian[rows, m * n], jacobian[rows, m * n + 1 :] = leg.flow / m, leg.by[:, n:]
        jacobian[-1, :n] = self.normal / self.sizes
        monodromy = reduce(lambda product, leg: leg.by[:, :n] @ product, legs, np.eye(n))
        values = sorted_multipliers(monodromy)
        runs = tuple(leg.run for leg in legs)
        V = np.concatenate([run.V for run in runs])
        clearance, crossings = np.inf, 0
        if self.axis.neuron.fires:
            counted = [inside(here, run, length) for run in runs]
            crossings = sum(number for number, _ in counted)
            clearance = min(clear for _, clear in counted)
        return Evaluation(
            residual=self._residual(parts, [leg.end for leg in legs]),
            jacobian=jacobian,
            monodromy=monodromy,
            multipliers=np.delete(values, int(np.argmin(np.abs(values - 1.0)))),
            intervals=self.read(z)[0],
            states=self.read(z)[1],
            slope=np.inf,
            crossings=crossings,
            clearance=clearance,
            swing=float(np.ptp(V) / self.sizes[0]),
            runs=runs,
        )

    def read(self, z: Array) -> tuple[Array, Array]:
        """Give the period and the state at its beginning from the unknowns."""
        return z[-2:-1].copy(), z[: self.point.size].reshape(1, -1).copy()

    def scales(self, z: Array) -> Array:
        """Give what is one unit of length in each unknown, shape (n,)."""
        return np.concatenate([np.tile(self.sizes, self.arcs), [TIME * z[-2]], [RANGE * self.span]])

    def adapted(self, z: Array, found: Evaluation) -> SmoothCycles:
        """Give the same equations as they suit a cycle just found."""
        here, n = place(self.axis, float(z[-1]), self.rtol), self.point.size
        flow = here.flow(z[:n]) / self.sizes
        return attrs.evolve(self, point=z[:n].copy(), normal=flow / np.linalg.norm(flow))

    def divided(self, z: Array, found: Evaluation) -> tuple[SmoothCycles, Array] | None:
        """Give the same cycle in as many arcs as its growth asks for; None where it is so already."""
        growth = float(np.abs(found.multipliers).max(initial=0.0))
        wanted = 1 if growth < GROWTH else MOST_ARCS
        if wanted == self.arcs or (self.arcs > 1 and growth > 0.2 * GROWTH):
            return None
        length = float(z[-2]) / self.arcs
        times = float(z[-2]) * np.arange(wanted) / wanted
        which = np.minimum((times / length).astype(int), self.arcs - 1)
        states = [found.runs[k].state(min(t - k * length, length)) for k, t in zip(which, times, strict=True)]
        return attrs.evolve(self, arcs=wanted), np.concatenate([*states, z[-2:]])

    def common(self, vector: Array) -> Array:
        """Give what of a vector is the same however the cycle is divided."""
        return np.concatenate([vector[: self.point.size], vector[-2:]])

    def turned(self, jacobian: Array) -> Array:
        """Give what is singular where the period doubles: the last arc leads to minus the beginning."""
        n, m = self.point.size, self.arcs
        turned = jacobian[: m * n, : m * n].copy()
        turned[(m - 1) * n + np.arange(n), np.arange(n)] += 2.0
        return turned

    def doubled(self, z: Array, found: Evaluation) -> tuple[SmoothCycles, Array, Array]:
        """Give the equations of twice the period, the cycle run through twice, and where the two part."""
        again = attrs.evolve(self, arcs=2 * self.arcs)
        parted = np.linalg.svd(self.turned(found.jacobian))[2][-1]
        twice = np.concatenate([z[:-2], z[:-2], [2.0 * z[-2], z[-1]]])
        return again, twice, np.concatenate([parted, -parted, [0.0, 0.0]])


def is_smooth(neuron: AnyNeuron) -> bool:
    """Tell whether no spike changes anything: cycles are then those of the flow, threshold or not."""
    system = neuron.system
    return not neuron.fires or (tuple(system.reset) == tuple(system.states) and neuron.tau_ref == 0.0)


def smooth_cycles(axis: Axis, states: Array, y: Array, span: float, *, longest: float) -> SmoothCycles:
    """Make the equations of smooth cycles near one, `states` of shape (n_states, n_times), through y."""
    here = place(axis, axis.value, RTOL)
    flow = here.flow(y) / (sizes := sizes_of(axis.neuron, states))
    return SmoothCycles(axis, 1, span, RTOL, longest, y.copy(), flow / np.linalg.norm(flow), sizes)


def hybrid_cycles(axis: Axis, states: Array, n_spikes: int, span: float, *, longest: float) -> HybridCycles:
    """Make the equations of cycles of k spikes near one, `states` of shape (n_states, n_times)."""
    return HybridCycles(
        axis, n_spikes, span, RTOL, longest, (False,) * n_spikes, sizes_of(axis.neuron, states)
    )
