"""Gates whose rates are Hodgkin and Huxley's but for one: the change that would make it theirs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, in_line
from natrium.analysis.doctor.reading.maps.maps import values_at
from natrium.analysis.doctor.reading.repair.bench import Bench
from natrium.analysis.doctor.reading.repair.smallest import repairs
from natrium.analysis.doctor.trace.meanings import plain, reversal_of
from natrium.model.arrays import Array

# Depolarisation, mV, beside the points at which rates are 0/0; rests, mV, that V is counted from.
_U = np.linspace(-20.0, 110.0, 27) + 0.3
_RESTS = (0.0, -60.0, -65.0, -70.0, -75.0)
# Per ms, of the depolarisation; A. L. Hodgkin and A. F. Huxley, J. Physiol. 117 (1952) 500, p. 518.
_RATES = {
    "alpha_n": 0.01 * (10.0 - _U) / np.expm1((10.0 - _U) / 10.0),
    "beta_n": 0.125 * np.exp(-_U / 80.0),
    "alpha_m": 0.1 * (25.0 - _U) / np.expm1((25.0 - _U) / 10.0),
    "beta_m": 4.0 * np.exp(-_U / 18.0),
    "alpha_h": 0.07 * np.exp(-_U / 20.0),
    "beta_h": 1.0 / (np.exp((30.0 - _U) / 10.0) + 1.0),
}
# Reversals, mV of depolarisation; the same, p. 520.
_IONS, _LEAK = {-12.0, 115.0}, 10.6
ROUND = 1.5  # mV: as printed in whole numbers, or put so that the rest is one
NEAR, FAR = 0.02, 0.05  # of a rate's largest value: the same, as printed with fewer digits; another
ENOUGH = 4  # rates of six that are theirs make the model theirs
PLAIN = 1.4  # the rank of a change beyond which none is believed


def published(case: Case) -> Iterator[Found]:
    """Tell of rates that one change would make those of which the others are."""
    maps, units = case.maps, case.meant.units
    gates = [one for one in case.meant.recognised.gates if one.kind == "alpha"]
    own = {f"{kind}_{plain(one.name)[:1].lower()}": node for one in gates
           for kind, node in (("alpha", one.first), ("beta", one.second))}  # fmt: skip
    own = {name: node for name, node in own.items() if name in _RATES}
    best: tuple[int, float, dict[str, float]] = (0, 0.0, {})
    for rest in _RESTS:
        points = _points(case, rest)
        apart = {name: _apart(values_at(node, points) / units.ms, name) for name, node in own.items()}
        best = max(best, (sum(one < NEAR for one in apart.values()), rest, apart), key=lambda one: one[0])
    count, rest, apart = best
    odd = [name for name, one in apart.items() if not one <= FAR]
    if count < ENOUGH or len(odd) > 1:
        return
    yield from _reversals(case, rest)
    for name in odd:
        bench = Bench(
            own[name], _points(case, rest), _RATES[name] * units.ms, frozenset(maps.record.parameters),
            states=frozenset((maps.V,)),
        )  # fmt: skip
        found = next(iter(repairs(bench)), None)
        if found is not None and found.line and found.rank <= PLAIN:
            yield Found(
                "published-rate", "note",
                f"{count} of the {len(own)} rates are Hodgkin and Huxley's (1952); {name} has "
                f"`{found.stands}` in {in_line(case.source, found.line)}, where theirs has `{found.should}`.",
                found.line, found.stands, found.should,
                f"it is {100 * apart[name]:.3g} % of its largest value away from theirs",
            )  # fmt: skip


def _reversals(case: Case, rest: float) -> Iterator[Found]:
    """Tell of a leak that goes to another rest than that from which the rates and the other two count V."""
    mV = case.meant.units.mV
    given = {reversal_of(name): node for name, node in case.maps.record.parameters.items()}
    leak = given.get("l", given.get("leak"))
    if leak is None or not {"na", "k"} <= set(given):
        return
    others = {given[one].value * mV - rest for one in ("na", "k")}
    theirs = (rest + _LEAK) / mV
    if _alike(others, _IONS) and not _alike({leak.value * mV - rest}, {_LEAK}):
        yield Found(
            "published-reversal", "note",
            f"Rates and reversals are Hodgkin and Huxley's (1952), of a rest at {rest:g} mV, but the leak's: "
            f"it is {leak.value:g} in {in_line(case.source, leak.line)}, where theirs is {theirs:g}.",
            leak.line, f"{leak.value:g}", f"{theirs:g}", "it rests elsewhere",
        )  # fmt: skip


def _alike(one: set[float], other: set[float]) -> bool:
    return all(abs(a - b) < ROUND for a, b in zip(sorted(one), sorted(other), strict=True))


def _points(case: Case, rest: float) -> dict[str, Array]:
    n = _U.size
    found = {name: np.full(n, value) for name, value in case.maps.record.parameter_values.items()}
    return found | {case.maps.V: (_U + rest) / case.meant.units.mV}


def _apart(values: Array, name: str) -> float:
    """Tell how far a rate is from the published one, of the largest that this gets."""
    theirs = _RATES[name]
    return float(np.max(np.abs(values - theirs)) / np.max(theirs))
