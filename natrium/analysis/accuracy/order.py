"""How fast errors shrink with the step."""

from __future__ import annotations

from typing import Literal

import attrs
import numpy as np
import numpy.typing as npt
import scipy

from natrium.analysis.result import Result
from natrium.model.arrays import Array
from natrium.model.checks import as_numbers

# Errors this near to the reference's own say nothing about order.
ABOVE_FLOOR = 10.0
FEWEST = 4  # steps that a fit needs


@attrs.frozen(repr=False)
class Order(Result):
    """An observed order of convergence: error = constant * dt**value.

    Attributes
    ----------
    value, uncertainty : float
        The order, and its standard error (jackknife over the steps).
    constant : float
        The error at dt = 1 ms.
    """

    value: float
    uncertainty: float
    constant: float


def observed_order(
    steps: npt.ArrayLike,
    errors: npt.ArrayLike,
    floor: float = 0.0,
    *,
    envelope: Literal["line", "maximum"] = "line",
) -> Order | None:
    """Fit an order to the upper envelope of errors.

    The error of a spike on the grid depends on where the truth falls between two grid points, so that
    single steps are better than their order by luck. Both axes are logarithmic.

    Parameters
    ----------
    steps, errors : array_like, shape (n_steps,)
        Steps in ms, not nested; errors in any unit. NaNs are left out.
    floor : float
        Error of the reference: what is not well above it is left out.
    envelope : {"line", "maximum"}
        ``line``: the lowest line (in the mean over the steps) that no error lies above. ``maximum``: least
        squares through the largest error at no larger step, where errors are the largest of many already and
        one of them should not decide.

    Returns
    -------
    Order or None
        None with fewer than four errors to go by.
    """
    dt, error = as_numbers("steps", steps), as_numbers("errors", errors)
    kept = np.isfinite(error) & (error > max(ABOVE_FLOOR * floor, 0.0))
    if kept.sum() < FEWEST:
        return None
    x, y = np.log(dt[kept]), np.log(error[kept])
    fit = _lowest_line if envelope == "line" else _running_maximum
    slope, height = fit(x, y)
    others = np.array([fit(np.delete(x, k), np.delete(y, k))[0] for k in range(x.size)])
    spread = np.sqrt((x.size - 1) * np.mean((others - others.mean()) ** 2))
    return Order(slope, float(spread), float(np.exp(height)))


def _lowest_line(x: Array, y: Array) -> tuple[float, float]:
    """Give slope and height at 0 of the lowest line over all points: a small linear programme."""
    line = np.column_stack([x, np.ones(x.size)])
    slope, height = scipy.optimize.linprog(line.sum(axis=0), A_ub=-line, b_ub=-y, bounds=(None, None)).x  # type: ignore[misc]  # there always is one
    return float(slope), float(height)


def _running_maximum(x: Array, y: Array) -> tuple[float, float]:
    """Give slope and height at 0 of the line through the largest y at no larger x, by least squares."""
    rising = np.argsort(x)
    slope, height = np.polyfit(x[rising], np.maximum.accumulate(y[rising]), 1)
    return float(slope), float(height)
