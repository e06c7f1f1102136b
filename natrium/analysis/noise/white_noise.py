r"""Firing under white noise in closed form: the leaky integrate-and-fire neuron's rate and regularity.

With :math:`\tau_m dV/dt = \mu - V + \sigma \sqrt{\tau_m}\, \eta(t)`, y = (V - mu)/sigma and the bounds
y_r, y_th of reset and threshold, the interval has the mean and variance

.. math:: E[T] = \tau_{ref} + \tau_m \sqrt{\pi} \int_{y_r}^{y_{th}} e^{u^2} (1 + \mathrm{erf}\, u)\, du,
   \qquad \mathrm{Var}[T] = 2 \pi \tau_m^2 \int_{y_r}^{y_{th}} e^{x^2}
          \int_{-\infty}^x e^{u^2} (1 + \mathrm{erf}\, u)^2\, du\, dx.

Each integral is made without its exponential growth, so that no argument is too large.

References
----------
.. [1] A. J. F. Siegert, "On the first passage time probability problem", Phys. Rev. 81 (1951) 617-623,
   eq. 3.8 ff. https://doi.org/10.1103/PhysRev.81.617
.. [2] N. Brunel, "Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons",
   J. Comput. Neurosci. 8 (2000) 183-208, eq. 21 and app. A. https://doi.org/10.1023/A:1008925309027
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import attrs
import numpy as np
import numpy.typing as npt
from scipy.integrate import quad
from scipy.special import erfc, erfcx

from natrium.analysis.result import Result
from natrium.model import AnyNeuron, ModelError, Noise, Number, Stimulus
from natrium.model.arrays import Array

PRECISION = 1e-11  # of the integrals, relative
SMALL = 50.0  # exp(-50) of an integrand's largest value is left out
FAR = -8.0  # below it exp(-u^2) is nothing beside exp(-1)
NEVER = 30.0  # y_th from which on the rate, of order exp(-y_th^2), is below all doubles
# -zeta(1/2)/sqrt(2 pi): how far a random walk overshoots a level, in standard deviations of its steps
OVERSHOOT = 0.5825971579390107


def siegert_rate(
    mu: npt.ArrayLike,
    sigma: npt.ArrayLike,
    *,
    tau_m: float = 10.0,
    tau_ref: float = 2.0,
    v_reset: npt.ArrayLike = -70.0,
    v_thresh: npt.ArrayLike = -55.0,
) -> Array:
    r"""Give the mean rate of the leaky integrate-and-fire neuron under white noise.

    Parameters
    ----------
    mu : float or array_like
        Where V would settle without noise and threshold: rest plus mean input, mV.
    sigma : float or array_like
        Strength of the noise, mV: :math:`\sqrt 2` times the standard deviation of V without threshold. Of
        a `Noise` it is intensity/sqrt(tau_m).
    tau_m, tau_ref : float
        Membrane time constant and refractory period, ms.
    v_reset, v_thresh : float or array_like
        mV.

    Returns
    -------
    ndarray, of the common shape
        Hz; zero where the neuron never fires.

    Raises
    ------
    ModelError
        When a value is out of range.

    References
    ----------
    .. [1] A. J. F. Siegert, Phys. Rev. 81 (1951) 617-623. https://doi.org/10.1103/PhysRev.81.617
    .. [2] L. M. Ricciardi, L. Sacerdote, "The Ornstein-Uhlenbeck process as a model for neuronal
       activity", Biol. Cybern. 35 (1979) 1-9. https://doi.org/10.1007/BF01845839
    """
    return _each(_rate, mu, sigma, v_reset, v_thresh, tau_m, tau_ref)


def siegert_cv(
    mu: npt.ArrayLike,
    sigma: npt.ArrayLike,
    *,
    tau_m: float = 10.0,
    tau_ref: float = 2.0,
    v_reset: npt.ArrayLike = -70.0,
    v_thresh: npt.ArrayLike = -55.0,
) -> Array:
    """Give the coefficient of variation of the intervals under white noise.

    Parameters
    ----------
    mu, sigma, tau_m, tau_ref, v_reset, v_thresh
        As in `siegert_rate`.

    Returns
    -------
    ndarray, of the common shape
        Standard deviation over mean; NaN where the neuron never fires.

    Raises
    ------
    ModelError
        When a value is out of range.

    References
    ----------
    .. [1] N. Brunel, J. Comput. Neurosci. 8 (2000) 183-208, app. A. https://doi.org/10.1023/A:1008925309027
    """
    return _each(_cv, mu, sigma, v_reset, v_thresh, tau_m, tau_ref)


@attrs.frozen(repr=False)
class WhiteNoiseFiring(Result):
    """Firing of one neuron under one white noise, in closed form.

    Attributes
    ----------
    mu, sigma : float
        As in `siegert_rate`, mV.
    rate : float
        Under white noise itself, Hz.
    cv : float
        Coefficient of variation of the intervals.
    shift : float
        How much higher the threshold seems where the noise is held for `step` at a time, mV.
    sampled_rate, sampled_cv : float
        With that: under the noise as it is sampled, up to terms of order step/tau_m.
    """

    mu: float
    sigma: float
    rate: float
    cv: float
    shift: float
    sampled_rate: float
    sampled_cv: float


def white_noise_firing(neuron: AnyNeuron, noise: Stimulus) -> WhiteNoiseFiring:
    r"""Give the mean rate of a neuron without channels under white noise, and what sampling makes of it.

    Held for a step, noise moves V like a random walk that is looked at only where a step ends: it meets the
    threshold later than white noise does, as if that lay higher by

    .. math:: -\frac{\zeta(1/2)}{\sqrt{2 \pi}}\, \sigma \sqrt{step/\tau_m} \approx 0.5826\, \sigma
              \sqrt{step/\tau_m}.

    Without refractory period the sample that made a spike goes on acting, and the reset is raised by as
    much; with one (of a step at least) it is forgotten by then.

    Parameters
    ----------
    neuron : Neuron
        With a threshold, without channels.
    noise : Noise
        White (``tau=0``), held, and present all the time.

    Raises
    ------
    ModelError
        When neuron or noise is another one.

    References
    ----------
    .. [1] M. Broadie, P. Glasserman, S. Kou, "A continuity correction for discrete barrier options", Math.
       Finance 7 (1997) 325-349, theorem 1.1. https://doi.org/10.1111/1467-9965.00035
    .. [2] N. Fourcaud, N. Brunel, "Dynamics of the firing probability of noisy integrate-and-fire neurons",
       Neural Comput. 14 (2002) 2057-2110, sec. 3 (the same shift, of noise with a time constant).
       https://doi.org/10.1162/089976602320264015
    """
    if not neuron.is_leaky or not neuron.fires:
        raise ModelError(
            "the closed form needs a leaky membrane without channels and a threshold, got "
            f"{', '.join(neuron.system.labels)}{'' if neuron.fires else ' without a threshold'}: use simulate"
        )
    if not isinstance(noise, Noise) or noise.tau or noise.interpolation != "hold":
        raise ModelError(
            "the closed form needs a Noise with tau = 0 and interpolation = 'hold', got "
            f"{noise!r}: use simulate"
        )
    tau_m, v_rest, v_reset = map(neuron.system.value, ("tau_m", "v_rest", "v_reset"))
    mu, sigma = v_rest + noise.mean, noise.sample_intensity / math.sqrt(tau_m)
    shift = OVERSHOOT * sigma * math.sqrt(noise.step / tau_m)
    times, bounds = (tau_m, neuron.tau_ref), (v_reset, neuron.v_thresh)
    raised = (v_reset + (0.0 if neuron.tau_ref else shift), neuron.v_thresh + shift)
    return WhiteNoiseFiring(
        mu=mu,
        sigma=sigma,
        rate=_rate(mu, sigma, *bounds, *times),
        cv=_cv(mu, sigma, *bounds, *times),
        shift=shift,
        sampled_rate=_rate(mu, sigma, *raised, *times),
        sampled_cv=_cv(mu, sigma, *raised, *times),
    )


def _each(
    function: Callable[..., float],
    mu: npt.ArrayLike,
    sigma: npt.ArrayLike,
    v_reset: npt.ArrayLike,
    v_thresh: npt.ArrayLike,
    tau_m: float,
    tau_ref: float,
) -> Array:
    """Check the numbers and evaluate for each."""
    Number("ms", 0.0, open_low=True).check("tau_m", tau_m)
    Number("ms", 0.0).check("tau_ref", tau_ref)
    rules = {
        "mu": Number("mV"),
        "sigma": Number("mV", 0.0),
        "v_reset": Number("mV"),
        "v_thresh": Number("mV"),
    }
    columns = np.broadcast_arrays(*(np.asarray(value) for value in (mu, sigma, v_reset, v_thresh)))
    found = np.empty(columns[0].shape)
    for place in np.ndindex(found.shape):
        values = [column[place].item() for column in columns]
        for (name, rule), value in zip(rules.items(), values, strict=True):
            rule.check(name, value)
        if values[2] >= values[3]:
            raise ModelError(f"v_reset must be below v_thresh ({values[3]!r} mV), got {values[2]!r} mV")
        found[place] = function(*values, tau_m, tau_ref)
    return found


def _rate(mu: float, sigma: float, v_reset: float, v_thresh: float, tau_m: float, tau_ref: float) -> float:
    mean = _mean(mu, sigma, v_reset, v_thresh, tau_m, tau_ref)
    return 1000.0 * math.exp(-mean.log) if mean.log < math.inf else 0.0


@attrs.frozen
class _Mean:
    """A mean interval: its logarithm (of ms), and the exponent that was taken out of it."""

    log: float
    exponent: float
    scaled: float  # ms, without exp(exponent)


def _mean(mu: float, sigma: float, v_reset: float, v_thresh: float, tau_m: float, tau_ref: float) -> _Mean:
    if _far(mu, sigma, v_thresh):
        silent = v_thresh >= mu
        passage = math.inf if silent else tau_m * math.log((mu - v_reset) / (mu - v_thresh))
        mean = tau_ref + passage
        return _Mean(math.log(mean), 0.0, mean)
    a, b = (v_reset - mu) / sigma, (v_thresh - mu) / sigma
    top = max(b, 0.0)
    low, high = _low_mean(a, min(b, -1.0)), _high_mean(max(a, -1.0), b, top)
    fade = math.exp(-top * top)
    scaled = tau_ref * fade + tau_m * math.sqrt(math.pi) * (low * fade + high)
    return _Mean(math.log(scaled) + top * top, top * top, scaled)


def _far(mu: float, sigma: float, v_thresh: float) -> bool:
    """Whether noise does nothing: there is none, or the threshold is beyond all of it on either side."""
    return abs(v_thresh - mu) >= sigma * NEVER if v_thresh >= mu else sigma <= (mu - v_thresh) * 1e-150


def _integral(function: Callable[[float], float], low: float, high: float) -> float:
    if not low < high:
        return 0.0
    return float(quad(function, low, high, epsabs=0.0, epsrel=PRECISION, limit=400)[0])


def _low_mean(a: float, b: float) -> float:
    """Integrate exp(u^2) (1 + erf u) over [a, b], b <= -1: slow there, about 1/|u|."""
    if not a < b:
        return 0.0

    def density(w: float) -> float:
        return float(erfcx(math.exp(w))) * math.exp(w)

    return _integral(density, math.log(-b), math.log(-a))


def _high_mean(a: float, b: float, top: float) -> float:
    """Integrate exp(u^2 - top^2) (1 + erf u) over [a, b], a >= -1."""

    def density(u: float) -> float:
        return math.exp(u * u - top * top) * float(erfc(-u))

    return _integral(density, max(a, _least(top * top - SMALL)), b)


def _least(square: float) -> float:
    """Give the root of a square, below all where that is negative."""
    return math.sqrt(square) if square > 0.0 else -math.inf


def _cv(mu: float, sigma: float, v_reset: float, v_thresh: float, tau_m: float, tau_ref: float) -> float:
    if _far(mu, sigma, v_thresh):
        if v_thresh < mu:
            return 0.0
        return 1.0 if sigma else math.nan
    mean = _mean(mu, sigma, v_reset, v_thresh, tau_m, tau_ref)
    a, b = (v_reset - mu) / sigma, (v_thresh - mu) / sigma
    top = max(b, 0.0)
    low = _low_variance(a, min(b, -1.0)) * math.exp(-2.0 * top * top)
    high = _high_variance(max(a, -1.0), b, top)
    return tau_m * math.sqrt(2.0 * math.pi * (low + high)) / mean.scaled


def _low_variance(a: float, b: float) -> float:
    """Integrate exp(x^2) K(x) over [a, b], b <= -1, K(x) the inner integral; with u = x - p/(2 |x|)."""
    if not a < b:
        return 0.0

    def density(w: float) -> float:
        size = math.exp(w)  # |x|, and |x| dw = dx

        def inner(p: float) -> float:
            v = 0.5 * p / size
            return math.exp(-p - v * v) * float(erfcx(size + v)) ** 2

        return 0.5 * _integral(inner, 0.0, SMALL)

    return _integral(density, math.log(-b), math.log(-a))


def _high_variance(a: float, b: float, top: float) -> float:
    """Integrate exp(x^2 - 2 top^2) K(x) over [a, b], a >= -1."""

    def density(x: float) -> float:
        def inner(u: float) -> float:
            if u > -1.0:
                return math.exp(x * x + u * u - 2.0 * top * top) * float(erfc(-u)) ** 2
            return math.exp(x * x - u * u - 2.0 * top * top) * float(erfcx(-u)) ** 2

        low = max(FAR, _least(2.0 * top * top - x * x - SMALL))
        return _integral(inner, low, x)

    return _integral(density, max(a, _least(top * top - SMALL)), b)


POINTS = 81  # of the closed form's lines


@attrs.frozen(eq=False, repr=False)
class NoiseRates(Result):
    """The closed form's rates from the lowest to the highest of several means.

    Attributes
    ----------
    means : ndarray, shape (n_noises,)
        mV.
    step : float
        For which each sample is held, ms.
    span : ndarray, shape (n_points,)
        Means between, mV.
    white, sampled : ndarray, shape (n_points,)
        Rate under white noise, and under noise held for a step, Hz.
    """

    means: Array
    step: float
    span: Array
    white: Array
    sampled: Array


def noise_rates(neuron: AnyNeuron, noises: Sequence[Noise]) -> NoiseRates:
    """Give the closed form's rates over the means of some noises.

    Parameters
    ----------
    neuron : Neuron
        With a threshold, without channels.
    noises : sequence of Noise
        White, held, and alike but for their means.

    Raises
    ------
    ModelError
        When there is no noise, or no closed form.
    """
    if not noises:
        raise ModelError("rates need noises, got none: give one at least")
    means = np.array([noise.mean for noise in noises])
    span = np.linspace(means.min(), means.max(), POINTS)
    found = [white_noise_firing(neuron, attrs.evolve(noises[0], mean=mean)) for mean in span.tolist()]
    white, sampled = (np.array([getattr(one, name) for one in found]) for name in ("rate", "sampled_rate"))
    return NoiseRates(means, noises[0].step, span, white, sampled)
