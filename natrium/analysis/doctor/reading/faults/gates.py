"""Gates: where they go, and at what rates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from natrium.analysis.doctor.reading.expressions.trees import NUMBER, at_points, in_order, leaves
from natrium.analysis.doctor.reading.findings.case import Case, first_line, own_line
from natrium.analysis.doctor.reading.findings.found import Found, in_line, written
from natrium.analysis.doctor.reading.model.recognise import GateFound, opens, split_gate
from natrium.analysis.doctor.trace.meanings import plain, reversal_of
from natrium.analysis.doctor.trace.record import Node
from natrium.model.rates import SLIGHT

OUTSIDE = 1e-9  # of [0, 1]: rounding
RISING, FALLING = ("m", "n"), ("h",)  # the gates that the field calls so, by how they go with V
SOME = 0.05  # of [0, 1]: a steady state that goes less goes no way


def gates(case: Case) -> Iterator[Found]:
    """Look at the states that open and close: where they go, and at what rates."""
    maps = case.maps
    V = maps.record.samples[:, maps.record.states.index(maps.V)]
    values, found = maps.record.parameter_values, gates_of(case)
    over = is_mirrored(case)
    starts = {name: float(maps.record.samples[0, maps.record.states.index(name)]) for name in found}
    outside = [name for name, one in starts.items() if not -OUTSIDE <= one <= 1.0 + OUTSIDE]
    for name, gate in found.items():
        column = maps.record.samples[:, maps.record.states.index(name)]
        line = own_line(maps.main.updates[name])
        rates = _rates_at(case, gate, np.unique(V[np.isfinite(V)]), values)
        room = OUTSIDE + _beyond(gate, *rates[1:]) if rates is not None else OUTSIDE
        bad = np.flatnonzero(~((column >= -room) & (column <= 1.0 + room)))
        if bad.size:
            k = int(bad[0])
            line = line if k else first_line(case, name, float(column[0]))
            when = f"leaves [0, 1]: after step {k} it is" if k else "begins outside [0, 1]: it is"
            yield Found(  # of gates that leave it the one that begins outside is to blame
                "gate-outside", "note" if k and outside else "fault",
                f"The gate {plain(name)} {when} {column[k]:.6g}; see {in_line(case.source, line)}.",
                line, evidence=f"{bad.size} of {column.size} samples are outside",
            )  # fmt: skip
        if rates is not None:
            yield from _rates(case, gate, *rates, over)


def gates_of(case: Case) -> dict[str, GateFound]:
    """Give the states that open and close with V."""
    maps = case.maps
    return {
        name: gate
        for name in maps.moving[1:]
        if maps.V in leaves(case.equations[name])
        and (gate := split_gate(maps, name, case.equations[name])) is not None
        and opens(maps, case.equations, name)
    }


def reversals(case: Case) -> dict[str, Node]:
    """Give the reversals that the script names, by their ions."""
    return {reversal_of(name): node for name, node in case.maps.record.parameters.items()}


def is_mirrored(case: Case) -> bool:
    """Tell whether V is counted the other way, as Hodgkin and Huxley wrote in 1952: all of it is turned."""
    given = reversals(case)
    if not {"k", "na"} <= given.keys() or given["k"].value <= given["na"].value:
        return False
    V = case.maps.record.samples[:, case.maps.record.states.index(case.maps.V)]
    V, values = np.unique(V[np.isfinite(V)]), case.maps.record.parameter_values
    ways = []
    for name, gate in gates_of(case).items():
        rates = _rates_at(case, gate, V, values)
        if wanted := _wanted(name):
            rise = _rise(gate, *rates[1:]) if rates is not None else 0.0
            ways.append(rise * wanted < 0.0)
    return len(ways) > 1 and all(ways)


def _wanted(name: str) -> int:
    """Give the way in which a gate of this name goes with V: 1, up, or -1; 0 where its name tells none."""
    letter = plain(name).lower().split("_")[0]
    return 1 if letter in RISING else -1 if letter in FALLING else 0


def _rise(gate: GateFound, first: np.ndarray, second: np.ndarray) -> float:
    """Tell how far a gate's steady state goes up with V; 0 where it hardly goes."""
    steady = _steady(gate, first, second)
    good = steady[np.isfinite(steady)]
    rise = float(good[-1] - good[0]) if good.size > 4 else 0.0
    return rise if abs(rise) > SOME else 0.0


