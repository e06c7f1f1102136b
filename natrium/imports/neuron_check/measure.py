"""What NEURON is asked of an imported channel, and how its answers compare."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from natrium.imports.neuron_check.expected import (
    DRIVE,
    FIRING,
    HALVINGS,
    MOST,
    VOLTAGES,
    currents_at,
    firing_cell,
    gate_curves,
    gates_of,
    level_of,
    scheme_of,
    shares_for,
    spikes_of,
    started,
    way_curves,
)
from natrium.imports.result import LEAK, Imported
from natrium.model import SolverError

EQUAL = 1e-12  # of a steady state, and of a time constant relative to itself
OF_FIELD = 1e-8  # of a constant field's current, which files write with approximations of their own
STEPS = (0.01, 0.005, 0.0025)  # ms: of NEURON's runs, each half of the one before
TRUST, SETTLED = 2.0, 1e-7  # how many times NEURON's own error, and ms or mV beside, spikes may be off


@attrs.frozen
class CheckedFile:
    """One file's outcome."""

    file: str
    outcome: str  # "equal", "differs", "refused" or "not measured"
    kind: str = ""  # ``"gates"``, ``"scheme"`` or, of what was refused, empty
    # steady, tau and current: largest error: of steady states, of time constants (of rates, for a scheme)
    # relative to themselves, of the current relative to its largest value.
    steady: float | None = None
    tau: float | None = None
    current: float | None = None
    spikes: int | None = None  # how many spikes of a leaky cell with the channel were compared
    spike: float | None = None  # largest distance of these, ms; where there are none, of V at the end, mV
    trust: float | None = None  # how far NEURON's own are known, by three of its steps
    reason: str = ""  # why it was refused, where it differs, or what NEURON said


def task_of(imported: Imported, suffix: str) -> dict[str, Any]:
    """Give what NEURON is asked, in numbers and names of the file."""
    mechanism = imported.mechanism
    assert mechanism is not None
    states = list(mechanism.states)
    gates, calcium = gates_of(imported), level_of(imported)
    steps = []
    if mechanism.stepped:
        # A step of one time constant keeps the digits of both what is left and what has come.
        taus = [
            gate_curves(gates[state][0], calcium)[1] if state in gates else np.ones(len(VOLTAGES))
            for state in states
        ]
        steps = [[float(tau[k]) for tau in taus] for k in range(len(VOLTAGES))]
    return {
        "suffix": suffix,
        "states": states,
        "celsius": mechanism.celsius,
        "given": mechanism.given,
        "ions": mechanism.ions,
        "currents": mechanism.currents,
        "stepped": mechanism.stepped,
        "voltages": list(VOLTAGES),
        "steps": steps,
        "shares": shares_for(imported, states),
        "dts": STEPS,
        "cell": _cell(imported),
    }


def _cell(imported: Imported) -> dict[str, Any]:
    """Give the leaky cell that fires: its leak absorbs the input, which is constant."""
    neuron, larger = firing_cell(imported)
    return {
        "g": LEAK * larger,
        "cm": 1e3 * LEAK * larger * neuron.tau_m,
        "e": neuron.v_rest + DRIVE,
        "v": neuron.v_init,
        "threshold": neuron.v_thresh,
        "reset": neuron.v_reset,
        "start": started(imported),
        "end": FIRING,
        "most": MOST,
        "halvings": HALVINGS,
    }


def compared(name: str, imported: Imported, task: dict[str, Any], answer: dict[str, Any]) -> CheckedFile:
    """Compare NEURON's answers with what natrium says."""
    scheme = scheme_of(imported)
    kind = "scheme" if scheme else "gates"
    if "error" in answer:
        return CheckedFile(name, "not measured", kind, reason=f"NEURON: {answer['error']}")
    flows = np.array(answer["flows"], dtype=float)
    states: list[str] = task["states"]
    steady, tau = _gate_errors(imported, flows, states, task)
    if scheme:
        tau = max(tau, _scheme_error(imported, flows, states))
    shares = [dict(zip(states, row, strict=True)) for row in task["shares"]]
    measured, expected = np.array(answer["currents"]), currents_at(imported, shares)
    current = float(np.max(np.abs(measured - expected)) / max(float(np.max(np.abs(measured))), 1e-300))
    fields = any(channel.ghk is not None for channel in imported.model.neuron.channels)
    spikes: int | None = None
    spike = trust = None
    try:
        if answer["trains"]:
            spikes, spike, trust = _firing_errors(imported, answer["trains"])
    except SolverError as error:
        return CheckedFile(name, "not measured", kind, steady, tau, current, reason=f"natrium: {error}")
    far = [
        f"{what} by {error:.2g}"
        for what, error, most in (
            ("steady states", steady, EQUAL),
            ("time constants", tau, EQUAL),
            ("the current", current, OF_FIELD if fields else EQUAL),
            ("spikes" if spikes else "V", spike, TRUST * (trust or 0.0) + SETTLED),
        )
        if error is not None and not error <= most
    ]
    outcome = "differs" if far else "equal"
    unasked = "" if answer["trains"] else "NEURON's steps fail: spikes are not compared"
    return CheckedFile(
        name, outcome, kind, steady, tau, current, spikes, spike, trust, ", ".join(far) or unasked
    )


