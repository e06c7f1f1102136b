"""Removable singularities: rates rewritten so that 0/0 never arises.

A Hodgkin-Huxley rate such as ``0.1*(V + 40)/(1 - exp(-(V + 40)/10))`` has a value, 1, at V = -40 mV,
but evaluates to 0/0 there and loses digits nearby. Every factor of the form A + B exp(w), with w
linear in V and a zero at V0, equals A (1 - exp(w')) = -A w' exprel(w') with w' = a (V - V0); a factor
of the other side that also vanishes at V0 then cancels a (V - V0) exactly.
"""

from __future__ import annotations

import math
from typing import Any

import sympy

from natrium.model.branches import choose
from natrium.model.expressions.exprel import exprel, whole

# Two zeros nearer than this (relative to 1 mV and to themselves) are one zero written with rounding.
SAME_ZERO = 1e-11
ROUNDED = 1e-13  # within this, a zero of nine decimals is what was meant
MAX_DEGREE = 8  # of a polynomial factor that may be divided by (V - V0)
UNSEEN = 1.0  # ms: the step on inputs whose features cannot be told from the expression


def smooth(expr: sympy.Expr, V: sympy.Symbol) -> sympy.Expr:
    """Rewrite the removable singularities of an expression through `exprel`.

    Parameters
    ----------
    expr : sympy.Expr
        An expression of `V`, and of other symbols, whose values do not matter.
    V : sympy.Symbol
        Its variable.

    Returns
    -------
    sympy.Expr
        An equal expression without 0/0 where one was recognised; a true pole stays as it is.
    """
    rewritten = _rewrite(expr, V)
    if _suspects(rewritten, V):
        # A sum of terms that are singular one by one may be regular as a whole.
        together = _rewrite(sympy.together(expr), V)
        if not _suspects(together, V):
            return whole(together)
    return whole(rewritten)


def denominators(expr: sympy.Expr) -> list[sympy.Expr]:
    """List the bases of all negative powers in an expression."""
    return sorted(
        {power.base for power in expr.atoms(sympy.Pow) if power.exp.could_extract_minus_sign()},
        key=sympy.default_sort_key,
    )


def _suspects(expr: sympy.Expr, V: sympy.Symbol) -> bool:
    """Tell whether any denominator still has a zero of the kind that `smooth` looks for."""
    return any(_zero(base, V) is not None for base in denominators(expr))


def _rewrite(expr: sympy.Expr, V: sympy.Symbol) -> sympy.Expr:
    if not expr.args or not expr.has(V):
        return expr
    rebuilt = expr.func(*(_rewrite(arg, V) for arg in expr.args)) if not expr.is_Pow else expr
    if rebuilt.is_Pow and rebuilt.exp.could_extract_minus_sign():
        base = _rewrite(rebuilt.base, V)
        rebuilt = sympy.Pow(base, rebuilt.exp)
    elif rebuilt.is_Pow:
        rebuilt = sympy.Pow(_rewrite(rebuilt.base, V), _rewrite(rebuilt.exp, V))
    if isinstance(rebuilt, sympy.Mul):
        return _product(list(rebuilt.args), V)
    return rebuilt


def _product(factors: list[sympy.Expr], V: sympy.Symbol) -> sympy.Expr:
    """Cancel, pair by pair, factors that vanish at the same voltage above and below the line."""
    for index, factor in enumerate(factors):
        if not (factor.is_Pow and factor.exp.is_Integer and factor.exp < 0):
            continue
        rest = factors[:index] + factors[index + 1 :]
        below = _zero(factor.base, V)
        if below is None:
            continue
        for other, above in enumerate(rest):
            cancelled = _cancel(above, factor, below, V)
            if cancelled is not None:
                return _product([*rest[:other], *rest[other + 1 :], *cancelled], V)
    return _balance(sympy.Mul(*factors), V)


