"""The rheobase: the least constant input at which a resting cell goes on firing, and what gives way there.

Where the input lowers V, the cell is looked at with its sign turned.
"""

from __future__ import annotations

import math

import attrs
import numpy as np

from natrium.analysis.equilibria.bifurcations import Fold, Hopf
from natrium.analysis.equilibria.curve import equilibria, equilibrium_at, equilibrium_curve
from natrium.analysis.equilibria.equilibrium import Equilibrium
from natrium.analysis.equilibria.implicit import held_input
from natrium.analysis.excitability.bracket import CYCLES, bracketed, rounded
from natrium.analysis.excitability.ending import CycleEnd, cycle_end
from natrium.analysis.excitability.least_input import Cause, Check, Rheobase
from natrium.analysis.excitability.long_run import Firing, fire
from natrium.analysis.excitability.mirror import is_lowered, mirrored
from natrium.analysis.result import settled
from natrium.model import AnyNeuron, ModelError, SolverError
from natrium.model.arrays import Array
from natrium.model.leak import input_unit
from natrium.model.protocol import per_neuron
from natrium.model.scales import scales_of

ASIDE = 1e-3  # of the rheobase (at least of the input's scale): where runs just above and just below are made
ASIDE_HOPF = 1e-2  # beside a Hopf point, where oscillations grow and decay slowly
SLOWLY = 1e-3  # of that: a step of input this small is one of a slow growth, to a cell that accommodates too
BESIDE_HOPF = 1e-6  # likewise where the cycle is looked for that goes on below it, far from the rest
NARROW = 1e-9  # relative, of a bracket: where an oscillation reaches the threshold
LOWEST = 1e-6  # likewise where firing ends
SUDDEN = 1e-4  # likewise where an input that is switched on makes it fire on
LARGEST = 1e5  # times the input's scale above the loss of the rest: how far an oscillation is followed
# mV, or of V's scale: below the first place where a rest is lost, above one where one begins.
BESIDE, ABOVE = 1.0, 1e-3
NEAREST = 1e-6  # likewise: below a place where no rest is known a little before it is lost


@attrs.frozen(eq=False)
class _Loss:
    """Where a rest is lost as the input grows."""

    cause: Cause
    V: float
    I: float
    point: Fold | Hopf | None


def _first_loss(neuron: AnyNeuron, V: float) -> _Loss | None:
    """Follow a stable equilibrium from V up to where it is lost; None where it never is."""
    curve = equilibrium_curve(neuron)
    losses = [_Loss("fold", fold.V, fold.I, fold) for fold in curve.folds if fold.V > V]
    losses += [_Loss("hopf", point.V, point.I, point) for point in curve.hopf if point.V > V]
    losses += [_Loss("corner", one.V, one.I, None) for one in curve.corners if one.V > V]
    losses += [_Loss("threshold", at, equilibrium_at(neuron, at).I, None) for at in curve.crossings if at > V]
    return min(losses, key=lambda loss: loss.V, default=None)


def _critical(neuron: AnyNeuron) -> list[float]:
    """List the inputs at which an equilibrium below the threshold vanishes or changes its stability."""
    changes = equilibrium_curve(neuron).changes
    return sorted(I for V, I in changes if equilibrium_at(neuron, V).below_threshold)


def _lowest_rest(neuron: AnyNeuron) -> Equilibrium | None:
    """Give a rest below every place where one is lost; None where nothing is stable there.

    The curve of equilibria goes on from there to any lower input, and nothing changes on it: no need to
    follow it out of the range where the cell can be.
    """
    curve, unit = equilibrium_curve(neuron), scales_of(neuron).V
    lost = [*curve.crossings, *(V for V, _ in curve.changes)]
    # A threshold that moves may lie below every rest at low V, and be above it from one on.
    starts = [min(lost, default=neuron.landmarks[0]) - BESIDE * unit]
    starts += [at + ABOVE * unit for at in curve.crossings]
    rests = (equilibrium_at(neuron, V) for V in starts)
    return next((one for one in rests if one.stable and one.below_threshold), None)


