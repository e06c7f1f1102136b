"""Search for the rules of a free step: the fewest departures from the claim that fit exactly."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.recordings import tuning
from natrium.analysis.doctor.recordings.fit import fit, increments
from natrium.analysis.doctor.recordings.free_step import (
    STAGED,
    Fit,
    Rules,
    Stack,
    claimed_coefficients,
)
from natrium.model import Neuron
from natrium.model.arrays import Array

# The search for what is rare ends after so many choices, numbers within them not counted.
MAX_TRIED = 1000
# (scheme, gates, order): the script's first, since ties go to the first.
_SCHEMES: tuple[tuple[str, str, Any], ...] = (
    ("euler", "euler", "new"),
    ("euler", "euler", "old"),
    ("euler", "euler", "late"),
    ("euler", "exponential", "new"),
    ("euler", "exponential", "old"),
    ("euler", "exponential", "late"),
    ("exponential", "exponential", "new"),
    ("exponential", "exponential", "old"),
    ("exponential", "exponential", "late"),
    ("exponential", "euler", "new"),
    ("exponential", "euler", "old"),
    ("exponential", "euler", "late"),
    *((scheme, "euler", "old") for scheme in STAGED),
)
_TUNED = 9  # of them: not V exactly beside gates by Euler, in which nobody looks for a rate
_PLAIN = (("euler", "euler", "old"), ("exponential", "euler", "old"), *_SCHEMES[-len(STAGED) :])


def claimed_rules(neuron: Neuron) -> Rules:
    """Give the script's rules for the neuron as claimed."""
    gates = [gate for channel in neuron.channels for gate in channel.gates]
    before, *starts = neuron.initial_state()
    return Rules(
        paces=(1.0,) * len(gates),
        powers=tuple(gate.power for gate in gates),
        kinetics=tuple(range(len(gates))),
        starts=tuple(starts),
        before=before,
        order="new" if gates else "old",
    )


def changed_coefficients(neuron: Neuron, coefficients: Array) -> int:
    """Count the coefficients that are not as claimed; one factor common to all counts once."""
    claim = claimed_coefficients(neuron)
    same = np.isclose(coefficients, claim * coefficients[0], rtol=1e-6, atol=1e-9)
    if same.all():
        return int(abs(coefficients[0] - 1.0) > 1e-9)
    return int((np.abs(coefficients - claim) > 1e-9 * (1.0 + np.abs(claim))).sum())


def search(stack: Stack) -> Fit:
    """Find the hypothesis that fits exactly with the fewest departures from the claim.

    Parameters
    ----------
    stack : Stack

    Returns
    -------
    Fit
        The best one; it need not vanish.
    """
    return _Search(stack, claimed_rules(stack.neuron)).carried_out()


def plain_rules(stack: Stack) -> list[Rules]:
    """Give the schemes of one stage, as claimed in all else."""
    return [one for one in _schemes(stack, claimed_rules(stack.neuron)) if one.scheme not in STAGED]


def _schemes(stack: Stack, base: Rules) -> list[Rules]:
    """Give a hypothesis by every scheme."""
    schemes = _SCHEMES if stack.neuron.channels else _PLAIN
    varies = bool(np.any(stack.within[:, stack.used] != stack.I[stack.used]))
    return [
        attrs.evolve(base, scheme=v, gates=g, order=o, read=read)
        for v, g, o in schemes
        for read in (("start", "stage") if varies and v in STAGED else ("start",))
    ]


def plainly(stack: Stack) -> Fit:
    """Fit the plain schemes alone: quick, for what may be as claimed."""
    plain = _Search(stack, claimed_rules(stack.neuron))
    found = _fewest(itertools.chain(plain.plain(), plain.of_several_stages()), stack)
    assert found is not None
    return found


