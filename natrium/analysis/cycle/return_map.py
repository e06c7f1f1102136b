"""The hybrid cycle: the map from the state after one reset to the state after the next.

Under a constant input all that a spike leaves behind is the state just after the reset. Where the reset
puts V at one value, that is the other states alone: for a neuron with channels, its gates. An interval
begins with the refractory period and ends with the next spike. The map's derivative is that of the
variational equations, with the saltation of the spike.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.variation.equations import propagate
from natrium.analysis.variation.linearised import Linearised, linearised
from natrium.analysis.variation.pieces import RTOL, Directions, Spike, through_rest
from natrium.model import (
    AnyNeuron,
    Constant,
    ModelError,
    Number,
    SolverError,
    UnsupportedModel,
    check_neuron,
    lower,
)
from natrium.model.arrays import Array
from natrium.model.branches import has_branches
from natrium.model.leak import input_unit
from natrium.model.protocol import per_neuron
from natrium.model.scales import scales_of, state_scales
from natrium.solvers import Compiled, Solver, Trajectory, accurate
from natrium.solvers.flags import RunFlag

RUN_RTOL = 1e-12
LONGEST = 5000.0  # ms, or of the scale of time, without a spike after which none is expected
FIRST_LOOK = 50.0  # ms, or of the scale of time
LONGER = 2.0
BEYOND = 1.5  # times an interval that is known to be near: how far is looked first
# How near to a stable equilibrium (mV; of the states' scales) a run has come to rest, and how many times as
# far off the threshold must be then.
AT_REST, CLEAR = 1e-6, 1e3


@attrs.frozen(eq=False, slots=False)
class Return:
    """One interval, from reset to reset; its derivatives are found when they are asked for.

    Attributes
    ----------
    before, after : ndarray, shape (n_free,)
        Free states just after the reset that begins the interval, and after the one that ends it.
    interval : float
        From spike to spike, the refractory period included, ms.
    """

    before: Array
    after: Array
    interval: float
    _map: ReturnMap = attrs.field(repr=False)
    _run: Trajectory = attrs.field(repr=False)  # from where V is free, `_by_free` its derivative there
    _by_free: Array = attrs.field(repr=False)

    @cached_property
    def spike(self) -> Spike:
        """The spike that ends it, with its derivatives by `before`.

        Raises
        ------
        SolverError
            When the variational equations cannot be solved.
        """
        directions = free_directions(self._map.neuron, self._by_free)
        return propagate(self._run, directions, n_spikes=1, rtol=self._map.rtol).spikes[0]

    @property
    def jacobian(self) -> Array:
        """D after / d before, shape (n_free, n_free)."""
        return self.spike.after[list(self._map.free)]

    @property
    def gradient(self) -> Array:
        """D interval / d before, shape (n_free,), ms."""
        return self.spike.gradient


@attrs.frozen(eq=False, slots=False)
class ReturnMap:
    """The map from the state after one reset to the state after the next.

    Attributes
    ----------
    neuron : Neuron or HybridNeuron
    input : float
        Constant input, mV.
    solver : Solver
    longest : float
        Longest interval looked for, ms.
    rtol : float
        Relative tolerance of the derivatives.
    """

    neuron: AnyNeuron
    input: float
    solver: Solver = attrs.field(repr=False)
    longest: float
    rtol: float = RTOL

    @cached_property
    def linear(self) -> Linearised:
        """The system with its derivatives."""
        return linearised(self.neuron.system)

    @cached_property
    def free(self) -> tuple[int, ...]:
        """Indices of the states that a reset leaves free (see `free_of`)."""
        return free_of(self.neuron)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the free states: ``"Na.m"``, ..."""
        return tuple(self.neuron.system.labels[index] for index in self.free)

    @property
    def v_reset(self) -> float:
        """V after a reset, where it is one value, mV."""
        return _reset_of(self.neuron)

    def full(self, free: npt.ArrayLike) -> Array:
        """Give the whole state just after a reset from its free ones, shape (n_states,)."""
        state = np.asarray(free, dtype=float).ravel()
        if state.size != len(self.free):
            raise ModelError(
                f"the free states are {', '.join(self.names) or 'none'}: {len(self.free)} numbers needed, "
                f"got {state.size}"
            )
        return state.copy() if self.free[:1] == (0,) else np.array([self.v_reset, *state])

    def released(self, free: npt.ArrayLike) -> tuple[Array, Array]:
        """Carry free states through the refractory period: the state, and its derivative by them.

        Returns
        -------
        y : ndarray, shape (n_states,)
        by_free : ndarray, shape (n_states, n_free)
        """
        length, _ = self.linear.refractory()
        y, by_state = rested(self.linear, self.full(free), length, self.input)
        return y, by_state[:, list(self.free)]

    def __call__(self, free: npt.ArrayLike, near: float | None = None) -> Return:
        """Go from one reset to the next.

        Parameters
        ----------
        free : array_like, shape (n_free,)
            Free states just after a reset, in the order of `names`.
        near : float, optional
            About how long the interval is, ms: no more is run then than must be.

        Raises
        ------
        ModelError
            When there are not as many.
        SolverError
            When no spike follows.
        UnsupportedModel
            When V is over the threshold as soon as it is free.
        """
        y, by_free = self.released(free)
        system = self.neuron.system
        level = float(lower(system).frame.threshold(y))
        if y[0] > level and not system.passes:
            raise UnsupportedModel(
                "cycles need V below the threshold as the refractory period ends, got "
                f"{y[0]:.9g} mV at {level:.9g} mV by the rule {system.refractory.rule!r}: a spike that is "
                "made by the clock has no slope; use less input"
            )
        trajectory = run_from(self.neuron, y, self.input, self.solver, self.longest, near)
        if not trajectory.events:
            raise SolverError(
                f"every interval must end with a spike, got none within {self.longest:g} ms at "
                f"I = {input_unit(self.neuron).show(self.input)}; take another input, or a larger `longest`"
            )
        event = trajectory.events[0]
        return Return(
            before=np.asarray(free, dtype=float).ravel(),
            after=event.after[list(self.free)],
            interval=self.linear.refractory()[0] + event.time,
            map=self,
            run=trajectory,
            by_free=by_free,
        )

    def orbit(self, free: npt.ArrayLike, count: int, near: Sequence[Return] = ()) -> list[Return]:
        """Go on for `count` intervals, which are about as long as others, where any are known."""
        returns: list[Return] = []
        for k in range(count):
            returns.append(self(free, near[k].interval if near else None))
            free = returns[-1].after
        return returns


