"""What kind of neuron this is, in words, each from a computed fact."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import attrs
import numpy as np

from natrium.analysis.equilibria.bifurcations import Fold
from natrium.analysis.equilibria.curve import EquilibriumCurve, equilibria, equilibrium_curve
from natrium.analysis.equilibria.equilibrium import Equilibrium, Plateau
from natrium.analysis.excitability.f_i import FITS, NEAR, Law, Onset, onset
from natrium.analysis.excitability.least_input import Rheobase
from natrium.analysis.excitability.mirror import is_lowered, mirrored, turned
from natrium.analysis.excitability.rheobase import rheobase
from natrium.analysis.result import Result, settled, show_settled
from natrium.model import AnyNeuron, Neuron
from natrium.model.leak import input_unit
from natrium.model.protocol import per_neuron
from natrium.model.scales import state_scales
from natrium.solvers.reliability import ROUNDING


@attrs.frozen(repr=False)
class ThresholdAndSaddle(Result):
    """Where the coded threshold lies against the saddle that a resting cell would have to pass.

    Attributes
    ----------
    fold : Fold
        At which the saddle is born from the rest.
    saddle : float or None
        The saddle's V without input, mV; None where there is none then.
    side : {"above", "below"} or None
        Where the threshold lies against it without input.
    above_from : float or None
        Input from which on the threshold lies above the saddle, mV: minus infinity where it always does,
        None where it never does.
    """

    fold: Fold
    saddle: float | None
    side: Literal["above", "below"] | None
    above_from: float | None

    @property
    def mirrored(self) -> ThresholdAndSaddle:
        """The same of the neuron with the sign of its input turned."""
        found: ThresholdAndSaddle = turned(self, "above_from")
        return attrs.evolve(found, fold=turned(self.fold, "I", "curvature"))


@attrs.frozen(eq=False, repr=False)
class Verdict(Result):
    """What kind of neuron this is; `str` gives it in words.

    Attributes
    ----------
    neuron : Neuron or HybridNeuron
    curve : EquilibriumCurve
    equilibria : tuple of Equilibrium
        Without input.
    rest : Equilibrium or None
        The lowest stable one below the threshold, without input.
    rheobase : Rheobase or None
        None without a threshold.
    onset : Onset or None
        None without a rheobase.
    excitability : {"class 1", "class 2", "undecided", "none"}
        Class 1: the rate grows from zero; class 2: it starts at a finite value; undecided where no law of the
        onset fits.
    threshold : ThresholdAndSaddle or None
        None without a threshold or a saddle, or where the threshold moves.
    plateau : tuple of float or None
        The lowest and the highest V, mV, between which every V is an equilibrium without input.
    """

    neuron: AnyNeuron
    curve: EquilibriumCurve
    equilibria: tuple[Equilibrium, ...]
    rest: Equilibrium | None
    rheobase: Rheobase | None
    onset: Onset | None
    excitability: Literal["class 1", "class 2", "undecided", "none"]
    threshold: ThresholdAndSaddle | None
    plateau: tuple[float, float] | None = None

    @property
    def pacemaker(self) -> bool:
        """Whether the cell fires without input."""
        return self.rheobase is not None and self.rheobase.pacemaker

    def _shown(self) -> dict[str, Any]:
        """Give what its repr shows, by name."""
        found = self.rheobase
        return {
            "excitability": self.excitability,
            "pacemaker": self.pacemaker,
            "rest": None if self.rest is None else self.rest.V,
            "rheobase": None if found is None else found.value,
            "cause": None if found is None else found.cause,
            "onset": None if self.onset is None else self.onset.law,
        }

    def sentences(self) -> list[str]:
        """Give the verdict, a sentence each."""
        said = [_of_class(self), _of_equilibria(self), *_of_bifurcations(self.curve), *_of_units(self.neuron)]
        if self.rheobase is not None:
            said += [
                _of_rheobase(self.rheobase),
                *_of_onset(self.onset, self.rheobase.bistable_error),
                *_of_threshold(self),
            ]
            said += [note[0].upper() + note[1:] + "." for note in self.rheobase.notes]
        return said

    def table(self) -> list[dict[str, Any]]:
        """Give one row per equilibrium without input."""
        return [
            {"V_mV": e.V, "I_mV": e.I, "type": e.kind, "gates": e.gates, "eigenvalues": e.eigenvalues}
            for e in self.equilibria
        ]

    def data(self) -> dict[str, Any]:
        """Give the verdict as plain data."""
        curve, unit = self.curve, input_unit(self.neuron)
        moving = self.neuron.system.threshold_moves
        return {
            "excitability": self.excitability,
            "pacemaker": self.pacemaker,
            "equilibria": self.table(),
            "folds": [{"V_mV": fold.V, "I_mV": fold.I} | unit.beside("I", fold.I) for fold in curve.folds],
            "hopf": [one.data() | unit.beside("I", one.I) for one in curve.hopf],
            "corners": [one.data() | unit.beside("I", one.I) for one in curve.corners],
            "rheobase": self.rheobase.data() if self.rheobase else None,
            "onset": self.onset.data() if self.onset else None,
            "v_thresh_mV": self.neuron.v_thresh if self.neuron.fires and not moving else None,
            "threshold_moves_with": moving,
            "threshold": self.threshold.data() if self.threshold else None,
            "plateau_mV": self.plateau,
            "block": dict(zip(("V_mV", "I_mV"), block, strict=True)) if (block := curve.block) else None,
        }

    def __str__(self) -> str:
        return "\n".join(self.sentences())


@per_neuron(maxsize=32)
def describe(neuron: AnyNeuron) -> Verdict:
    """Find out what kind of neuron this is.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron

    Returns
    -------
    Verdict
        ``print`` it for the words.

    Raises
    ------
    ModelError, SolverError
        As `equilibria` and `rheobase`.

    References
    ----------
    .. [1] E. M. Izhikevich, "Dynamical Systems in Neuroscience" (2007), sec. 7.1: the classes.
       https://doi.org/10.7551/mitpress/2526.001.0001
    """
    curve, (resting, plateau) = equilibrium_curve(neuron), _rests(neuron)
    found = rheobase(neuron) if neuron.fires else None
    law = onset(neuron) if found is not None and np.isfinite(found.value) else None
    return Verdict(
        neuron=neuron,
        curve=curve,
        equilibria=resting,
        rest=next((e for e in resting if e.stable and e.below_threshold is not False), None),
        rheobase=found,
        onset=law,
        excitability="none" if law is None else _CLASSES[law.law],
        threshold=threshold_and_saddle(neuron),
        plateau=plateau,
    )


def _rests(neuron: AnyNeuron) -> tuple[tuple[Equilibrium, ...], tuple[float, float] | None]:
    """Give the equilibria without input, or the ends of the plateau that they are."""
    try:
        return equilibria(neuron, 0.0), None
    except Plateau as error:
        return (), (error.low, error.high)


_CLASSES: dict[Law, Literal["class 1", "class 2", "undecided"]] = {
    "square root": "class 1",
    "logarithmic": "class 1",
    "inverse": "class 1",
    "jump": "class 2",
    "fold of cycles": "class 2",
    "undecided": "undecided",
}


def threshold_and_saddle(neuron: AnyNeuron) -> ThresholdAndSaddle | None:
    """Compare the coded threshold with the saddle on the falling branch of the curve."""
    curve = equilibrium_curve(neuron)
    if is_lowered(neuron):
        place = threshold_and_saddle(mirrored(neuron))
        return place and place.mirrored
    fold = next((fold for fold in curve.folds if fold.curvature < 0.0), None)
    if not neuron.fires or fold is None or neuron.system.threshold_moves:
        return None
    top = min((other.V for other in curve.folds if other.V > fold.V), default=float("inf"))
    saddle = next((e.V for e in _rests(neuron)[0] if fold.V < e.V < top), None)
    side: Literal["above", "below"] | None = None
    if saddle is not None:
        side = "above" if neuron.v_thresh > saddle else "below"
    if neuron.v_thresh <= fold.V:
        return ThresholdAndSaddle(fold, saddle, side, None)
    above_from = curve.threshold_input if neuron.v_thresh < top else None
    return ThresholdAndSaddle(fold, saddle, side, -math.inf if above_from is None else above_from)


def _of_units(neuron: AnyNeuron) -> list[str]:
    """Say how absolute units became those of the equations."""
    lines = neuron.conversions() if isinstance(neuron, Neuron) else []
    return [f"Units: {'; '.join(lines)}."] if lines else []


def _of_class(verdict: Verdict) -> str:
    if verdict.rheobase is None:
        return "There is no threshold: no spike is counted and nothing is reset."
    if verdict.pacemaker:
        return (
            f"A pacemaker: it fires without input ({_rate(verdict)}). Excitability: {verdict.excitability}."
        )
    if verdict.onset is None and verdict.plateau is not None:
        return "Without input V stays where it is, and no constant input makes it go on firing."
    if verdict.onset is None:
        return "No constant input makes it go on firing from rest."
    if verdict.plateau is not None:
        return f"Excitable, {verdict.excitability}: without input V stays where it is: no leak holds it."
    kind = "class undecided" if verdict.excitability == "undecided" else verdict.excitability
    if verdict.rest is None:
        return f"Excitable, {kind}: without input it is where its rest is lost."
    return f"Excitable, {kind}: without input it rests."


def _rate(verdict: Verdict) -> str:
    if verdict.rest is not None:
        return "though a stable rest exists"
    return "no stable equilibrium lies below the threshold"


def _of_equilibria(verdict: Verdict) -> str:
    mV = _digits_of_V(verdict.neuron)
    if verdict.plateau is not None:
        low, high = verdict.plateau
        return f"Equilibria without input: every V from {mV(low)} to {mV(high)} mV."
    passes = verdict.neuron.system.passes
    above = " (above the threshold)" if passes else " (above the threshold: never reached)"
    parts = [
        f"{e.kind} at {mV(e.V)} mV{above if e.below_threshold is False else ''}" for e in verdict.equilibria
    ]
    return f"Equilibria without input: {'; '.join(parts) or 'none'}."


def _of_bifurcations(curve: EquilibriumCurve) -> list[str]:
    said, unit, mV = [], input_unit(curve.neuron), _digits_of_V(curve.neuron)
    for fold in curve.folds:
        meeting = "meet and vanish above" if fold.curvature < 0.0 else "meet and vanish below"
        at = unit.show(fold.I, _digits(unit.of(fold.I)))
        said.append(f"Fold: two equilibria {meeting} {at}, at V = {mV(fold.V)} mV.")
    for point in curve.hopf:
        kind = "subcritical" if point.lyapunov > 0.0 else "supercritical"
        said.append(
            f"Hopf point, {kind}, at {unit.show(point.I, _digits(unit.of(point.I)))}, V = {mV(point.V)} mV "
            f"({point.frequency:.3f} Hz)."
        )
    said += [
        f"Corner, at {unit.show(one.I, _digits(unit.of(one.I)))}, V = {mV(one.V)} mV: there an equation "
        f"changes its branch, and {one.unstable_below} unstable directions become {one.unstable_above} "
        "as V grows."
        for one in curve.corners
    ]
    if curve.block is not None:
        V, I = curve.block
        at = unit.show(I, _digits(unit.of(I)))
        said.append(f"Depolarisation block: above {at} a rest above V = {mV(V)} mV is stable.")
    return said


def _digits_of_V(neuron: AnyNeuron) -> Callable[[Any], str]:
    """Give what writes a voltage: to the millionth of its scale."""
    form = f"z.{max(0, 6 - round(math.log10(state_scales(neuron)[0])))}f"
    return lambda V: format(float(V), form)


def _digits(value: float) -> str:
    """Give the format of a number that is exact to rounding."""
    return settled(ROUNDING * float(np.spacing(abs(value))), of=value)


UNLIKE = 0.05  # relative: a fitted coefficient and the model's own that are told to differ
_CAUSES = {
    "fold": "there the rest meets a saddle and both vanish",
    "threshold": "there the rest reaches the coded threshold",
    "hopf": "there the rest loses its stability to an oscillation",
    "corner": "there an equation changes its branch, and the rest loses its stability",
    "oscillation": "there a subthreshold oscillation reaches the threshold",
    "integrator": "there V stays where it is, as of an integrator without a leak",
    "none": "no constant input makes it go on firing",
}


def _of_rheobase(found: Rheobase) -> str:
    if not np.isfinite(found.value):
        return "Rheobase: none."
    runs = "confirmed by runs just above and just below" if found.confirmed else "NOT confirmed by runs"
    unit, doubt = found.told_in, ""
    if found.cause == "oscillation":
        known = np.isfinite(found.error)
        doubt = f" to {unit.show(found.error, '.1g')}" if known else ", NOT confirmed by a second solve"
    at = unit.show(found.value, settled(unit.of(found.error), of=unit.of(found.value)))
    return f"Rheobase: {at}{doubt} ({found.cause}: {_CAUSES[found.cause]}; {runs})."


def _of_onset(found: Onset | None, doubt: float) -> list[str]:
    if found is None:
        return []
    at = found.told_in.show(found.at, settled(found.told_in.of(doubt), of=found.told_in.of(found.at)))
    if not found.errors:
        fires = f"goes on at {found.intervals.size or 'none'} of the {len(NEAR)} inputs looked at"
        return [f"Onset: undecided, just above {at} firing {fires}: too few for a law of the interval."]
    left = f"leaves {100.0 * found.error:.2g} % of the interval"
    if found.law == "undecided":
        if found.error > FITS:
            return [f"Onset: undecided, no law of the interval fits from {at} on (the best {left})."]
        return [
            f"Onset: undecided, the law that fits best from {at} on (it {left}) is not one by which it ends."
        ]
    rate = show_settled(found.rate, found.rate_error, 4)
    if found.law == "jump":
        return [f"At {at} firing sets in at a finite rate, {rate} Hz (a line {left})."]
    if found.law == "fold of cycles":
        return [
            f"At {at} firing sets in at a finite rate, {rate} Hz: "
            f"there its cycle meets an unstable one and both vanish (the law {left})."
        ]
    unit = str(found.told_in)
    root = f"ms {f'({unit})' if '/' in unit else unit}^(1/2)" if unit else "ms"
    units = {"square root": root, "logarithmic": "ms", "inverse": f"ms {unit}".rstrip()}[found.law]
    known = None if found.predicted is None else found.constants(found.predicted)[1]
    model = "" if known is None else f", {known:.4g} by the model's equations"
    if found.predicted is not None and abs(found.coefficient / found.predicted - 1.0) > UNLIKE:
        model += ", nearer to it than these inputs come"
    return [
        f"Onset: the rate grows from zero, the interval by a{'n' * (found.law == 'inverse')} {found.law} law "
        f"(coefficient {found.constants(found.coefficient)[1]:.4g} {units} fitted{model}; it {left})."
    ]


def _of_threshold(verdict: Verdict) -> list[str]:
    mV = _digits_of_V(verdict.neuron)
    place, unit, moving = verdict.threshold, input_unit(verdict.neuron), verdict.neuron.system.threshold_moves
    if moving:
        met = ", ".join(f"{mV(V)} mV" for V in verdict.curve.crossings) or "no V"
        return [f"The threshold moves with {', '.join(moving)}: a rest lies on it at {met}."]
    v, lowered = verdict.neuron.v_thresh, verdict.rheobase is not None and verdict.rheobase.lowered
    if verdict.neuron.system.passes:
        return [f"A spike is counted where V rises through {v:g} mV; V goes on from there."]
    if place is None:
        # Where dI/dV has not the sign that it has at rest there are saddles at some inputs.
        slopes = np.diff(verdict.curve.I) * (-1.0 if lowered else 1.0)
        return (
            [] if np.any(slopes < 0.0) else ["There is no saddle: the coded threshold alone makes a spike."]
        )
    if place.above_from is None:
        return [f"The coded threshold ({v:g} mV) lies below the saddle at every input."]
    if abs(place.above_from) == float("inf"):
        return [f"The coded threshold ({v:g} mV) lies above the saddle at every input."]
    now = "" if place.side is None else f"; without input it lies {place.side} it ({mV(place.saddle)} mV)"
    up_to = unit.show(place.fold.I, _digits(unit.of(place.fold.I)))
    there = f"the saddle is there {'down' if lowered else 'up'} to {up_to}{now}."
    if verdict.curve.threshold_far:
        far = unit.show(place.above_from, ".2e")
        usual = f"at any usual input ({far} and {'less' if lowered else 'more'})"
        return [f"The coded threshold ({v:g} mV) lies above the saddle {usual}; {there}"]
    above = (
        f"from {unit.show(place.above_from, _digits(unit.of(place.above_from)))} "
        f"{'down' if lowered else 'on'}, below it at {'more' if lowered else 'less'} input"
    )
    return [f"The coded threshold ({v:g} mV) lies above the saddle {above}; {there}"]