def _rates_at(
    case: Case, gate: GateFound, V: np.ndarray, values: Mapping[str, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Give voltages, and what a gate opens and closes by there; None where that hangs on more."""
    at = {**values, case.maps.V: V, gate.name: np.zeros_like(V)}
    try:
        return V, at_points(gate.first, at), at_points(gate.second, at)
    except KeyError:
        return None


def _steady(gate: GateFound, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return first / (first + second) if gate.kind == "alpha" else first


def _beyond(gate: GateFound, first: np.ndarray, second: np.ndarray) -> float:
    """Tell how far a steady state leaves [0, 1], where a model may have it so: by a hundredth at most."""
    steady = _steady(gate, first, second)
    steady = steady[np.isfinite(steady)]
    far = max(float(np.max(steady, initial=1.0)) - 1.0, -float(np.min(steady, initial=0.0)))
    return far if far <= SLIGHT else 0.0


def _rates(
    case: Case, gate: GateFound, V: np.ndarray, first: np.ndarray, second: np.ndarray, mirrored: bool
) -> Iterator[Found]:
    rates = gate.kind == "alpha"
    names = ("the opening rate", "the closing rate") if rates else ("", "the time constant")
    for which, node, found in zip(names, (gate.first, gate.second), (first, second), strict=True):
        if not which:
            continue
        with np.errstate(all="ignore"):
            slack = SLIGHT * np.fmax(np.abs(first), np.abs(second)) if rates else 0.0  # as a model has it
            bad = np.flatnonzero(found < -slack)
        if bad.size:
            flow = case.equations[gate.name]  # where the rate is not what stands there, but follows from it
            line = own_line(node if node in in_order([flow]) else flow)
            yield Found(
                "rate-negative", "fault",
                f"{which.capitalize()} of {plain(gate.name)} is negative where {plain(case.maps.V)} goes: "
                f"{found[bad[0]]:.4g} at {V[bad[0]]:.6g}, in {in_line(case.source, line)}.",
                line, written(node), "", f"negative at {bad.size} of {V.size} voltages of the run",
                about=gate.name,
            )  # fmt: skip
            return  # where it goes follows
    if not mirrored:
        yield from _direction(case, gate, first, second, V)


def _direction(
    case: Case, gate: GateFound, first: np.ndarray, second: np.ndarray, V: np.ndarray
) -> Iterator[Found]:
    """Hold the way a gate goes with V against what its name says."""
    wanted, rise = _wanted(gate.name), _rise(gate, first, second)
    if wanted * rise >= 0.0:
        return
    steady = _steady(gate, first, second)
    good = np.isfinite(steady)
    line = own_line(case.equations[gate.name]) or own_line(case.maps.main.updates[gate.name])
    if gate.kind != "alpha":  # where its steady state is asked for: a function may give others' as well
        line = max((one.line for one in in_order([gate.first]) if one.op == NUMBER), default=0) or line
    way = "rises" if rise > 0 else "falls"
    yield Found(
        "gate-direction", "fault",
        f"The steady state of {plain(gate.name)} {way} with {plain(case.maps.V)}, from "
        f"{steady[good][0]:.3g} at {V[good][0]:.4g} to {steady[good][-1]:.3g} at {V[good][-1]:.4g}: "
        f"opening and closing rates are swapped, or a sign is wrong; see {in_line(case.source, line)}.",
        line, evidence="over the voltages of this run", about=gate.name,
    )  # fmt: skip
