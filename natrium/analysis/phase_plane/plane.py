"""The phase plane of a neuron at constant input, with its threshold, reset and refractory period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.phase_plane.nullclines import V_nullcline, x_nullcline
from natrium.analysis.phase_plane.planar import planar
from natrium.analysis.phase_plane.ranges import FINE, shown_ranges
from natrium.analysis.phase_plane.reduction import Plane, Reduction
from natrium.analysis.phase_plane.reduction_error import ReductionError, reduction_error
from natrium.analysis.phase_plane.separatrix import (
    Manifold,
    PlanarEquilibrium,
    grazes,
    manifolds,
    planar_equilibria,
    spike_certain,
)
from natrium.analysis.result import Result
from natrium.model import AnyNeuron, Count, ModelError, Number
from natrium.model.arrays import Array
from natrium.model.leak import input_unit
from natrium.model.scales import scales_of
from natrium.solvers import Trajectory

WIDTH = 150.0  # mV: what a plane of channels is about as wide as
HORIZON, T_END = 500.0, 100.0  # ms, or of the scale of time
INSIDE = 1e-9  # likewise: a segment that starts this near to a spike is its refractory period


@attrs.frozen(eq=False)
class Jump:
    """A spike in the plane."""

    # before, after and released, shape (2,): V in mV and x: at the threshold, just after the reset, and at
    # the end of the refractory period.
    before: Array
    after: Array
    released: Array


@attrs.frozen(eq=False)
class Projection:
    """A course of the full model, projected."""

    pieces: tuple[Array, ...]  # shape (2, n_times): V in mV and x between spikes, without refractory periods
    jumps: tuple[Jump, ...]


@attrs.frozen(eq=False)
class CertainSpike:
    """From which states the next spike comes by itself.

    Attributes
    ----------
    V, x : ndarray, shape (n_V,), (n_x,)
        A grid from the lowest V to the threshold: mV, no unit.
    mask : ndarray of bool, shape (n_x, n_V)
    horizon : float
        Time within which the spike comes, ms.
    """

    V: Array
    x: Array
    mask: npt.NDArray[np.bool_]
    horizon: float

    @property
    def share(self) -> float:
        """Share of the grid from which the spike comes."""
        return float(np.mean(self.mask))


@attrs.frozen(eq=False, repr=False)
class PhasePlane(Result):
    """All that a phase plane shows, as data.

    Beyond the threshold it is that of the equations alone: the cell is reset before it gets there.

    Attributes
    ----------
    plane : Plane
        The reduction, symbolically.
    I : float
        Input, mV.
    V_range : (float, float)
        mV.
    V, x : ndarray, shape (n_V,), (n_x,)
        The grid.
    dV, dx : ndarray, shape (n_x, n_V)
        The vector field, mV/ms and per ms.
    V_nullcline : tuple of ndarray, shape (2, n_points)
        Branches: V in mV, x.
    x_nullcline : ndarray, shape (2, n_points)
    equilibria : tuple of PlanarEquilibrium
        All, in order of V, also those outside the range.
    manifolds : tuple of Manifold
        Of the saddles.
    grazes : tuple of ndarray, shape (2, n_points)
        Trajectories that touch the threshold, backward from there.
    v_thresh, v_reset : float or None
        mV; None without a threshold.
    release : ndarray, shape (2, n_x), or None
        x at a spike, and at the end of the refractory period; None without a threshold.
    certain : CertainSpike or None
        Where the next spike comes by itself; None without a threshold, or with all of it below the range.
    projections : tuple of Projection
        Courses of the full model.
    error : ReductionError
        How far the plane is from the full model at this input.
    """

    plane: Plane
    I: float
    V_range: tuple[float, float]
    V: Array
    x: Array
    dV: Array
    dx: Array
    V_nullcline: tuple[Array, ...]
    x_nullcline: Array
    equilibria: tuple[PlanarEquilibrium, ...]
    manifolds: tuple[Manifold, ...]
    grazes: tuple[Array, ...]
    v_thresh: float | None
    v_reset: float | None
    release: Array | None
    certain: CertainSpike | None
    projections: tuple[Projection, ...]
    error: ReductionError

    @property
    def passes(self) -> bool:
        """Whether V goes on through the threshold, which is a level then."""
        return self.plane.neuron.system.passes

    @property
    def is_whole(self) -> bool:
        """Whether V and x are all there is: nothing was reduced."""
        return len(self.plane.neuron.system.states) == 2 and not self.plane.is_gate

    def table(self) -> list[dict[str, Any]]:
        """Give one row per equilibrium of the plane."""
        return [
            {
                "V_mV": point.V,
                self.plane.x: point.x,
                "type": point.kind,
                "below_threshold": point.below_threshold,
                "eigenvalues_per_ms": ", ".join(f"{value:.5g}" for value in point.eigenvalues),
            }
            for point in self.equilibria
        ]

    def sentences(self) -> list[str]:
        """Give what was found, in words."""
        error, said = self.error, []
        if self.plane.moves_with:
            moving = ", ".join(self.plane.moves_with)
            said.append(f"V is counted from the threshold, which moves with {moving}.")
        if self.certain is not None:
            said.append(
                f"From {self.certain.share:.0%} of the plane below the threshold the next spike comes by "
                f"itself within {self.certain.horizon:g} ms."
            )
        if self.is_whole:
            return said
        shifts = ", ".join(f"{shift:+z.3f}" for shift in error.shifts[:5])
        at = input_unit(self.plane.neuron).show(self.I)
        said.append(
            f"The plane against the full model, under {at} from t = 0 on: {error.reduced.n_spikes} "
            f"spikes for {error.full.n_spikes}"
            + (f", the first ones off by {shifts} ms" if shifts else "")
            + f"; until the first spike V is off by at most {error.V_before:.2g} mV."
        )
        return said

    def data(self) -> dict[str, Any]:
        """Give the plane as plain data."""
        error = self.error
        return {
            "I_mV": self.I,
            **input_unit(self.plane.neuron).beside("I", self.I),
            "x": self.plane.x,
            "reduction": self.plane.reduction,
            "threshold_moves_with": self.plane.moves_with,
            "equilibria": [
                {
                    "V_mV": p.V,
                    "x": p.x,
                    "type": p.kind,
                    "eigenvalues": p.eigenvalues,
                    "below_threshold": p.below_threshold,
                }
                for p in self.equilibria
            ],
            "V_nullcline": self.V_nullcline,
            "x_nullcline": self.x_nullcline,
            "certain_share": self.certain.share if self.certain else None,
            "certain_within_ms": self.certain.horizon if self.certain else None,
            "spikes_full_ms": error.spike_times,
            "spikes_plane_ms": error.reduced_spike_times,
            "n_spikes_full": error.full.n_spikes,
            "n_spikes_plane": error.reduced.n_spikes,
            "shifts_ms": error.shifts,
            "V_off_before_first_spike_mV": error.V_before,
        }


def phase_plane(
    neuron: AnyNeuron,
    I: float = 0.0,
    *,
    x: str | None = None,
    reduction: Reduction = "steady",
    held: Mapping[str, float] | None = None,
    V_range: tuple[float, float] | None = None,
    x_range: tuple[float, float] | None = None,
    grid: tuple[int, int] = (181, 121),
    trajectories: Sequence[Trajectory] | None = None,
    t_end: float | None = None,
    horizon: float | None = None,
) -> PhasePlane:
    """Analyse the phase plane of a neuron of any number of gates, or of own equations.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
    I : float
        Constant input, mV.
    x, reduction, held
        As `planar` takes them.
    V_range : (float, float), optional
        mV; by default from 20 mV below rest, reset and start to 10 mV above the reversal potentials: the
        smooth picture, of which the cell sees what lies below its threshold. Of own equations around what the
        run at this input goes through.
    x_range : (float, float), optional
        Of own equations, and by default around the same; gates go from 0 to 1.
    grid : (int, int)
        Points in V and in x.
    trajectories : sequence of Trajectory, optional
        Runs of this neuron to project; by default its run at this input until `t_end`.
    t_end : float, optional
        Of the runs that measure the reduction, ms; by default 100, or as many of what time is counted in.
    horizon : float, optional
        Within which a spike counts as coming by itself, and longest time along a manifold, ms; by default 500
        likewise.

    Raises
    ------
    ModelError
        When what is given breaks a rule.
    SolverError
        When a run cannot be carried through.

    References
    ----------
    .. [1] E. M. Izhikevich, "Dynamical Systems in Neuroscience" (2007), ch. 4.
       https://doi.org/10.7551/mitpress/2526.001.0001

    Examples
    --------
    >>> import natrium
    >>> plane = phase_plane(natrium.notebook.lif_na().neuron, 0.0)
    >>> [point.kind for point in plane.equilibria]
    ['stable node', 'saddle', 'stable focus']
    """
    Number("mV").check("I", I)
    horizon = HORIZON * scales_of(neuron).time if horizon is None else horizon
    t_end = T_END * scales_of(neuron).time if t_end is None else t_end
    Number("ms", 0.0, open_low=True).check("horizon", horizon)
    for number in grid:
        Count(2, 10_000).check("grid", number)
    plane, I = planar(neuron, x, reduction, held), float(I)
    neuron = plane.neuron  # where the threshold moves V is counted from it
    error = reduction_error(plane, I, t_end=t_end)
    V_range, (x_low, x_high) = shown_ranges(plane, I, error.full, V_range, x_range)
    V, xs = np.linspace(*V_range, grid[0]), np.linspace(x_low, x_high, grid[1])
    dV, dx = plane.rhs(V, xs[:, np.newaxis], I)
    # What is near or far, in V and in x, is told in the units of channels.
    unit = plane
    if not plane.is_gate:
        unit = plane.in_units(WIDTH / (V_range[1] - V_range[0]), x_low, x_high)
    low, high = shown = V_range[0] * unit.scale[0], V_range[1] * unit.scale[0]
    points = planar_equilibria(unit, I, shown)
    own = {id(point): _own_units(unit, point) for point in points}
    halves = manifolds(unit, I, points, shown, horizon)
    runs = (error.full,) if trajectories is None else tuple(trajectories)
    if any(run.neuron != neuron for run in runs):
        raise ModelError("trajectories must be runs of this neuron, got one of another: simulate this one")
    v_reset = neuron.system.reset_voltage if neuron.fires else None
    return PhasePlane(
        plane=plane,
        I=I,
        V_range=V_range,
        V=V,
        x=xs,
        dV=dV,
        dx=dx,
        V_nullcline=tuple(map(unit.from_units, V_nullcline(unit, I, low, high))),
        x_nullcline=unit.from_units(x_nullcline(unit, I, low, high)),
        equilibria=tuple(own.values()),
        manifolds=tuple(
            Manifold(own[id(half.saddle)], half.stable, unit.from_units(half.points)) for half in halves
        ),
        grazes=() if neuron.system.passes else tuple(map(unit.from_units, grazes(unit, I, shown, horizon))),
        v_thresh=neuron.v_thresh if neuron.fires else None,
        v_reset=v_reset,
        release=None if v_reset is None else np.stack([xs, plane.release(xs, I)]),
        certain=_certain(unit, I, shown, grid, horizon),
        projections=tuple(_projection(plane, run) for run in runs),
        error=error,
    )


def _own_units(unit: Plane, point: PlanarEquilibrium) -> PlanarEquilibrium:
    """Give an equilibrium in V and x themselves."""
    factor, low, high = unit.scale
    V, x = unit.from_units(np.array([point.V, point.x])).tolist()
    vectors = point.eigenvectors * np.array([[1.0 / factor], [high - low]])
    return attrs.evolve(point, V=V, x=x, eigenvectors=vectors)


def _certain(
    plane: Plane, I: float, V_range: tuple[float, float], grid: tuple[int, int], horizon: float
) -> CertainSpike | None:
    """Mark a grid below the threshold: beyond it there is no next spike to wait for."""
    v_thresh = plane.v_thresh
    if not plane.neuron.fires or v_thresh <= V_range[0]:
        return None
    V, x = np.linspace(V_range[0], min(v_thresh, V_range[1]), grid[0]), np.linspace(0.0, 1.0, grid[1])
    grid_V, grid_x = np.meshgrid(V, x)
    mask = spike_certain(plane, I, grid_V.ravel(), grid_x.ravel(), horizon).reshape(grid_V.shape)
    factor, low, high = plane.scale
    return CertainSpike(V / factor, low + (high - low) * x, mask, horizon)


def _projection(plane: Plane, run: Trajectory) -> Projection:
    """Cut a run at its spikes and leave its refractory periods out."""
    spikes, held, scale = run.spike_times, run.neuron.tau_ref, scales_of(run.neuron).time
    inside = INSIDE * scale
    pieces: list[Array] = []
    ends: dict[int, Array] = {}
    for segment in run.segments:
        count = max(2, int(np.ceil((segment.end - segment.begin) / (FINE * scale))) + 1)
        states = plane.project(segment.state(np.linspace(0.0, segment.knots[-1], count)))
        resting = np.flatnonzero(
            (segment.begin >= spikes - inside) & (segment.begin < spikes + held - inside)
        )
        if resting.size:
            ends[int(resting[-1])] = states[:, -1]
        elif pieces and segment.begin not in spikes and np.allclose(pieces[-1][:, -1], states[:, 0]):
            pieces[-1] = np.concatenate([pieces[-1], states[:, 1:]], axis=1)
        else:
            pieces.append(states)
    jumps = []
    for k, event in enumerate(run.events):
        if np.array_equal(event.before, event.after):
            continue  # V goes on through a level
        before, after = plane.project(np.stack([event.before, event.after], axis=1)).T
        jumps.append(Jump(before, after, ends.get(k, after)))
    return Projection(tuple(pieces), tuple(jumps))
