r"""Firing of any neuron of one state under noise, by the Fokker-Planck equation: no runs.

White noise makes V diffuse, with D half the square of the intensity times what a unit of input does to V;
noise with a correlation time is a state beside V.
"""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np
import sympy

from natrium.analysis.noise.coloured import chain_of
from natrium.analysis.noise.diffusion import Passage, passage
from natrium.analysis.noise.white_noise import OVERSHOOT
from natrium.analysis.result import Result, show_settled
from natrium.analysis.variation.linearised import linearised
from natrium.model import AnyNeuron, ModelError, Noise, Stimulus, UnsupportedModel, check_neuron
from natrium.model.arrays import Array


@attrs.frozen(eq=False, repr=False)
class FokkerPlanck(Result):
    """Firing of one neuron under one noise, in the long run.

    Attributes
    ----------
    noise : Noise
    rate, rate_error : float
        Under the noise itself, Hz, and how far the equation's grids leave it open.
    cv, cv_error : float
        Coefficient of variation of the intervals.
    shift : float
        How much higher the threshold seems to white noise that is held for `step` at a time, mV; 0 of noise
        with a correlation time.
    sampled_rate, sampled_cv : float
        With that: under the noise as it is sampled, up to terms of order step.
    V : ndarray, shape (n_nodes,)
        mV.
    density : ndarray, shape (n_nodes,)
        Of V where it is not refractory: share of the time per mV; the rest is refractory.
    """

    noise: Noise
    rate: float
    rate_error: float
    cv: float
    cv_error: float
    shift: float
    sampled_rate: float
    sampled_cv: float
    V: Array = attrs.field(repr=False)
    density: Array = attrs.field(repr=False)

    def table(self) -> list[dict[str, Any]]:
        """Give one row."""
        return [
            {
                "mean_mV": self.noise.mean,
                "intensity": self.noise.sample_intensity,
                "tau_ms": self.noise.tau,
                "rate_Hz": self.rate,
                "rate_error_Hz": self.rate_error,
                "cv": self.cv,
                "cv_error": self.cv_error,
                "sampled_rate_Hz": self.sampled_rate,
                "sampled_cv": self.sampled_cv,
            }
        ]

    def data(self) -> dict[str, Any]:
        """Give numbers and density as plain data."""
        return self.table()[0] | {"shift_mV": self.shift, "V_mV": self.V, "density_per_mV": self.density}

    def sentences(self) -> list[str]:
        """Give rate and variation."""
        if self.rate == 0.0:
            return ["It fires more rarely than numbers can tell."]
        rate = show_settled(self.rate, self.rate_error, 6)
        said = [f"It fires at {rate} Hz, CV {show_settled(self.cv, self.cv_error, 6)}."]
        if self.shift:
            said.append(
                f"Noise held for {self.noise.step:g} ms at a time meets the threshold as if it lay "
                f"{self.shift:.3g} mV higher: {self.sampled_rate:.6g} Hz, CV {self.sampled_cv:.6g}."
            )
        return said


@attrs.frozen(eq=False)
class _OneState:
    """A neuron of one state, V, and its input: dV/dt = f(V, mean + z), z entering by a constant factor."""

    neuron: AnyNeuron
    mean: float
    by_input: float
    v_reset: float

    def drift(self, V: Array) -> Array:
        return self.velocity(V, np.zeros(V.size))

    def velocity(self, V: Array, z: Array) -> Array:
        linear = linearised(self.neuron.system)
        return np.asarray(linear.flow_along(V[None, :], self.mean + z)[:, 0])


def _one_state(neuron: AnyNeuron, mean: float) -> _OneState:
    """Take a neuron apart.

    Raises
    ------
    ModelError
        When it has no threshold.
    UnsupportedModel
        When it has other states beside V, or noise would enter otherwise than by a constant factor.
    """
    check_neuron(neuron)
    if not neuron.fires:
        raise ModelError("a rate needs spikes, got a neuron without a threshold: give it one")
    system = neuron.system
    if len(system.states) > 1:
        raise UnsupportedModel(
            "the Fokker-Planck equation is solved for neurons of one state, got "
            f"{', '.join(system.labels)}: use simulate_many"
        )
    if system.passes or (neuron.tau_ref > 0.0 and system.resting.rhs[0] != 0):
        raise UnsupportedModel(
            "the Fokker-Planck equation needs V reset by a spike, and held while refractory, got the rule "
            f"{system.refractory.rule!r}: use simulate_many"
        )
    known = dict(zip(system.parameters, system.values, strict=True))
    factor = sympy.diff(system.rhs[0], system.input).subs(known)
    if factor.free_symbols or not factor.is_number or float(factor) == 0.0:
        raise UnsupportedModel(
            "the input must enter the equation of V by a constant factor, got "
            f"{sympy.diff(system.rhs[0], system.input)}: use simulate_many"
        )
    reset = system.reset[0].subs(known | {system.states[0]: neuron.v_thresh})
    return _OneState(neuron, mean, float(factor), float(reset))


