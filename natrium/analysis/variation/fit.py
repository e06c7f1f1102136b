"""Parameters from spike times: least squares with the variational equations' gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import scipy

from natrium.analysis.result import Result, rows_of
from natrium.analysis.variation.gradients import Gradients, choose_smooth, spike_time_gradients
from natrium.analysis.variation.misfit import Misfit
from natrium.model import Count, Model, ModelError, NatriumError, Number, Parameter, with_parameters
from natrium.model.arrays import Array
from natrium.model.checks import as_mapping, as_names, as_numbers
from natrium.model.scales import size_of
from natrium.model.simulation import check_model

TOLERANCE = 1e-12
# Singular values of the scaled Jacobian below this part of the largest: undetermined by the spikes.
UNDETERMINED = 1e-7
INSIDE = 1e-6  # of its width, how far within the bounds a start is moved


@attrs.frozen
class FitStep:
    """How a fit is getting on.

    Attributes
    ----------
    evaluation : int
        Runs of the model so far.
    rms : float
        Root mean square of what is left, penalties included, ms.
    values : dict of str to float
    """

    evaluation: int
    rms: float
    values: dict[str, float]


@attrs.frozen(eq=False, repr=False)
class Fit(Result):
    """Parameters that make a model fire at given times.

    Attributes
    ----------
    model : Model
        The model with the values found.
    names : tuple of str
    values, initial : ndarray, shape (n_parameters,)
        Found, and begun with.
    covariance : ndarray, shape (n_parameters, n_parameters)
        sigma^2 (J^T J)^-1.
    sigma : float
        Standard deviation of a spike time, ms: as given, or from what is left, with n_spikes - n_parameters
        degrees of freedom (NaN without any).
    determined : bool
        Whether the spikes determine all parameters; without, uncertainties are infinite.
    residuals : ndarray, shape (n_matched,)
        Model less data of the first spikes, ms.
    n_data, n_model : int
        Spikes given, and spikes of the model within its span.
    gradients : Gradients
        At the values found.
    at_bound : ndarray of bool, shape (n_parameters,)
    converged : bool
    message : str
        Why it ended.
    evaluations : int
        Runs of the model.
    """

    model: Model
    names: tuple[str, ...]
    values: Array
    initial: Array
    covariance: Array
    sigma: float
    determined: bool
    residuals: Array
    n_data: int
    n_model: int
    gradients: Gradients = attrs.field(repr=False)
    at_bound: npt.NDArray[np.bool_]
    converged: bool
    message: str
    evaluations: int

    @property
    def uncertainty(self) -> Array:
        """Standard errors, shape (n_parameters,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def rms(self) -> float:
        """Root mean square of the residuals, ms; NaN without any."""
        return float(np.sqrt(np.mean(self.residuals**2))) if self.residuals.size else float("nan")

    def __getitem__(self, name: str) -> float:
        """Give a value found by its name.

        Raises
        ------
        KeyError
            When it was not fitted.
        """
        if name not in self.names:
            raise KeyError(f"a fitted parameter is one of {', '.join(self.names)}, got {name!r}")
        return float(self.values[self.names.index(name)])

    def table(self) -> list[dict[str, float | str | bool]]:
        """Give one row per parameter."""
        return rows_of(
            {
                "parameter": self.names,
                "initial": self.initial,
                "value": self.values,
                "uncertainty": self.uncertainty,
                "at_bound": self.at_bound,
            }
        )

    def data(self) -> dict[str, Any]:
        """Give what was found as plain data."""
        return {
            "parameters": self.table(),
            "rms_ms": self.rms,
            "residuals_ms": self.residuals,
            "n_data": self.n_data,
            "n_model": self.n_model,
            "converged": self.converged,
            "message": self.message,
            "evaluations": self.evaluations,
        }

    def sentences(self) -> list[str]:
        """Give how the fit ended, in words."""
        said = [
            f"{'Converged' if self.converged else 'Not converged'}, {self.evaluations} runs: {self.message}",
            f"{self.n_model} spikes for {self.n_data}, off by {self.rms:.3g} ms (root mean square).",
        ]
        if not self.converged:
            said.append(
                "Begin nearer (other values in the model), give bounds, fit fewer parameters, or allow more "
                "runs (max_evaluations)."
            )
        if not self.determined:
            said.append("The spikes do not determine all parameters: uncertainties are infinite.")
        return said


def fit(
    model: Model,
    spike_times: npt.ArrayLike,
    parameters: Sequence[str],
    bounds: Mapping[str, tuple[float, float]] | None = None,
    *,
    sigma: float | None = None,
    max_evaluations: int = 200,
    progress: Callable[[FitStep], None] | None = None,
) -> Fit:
    """Find the parameters that make a model fire at given times.

    The k-th spike of the model is compared with the k-th one given. Where the model fires too few times
    within its span, it is run on for half as long again; a spike that does not come even then costs how
    far V stays below the threshold, 10 ms per mV, and each one after it the whole way from the reset. One
    spike too many costs how long before the end of the span it comes. So the cost has a slope everywhere,
    down to the right number of spikes; as with any local method, where it ends depends on where it begins.

    Parameters
    ----------
    model : Model
        With `t_end` in its simulation; its values are where the search begins.
    spike_times : array_like, shape (n_spikes,)
        Increasing, within the model's span, ms.
    parameters : sequence of str
        Names, as in `natrium.parameters`.
    bounds : mapping of str to (float, float), optional
        Lowest and highest value; by default what the parameter's meaning allows.
    sigma : float, optional
        Standard deviation of the times given, ms; by default it is estimated from what is left.
    max_evaluations : int
        Runs of the model.
    progress : callable, optional
        Told a `FitStep` after each run.

    Raises
    ------
    ModelError
        When spikes, parameters or bounds break a rule.
    SolverError
        When the model cannot be run where the search begins.
    """
    check_model(model)
    times = _checked_spikes(model, spike_times)
    chosen = choose_smooth(model.neuron, model.stimulus, _checked_names(parameters))
    Count(low=1).check("max_evaluations", max_evaluations)
    if sigma is not None:
        Number("ms", 0.0, open_low=True).check("sigma", sigma)
    low, high = _checked_bounds(chosen, as_mapping("bounds", bounds, '{"g_Na": (50.0, 200.0)}'))
    names, initial = tuple(chosen), np.array([one.value for one in chosen.values()])
    width = np.where(np.isfinite(high - low), high - low, [size_of(value) for value in initial.tolist()])
    begin = np.clip(initial, low + INSIDE * width, high - INSIDE * width)
    misfit = Misfit(model, times, names)
    misfit.residuals(begin)  # its errors are the caller's to see; later ones only shorten a step

    def residuals(x: Array) -> Array:
        try:
            left = misfit.residuals(x)
        except NatriumError:
            return np.full(times.size + 1, np.inf)
        if progress:
            values = dict(zip(names, x.tolist(), strict=True))
            progress(FitStep(misfit.runs, float(np.sqrt(np.mean(left**2))), values))
        return left

    result = scipy.optimize.least_squares(
        residuals,
        begin,
        jac=misfit.jacobian,
        bounds=(low, high),
        x_scale=width,
        ftol=TOLERANCE,
        xtol=TOLERANCE,
        gtol=TOLERANCE,
        max_nfev=max_evaluations,
    )
    return _summary(model, times, names, initial, sigma, misfit, result)


def _summary(
    model: Model,
    times: Array,
    names: tuple[str, ...],
    initial: Array,
    sigma: float | None,
    misfit: Misfit,
    result: Any,
) -> Fit:
    values = np.array(result.x, dtype=float)
    found = with_parameters(model, dict(zip(names, values.tolist(), strict=True)))
    gradients = spike_time_gradients(attrs.evolve(misfit.solve(values), neuron=found.neuron), names)
    matched = min(times.size, gradients.spike_times.size)
    residuals = gradients.spike_times[:matched] - times[:matched]
    freedom = matched - len(names)
    if sigma is None:
        sigma = float(np.sqrt(np.sum(residuals**2) / freedom)) if freedom > 0 else float("nan")
    covariance, determined = _covariance(gradients.matrix[:matched], values, sigma)
    return Fit(
        model=found,
        names=names,
        values=values,
        initial=initial,
        covariance=covariance,
        sigma=sigma,
        determined=determined,
        residuals=residuals,
        n_data=times.size,
        n_model=gradients.spike_times.size,
        gradients=gradients,
        at_bound=np.asarray(result.active_mask) != 0,
        converged=bool(result.status > 0),
        message=str(result.message),
        evaluations=misfit.runs,
    )


def _covariance(jacobian: Array, values: Array, sigma: float) -> tuple[Array, bool]:
    """Give sigma^2 (J^T J)^-1, and whether there is such an inverse."""
    scale = np.maximum(1e-3, np.abs(values))
    _, singular, rows = np.linalg.svd(jacobian * scale, full_matrices=False)
    if singular.size < values.size or singular.min() <= UNDETERMINED * singular.max():
        return np.full((values.size, values.size), np.inf), False
    inverse = (rows.T / singular) * scale[:, None]
    return sigma**2 * (inverse @ inverse.T), True


def _checked_names(names: Sequence[str]) -> tuple[str, ...]:
    listed = as_names("parameters", names)
    if not listed:
        raise ModelError("a fit needs parameters, got none: name at least one")
    return listed


def _checked_spikes(model: Model, spike_times: npt.ArrayLike) -> Array:
    if not isinstance(model, Model):
        raise ModelError(f"model must be a Model, got {type(model).__name__}")
    if not model.neuron.fires:
        raise ModelError("a fit of spikes needs a threshold, got v_thresh = None: give one")
    if model.simulation.t_end is None:
        raise ModelError("a fit needs the span of the data, got no t_end: give it in the model's simulation")
    times = as_numbers("spike_times", spike_times)
    if times.ndim != 1 or not times.size or not np.all(np.isfinite(times)) or np.any(np.diff(times) <= 0.0):
        raise ModelError(f"spike_times must be increasing numbers, at least one, got {spike_times!r}")
    begin, end = model.simulation.t_start, model.simulation.t_end
    if times[0] < begin or times[-1] > end:
        raise ModelError(
            f"spike_times must lie within the model's span, [{begin!r}, {end!r}] ms, got {times[0]!r} to "
            f"{times[-1]!r} ms: move t_end"
        )
    return times


def _checked_bounds(
    chosen: Mapping[str, Parameter], bounds: Mapping[str, tuple[float, float]]
) -> tuple[Array, Array]:
    for name in bounds:
        if name not in chosen:
            raise ModelError(f"bounds must name fitted parameters, {', '.join(chosen)}, got {name!r}")
    limits = []
    for name, one in chosen.items():
        value = one.value
        low, high = bounds.get(name, (one.least, np.inf))
        if not low < high or not low <= value <= high:
            raise ModelError(
                f"bounds of {name} must hold the model's own value ({value!r}), got ({low!r}, {high!r})"
            )
        limits.append((low, high))
    low_all, high_all = np.array(limits, dtype=float).T
    return low_all, high_all
