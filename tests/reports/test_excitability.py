"""The report on excitability: what it shows of a cell."""

import natrium
from natrium.model.files.new import template
from natrium.reports.excitability import _without_unit, usual_inputs


def test_inputs_without_a_unit_are_headed_by_their_name():
    rows = [{"input_mV": 800.0, "rate_Hz": 15.0}, {"amplitude_mV": 2.0, "amplitude_error_mV": 0.1}]
    assert [list(row) for row in _without_unit(rows)] == [
        ["input", "rate_Hz"],
        ["amplitude", "amplitude_error"],
    ]


def test_rates_are_shown_on_the_scale_of_the_equations():
    """FitzHugh and Nagumo's numbers have no unit: an axis up to 15 would show next to nothing."""
    own = natrium.loads(template("fitzhugh-nagumo")).neuron
    inputs = usual_inputs(own, 0.3242)
    assert 0.2 < inputs[0] < 0.3242 < inputs[-1] < 1.0
    assert usual_inputs(natrium.Neuron(), 0.3242)[-1] > 15.0
    assert usual_inputs(own, 0.0)[-1] == 15.0
