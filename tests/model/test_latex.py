"""LaTeX: what is written down means what is solved, read back by a reader of the tests' own."""

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import natrium
from natrium.model.files.new import template
from tests.model.expressions.meaning import Undefined, meaning
from tests.model.expressions.trees import Tree, constants, in_doubles, render, trees

TOKEN = re.compile(
    r"\\frac|\\sqrt|\\left\(|\\right\)|\\left\||\\right\||\\operatorname\{\w+\}|\\(?:log|sinh?|cosh?|tanh|min|max)|\\cdot|\\,|,"
    r"|\d+(?:\.\d+)?|[Vte^{}+-]|(?P<space>\s+)|(?P<other>.)"
)
FUNCTIONS: dict[str, Callable[[float], float]] = {
    r"\log": math.log,
    r"\sin": math.sin,
    r"\cos": math.cos,
    r"\tanh": math.tanh,
    r"\sinh": math.sinh,
    r"\cosh": math.cosh,
    r"\operatorname{expm1}": math.expm1,
    r"\operatorname{exprel}": lambda x: math.expm1(x) / x if x else 1.0,
}


class Reader:
    """Evaluate the LaTeX of an expression by the rules of printed formulas."""

    def __init__(self, latex: str, x: float) -> None:
        self.tokens = []
        for match in TOKEN.finditer(latex):
            assert match["other"] is None, f"unexpected {match[0]!r} in {latex}"
            if match["space"] is None:
                self.tokens.append(match[0])
        self.x = x

    def take(self, expected: str | None = None) -> str:
        token = self.tokens.pop(0)
        assert expected in (None, token), f"{expected} expected, got {token}"
        return token

    def follows(self, *tokens: str) -> bool:
        return bool(self.tokens) and self.tokens[0] in tokens

    def inside(self, left: str, right: str) -> float:
        self.take(left)
        value = self.sum()
        self.take(right)
        return value

    def sum(self) -> float:
        value = self.product()
        while self.follows("+", "-"):
            value = value + self.product() if self.take() == "+" else value - self.product()
        return value

    def product(self) -> float:
        """A sign stands before a whole product; a second one without brackets would be misread."""
        if self.follows("-"):
            self.take()
            assert not self.follows("-"), "two signs in a row"
            return -self.product()
        value = self.power()
        while self.follows(r"\,", r"\cdot"):
            self.take()
            assert not self.follows("-"), "a sign behind a product"
            value *= self.power()
        return value

    def power(self) -> float:
        value = self.atom()
        if self.follows("^"):
            self.take()
            value **= self.inside("{", "}")
        assert not self.follows("^"), "a power of a power without brackets"
        return value

    def atom(self) -> float:
        token = self.tokens[0]
        if token == r"\left(":
            return self.inside(token, r"\right)")
        if token == r"\left|":
            return abs(self.inside(token, r"\right|"))
        self.take()
        if token in ("V", "t"):
            return self.x
        if token == "e":
            return math.e
        if token == r"\sqrt":
            return math.sqrt(self.inside("{", "}"))
        if token == r"\frac":
            above = self.inside("{", "}")
            return above / self.inside("{", "}")
        if token in (r"\min", r"\max"):
            self.take(r"\left(")
            one = self.sum()
            self.take(",")
            other = self.sum()
            self.take(r"\right)")
            return min(one, other) if token == r"\min" else max(one, other)
        if token in FUNCTIONS:
            return FUNCTIONS[token](self.inside(r"\left(", r"\right)"))
        return float(token)


CASES = re.compile(r"\\begin\{cases\} (.*) & (.*) < (.*) \\\\ (.*) & \\text\{otherwise\} \\end\{cases\}")


def read(latex: str, x: float) -> float:
    if cases := CASES.fullmatch(latex):
        one, left, right, other = cases.groups()
        return read(one if read(left, x) < read(right, x) else other, x)
    reader = Reader(latex, x)
    value = reader.sum()
    assert reader.tokens == []
    return value


def check(text: str, x: float) -> None:
    latex = natrium.Expression(text).latex
    try:
        value, error = meaning(text, x)
    except Undefined:
        return
    # Twelve digits are printed.
    assert read(latex, x) == pytest.approx(float(value), rel=1e-9, abs=1e5 * float(error)), latex


