r"""The input that holds a neuron at V where other states follow from V implicitly: compartments, schemes.

Of the states that need each other one is V; the others, w, are zeros of their own equations F(V, w) = 0 at
each V, followed along V by Newton's method (one step, where these are linear: a kinetic scheme), and

.. math:: F_w w' = -F_V, \qquad F_w w'' = -D^2 F, \qquad I_{eq}' = D I, \qquad I_{eq}'' = D^2 I + I_w w'',

with D the derivative along (1, w'). There may be other w at the same V: followed is the one to which the cell
comes from its start while V is held there, as far as it does not meet another. Folds are changes of sign of
dI/dV: by bounds for a scheme, else looked for on a fine grid and, where it comes near to zero, between.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NoReturn

import attrs
import numpy as np
import scipy
import sympy

from natrium.analysis.equilibria.bifurcations import sign_changes_near
from natrium.analysis.equilibria.coupled import rests_at
from natrium.analysis.equilibria.driven import enters_elsewhere, inertia_of, is_singular, solved_with_input
from natrium.analysis.equilibria.enclosure import sign_changes
from natrium.analysis.equilibria.flow import jacobian_of
from natrium.analysis.equilibria.linear import LinearEnclosure
from natrium.analysis.equilibria.steady_input import (
    FEW_COUPLED,
    SteadyInput,
    coupled_states,
    explicit_input,
    steady_input,
    steady_states,
)
from natrium.model import AnyNeuron, HybridSystem, SolverError, UnsupportedModel, lower
from natrium.model.arrays import Array
from natrium.model.branches import choose
from natrium.model.expressions.expression import show_formula
from natrium.model.kernel import lower_expressions
from natrium.model.protocol import per_neuron
from natrium.model.scales import state_scales

STEP = 0.5  # mV, or of V's scale: along V, from one to the next
NEWTON, EXACT = 30, 1e-12  # steps, and the relative change at which they end
ROUGH = 1e-8  # or below this, where rounding lets it fall no further
AGES, PATIENCE = 1e7, 3000  # ms of V held after which the others rest, and the steps that they may take to it
MOST_INTERVALS = 20_000  # of V that bounds may leave undecided: beyond, rates are too far apart for them
FINE = 0.1  # likewise: from one V to the next at which the sign of dI/dV is looked at


@attrs.frozen(eq=False)
class Implied:
    """What follows from a system alone, as functions of V, w, w', w'' and the parameters."""

    V: Any
    # held, slopes and bends: w, w' and w''.
    held: tuple[Any, ...]
    slopes: tuple[Any, ...]
    bends: tuple[Any, ...]
    # equations, by_V and twice: F, its derivative by V alone, and D D F.
    equations: tuple[Any, ...]
    by_V: tuple[Any, ...]
    twice: tuple[Any, ...]
    jacobian: tuple[tuple[Any, ...], ...]  # F_w, row by row
    inputs: tuple[Any, ...]  # I_eq and its first two derivatives along V
    inertia: Any  # the input over the dV/dt that it makes
    steady: tuple[Any, ...]  # each state but V
    driven: bool  # whether the input stands in another equation than V's, and V's own is one of those of F

    @property
    def linear(self) -> bool:
        """Whether w is the only one at each V: F is linear in it."""
        return not any(entry.has(*self.held) for row in self.jacobian for entry in row) and not any(
            node.args[0].has(*self.held)
            for one in (*self.equations, self.inputs[0])
            for node in one.atoms(choose)
        )


_Found = tuple[tuple[Any, ...], dict[Any, Any], Any, Any, list[Any]]


def _driven(system: HybridSystem) -> _Found:
    """Give what is held, all else, the input, its inertia, and the equations of what is held."""
    held, steady, equations = solved_with_input(system, FEW_COUPLED)
    current = steady.get(system.input, system.input)
    return held, steady, current, inertia_of(system, steady), equations