def _aside(neuron: AnyNeuron, loss: _Loss, I: float) -> float:
    """Give the distance (mV) from a critical input at which runs are made."""
    return (ASIDE_HOPF if loss.cause == "hopf" else ASIDE) * scales_of(neuron).of_input(I)


@per_neuron(maxsize=64)
def rheobase(neuron: AnyNeuron) -> Rheobase:
    """Find the least constant input with sustained firing, and its cause.

    The rest is followed along the curve of equilibria as the input grows, to where it is lost; a run from
    there tells whether the cell then goes on firing or rests elsewhere, from where it is followed further.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        With a threshold.

    Returns
    -------
    Rheobase
        Exact to rounding for folds, Hopf points and the threshold. Where an oscillation reaches the threshold
        it is bisected by runs: how the input was raised may decide.

    Raises
    ------
    ModelError
        When there is no threshold, so that no spike is defined.
    SolverError
        When a run cannot be carried through.

    References
    ----------
    .. [1] J. Rinzel, G. B. Ermentrout, "Analysis of neural excitability and oscillations", in C. Koch,
       I. Segev (eds.), "Methods in Neuronal Modeling", 2nd ed. (1998), ch. 7.
    .. [2] E. M. Izhikevich, "Dynamical Systems in Neuroscience" (2007), ch. 6, 7.
       https://doi.org/10.7551/mitpress/2526.001.0001
    """
    if not neuron.fires:
        raise ModelError(
            "a rheobase needs a threshold, got v_thresh = None: give v_thresh, or look at the folds and Hopf "
            "points of equilibrium_curve"
        )
    if is_lowered(neuron):
        return _told(neuron, _raised(mirrored(neuron)).mirrored)
    return _told(neuron, _raised(neuron))


def _told(neuron: AnyNeuron, found: Rheobase) -> Rheobase:
    """Add to a rheobase what is to be said of its inputs."""
    notes = list(found.notes)
    unit = input_unit(neuron)
    if not math.isnan(found.step_from):
        at = unit.show(found.step_from, settled(unit.of(found.step_error), of=unit.of(found.step_from)))
        less, falls = ("less", "falls") if found.lowered else ("more", "grows")
        notes.append(
            f"switched on at once, an input of {at} or {less} makes a resting cell fire on; the rheobase is "
            f"that of one that {falls} slowly"
        )
    if found.bistable:
        form = settled(unit.of(found.bistable_error), of=unit.of(found.bistable_from))
        end = unit.show(found.bistable_from, form)
        how = _ENDS[found.ending.kind if found.ending else None]
        notes.append(f"bistable: firing once begun goes on {'up' if found.lowered else 'down'} to {end}{how}")
    if found.lowered:
        notes.append("the input lowers V: it is at less of it that the cell fires")
    return attrs.evolve(found, notes=tuple(notes))


def _raised(neuron: AnyNeuron) -> Rheobase:
    """Find the rheobase of a cell whose V an input raises."""
    level = held_input(neuron).level
    if level is not None:
        return _of_integrator(neuron, level)
    rest = _lowest_rest(neuron)
    if rest is None:
        firing = fire(neuron, 0.0, np.array(neuron.initial_state()), enough=CYCLES)
        found = _none("no stable equilibrium lies below the threshold at any low input")
        checks = (Check.of(firing, "initial state"),)
        return attrs.evolve(found, pacemaker=firing.outcome == "sustained", checks=checks)
    for _ in range(2 + len(equilibrium_curve(neuron).changes)):
        loss = _first_loss(neuron, rest.V)
        if loss is None:
            return _none("the rest stays below the threshold, which moves with it, as the input grows")
        above = loss.I + _aside(neuron, loss, loss.I)
        before = _rest_before(neuron, loss)
        firing = fire(neuron, above, before.state, enough=CYCLES)
        soft = isinstance(loss.point, Hopf) and loss.point.lyapunov < 0.0
        if firing.outcome == "sustained" and not soft:
            return _found(neuron, loss, loss.I, rounded(neuron, loss.V, loss.point), firing, None)
        if firing.outcome == "rest":
            rest = _nearest(neuron, firing)
            continue
        reached = _through_oscillation(neuron, loss, firing, before.state)
        if isinstance(reached, Rheobase):
            return reached
        rest = reached
    return _none("every rest that is lost gives way to another rest")  # pragma: no cover - a safeguard


