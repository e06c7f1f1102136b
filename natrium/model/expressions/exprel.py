r"""The one smooth function behind removable singularities.

.. math:: \mathrm{exprel}_n(x) = \int_0^1 s^n e^{s x}\,ds, \qquad
          \mathrm{exprel}_0(x) = \frac{e^x - 1}{x}, \qquad
          \frac{d}{dx}\mathrm{exprel}_n = \mathrm{exprel}_{n+1}

so that 0/0 never arises, neither in the function nor in any derivative. The general member is
Kummer's function, M(n+1, n+2, x)/(n+1) (NIST Digital Library of Mathematical Functions, 13.4.1).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy
import sympy

# exp saturates here (1e100): a gate with such a rate per ms is at its steady state to the last digit,
# and products of three such rates still fit a double, so that no finite V overflows.
EXP_LIMIT = 230.0
FAR = 1e20  # a factor exp(b) of exp(a V + b) above this, or below its inverse, may not stand alone
_EXP_AT_LIMIT = math.exp(EXP_LIMIT)
# From here on (plus the order) SciPy's Kummer function is less exact than the recurrence.
_ASCENDING = 16.0


class exprel(sympy.Function):  # noqa: N801 - a mathematical function, named as in SciPy
    """Symbolic exprel: ``exprel(x)`` is (exp(x) - 1)/x, ``exprel(x, n)`` its n-th derivative."""

    nargs = (1, 2)

    @classmethod
    def eval(cls, x: Any, n: Any = sympy.S.Zero) -> Any:
        """Fold the value at zero: 1/(n + 1)."""
        if x.is_zero:
            return 1 / (n + 1)
        return None

    def fdiff(self, argindex: int = 1) -> Any:
        """Differentiate by the first argument."""
        order = self.args[1] if len(self.args) == 2 else sympy.S.Zero
        return exprel(self.args[0], order + 1)

    def _eval_is_real(self) -> Any:
        return self.args[0].is_real

    def _eval_is_positive(self) -> Any:
        return self.args[0].is_real

    def _eval_evalf(self, prec: int) -> Any:
        x = self.args[0].evalf(prec)
        order = int(self.args[1]) if len(self.args) == 2 else 0
        return (sympy.hyper([order + 1], [order + 2], x) / (order + 1)).evalf(prec) if x.is_number else None

    def _latex(self, printer: Any, exp: Any = None) -> str:
        order = "" if len(self.args) == 1 else f"_{{{printer._print(self.args[1])}}}"
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\operatorname{{exprel}}{order}{power}\left({printer._print(self.args[0])}\right)"


class whole_exp(sympy.Function):  # noqa: N801 - a mathematical function
    """The exponential, its argument in one piece: SymPy makes exp(1800)*exp(40*V) of exp(40*V + 1800)."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Any:
        """Differentiate: it is its own derivative."""
        return self

    def _eval_is_real(self) -> Any:
        return self.args[0].is_real

    def _eval_is_positive(self) -> Any:
        return self.args[0].is_real

    def _eval_evalf(self, prec: int) -> Any:
        return sympy.exp(self.args[0]).evalf(prec)


def whole(expr: Any) -> Any:
    """Put numeric factors that are extreme back into the exponentials they were taken from.

    Each of the two alone overflows, underflows or saturates where their product does not.
    """

    def is_split(part: Any) -> bool:
        return part.is_Mul and _is_extreme(part.args[0]) and any(isinstance(x, sympy.exp) for x in part.args)

    def join(product: Any) -> Any:
        number, *rest = product.args
        growth = next(x for x in rest if isinstance(x, sympy.exp))
        rest.remove(growth)
        return sympy.sign(number) * whole_exp(growth.args[0] + sympy.log(abs(number))) * sympy.Mul(*rest)

    return expr.replace(is_split, join) if any(map(_is_extreme, expr.atoms(sympy.Float))) else expr


def _is_extreme(number: Any) -> bool:
    return number.is_Float and not 1 / FAR < abs(float(number)) < FAR and not number.is_zero


def saturated_exp(x: float) -> float:
    """Evaluate exp(x) of a float, held at its value at `EXP_LIMIT` beyond it."""
    return _EXP_AT_LIMIT if x >= EXP_LIMIT else math.exp(x)  # in this order, so that NaN stays NaN


def saturated_cosh(x: float) -> float:
    """Evaluate cosh(x) of a float, held where exp is."""
    return math.cosh(min(max(x, -EXP_LIMIT), EXP_LIMIT))


def saturated_sinh(x: float) -> float:
    """Evaluate sinh(x) of a float, held where exp is."""
    return math.sinh(min(max(x, -EXP_LIMIT), EXP_LIMIT))


def saturated_exp_array(x: Any) -> Any:
    """Evaluate exp(x) of an array, held at its value at `EXP_LIMIT` beyond it."""
    return np.exp(np.minimum(x, EXP_LIMIT))


def exprel_scalar(x: float, n: int = 0) -> float:
    """Evaluate exprel of a float, its argument held at `EXP_LIMIT`."""
    if x > EXP_LIMIT:
        x = EXP_LIMIT
    if n == 0:
        return math.expm1(x) / x if x else 1.0
    if x > _ASCENDING + n:
        return float(_ascend(x, n))
    return float(scipy.special.hyp1f1(n + 1, n + 2, x)) / (n + 1)


def exprel_array(x: Any, n: int = 0) -> Any:
    """Evaluate exprel of an array, its argument held at `EXP_LIMIT`."""
    x = np.minimum(x, EXP_LIMIT)
    if n == 0:
        return np.divide(np.expm1(x), x, out=np.ones(np.shape(x)), where=x != 0.0)[()]
    low = np.minimum(x, _ASCENDING + n)
    kummer = scipy.special.hyp1f1(n + 1, n + 2, low) / (n + 1)
    return np.where(x > low, _ascend(np.maximum(x, _ASCENDING + n), n), kummer)


def _ascend(x: Any, n: int) -> Any:
    """Climb from order 0 by parts: x exprel_n = exp(x) - n exprel_{n-1}, which loses no digit at large x."""
    top = np.exp(x)
    value = np.expm1(x) / x
    for order in range(1, n + 1):
        value = (top - order * value) / x
    return value
