"""What a script's states are where no equation moves them, held against the claim: at first, while held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from natrium.analysis.doctor.reading.claims.crossed import begun_crossed
from natrium.analysis.doctor.reading.claims.sides import Claimed
from natrium.analysis.doctor.reading.findings.case import Case, first_line, own_line
from natrium.analysis.doctor.reading.findings.found import Found, in_line
from natrium.analysis.doctor.reading.maps.maps import crossings
from natrium.analysis.doctor.reading.model.units import standing
from natrium.analysis.doctor.reading.text.blocks import lone_in
from natrium.analysis.doctor.reading.text.named import compared
from natrium.analysis.doctor.trace.meanings import plain
from natrium.model import Model

CLOSE = 1e-6  # of a number: what a steady state is rounded to


def claimed_states(case: Case, claim: Model, sides: Claimed) -> Iterator[Found]:
    """List where a script starts, waits and is stopped otherwise than the claim."""
    yield from _starts(case, claim, sides)
    yield from _unfired(case, claim)
    if claim.neuron.fires:
        yield from _held_at_first(case)
        yield from _while_held(case)


def _starts(case: Case, claim: Model, sides: Claimed) -> Iterator[Found]:
    maps, neuron = case.maps, claim.neuron
    wanted = dict(zip(neuron.system.labels, neuron.initial_state(), strict=True))
    start = dict(zip(maps.record.states, maps.record.samples[0].tolist(), strict=True))
    for name, label in sides.pairs.items():
        scale = sides.units[label]
        own, asked = start[name] * scale, wanted[label]
        if abs(own - asked) > CLOSE * (1.0 + abs(asked)):
            others = [start[one] for one in sides.pairs if one != name]
            turned = _exchanged(case, sides, start, wanted, name)
            line = turned or first_line(case, name, start[name], others)
            yield Found(
                "initial-V" if label == "V" else "initial-gates", "fault",
                f"The run starts elsewhere: {plain(name)} at {own:.6g} instead of {asked:.6g}; see "
                f"{in_line(case.source, line)}.",
                line, repr(start[name]), repr(asked / scale), "the first step's own states", about=name,
                sure=turned > 0,
            )  # fmt: skip


def _exchanged(
    case: Case, sides: Claimed, start: Mapping[str, float], wanted: Mapping[str, float], name: str
) -> int:
    """Give the line by which a state and another each start where the other should; 0: none does."""
    for other in sides.pairs:
        if case.maps.V not in (name, other) and other != name:
            pairs = ((name, other), (other, name))
            apart = (
                abs(start[one] - wanted[sides.pairs[two]]) / (1.0 + abs(start[one])) for one, two in pairs
            )
            if max(apart) <= CLOSE:
                return begun_crossed(case.source, name, other)
    return 0


def moves_at_spikes(claim: Model) -> bool:
    """Tell whether a claim's spike does something: a level that V only goes through is no threshold."""
    system = claim.neuron.system
    return claim.neuron.fires and tuple(system.reset) != tuple(system.states)


def _unfired(case: Case, claim: Model) -> Iterator[Found]:
    """Find a run that goes over the claimed threshold and compares V with none."""
    maps = case.maps
    if not moves_at_spikes(claim) or maps.firing or maps.record.solver:
        return
    V = maps.record.samples[:, maps.record.states.index(maps.V)] * case.meant.units.mV
    level, order = standing(claim), maps.record.order
    asking = [at for at, step in enumerate(maps.record.steps) if crossings(maps.algebra, step, maps.V)]
    if level is None or not np.any((V[1:] > level) & ~np.isin(order, asking)):
        return
    line = compared(case.source, plain(maps.V))
    if all(one.line != line for step in maps.record.steps for one in step.choices):  # none that was met
        line = own_line(maps.main.updates[maps.V])
    yield Found(
        "never-fires", "fault",
        f"{plain(maps.V)} goes to {float(np.nanmax(V)):.6g} mV, over the threshold of "
        f"{level:g} mV, and nothing compares it with one; see {in_line(case.source, line)}.",
        line, evidence="no step is reset, and none compares V",
    )  # fmt: skip


def _held_at_first(case: Case) -> Iterator[Found]:
    maps = case.maps
    free = np.flatnonzero(~np.isin(maps.record.order, maps.held))
    first = int(free[0]) if free.size else 0
    if not first or not maps.hold.lines:
        return
    line = maps.hold.lines[0]
    yield Found(
        "starts-refractory", "fault",
        f"The first {first} step{'s are' * (first > 1) or ' is'} held though no spike came before, by "
        f"{in_line(case.source, line)}.",
        line, evidence=f"after a spike {maps.hold.steps[0] if maps.hold.steps else 'no'} steps are held",
    )  # fmt: skip


def _while_held(case: Case) -> Iterator[Found]:
    maps = case.maps
    if any(maps.hold.steps) and maps.V not in maps.hold.still:
        line = maps.hold.lines[0] if maps.hold.lines else own_line(maps.main.updates[maps.V])
        line = lone_in(case.source, line, [plain(one) for one in maps.timers])
        yield Found(
            "refractory-not-held", "fault",
            f"{plain(maps.V)} moves while it is refractory: it only cannot fire, by "
            f"{in_line(case.source, line)}.",
            line, evidence=f"for {maps.hold.steps[0]} steps after a spike it is not compared",
        )  # fmt: skip