def _of_integrator(neuron: AnyNeuron, level: float) -> Rheobase:
    """Give the rheobase of a cell that no V holds: at `level` it stays at any, and with more V rises."""
    start, aside = np.array(neuron.initial_state()), ASIDE * scales_of(neuron).of_input(level)
    runs = [fire(neuron, level + side * aside, start, enough=CYCLES) for side in (1.0, -1.0)]
    checks = tuple(Check.of(run, "initial state") for run in runs)
    if runs[0].outcome != "sustained":
        return _none("V does not rise to the threshold at any input")
    error, pacemaker = float(np.spacing(abs(level))), level < 0.0
    nan, unit = float("nan"), input_unit(neuron)
    return Rheobase(
        level, error, "integrator", nan, pacemaker, level, error, None, None, None, checks, (), unit
    )


def _nearest(neuron: AnyNeuron, firing: Firing) -> Equilibrium:
    """Give the equilibrium at which a run came to rest."""
    return min(equilibria(neuron, firing.I), key=lambda e: float(abs(e.V - firing.state[0])))


def _none(reason: str) -> Rheobase:
    nan, inf = float("nan"), float("inf")
    return Rheobase(inf, nan, "none", nan, False, inf, nan, None, None, None, (), (reason,))


def _rest_before(neuron: AnyNeuron, loss: _Loss) -> Equilibrium:
    """Give the rest a little before it is lost."""
    before = loss.I - _aside(neuron, loss, loss.I)
    rests = [e for e in equilibria(neuron, before) if e.stable and loss.V > e.V]
    if rests:
        return max(rests, key=lambda e: e.V)
    return equilibrium_at(neuron, loss.V - NEAREST * scales_of(neuron).V)


def _through_oscillation(
    neuron: AnyNeuron, loss: _Loss, firing: Firing, state: Array
) -> Rheobase | Equilibrium:
    """Follow a subthreshold oscillation up to where it reaches the threshold, or to where it dies down.

    The input at which it fires is bisected by runs, each from the oscillation at the last silent input.
    """
    scales = scales_of(neuron)
    low, high, step = loss.I, firing.I, 0.1 * scales.of_input(loss.I)
    while high < loss.I + LARGEST * scales.input:
        if firing.outcome == "rest" and high > low:
            return _nearest(neuron, firing)
        if firing.outcome == "sustained":
            high, error, state = bracketed(neuron, low, high, state, fires=False, width=NARROW)
            firing = fire(neuron, high + ASIDE * scales.of_input(high), state, enough=CYCLES)
            if firing.outcome == "sustained":
                return _found(neuron, attrs.evolve(loss, cause="oscillation"), high, error, firing, state)
            high = firing.I  # what fired was kicked by too large a step
            step = 0.01 * scales.of_input(high)
        ahead = [I + _aside(neuron, loss, I) for I in _critical(neuron) if I + _aside(neuron, loss, I) > high]
        low, state, high, step = high, firing.state, min([high + step, *ahead]), 2.0 * step
        firing = fire(neuron, high, state, enough=CYCLES)
    return _none("a subthreshold oscillation never reaches the threshold")


