"""Planes of own equations, in their own units: two states are their own plane, more are reduced."""

import attrs
import numpy as np
import pytest

import natrium
from natrium.model.files.new import template

FHN = natrium.loads(template("fitzhugh-nagumo")).neuron
LECAR = natrium.loads(template("morris-lecar")).neuron
ADEX = natrium.loads(template("adex")).neuron
SQUID = natrium.loads(template("hodgkin-huxley")).neuron


@pytest.fixture(scope="module")
def fhn():
    return natrium.phase_plane(FHN, 0.5, t_end=100.0, horizon=100.0)


@pytest.fixture(scope="module")
def lecar():
    return natrium.phase_plane(LECAR, 38.0, t_end=200.0, horizon=300.0)


def test_nullclines_are_those_by_hand(fhn):
    (cubic,) = fhn.V_nullcline
    assert cubic[1] == pytest.approx(cubic[0] - cubic[0] ** 3 / 3 + 0.5, abs=1e-12)
    V, w = fhn.x_nullcline
    assert w == pytest.approx((V + 0.7) / 0.8, abs=1e-12)
    assert np.abs(np.diff(cubic[0])).max() < 0.02
    assert fhn.V_range[0] < -2.0
    assert fhn.V_range[1] > 2.0


def test_equilibria_are_those_of_the_cell(lecar):
    own = natrium.equilibria(LECAR, 38.0)
    assert [point.kind for point in lecar.equilibria] == [point.kind for point in own]
    assert [point.V for point in lecar.equilibria] == pytest.approx([point.V for point in own], abs=1e-9)
    for point, other in zip(lecar.equilibria, own, strict=True):
        assert point.x == pytest.approx(other.state[1], abs=1e-11)
        assert sorted(point.eigenvalues.real) == pytest.approx(sorted(other.eigenvalues.real), rel=1e-8)
    saddle = lecar.equilibria[1]
    J = lecar.plane.jacobian(saddle.V, saddle.x, 38.0)
    assert J @ saddle.eigenvectors == pytest.approx(saddle.eigenvectors * saddle.eigenvalues, abs=1e-9)


def test_manifolds_follow_the_flow(lecar):
    """Along each curve the direction is that of the field, in units of the range shown."""
    spans = np.array([np.ptp(lecar.V_range), np.ptp(lecar.x)])[:, None]
    assert len(lecar.manifolds) == 4
    for half in lecar.manifolds:
        step = np.diff(half.points[:, 5:-5], axis=1) / spans
        middle = 0.5 * (half.points[:, 5:-6] + half.points[:, 6:-5])
        flow = lecar.plane.rhs(*middle, 38.0) / spans
        sine = (
            (step[0] * flow[1] - step[1] * flow[0])
            / np.linalg.norm(step, axis=0)
            / np.linalg.norm(flow, axis=0)
        )
        assert np.median(np.abs(sine)) < 1e-3


def test_certain_spikes_are_those_of_runs(lecar):
    picks = np.random.default_rng(3).integers(0, lecar.certain.mask.size, 24)
    rows, columns = np.unravel_index(picks, lecar.certain.mask.shape)
    wrong = 0
    for row, column in zip(rows, columns, strict=True):
        start = [lecar.certain.V[column], lecar.certain.x[row]]
        if start[0] >= 0.0:
            continue
        run = natrium.simulate(LECAR.started(start), natrium.Constant(38.0), t_end=300.0)
        wrong += (run.n_spikes > 0) != lecar.certain.mask[row, column]
    assert wrong <= 1  # a point of the grid on the separatrix itself


def test_a_reset_and_what_goes_on_while_refractory():
    plane = natrium.planar(ADEX)
    w = np.array([0.0, 50.0, 150.0])
    # a (E_L - E_L) = 0 while V stands at E_L: w decays for 2 ms from w + b.
    assert plane.release(w) == pytest.approx((w + 80.5) * np.exp(-2.0 / 144.0), rel=1e-13)
    shown = natrium.phase_plane(ADEX, 800.0, t_end=100.0, horizon=100.0)
    assert (shown.v_reset, shown.v_thresh, shown.is_whole, shown.passes) == (-70.6, 0.0, True, False)
    assert shown.error.V_before == 0.0
    for jump in shown.projections[0].jumps:
        assert jump.after == pytest.approx([-70.6, jump.before[1] + 80.5])


