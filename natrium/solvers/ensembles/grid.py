"""Runs from parameters as a user gives them: arrays, grids, short names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from natrium.model import (
    AnyNeuron,
    Constant,
    HybridNeuron,
    ModelError,
    Neuron,
    Stimulus,
    Sum,
    as_stimulus,
    parameters,
)
from natrium.solvers.runs import Runs

Columns = dict[str, npt.NDArray[Any]]

_SHORT, _AMPLITUDE = "I", "I_"


def runs_of(
    neuron: AnyNeuron,
    stimulus: Stimulus | Sequence[Stimulus] | None = None,
    values: Mapping[str, npt.ArrayLike] | None = None,
    *,
    stimuli: Sequence[Stimulus | Sequence[Stimulus] | None] | None = None,
    t_start: float = 0.0,
    t_end: float,
) -> Runs:
    """Make runs of parameters as a user gives them.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
    stimulus : Stimulus or sequence of Stimulus, optional
        Of all runs; several add up.
    values : mapping of str to array_like, shape (n_runs,)
        By name. A single number holds for all runs. ``"I"`` is short for the amplitude of the one stimulus
        that has one; where there is no stimulus at all, it is a constant input.
    stimuli : sequence, optional
        One stimulus per run instead.
    t_start, t_end : float
        Span, ms.

    Raises
    ------
    ModelError, StimulusError
        As `Runs`; and when ``"I"`` could be several.
    """
    if not isinstance(neuron, (Neuron, HybridNeuron)):
        raise ModelError(f"neuron must be a Neuron, got {type(neuron).__name__}")
    if stimulus is not None and stimuli is not None:
        raise ModelError("give stimulus (of all runs) or stimuli (one per run), got both")
    if stimuli is not None and (isinstance(stimuli, Stimulus) or not len(stimuli)):
        raise ModelError("stimuli must be a sequence with one stimulus per run, got none or a single one")
    total, given = as_stimulus(stimulus), dict(values or {})
    if _SHORT in given:
        if not total.parts and stimuli is None:
            total = Sum((Constant(0.0),))
        name = _amplitude(total, [*parameters(neuron, total)])
        if name in given:
            raise ModelError(f"{_SHORT} is short for {name}, got both: leave one out")
        given = {name if key == _SHORT else key: value for key, value in given.items()}
    columns = {name: _column(name, value) for name, value in given.items()}
    sizes = [column.size for column in columns.values() if column.ndim]
    n_runs = len(stimuli) if stimuli is not None else max(sizes, default=1)
    columns = {
        name: np.full(n_runs, column) if not column.ndim else column for name, column in columns.items()
    }
    return Runs(neuron=neuron, stimulus=total, stimuli=stimuli, varied=columns, t_start=t_start, t_end=t_end)


def _column(name: str, value: npt.ArrayLike) -> npt.NDArray[Any]:
    """Copy values; whole numbers stay whole, as a seed has more digits than a double holds."""
    try:
        column = np.array(value)
    except ValueError:  # ragged
        raise ModelError(f"values of {name} must be an array of numbers, got a ragged one") from None
    whole = column.dtype.kind in "iu" and name.startswith("seed_")
    return column if whole or column.dtype.kind not in "iuf" else column.astype(float)


def _amplitude(stimulus: Sum, names: Sequence[str]) -> str:
    """Give the full name of the one amplitude."""
    found = [name for name in names if name.startswith(_AMPLITUDE) and name[2:].isdigit()]
    found = [name for name in found if hasattr(stimulus.parts[int(name[2:])], "amplitude")]
    if len(found) == 1:
        return found[0]
    told = f"{', '.join(found)}: name the one meant" if found else f"none: choose from {', '.join(names)}"
    raise ModelError(f"I is short for the one amplitude of the input, got {told}")


def outer(grid: Mapping[str, npt.ArrayLike]) -> tuple[Columns, Columns]:
    """Give the axes of a grid and, for each, one value per run, the last axis varying fastest.

    Raises
    ------
    ModelError
        When an axis is not a row of numbers.
    """
    axes = {name: np.atleast_1d(_column(name, values)) for name, values in grid.items()}
    for name, axis in axes.items():
        if axis.ndim != 1 or not axis.size or axis.dtype.kind not in "iuf":
            raise ModelError(f"an axis of a grid must be a row of numbers, got {name} of shape {axis.shape}")
    meshed = np.meshgrid(*axes.values(), indexing="ij")
    return axes, {name: mesh.ravel() for name, mesh in zip(axes, meshed, strict=True)}
