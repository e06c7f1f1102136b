"""Expressions from text, in two forms: as written and as SymPy.

What the reader makes of a text is evaluated in the order in which it was written (for the replay of a
script), or built into SymPy (for everything else).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import attrs
import sympy
from sympy.printing.str import StrPrinter

from natrium.model.branches import as_choices, choose, maximum, minimum
from natrium.model.checks import Number, is_real, show
from natrium.model.errors import ModelError, NatriumError
from natrium.model.expressions.constants import Constants, fill, keep_names, used_in, words
from natrium.model.expressions.evaluator import ARITHMETIC, NUMERIC, Node, written_form
from natrium.model.expressions.exprel import exprel
from natrium.model.expressions.reader import read, refuse

SHOWN = 160  # characters of a formula in a message
_SYMBOLIC: dict[str, Callable[..., Any]] = {
    "exp": sympy.exp,
    "expm1": lambda x: sympy.exp(x) - 1,
    "exprel": exprel,
    "log": sympy.log,
    "sqrt": sympy.sqrt,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tanh": sympy.tanh,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "erf": sympy.erf,
    "log10": lambda x: sympy.log(x) * sympy.Float(1.0 / math.log(10.0)),
    "abs": lambda x: _absolute(x),
    "sign": lambda x: choose(x, sympy.S.One, sympy.S.NegativeOne),
    "heaviside": lambda x: choose(x, sympy.S.One, sympy.S.Zero),
    "floor": sympy.floor,
    "max": maximum,
    "min": minimum,
    "%": lambda a, b: a - b * sympy.floor(a / b),
}

# SymPy answers with others, such as re, and with cosh where none was written, where a part may be complex.
_KNOWN = {
    sympy.exp, exprel, sympy.log, sympy.sin, sympy.cos, sympy.tanh, sympy.erf, sympy.Abs, sympy.floor, choose,
}  # fmt: skip
_NO_VALUE = (sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.I)


CALCIUM = "Ca"  # the second variable of rates: what the neuron's pool holds


@attrs.frozen
class Expression:
    """An expression of one variable, kept as written and as SymPy; a rate may read ``Ca`` as well.

    Parameters
    ----------
    text : str
        Numbers, the variable, ``pi``, the functions ``exp expm1 exprel log log10 sqrt sin cos tanh sinh cosh
        erf``, those with branches, ``abs sign heaviside min max where(condition, a, b)`` (of t ``floor`` and
        ``%`` too), and ``+ - * / **``; nothing else. A condition compares, by ``< <= > >=``, ``and``, ``or``
        and ``not``.
    variable : str
        Name of the variable: ``"V"`` (mV) in rates, ``"t"`` (ms) in stimuli.
    constants : tuple of (str, float or str)
        Names that stand for numbers in it; see `natrium.constants`.

    Raises
    ------
    ModelError
        When the text holds anything else, or is too long, too deep or not finite.
    """

    text: str
    variable: str = "V"
    constants: Constants = ()

    def __attrs_post_init__(self) -> None:
        """Read the text once, so that a wrong one is refused at construction."""
        text: Any = self.text
        if not isinstance(text, str):
            raise ModelError(f"an expression must be text, got {show(text)} ({type(text).__name__})")
        with evaluated(text):
            if self.symbolic.has(*_NO_VALUE):
                raise refuse(text, "an expression must have a finite real value")

    def __str__(self) -> str:
        """Give the text as written."""
        return self.text

    @property
    def reads_calcium(self) -> bool:
        """Whether it is a rate of the calcium concentration too; a constant of that name comes first."""
        return self.variable == "V" and CALCIUM in words(fill(self.text, self.constants))

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of its variables."""
        return (self.variable, CALCIUM) if self.reads_calcium else (self.variable,)

    def at_calcium(self, level: float) -> Expression:
        """Give the same rate at a calcium concentration, of V alone."""
        return attrs.evolve(self, constants=(*self.constants, (CALCIUM, float(level))))

    @property
    def tree(self) -> Node:
        """The expression as it was read, constants as numbers."""
        return read(fill(self.text, self.constants), *self.variables)

    @property
    def symbol(self) -> sympy.Symbol:
        """The variable as a SymPy symbol."""
        return sympy.Symbol(self.variable, real=True)

    @property
    def symbolic(self) -> sympy.Expr:
        """The expression as SymPy, simplified as SymPy does by itself."""
        return symbolic_of(fill(self.text, self.constants), *self.variables)

    def symbolic_by(self, names: Collection[str]) -> sympy.Expr:
        """Give the expression as SymPy with some of its constants as symbols, each as `constant_symbol`."""
        own = [name for name, value in self.constants if name in names and not isinstance(value, str)]
        if not own:
            return self.symbolic
        named = symbolic_of(keep_names(self.text, self.constants, own), *self.variables, *own)
        return named.xreplace({sympy.Symbol(name, real=True): constant_symbol(name) for name in own})

    def changed(self, values: Mapping[str, float]) -> Expression:
        """Give the same expression with other numbers for some of its constants."""
        if not any(name in values for name, _ in self.constants):
            return self
        changed = tuple((name, values.get(name, value)) for name, value in self.constants)
        return attrs.evolve(self, constants=changed)

    def check_real(self) -> None:
        """Check that SymPy did not go through complex numbers, as for abs(exp(sqrt(V))).

        Raises
        ------
        ModelError
            When it did: there is no real function to evaluate.
        """
        written = {function for function in (sympy.sinh, sympy.cosh) if function.__name__ in self.text}
        if not (_KNOWN | written).issuperset(map(type, self.symbolic.atoms(sympy.Function))):
            raise refuse(self.text, "an expression must be real in all its parts, without abs around others")

    @property
    def latex(self) -> str:
        """The expression as LaTeX, in its written form."""
        return _latex(self.tree)[0]

    def written(self) -> Callable[[Any], Any]:
        """Give a function that evaluates the text in its own order, with NumPy's functions.

        Returns
        -------
        callable
            From a float (or an array) of the variable to the value. What is 0/0 as written is NaN.

        Raises
        ------
        ModelError
            When it is of V and Ca: no script is replayed with these.
        """
        if self.reads_calcium:
            raise ModelError(f"a rate is evaluated as written of V alone, got one of Ca: {self}")
        return written_form(self.tree)


