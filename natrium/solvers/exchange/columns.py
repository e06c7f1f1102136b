"""What a run holds at its times, by name: states and input, each with its unit."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import attrs
import numpy as np

from natrium.model import Model, ModelError, Number
from natrium.model.arrays import Array
from natrium.model.files.writing import to_toml
from natrium.model.leak import input_unit

V_UNIT, GATE_UNIT = "mV", "1"
MOST_SAMPLES = 50_000_000


@attrs.frozen(eq=False)
class Columns:
    """States and input of one run at some times."""

    t: Array  # shape (n_times,): ms; at the solver's own times a jump has two
    values: dict[str, Array]  # shape (n_times,): the states by name, then the input as ``"I"``
    units: dict[str, str]  # ``"1"`` where there is none
    step: float | None  # between two times, ms; None at the solver's own


def unit_of(state: str) -> str:
    """Give the unit of a state."""
    return V_UNIT if state == "V" else GATE_UNIT


def columns(run: Any, step: float | None) -> Columns:
    """Give the states and the input of a run, at the solver's own times or at regular ones.

    Raises
    ------
    ModelError
        When the step is not positive, or would make too many samples.
    """
    if step is None:
        t, y = run.t, run.y
    else:
        Number("ms", 0.0, open_low=True).check("step", step)
        length = run.t_end - run.t_start
        if length / step > MOST_SAMPLES:
            raise ModelError(
                f"at most {MOST_SAMPLES} samples are made, got a step of {step!r} ms: take longer"
            )
        t = run.t_start + step * np.arange(int(length / step * (1.0 + 1e-12)) + 1)
        t = np.minimum(t, run.t_end)  # the last one may round beyond
        y = run.state(t)
    unit = input_unit(run.neuron)
    values = dict(zip(run.names, y, strict=True))
    values["I"] = np.array([unit.of(run.stimulus(time)) for time in t.tolist()])
    return Columns(
        t, values, {name: unit_of(name) for name in run.names} | {"I": unit.name or GATE_UNIT}, step
    )


def provenance(run: Any) -> dict[str, str]:
    """Say what made a run or an ensemble: versions and settings, and the model where it can be written."""
    told = {"made_by": "natrium", "manifest": json.dumps(dict(run.manifest), default=str)}
    if getattr(run, "neuron", None) is not None:
        told |= {"solver": run.solver, "method": run.method}
        if run.warnings:
            told["warnings"] = "; ".join(run.warnings)
        with suppress(ModelError):  # an input that is a Python function
            told["model"] = to_toml(Model(neuron=run.neuron, stimulus=run.stimulus))
    return told


def parameters_of(ensemble: Any, index: int) -> dict[str, Any]:
    """Give the numbers that one run of an ensemble has of its own."""
    return {name: values[index].item() for name, values in ensemble.parameters.items()}


def title_of(ensemble: Any, index: int) -> str:
    """Name one run of an ensemble by its numbers; NWB takes neither colon nor slash."""
    told = ", ".join(f"{name} = {value!r}" for name, value in parameters_of(ensemble, index).items())
    return f"run {index} ({told})" if told else f"run {index}"
