"""What takes a state away from where it is, and nothing brings back; what takes it back twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from natrium.analysis.doctor.reading.expressions.algebra import Slopes
from natrium.analysis.doctor.reading.expressions.trees import LEAF, in_order, leaf, leaves, name_of
from natrium.analysis.doctor.reading.expressions.wording import text_of
from natrium.analysis.doctor.reading.findings.case import Case, line_in, own_line
from natrium.analysis.doctor.reading.findings.found import Found, in_line, quoted
from natrium.analysis.doctor.reading.maps.maps import differ, points_of, values_at
from natrium.analysis.doctor.reading.model.recognise import opens, split_gate
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node
from natrium.model.arrays import Array

FAR_OFF = 1e4  # times where V begins: there the highest power alone is left
CUBE = 1000.0  # by which a cube grows where what it is of grows tenfold
GROWING = ("exp", "expm1")  # with what they are of
NEAR = 0.05  # relative


def growth(case: Case) -> Iterator[Found]:
    """Find states that grow by themselves, and decays that a step has twice.

    Parameters
    ----------
    case : Case
    """
    points = points_of(case.maps.record, case.maps.step)
    yield from _grown(case, points)
    yield from _cubed(case, points)
    yield from _twice(case, points)
    yield from _crossed(case)


def _grown(case: Case, points: Mapping[str, Array]) -> Iterator[Found]:
    """Find states beside V that are driven away from their rest, the more the farther they are."""
    maps = case.maps
    for state in maps.moving[1:]:
        flow = case.equations[state]
        try:
            slope = Slopes(maps.algebra, state).slope(flow)
        except KeyError:
            continue
        grows = [one for one in in_order([maps.trees[state]]) if name_of(one) in GROWING]
        if any(maps.dt in leaves(one) for one in grows):
            continue  # by what the step's exponential is of
        is_gate = maps.V in leaves(flow) and opens(maps, case.equations, state)
        if is_gate or leaves(slope) & {*maps.moving, maps.dt}:
            continue
        rate = values_at(slope, points)
        if np.all(rate > 0.0) and not differ(rate, np.full(len(rate), rate[0])):
            line = maps.main.updates[state].line or own_line(flow)
            if maps.record.fused and slope.line:  # of the matrix's own element
                line = slope.line
            yield Found(
                "decay-sign", "fault",
                f"{plain(state)} grows by itself, in {in_line(case.source, line)}: what should take it back "
                "wants the other sign.",
                line, quoted(case.source, line), evidence=f"by {rate[0]:.4g} of itself per unit of time",
                about=state,
            )  # fmt: skip


def _cubed(case: Case, points: Mapping[str, Array]) -> Iterator[Found]:
    """Find a cube of V that drives it away on both sides, where no spike takes it back."""
    maps, record = case.maps, case.maps.record
    if maps.threshold is not None or maps.firing:
        return
    # Of what runs off, later values say nothing.
    begins = {
        one: np.full(len(points[one]), first)
        for one, first in zip(record.states, record.samples[0], strict=True)
        if one in points
    }
    far = FAR_OFF * (1.0 + abs(float(begins[maps.V][0])))

    def at(node: Node, V: float) -> float:
        return float(
            np.median(values_at(node, {**points, **begins, maps.V: np.full_like(begins[maps.V], V)}))
        )

    def is_cube(node: Node) -> bool:
        with np.errstate(all="ignore"):
            there, across, farther = np.array([at(node, far), at(node, -far), at(node, 10.0 * far)])
            return bool(abs(farther / there / CUBE - 1.0) < NEAR and there * across < 0.0)

    flow = case.equations[maps.V]
    if is_cube(flow) and at(flow, far) > 0.0:
        node = next(one for one in in_order([flow]) if name_of(one) != LEAF and is_cube(one))
        line, stands = line_in(flow, node)
        yield Found(
            "cubic-sign", "fault",
            f"`{text_of(stands)}` in {in_line(case.source, line)} drives {plain(maps.V)} away, however far "
            "it is: it wants the other sign.",
            line, text_of(stands), evidence="no spike takes it back", about=maps.V,
        )  # fmt: skip


def _twice(case: Case, points: Mapping[str, Array]) -> Iterator[Found]:
    """Find decays of one state by one rate, made in two lines of a step."""
    for state in case.maps.moving:
        if case.scheme.key != "other":
            return  # a step may be of several parts, each with the decay
        terms = list(_terms(case.equations[state], 1.0))
        decays = [
            (line_in(case.equations[state], one)[0], sign * values_at(one, points))
            for one, sign in terms
            if state in leaves(one)
        ]
        whole = {line: np.sum([one for at, one in decays if at == line], axis=0) for line, _ in decays}
        still = {**points, state: np.zeros_like(points[state])}
        rests = not any(np.any(values_at(one, still)) for one, _ in terms if state in leaves(one))
        for at, (line, one) in enumerate(decays):
            same = [other for other, two in decays[:at] if not differ(one, two) and np.any(one)]
            halves = len(decays) > 2 or not rests  # of a step, as those of a cell: a decay alone is one
            halves = halves and same != [] and not differ(whole[line], whole[same[0]])
            if same and line not in (0, same[0]) and not halves:
                first, last = sorted((line, same[0]))
                yield Found(
                    "decay-twice", "fault",
                    f"{plain(state)} decays in {in_line(case.source, last)}, and by the same rate in "
                    f"{in_line(case.source, first)} already.",
                    last, quoted(case.source, last), evidence="a step takes it back twice", about=state,
                )  # fmt: skip
                return


def _crossed(case: Case) -> Iterator[Found]:
    """Find a gate that closes, or opens, by what another one has: with its own it would be a gate."""
    maps, algebra = case.maps, case.maps.algebra
    gates = [
        one
        for one in maps.moving[1:]
        if maps.V in leaves(case.equations[one]) and opens(maps, case.equations, one)
    ]
    for state in gates:
        flow = case.equations[state]
        for other in (one for one in gates if one != state and one in leaves(flow)):
            own = algebra.replaced(flow, {other: algebra.canonical(leaf(state))})
            if split_gate(maps, state, algebra.canonical(own)) is not None and state in leaves(flow):
                line = own_line(flow) or maps.main.updates[state].line
                yield Found(
                    "gate-crossed", "fault",
                    f"{plain(state)} is moved by {plain(other)}, in {in_line(case.source, line)}: with its "
                    "own value there it would be a gate.",
                    line, plain(other), plain(state), "nothing else in it is of another gate", about=state,
                )  # fmt: skip


def _terms(node: Node, sign: float) -> Iterator[tuple[Node, float]]:
    """List what a sum is of, each with its sign."""
    name = name_of(node)
    if name in ("+", "-"):
        yield from _terms(node.args[0], sign)
        yield from _terms(node.args[1], sign if name == "+" else -sign)
    elif name == "neg":
        yield from _terms(node.args[0], -sign)
    else:
        yield node, sign