class _Search:
    """One search, stage by stage: what is simple and frequent first."""

    def __init__(self, stack: Stack, base: Rules) -> None:
        self.stack, self.base = stack, base
        bases = _schemes(stack, base)
        self.one_step = [start for start in bases if start.scheme not in STAGED]
        self.staged = [start for start in bases if start.scheme in STAGED]
        self.singles = list(_departures(stack, base))
        self.best: Fit | None = None
        self.tries = iter(range(MAX_TRIED))
        # By how much the input acts, as the first fits have it: the factor of dt if it is in other units.
        self.tempo = 1.0

    def carried_out(self) -> Fit:
        """Go through the stages until one holds an exact fit."""
        stages: tuple[Callable[[], Iterable[Fit]], ...] = (
            self.plain,
            self.of_several_stages,
            self.other_tempo,
            lambda: self.single(self.one_step[:3]),
            lambda: self.tuned(self.one_step[:3]),
            lambda: self.single(self.one_step[3:]),
            lambda: self.tuned(self.one_step[3:_TUNED]),
            self.double,
            self.settled,
            self.other_tempo_and_more,
            self.nearest_tuned,
            self.freely_tuned,
        )
        for stage in stages:
            found = _fewest(stage(), self.stack)
            if found is None:
                continue
            if stage == self.plain:
                found = self.one_cause(found)
            if found.vanishes:
                whole = increments(self.stack, found.rules, found.coefficients)
                return attrs.evolve(whole, ways=found.ways) if found.rules.scheme in STAGED else found
            if self.best is None or found.residual < self.best.residual:
                self.best = found
        assert self.best is not None
        return self.best

    def one_cause(self, found: Fit) -> Fit:
        """See whether several coefficients that are wrong are one thing: a dt in other units."""
        self.tempo = float(np.round(found.coefficients[2], 6))
        wrong = changed_coefficients(self.stack.neuron, found.coefficients)
        if not found.vanishes or wrong < 2:
            return found
        single = _fewest(self.other_tempo(), self.stack)
        if single is None or not single.vanishes:
            return found
        return single if changed_coefficients(self.stack.neuron, single.coefficients) + 1 < wrong else found

    def fits(self, starts: Iterable[Rules], changes: Iterable[dict[str, Any]] = ({},)) -> Iterator[Fit]:
        """Fit every change of every start, as long as it may go on."""
        for start, change in itertools.product(starts, list(changes)):
            if next(self.tries, None) is None:
                return
            yield fit(self.stack, attrs.evolve(start, **change))

    def plain(self) -> Iterator[Fit]:
        """Try the schemes of one stage."""
        return self.fits(self.one_step)

    def of_several_stages(self) -> Iterator[Fit]:
        """Try the schemes of several stages; their coefficients only where that is quick."""
        part = self.stack if self.stack.grain else self.stack.part()
        return (fit(part, start, settle=not self.base.paces) for start in self.staged)

    def settled(self) -> Iterator[Fit]:
        """Try the schemes of several stages with their coefficients."""
        return (fit(self.stack.part(), start) for start in self.staged)

    def single(self, starts: Iterable[Rules]) -> Iterator[Fit]:
        """Try one departure."""
        return self.fits(starts, self.singles)

    def double(self) -> Iterator[Fit]:
        """Try two departures."""
        twos = itertools.combinations(self.singles, 2)
        return self.fits(self.one_step[:3], (one | two for one, two in twos if not set(one) & set(two)))

    def paced(self, tempo: float) -> dict[str, Any]:
        """Give the change to another tempo of all states."""
        return {"pace": tempo, "paces": (tempo,) * len(self.base.paces)}

    def other_tempo(self) -> Iterator[Fit]:
        """Try dt in other units."""
        tempos = {self.tempo, 1e-3, 1e3} - {0.0, 1.0}
        return self.fits(self.one_step[:3], [self.paced(tempo) for tempo in sorted(tempos)])

    def other_tempo_and_more(self) -> Iterator[Fit]:
        """Try dt in other units and one departure."""
        if not 0.0 < self.tempo < 0.5 and not self.tempo > 2.0:
            return iter(())
        change = self.paced(self.tempo)
        more = [change | one for one in self.singles if not set(one) & set(change)]
        return self.fits(self.one_step[:1], more)

    def tuned(self, starts: Iterable[Rules], free: bool = False) -> Iterator[Fit]:
        """Try other numbers within a hypothesis: the start, a pace, or one rate."""
        for start in starts:
            yield from tuning.numbers(self.stack, start, free=free)
            yield from tuning.rates(self.stack, start, free=free)

    def nearest_tuned(self) -> Iterator[Fit]:
        """Try other numbers in what came nearest."""
        return self.tuned([self.best.rules] if self.best and self.best.rules.scheme not in STAGED else [])

    def freely_tuned(self) -> Iterator[Fit]:
        """Try other numbers and coefficients together."""
        return self.tuned([*self.one_step[:3], attrs.evolve(self.one_step[0], pace="forgotten")], free=True)