def test_an_input_outside_v_s_equation_moves_the_other_nullcline():
    """V + V^2 / 10 = w with w at V + I, then with z at I - V / 20 beside it."""
    two = natrium.HybridNeuron(
        equations={"V": "-V + V**2/10 - w", "w": "(I + V - w)/20"}, initial={"V": 0.0, "w": 0.0}
    )
    shown = natrium.phase_plane(two, 3.0, t_end=50.0)
    expected = 10.0 + np.array([-1.0, 1.0]) * np.sqrt(130.0)
    assert [point.V for point in shown.equilibria] == pytest.approx(expected)
    assert [point.x for point in shown.equilibria] == pytest.approx(expected + 3.0)
    assert shown.x_nullcline[1] == pytest.approx(shown.x_nullcline[0] + 3.0)
    with pytest.raises(natrium.ModelError, match="I must be given"):
        shown.plane.x_null(0.0)
    three = attrs.evolve(
        two,
        equations={"V": "-V + V**2/10 - w + z", "w": "(V - w)/20", "z": "(I - z)/5 - 0.01*V"},
        initial={"V": 0.0, "w": 0.0, "z": 0.0},
    )
    plane = natrium.planar(three, "w")
    assert plane.gates(2.0, 0.5, 3.0) == pytest.approx([0.5, 2.9])
    assert plane.rhs(2.0, 0.5, 3.0) == pytest.approx([-2.0 + 0.4 - 0.5 + 2.9, 1.5 / 20.0])
    assert natrium.simulate(plane.reduced, natrium.Constant(3.0), t_end=1.0).y.shape[0] == 2


def test_of_more_states_the_others_are_at_steady_state_or_held():
    plane = natrium.planar(SQUID, "n")
    assert plane.members == ("n",)
    V = np.linspace(-80.0, 20.0, 11)
    gates = natrium.Neuron(channels=[natrium.CHANNELS["hh_sodium"]])
    m, h = np.array([natrium.lower(gates.system).steady(v) for v in V.tolist()]).T
    expected = 10.0 - 120 * m**3 * h * (V - 50) - 36 * 0.4**4 * (V + 77) - 0.3 * (V + 54.387)
    assert plane.rhs(V, 0.4, 10.0)[0] == pytest.approx(expected, rel=1e-9)
    held = natrium.planar(SQUID, "m", reduction="slice", held={"h": 0.6, "n": 0.32})
    assert held.rhs(-60.0, 0.1, 0.0)[0] == pytest.approx(
        -120 * 0.1**3 * 0.6 * -110 - 36 * 0.32**4 * 17 - 0.3 * -5.613, rel=1e-12
    )
    reduced = natrium.simulate(held.reduced, natrium.Constant(10.0), t_end=5.0)
    assert reduced.names == ("V", "m")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"x": "z"}, "x must be one of the states w"),
        ({"reduction": "common"}, "'steady' or 'slice' for own equations"),
        ({"reduction": "slice", "held": {"z": 1.0}}, "held must give a value to each of no state"),
        ({"held": {"w": 1.0}}, "held goes with reduction='slice' alone"),
        ({"x_range": (1.0, 0.0)}, "x_range must go from low to high"),
    ],
)
def test_what_contradicts_itself_is_refused(options, said):
    with pytest.raises(natrium.ModelError, match=said):
        natrium.phase_plane(FHN, 0.5, **options)


@pytest.mark.parametrize(
    ("equations", "said"),
    [
        ({"V": "-V"}, "a phase plane needs a state beside V"),
        ({"V": "I - exp(w)", "w": "V - w"}, "a polynomial in w"),
        ({"V": "I - w", "w": "V - w**2"}, "an equation linear in w"),
    ],
)
def test_what_has_no_plane_is_refused(equations, said):
    cell = natrium.HybridNeuron(equations=equations, initial=dict.fromkeys(equations, 0.1))
    with pytest.raises((natrium.ModelError, natrium.UnsupportedModel), match=said):
        natrium.phase_plane(cell, 0.5)


def test_the_x_that_make_a_plane_are_taken_or_named():
    """By default the first that makes one; where none does, what can be held is named."""
    start = dict.fromkeys("Vwz", 0.1)
    cell = natrium.HybridNeuron(equations={"V": "I - exp(w) - z", "w": "V - w", "z": "V - z"}, initial=start)
    assert natrium.planar(cell).x == "z"
    with pytest.raises(natrium.UnsupportedModel, match="a polynomial in w.*take x = 'z'"):
        natrium.planar(cell, "w")
    cell = attrs.evolve(cell, equations={"V": "I - V - z", "w": "V - w", "z": "V - z**3 - w"})
    with pytest.raises(natrium.UnsupportedModel, match="a steady state of z.*hold all but x.* one of w"):
        natrium.planar(cell)


def test_gates_go_from_0_to_1_only():
    with pytest.raises(natrium.ModelError, match="gates go from 0 to 1"):
        natrium.phase_plane(natrium.notebook.lif_na().neuron, 0.0, x_range=(0.0, 2.0))


def test_a_state_that_hardly_moves_has_room_around_it():
    cell = natrium.HybridNeuron(
        equations={"V": "-V/10 + I", "vt": "(10 - vt)/15"}, initial={"V": 0.0, "vt": 10.0 * (1.0 + 1e-15)}
    )
    plane = natrium.phase_plane(cell, 0.0)
    assert plane.x[0] < 5.0 < 15.0 < plane.x[-1]