def rested(linear: Linearised, y: Array, length: float, I: float) -> tuple[Array, Array]:
    """Carry a state through (a part of) the refractory period: by its closed form, or by its flow.

    Parameters
    ----------
    linear : Linearised
    y : ndarray, shape (n_states,)
        Just after the reset, or later in the period.
    length : float
        ms.
    I : float
        Constant input, mV.

    Returns
    -------
    y : ndarray, shape (n_states,)
    by_state : ndarray, shape (n_states, n_states)

    Raises
    ------
    UnsupportedModel
        When it flows through branches.
    """
    system = linear.system
    if system.rested(0.0) is None and has_branches(*system.resting.rhs):
        raise UnsupportedModel(
            "cycles need a refractory period that flows without branches where it has no closed form, got "
            f"the rule {system.refractory.rule!r}: use 'hold', or 'clamp' with gates of V alone"
        )
    start = np.eye(y.size)
    still = Directions(start, np.zeros((len(system.parameters), y.size)))
    return through_rest(linear, I, y, start, length, still)[:2]


def free_of(neuron: AnyNeuron) -> tuple[int, ...]:
    """Give the indices of the states that a reset leaves free: all but V where it puts V at one value.

    Or leaves it at the threshold: a state a little below that would be on its way to the same spike.
    """
    system = neuron.system
    stays = system.passes and not system.threshold_moves
    first = 0 if system.reset[0].free_symbols & set(system.states) and not stays else 1
    return tuple(range(first, len(system.states)))


