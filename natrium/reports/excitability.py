"""What kind of neuron a model file holds: equilibria, rheobase, rates and pulses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from natrium.analysis import describe, f_i_curve, strength_duration
from natrium.analysis.excitability.mirror import is_lowered, mirrored
from natrium.figures.excitability import plot_equilibrium_curve, plot_f_i, plot_strength_duration
from natrium.model import AnyNeuron, Model
from natrium.model.arrays import Array
from natrium.model.leak import input_unit
from natrium.reports.captions import EQUILIBRIA, Drawn
from natrium.reports.output import Output, manifest
from natrium.reports.page import Section
from natrium.reports.report import Rows, write_report

INPUTS = 24  # of an f-I curve
MEMBRANE = 15.0  # mV of input that such a curve shows, at least
DURATIONS = np.geomspace(0.1, 100.0, 16)  # ms
RATES, PULSES = "Rate against input", "Least pulses"


def usual_inputs(neuron: AnyNeuron, low: float) -> Array:
    """Give the inputs of an f-I curve, from a little below the one at which a cell fires upwards, mV.

    Downwards where the input lowers V.
    """
    if is_lowered(neuron):
        return np.asarray(-usual_inputs(mirrored(neuron), -low))
    # Equations of one's own have a scale of their own.
    span = max(MEMBRANE if neuron.of_channels else 0.0, 2.0 * abs(low)) or MEMBRANE
    return np.linspace(low - 0.1 * span, low + span, INPUTS)


def excitability_into(
    model: Model, out: Path, *, name: str, inputs: Sequence[float] | None = None, quiet: bool = False
) -> dict[str, Any]:
    """Find a model's equilibria, rheobase, f-I and strength-duration curve (see `natrium.reports.report`).

    Parameters
    ----------
    inputs : sequence of float, optional
        Inputs of the f-I curve, mV; by default from a little below the rheobase upwards.
    """
    output, neuron = Output(out, quiet=quiet), model.neuron
    pulse: dict[str, float] | None = None
    tables: dict[str, Rows] = {}
    with output.progress() as tell:
        tell("equilibria, rheobase and onset")
        verdict = describe(neuron)
        sentences, found = verdict.sentences(), verdict.rheobase
        figures: Drawn = {"equilibria": (plot_equilibrium_curve(verdict.curve, found), EQUILIBRIA)}
        if found is not None and np.isfinite(found.value):
            tell("rate against input")
            usual = usual_inputs(neuron, found.bistable_from)
            fi = f_i_curve(neuron, usual if inputs is None else np.asarray(inputs))
            tables[RATES] = fi.table()
            figures["f_i"] = (
                plot_f_i(fi, verdict.onset),
                "Steady rate, latency and adaptation against constant input, with the law of the onset.",
            )
            if verdict.rest is not None:
                tell("strength and duration")
                pulses = strength_duration(neuron, DURATIONS)
                tables[PULSES] = pulses.table()
                pulse = {
                    "rheobase_mV": pulses.rheobase,
                    "rheobase_error_mV": pulses.rheobase_error,
                    "chronaxie_ms": pulses.chronaxie,
                    "chronaxie_error_ms": pulses.chronaxie_error,
                }
                pulse |= pulses.told_in.beside("rheobase", pulses.rheobase)
                sentences += pulses.sentences()
                figures["strength_duration"] = (
                    plot_strength_duration(pulses),
                    "The least pulse that makes the resting cell fire.",
                )
    rates, pulses_rows = tables.get(RATES, []), tables.get(PULSES, [])
    if not input_unit(neuron).name:
        tables = {name: _without_unit(rows) for name, rows in tables.items()}
    title = f"Excitability of {name}"
    return write_report(
        output,
        title,
        [Section("What was found", sentences, figures, tables)],
        {"verdict": sentences}
        | verdict.data()
        | {"f_i": rates, "strength_duration": pulses_rows, "pulse": pulse},
        manifest=manifest(model, inputs_mV=inputs),
        tables={"f_i.csv": rates, "strength_duration.csv": pulses_rows},
        said=[(title, next(iter(tables.values()), []), sentences)],
    )


def _without_unit(rows: Rows) -> Rows:
    """Head the inputs of equations that give them no unit by their names alone."""
    inputs = ("input", "amplitude")
    return [
        {key.removesuffix("_mV") if key.startswith(inputs) else key: value for key, value in row.items()}
        for row in rows
    ]
