"""Incoming spikes held against those of the claim: which state they move, when, and by how much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs
import numpy as np

from natrium.analysis.doctor.reading.claims.sides import Claimed
from natrium.analysis.doctor.reading.expressions.trees import in_order, leaves
from natrium.analysis.doctor.reading.expressions.wording import shown
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, in_line
from natrium.analysis.doctor.reading.maps.kicks import Kick, chosen_alike
from natrium.analysis.doctor.reading.text.blocks import condition_of
from natrium.analysis.doctor.reading.text.labels import set_anew
from natrium.analysis.doctor.trace.meanings import plain
from natrium.model.arrays import Array

NEAR = 1.6  # steps by which a spike may come in early or late: on which side of a step is a rule
SAME = 1e-6  # of a weight


@attrs.frozen(eq=False)
class Train:
    """Spikes that come in to one state.

    Attributes
    ----------
    times : ndarray, shape (n,)
        ms.
    weights : ndarray, shape (n,)
        In the state's unit.
    line : int
        Where the script lets them in; 0: the claim's.
    state : str
        As the script calls it.
    """

    times: Array
    weights: Array
    line: int = 0
    state: str = ""


def claimed_spikes(case: Case, sides: Claimed) -> Iterator[Found]:
    """List how the spikes that come in differ from the claim's.

    Parameters
    ----------
    case : Case
    sides : Claimed
    """
    own, asked = _own(case, sides), _asked(case, sides)
    lost = [label for label in asked if label not in own]
    strange = [label for label in own if label not in asked]
    names = {label: plain(name) for name, label in sides.pairs.items()}
    for label in strange:
        train = own[label]
        moved = f"move {plain(train.state)}, in {in_line(case.source, train.line)}"
        should = f"; the model's move {names.get(lost[0], lost[0])}" if lost else "; in the model none do"
        yield Found(
            "spikes-target", "fault", f"Incoming spikes {moved}{should}.",
            train.line, plain(train.state), names.get(lost[0], "") if lost else "",
            f"{train.times.size} spikes in this run", about=train.state,
        )  # fmt: skip
    for label in () if strange else lost:
        if (line := _set_by(case, sides, label)) != 0:
            yield Found(
                "spikes-set", "fault",
                f"Incoming spikes set {names[label]} anew, in {in_line(case.source, line)}, where the "
                f"model's move it by {shown(float(asked[label].weights[0]))}.",
                line, evidence="what it was before does not count", about=names[label], sure=True,
            )  # fmt: skip
            return  # in which steps others come in as well can't be told
        state = next((name for name, one in sides.pairs.items() if one == label), case.maps.V)
        line = case.maps.main.updates[state].line
        yield Found(
            "spikes-missing", "fault",
            f"No spikes come in to {names.get(label, label)}, where the model has {asked[label].times.size}.",
            line, evidence="no step moves it though no time goes by",
        )  # fmt: skip
    for label, train in own.items():
        if label in asked:
            yield from _differing(case, train, asked[label], label == "V")


def _differing(case: Case, own: Train, asked: Train, is_V: bool) -> Iterator[Found]:
    near = NEAR * case.maps.step * case.meant.units.ms
    where, name = in_line(case.source, own.line), plain(own.state)
    odd = _alone(own.times, asked.times, near)
    lacking = _alone(asked.times, own.times, near)
    # V takes none while it is held; what comes in as the only firing step of its kind does can't be told.
    lacking = _outside(case, lacking, (*case.maps.firing, *(case.maps.held if is_V else ())))
    if odd.size or lacking.size:
        first = min(float(one[0]) for one in (odd, lacking) if one.size)
        line = _decided_at(case, own.state, own.line)
        where = in_line(case.source, line)
        yield Found(
            "spikes-times", "fault",
            f"Other spikes come in to {name}, in {where}, than in the model: from {first:.6g} ms on.",
            line, evidence=f"{odd.size} that the model lacks, {lacking.size} that the script lacks",
            about=own.state,
        )  # fmt: skip
        return
    sizes, wanted = np.unique(own.weights.round(12)), np.unique(asked.weights)
    alike = sizes.size == wanted.size and np.allclose(sizes, wanted, rtol=SAME, atol=0.0)
    if not alike:
        line = _weighed_at(case, own) or own.line
        where = in_line(case.source, line)
        yield Found(
            "spikes-weight", "fault",
            f"Incoming spikes move {name} by {shown(float(sizes[0]))}, in {where}, where the model's move it "
            f"by {shown(float(wanted[0]))}.",
            line, shown(float(sizes[0])), shown(float(wanted[0])), about=own.state,
        )  # fmt: skip


def _own(case: Case, sides: Claimed) -> dict[str, Train]:
    """Give the script's spikes by the claim's label of what they move, or by the script's name."""
    clock, ms, step = case.meant.clock, case.meant.units.ms, case.maps.step
    found: dict[str, Train] = {}
    for kick in (one for one in case.maps.kicks if not one.in_run):
        label = sides.pairs.get(kick.state, plain(kick.state))
        times = (clock.reads[kick.steps] + (0.0 if kick.early else step)) * ms
        weights = kick.weights * sides.units.get(label, 1.0)
        known = found.get(label)
        if known is not None:
            times, weights = np.append(known.times, times), np.append(known.weights, weights)
        found[label] = Train(np.sort(times), weights, _line_of(case, kick), kick.state)
    return found


