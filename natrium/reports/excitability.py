"""What kind of neuron a model file holds: phase plane, excitability, cycle; each drawn and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from natrium.analysis import (
    LimitCycle,
    PhasePlane,
    SmoothCycle,
    Verdict,
    describe,
    f_i_curve,
    limit_cycle,
    phase_plane,
    phase_response,
    reset_bifurcation,
    smooth_cycle,
    strength_duration,
)
from natrium.analysis.cycle.cobweb import cobweb
from natrium.analysis.phase_plane.reduction import Reduction
from natrium.figures.cycle import plot_cycle, plot_reset_bifurcation
from natrium.figures.excitability import plot_equilibrium_curve, plot_f_i, plot_strength_duration
from natrium.figures.phase_plane import plot_phase_planes
from natrium.model import Model
from natrium.reports.output import Output, versions, versions_told
from natrium.reports.page import Section, page
from natrium.reports.plain import plain
from natrium.reports.reproduce import DYNAMICS_CAPTIONS, constant_input

INPUTS = 24  # of an f-I curve
DURATIONS = np.geomspace(0.1, 100.0, 16)  # ms


def phase_plane_into(
    model: Model,
    out: Path,
    *,
    name: str,
    I: float | None = None,
    x: str | None = None,
    reduction: Reduction = "steady",
    quiet: bool = False,
) -> dict[str, Any]:
    """Analyse a model's phase plane, draw it and write it into a folder.

    Parameters
    ----------
    model : Model
    out : Path
        Made if it is not there.
    name : str
        What the model is called in titles.
    I : float, optional
        Constant input, mV; by default the largest value of the model's own.
    x, reduction
        As `natrium.phase_plane` takes them.
    quiet : bool
        Print nothing.

    Returns
    -------
    dict
        The results as plain data, as ``results.json`` holds them.
    """
    output = Output(out, quiet=quiet)
    with output.progress() as tell:
        tell("nullclines, equilibria, manifolds, certain spikes")
        plane = phase_plane(model.neuron, constant_input(model) if I is None else I, x=x, reduction=reduction)
        tell("drawing")
        figures = {"phase_plane": plot_phase_planes(plane)}
        rows = _plane_rows(plane)
        results = _plane_data(plane)
        output.table("equilibria.csv", rows)
    title = f"Phase plane of {name}, I = {plane.I:g} mV"
    return _finish(output, title, figures, {"Equilibria of the plane": rows}, _plane_words(plane), results)


def _plane_rows(plane: PhasePlane) -> list[dict[str, Any]]:
    return [
        {
            "V_mV": point.V,
            plane.plane.x: point.x,
            "type": point.kind,
            "below_threshold": point.below_threshold,
            "eigenvalues_per_ms": ", ".join(f"{value:.5g}" for value in point.eigenvalues),
        }
        for point in plane.equilibria
    ]


def _plane_words(plane: PhasePlane) -> list[str]:
    error, said = plane.error, []
    if plane.certain is not None:
        said.append(
            f"From {plane.certain.share:.0%} of the plane below the threshold the next spike comes by itself "
            f"within {plane.certain.horizon:g} ms."
        )
    shifts = ", ".join(f"{shift:+.3f}" for shift in error.shifts[:5])
    said.append(
        f"The plane against the full model: {error.reduced.n_spikes} spikes for {error.full.n_spikes}"
        + (f", the first ones off by {shifts} ms" if shifts else "")
        + f"; until the first spike V is off by at most {error.V_before:.2g} mV."
    )
    return said


def _plane_data(plane: PhasePlane) -> dict[str, Any]:
    error = plane.error
    return {
        "I_mV": plane.I,
        "x": plane.plane.x,
        "reduction": plane.plane.reduction,
        "equilibria": [
            {
                "V_mV": p.V,
                "x": p.x,
                "type": p.kind,
                "eigenvalues": p.eigenvalues,
                "below_threshold": p.below_threshold,
            }
            for p in plane.equilibria
        ],
        "V_nullcline": plane.V_nullcline,
        "x_nullcline": plane.x_nullcline,
        "certain_share": plane.certain.share if plane.certain else None,
        "spikes_full_ms": error.spike_times,
        "spikes_plane_ms": error.reduced_spike_times,
    }


def excitability_into(
    model: Model, out: Path, *, name: str, inputs: Sequence[float] | None = None, quiet: bool = False
) -> dict[str, Any]:
    """Find a model's equilibria, rheobase, f-I and strength-duration curve, and write them into a folder.

    Parameters
    ----------
    model : Model
    out : Path
        Made if it is not there.
    name : str
        What the model is called in titles.
    inputs : sequence of float, optional
        Inputs of the f-I curve, mV; by default from a little below the rheobase upwards.
    quiet : bool
        Print nothing.

    Returns
    -------
    dict
        The results as plain data, as ``results.json`` holds them.
    """
    output, neuron = Output(out, quiet=quiet), model.neuron
    tables: dict[str, Sequence[Mapping[str, Any]]] = {}
    with output.progress() as tell:
        tell("equilibria, rheobase and onset")
        verdict = describe(neuron)
        figures = {"equilibria": plot_equilibrium_curve(verdict.curve, verdict.rheobase)}
        results: dict[str, Any] = {"verdict": verdict.sentences(), **_verdict_data(verdict)}
        found = verdict.rheobase
        if found is not None and np.isfinite(found.value):
            tell("rate against input")
            low = min(found.value, found.bistable_from)
            span = max(15.0, 2.0 * abs(low))
            chosen = (
                np.linspace(low - 0.1 * span, low + span, INPUTS) if inputs is None else np.asarray(inputs)
            )
            fi = f_i_curve(neuron, chosen)
            figures["f_i"] = plot_f_i(fi, verdict.onset)
            tables["Rate against input"] = fi.table()
            if verdict.rest is not None:
                tell("strength and duration")
                pulses = strength_duration(neuron, DURATIONS)
                figures["strength_duration"] = plot_strength_duration(pulses, found.value)
                tables["Least pulses"] = [
                    {"duration_ms": d, "amplitude_mV": a, "charge_mV_ms": c}
                    for d, a, c in zip(
                        pulses.durations.tolist(),
                        pulses.amplitudes.tolist(),
                        pulses.charges.tolist(),
                        strict=True,
                    )
                ]
        output.table("f_i.csv", tables.get("Rate against input", []))
        output.table("strength_duration.csv", tables.get("Least pulses", []))
        results |= {
            "f_i": tables.get("Rate against input", []),
            "strength_duration": tables.get("Least pulses", []),
        }
    return _finish(output, f"Excitability of {name}", figures, tables, list(verdict.sentences()), results)


def _verdict_data(verdict: Verdict) -> dict[str, Any]:
    found, curve = verdict.rheobase, verdict.curve
    return {
        "excitability": verdict.excitability,
        "pacemaker": verdict.pacemaker,
        "equilibria": [
            {"V_mV": e.V, "I_mV": e.I, "type": e.kind, "gates": e.gates, "eigenvalues": e.eigenvalues}
            for e in verdict.equilibria
        ],
        "folds": [{"V_mV": fold.V, "I_mV": fold.I} for fold in curve.folds],
        "hopf": [{"V_mV": point.V, "I_mV": point.I, "lyapunov": point.lyapunov} for point in curve.hopf],
        "rheobase": None
        if found is None
        else {
            "value_mV": found.value,
            "cause": found.cause,
            "V_mV": found.V,
            "bistable_from_mV": found.bistable_from,
            "confirmed": found.confirmed,
            "notes": found.notes,
        },
        "onset": None
        if verdict.onset is None
        else {
            "law": verdict.onset.law,
            "at_mV": verdict.onset.at,
            "coefficient": verdict.onset.coefficient,
            "predicted": verdict.onset.predicted,
        },
    }


def cycle_into(
    model: Model,
    out: Path,
    *,
    name: str,
    I: float | None = None,
    period: int = 1,
    vary: tuple[str, Sequence[float]] | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Find a model's periodic firing, its multipliers and phase response, and write them into a folder.

    Parameters
    ----------
    model : Model
    out : Path
        Made if it is not there.
    name : str
        What the model is called in titles.
    I : float, optional
        Constant input, mV; by default the largest value of the model's own.
    period : int
        Spikes per cycle.
    vary : (str, sequence of float), optional
        A parameter and its values, for the bifurcation picture of the reset.
    quiet : bool
        Print nothing.

    Returns
    -------
    dict
        The results as plain data, as ``results.json`` holds them.
    """
    output, neuron = Output(out, quiet=quiet), model.neuron
    with output.progress() as tell:
        tell("the cycle and its multipliers")
        at = constant_input(model) if I is None else I
        cycle = limit_cycle(neuron, at, period) if neuron.fires else smooth_cycle(neuron, at)
        tell("phase response")
        response = phase_response(cycle)
        web = cobweb(cycle) if isinstance(cycle, LimitCycle) and cycle.names else None
        figures = {"cycle": plot_cycle(cycle, response, web)}
        states = _cycle_rows(cycle)
        results: dict[str, Any] = {
            "I_mV": cycle.input,
            "period_ms": cycle.period,
            "spikes_per_cycle": len(states),
            "multipliers": cycle.multipliers,
            "stable": cycle.stable,
            "states": states,
            "phase_response": {"time_ms": response.times, "V_ms_per_mV": response.V, "type": response.kind},
        }
        if vary is not None:
            tell(f"orbits against {vary[0]}")
            found = reset_bifurcation(neuron, cycle.input, vary[0], list(vary[1]))
            figures["bifurcation"] = plot_reset_bifurcation(found)
            results["bifurcation"] = {
                "parameter": found.parameter,
                "values": found.values,
                "periods": found.periods,
                "lyapunov": found.lyapunov,
            }
        output.table("cycle.csv", states)
        output.table(
            "phase_response.csv",
            [
                {"time_ms": t, "V_ms_per_mV": z}
                for t, z in zip(response.times.tolist(), response.V.tolist(), strict=True)
            ],
        )
    said = [
        f"At I = {cycle.input:g} mV it fires every {cycle.period:.9f} ms"
        + (f", {len(states)} spikes a cycle" if len(states) > 1 else "")
        + f"; largest multiplier {cycle.largest_multiplier:.6f}: {'stable' if cycle.stable else 'unstable'}.",
        f"Its phase response is of type {response.kind}: a push up in V "
        + ("never delays spikes." if response.kind == 1 else "delays later spikes at some phases."),
    ]
    return _finish(output, f"Periodic firing of {name}", figures, {"The cycle": states}, said, results)


