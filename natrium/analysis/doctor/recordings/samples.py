"""What samples are, before they are read: to what they were rounded, their noise, units and idle end."""

from __future__ import annotations

import math

import numpy as np

from natrium.analysis.doctor.recordings.recorded import Recording
from natrium.model import Neuron
from natrium.model.arrays import Array

# Values of fewer kinds than this do not tell to what they were rounded.
_KINDS = 20
# More digits than these after the point are a double's own.
_DIGITS = 12
# Rounding may take this part of the gap between labels, at most.
_OF_A_GAP = 0.05
# An even course loses more from one difference to the next; noise grows.
_GROWS = 1.2


def prepare(recording: Recording, neuron: Neuron, dt: float) -> Recording:
    """Give samples in ms and mV on even labels, without the zeros that nothing wrote over at their end.

    Parameters
    ----------
    recording : Recording
    neuron : Neuron
        The claim.
    dt : float
        Its step, ms.
    """
    labels, V = recording.labels, recording.V
    end = _end(V, neuron)
    labels, V = labels[:end], V[:end]
    in_si = _in_si(labels, V, neuron, dt)
    factor = 1e3 if in_si else 1.0
    grain = factor * rounded_to(V)
    labels = _even(factor * labels, factor * rounded_to(labels), dt)
    V = factor * V
    return Recording(
        labels, V, grain=grain, noise=_noise(V, grain), left_out=recording.V.size - end, in_si=in_si
    )


def rounded_to(values: Array) -> float:
    """Give the unit of which all values are multiples, or single precision's; 0 for doubles as computed."""
    if np.unique(values).size < _KINDS:
        return 0.0
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    unit = float(np.spacing(np.abs(single).max()))
    if np.array_equal(values, single):
        return unit
    for digits in range(_DIGITS):
        scaled = values * 10.0**digits
        if np.all(np.abs(scaled - np.round(scaled)) <= 1e-6 + 4.0 * np.spacing(np.abs(scaled))):
            # Single precision is written by as few digits as tell it.
            written = np.array([float(str(one)) for one in single])
            return max(10.0**-digits, unit if np.array_equal(values, written) else 0.0)
    return 0.0


def _end(V: Array, neuron: Neuron) -> int:
    """Find where zeros begin that no step made: V jumps to them and stays."""
    moving = np.flatnonzero(V)
    end = int(moving[-1]) + 1 if moving.size else V.size
    jump = abs(V[end - 1]) > 0.2 * abs(neuron.v_thresh - neuron.v_reset)
    return end if V.size - end >= 2 and end >= 3 and jump and neuron.v_reset else V.size


def _in_si(labels: Array, V: Array, neuron: Neuron, dt: float) -> bool:
    """Tell times in s with V in V from ms and mV: by the gap of the labels and by the size of V."""
    near = math.isclose(1e3 * (labels[-1] - labels[0]) / (labels.size - 1), dt, rel_tol=1e-3)
    size = max(abs(neuron.v_rest), abs(neuron.v_thresh), abs(neuron.v_reset))
    return near and 1e3 * float(np.median(np.abs(V))) < 10.0 * size and float(np.abs(V).max()) < 0.05 * size


def _even(labels: Array, grain: float, dt: float) -> Array:
    """Put labels that were rounded back on their grid."""
    n = labels.size - 1
    gap = float(labels[-1] - labels[0]) / n
    if not 0.0 < grain < _OF_A_GAP * gap:
        return labels
    gap = dt if abs(gap - dt) <= 2.0 * grain / n else gap
    first = round(labels[0] / gap) * gap
    first = first if abs(first - labels[0]) <= grain else float(labels[0])
    grid = np.asarray(first + gap * np.arange(labels.size), dtype=float)
    return grid if np.abs(grid - labels).max() <= 1.01 * grain else labels


def _noise(V: Array, grain: float) -> float:
    """Estimate the noise of samples, mV: what their third differences have that no even course has."""
    second, third = (float(np.median(np.abs(np.diff(V, n)))) for n in (2, 3))
    noise = third / (0.6745 * math.sqrt(20.0))
    return noise if third > _GROWS * second and noise > max(4.0 * grain, 1e-6) else 0.0
