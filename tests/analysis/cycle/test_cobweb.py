"""The return map in one direction: its slope is the multiplier, its orbit the neuron's own."""

import attrs
import numpy as np
import pytest
import sympy

from natrium.analysis.cycle.cobweb import cobweb
from natrium.analysis.cycle.limit_cycle import limit_cycle
from natrium.analysis.cycle.orbits import spikes_of
from natrium.model import Calcium, Channel, Gate, HybridNeuron, Ions, ModelError, Neuron, NotDefined, notebook
from natrium.model.expressions.expression import CALCIUM

NA = notebook.lif_na().neuron
V, w, I = sympy.symbols("V w I", real=True)


def adex(v_reset, v_init=-70.6):
    """Touboul & Brette 2008, doi 10.1007/s00422-008-0267-4, figure 8B."""
    return HybridNeuron(
        equations={
            "V": (-30.0 * (V + 70.6) + 60.0 * sympy.exp((V + 50.4) / 2.0) - w + I) / 281.0,
            "w": (4.0 * (V + 70.6) - w) / 40.0,
        },
        initial={"V": v_init, "w": 200.0},
        v_thresh=-40.4,
        reset={"V": v_reset, "w": w + 80.0},
    )


@pytest.fixture(scope="module")
def cycle():
    return limit_cycle(NA, 10.0, start=[0.15, 0.4])


def test_the_slowest_gate_has_the_multiplier_as_its_slope(cycle):
    web = cobweb(cycle, points=9, steps=4)
    assert web.name == "Na.h"
    assert web.follows
    assert (web.x[0], web.x[-1], web.x.size) == (0.0, 1.0, 9)
    assert np.all(np.diff(web.x) > 0.0)
    assert web.slope == pytest.approx(cycle.multipliers[0].real, rel=1e-9)
    assert web.others.min() >= 0.0
    near = cobweb(cycle, points=3, steps=1, span=(web.fixed[0] - 1e-3, web.fixed[0] + 1e-3))
    measured = (near.image[-1] - near.image[0]) / 2e-3
    assert measured == pytest.approx(cycle.largest_multiplier, rel=1e-4)
    assert near.image[1] == pytest.approx(web.fixed[0], abs=1e-8)


def test_the_orbit_begins_with_the_start_where_that_is_a_reset(cycle):
    after = [event.after[2] for event in spikes_of(cycle.map, 3)]
    np.testing.assert_allclose(cobweb(cycle, points=2, steps=3).orbit, [1.0, *after])
    clamped = limit_cycle(attrs.evolve(NA, refractory="clamp"), 10.0, start=[0.15, 0.4])
    assert cobweb(clamped, points=2, steps=3).orbit.size == 3


def test_another_gate_with_the_others_held(cycle):
    web = cobweb(cycle, "Na.m", points=3, steps=2)
    assert not web.follows
    np.testing.assert_array_equal(web.others[:, 1], cycle.states[0, 1])
    assert web.slope == pytest.approx(cycle.jacobian[0, 0])
    expected = cycle.map(web.others[1]).after[0]
    assert web.image[1] == pytest.approx(expected, abs=1e-7)


def test_a_cycle_of_two_with_its_points_on_the_map():
    cycle = limit_cycle(adex(-48.3), 800.0, 2)
    web = cobweb(cycle, points=25, steps=6)
    np.testing.assert_allclose(np.sort(web.fixed), [295.12, 332.87], atol=0.01)
    assert web.x[0] < web.orbit.min()
    assert web.orbit.max() < web.x[-1]
    # Each point of the full orbit lies on the map, as w is all that is free.
    np.testing.assert_allclose(np.interp(web.orbit[:-1], web.x, web.image), web.orbit[1:], atol=1.0)
    # Half of the points are where the map bends.
    assert np.diff(web.x).min() < 0.6 * np.diff(web.x).max()


def test_silence_is_a_gap():
    """From a strong enough adaptation the cell does not fire again for long."""
    mapped = limit_cycle(adex(-48.3), 800.0, 2, longest=60.0)
    web = cobweb(mapped, points=4, steps=2, span=(300.0, 3000.0))
    assert np.isnan(web.image[-1])
    assert np.isfinite(web.image[0])


def test_a_reset_that_leaves_V_free():
    shift = HybridNeuron(
        equations={"V": (-(V + 70.0) + I) / 10.0},
        initial={"V": -70.0},
        v_thresh=-55.0,
        reset={"V": V - 10.0},
    )
    web = cobweb(limit_cycle(shift, 20.0), points=3, steps=2)
    assert web.name == "V"
    assert web.x[-1] < -55.0
    np.testing.assert_allclose(web.image, -65.0, atol=1e-9)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"name": "Na.x"}, "Na.m, Na.h, got 'Na.x'"),
        ({"span": (1.0, 0.0)}, "from low to high"),
        ({"points": 1}, "points"),
        ({"steps": 0}, "steps"),
    ],
)
def test_what_cannot_be_is_refused(cycle, options, told):
    with pytest.raises(ModelError, match=told):
        cobweb(cycle, **options)


def test_the_lif_has_none():
    with pytest.raises(ModelError, match="no channels"):
        cobweb(limit_cycle(Neuron(), 20.0))


def test_from_where_the_equations_have_no_value_nothing_is_mapped():
    """Without calcium inside, its Nernst potential is infinite."""
    gate = Gate("m", inf="1/(1 + exp(-(V + 45)/6))", tau="1.2")
    channel = Channel("Ca", 0.5, gates=[gate], nernst=Ions(2, CALCIUM, 2000.0, 34.0))
    pool = Calcium(rest=0.05, tau=60.0, factor=2e-3, channels=["Ca"])
    cycle = limit_cycle(Neuron(channels=[channel], calcium=pool), 30.0)
    web = cobweb(cycle, CALCIUM, points=3, steps=2, span=(0.0, 0.2))
    assert np.isfinite(web.image).tolist() == [False, True, True]
    with pytest.raises(NotDefined, match=r"not finite at t = 0 ms, V = -70 mV, .*Ca = 0;"):
        cycle.map([0.5, 0.0])
