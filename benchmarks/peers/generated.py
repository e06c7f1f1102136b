"""The right-hand side as Python source, printed by SymPy from natrium's symbolic model.

`function("math")` imports a module with ``rhs(u, m, h, J) -> (du, dm, dh)``, its exp taken from `math`;
"heyoka" and "jax.numpy" likewise. With numba it is compiled. u = V - v_thresh and J = I - (v_thresh -
v_rest), mV. The source is kept under build/, so that only the first use needs SymPy.

The expressions are put in the form that is cheapest for all: parameters as numbers; a gate as
A - B x; (exp(w) - 1)/w written out, since u < 0 keeps w from zero; exp(a u + b) as a number times
exp(a u); of two exponentials one of which is the square (cube, ...) of the other, one; powers as products.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "build" / "peers"

HEADERS = {
    "math": "from math import exp",
    "heyoka": "from heyoka import exp",
    "jax": "from jax.numpy import exp",
    "numba": "from math import exp\n\nfrom numba import njit",
}


def module(flavour: str) -> Any:
    """Import the right-hand side's module, made now if there is none yet."""
    name = f"second_script_{flavour}"
    path = FOLDER / f"{name}.py"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        decorator = '@njit(cache=True, error_model="numpy", inline="always")\n' if flavour == "numba" else ""
        path.write_text(f"{HEADERS[flavour]}\n\n\n{decorator}{function_source()}", encoding="utf-8")
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))
    importlib.invalidate_caches()
    return importlib.import_module(name)


def function_source() -> str:
    """Print the function."""
    arguments, definitions, rates = parts()
    lines = [f"def rhs({', '.join(arguments)}):"]
    lines += [f"    {name} = {text}" for name, text in definitions]
    return "\n".join([*lines, f"    return {', '.join(rates)}"]) + "\n"


def parts() -> tuple[list[str], list[tuple[str, str]], list[str]]:
    """Give the arguments, what is defined in turn (name and text), and the rates of u and of the gates."""
    import sympy

    from natrium.model import notebook
    from natrium.model.expressions.exprel import exprel

    system = notebook.lif_na().neuron.system.event_coordinates()
    values = dict(zip(system.parameters, system.values, strict=True))
    u, *gates = system.states
    short = {gate: sympy.Symbol(gate.name.partition("_")[0]) for gate in gates}
    voltage, *flows = (
        expr.subs(values)
        .replace(exprel, lambda w: (sympy.exp(w) - 1) / w)
        .replace(sympy.exp, _split)
        .subs(short)
        for expr in system.rhs
    )
    named = {}
    for gate, flow in zip(short.values(), flows, strict=True):
        named[sympy.Symbol(f"alpha_{gate}")] = flow.subs(gate, 0)
        named[sympy.Symbol(f"beta_{gate}")] = -flow.subs(gate, 1)
    growths, first = _exponentials(list(named.values()), u)
    write = _printer().doprint
    arguments = [str(symbol) for symbol in (u, *short.values(), system.input)]
    definitions = [(str(name), write(value)) for name, value in first]
    definitions += [(str(name), write(value.xreplace(growths))) for name, value in named.items()]
    moves = [f"alpha_{gate} - (alpha_{gate} + beta_{gate})*{gate}" for gate in short.values()]
    return arguments, definitions, [write(voltage), *moves]


def _exponentials(expressions: list[Any], u: Any) -> tuple[dict[Any, Any], list[tuple[Any, Any]]]:
    """Name each exponential, as a power of another one where it is; give names and definitions."""
    import sympy

    found = {growth: float(growth.args[0].coeff(u)) for e in expressions for growth in e.atoms(sympy.exp)}
    names: dict[Any, Any] = {}
    slopes: dict[float, Any] = {}
    definitions: list[tuple[Any, Any]] = []
    for growth, slope in sorted(found.items(), key=lambda item: abs(item[1])):
        names[growth] = slopes.get(slope) or sympy.Symbol(f"e{len(slopes)}")
        if slope in slopes:
            continue
        whole = [base for base in slopes if abs(slope / base - round(slope / base)) < 1e-12]
        value = slopes[whole[0]] ** round(slope / whole[0]) if whole else sympy.exp(sympy.Float(slope) * u)
        definitions.append((names[growth], value))
        slopes[slope] = names[growth]
    return names, definitions


def _split(argument: Any) -> Any:
    """Write exp(a u + b) as exp(b) exp(a u), its numbers as plain doubles."""
    import sympy

    constant, rest = argument.expand().as_coeff_Add()
    slope, u = rest.as_coeff_Mul()
    return sympy.Float(float(sympy.exp(constant))) * sympy.exp(sympy.Float(float(slope)) * u)


def _printer() -> Any:
    from sympy.printing.pycode import PythonCodePrinter

    class Printer(PythonCodePrinter):
        def _print_Float(self, expr: Any) -> str:
            return repr(float(expr))

        def _print_Rational(self, expr: Any) -> str:
            return repr(float(expr))

        def _print_Pow(self, expr: Any, **_settings: Any) -> str:
            base, power = expr.as_base_exp()
            product = "*".join([self.parenthesize(base, 100)] * abs(int(power)))
            return f"({product})" if power > 0 else f"(1.0/({product}))"

    return Printer({"fully_qualified_modules": False})