def _apart(system: HybridSystem) -> _Found:
    """Give the same where the input stands in V's equation only, which then says what it is."""
    (_, *held), steady = coupled_states(system, FEW_COUPLED)
    if not held:
        steady_states(system)  # says what is missing
    current, inertia = explicit_input(system, steady)
    flows = dict(zip(system.states, system.rhs, strict=True))
    F = sympy.Matrix([flows[state].subs(steady, simultaneous=True) for state in held])
    if is_singular(F.jacobian(held)):
        names = ", ".join(map(str, held))
        raise UnsupportedModel(
            f"this needs a steady state of {names} at every V: equations that say what it is, got "
            f"{', '.join(map(show_formula, F))}: use equilibria at one input, limit_cycle, or simulate"
        )
    return tuple(held), steady, current, inertia, list(F)


@lru_cache(maxsize=64)
def _implicit(system: HybridSystem) -> Implied:
    V = system.states[0]
    found = _driven(system) if enters_elsewhere(system) else _apart(system)
    held, steady, current, inertia, equations = found
    F, by_w = sympy.Matrix(equations), sympy.Matrix(equations).jacobian(held)
    slopes, bends = (tuple(sympy.Dummy(f"{kind}_{w}") for w in held) for kind in ("slope", "bend"))

    def along(expr: Any) -> Any:
        return expr.diff(V) + sum(expr.diff(w) * slope for w, slope in zip(held, slopes, strict=True))

    bent = sum(current.diff(w) * bend for w, bend in zip(held, bends, strict=True))
    return Implied(
        V=V,
        held=tuple(held),
        slopes=slopes,
        bends=bends,
        equations=tuple(F),
        by_V=tuple(F.diff(V)),
        twice=tuple(along(along(one)) for one in F),
        jacobian=tuple(tuple(line) for line in by_w.tolist()),
        inputs=(current, along(current), along(along(current)) + bent),
        inertia=inertia,
        steady=tuple(steady.get(state, state) for state in system.states[1:]),
        driven=enters_elsewhere(system),
    )


