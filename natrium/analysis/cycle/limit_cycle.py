"""Periodic firing: fixed and periodic points of the return map, by Newton, with their multipliers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, reduce
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.cycle.orbits import spikes_of
from natrium.analysis.cycle.periodic import Periodic, errors_of_multipliers
from natrium.analysis.cycle.return_map import Return, ReturnMap, return_map
from natrium.analysis.result import rows_of
from natrium.model import AnyNeuron, Count, SolverError
from natrium.model.arrays import Array
from natrium.model.leak import input_unit
from natrium.model.scales import sizes_near
from natrium.solvers import Solver
from natrium.solvers.reliability import ROUNDING, SAFETY, second_solver, second_tolerance

TRANSIENT = 20  # spikes before Newton begins
NEWTON = 30
HALVINGS = 12  # of a step of Newton's that leads where the neuron cannot be run
TOLERANCE = 1e-11
# Newton's correction cannot be better than the map's own error, a little above the run's tolerance.
STALLED = 1e-9
SAME = 1e-7  # points nearer than this, relative to their size, are one


@attrs.frozen(eq=False, slots=False, repr=False)
class LimitCycle(Periodic):
    """A periodic orbit of the return map.

    Attributes
    ----------
    map : ReturnMap
    returns : tuple of Return
        Its intervals, in order.
    residual : float
        Largest difference between a state and the state one cycle later.
    iterations : int
        Newton steps taken.
    """

    map: ReturnMap
    returns: tuple[Return, ...] = attrs.field(repr=False)
    residual: float
    iterations: int

    @property
    def neuron(self) -> AnyNeuron:
        """The neuron."""
        return self.map.neuron

    @property
    def input(self) -> float:
        """Constant input, mV."""
        return self.map.input

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the free states."""
        return self.map.names

    @property
    def states(self) -> Array:
        """Free states just after each reset, shape (n_spikes, n_free)."""
        return np.array([back.before for back in self.returns]).reshape(len(self.returns), -1)

    @property
    def intervals(self) -> Array:
        """From spike to spike, the refractory period included, shape (n_spikes,), ms."""
        return np.array([back.interval for back in self.returns])

    @property
    def period(self) -> float:
        """Duration of the cycle, ms."""
        return float(self.intervals.sum())

    @property
    def n_spikes(self) -> int:
        """Spikes per cycle, as asked for."""
        return len(self.returns)

    @cached_property
    def least_n_spikes(self) -> int:
        """Spikes after which the cycle truly repeats: a divisor of `n_spikes`."""
        neuron, largest = self.map.neuron, np.abs(self.states).max(axis=0, initial=0.0)
        sizes = np.append(sizes_near(neuron, largest, self.map.free), np.abs(self.intervals).max())
        points = np.column_stack([self.states, self.intervals]) / sizes
        return next(
            k
            for k in range(1, self.n_spikes + 1)
            if self.n_spikes % k == 0 and np.abs(np.roll(points, -k, axis=0) - points).max() < SAME
        )

    @cached_property
    def jacobian(self) -> Array:
        """Derivative of the map over the whole cycle, shape (n_free, n_free)."""
        start = np.eye(len(self.map.free))
        return np.asarray(reduce(lambda product, back: back.jacobian @ product, self.returns, start))

    @cached_property
    def multipliers(self) -> npt.NDArray[np.complex128]:
        """Eigenvalues of `jacobian`, the largest first, shape (n_free,): the Floquet multipliers."""
        found = np.linalg.eigvals(self.jacobian).astype(complex)
        return np.asarray(found[np.argsort(-np.abs(found), kind="stable")])

    def table(self) -> list[dict[str, Any]]:
        """Give one row per spike: the interval and the free states at its reset."""
        numbers, states = range(1, self.n_spikes + 1), dict(zip(self.names, self.states.T, strict=True))
        return rows_of({"spike": numbers, "interval_ms": self.intervals, **states})

    @cached_property
    def second(self) -> LimitCycle | None:
        """The same cycle by a second solve at other tolerances; None where the solver has none."""
        mapping = self.map
        if not hasattr(mapping.solver, "step_scale"):
            return None
        other = attrs.evolve(
            mapping,
            solver=second_solver(mapping.solver),
            rtol=mapping.rtol * second_tolerance(mapping.rtol),
        )
        return cycle_near(
            other, self.states[0], self.n_spikes, least=1, jacobian=self.jacobian, near=self.returns
        )

    @property
    def period_error(self) -> float:
        """How far `period` can be trusted, checked by a second solve, ms; NaN where there is none."""
        if self.second is None:
            return float("nan")
        return SAFETY * abs(self.period - self.second.period) + ROUNDING * float(np.spacing(self.period))

    @property
    def multiplier_errors(self) -> Array:
        """How far each of `multipliers` can be trusted, likewise, shape (n_free,)."""
        if self.second is None:
            return np.full(len(self.map.free), np.nan)
        return errors_of_multipliers(self.multipliers, self.second.multipliers)

    @property
    def largest_multiplier(self) -> float:
        """Modulus of the largest multiplier; 0 where nothing is free (the plain LIF)."""
        return float(np.abs(self.multipliers).max(initial=0.0))

    @property
    def stable(self) -> bool:
        """Whether neighbouring orbits approach it."""
        return self.largest_multiplier < 1.0

    @cached_property
    def delays(self) -> Array:
        r"""What a free state after each reset does to all later spikes, shape (n_spikes, n_free), ms.

        w_k = dT_k + J_k^T w_{k+1} over the cycle, so that a change d of the free states after reset k
        delays spikes, in the long run, by w_k . d.
        """
        total = reduce(
            lambda w, back: back.gradient + back.jacobian.T @ w, reversed(self.returns), self._zero
        )
        w = np.linalg.solve(np.eye(self._zero.size) - self.jacobian.T, total)
        rows = []
        for back in reversed(self.returns):
            w = back.gradient + back.jacobian.T @ w
            rows.append(w)
        return np.array(rows[::-1]).reshape(self.n_spikes, -1)

    @property
    def _zero(self) -> Array:
        return np.zeros(len(self.map.free))


