"""How an input moves with its own numbers: what derivatives of spike times need of a stimulus."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import attrs

from natrium.model import (
    AnyNeuron,
    Constant,
    Custom,
    Gaussian,
    ModelError,
    Noise,
    Pulses,
    Ramp,
    Sine,
    Stimulus,
    Sum,
    chosen_parameters,
)

_SCALE, _AMPLITUDE = "scale", "I"
# A seed is no continuous number, a noise's time constant moves each sample in its own way, and its start
# moves all of them in time.
_ROUGH = ("seed", "tau", "start")


@attrs.frozen
class Edge:
    """An edge of a stimulus that moves with a parameter.

    Attributes
    ----------
    time : float
        ms.
    velocity : float
        d time / d parameter.
    """

    time: float
    velocity: float


def smooth_parameters(neuron: AnyNeuron, stimulus: Sum, names: Sequence[str] | None) -> dict[str, float]:
    """Give the parameters by which spike times can be differentiated, as `chosen_parameters` does.

    Raises
    ------
    ModelError
        When there is no such parameter, or it is the seed, time constant or start of a noise.
    """
    chosen = chosen_parameters(neuron, stimulus, names)
    inputs = {
        f"{field}_{index}"
        for index, part in enumerate(stimulus.parts)
        for field in _ROUGH
        if isinstance(part, Noise)
    }
    rough = [name for name in chosen if name in inputs]
    if rough and names is not None:
        raise ModelError(f"spike times have no derivative by {', '.join(rough)}: leave it out")
    return {name: value for name, value in chosen.items() if name not in rough}


def input_derivative(part: Stimulus, prefix: str) -> Stimulus | None:
    """Give the derivative of an input by one of its numbers, edges apart, as an input itself.

    Parameters
    ----------
    part : Stimulus
    prefix : str
        ``"I"``, ``"slope"``, ..., ``"scale"``.

    Returns
    -------
    Stimulus or None
        None where only edges move.
    """
    if prefix == _SCALE:
        return part
    if prefix == _AMPLITUDE:
        zero = {"offset": 0.0} if isinstance(part, Sine) else {}
        return attrs.evolve(part, amplitude=1.0, **zero)  # type: ignore[call-arg]  # each that has an amplitude
    if isinstance(part, Ramp):
        return _ramp_derivative(part, prefix)
    if isinstance(part, Sine):
        return _sine_derivative(part, prefix)
    if isinstance(part, Gaussian):
        return _gaussian_derivative(part, prefix)
    if isinstance(part, Noise):
        return _noise_derivative(part, prefix)
    return None


def _noise_derivative(part: Noise, prefix: str) -> Stimulus | None:
    if prefix == "mean":
        return Constant(1.0, start=part.start, stop=part.stop)
    if prefix == "sigma":
        return attrs.evolve(part, mean=0.0, sigma=1.0)
    if prefix == "intensity":
        return attrs.evolve(part, mean=0.0, intensity=1.0)
    return None


def _ramp_derivative(part: Ramp, prefix: str) -> Stimulus | None:
    if prefix == "slope":
        return attrs.evolve(part, slope=1.0)
    if prefix == "start":
        return Constant(-part.slope, start=part.start, stop=None if part.hold else part.stop)
    if prefix == "stop" and part.hold:
        return Constant(part.slope, start=part.stop)
    return None


def _sine_derivative(part: Sine, prefix: str) -> Stimulus | None:
    turned = attrs.evolve(part, phase=part.phase + math.pi / 2, offset=0.0)
    if prefix == "phase":
        return turned
    if prefix == "offset":
        return Constant(1.0, start=part.start, stop=part.stop)
    if prefix == "frequency":
        whole = attrs.evolve(turned, start=None, stop=None)
        step = 1000.0 / part.frequency / 3.0 if part.frequency else 1.0
        return Custom(
            lambda t: 2e-3 * math.pi * t * whole(t), max_step=step, start=part.start, stop=part.stop
        )
    return None


def _gaussian_derivative(part: Gaussian, prefix: str) -> Stimulus | None:
    if prefix not in ("center", "sigma"):
        return None
    power = 1 if prefix == "center" else 2

    def derivative(t: float) -> float:
        x = (t - part.center) / part.sigma
        if abs(x) > 40.0:  # exp(-800) is 0
            return 0.0
        return part.amplitude / part.sigma * x**power * math.exp(-0.5 * x * x)

    return Custom(derivative, max_step=part.sigma, start=part.start, stop=part.stop)


def moving_edges(part: Stimulus, prefix: str, t_start: float, t_end: float) -> list[Edge]:
    """Give the edges of an input that move with one of its numbers, strictly within the span.

    Parameters
    ----------
    part : Stimulus
    prefix : str
        ``"start"``, ``"stop"``, ``"width"``, ``"period"``; no edge moves with others.
    t_start, t_end : float
        ms.
    """
    edges = []
    if isinstance(part, Pulses) and prefix in ("start", "width", "period"):
        edges = list(_pulse_edges(part, prefix, t_end))
    elif prefix in ("start", "stop"):
        edges = [Edge(getattr(part, prefix), 1.0)]
    return [edge for edge in edges if t_start < edge.time < t_end]


def _pulse_edges(part: Pulses, prefix: str, t_end: float) -> Iterator[Edge]:
    """Give both edges of every pulse, at the very doubles that the stimulus itself gives."""
    first = part.start or 0.0
    until = t_end if part.stop is None else min(t_end, part.stop)
    count = math.ceil(max(0.0, until - first) / part.period) + 1
    for index in range(count if part.count is None else min(count, part.count)):
        onset = first + index * part.period
        shift = {"start": 1.0, "period": float(index), "width": 0.0}[prefix]
        if onset < until:
            yield Edge(onset, shift)
        if onset + part.width < until:
            yield Edge(onset + part.width, shift + (prefix == "width"))
