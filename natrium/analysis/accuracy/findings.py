"""What a comparison shows, in plain words; every number in them is computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from natrium.analysis.accuracy.budget import Budget
from natrium.analysis.accuracy.matching import partners_of
from natrium.analysis.accuracy.script import Comparison, LadderRow, held_steps
from natrium.model.checks import check_kind
from natrium.model.leak import input_unit
from natrium.model.scales import scales_of

FEW = 6  # numbers at either end of a long list
LEAST = 1e-9  # ms, or of the scale of time: what a rule moves a spike by less than this is rounding


def findings(
    comparison: Comparison, ladder: Sequence[LadderRow] = (), budget: Budget | None = None
) -> list[str]:
    """Say in sentences what a script does and how far it is from its model.

    Parameters
    ----------
    comparison : Comparison
    ladder : sequence of LadderRow
        The script at other step sizes, if they were run.
    budget : Budget, optional
        The distance cause by cause, if it was made.

    Raises
    ------
    ModelError
        When it is no comparison.
    """
    check_kind("comparison", comparison, Comparison)
    said = [_count(comparison)]
    neuron = comparison.model.neuron
    if not comparison.truth.n_spikes and neuron.fires and neuron.is_leaky:
        said.append(_rheobase(comparison))
    said += [*_labels(comparison), *_edges(comparison)]
    if comparison.script.n_spikes:
        said += [
            *_counter(comparison),
            *_rules(comparison),
            *_causes(comparison, budget),
            *_shrinking(ladder),
        ]
    said.append(_trust(comparison))
    return said


CHANGES = {
    "time label": "label a sample by the end of its step",
    "input edge": "let the input go on with the step that begins at its start (>= for >)",
    "input within a step": "split a step where the input changes within it",
    "refractory count": "count the refractory period in whole steps",
    "threshold on the grid": "interpolate where V crosses the threshold within its step",
    "sequential update": "move V with the old gates",
    "scheme order": "take smaller steps, or a scheme of higher order",
    "faults": "mend the faults that are named",
}
"""What to change in a script, by the cause of a distance."""


def summary(comparison: Comparison, budget: Budget | None = None) -> list[str]:
    """Say in a few sentences what was found and what to change; the budget is the distance cause by cause."""
    said = [_count(comparison)]
    if not comparison.truth.n_spikes and comparison.model.neuron.fires:
        if comparison.model.neuron.is_leaky:
            said.append(_rheobase(comparison))
    elif budget is not None:
        said.append(advice(budget))
    return [*said, _trust(comparison)]


def advice(budget: Budget) -> str:
    """Name what moves any spike most, and how to do without."""
    sizes = dict(zip(budget.causes, np.abs(budget.parts).max(axis=1).tolist(), strict=True))
    first, second = sorted(sizes, key=lambda cause: -sizes[cause])[:2]
    return (
        f"What to change first: {CHANGES[first]} (it moves a spike by up to {sizes[first]:.3g} ms); then "
        f"{CHANGES[second]} (up to {sizes[second]:.3g} ms)."
    )


def _count(comparison: Comparison) -> str:
    script, truth = comparison.script.n_spikes, comparison.truth.n_spikes
    if not script and not truth:
        peak = comparison.facts()["V_peak_mV"]
        return f"The script never spikes, and neither does its model: V peaks at {peak:.3f} mV."
    if script == truth:
        off = [pair.difference for pair in comparison.pairs() if pair.difference is not None]
        if max(off) < 0.0:
            far = f"{-max(off):.2f} to {-min(off):.2f} ms early"
        elif min(off) > 0.0:
            far = f"{min(off):.2f} to {max(off):.2f} ms late"
        else:
            far = f"up to {max(map(abs, off)):.2f} ms from the true times"
        return (
            f"The script fires {_times(script)} and so does its model, but its labels are {far} ("
            f"{_list_few(off)} ms, label less true time, spike by spike)."
        )
    return f"The script fires {_times(script)} where its model fires {_times(truth)}."


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _list_few(values: Sequence[float]) -> str:
    """List signed numbers; of many, the first and the last."""
    listed = [f"{value:+.3f}" for value in values]
    if len(listed) > 2 * FEW:
        listed = [*listed[:FEW], "...", *listed[-FEW:]]
    return ", ".join(listed)


def _rheobase(comparison: Comparison) -> str:
    facts, unit = comparison.facts(), input_unit(comparison.model.neuron)
    largest, needed = (unit.show(facts[name]) for name in ("largest_input_mV", "needed_input_mV"))
    note = " (The input is R I in mV, not a current.)" if unit.name == "mV" else ""
    return (
        f"Its input of at most {largest} can lift V to {facts['lifts_V_to_mV']:g} mV "
        f"and no further; the threshold at {facts['v_thresh_mV']:g} mV needs more than "
        f"{needed}.{note}"
    )


def _labels(comparison: Comparison) -> list[str]:
    dt = comparison.dt
    text = (
        f"Each sample is stored after its step but labelled with the step's beginning: every label is "
        f"{dt:g} ms early."
    )
    pairs = [pair for pair in comparison.pairs() if pair.label is not None]
    if pairs:
        last = pairs[-1].label
        text += f" The last spike, labelled {last:.10g}, belongs to {(last or 0.0) + dt:.10g} ms."
    return [text]


def _edges(comparison: Comparison) -> list[str]:
    """Say when the script's input really goes on, given its strict inequalities."""
    return [
        f"The strict inequality t > {edge['start_ms']:g} leaves out the step that begins at "
        f"{edge['start_ms']:g} ms: the input goes on at {edge['on_at_ms']:.10g} ms, "
        f"{edge['late_ms']:.3g} ms late."
        for edge in comparison.late_edges()
    ]