def limit_cycle(
    neuron: AnyNeuron,
    I: float,
    period: int = 1,
    *,
    start: npt.ArrayLike | None = None,
    transient: int = TRANSIENT,
    solver: Solver | None = None,
    longest: float | None = None,
) -> LimitCycle:
    """Find periodic firing under a constant input, stable or not.

    Newton's method on M^period(x) - x = 0, M the return map, with its derivative from the variational
    equations.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        With a threshold.
    I : float
        Constant input, mV.
    period : int
        Spikes per cycle.
    start : array_like, shape (n_free,), optional
        Free states after a reset from which Newton begins; by default those that the neuron's own start
        leads to.
    transient : int
        Spikes by which it is led, where `start` is not given.
    solver : Solver, optional
        By default `accurate`, with a relative tolerance of 1e-12.
    longest : float, optional
        Longest interval looked for, ms; by default 5000, of the scale of time.

    Raises
    ------
    ModelError
        When the neuron has no threshold, or a number is out of range.
    SolverError
        When it does not fire, or Newton finds nothing.
    """
    Count(low=1, high=1000).check("period", period)
    Count(low=1).check("transient", transient)
    mapping = return_map(neuron, I, solver=solver, longest=longest)
    x = np.asarray(start, dtype=float).ravel() if start is not None else _lead(mapping, transient)
    mapping.full(x)
    return cycle_near(mapping, x, period)


def cycle_near(
    mapping: ReturnMap,
    x: Array,
    period: int,
    *,
    least: int = 0,
    most: int = NEWTON,
    jacobian: Array | None = None,
    near: Sequence[Return] = (),
) -> LimitCycle:
    """Find the fixed point of so many returns that is near to x, by so many steps of Newton's method.

    Where their derivative at x is known (`jacobian`), the first step goes by that; where returns near to
    them are (`near`), no more is run than must be.

    Raises
    ------
    SolverError
        When there is none, as far as so many steps tell.
    """
    returns, residual = mapping.orbit(x, period, near), np.inf
    for iteration in range(most + 1):
        miss = returns[-1].after - x
        last, residual = (
            residual,
            float(np.abs(miss / sizes_near(mapping.neuron, x, mapping.free)).max(initial=0.0)),
        )
        settled = residual < TOLERANCE or (residual < STALLED and residual > 0.5 * last)
        if settled and iteration >= least:
            return LimitCycle(mapping, tuple(returns), residual, iteration)
        if jacobian is None or iteration:
            jacobian = reduce(lambda product, back: back.jacobian @ product, returns, np.eye(x.size))
        try:
            step = np.asarray(np.linalg.solve(jacobian - np.eye(x.size), miss), dtype=float)
        except np.linalg.LinAlgError:
            break
        x, returns = _stepped(mapping, x, step, returns)
    raise SolverError(
        f"Newton's method must end at a cycle of {period} spikes, got a residual of {residual:.3g} after "
        f"{most} steps; give a `start` nearer to it, or another period"
    )


def _stepped(mapping: ReturnMap, x: Array, step: Array, before: list[Return]) -> tuple[Array, list[Return]]:
    """Take a step of Newton's method, shorter where it leads to states from which no run is possible."""
    for _ in range(HALVINGS):
        try:
            return x - step, mapping.orbit(x - step, len(before), before)
        except SolverError:
            step = 0.5 * step
    return x - step, mapping.orbit(x - step, len(before), before)


def _lead(mapping: ReturnMap, transient: int) -> Array:
    """Give the free states that the neuron's own start leads to."""
    found = spikes_of(mapping, transient)
    if not found:
        at = input_unit(mapping.neuron).show(mapping.input)
        raise SolverError(
            f"a cycle needs spikes, got none within {mapping.longest:g} ms at I = {at}; take an input "
            "at which it fires: natrium.analysis.rheobase finds where that begins"
        )
    return found[-1].after[list(mapping.free)]