def _balance(product: sympy.Expr, V: sympy.Symbol) -> sympy.Expr:
    """Rewrite exp(c n w)/exprel(w)^n, c > 0, lest it be a ratio of two saturated ones far outside.

    By exprel(w) = exprel(w/2) (1 + exp(w/2))/2 for c <= 1/2, and exprel(w) = exp(w) exprel(-w) beyond.
    """
    growths = [factor for factor in product.args if isinstance(factor, sympy.exp)]
    if not isinstance(product, sympy.Mul) or len(growths) != 1:
        return product
    line = _linear(growths[0].args[0], V)
    for factor in product.args:
        base, power = factor.as_base_exp()
        if line is None or not (isinstance(base, exprel) and power.is_Integer and power < 0):
            continue
        w = base.args[0]
        slope = _linear(w, V)
        if slope is None or not all(number.is_number for number in (*line, *slope)):
            continue
        c = float(line[0] / slope[0] / -power)
        constant = float(line[1] + c * power * slope[1])
        if c <= 0.0:
            continue
        left = sympy.exp(sympy.Float(constant))
        if c > 1.0 + SAME_ZERO:
            left = left * sympy.exp((1.0 - c) * power * w)
            c = 1.0
        if c > 0.5:
            w, c = -w, 1.0 - c
        if c < SAME_ZERO:
            balanced = exprel(w)
        else:
            balanced = exprel(w / 2) * (sympy.exp((0.5 - c) * w) + sympy.exp(-c * w)) / 2
        return product / growths[0] / factor * left * balanced**power
    return product


def _cancel(
    above: sympy.Expr, below: sympy.Expr, zero: tuple[Any, sympy.Expr], V: sympy.Symbol
) -> list[sympy.Expr] | None:
    """Divide one numerator factor and one denominator factor by (V - V0); None where V0 differs."""
    base, power = (above.base, above.exp) if above.is_Pow else (above, sympy.S.One)
    if not (power.is_Integer and power > 0):
        return None
    V0, regular_below = zero
    regular_above = _divide(base, V0, V)
    if regular_above is None:
        return None
    both = min(power, -below.exp)
    left_below = sympy.Pow(below.base, below.exp + both)
    return [base ** (power - both), left_below, regular_above**both, regular_below**-both]


def _divide(base: sympy.Expr, V0: Any, V: sympy.Symbol) -> sympy.Expr | None:
    """Divide a factor that vanishes at V0 by (V - V0); None where it does not vanish there."""
    found = _zero(base, V)
    if found is not None:
        return found[1] if _same(found[0], V0) else None
    if not 0 < _degree(base, V) <= MAX_DEGREE:
        return None
    polynomial = sympy.Poly(base, V)
    size = sum(abs(c) * abs(V0) ** k for (k,), c in polynomial.terms())
    left = polynomial.eval(V0)
    if left.free_symbols and _differs(left):
        return None
    left = sympy.expand(left)
    if left != 0 and not (left.is_number and size.is_number and abs(left) <= SAME_ZERO * size):
        return None
    coefficients = polynomial.all_coeffs()
    quotient = [coefficients[0]]
    for coefficient in coefficients[1:-1]:
        quotient.append(coefficient + quotient[-1] * V0)  # Horner's scheme; the remainder is zero
    return sympy.Poly(quotient, V).as_expr()


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= SAME_ZERO * (1.0 + abs(one))
    difference = sympy.Add(one, -other)
    return not _differs(difference) and bool(sympy.expand(difference) == 0)


def _differs(expr: sympy.Expr) -> bool:
    """Tell whether an expression is not zero at arbitrary values: to multiply it out takes far longer."""
    symbols = sorted(expr.free_symbols, key=str)
    value = expr.evalf(subs={symbol: 0.7 + 0.3 * math.sqrt(k) for k, symbol in enumerate(symbols, start=2)})
    return bool(value.is_number and value.is_finite and abs(value) > SAME_ZERO)


def _degree(expr: sympy.Expr, V: sympy.Symbol) -> float:
    """Bound a polynomial's degree without multiplying it out; infinity where there is none."""
    if expr == V:
        return 1.0
    if not expr.args or not expr.has(V):
        return 0.0
    if isinstance(expr, sympy.Add):
        return max(_degree(arg, V) for arg in expr.args)
    if isinstance(expr, sympy.Mul):
        return sum(_degree(arg, V) for arg in expr.args)
    if expr.is_Pow and expr.exp.is_Integer and expr.exp > 0:
        return _degree(expr.base, V) * int(expr.exp)
    return math.inf