@per_neuron(maxsize=64)
def _reset_of(neuron: AnyNeuron) -> float:
    """Give V after a reset, where it is one value, mV."""
    system = neuron.system
    known = dict(zip(system.parameters, system.values, strict=True))
    after, V = system.reset[0], system.states[0]
    return float(after.subs(known | ({V: neuron.v_thresh} if after.has(V) else {})))


def free_directions(neuron: AnyNeuron, start: Array) -> Directions:
    """Make directions of the state at the start alone, `start` of shape (n_states, P)."""
    return Directions(start, np.zeros((len(neuron.system.parameters), start.shape[1])))


def run_from(
    neuron: AnyNeuron,
    y: Sequence[float] | Array,
    I: float,
    solver: Solver,
    longest: float,
    near: float | None = None,
) -> Trajectory:
    """Run from a state under a constant input until it fires or has come to rest, or for `longest` ms.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
    y : sequence of float, length n_states
        State at the start, not refractory.
    I : float
        mV.
    solver : Solver
    longest : float
        ms.
    near : float, optional
        About when it fires, ms.
    """
    look = FIRST_LOOK * scales_of(neuron).time if near is None else BEYOND * near
    beginning, span = neuron.started(list(y)), min(look, longest)
    while True:
        trajectory = solver.solve(beginning, Constant(I), t_end=span)
        if trajectory.events or span >= longest or _is_at_rest(neuron, trajectory, I):
            return trajectory
        if trajectory.flags & RunFlag.FALLBACK and isinstance(solver, Compiled):
            solver = solver.fallback  # where it is stiff once it is so again
        span = min(LONGER * span, longest)


def _is_at_rest(neuron: AnyNeuron, trajectory: Trajectory, I: float) -> bool:
    """Tell whether a run has ended so near to a stable equilibrium that no spike can follow."""
    kernel = lower(neuron.system)
    y = kernel.frame.inward(trajectory.segments[-1].values[:, -1])
    arguments = (*y.tolist(), I - neuron.gap, *kernel.parameters)
    if kernel.flow.n_branches:  # beside it another law may hold
        return False
    jacobian = np.array(kernel.stiff_jacobian(*arguments), dtype=float)
    if not np.isfinite(jacobian).all() or np.linalg.eigvals(jacobian).real.max() >= 0.0:
        return False
    left = np.linalg.solve(jacobian, -np.array(kernel.stiff_rhs(*arguments), dtype=float))
    sizes = state_scales(neuron)
    off = float((np.abs(left) / sizes).max())
    return off < AT_REST and CLEAR * off < -(y[0] + left[0]) / sizes[0]


def longest_of(neuron: AnyNeuron, longest: float | None) -> float:
    """Give the longest interval looked for, ms: what is asked for, or `LONGEST` of the scale of time."""
    if longest is None:
        return LONGEST * scales_of(neuron).time
    Number("ms", 0.0, open_low=True).check("longest", longest)
    return float(longest)


def return_map(
    neuron: AnyNeuron, I: float, *, solver: Solver | None = None, longest: float | None = None
) -> ReturnMap:
    """Give the map of the free states (for a neuron with channels: its gates) from reset to reset.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        With a threshold.
    I : float
        Constant input, mV.
    solver : Solver, optional
        By default `accurate`, with a relative tolerance of 1e-12.
    longest : float, optional
        Longest interval looked for, ms; by default 5000, of the scale of time.

    Returns
    -------
    ReturnMap
        Called with free states, it gives the next ones, the interval and both derivatives.

    Raises
    ------
    ModelError
        When the neuron has no threshold, or a number is out of range.

    References
    ----------
    .. [1] S. Coombes, R. Thul, K. C. A. Wedgwood, "Nonsmooth dynamics in spiking neuron models",
       Physica D 241 (2012) 2042-2057.
    """
    check_neuron(neuron)
    if not neuron.fires:
        raise ModelError("a return map needs resets, got a neuron without a threshold: use smooth_cycle")
    Number("mV").check("I", I)
    return ReturnMap(neuron, float(I), solver or accurate(neuron, RUN_RTOL), longest_of(neuron, longest))
