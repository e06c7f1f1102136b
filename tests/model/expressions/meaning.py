"""What a text means, worked out apart from the package: by mpmath, with a bound on a double's rounding."""

import ast
import math
from typing import Any

import mpmath
import sympy

EPS = 2.0**-50  # a few roundings of a double
TOO_LARGE, TOO_SMALL = 1e290, 1e-290

CONTEXT = mpmath.MPContext()
CONTEXT.dps = 60


class Undefined(Exception):
    """No real value, or one that a double cannot hold."""


def exprel(x: Any) -> Any:
    return CONTEXT.expm1(x) / x if x else CONTEXT.one


def exprel_slope(x: Any) -> Any:
    return (CONTEXT.exp(x) - exprel(x)) / x if x else CONTEXT.mpf(0.5)


# Each function with its derivative.
FUNCTIONS: dict[str, tuple[Any, Any]] = {
    "exp": (CONTEXT.exp, CONTEXT.exp),
    "expm1": (CONTEXT.expm1, CONTEXT.exp),
    "exprel": (exprel, exprel_slope),
    "log": (CONTEXT.log, lambda x: 1 / x),
    "sqrt": (CONTEXT.sqrt, lambda x: 1 / (2 * CONTEXT.sqrt(x)) if x else CONTEXT.inf),
    "sin": (CONTEXT.sin, CONTEXT.cos),
    "cos": (CONTEXT.cos, CONTEXT.sin),
    "tanh": (CONTEXT.tanh, lambda x: CONTEXT.sech(x) ** 2),
    "abs": (abs, lambda _: CONTEXT.one),
    "cosh": (CONTEXT.cosh, CONTEXT.sinh),
    "sinh": (CONTEXT.sinh, CONTEXT.cosh),
}


def meaning(text: str, x: Any, variable: str = "V") -> tuple[Any, Any]:
    """Give the value of a text at one point, and how far rounding may take a double from it."""
    return _meaning(ast.parse(text.strip(), mode="eval").body, CONTEXT.mpf(x), variable, EPS)


def exact(text: str, x: Any, variable: str = "V") -> Any:
    """Give the value of a text a hair beside a point, so that 0/0 as written has its limit."""
    tree = ast.parse(text.strip(), mode="eval").body
    return _meaning(tree, CONTEXT.mpf(x) + CONTEXT.mpf(10) ** -30, variable, 0.0)[0]


def _meaning(tree: Any, x: Any, variable: str, eps: float) -> tuple[Any, Any]:
    match tree:
        case ast.Constant(value=value):
            return CONTEXT.mpf(float(value)), 0
        case ast.Name(id=name):
            return (x, 0) if name == variable else (CONTEXT.mpf({"pi": math.pi}[name]), 0)
        case ast.UnaryOp(op=op, operand=operand):
            value, error = _meaning(operand, x, variable, eps)
            return (-value if isinstance(op, ast.USub) else value), error
        case ast.BinOp(left=left, op=op, right=right):
            parts = _meaning(left, x, variable, eps), _meaning(right, x, variable, eps)
            value, error = _operation(op, *parts)
        case ast.Call(func=ast.Name(id="where"), args=[ast.Compare(left, [ast.Lt()], [right]), one, other]):
            below = _meaning(left, x, variable, eps)[0] < _meaning(right, x, variable, eps)[0]
            value, error = _meaning(one if below else other, x, variable, eps)
        case ast.Call(func=ast.Name(id="min" | "max" as name), args=[one, other]):
            both = _meaning(one, x, variable, eps), _meaning(other, x, variable, eps)
            value = (min if name == "min" else max)(both[0][0], both[1][0])
            error = max(both[0][1], both[1][1])
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            value, error = _function(name, *_meaning(argument, x, variable, eps), eps)
        case _:
            raise AssertionError(f"no expression: {ast.dump(tree)}")
    size = abs(value)
    if (not TOO_SMALL < size < TOO_LARGE and size != 0) or error > TOO_LARGE:
        raise Undefined
    return value, error + eps * size


def _operation(op: Any, first: tuple[Any, Any], second: tuple[Any, Any]) -> tuple[Any, Any]:
    """Do one operation; an error of first order, doubled where it is divided by."""
    (a, error_a), (b, error_b) = first, second
    match op:
        case ast.Add():
            return a + b, error_a + error_b
        case ast.Sub():
            return a - b, error_a + error_b
        case ast.Mult():
            return a * b, abs(a) * error_b + abs(b) * error_a + error_a * error_b
        case ast.Div():
            if abs(b) <= 2 * error_b:
                raise Undefined
            return a / b, 2 * (error_a + abs(a / b) * error_b) / abs(b)
    if abs(a) <= 2 * error_a or (a < 0 and (error_b or b != int(b))) or abs(b * CONTEXT.log(abs(a))) > 600:
        raise Undefined
    value = a**b
    return value, 2 * abs(value) * (abs(b / a) * error_a + abs(CONTEXT.log(abs(a))) * error_b)


def _function(name: str, value: Any, error: Any, eps: float) -> tuple[Any, Any]:
    function, slope = FUNCTIONS[name]
    if (name in ("exp", "expm1", "exprel") and value > 600) or (
        name in ("log", "sqrt") and value <= 2 * error
    ):
        raise Undefined
    if name in ("sin", "cos") and abs(value) > 1e6:
        raise Undefined
    return function(value), 2 * abs(slope(value)) * error + 4 * eps * abs(function(value))


def value_of(expr: sympy.Expr, x: Any) -> Any:
    """Evaluate a SymPy expression of one symbol with many digits."""
    if isinstance(expr, sympy.Symbol):
        return CONTEXT.mpf(x)
    if isinstance(expr, sympy.Rational):
        return CONTEXT.mpf(expr.p) / expr.q
    if isinstance(expr, sympy.Float):
        return CONTEXT.make_mpf(expr._mpf_)
    parts = [value_of(part, x) for part in expr.args]
    if isinstance(expr, sympy.Add):
        return CONTEXT.fsum(parts)
    if isinstance(expr, sympy.Mul):
        return CONTEXT.fprod(parts)
    if isinstance(expr, sympy.Pow):
        return CONTEXT.power(*parts)
    name = type(expr).__name__.lower()
    if name == "exprel" and len(parts) == 2:
        return exprel_by_integral(*parts)
    if name not in FUNCTIONS:
        raise AssertionError(f"unexpected in a smooth form: {expr}")
    return FUNCTIONS[name][0](*parts)


def exprel_by_integral(x: Any, n: Any) -> Any:
    """Give the integral of s^n exp(s x) over [0, 1]."""
    return CONTEXT.hyp1f1(n + 1, n + 2, x) / (n + 1)