def fokker_planck(neuron: AnyNeuron, noise: Stimulus) -> FokkerPlanck:
    r"""Give rate and regularity of a neuron of one state under noise, without runs.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        Of one state, with threshold and reset: leaky, exponential, quadratic, or any own equation. V is held
        while refractory. Its input enters by a constant factor.
    noise : Noise
        Present all the time. White (``tau=0``), or Ornstein-Uhlenbeck; then as the process itself, not as its
        samples.

    Returns
    -------
    FokkerPlanck
        With errors by refinement of the grids: some 1e-10 under white noise, 1e-4 to 1e-2 of the rate else.

    Raises
    ------
    ModelError
        When the noise is none, or V may run away downwards.
    UnsupportedModel
        When the neuron has more states, or noise enters otherwise.
    SolverError
        When no grid is fine enough.

    References
    ----------
    .. [1] N. Fourcaud-Trocme, D. Hansel, C. van Vreeswijk, N. Brunel, "How spike generation mechanisms
       determine the neuronal response to fluctuating inputs", J. Neurosci. 23 (2003) 11628-11640.
       https://doi.org/10.1523/JNEUROSCI.23-37-11628.2003
    .. [2] N. Fourcaud, N. Brunel, Neural Comput. 14 (2002) 2057-2110.
       https://doi.org/10.1162/089976602320264015

    Examples
    --------
    >>> import natrium
    >>> noise = natrium.Noise(14.0, intensity=10.0, tau=0.0, step=0.1, seed=0)
    >>> round(natrium.fokker_planck(natrium.Neuron(), noise).rate, 6)
    29.717644
    """
    if not isinstance(noise, Noise) or noise.start is not None or noise.stop is not None:
        raise ModelError(f"the noise must be one Noise without start and stop, got {noise!r}")
    one = _one_state(neuron, noise.mean)
    if noise.sample_intensity == 0.0:
        raise ModelError("the noise must have a strength, got none: use f_i_curve")
    if noise.tau:
        return _under_coloured(one, noise)
    return _under_white(one, noise)


def _under_white(one: _OneState, noise: Noise) -> FokkerPlanck:
    neuron, diffusion = one.neuron, 0.5 * (one.by_input * noise.sample_intensity) ** 2
    found = passage(one.drift, diffusion, one.v_reset, neuron.v_thresh)
    shift = OVERSHOOT * math.sqrt(2.0 * diffusion * noise.step) if noise.interpolation == "hold" else 0.0
    low = one.v_reset + (0.0 if neuron.tau_ref else shift)
    sampled = passage(one.drift, diffusion, low, neuron.v_thresh + shift) if shift else found
    rate, error, cv, cv_error = _with_rest(found, neuron.tau_ref)
    density = found.time * (rate / 1000.0) if rate > 0.0 else found.time
    return FokkerPlanck(
        noise, rate, error, cv, cv_error, shift, *_with_rest(sampled, neuron.tau_ref)[::2], found.V, density
    )


def _with_rest(found: Passage, tau_ref: float) -> tuple[float, float, float, float]:
    """Give rate and CV, with their errors, of a passage after a refractory period."""
    if math.isinf(found.mean):
        return 0.0, float("nan"), found.cv, found.cv_error
    mean = found.mean + tau_ref
    rate = 1000.0 / mean
    return (
        rate,
        rate * found.mean_error / mean,
        found.cv * found.mean / mean,
        found.cv_error * found.mean / mean,
    )


def _under_coloured(one: _OneState, noise: Noise) -> FokkerPlanck:
    neuron, sigma = one.neuron, noise.sample_sigma
    # No wider than white noise of the same strength would make it.
    white = passage(one.drift, (one.by_input * sigma) ** 2 * noise.tau, one.v_reset, neuron.v_thresh)
    found = chain_of(one.velocity, sigma, noise.tau, white, one.v_reset, neuron.v_thresh, neuron.tau_ref)
    rate = 1000.0 / found.mean
    error = rate * found.mean_error / found.mean
    density = found.time * (rate / 1000.0)
    return FokkerPlanck(noise, rate, error, found.cv, found.cv_error, 0.0, rate, found.cv, found.V, density)
