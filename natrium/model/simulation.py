"""A whole model: neuron, stimuli and how to run them, as a model file holds it."""

from __future__ import annotations

import os
from typing import Any, Literal

import attrs
import numpy as np

from natrium.model.checks import Choice, Number, Optional, as_float
from natrium.model.errors import ModelError
from natrium.model.files.writing import save
from natrium.model.plots import Shown
from natrium.model.protocol import check_neuron
from natrium.model.stimuli.stimulus import Sum, as_stimulus

SOLVERS = ["event", "script", "closed-form", "compiled"]  # the classes are listed in natrium.solvers.simulate
METHODS = ("auto", "RK45", "DOP853", "Radau", "Radau13")
DEFAULT_RTOL = 1e-9
_TIME = Number("ms")
LOOKS = 2001  # times at which a stimulus is looked at for its largest value


@attrs.frozen(kw_only=True)
class Simulation:
    """How to run a model.

    Parameters
    ----------
    t_start, t_end : float
        Span, ms; `t_end` may be given at the run instead.
    solver : {"event", "script", "closed-form", "compiled"}
        Event-driven, the script's sequential Euler scheme, or the closed form.
    method : {"auto", "RK45", "DOP853", "Radau", "Radau13"}
        Method of the event-driven solver.
    rtol : float
        Relative tolerance.
    atol : float, optional
        Absolute tolerance; by default it follows `rtol`.
    dt : float, optional
        Step of the script's scheme, ms.
    """

    t_start: float = attrs.field(default=0.0, converter=as_float, validator=_TIME)
    t_end: float | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(as_float),
        validator=Optional(_TIME),
    )
    solver: str = attrs.field(default="event", validator=Choice(SOLVERS))
    method: Literal["auto", "RK45", "DOP853", "Radau", "Radau13"] = attrs.field(
        default="auto", validator=Choice(METHODS)
    )
    rtol: float = attrs.field(
        default=DEFAULT_RTOL, converter=as_float, validator=Number("", 0.0, 0.1, open_low=True)
    )
    atol: float | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(as_float),
        validator=Optional(Number("", 0.0, open_low=True)),
    )
    dt: float | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(as_float),
        validator=Optional(Number("ms", 0.0, open_low=True)),
    )

    def __attrs_post_init__(self) -> None:
        """Check that the span runs forward and that the script's scheme has its step."""
        if self.t_end is not None:
            _check_order(self.t_start, self.t_end)
        if self.solver == "script" and self.dt is None:
            raise ModelError("solver 'script' needs a time step, got no dt: give dt in ms")


def check_span(t_start: float, t_end: float) -> tuple[float, float]:
    """Give the ends of a span as floats.

    Raises
    ------
    ModelError
        When they are not finite numbers, or not in their order.
    """
    begin, end = as_float(t_start), as_float(t_end)
    _TIME.check("t_end", end)
    _TIME.check("t_start", begin)
    _check_order(begin, end)
    return begin, end


def _check_order(t_start: float, t_end: float) -> None:
    if t_end <= t_start:
        raise ModelError(f"t_end must be after t_start ({t_start!r} ms), got {t_end!r} ms")


def check_model(model: object) -> None:
    """Refuse what is no model.

    Raises
    ------
    ModelError
        Naming what was received.
    """
    if not isinstance(model, Model):
        raise ModelError(f"model must be a Model, got {type(model).__name__}: see natrium.load")


def _is_neuron(instance: Any, attribute: Any, value: Any) -> None:
    check_neuron(value)


@attrs.frozen(kw_only=True)
class Model(Shown):
    """A neuron, its stimuli and a simulation: what one model file holds.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
    stimulus : Stimulus, sequence of Stimulus, optional
        No input by default.
    simulation : Simulation
    """

    neuron: Any = attrs.field(validator=_is_neuron)
    stimulus: Sum = attrs.field(default=None, converter=as_stimulus)
    simulation: Simulation = attrs.field(
        factory=Simulation, validator=attrs.validators.instance_of(Simulation)
    )

    def largest_input(self) -> float:
        """Give the constant input that stands for the stimulus: its largest value, mV."""
        begin, end = self.simulation.t_start, self.simulation.t_end
        times = np.linspace(begin, end or begin + 1000.0, LOOKS)
        return max(float(self.stimulus(time)) for time in times.tolist())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model as a TOML file, version 1; reading it again gives an equal model.

        Parameters
        ----------
        path : str or path

        Raises
        ------
        ModelError
            When the model cannot be written, or the place cannot be written to.
        """
        save(self, path)
