"""Which way a script's states and its input are the claim's, where there are several."""

from __future__ import annotations

from natrium.analysis.doctor.reading.claims.bench import bench_of
from natrium.analysis.doctor.reading.claims.driven import input_ratio
from natrium.analysis.doctor.reading.claims.sides import Claimed, sides_of
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.repair.bench import SAME
from natrium.analysis.doctor.reading.repair.smallest import repairs
from natrium.analysis.doctor.reading.text.named import numbers_named, unread
from natrium.analysis.doctor.trace.meanings import bare
from natrium.model import Model, Neuron
from natrium.model.checks import reads_as_number


def chosen_sides(case: Case, claim: Model) -> Claimed:
    """Give a claim's equations beside a script's, in the way in which less is wrong.

    Parameters
    ----------
    case : Case
    claim : Model
    """
    return _by_names(case, claim, _by_input(case, claim))


def _by_input(case: Case, claim: Model) -> Claimed:
    """Give both sides, where the input is another than the claim's by a factor, or V's equation is.

    It is the equation where the input is, number for number, the claim's, or one operation or name in the
    equation tells the factor; else the input.
    """
    sides, own = sides_of(case, claim), case.meant.input_factor
    if not isinstance(claim.neuron, Neuron):
        return _drawn_in(case, claim, sides)
    if abs(sides.factor - own) <= SAME * abs(own):
        return sides
    if any(abs(sides.factor - unit) <= SAME * unit for unit in (1.0, case.meant.units.mV)):
        return sides
    other = sides_of(case, claim, own)
    if case.maps.record.side:  # each neuron has an input of its own
        return other
    if not bench_of(case, other, case.maps.V).is_sound:
        return sides
    if sides.factor * own < 0:  # it is the claim's upside down: what is read, or how
        return other if own > 0 else sides
    best = next(iter(repairs(bench_of(case, sides, case.maps.V))), None)
    told = best is not None and best.kind not in ("number", "factor", "offset")
    named = best is not None and best.kind == "factor" and not reads_as_number(best.about)
    return sides if told or named else other


def _drawn_in(case: Case, claim: Model, sides: Claimed) -> Claimed:
    """Give both sides, where the script's input has in it what multiplies the claim's: R*I(t) for I(t)."""
    ratio = input_ratio(case, claim)
    if ratio is None or ratio == 1.0 or case.maps.V not in sides.pairs:
        return sides
    other = sides_of(case, claim, ratio)
    left_out = any(
        value == ratio for _, value in unread(case.source).values()
    )  # as a resistance that nothing reads
    if bench_of(case, sides, case.maps.V).is_sound and not left_out:
        return sides
    known = {*numbers_named(case.source).values(), *case.maps.record.parameter_values.values()}
    named = any(abs(one - ratio) <= SAME * ratio for one in known)  # as by a resistance
    return other if named or bench_of(case, other, case.maps.V).is_sound else sides


def _by_names(case: Case, claim: Model, sides: Claimed) -> Claimed:
    """Give both sides with states as they are called, where V's equation is right so.

    What flows as another state of the claim does is that one, unless what is made of it says otherwise.
    """
    last = {label: bare(label) for label in sides.pairs.values()}
    named = {own: label for own in sides.pairs for label, name in last.items() if name == bare(own)}
    named[case.maps.V] = "V"
    if named == sides.pairs or sorted(named.values()) != sorted(sides.pairs.values()):
        return sides
    other = sides_of(case, claim, sides.factor, named)
    return other if bench_of(case, other, case.maps.V).is_sound else sides
