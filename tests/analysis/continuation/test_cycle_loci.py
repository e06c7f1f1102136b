"""What happens on cycles in two parameters, against curves in closed form."""

import attrs
import numpy as np
import pytest

import natrium
from natrium import continue_cycle, limit_cycle
from natrium.analysis.continuation.axis import axis_of
from natrium.analysis.continuation.cycle_loci import cycle_locus_from
from natrium.analysis.cycle.smooth_cycle import smooth_cycle

# Between resets w comes back to where it was, by a fifth off on the way; a reset carries it to a w (1 - w) - k.
LOGISTIC = natrium.HybridNeuron(
    equations={"V": "0.1 + I", "w": "0.2*(0.5 - V)"},
    parameters={"a": 2.5, "k": 0.0},
    initial={"V": 0.0, "w": 0.6},
    v_thresh=1.0,
    reset={"V": "0", "w": "a*w*(1 - w) - k"},
)
# Cycles of radius r with mu + nu r^2 - r^4 = 0.
BAUTIN = natrium.HybridNeuron(
    equations={
        "V": "V*(mu + nu*(V**2 + w**2) - (V**2 + w**2)**2) - w + I",
        "w": "w*(mu + nu*(V**2 + w**2) - (V**2 + w**2)**2) + V",
    },
    parameters={"mu": -0.1, "nu": 1.0},
    initial={"V": 0.9, "w": 0.0},
)

AT = {"a": 2.5, "I": 0.0, "nu": 1.0, "mu": -0.1}  # the parameters' own values


def followed(neuron, kind, first, second, ranges):
    """Follow what is met along one parameter in a second one."""
    start = limit_cycle(neuron, 0.0) if neuron.fires else smooth_cycle(neuron, 0.0)
    branch = continue_cycle(start, first, between=ranges[0])
    special = next(one for one in branch.special if one.kind == kind)
    return cycle_locus_from(special, axis_of(neuron, 0.0, second), ranges)


@pytest.mark.parametrize(("kind", "multiplier"), [("fold of cycles", 1.0), ("period doubling", -1.0)])
def test_curves_of_a_map_in_closed_form(kind, multiplier):
    """At w = (1 - m / a) / 2 the map's slope is m."""
    neuron = LOGISTIC.changed({"k": 0.1})
    found = followed(neuron, kind, "a", "k", ((1.2, 4.0), (0.0, 0.3)))
    assert np.ptp(found.y) > 0.25
    w = 0.5 * (1.0 - multiplier / found.x)
    np.testing.assert_allclose(found.y, found.x * w * (1.0 - w) - w, rtol=0.0, atol=1e-9)
    np.testing.assert_allclose(found.states[:, 0], w, rtol=0.0, atol=1e-8)


def test_folds_of_smooth_cycles_in_closed_form():
    """Both radii are one at mu = -nu^2 / 4, with r^2 = nu / 2."""
    found = followed(BAUTIN, "fold of cycles", "mu", "nu", ((-0.4, -0.01), (0.5, 1.2)))
    assert np.ptp(found.y) > 0.5
    np.testing.assert_allclose(found.x, -0.25 * found.y**2, rtol=0.0, atol=1e-9)
    np.testing.assert_allclose(found.frequencies, 1000.0 / (2.0 * np.pi), rtol=1e-9)


def test_an_end_is_no_curve():
    point = natrium.analysis.continuation.branch.SpecialPoint(
        "last cycle", "a", 1.0, 0.0, 1.0, 0.0, np.array([1.0 + 0j]), np.nan, True
    )
    assert cycle_locus_from(point, axis_of(LOGISTIC, 0.0, "k"), ((0.0, 1.0), (0.0, 1.0))) is None


@pytest.mark.parametrize(
    ("neuron", "names"), [(LOGISTIC, ("a", "I")), (BAUTIN, ("nu", "mu"))], ids=["spikes", "smooth"]
)
def test_a_cycle_is_differentiated_by_two_parameters_at_once_as_by_each(neuron, names):
    cycle = limit_cycle(neuron, 0.0) if neuron.fires else smooth_cycle(neuron, 0.0)
    point = continue_cycle(cycle, names[0], between=(0.99 * AT[names[0]], 1.01 * AT[names[0]])).points[0]
    problem, z = point.problem, np.append(point.z[:-1], AT[names[0]])
    first, second = (axis_of(neuron, 0.0, name) for name in names)
    both = attrs.evolve(problem, axis=attrs.evolve(first, others=(second,))).evaluate(z).jacobian
    alone = [
        attrs.evolve(problem, axis=axis).evaluate(np.append(z[:-1], AT[axis.name])).jacobian
        for axis in (first, second)
    ]
    np.testing.assert_allclose(both[:, :-1], alone[0], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(both[:, -1], alone[1][:, -1], rtol=1e-9, atol=1e-11)
