"""The input that holds a voltage, and its slope."""

import pytest

import natrium
from natrium.analysis.equilibria.steady_input import steady_input


def test_the_power_of_a_clipped_line_has_a_slope_where_it_is_zero():
    gate = natrium.Gate("m", 3, inf="min(max((V + 60)/40, 0), 1)")
    cell = natrium.Neuron(channels=[natrium.Channel("Na", 60.0, 50.0, [gate])])
    I, slope = (steady_input(cell)(-40.0, order) for order in (0, 1))
    assert pytest.approx(30.0 - 60.0 * 0.125 * 90.0) == I
    assert pytest.approx(1.0 - 60.0 * (3.0 * 0.25 / 40.0 * 90.0 - 0.125)) == slope
    assert (steady_input(cell)(-100.0, 1), steady_input(cell)(0.0, 1)) == (1.0, 61.0)


def test_a_refusal_writes_branches_as_a_model_file_does():
    neuron = natrium.HybridNeuron(
        equations={"V": "(-V - w + I)/10", "w": "where(V > 5, 1 - w**3, exp(V/9) - w)"},
        initial={"V": 0.0, "w": 0.0},
        v_thresh=20.0,
        reset={"V": 0.0},
    )
    with pytest.raises(natrium.UnsupportedModel, match=r"got where\(.*exp\(") as told:
        steady_input(neuron)
    assert "choose" not in str(told.value)


def test_a_cell_without_an_input_is_told_to_take_one():
    deaf = natrium.HybridNeuron(equations={"V": "-V/10"}, initial={"V": 0.0})
    with pytest.raises(natrium.UnsupportedModel, match="it has no input: add I to it"):
        steady_input(deaf)
