"""How every spike time moves with every parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import attrs
import numpy as np

from natrium.analysis.result import Result, rows_of
from natrium.analysis.variation.equations import propagate
from natrium.analysis.variation.linearised import linearised
from natrium.analysis.variation.pieces import RTOL, Directions
from natrium.model import (
    AnyNeuron,
    HybridSystem,
    Model,
    ModelError,
    Number,
    Parameter,
    Stimulus,
    Sum,
    UnsupportedModel,
    choose,
)
from natrium.model.arrays import Array
from natrium.model.scales import scales_of, size_of
from natrium.solvers import EventDriven, FixedStep, Trajectory, run

# The run whose spikes are differentiated, where a model is given instead of one.
RUN_RTOL = 1e-10
REACH = 0.02  # mV: of central differences in the initial voltage
# mV, or of V's scale. A crossing that would go no further than this over the threshold is gone after a
# change of some thousandths of a mV: its derivative, which grows like one over the square root of it, says
# nothing.
GRAZE = 1e-3


@attrs.frozen(eq=False, slots=False, repr=False)
class Gradients(Result):
    """Derivatives of all spike times by parameters.

    Attributes
    ----------
    names : tuple of str
        The parameters: ``"g_Na"``, ``"tau_m"``, ``"I_0"`` (amplitude of the first stimulus), ...
    values : ndarray, shape (n_parameters,)
        Their values.
    spike_times : ndarray, shape (n_spikes,)
        ms.
    matrix : ndarray, shape (n_spikes, n_parameters)
        d t_k / d p, ms per unit of the parameter.
    margins : ndarray, shape (n_spikes,)
        How far V would go over the threshold by its slope and curvature at the crossing, mV; infinite
        where it does not bend down.
    graze : float
        Margin below which a crossing counts as a graze, mV.
    trajectory : Trajectory
        The run.
    """

    names: tuple[str, ...]
    values: Array
    spike_times: Array
    matrix: Array
    margins: Array
    graze: float
    trajectory: Trajectory = attrs.field(repr=False)

    @cached_property
    def divergent(self) -> Array:
        """Where this spike, or an earlier one, is near a graze, shape (n_spikes,).

        Derivatives diverge there, and hold for vanishing changes only.
        """
        return np.asarray(np.logical_or.accumulate(self.margins < self.graze))

    def __getitem__(self, name: str) -> Array:
        """Give d t_k / d p of one parameter, shape (n_spikes,).

        Raises
        ------
        KeyError
            When it is none of `names`.
        """
        if name not in self.names:
            raise KeyError(f"a parameter must be one of {', '.join(self.names)}, got {name!r}")
        return np.asarray(self.matrix[:, self.names.index(name)])

    @property
    def elasticities(self) -> Array:
        """What a change of 1 per cent does, p/100 d t_k / d p, shape (n_spikes, n_parameters), ms."""
        return self.matrix * self.values / 100.0

    def table(self) -> list[dict[str, float | int | bool]]:
        """Give one row per spike."""
        numbers = range(self.spike_times.size)
        by = {f"d_{name}": column for name, column in zip(self.names, self.matrix.T, strict=True)}
        return rows_of({"spike": numbers, "time_ms": self.spike_times, "divergent": self.divergent, **by})


def spike_time_gradients(
    source: Trajectory | Model,
    parameters: Sequence[str] | None = None,
    *,
    rtol: float = RTOL,
    graze: float | None = None,
) -> Gradients:
    """Differentiate every spike time by every parameter.

    The variational equations are integrated along the run; resets, refractory periods and edges of the
    input enter by their jump terms (see `variation.equations`). Numbers inside the gates' rates take part
    where they have names (`natrium.constants`). What starts at its steady state starts there for every
    `v_init`; `v_rest` moves the leak alone, not `v_reset` and `v_init`.

    Parameters
    ----------
    source : Trajectory or Model
        An event-driven run, or a model to run so.
    parameters : sequence of str, optional
        Names, all by default: ``tau_m``, ``tau_ref``, ``v_rest``, ``v_thresh``, ``v_reset``, ``v_init``,
        ``g_<channel>``, ``E_<channel>``, ``celsius``, constants of rates; and of the k-th
        stimulus ``I_<k>``, ``start_<k>``, ...; ``time_<j>_<k>``, the time of one incoming spike, and
        ``times_<k>``, all of them, cost next to nothing each.
    rtol : float
        Relative tolerance of the variational equations.
    graze : float, optional
        Margin (mV) below which a crossing counts as a graze; by default 0.001, of V's scale.

    Raises
    ------
    ModelError
        When there is no such parameter.
    UnsupportedModel
        When the run is a fixed-step script's: its spikes lie on a grid.
    SolverError
        When the equations cannot be integrated.

    References
    ----------
    .. [1] N. J. Kong, J. J. Payne, J. Zhu, A. M. Johnson, "Saltation matrices: the essential tool for
       linearizing hybrid dynamical systems" (2023). https://arxiv.org/abs/2306.06862
    """
    trajectory = _run_of(source)
    graze = GRAZE * scales_of(trajectory.neuron).V if graze is None else graze
    Number("mV", 0.0).check("graze", graze)
    chosen = choose_smooth(trajectory.neuron, trajectory.stimulus, parameters)
    directions = parameter_directions(
        trajectory.neuron, trajectory.stimulus, chosen, trajectory.t_start, trajectory.t_end
    )
    variation = propagate(trajectory, directions, rtol=rtol, n_spikes=len(trajectory.events))
    return Gradients(
        names=tuple(chosen),
        values=np.array([one.value for one in chosen.values()]),
        spike_times=trajectory.spike_times,
        matrix=np.array([spike.gradient for spike in variation.spikes]).reshape(
            len(variation.spikes), len(chosen)
        ),
        margins=np.array([spike.margin for spike in variation.spikes]),
        graze=graze,
        trajectory=trajectory,
    )


def choose_smooth(neuron: AnyNeuron, stimulus: Sum, names: Sequence[str] | None) -> dict[str, Parameter]:
    """Give the parameters by which spike times can be differentiated, as `choose` does.

    Raises
    ------
    ModelError
        When there is no such parameter, or it is the seed, time constant or start of a noise.
    """
    chosen = choose(neuron, stimulus, names)
    if names is not None and (rough := [name for name, one in chosen.items() if not one.smooth]):
        raise ModelError(f"spike times have no derivative by {', '.join(rough)}: leave it out")
    return {name: one for name, one in chosen.items() if one.smooth}


def _run_of(source: Trajectory | Model) -> Trajectory:
    if isinstance(source, Model):
        return run(source, EventDriven(rtol=RUN_RTOL))
    if not isinstance(source, Trajectory):
        raise ModelError(f"source must be a Trajectory or a Model, got {type(source).__name__}")
    if isinstance(source.made_by, FixedStep):
        raise UnsupportedModel(
            "spike times that are differentiated must be true crossings, got a fixed-step run, whose spikes "
            "lie on a grid: solve with EventDriven"
        )
    return source


def parameter_directions(
    neuron: AnyNeuron, stimulus: Sum, chosen: Mapping[str, Parameter], t_start: float, t_end: float
) -> Directions:
    """Say how start, system and input depend on parameters."""
    system = neuron.system_by(tuple(one.name for one in chosen.values() if one.structural))
    symbols = [symbol.name for symbol in system.parameters]
    start = np.zeros((len(system.states), len(chosen)))
    by_parameters = np.zeros((len(symbols), len(chosen)))
    inputs: list[tuple[int, Stimulus]] = []
    edges: dict[float, list[tuple[int, float, Stimulus]]] = {}
    kicks: dict[float, list[tuple[int, int, float, float, float]]] = {}
    for column, one in enumerate(chosen.values()):
        if one.symbol:
            by_parameters[symbols.index(one.symbol), column] = 1.0
            if one.structural:
                start[:, column] = _initial_slope(neuron, system, one)
        elif one.part is None:  # where V starts
            start[:, column] = _initial_slope(neuron, system, one)
        else:
            part = stimulus.parts[one.part]
            for kick, velocity, growth in part.moving_kicks(one.short):
                place = system.place_of(kick.target)
                assert place is not None  # as checked
                kicks.setdefault(kick.time, []).append((column, place, velocity, growth, kick.amount))
            derivative = part.derivative(one.short)
            if derivative is not None:
                inputs.append((column, derivative))
            for edge in part.moving_edges(one.short, t_start, t_end):
                if t_start < edge.time < t_end:
                    edges.setdefault(edge.time, []).append((column, edge.velocity, part))
    scale = 1.0 / np.array([size_of(one.value) for one in chosen.values()])
    return Directions(start, by_parameters, tuple(inputs), edges, kicks, scale, system)


def _initial_slope(neuron: AnyNeuron, system: HybridSystem, one: Parameter) -> Array:
    """Differentiate the initial state by `v_init` or a number in rates: what is steady moves along."""
    slopes = np.zeros(len(neuron.starts_steady))
    slopes[0] = float(not one.structural)
    if not any(neuron.starts_steady):
        return slopes
    if len(system.gates) < len(slopes) - 1:
        # Shares of a kinetic scheme have no closed form: by central differences of the fourth order.
        reach = REACH * (size_of(one.value) if one.structural else scales_of(neuron).V)
        starts = (neuron.changed({one.name: one.value + k * reach}).initial_state() for k in (-2, -1, 1, 2))
        far_below, below, above, far_above = map(np.array, starts)
        return np.asarray((8.0 * (above - below) - (far_above - far_below)) / (12.0 * reach))
    by_voltage, by_parameters = linearised(system).steady_slopes(neuron.initial_state()[0])
    symbols = [symbol.name for symbol in system.parameters]
    moved = by_parameters[:, symbols.index(one.symbol)] if one.structural else by_voltage
    slopes[1:] = np.where(neuron.starts_steady[1:], moved, 0.0)
    return slopes
