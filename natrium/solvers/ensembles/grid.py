"""Runs from parameters as a user gives them: arrays, grids, short names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from natrium.model import (
    AnyNeuron,
    ModelError,
    Stimulus,
    as_stimulus,
    check_neuron,
    resolve,
)
from natrium.model.checks import as_mapping
from natrium.model.parameters import AMPLITUDE, full_names, with_amplitude
from natrium.solvers.runs import Runs

Columns = dict[str, npt.NDArray[Any]]


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
    check_neuron(neuron)
    if stimulus is not None and stimuli is not None:
        raise ModelError("give stimulus (of all runs) or stimuli (one per run), got both")
    if stimuli is not None and (isinstance(stimuli, Stimulus) or not len(stimuli)):
        raise ModelError("stimuli must be a sequence with one stimulus per run, got none or a single one")
    total, given = as_stimulus(stimulus), as_mapping("parameters", values, SUCH_AS)
    if stimuli is None:
        total = with_amplitude(total, given)
    if AMPLITUDE in given:
        name = full_names(resolve(neuron, total), [AMPLITUDE])[AMPLITUDE]
        if name in given and name != AMPLITUDE:
            raise ModelError(f"{AMPLITUDE} is short for {name}, got both: leave one out")
        given = {name if key == AMPLITUDE else key: value for key, value in given.items()}
    columns = {name: _column(name, value) for name, value in given.items()}
    for name, one in resolve(neuron, total).items():
        if name in columns and not one.whole and columns[name].dtype.kind in "iu":
            columns[name] = columns[name].astype(float)
    sizes = [column.size for column in columns.values() if column.ndim]
    n_runs = len(stimuli) if stimuli is not None else max(sizes, default=1)
    columns = {
        name: np.full(n_runs, column) if not column.ndim else column for name, column in columns.items()
    }
    return Runs(neuron=neuron, stimulus=total, stimuli=stimuli, varied=columns, t_start=t_start, t_end=t_end)


SUCH_AS = '{"g_Na": [80.0, 120.0, 160.0]}'


def _column(name: str, value: npt.ArrayLike) -> npt.NDArray[Any]:
    """Copy values; whole numbers stay whole, as a seed has more digits than a double holds."""
    try:
        column = np.array(value)
    except ValueError:  # ragged
        raise ModelError(f"values of {name} must be an array of numbers, got a ragged one") from None
    return column


def outer(grid: Mapping[str, npt.ArrayLike]) -> tuple[Columns, Columns]:
    """Give the axes of a grid and, for each, one value per run, the last axis varying fastest.

    Raises
    ------
    ModelError
        When an axis is not a row of numbers.
    """
    given = as_mapping("a grid", grid, SUCH_AS)
    axes = {name: np.atleast_1d(_column(name, values)) for name, values in given.items()}
    for name, axis in axes.items():
        if axis.ndim != 1 or not axis.size or axis.dtype.kind not in "iuf":
            raise ModelError(f"an axis of a grid must be a row of numbers, got {name} of shape {axis.shape}")
    meshed = np.meshgrid(*axes.values(), indexing="ij")
    return axes, {name: mesh.ravel() for name, mesh in zip(axes, meshed, strict=True)}