def _firing_errors(imported: Imported, trains: list[list[float]]) -> tuple[int, float, float]:
    """Compare spikes, or V where there are none, with NEURON's at a step of no length.

    NEURON's steps are of first order: three of them give its spikes to third, and how far that is known.
    """
    times, v = spikes_of(imported)
    count = min(len(times), *(len(train) - 1 for train in trains))
    own = np.array([train[:count] if count else train[-1:] for train in trains])
    first, second = 2.0 * own[1] - own[0], 2.0 * own[2] - own[1]
    best = (4.0 * second - first) / 3.0
    expected = np.asarray(times[:count]) if count else np.array([v])
    if abs(len(times) - len(trains[-1]) + 1) > 1 or (not count and (len(times) or len(trains[-1]) > 1)):
        return count, float("inf"), 0.0  # one of the two fires more
    # What two extrapolations differ by may be small by chance: the second order is the first's times a step.
    trust = np.abs(best - second) + np.abs(second - first) + STEPS[-1] * np.abs(second - own[2])
    return count, float(np.max(np.abs(best - expected))), float(np.max(trust))


def _gate_errors(
    imported: Imported, flows: np.ndarray, states: list[str], task: dict[str, Any]
) -> tuple[float, float]:
    """Compare steady states and time constants of every gate."""
    worst = [0.0, 0.0]
    for state, (gate, factor) in gates_of(imported).items():
        inf, tau = gate_curves(gate, level_of(imported))
        own = states.index(state)
        if task["stepped"]:
            first, last = flows[:, own, 0], flows[:, own, 1]
            left = last - first
            steps = np.array([row[own] for row in task["steps"]])
            measured = first / (1.0 - left), -steps / np.log(left)
        else:
            partner = _partner(imported, state, states)
            closed, opened = flows[:, partner, own], flows[:, own + 1, own]
            rate = closed - opened
            measured = closed / rate, 1.0 / rate
        worst[0] = max(worst[0], float(np.max(np.abs(measured[0] / factor - inf))))
        worst[1] = max(worst[1], float(np.max(np.abs(measured[1] / tau - 1.0))))
    return worst[0], worst[1]


def _partner(imported: Imported, state: str, states: list[str]) -> int:
    """Say which row of the flows has this state closed: none open, or the other of two that react."""
    assert imported.mechanism is not None
    other = imported.mechanism.pairs.get(state)
    return 0 if other is None else states.index(other) + 1


def _scheme_error(imported: Imported, flows: np.ndarray, states: list[str]) -> float:
    """Compare the rates of a scheme, each with the largest at its voltage."""
    scheme = scheme_of(imported)
    assert scheme is not None
    channel, names = scheme
    rates = way_curves(channel, level_of(imported))
    expected = np.zeros_like(flows[:, 1:, :])
    at = {name: states.index(state) for state, name in names.items()}
    for (source, target), rate in rates.items():
        if source in at:  # else what is missing to one, which the file does not have
            expected[:, at[source], at[source]] -= rate
        if source in at and target in at:
            expected[:, at[source], at[target]] += rate
    inside = list(at.values())
    found = flows[:, 1:, :][:, inside][:, :, inside]
    wanted = expected[:, inside][:, :, inside]
    scale = np.max(np.abs(wanted), axis=2, keepdims=True)
    return float(np.max(np.abs(found - wanted) / np.where(scale > 0.0, scale, 1.0)))
