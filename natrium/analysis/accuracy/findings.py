"""What a comparison shows, in plain words; every number in them is computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from natrium.analysis.accuracy.budget import Budget
from natrium.analysis.accuracy.script import Comparison, LadderRow, held_steps


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
    """
    said = [_count(comparison)]
    neuron = comparison.model.neuron
    if not comparison.truth.n_spikes and neuron.fires and not neuron.channels:
        said.append(_rheobase(comparison))
    said += [*_labels(comparison), *_edges(comparison)]
    if comparison.script.n_spikes:
        said += [_counter(comparison), *_rules(comparison), *_causes(budget), *_shrinking(ladder)]
    said.append(_trust(comparison))
    return said


def _count(comparison: Comparison) -> str:
    script, truth = comparison.script.n_spikes, comparison.truth.n_spikes
    if not script and not truth:
        peak = float(comparison.truth.sample(0.1)[1][0].max())
        return f"The script never spikes, and neither does its model: V peaks at {peak:.3f} mV."
    if script == truth:
        late = [-(pair.difference or 0.0) for pair in comparison.pairs()]
        listed = ", ".join(f"{value:+.3f}" for value in late)
        direction = (
            f"{min(late):.2f} to {max(late):.2f} ms later than"
            if min(late) > 0.0
            else f"up to {max(map(abs, late)):.2f} ms from where"
        )
        return (
            f"The script fires {script} times and so does its model, but the true spikes come {direction} "
            f"the script's labels say ({listed} ms, spike by spike)."
        )
    return f"The script fires {script} times where its model fires {truth} times."


def _rheobase(comparison: Comparison) -> str:
    neuron = comparison.model.neuron
    needed = neuron.v_thresh - neuron.v_rest
    times = np.linspace(comparison.truth.t_start, comparison.truth.t_end, 2001)[:-1].tolist()
    largest = max(comparison.model.stimulus(t) for t in times)
    return (
        f"Its input of at most {largest:g} mV can lift V to {neuron.v_rest + largest:g} mV and no further; "
        f"the threshold at {neuron.v_thresh:g} mV needs more than {needed:g} mV. (The input is R I in mV, "
        "not a current.)"
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
    """Say when the script's input really goes on and off, given its strict inequalities."""
    said, labels, dt = [], comparison.script.t, comparison.dt
    for part in comparison.model.stimulus.parts:
        on = np.array([part(t, strict=True) != 0.0 for t in labels.tolist()])
        if part.start is not None and on.any() and not on[0]:
            first = float(labels[np.argmax(on)])
            if first - part.start > 0.5 * dt:
                said.append(
                    f"The strict inequality t > {part.start:g} leaves out the step that begins at "
                    f"{part.start:g} ms: the input goes on at {first:.10g} ms, "
                    f"{first - part.start:.3g} ms late."
                )
    return said


def _counter(comparison: Comparison) -> str:
    held, dt = held_steps(comparison.script), comparison.dt
    tau_ref = comparison.model.neuron.tau_ref
    whole = round(tau_ref / dt)
    text = (
        f"After a spike the refractory counter holds V for {held} steps of {dt:g} ms, {held * dt:g} ms "
        f"for a tau_ref of {tau_ref:g} ms"
    )
    if held == whole:
        return text + "."
    return (
        text
        + f": {held - whole} more than tau_ref, since dt subtracted {whole} times leaves a rest above zero."
    )


def _rules(comparison: Comparison) -> list[str]:
    if not comparison.model.neuron.channels:
        return []
    hold, clamp = comparison.truths["hold"], comparison.truths["clamp"]
    shift = (
        [f"{c - h:+.3f}" for h, c in zip(hold.spike_times, clamp.spike_times, strict=True)]
        if hold.n_spikes == clamp.n_spikes
        else []
    )
    told = f"by {', '.join(shift)} ms, spike by spike" if shift else "in their number"
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


def _causes(budget: Budget | None) -> list[str]:
    if budget is None:
        return []
    last = budget.parts[:, -1]
    by_size = np.argsort(-np.abs(last))
    listed = ", ".join(f"{budget.causes[i]} {last[i]:+.3f}" for i in by_size if abs(last[i]) >= 5e-4)
    return [
        f"Of spike {budget.total.size}'s {budget.total[-1]:+.3f} ms, switching the script's rules to the "
        f"truth's one after the other accounts for (in ms): {listed}."
        + (f" {budget.left_out} more have no partner." if budget.left_out else "")
    ]


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
        return "The true course has no spike under either refractory rule, at every tolerance tried."
    return (
        f"The true spike times are known to {max(comparison.truth_error, 1e-15):.0e} ms: a second solve, at "
        "another tolerance, says so."
    )