def constant_symbol(name: str) -> sympy.Symbol:
    """Give the symbol that stands for a constant, which is no name of a user."""
    return sympy.Symbol(f"_{name}_", real=True)


@contextmanager
def evaluated(text: object) -> Iterator[None]:
    """Turn whatever SymPy, or a function made by it, makes of a valid text into a ModelError.

    Raises
    ------
    ModelError
        Naming the expression.
    """
    try:
        yield
    except NatriumError:
        raise
    except Exception as error:
        raise refuse(str(text), f"an expression must have a real value ({type(error).__name__})") from error


def as_expression(value: Any, variable: str = "V") -> Expression:
    """Take text, a SymPy expression, a number or an `Expression` as an `Expression`.

    Raises
    ------
    ModelError
        When it is none of these, or not a valid expression of `variable`.
    """
    if isinstance(value, Expression):
        if value.variable != variable:
            raise ModelError(f"an expression of {variable} is needed, got one of {value.variable}: {value}")
        return value
    if isinstance(value, str):
        return Expression(value, variable, used_in(value) if variable == "V" else ())
    if isinstance(value, sympy.Expr):
        names = {symbol.name for symbol in value.free_symbols}
        named = used_in(" ".join(names - {variable})) if variable == "V" else ()
        known = {variable, CALCIUM} if variable == "V" else {variable}
        others = sorted(names - known - {name for name, _ in named})
        if others:
            raise ModelError(
                f"an expression may use {variable} only, got {others}: put numbers for the others"
            )
        plain = value.xreplace(
            {symbol: sympy.Symbol(symbol.name, real=True) for symbol in value.free_symbols}
        )
        return Expression(as_text(plain), variable, named)
    if is_real(value):
        Number().check("a constant expression", value)
        return Expression(repr(float(value)), variable)
    raise ModelError(f"an expression must be text or SymPy, got {show(value)} ({type(value).__name__})")


def as_text(expr: sympy.Expr) -> str:
    """Write SymPy as the text that the reader makes the same of.

    Raises
    ------
    ModelError
        When it holds what cannot be evaluated.
    """
    return str(_TextPrinter().doprint(as_choices("an expression", expr)))


def show_formula(expr: sympy.Expr) -> str:
    """Show SymPy in a message, shortened: imported equations put whole functions in their names' places."""
    text = as_text(expr)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


class _TextPrinter(StrPrinter):
    """SymPy to the text of the reader, every digit of every number kept."""

    def _print_Float(self, expr: Any) -> str:
        return repr(float(expr))

    def _print_Abs(self, expr: Any) -> str:
        return f"abs({self._print(expr.args[0])})"

    def _print_choose(self, expr: Any) -> str:
        g, a, b = map(self._print, expr.args)
        return f"where({g} >= 0, {a}, {b})"

    def _print_whole_exp(self, expr: Any) -> str:
        return f"exp({self._print(expr.args[0])})"

    def _print_Exp1(self, expr: Any) -> str:
        return "exp(1)"

    def _print_Function(self, expr: Any) -> str:
        if len(expr.args) != 1:
            raise ModelError(f"an expression cannot hold {expr}: write it with the functions allowed")
        return f"{expr.func.__name__}({self._print(expr.args[0])})"


@lru_cache(maxsize=1024)
def symbolic_of(text: str, *variables: str) -> sympy.Expr:
    """Read a text of some variables as SymPy.

    Raises
    ------
    ModelError
        When the text holds anything else, or has no finite value.
    """
    with evaluated(text):
        return _symbolic(read(text, *variables))


