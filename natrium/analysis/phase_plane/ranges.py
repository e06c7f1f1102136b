"""What a phase plane shows of V and of x."""

from __future__ import annotations

import contextlib

import numpy as np

from natrium.analysis.equilibria.curve import equilibria
from natrium.analysis.phase_plane.reduction import Plane
from natrium.model import ModelError, Neuron, Number, SolverError
from natrium.model.arrays import Array
from natrium.model.scales import scales_of
from natrium.solvers import Trajectory

ROOM = 0.25  # of what a run goes through, on each side of it
ONE_PLACE = 1e-9  # relative: what differs by less than this is one
BELOW, ABOVE = 20.0, 10.0  # mV that a plane goes beyond the voltages of its neuron
FINE = 0.05  # ms, or of the scale of time, between samples of a projected course


def shown_ranges(
    plane: Plane,
    I: float,
    run: Trajectory,
    V_range: tuple[float, float] | None,
    x_range: tuple[float, float] | None,
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Give what is shown of V and of x."""
    neuron = plane.neuron
    if isinstance(neuron, Neuron):
        if x_range is not None:
            raise ModelError(f"x_range is for own equations: gates go from 0 to 1, got {x_range!r}")
        reversals = neuron.reversals
        lowest = min(neuron.v_rest, neuron.v_reset, neuron.v_init, *reversals) - BELOW
        around = lowest, max(neuron.origin, *reversals) + ABOVE
        return (around if V_range is None else _checked("V_range", V_range, "mV")), (0.0, 1.0)
    _, states = run.sample(FINE * scales_of(neuron).time)
    V, x = plane.project(states)
    jumps = [plane.project(np.stack([event.before, event.after], axis=1)) for event in run.events]
    V = np.concatenate([V, *(jump[0] for jump in jumps), neuron.landmarks, [neuron.origin]])
    x = np.concatenate([x, *(jump[1] for jump in jumps)])
    with contextlib.suppress(SolverError):  # where what rests cannot be told, the run must do
        rests = equilibria(neuron, I)
        V = np.append(V, [point.V for point in rests])
        x = np.append(x, plane.project(np.array([point.state for point in rests]).T)[1] if rests else [])
    return (
        _around(V) if V_range is None else _checked("V_range", V_range, "mV"),
        _around(x) if x_range is None else _checked("x_range", x_range, ""),
    )


def _around(values: Array) -> tuple[float, float]:
    """Give a range that holds values, with room on both sides."""
    low, high = float(np.min(values)), float(np.max(values))
    if high - low <= ONE_PLACE * max(abs(low), abs(high)):
        low = high = 0.5 * (low + high)
    room = ROOM * (high - low) or abs(low) or 1.0
    return low - room, high + room


def _checked(name: str, given: tuple[float, float], unit: str) -> tuple[float, float]:
    for end in given:
        Number(unit).check(name, end)
    low, high = map(float, given)
    if low >= high:
        raise ModelError(f"{name} must go from low to high, got {low!r} to {high!r} {unit}: swap them")
    return low, high
