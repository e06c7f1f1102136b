"""Neurons opened: the same flow by equations that do not change with the values."""

import pytest

import natrium
from natrium.model.opened import opened


def gated(v_half):
    with natrium.constants({"v_half": v_half}):
        gate = natrium.Gate("p", inf="1/(1 + exp((v_half - V)/5))", tau="3 + exp(v_half/100)")
    return natrium.Neuron(channels=[natrium.Channel("P", 2.0, 50.0, [gate])])


def test_its_equations_are_the_same_for_all_values():
    one, other = (opened(gated(v_half), ("v_half",)) for v_half in (-40.0, -30.0))
    assert one.system.structure == other.system.structure
    assert one.system.values != other.system.values
    assert one.changed({"v_half": -30.0}) == other
    for neuron, plain in ((one, gated(-40.0)), (other, gated(-30.0))):
        mine, its = natrium.lower(neuron.system), natrium.lower(plain.system)
        assert neuron.initial_state() == pytest.approx(plain.initial_state(), rel=1e-14)
        assert mine.steady(-47.0) == pytest.approx(its.steady(-47.0), rel=1e-14)
        assert mine.relaxation(-47.0) == pytest.approx(its.relaxation(-47.0), rel=1e-14)


def test_where_nothing_is_inside_it_is_itself():
    plain = natrium.Neuron()
    assert opened(plain, ()) is plain
    own = natrium.HybridNeuron(equations={"V": "a*V + I"}, parameters={"a": -1.0}, initial={"V": 0.0})
    assert opened(own, ("a",)) is own
