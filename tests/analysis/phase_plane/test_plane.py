"""Phase planes: reductions, nullclines, equilibria, manifolds, certain spikes, the hybrid cycle."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

import natrium
from natrium.analysis.equilibria.curve import equilibria
from natrium.analysis.phase_plane.nullclines import V_nullcline, roots_in_unit, x_nullcline
from natrium.analysis.phase_plane.planar import planar
from natrium.analysis.phase_plane.plane import phase_plane
from natrium.analysis.phase_plane.reduction_error import reduction_error
from natrium.analysis.phase_plane.separatrix import planar_equilibria, spike_certain

ONE, TWO = natrium.notebook.lif_na().neuron, natrium.notebook.lif_na2().neuron
CLAMP = attrs.evolve(ONE, refractory="clamp")
SQUID = natrium.Neuron(
    v_rest=-54.4,
    v_thresh=None,
    v_init=-60.0,
    tau_m=10.0 / 3.0,
    channels=(natrium.CHANNELS["hh_sodium"], natrium.CHANNELS["hh_potassium"]),
)
# With rest at the reversal of its only channel, dV/dt vanishes at -70 mV whatever x.
POTASSIUM = natrium.Channel("K", 30.0, -70.0, natrium.CHANNELS["hh_potassium"].gates)
VERTICAL = natrium.Neuron(channels=(POTASSIUM,))
SLOW = natrium.Gate("w", 1, inf="1/(1 + exp(-(V + 62)/4))", tau="30")
ONE_GATE = natrium.Neuron(channels=(natrium.Channel("M", 0.4, -90.0, (SLOW,)),))
# (x - 0.3)(x - 0.6) within the range of V: g x^2 and g x of two channels that share a name.
FOLDED = natrium.Neuron(
    v_rest=-70.0,
    channels=(
        natrium.Channel("A", 40.0, 20.0, (natrium.Gate("s", 1, inf="0.5 + 0.5*tanh((V + 60)/8)", tau="5"),)),
        natrium.Channel("B", 60.0, -90.0, (natrium.Gate("s", 2, inf="0.5 + 0.5*tanh((V + 55)/9)", tau="7"),)),
    ),
)

PLANES = {
    "steady": (ONE, {}),
    "activation": (ONE, {"x": "Na.m"}),
    "slice": (ONE, {"x": "Na.m", "reduction": "slice", "held": {"Na.h": 0.5}}),
    "two, steady": (TWO, {}),
    "two, second": (TWO, {"x": "Na2.h"}),
    "two, common": (TWO, {"reduction": "common"}),
    "squid": (SQUID, {"x": "K.n"}),
    "vertical": (VERTICAL, {}),
    "folded": (FOLDED, {"x": "s", "reduction": "common"}),
}
INPUTS = (0.0, 10.0, -3.7)


@pytest.fixture(params=PLANES)
def plane(request):
    neuron, options = PLANES[request.param]
    return planar(neuron, **options)


@pytest.fixture(scope="module")
def at_rest():
    return phase_plane(ONE, 0.0, grid=(61, 41))


@pytest.fixture(scope="module")
def firing():
    return phase_plane(CLAMP, 10.0, grid=(61, 41))


# Reductions


def test_the_plane_is_the_full_model_with_its_gates_put_in(plane):
    neuron, rng = plane.neuron, np.random.default_rng(1)
    kernel_rhs = natrium.model.lower(neuron.system)
    V, x = rng.uniform(-90, 60, 40), rng.uniform(0, 1, 40)
    dV, dx = plane.rhs(V, x, 4.0)
    gates = plane.gates(V, x)
    labels = neuron.system.labels[1:]
    for k in range(40):
        full = kernel_rhs.event_rhs(
            V[k] - neuron.origin, *gates[:, k], 4.0 - neuron.gap, *neuron.system.values
        )
        assert dV[k] == pytest.approx(full[0], rel=1e-9, abs=1e-9)
        mean = np.mean([full[1 + labels.index(name)] for name in plane.members])
        assert dx[k] == pytest.approx(mean, rel=1e-9, abs=1e-12)


def test_default_gate():
    assert planar(TWO).x == "Na.h"
    assert planar(TWO, reduction="common").x == "h"
    assert planar(TWO, reduction="common").members == ("Na.h", "Na2.h")
    assert planar(ONE_GATE).x == "M.w"
    closing = natrium.Gate("q", 1, inf="1/(1 + exp((V + 60)/5))", tau="20")
    assert planar(natrium.Neuron(channels=(natrium.Channel("X", 1.0, 0.0, (SLOW, closing)),))).x == "X.q"


@pytest.mark.parametrize("refractory", ["hold", "clamp"])
@pytest.mark.parametrize("I", [12.0, 30.0])
def test_a_neuron_of_one_gate_is_its_own_plane(refractory, I):
    neuron = attrs.evolve(ONE_GATE, refractory=refractory)
    error = reduction_error(planar(neuron), I, t_end=80.0)
    assert error.full.n_spikes == error.reduced.n_spikes
    assert (error.full.n_spikes > 1) == (I == 30.0)
    assert np.abs(error.shifts).max(initial=0.0) < 1e-7
    assert max(error.V_before, error.x_before) < 1e-6
    if error.full.n_spikes:
        assert max(error.V_after, error.x_after) < 1e-6
    else:
        assert np.isnan(error.V_after)


# Nullclines


def test_nullclines_are_zeros_continuous_and_within(plane):
    for I in INPUTS:
        branches = V_nullcline(plane, I, -90.0, 60.0)
        assert branches
        for branch in branches:
            assert np.abs(plane.rhs(*branch, I)[0]).max() < 1e-9
            assert np.abs(np.diff(branch[0])).max() <= 0.5 + 1e-9
            assert np.abs(np.diff(branch[1])).max() <= 0.011
            assert branch[1].min() >= 0.0
            assert branch[1].max() <= 1.0
            for end in (branch[:, 0], branch[:, -1]):  # a branch ends on the frame, nowhere else
                assert end[0] in (-90.0, 60.0) or end[1] in (0.0, 1.0)
        curve = x_nullcline(plane, 0.0, -90.0, 60.0)
        assert np.abs(plane.rhs(*curve, I)[1]).max() < 1e-9
        assert np.abs(np.diff(curve[1])).max() <= 0.011


def test_no_branch_is_lost_or_joined_falsely(plane):
    # Along lines of constant V and of constant x alike, dV/dt changes sign just where a branch is crossed.
    for I in INPUTS:
        branches = V_nullcline(plane, I, -90.0, 60.0)
        for x in (0.123, 0.377, 0.713):
            V = np.linspace(-90.0, 60.0, 20010)
            signs = int(np.sum(np.diff(np.sign(plane.rhs(V, x, I)[0])) != 0))
            assert sum(int(np.sum(np.diff(np.sign(b[1] - x)) != 0)) for b in branches) == signs
        for v in (-81.03, -61.7, -40.0, 11.3):
            x = np.linspace(0.0, 1.0, 20011)
            signs = int(np.sum(np.diff(np.sign(plane.rhs(v, x, I)[0])) != 0))
            assert sum(int(np.sum(np.diff(np.sign(b[0] - v)) != 0)) for b in branches) == signs


def test_the_notebook_plane_at_rest_has_two_branches():
    branches = V_nullcline(planar(ONE), 0.0, -90.0, 60.0)
    assert len(branches) == 2
    assert branches[0][:, 0].tolist() == pytest.approx([-70.0, 0.0], abs=1e-9)
    assert all(branch[1, -1] == 1.0 for branch in branches)
    assert len(V_nullcline(planar(ONE), 10.0, -90.0, 60.0)) == 1


def test_a_vertical_branch_stands_where_x_has_no_say():
    branches = V_nullcline(planar(VERTICAL), 0.0, -90.0, 60.0)
    assert len(branches) == 1
    assert np.ptp(branches[0][0]) == 0.0
    assert branches[0][0, 0] == pytest.approx(-70.0, abs=1e-9)
    silent = planar(natrium.Neuron(channels=(attrs.evolve(POTASSIUM, g=0.0),)))
    assert V_nullcline(silent, 5.0, -90.0, 60.0)[0][0, 0] == pytest.approx(-65.0, abs=1e-9)


def test_roots_in_the_unit_interval():
    rng = np.random.default_rng(3)
    for degree in (1, 2, 3, 5):
        true = np.sort(rng.uniform(-0.5, 1.5, (200, degree)), axis=1)
        coefficients = np.array([np.polynomial.polynomial.polyfromroots(row) for row in true])
        found = roots_in_unit(coefficients)
        for row, given in zip(found, true, strict=True):
            inside = given[(given > 0.0) & (given < 1.0)]
            np.testing.assert_allclose(row[~np.isnan(row)], inside, atol=1e-5)
    assert np.isnan(roots_in_unit(np.array([[1.0, 0.0, 1.0]]))).all()


# Equilibria


def test_equilibria_agree_with_a_search_of_its_own(plane):
    for I in INPUTS:
        V = np.linspace(-95.0, 62.0, 30001)
        f = plane.rhs(V, plane.x_null(V), I)[0]
        roots = [
            brentq(lambda v, p=plane, i=I: float(p.rhs(v, p.x_null(v), i)[0]), V[k], V[k + 1], xtol=1e-12)
            for k in np.flatnonzero(f[:-1] * f[1:] < 0.0)
        ]
        found = planar_equilibria(plane, I)
        inside = [p.V for p in found if -95.0 < p.V < 62.0]
        roots += [float(v) for v in V[f == 0.0]]
        np.testing.assert_allclose(inside, sorted(roots), atol=1e-8)
        for p in found:
            assert np.abs(plane.rhs(p.V, p.x, I)).max() < 1e-9


def test_equilibria_of_a_steady_plane_are_those_of_the_full_model():
    for neuron in (ONE, TWO):
        for I in INPUTS:
            plane = planar_equilibria(planar(neuron), I)
            full = equilibria(neuron, I)
            np.testing.assert_allclose([p.V for p in plane], [p.V for p in full], atol=1e-9)


def test_types_follow_from_the_jacobian(plane):
    for point in planar_equilibria(plane, 0.0):
        h, jacobian = 1e-6, np.empty((2, 2))
        for k, step in enumerate(np.eye(2) * h):
            up = plane.rhs(point.V + step[0], point.x + step[1], 0.0)
            down = plane.rhs(point.V - step[0], point.x - step[1], 0.0)
            jacobian[:, k] = (up - down) / (2 * h)
        trace, determinant = np.trace(jacobian), np.linalg.det(jacobian)
        assert np.sum(point.eigenvalues).real == pytest.approx(trace, rel=1e-5, abs=1e-7)
        if determinant < 0.0:
            assert point.kind == "saddle"
        else:
            shape = "focus" if trace**2 < 4.0 * determinant else "node"
            assert point.kind == f"{'stable' if trace < 0.0 else 'unstable'} {shape}"


# Manifolds, grazes, certain spikes


def test_the_threshold_lies_below_the_saddle_of_the_notebook(at_rest):
    kinds = [(point.kind, point.below_threshold) for point in at_rest.equilibria]
    assert kinds == [("stable node", True), ("saddle", False), ("stable focus", False)]


def test_manifolds_start_along_the_eigenvectors_and_are_trajectories(at_rest):
    assert [half.stable for half in at_rest.manifolds] == [True, True, False, False]
    for half in at_rest.manifolds:
        saddle, points = half.saddle, half.points
        vector = saddle.eigenvectors[:, 1 if half.stable else 0].real
        for k in (1, 5):
            start = points[:, k] - points[:, 0]
            angle = np.array([start[0] / 100.0, start[1]]), np.array([vector[0] / 100.0, vector[1]])
            cross = angle[0][0] * angle[1][1] - angle[0][1] * angle[1][0]
            assert abs(cross) < 2e-2 * np.linalg.norm(angle[0]) * np.linalg.norm(angle[1])
        # Along the curve its tangent is the flow.
        middle, step = 0.5 * (points[:, 1:] + points[:, :-1]), np.diff(points, axis=1) / [[100.0], [1.0]]
        flow = at_rest.plane.rhs(*middle, 0.0) / [[100.0], [1.0]]
        cross = step[0] * flow[1] - step[1] * flow[0]
        sine = np.abs(cross) / (np.linalg.norm(step, axis=0) * np.linalg.norm(flow, axis=0))
        assert np.median(sine) < 1e-3
        assert np.quantile(sine, 0.95) < 2e-2


def test_manifolds_end_on_the_frame_or_at_rest(at_rest):
    ends = [half.points[:, -1] for half in at_rest.manifolds]
    stable = [point for point in at_rest.equilibria if point.stable]
    for end in ends:
        frame = min(end[1], 1.0 - end[1], (end[0] + 90.0) / 100, (60.0 - end[0]) / 100)
        near = min(np.hypot((end[0] - p.V) / 100.0, end[1] - p.x) for p in stable)
        assert min(abs(frame), near) < 2e-3


def test_a_graze_touches_the_threshold(at_rest):
    (graze,) = at_rest.grazes
    assert graze[0].max() <= ONE.v_thresh + 1e-8
    assert graze[:, 0].tolist() == pytest.approx([-55.0, float(graze[1, 0])])
    assert abs(at_rest.plane.rhs(*graze[:, 0], 0.0)[0]) < 1e-9
    # States on either side of it part: to a spike, and back to rest.
    k = int(np.argmin(np.abs(graze[1] - 0.6)))
    sides = graze[0, k] + np.array([0.02, -0.02])
    assert spike_certain(at_rest.plane, 0.0, sides, np.full(2, graze[1, k])).tolist() == [True, False]


def _stiff():
    fast = natrium.Gate("m", 3, inf="1/(1 + exp(-(V + 50)/4))", tau="0.001")
    return attrs.evolve(ONE, channels=(natrium.Channel("Na", 60.0, 50.0, (fast, ONE.channels[0].gates[1])),))


@pytest.mark.parametrize(("neuron", "x"), [(ONE, "Na.h"), (ONE, "Na.m"), (_stiff(), "Na.m")])
def test_certain_spikes_are_those_that_come(neuron, x):
    plane, rng = planar(neuron, x), np.random.default_rng(5)
    V, x = rng.uniform(-62.0, -55.0, 40), rng.uniform(0.0, 1.0, 40)
    found = spike_certain(plane, 3.0, V, x)
    assert 2 < found.sum() < 38

    def reaches(t, y):
        return y[0] + 55.0

    reaches.terminal = True
    for k in range(40):
        run = solve_ivp(
            lambda t, y: plane.rhs(*y, 3.0), (0, 500), [V[k], x[k]], "LSODA", rtol=1e-9, events=reaches
        )
        assert (run.status == 1) == found[k]


def test_firing_without_rest_is_certain_everywhere(firing):
    assert firing.certain.share == pytest.approx(1.0, abs=0.02)
    assert firing.certain.V[-1] == CLAMP.v_thresh
    assert firing.certain.mask.shape == (41, 61)


# The hybrid cycle


def test_projection_shows_reset_and_refractory_jump(firing):
    (course,) = firing.projections
    run = firing.error.full
    assert len(course.jumps) == run.n_spikes
    for jump, event in zip(course.jumps, run.events, strict=True):
        assert jump.before[0] == pytest.approx(-55.0, abs=1e-9)
        assert jump.after.tolist() == pytest.approx([-70.0, event.before[2]])
        assert jump.released[1] == pytest.approx(float(firing.plane.release(event.before[2])), rel=1e-7)
    for piece, jump in zip(course.pieces[1:], course.jumps, strict=False):
        np.testing.assert_allclose(piece[:, 0], jump.released, atol=1e-9)
    for piece, jump in zip(course.pieces, course.jumps, strict=False):
        np.testing.assert_allclose(piece[:, -1], jump.before, atol=1e-8)
    np.testing.assert_allclose(firing.release[1], firing.plane.release(firing.x))


def test_a_held_gate_stays_and_edges_of_the_input_cut_nothing():
    run = natrium.simulate(ONE, natrium.Step(10.0, start=20.0, stop=100.0), t_end=60.0)
    shown = phase_plane(ONE, 10.0, trajectories=[run], grid=(21, 11))
    (course,) = shown.projections
    assert len(course.pieces) == run.n_spikes + 1
    for jump in course.jumps:
        np.testing.assert_array_equal(jump.after, jump.released)


def test_common_gate_projects_to_the_mean():
    run = natrium.simulate(TWO, natrium.Constant(10.0), t_end=5.0)
    plane = planar(TWO, reduction="common")
    V, h = plane.project(run.y)
    np.testing.assert_array_equal(V, run.V)
    np.testing.assert_allclose(h, (run["Na.h"] + run["Na2.h"]) / 2)


def test_no_threshold_no_reset():
    shown = phase_plane(SQUID, 0.0, x="K.n", grid=(21, 11), t_end=20.0)
    assert (shown.v_thresh, shown.v_reset, shown.certain, shown.release) == (None, None, None, None)
    assert shown.grazes == ()
    assert planar(SQUID).release(0.3) == 0.3


@pytest.mark.parametrize("case", PLANES)
def test_minus_forty_is_inside_without_warning_or_hole(case):
    neuron, options = PLANES[case]
    shown = phase_plane(neuron, 0.0, **options, V_range=(-90.0, 60.0), grid=(151, 11), t_end=10.0)
    at = int(np.flatnonzero(shown.V == -40.0)[0])
    for field in (shown.dV, shown.dx):
        assert np.isfinite(field).all()
        assert np.abs(field[:, at] - 0.5 * (field[:, at - 1] + field[:, at + 1])).max() < 0.03 * np.ptp(field)


# What is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": "Na.q"}, "x must name one gate of Na.m, Na.h, Na2.m, Na2.h, got 'Na.q'"),
        ({"x": "h"}, "reduction='common' takes several as one"),
        ({"reduction": "frozen"}, "reduction must be one of 'steady', 'common', 'slice', got 'frozen'"),
        (
            {"x": "Na.h", "reduction": "slice"},
            "held must give a value to each of Na.m, Na2.m, Na2.h, got none",
        ),
        (
            {"x": "Na.h", "reduction": "slice", "held": {"Na.m": 2.0, "Na2.m": 0.1, "Na2.h": 0.1}},
            "held['Na.m'] must be within [0, 1], got 2.0",
        ),
        ({"held": {"Na.m": 0.1}}, "leave it out"),
        ({"V_range": (10.0, -10.0)}, "V_range must go from low to high, got 10.0 to -10.0 mV"),
        ({"grid": (1, 5)}, "grid must be a whole number"),
        ({"I": np.nan}, "I must be finite, got nan mV"),
        ({"horizon": 0.0}, "horizon must be positive, got 0.0 ms"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(natrium.ModelError) as caught:
        phase_plane(TWO, **options)
    assert message in str(caught.value)


def test_a_neuron_without_gates_has_no_plane():
    with pytest.raises(natrium.ModelError, match="a phase plane needs a gate beside V"):
        planar(natrium.Neuron())


def test_runs_of_another_neuron_are_refused():
    run = natrium.simulate(TWO, t_end=1.0)
    with pytest.raises(natrium.ModelError, match="trajectories must be runs of this neuron"):
        phase_plane(ONE, trajectories=[run], grid=(5, 5), t_end=1.0)
