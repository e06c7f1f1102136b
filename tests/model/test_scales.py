"""What a neuron's numbers are in is told by its equations."""

import pytest

import natrium
from natrium.model.files.new import template, template_names
from natrium.model.scales import _state_scales, scales_of, size_of, state_scales, system_scales, usual_step
from tests.analysis.in_units import in_units
from tests.coupled import coupled_compartments


def neuron_of(name):
    return natrium.loads(template(name)).neuron


@pytest.mark.parametrize("name", template_names())
def test_templates_are_in_mV_and_ms(name):
    neuron = neuron_of(name)
    scales = scales_of(neuron)
    assert (scales.V, scales.time) == (1.0, 1.0)
    assert scales.states == state_scales(neuron)
    assert len(scales.states) == len(neuron.system.states)
    assert scales.input == 1.0 or not neuron.of_channels


@pytest.mark.parametrize(
    "name", ["adex", "izhikevich", "morris-lecar", "hodgkin-huxley", "exponential", "quadratic"]
)
def test_volts_amperes_and_seconds_are_told(name):
    neuron = neuron_of(name)
    others = {label: 1e-12 for label in ("w", "u") if name != "morris-lecar"}
    other = scales_of(in_units(neuron, {"V": 1e-3} | others, 1e-12, 1e-3))
    ours = scales_of(neuron)
    assert (other.V, other.time) == (1e-3, 1e-3)
    assert other.input == pytest.approx(1e-12 * ours.input, rel=1e-6)
    for label, one in zip(neuron.system.labels[1:], other.states[1:], strict=True):
        assert one == pytest.approx(others.get(label, 1.0))


def test_a_cell_between_zero_and_one_is_in_no_volts():
    """FitzHugh-Nagumo's V, McKean's, a normalised leak: of size 1, whatever they are in."""
    for flow in ("V - V**3/3 - w + I", "V*(V - 0.25)*(1 - V) - w + I", "-V + I - w"):
        cell = natrium.HybridNeuron(
            equations={"V": flow, "w": "0.08*(V + 0.7 - 0.8*w)"}, initial={"V": 0.1, "w": 0.0}
        )
        assert scales_of(cell).V == scales_of(cell).time == 1.0


def test_where_nothing_is_told_the_start_does():
    cell = natrium.HybridNeuron(equations={"V": "I"}, initial={"V": -0.07})
    assert scales_of(cell).V == 1e-3
    assert system_scales(cell.system) == (1.0,)
    still = natrium.HybridNeuron(equations={"V": "I"}, initial={"V": 0.0})
    assert scales_of(still).V == 1.0
    assert scales_of(still).input == pytest.approx(1.0)


def test_the_scales_are_no_matter_of_the_start():
    neuron = neuron_of("adex")
    assert state_scales(neuron.started([-50.0, 400.0])) == state_scales(neuron)


def test_equations_that_cannot_be_evaluated_somewhere_are_told_elsewhere():
    cell = natrium.HybridNeuron(
        equations={"V": "-(V + 65) - w + I", "w": "sqrt(V + 80) - w"},
        initial={"V": -65.0, "w": 3.0},
    )
    assert scales_of(cell).states == (1.0, 1.0)


def test_relative_steps_of_a_parameter():
    assert [size_of(value) for value in (0.0, 0.5, -40.0, 2e-10)] == [1.0, 1.0, 40.0, 2e-10]


def test_an_input_s_width_is_of_the_largest():
    scales = scales_of(neuron_of("lif"))
    assert scales.of_input() == 1.0
    assert scales.of_input(-3.0, 0.5) == 3.0


def test_they_are_found_once_for_all_starts():
    """A cell without a threshold is measured from its start: other starts need no other scales."""
    neuron = natrium.HybridNeuron(
        equations={"V": "V - V**3/3 - w + I", "w": "0.08*(V + 0.7 - 0.8*w)"}, initial={"V": 0.0, "w": 0.0}
    )
    state_scales(neuron)
    before = _state_scales.cache_info().misses
    for V in (0.1, 0.2, -1.0):
        assert state_scales(neuron.started([V, 0.5])) == (1.0, 1.0)
    assert _state_scales.cache_info().misses == before


def test_states_that_hang_on_each_other_make_no_step_of_nothing():
    coupled = coupled_compartments()
    assert usual_step(coupled, 0.1, 40.0) == 40.0 / 20_000
    assert usual_step(coupled, 0.1, 1e9) == 0.1
    assert usual_step(natrium.Neuron(), 0.1, 1e6) == usual_step(natrium.Neuron(), 0.1, None) == 0.1


def test_a_start_that_a_decay_has_left_tells_no_scale():
    """Of a state that only its start tells: 1e-310 is no unit, and tolerances relative to it are none."""
    equations = {"V": "-(V + 70) - w + I", "w": "-0.02*w"}
    sizes = {
        start: state_scales(natrium.HybridNeuron(equations=equations, initial={"V": -70.0, "w": start}))[1]
        for start in (1e-3, 1e-12, 1e-19, 1e-310)
    }
    assert sizes[1e-3] == pytest.approx(1e-3)
    assert 0.0 < sizes[1e-12] <= 1e-12
    assert sizes[1e-19] == sizes[1e-310] == 1.0
