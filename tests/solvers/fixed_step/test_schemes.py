"""The step as a script writes it: Python's floats and NumPy's give the same doubles."""

import attrs
import numpy as np
import pytest

import natrium
from natrium.solvers.fixed_step import schemes
from natrium.solvers.fixed_step.schemes import Flow


def is_plain(name):
    try:
        return natrium.Neuron(channels=[natrium.CHANNELS[name]]).is_plain
    except natrium.ModelError:  # it reads a calcium that is not there
        return False


PLAIN = [name for name in natrium.CHANNELS if is_plain(name)]


def neuron_with(name):
    return natrium.Neuron(channels=[natrium.CHANNELS[name]], v_thresh=40.0)


def stepped(neuron, flow, y, steps=40, h=0.05):
    found = [y]
    for k in range(steps):
        y = schemes.SCHEMES["sequential-euler"].step(flow, y, h, lambda s, k=k: 10.0 + 3.0 * (k % 7))
        found.append(y)
    return np.array(found)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("V", [-71.3, -40.0, -25.0, 33.0])
def test_both_give_the_same_doubles(name, V):
    """-40 mV and the like are where some rates are 0/0 as written: there Python's floats raise."""
    neuron = neuron_with(name)
    flow = Flow.of(neuron)
    y = np.array(neuron.initial_state())
    y[0] = V
    with np.errstate(all="ignore"):
        one, other = stepped(neuron, flow, y), stepped(neuron, attrs.evolve(flow, on_floats=None), y)
    np.testing.assert_array_equal(one, other)  # NaN for NaN
    known = ~np.isnan(one)
    assert one[known].tobytes() == other[known].tobytes()


def test_most_channels_are_stepped_on_floats():
    """Those with powers of other than whole numbers are not."""
    found = {name for name in PLAIN if Flow.of(neuron_with(name)).on_floats is not None}
    assert {"notebook_sodium_1", "notebook_sodium_2"} <= found
    assert len(found) > 0.8 * len(PLAIN)


def test_a_rate_with_branches_stays_with_numpy():
    gate = natrium.Gate("m", 1, inf="where(V < -50, 0.1, 0.9)", tau="1 + 0*V")
    neuron = natrium.Neuron(channels=[natrium.Channel("X", g=1.0, E=50.0, gates=[gate])])
    assert Flow.of(neuron).on_floats is None


def test_where_a_float_raises_numpy_says_what_it_is():
    """1/0 is infinite, and 1/(1 + inf) zero: no error of the state."""
    gate = natrium.Gate("m", 1, alpha="1/(1 + exp(-V/20))", beta="1/(1 + exp(V/20))")
    neuron = natrium.Neuron(channels=[natrium.Channel("X", g=1.0, E=50.0, gates=[gate])])
    flow = Flow.of(neuron)

    def refused(*values):
        raise ZeroDivisionError

    broken = attrs.evolve(flow, on_floats=refused)
    y = np.array(neuron.initial_state())
    assert stepped(neuron, broken, y).tobytes() == stepped(neuron, flow, y).tobytes()
