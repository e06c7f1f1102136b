"""How a program is written, where that costs more or less and changes no value."""

import sympy

import natrium
from natrium.solvers.compiled.taylor.lowering import taylor_program
from natrium.solvers.compiled.taylor.series import _affine

V, x, y = sympy.symbols("V x y", real=True)


def test_a_gate_s_rate_is_one_product_with_its_state() -> None:
    alpha, beta = sympy.exp(V / 9), 1 / (1 + sympy.exp(-V))
    rate = _affine(alpha * (1 - x) - beta * x, (V, x, y))
    assert sum(term.has(x) for term in rate.args) == 1
    assert sympy.expand(rate - (alpha * (1 - x) - beta * x)) == 0


def test_an_exponential_of_twice_the_argument_is_a_square() -> None:
    """Whichever comes first."""
    for first, second in (("exp(V/9)", "exp(V/18)"), ("exp(V/18)", "exp(V/9)")):
        neuron = natrium.HybridNeuron(
            equations={"V": f"{first} - V + I", "w": f"{second} - w"},
            initial={"V": 0.0, "w": 0.0},
            v_thresh=1.0,
            reset={"V": "0"},
        )
        kinds = [node.kind for node in taylor_program(neuron.system.structure).nodes]
        assert kinds.count("exp") == 1


def test_what_another_state_drives_stays_as_it_is() -> None:
    for rate in (x * y - x, y - x, x**2 - V):
        assert _affine(rate, (V, x, y)) == rate