def _linear(expr: sympy.Expr, V: sympy.Symbol) -> tuple[Any, Any] | None:
    """Give (a, b) of an expression a V + b with a not zero."""
    if not 0 < _degree(expr, V) <= MAX_DEGREE:
        return None
    slope = expr.diff(V)
    if slope.is_real is not False and not slope.has(V) and not slope.is_zero:
        return slope, expr.subs(V, 0)
    return None


def _value(expr: Any) -> Any:
    """Give a number as a float; of other symbols it stays as it is."""
    return float(expr) if expr.is_number else expr


def _zero(expr: sympy.Expr, V: sympy.Symbol) -> tuple[Any, sympy.Expr] | None:
    """Find the zero V0 of a linear factor or of A exp(w1) + B exp(w2); give it and factor/(V - V0)."""
    if not expr.has(V):
        return None
    linear = _linear(expr, V)
    if linear is not None:
        slope, offset = linear
        return _value(-offset / slope), slope
    if isinstance(expr, sympy.tanh):
        line = _linear(expr.args[0], V)
        if line is None:
            return None
        V0 = _value(-line[1] / line[0])
        u = line[0] * (V - V0)
        # u/tanh(u) as a sum of two positive terms: right to the last digit, and linear far outside.
        return V0, 2 * line[0] / (1 / exprel(2 * u) + 1 / exprel(-2 * u))
    if not (isinstance(expr, sympy.Add) and len(expr.args) == 2):
        return None
    first, second = (_exponential(term, V) for term in expr.args)
    if first is None or second is None:
        return None
    (A, wA), (B, wB) = first, second
    if not (A * B).is_negative and sympy.expand(A + B) != 0:
        return None
    # A exp(wA) + B exp(wB) = A exp(wA) (1 - exp(w)),  w = wB - wA + log(-B/A) = a (V - V0)
    difference = _linear(wB - wA, V)
    if difference is None:
        return None
    slope, offset = difference
    growth = sympy.S.Zero if sympy.expand(A + B) == 0 else sympy.log(-B / A)
    if not all(number.is_number for number in (slope, offset, growth)):
        V0 = _value(-(offset + growth) / slope)
        return V0, -A * sympy.exp(wA) * slope * exprel(slope * (V - V0))
    V0 = -(float(offset) + float(growth)) / float(slope)
    nearest = round(V0, 9)  # a zero meant as -40 comes back as -40.000000000000004
    V0 = nearest if abs(nearest - V0) <= ROUNDED * (1.0 + abs(V0)) else V0
    w = slope * (V - (int(V0) if V0.is_integer() else V0))
    return V0, -A * sympy.exp(wA) * slope * exprel(w)


def _exponential(term: sympy.Expr, V: sympy.Symbol) -> tuple[Any, Any] | None:
    """Give (A, w) of a term A exp(w) with A a number and w linear in V or zero."""
    A, rest = term.as_independent(V, as_Add=False)
    if rest == 1:
        return A, sympy.S.Zero
    if isinstance(rest, sympy.exp) and _linear(rest.args[0], V) is not None:
        return A, rest.args[0]
    return None


def feature_scale(expr: sympy.Expr, t: sympy.Symbol) -> float:
    """Give a step (ms) that cannot jump over a feature of an input expression.

    A third of the period of every sine and cosine of a linear argument; infinity where there are
    only polynomials and exponentials of linear arguments; else `UNSEEN`.
    """
    scale = math.inf
    for function in expr.atoms(sympy.Function):
        if not function.has(t):
            continue
        linear = _linear(function.args[0], t)
        if linear is not None and isinstance(function, (sympy.sin, sympy.cos)):
            scale = min(scale, 2 * math.pi / abs(float(linear[0])) / 3.0)
        elif isinstance(function, (choose, sympy.floor, sympy.Abs)):
            continue  # its breaks are found by themselves
        elif linear is None or not isinstance(function, sympy.exp):
            scale = min(scale, UNSEEN)
    if denominators(expr):
        scale = min(scale, UNSEEN)
    return scale