@given(trees, st.floats(-120.0, 120.0).map(lambda x: round(x, 2)))
@settings(max_examples=300, deadline=None)
def test_arithmetic_in_latex_means_the_same(tree: Tree, x: float) -> None:
    assume(all(np.isfinite(in_doubles(node, 0.0)) for node in constants(tree)))
    try:
        natrium.Expression(render(tree))
    except natrium.ModelError:
        return
    check(render(tree), x)


@pytest.mark.parametrize(
    "text",
    [
        "exp(-(V + 65)/18)", "4*exp(-(V + 65)/18)", "0.1*(V + 40)/(1 - exp(-(V + 40)/10))", "exp(V/50)**2",
        "exp(V/50)**-2",
        "sqrt(V*V + 1)**3", "abs(V - 3)**2", "-abs(V)", "(-V)**2", "-V**2", "(-abs(V))**3", "log(V*V + 2)*3",
        "2*log(V*V + 2)",
        "tanh(V/9)**2", "sin(V)*cos(V)", "exprel(V/30)", "1/exprel(-(V + 40)/10)", "expm1(V/30)*2", "V*-3",
        "V*(-3)", "-3*V",
        "V - -3", "V - (-3)", "V + -3", "3 - (V - 1)", "3 - (V + 1)", "3 - V - 1", "2*(V + 1)", "(V + 1)*2",
        "V*2*3", "V/2/3",
        "V/(2/3)", "(V/2)**2", "V**2/3", "2**(V/40)", "(V/100 + 3)**(V/100)", "1e20*V", "V*1e20", "1e-7*V",
        "1e-7**2*V", "V*pi",
        "2*pi*V", "1e5*1e15*V", "--V", "-(-V)", "-(V + 1)", "-(V*2)", "-(V/2)", "(V**2)**3", "V**-1", "V/-2",
        "(-2)*V", "-2*-V",
        "abs(-V)", "abs(-abs(V))", "exp(-V/50)*exp(V/50)", "2*3**(V/100)", "V*0.5e-3", "(1e20)**(V/100)",
        "(V*1e-7)**2", "-(-(-V))",
        "1 - -V", "1 - (-V + 2)", "(1 - V)*(2 - V)", "(V + 1)/(V*V + 2)*3", "-(V - 1)**2", "2*(-V)",
        "V*(-V)", "2*(-V)**2",
    ],
)  # fmt: skip
def test_latex_of_an_expression_means_the_same(text: str) -> None:
    for x in (-93.25, -1.5, 0.75, 61.75):
        check(text, x)


@pytest.mark.parametrize("name", natrium.CHANNELS)
def test_latex_of_a_neuron_holds_every_rate(name: str) -> None:
    channel = natrium.CHANNELS[name]
    pool = natrium.Calcium(0.0, 13.3, 0.01, [channel.name]) if channel.reads_calcium else None
    text = natrium.latex(natrium.Neuron(channels=[channel], calcium=pool))
    for gate in channel.gates:
        x = rf"{gate.name}_{{\mathrm{{{channel.name}}}}}"
        rates = {
            rf"\alpha_{{{x}}}": gate.alpha,
            rf"\beta_{{{x}}}": gate.beta,
            rf"{x}^{{\infty}}": gate.inf,
            rf"\tau_{{{x}}}": gate.tau,
        }
        for symbol, rate in rates.items():
            of = "(V, Ca)" if rate is not None and rate.reads_calcium else "(V)"
            lines = [line for line in text.split("\n") if line.startswith(rf"{symbol}{of} &= ")]
            if rate is None:
                assert not lines
                continue
            (line,) = lines
            formula = line.split("&= ")[1].removesuffix(r" \\")
            assert formula == rate.latex
            if rate.reads_calcium:
                continue
            for V in (-90.0, -55.5, 20.0):
                assert read(formula, V) == pytest.approx(float(meaning(rate.text, V)[0]), rel=1e-9)


def test_latex_of_a_plain_neuron() -> None:
    assert natrium.latex(natrium.Neuron()).split("\n") == [
        r"\begin{align}",
        r"\tau_m \frac{dV}{dt} &= -(V - v_{\mathrm{rest}}) + I(t) \\",
        r"V &\ge v_{\mathrm{thresh}}: \quad V \leftarrow v_{\mathrm{reset}} \text{ for } \tau_{\mathrm{ref}}",
        r"\end{align}",
    ]


