"""How steep the exponentials of a program are, those that are written as squares of others among them."""

import pytest

import natrium
from natrium.solvers.compiled.taylor.layout import Layout
from natrium.solvers.compiled.taylor.lowering import taylor_program

SQUARED = natrium.HybridNeuron(
    equations={"V": "-(V + exp(-V/8)/(1 + exp(-V/4)))/10 + I"}, initial={"V": -1.0}
)


@pytest.mark.parametrize(
    ("neuron", "weights"),
    [
        (SQUARED, [-1 / 8, -1 / 4]),
        # Of the rates' exp(-V/20), exp(-V/18) and exp(-V/10).
        (natrium.notebook.lif_na().neuron, [-1 / 20, -1 / 18, -1 / 10]),
    ],
    ids=["alone", "sodium"],
)
def test_a_square_is_twice_as_steep(neuron, weights):
    (found,) = Layout(taylor_program(neuron.system.structure), near=True).growths().values()
    assert sorted(map(float, found)) == pytest.approx(sorted(weights), rel=1e-15)