def _counter(comparison: Comparison) -> list[str]:
    held, dt = held_steps(comparison.script), comparison.dt
    neuron = comparison.model.neuron
    tau_ref = neuron.tau_ref
    does = "holds V" if neuron.system.resting.rhs[0] == 0 else "lets none follow"
    whole = round(tau_ref / dt)
    if held == tau_ref == 0.0:
        return []
    text = (
        f"After a spike the refractory counter {does} for {held} steps of {dt:g} ms, {held * dt:g} ms "
        f"for a tau_ref of {tau_ref:g} ms"
    )
    if held == whole:
        return [text + "."]
    return [
        text
        + f": {held - whole} more than tau_ref, since dt subtracted {whole} times leaves a rest above zero."
    ]


def _rules(comparison: Comparison) -> list[str]:
    neuron = comparison.model.neuron
    if neuron.is_leaky or not neuron.of_channels or not comparison.other:
        return []
    hold, clamp = (comparison.truths[rule].spike_times for rule in ("hold", "clamp"))
    shifts = (partners_of(clamp, hold) - hold).tolist()
    same = hold.size == clamp.size and hold.size
    told = f"by {_list_few(shifts)} ms, spike by spike" if same else "in their number"
    said = [
        "The script freezes the gates while it is refractory (hold). With gates that go on moving at the "
        f"reset voltage (clamp) the true spikes differ {told}."
    ]
    near, own = comparison.pairs("clamp"), comparison.pairs("hold")
    for number, (other, pair) in enumerate(zip(near, own, strict=False), start=1):
        if other.difference is None or pair.difference is None or number != len(own):
            continue
        if abs(other.difference) < 0.5 * abs(pair.difference):
            said.append(
                f"Two errors nearly cancel: spike {number}, labelled {pair.label:.10g}, is true at "
                f"{pair.truth:.6f} ms (hold); that it lies near {other.truth:.6f} ms (clamp) is chance."
            )
    return said


def _causes(comparison: Comparison, budget: Budget | None) -> list[str]:
    if budget is None:
        return []
    last = budget.parts[:, -1]
    by_size, least = np.argsort(-np.abs(last)), LEAST * scales_of(comparison.model.neuron).time
    listed = ", ".join(f"{budget.causes[i]} {last[i]:+.3g}" for i in by_size if abs(last[i]) >= least)
    left = budget.left_out
    return [
        f"Of spike {budget.numbers[-1]}'s {budget.total[-1]:+.3f} ms (label less true time), switching the "
        f"script's rules to the truth's one after the other accounts for (in ms): {listed}."
        + (f" {_spikes(left)} not split: on the way to the truth some rules add or drop one." if left else "")
    ]


def _spikes(count: int) -> str:
    return "1 spike is" if count == 1 else f"{count} spikes are"


def _shrinking(ladder: Sequence[LadderRow]) -> list[str]:
    rows = [row for row in ladder if row.differences]
    if len(rows) < 2:
        return []
    steps = np.array([row.dt for row in rows])
    largest = np.array([row.largest for row in rows])
    order = float(np.polyfit(np.log(steps), np.log(largest), 1)[0])
    said = [
        f"With smaller steps the largest difference falls from {largest[0]:.3f} ms at dt = {steps[0]:g} ms "
        f"to {largest[-1]:.4f} ms at {steps[-1]:g} ms: about as dt^{order:.1f}, first order, as Euler's "
        "scheme with spikes on its grid must."
    ]
    odd = [row for row in rows if row.held_steps != round(rows[0].held_steps * rows[0].dt / row.dt)]
    if odd:
        listed = ", ".join(f"{row.held_steps} steps at dt = {row.dt:g}" for row in odd)
        said.append(
            f"The counter's floating-point rest, or a step that does not divide tau_ref, shows: {listed}."
        )
    return said


def _trust(comparison: Comparison) -> str:
    if not comparison.truth.n_spikes:
        under = " under either refractory rule" if comparison.other else ""
        return f"The true course has no spike{under}, at every tolerance tried."
    return (
        f"The true spike times are known to {max(comparison.truth_error, 1e-15):.0e} ms: a second solve, at "
        "another tolerance, says so."
    )