def _cycle_rows(cycle: LimitCycle | SmoothCycle) -> list[dict[str, Any]]:
    """Give the state at each reset; of a cycle without resets, where V rises through the section."""
    if isinstance(cycle, SmoothCycle):
        return [
            {"spike": 1, "interval_ms": cycle.period}
            | dict(zip(cycle.names, cycle.state.tolist(), strict=True))
        ]
    return [
        {"spike": k, "interval_ms": interval} | dict(zip(cycle.names, state, strict=True))
        for k, (interval, state) in enumerate(
            zip(cycle.intervals.tolist(), cycle.states.tolist(), strict=True), start=1
        )
    ]


def _finish(
    output: Output,
    title: str,
    figures: Mapping[str, Figure],
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    sentences: Sequence[str],
    results: Mapping[str, Any],
) -> dict[str, Any]:
    """Write figures, data and report; tell what was found."""
    data: dict[str, Any] = plain({"versions": versions(), **results})
    output.figures(figures)
    output.data("results.json", data)
    section = Section(
        title="What was found",
        sentences=sentences,
        figures={key: DYNAMICS_CAPTIONS[key] for key in figures},
        tables=tables,
    )
    output.say(title, next(iter(tables.values()), []), sentences)
    output.report(page(title, "", [section], f"<footer>{escape(versions_told())}.</footer>", output.folder))
    return data