def _found(
    neuron: AnyNeuron, loss: _Loss, value: float, error: float, above: Firing, oscillation: Array | None
) -> Rheobase:
    """Confirm a rheobase by runs just below, and name what is delicate about it."""
    gap = _aside(neuron, loss, value)
    below = value - gap
    start = "rest" if oscillation is None else "oscillation"
    checks, notes = [Check.of(above, start)], list[str]()
    before = oscillation
    if before is None:
        rests = [
            e
            for e in equilibria(neuron, below - SLOWLY * gap)
            if e.stable and e.below_threshold and e.V < loss.V
        ]
        before = rests[-1].state if rests else None
    if before is not None:
        checks.append(Check.of(fire(neuron, below, before, enough=CYCLES), start))
    own = Check.of(fire(neuron, below, np.array(neuron.initial_state()), enough=CYCLES), "initial state")
    checks.append(own)
    if own.outcome != "sustained" and own.n_spikes:
        notes.append(
            f"just below it the cell's own initial state gives {own.n_spikes} "
            f"spike{'s' * (own.n_spikes > 1)} before it rests"
        )
    lowest, doubt, ending = value, error, None
    sudden = doubtful = math.nan
    if loss.cause == "hopf":
        below = value - BESIDE_HOPF * scales_of(neuron).of_input(value)
    kept = fire(neuron, below, above.state, enough=CYCLES)
    checks.append(Check.of(kept, "cycle"))
    if kept.outcome == "sustained":
        lowest, doubt, ending = _lowest_cycle(neuron, kept)
        sudden, doubtful = _by_step(neuron, lowest, doubt, below)
    fold = loss.point if isinstance(loss.point, Fold) else None
    hopf = loss.point if isinstance(loss.point, Hopf) else None
    notes += _threshold_notes(neuron, loss)
    return Rheobase(
        value=value,
        error=error,
        cause=loss.cause,
        V=loss.V,
        pacemaker=value < 0.0,
        bistable_from=lowest,
        bistable_error=doubt,
        ending=ending,
        fold=fold,
        hopf=hopf,
        checks=tuple(checks),
        notes=tuple(notes),
        told_in=input_unit(neuron),
        step_from=sudden,
        step_error=doubtful,
    )


def _by_step(neuron: AnyNeuron, low: float, error: float, high: float) -> tuple[float, float]:
    """Find the least input, between two, that makes a resting cell fire on when it is switched on; its error.

    NaN where none does; at the lower one, where a cell that fires does so, `error` is known.
    """
    rest = next((one.state for one in equilibria(neuron) if one.stable and one.below_threshold), None)
    if rest is None or fire(neuron, high, rest, enough=CYCLES).outcome != "sustained":
        return math.nan, math.nan
    if fire(neuron, low, rest, enough=CYCLES).outcome == "sustained":
        return low, error
    return bracketed(neuron, low, high, rest, fires=None, width=SUDDEN)[:2]


_ENDS = {
    "fold of cycles": ", where its cycle meets an unstable one",
    "graze": ", where its spikes no more than touch the threshold",
    "homoclinic": ", where its cycle meets a saddle",
    "saddle-node": ", where its cycle meets the place at which a rest and a saddle vanish",
    "period doubling": ", where its period doubles and nothing near it fires on",
    "torus": ", where its cycle loses its stability to a torus",
    "last cycle": ", the last input at which its cycle is found",
    None: " by runs, of which none lasts for ever",
}


def _threshold_notes(neuron: AnyNeuron, loss: _Loss) -> list[str]:
    folds = equilibrium_curve(neuron).folds
    if loss.cause == "threshold" and any(fold.curvature < 0.0 and fold.V > loss.V for fold in folds):
        return ["the threshold lies below every saddle: it is reached before rest and saddle could meet"]
    return []


def _lowest_cycle(neuron: AnyNeuron, kept: Firing) -> tuple[float, float, CycleEnd | None]:
    """Follow sustained firing down to the input at which it ends; give that, its error and the fold there."""
    state: Array = kept.state
    high, step = kept.I, 0.05 * scales_of(neuron).of_input(kept.I)
    for _ in range(60):
        firing = fire(neuron, high - step, state, enough=CYCLES)
        if firing.outcome != "sustained":
            break
        high, state, step = high - step, firing.state, 1.5 * step
    else:
        raise SolverError(f"firing must end at some low input, got it at {high:.6g} mV still: check v_reset")
    low = high - step
    ending = cycle_end(neuron, kept, low)
    if ending is not None:
        return ending.I, ending.error, ending
    end, error, _ = bracketed(neuron, low, high, state, fires=True, width=LOWEST)
    return end, error, None