class ImplicitInput(SteadyInput):
    """I_eq(V), its derivatives and the Jacobian of a neuron some of whose states follow implicitly."""

    def __init__(self, neuron: AnyNeuron) -> None:
        system = neuron.system
        self.neuron, self.system, self.values = neuron, system, system.values
        self._unit = state_scales(neuron)[0]
        self._found = found = _implicit(system.pruned.structure)
        scales = dict(zip(system.states, state_scales(neuron), strict=True))
        self._sizes = np.array([scales.get(w, 1.0) for w in found.held])[:, np.newaxis]
        at = found.V, *found.held
        implied, equations = (*found.inputs, *found.steady, found.inertia), (found.equations, found.by_V)
        whole = (*at, *found.slopes, *found.bends, *system.parameters)
        self._implied = lower_expressions(implied, whole, "grid")
        self._newton = lower_expressions((*equations, *found.jacobian), (*at, *system.parameters), "grid")
        self._bend = lower_expressions((found.twice,), (*at, *found.slopes, *system.parameters), "grid")
        self._jacobian = jacobian_of(system.structure)
        self.only = found.linear
        symbols = dict(zip(system.parameters, self.values, strict=True))
        self._bounds = LinearEnclosure(found, symbols) if self.only else None
        self._branching = found.inputs[0], *found.equations
        self._seen: tuple[Array, Array] | None = None

    @property
    def _at_rest(self) -> dict[Any, Any]:
        """Nothing is known in closed form."""
        return {}

    def __call__(self, V: float, order: int = 0) -> float:
        """Evaluate I_eq, or a derivative of it, at one V."""
        return float(self._rows(np.array([V]))[order][0]) + 0.0

    def inertia(self, V: float) -> float:
        """Give the input over the dV/dt that it makes, ms."""
        return float(self._rows(np.array([V]))[-1][0])

    def slowest(self, *voltages: float) -> float:
        """Give the longest time constant of membrane and other states at some voltages, ms."""
        own = -np.linalg.eigvals(self.jacobians(np.array(voltages))[:, 1:, 1:]).real
        rates = [*own.ravel(), *(rate for V in voltages for rate in lower(self.system).relaxation(V))]
        paces = [self.pace(V) for V in voltages]
        return float(max([*paces, *(1.0 / rate for rate in rates if rate > 0.0)]))

    def along(self, V: Array) -> tuple[Array, Array]:
        """Give I_eq, shape (n,), and the states, shape (n_states, n), at many V."""
        V = np.asarray(V, dtype=float)
        rows = self._rows(V)
        return rows[0], np.vstack([V, rows[3:-1]])

    def poles(self, low: float, high: float) -> tuple[float, ...]:
        """None is looked for."""
        return ()

    def _is_pole(self, V: float) -> bool:
        return False

    def folds(self, low: float, high: float) -> tuple[float, ...]:
        """Find every V between at which dI/dV changes sign, mV: by bounds where they decide, or as above."""
        if self._bounds is not None:
            try:
                return sign_changes(self._bounds, lambda v: self(v, 1), low, high, MOST_INTERVALS, self._unit)
            except SolverError:
                self._bounds = None
        V = np.linspace(low, high, 1 + int(np.ceil((high - low) / (FINE * self._unit))))
        return tuple(sorted(sign_changes_near(lambda v: self._rows(v)[1], V, self._unit)))

    def crossings(self, low: float, high: float) -> tuple[float, ...]:
        """Find every V between at which an equilibrium lies on the threshold, mV."""
        if self.system.threshold_moves:
            raise UnsupportedModel(
                "this needs a threshold that stands where states follow from V implicitly, got one that "
                f"moves with {', '.join(self.system.threshold_moves)}: use equilibria at one input"
            )
        return (lower(self.system).frame.level,)

    def _rows(self, V: Array) -> Array:
        """Give I_eq, two derivatives, every other state and the inertia, at many V."""
        w = self._held(V)
        _, by_V, matrix = self._flow(V, w)
        slopes = _solve(matrix, -by_V)
        with np.errstate(all="ignore"):
            bends = _solve(matrix, -_spread(self._bend(V, *w, *slopes, *self.values)[0], V))
            return _spread(self._implied(V, *w, *slopes, *bends, *self.values), V)

    def _flow(self, V: Array, w: Array) -> tuple[Array, Array, Array]:
        """Give F, F_V, each of shape (n_held, n_points), and F_w, (n_points, n_held, n_held)."""
        with np.errstate(all="ignore"):
            rows = self._newton(V, *w, *self.values)
        full = np.array([_spread(row, V) for row in rows])
        return full[0], full[1], np.moveaxis(full[2:], 2, 0)

    def _held(self, V: Array) -> Array:
        """Give w, shape (n_held, n_points)."""
        if self.only:  # Newton's first step is the solution, the second what rounding left of it
            return self._solved(V, np.zeros((len(self._found.held), V.size)))
        at, w = self._table(float(V.min()), float(V.max()))
        return self._solved(V, np.array([np.interp(V, at, row) for row in w]))

    def _solved(self, V: Array, w: Array) -> Array:
        """Give w near a guess by Newton's method."""
        before, done = np.full(V.shape, np.inf), np.zeros(V.shape, dtype=bool)
        for _ in range(NEWTON):
            miss, _, matrix = self._flow(V, w)
            try:
                change = _solve(matrix, miss)
            except np.linalg.LinAlgError:
                break
            w = w - change
            moved = np.max(np.abs(change) / (self._sizes + np.abs(w)), axis=0)
            done |= (moved <= EXACT) | ((moved <= ROUGH) & (moved >= before))
            if np.all(done):
                return np.asarray(w)
            before = moved
        return self._refuse(float(V.flat[0]))

    def _table(self, low: float, high: float) -> tuple[Array, Array]:
        """Give w along V, from where the cell starts, at least from low to high."""
        if self._seen is None:
            start = np.array(self.neuron.initial_state())
            first = self._driven(start) if self._found.driven else self._first(start)
            self._seen = start[:1], first[:, np.newaxis]
        at, w = self._seen
        while at[-1] < high or at[0] > low:
            end, side = (-1, 1) if at[-1] < high else (0, -1)
            V = at[[end]] + side * STEP * self._unit
            near = self._solved(V, w[:, [end]])
            if self._turn(V, near) != self._turn(at[[end]], w[:, [end]]):
                self._refuse(float(V[0]))
            at, w = np.concatenate([at, V][::side]), np.concatenate([w, near][::side], axis=1)
            self._seen = at, w
        return self._seen

    def _turn(self, V: Array, w: Array) -> bool:
        """Tell the sign of the determinant of F_w: where it changes, w turns back or meets another."""
        return bool(np.linalg.slogdet(self._flow(V, w)[2])[0][0] > 0.0)

    def _driven(self, start: Array) -> Array:
        """Give the w nearest to the start and no input, where the input is one of them or moves them."""
        begin = dict(zip(self.system.states, start.tolist(), strict=True)) | {self.system.input: 0.0}
        guess = np.array([begin[w] for w in self._found.held])
        return self._solved(start[:1], guess[:, np.newaxis])[:, 0]

    def _first(self, start: Array) -> Array:
        """Give the w to which the cell comes from its start while V is held; the nearest, if to none."""
        V, places = start[:1], [self.system.states.index(w) for w in self._found.held]
        w = self._relaxed(V, start[places])
        if w is not None:
            return w
        try:
            found = [one.state[places] for one in rests_at(self.neuron, float(V[0])) if one.proven]
        except SolverError:  # too many boxes
            found = []
        if not found:
            self._refuse(float(V[0]))
        return np.asarray(min(found, key=lambda w: float(np.abs(w - start[places]).max())))

    def _relaxed(self, V: Array, w: Array) -> Array | None:
        """Give where w comes to rest while V is held; None where it does not."""

        def fun(t: float, w: Array) -> Any:
            return self._flow(V, w[:, np.newaxis])[0][:, 0]

        def jac(t: float, w: Array) -> Any:
            return self._flow(V, w[:, np.newaxis])[2][0]

        try:
            with np.errstate(all="ignore"):
                run = scipy.integrate.Radau(fun, 0.0, w, AGES, jac=jac)
                for _ in range(PATIENCE):
                    if run.status == "running":
                        run.step()
            rest = self._solved(V, run.y[:, np.newaxis])[:, 0]
            return np.asarray(rest) if run.status == "finished" else None
        except (ValueError, np.linalg.LinAlgError, UnsupportedModel):  # an infinity, or no rest there
            return None

    def reach(self, low: float, high: float) -> tuple[float, float]:
        """Give the part of a range of V to which w can be followed."""
        if self.only:
            return low, high
        edges = []
        for end in (low, high):
            try:
                self._held(np.array([end]))
            except UnsupportedModel:
                at = self._table(*self.neuron.initial_state()[:1] * 2)[0]
                end = float(max(end, at[0]) if end == low else min(end, at[-1]))
            edges.append(end)
        needed = [*self.neuron.landmarks, *self.crossings(low, high)] if self.neuron.fires else []
        for V in needed:
            if not edges[0] <= V <= edges[1]:
                self._refuse(V)
        return edges[0], edges[1]

    def _refuse(self, V: float) -> NoReturn:
        names = ", ".join(str(state) for state in self._found.held)
        raise UnsupportedModel(
            f"this needs a steady state of {names} at every V, followed along it, got its end at V = {V:.6g} "
            "mV: use equilibria at one input, limit_cycle, or simulate"
        )


def _spread(rows: Any, V: Array) -> Array:
    full = np.empty((len(rows), *V.shape))
    for place, row in enumerate(rows):
        full[place] = row
    return full


def _solve(matrices: Array, sides: Array) -> Array:
    """Solve for sides of shape (n, n_points): each equation against its own fastest rate."""
    sizes = np.abs(matrices).max(axis=2)
    sizes = np.where((sizes > 0.0) & np.isfinite(sizes), sizes, 1.0)
    found = np.linalg.solve(matrices / sizes[..., np.newaxis], (sides.T / sizes)[..., np.newaxis])
    return np.asarray(found[..., 0].T)


@per_neuron(maxsize=64)
def held_input(neuron: AnyNeuron) -> SteadyInput:
    """Give the lowered I_eq of a neuron, explicit or implicit, made once.

    Raises
    ------
    UnsupportedModel
        Where it cannot be followed along V, or the input stands elsewhere than in dV/dt.
    """
    try:
        return steady_input(neuron)
    except UnsupportedModel:
        return ImplicitInput(neuron)