def _fewest(fits: Iterable[Fit], stack: Stack) -> Fit | None:
    """Give the exact fit with the fewest changed coefficients, or the nearest one.

    Of rounded samples several may be exact: the nearest, which names the others.
    """
    best, least, exact = None, (math.inf, math.inf), []
    for one in fits:
        changed = changed_coefficients(stack.neuron, one.coefficients) if one.vanishes else math.inf
        if stack.grain and one.rules.order == "late":
            changed += 1  # a fault, where rounding does not tell it from none
        rank = (changed, one.residual if stack.grain or changed == math.inf else 0.0)
        if one.vanishes:
            exact.append((changed, one.rules))
        if best is None or rank < least:
            best, least = one, rank
        if least[0] == 0 and not stack.grain:
            break
    if best is None or not (stack.grain and best.vanishes):
        return best
    ways = {(rules.scheme, rules.gates, rules.order) for changed, rules in exact if changed == least[0]}
    own = (best.rules.scheme, best.rules.gates, best.rules.order)
    return attrs.evolve(best, ways=tuple(sorted(ways - {own})))


def _with(values: tuple[Any, ...], index: int | Iterable[int], value: Any) -> tuple[Any, ...]:
    where = {index} if isinstance(index, int) else set(index)
    return tuple(value if i in where else old for i, old in enumerate(values))


def _departures(stack: Stack, base: Rules) -> Iterator[dict[str, Any]]:
    """Give single departures from the claim, as changed fields."""
    neuron, n = stack.neuron, len(base.paces)
    yield {"pace": "forgotten"}
    yield {"whole": True}
    for before in sorted({neuron.v_rest, neuron.v_reset, 0.0} - {base.before}):
        yield {"before": before}
    if not n:
        return
    yield {"pace": "forgotten", "paces": ("forgotten",) * n}
    for gate, power in enumerate(base.powers):
        yield from ({"powers": _with(base.powers, gate, p)} for p in (1, 2, 3, 4, 0) if p != power)
    groups, index = [], 0
    for channel in neuron.channels:
        groups.append(range(index, index + len(channel.gates)))
        index += len(channel.gates)
    for group in groups:
        for i, j in itertools.combinations(group, 2):
            yield from (
                {field: _swapped(getattr(base, field), i, j)} for field in ("powers", "kinetics", "starts")
            )
            yield {field: _swapped(getattr(base, field), i, j) for field in ("kinetics", "starts")}
    wholes: list[Any] = [
        range(n),
        *(groups if len(groups) > 1 else ()),
        *(range(i, i + 1) for i in range(n) if n > 1),
    ]
    if len({len(group) for group in groups}) == 1 and len(groups) > 1:
        # The same thing done to each channel.
        for place in range(len(groups[0])):
            alike = [group[place] for group in groups]
            wholes.append(alike)
            yield from ({"powers": _with(base.powers, alike, p)} for p in (1, 2, 3, 4, 0))
        if len(groups[0]) == 2:
            for field in ("powers", "kinetics", "starts"):
                values = getattr(base, field)
                yield {field: tuple(v for one, two in groups for v in (values[two], values[one]))}
    yield from ({"turned": tuple(where)} for where in wholes)
    for where in wholes:
        yield from ({"paces": _with(base.paces, where, p)} for p in ("forgotten", "twice", "instant", 0.0))
    for start in _starts(neuron, base):
        yield {"starts": start}
    # The same channel twice in place of two: all gates of one have the other's rates.
    for one, other in itertools.permutations(groups, 2):
        if len(one) == len(other):
            swapped = list(base.kinetics)
            for i, j in zip(one, other, strict=True):
                swapped[i] = j
            yield {"kinetics": tuple(swapped)}


def _swapped(values: tuple[Any, ...], i: int, j: int) -> tuple[Any, ...]:
    changed = list(values)
    changed[i], changed[j] = changed[j], changed[i]
    return tuple(changed)


def _starts(neuron: Neuron, base: Rules) -> Iterator[tuple[float, ...]]:
    """Give other gates to start with: at rest, all closed, all open, and each by itself 0 or 1."""
    n = len(base.starts)
    rest = attrs.evolve(
        neuron,
        channels=tuple(
            attrs.evolve(c, gates=tuple(attrs.evolve(g, initial="steady-state") for g in c.gates))
            for c in neuron.channels
        ),
    )
    corners: Any = itertools.product((0.0, 1.0), repeat=n) if n <= 4 else [(0.0,) * n, (1.0,) * n]
    seen = {base.starts}
    for start in [rest.initial_state()[1:], *corners]:
        if tuple(start) not in seen:
            seen.add(tuple(start))
            yield tuple(start)