def _asked(case: Case, sides: Claimed) -> dict[str, Train]:
    """Give the claim's spikes within the run, by the label of what they move."""
    system, ms = sides.claim.neuron.system, case.meant.units.ms
    begin, end = (float(case.meant.clock.starts[at]) * ms for at in (0, -1))
    found: dict[str, list[tuple[float, float]]] = {}
    for kick in sides.claim.stimulus.kicks():
        place = system.place_of(kick.target)
        if place is not None and begin <= kick.time <= end:
            found.setdefault(system.labels[place], []).append((kick.time, kick.amount))
    return {
        label: Train(np.sort([time for time, _ in each]), np.array([weight for _, weight in each]))
        for label, each in found.items()
    }


def _line_of(case: Case, kick: Kick) -> int:
    """Give the line that lets spikes in: what a step with one computes and the main one does not."""
    record, main = case.maps.record, case.maps.main.updates[kick.state]
    update = record.steps[record.order[kick.steps[0]]].updates[kick.state]
    usual, lines = ({node.line for node in in_order([one]) if node.args} for one in (main, update))
    return min(lines - usual - {0}, default=main.line)


def _weighed_at(case: Case, own: Train) -> int:
    """Give the line of the one parameter that is a weight, and in no equation; 0: none is."""
    maps, found = case.maps, set[int]()
    for kick in (one for one in maps.kicks if one.state == own.state and one.source):
        update = maps.record.steps[maps.record.order[kick.steps[0]]].updates[kick.state]
        for name in leaves(update) & maps.record.parameters.keys() - leaves(case.equations[kick.state]):
            node = maps.record.parameters[name]
            if np.all(np.abs(kick.weights - node.value) <= SAME * abs(node.value)):
                found.add(node.line)
    return found.pop() if len(found) == 1 else 0


def _set_by(case: Case, sides: Claimed, label: str) -> int:
    """Give the line in which steps that time and input choose set a state anew; 0: none do."""
    maps, name = case.maps, next((own for own, one in sides.pairs.items() if one == label), "")
    main, alike = maps.main, chosen_alike(maps.record)
    for step in maps.record.steps if name and name in leaves(main.updates[name]) else ():
        if alike(step, main) and name not in leaves(step.updates[name]):
            return set_anew(case.source, plain(name))
    return 0


def _decided_at(case: Case, state: str, line: int) -> int:
    """Give the line that tells when spikes come in to a state, the last before they do."""
    record = case.maps.record
    usual = {(one.line, one.held) for one in case.maps.main.choices}
    steps = {int(record.order[k]) for one in case.maps.kicks if one.state == state for k in one.steps}
    deciding = [
        {one.line for one in record.steps[at].choices if one.timed and (one.line, one.held) not in usual}
        for at in steps
    ]
    alike = set.intersection(*deciding) if deciding else set()
    return max((one for one in alike if one <= line), default=condition_of(case.source, line))


def _alone(times: Array, others: Array, near: float) -> Array:
    """Give the times that have none of the others near."""
    if not others.size:
        return times
    apart = np.abs(np.subtract.outer(times, others)).min(axis=1)
    return np.asarray(times[apart > near])


def _outside(case: Case, times: Array, kinds: Sequence[int]) -> Array:
    """Give those of some times that are in no step of some kinds, nor just before or after one."""
    starts = case.meant.clock.starts * case.meant.units.ms
    steps = np.clip(np.searchsorted(starts, times) - 1, 0, starts.size - 1)
    inside = np.isin(case.maps.record.order, kinds)
    near = inside | np.roll(inside, 1) | np.roll(inside, -1)
    return np.asarray(times[~near[steps]])