def test_latex_of_both_kinds_of_gates() -> None:
    rates = natrium.Gate("m", 3, alpha="V**2", beta="2")
    steady = natrium.Gate("s", inf="1/(1 + exp(-V/10))", tau="3")
    channels = [natrium.Channel("Na_p", 1.0, 50.0, [rates, steady]), natrium.Channel("leak", 1.0, -60.0)]
    lines = natrium.latex(natrium.Neuron(channels=channels)).split("\n")
    na = r"\mathrm{Na\_p}"
    m, s = (rf"{name}_{{{na}}}" for name in "ms")
    assert lines[1] == (
        r"\tau_m \frac{dV}{dt} &= -(V - v_{\mathrm{rest}}) + I(t)"
        rf" + g_{{{na}}} {m}^{{3}} {s} (E_{{{na}}} - V)"
        r" + g_{\mathrm{leak}} (E_{\mathrm{leak}} - V) \\"
    )
    assert lines[2:8] == [
        rf"\frac{{d{m}}}{{dt}} &= \alpha_{{{m}}}(V) (1 - {m}) - \beta_{{{m}}}(V) \, {m} \\",
        rf"\alpha_{{{m}}}(V) &= V^{{2}} \\",
        rf"\beta_{{{m}}}(V) &= 2 \\",
        rf"\frac{{d{s}}}{{dt}} &= \frac{{{s}^{{\infty}}(V) - {s}}}{{\tau_{{{s}}}(V)}} \\",
        rf"{s}^{{\infty}}(V) &= \frac{{1}}{{1 + e^{{\frac{{-V}}{{10}}}}}} \\",
        rf"\tau_{{{s}}}(V) &= 3 \\",
    ]


@pytest.mark.parametrize("name", ["m_1", "a_b_c", "x" * 40])
def test_braces_balance_whatever_the_names(name: str) -> None:
    gate = natrium.Gate(name, 2, alpha="1", beta="1")
    text = natrium.latex(natrium.Neuron(channels=[natrium.Channel(name, 1.0, 0.0, [gate])]))
    depth = 0
    for character in text.replace(r"\{", "").replace(r"\}", ""):
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    assert "_1_" not in re.sub(r"\\_", "", text)
    # An underscore of a name is no subscript: TeX refuses two subscripts in a row.
    assert not re.search(r"(?<!\\)_[A-Za-z0-9]+_[A-Za-z0-9{]", text)


V, w, I, tau_w = sympy.symbols("V w I tau_w", real=True)


def test_latex_of_own_equations_is_the_system_s() -> None:
    cell = natrium.HybridNeuron(
        equations={"V": -w + I, "w": (V - w) / tau_w},
        initial={"V": -70.0, "w": 0.0},
        parameters={"tau_w": 50.0},
        v_thresh=30.0,
        reset={"V": -65.0, "w": w + 8},
    )
    assert natrium.latex(cell).split("\n")[1:-1] == [
        r"\frac{dV}{dt} &= I(t) - w \\",
        r"\frac{dw}{dt} &= \frac{V - w}{\tau_{w}} \\",
        r"V &\ge v_{\mathrm{thresh}}: \quad V \leftarrow -65.0, w \leftarrow w + 8"
        r" \text{ for } \tau_{\mathrm{ref}}",
    ]


def test_without_a_threshold_nothing_is_reset() -> None:
    assert "leftarrow" not in natrium.latex(natrium.Neuron(v_thresh=None))


def test_equations_that_are_text_are_printed_as_they_are_written() -> None:
    text = natrium.latex(natrium.loads(template("hodgkin-huxley")).neuron)
    assert "exprel" not in text
    assert r"\frac{0.1 \, \left(V + 40\right)}{1 - e^{\frac{-\left(V + 40\right)}{10}}}" in text
    assert r"g_{Na} \, m^{3} \, h" in text
    assert text.endswith("V &\\ge v_{\\mathrm{thresh}}: \\quad \\text{a spike}\n\\end{align}")


def test_a_synapse_rises_by_a_variable_of_its_own_or_at_once() -> None:
    at_once, rises = (
        natrium.latex(natrium.Neuron(synapses=[natrium.Synapse("e", 1.0, 0.0, decay=5.0, rise=rise)]))
        for rise in (None, 1.0)
    )
    for text in (at_once, rises):
        assert r"\frac{ds_{\mathrm{e}}}{dt} &= " in text
        assert r"\tau^{decay}_{\mathrm{e}}" in text
    for part in (r"\frac{dx_{\mathrm{e}}}{dt} &= ", r"\tau^{rise}_{\mathrm{e}}"):
        assert part in rises
        assert part not in at_once