def written_latex(text: str, names: Mapping[str, str]) -> str:
    """Write a text of some variables as LaTeX, in its written form, each by the name it has in print."""

    def named(tree: Node) -> Node:
        if isinstance(tree, str):
            return names[tree]
        return tree if isinstance(tree, float) else (tree[0], *map(named, tree[1:]))

    return _latex(named(read(text, *names)))[0]


def _symbolic(tree: Node) -> sympy.Expr:
    """Build a tree into SymPy, node by node."""
    if isinstance(tree, float):
        return sympy.Float(tree)  # never a whole number: powers of those have no bound
    if isinstance(tree, str):
        return sympy.Symbol(tree, real=True)
    name, *parts = tree
    if name == "where":
        return _chosen(parts[0], *map(_symbolic, parts[1:]))
    values = [_symbolic(part) for part in parts]
    if name == "**" and isinstance(parts[1], float) and parts[1].is_integer():
        values[1] = sympy.Integer(int(parts[1]))  # small: held by the reader
    if name == "neg":
        return -values[0]
    result = _SYMBOLIC[name](*values) if name in _SYMBOLIC else ARITHMETIC[name](*values)
    # What comes out as a number (9 + V - V) must be one: a tower of powers of these has no bound.
    if not (result.free_symbols or (result.is_Number and math.isfinite(result))):
        return sympy.nan
    return result


def _absolute(x: sympy.Expr) -> sympy.Expr:
    """Give |x|; of what may be complex SymPy's own takes long, and has a value where x has none."""
    return sympy.Abs(x) if x.is_extended_real else sympy.sqrt(x**2)


def _chosen(condition: Node, a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
    """Give a where a condition holds, else b."""
    assert isinstance(condition, tuple)  # as the reader makes it
    name, *parts = condition
    if name == "and":
        return _chosen(parts[0], _chosen(parts[1], a, b), b)
    if name == "or":
        return _chosen(parts[0], a, _chosen(parts[1], a, b))
    if name == "not":
        return _chosen(parts[0], b, a)
    left, right = map(_symbolic, parts)
    if name in ("==", "!="):  # a single point counts for nothing
        return a if (left == right) == (name == "==") else b
    if name in ("<", ">"):  # the surface itself belongs to the other side
        return choose(left - right if name == "<" else right - left, b, a)
    return choose(right - left if name == "<=" else left - right, a, b)


def _latex(tree: Node) -> tuple[str, int]:
    """Give a tree's LaTeX, and how tightly it binds (4: as one symbol)."""
    if isinstance(tree, float):
        text = f"{tree:.12g}"
        mantissa, _, exponent = text.partition("e")
        return (rf"{mantissa} \cdot 10^{{{int(exponent)}}}", 2) if exponent else (text, 4)
    if isinstance(tree, str):
        return tree, 4
    name, *parts = tree
    (first, tight), *others = (_latex(part) for part in parts)
    if name == "exp":
        return f"e^{{{first}}}", 3
    if name == "sqrt":
        return rf"\sqrt{{{first}}}", 4
    if name == "abs":
        return rf"\left|{first}\right|", 4
    if name in NUMERIC:
        function = _FUNCTIONS.get(name, rf"\operatorname{{{name}}}")
        return rf"{function}\left({first}\right)", 4
    if name == "neg":
        return f"-{_bracket(first, tight, 2)}", 1
    if name == "not":
        return rf"\lnot \left({first}\right)", 4
    second, tight_second = others[0]
    if name == "where":
        otherwise = others[1][0]
        return (rf"\begin{{cases}} {second} & {first} \\ {otherwise} & \text{{otherwise}} \end{{cases}}", 0)
    if name in _RELATIONS:
        return f"{first} {_RELATIONS[name]} {second}", 0
    if name in ("max", "min"):
        return rf"\{name}\left({first}, {second}\right)", 4
    if name == "%":
        return rf"{_bracket(first, tight, 2)} \bmod {_bracket(second, tight_second, 3)}", 1
    if name == "/":
        return rf"\frac{{{first}}}{{{second}}}", 3
    if name == "**":
        return f"{_bracket(first, tight, 4)}^{{{second}}}", 3
    if name == "*":
        factors = _bracket(first, tight, 2), _bracket(second, tight_second, 2)
        # Two numbers side by side would read as one.
        dot = r" \cdot " if factors[1][0].isdigit() else r" \, "
        return dot.join(factors), 2
    return f"{_bracket(first, tight, 1)} {name} {_bracket(second, tight_second, 2 if name == '-' else 1)}", 1


_FUNCTIONS = {name: f"\\{name}" for name in ("log", "sin", "cos", "tanh", "sinh", "cosh")} | {
    "log10": r"\log_{10}",
    "heaviside": r"\Theta",
}
_RELATIONS = {"<": "<", ">": ">", "<=": r"\le", ">=": r"\ge", "and": r"\text{ and }", "or": r"\text{ or }"}
_RELATIONS |= {"==": "=", "!=": r"\ne"}


def _bracket(text: str, tight: int, needed: int) -> str:
    return text if tight >= needed and not (needed > 1 and text.startswith("-")) else rf"\left({text}\right)"
