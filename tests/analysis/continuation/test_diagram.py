"""The whole picture along one parameter: against exact curves of equilibria and against runs."""

import json
from types import SimpleNamespace

import attrs
import numpy as np
import pytest

import natrium
from natrium.analysis.continuation import diagram
from natrium.analysis.continuation.axis import axis_of
from natrium.analysis.continuation.diagram import union
from natrium.analysis.continuation.rests import rest_branches, tell_rest
from natrium.analysis.excitability.long_run import fire
from natrium.model.files.new import template
from natrium.reports.plain import plain
from tests.analysis.excitability.test_ending import ADAPTING


@pytest.fixture(scope="module")
def muscle():
    neuron = natrium.loads(template("morris-lecar")).neuron
    return natrium.bifurcation_diagram(neuron, between=(0.0, 150.0))


@pytest.fixture(scope="module")
def adapting():
    return natrium.bifurcation_diagram(ADAPTING, between=(20.0, 50.0))


def test_rests_are_those_of_the_exact_curve(muscle):
    curve = natrium.equilibrium_curve(muscle.neuron)
    exact = [(fold.I, "fold") for fold in curve.folds] + [(one.I, "Hopf point") for one in curve.hopf]
    inside = sorted((I, kind) for I, kind in exact if 0.0 < I < 150.0)
    found = sorted((one.value, one.kind) for rest in muscle.rests for one in rest.special)
    assert [kind for _, kind in found] == [kind for _, kind in inside]
    assert [I for I, _ in found] == pytest.approx([I for I, _ in inside], abs=1e-9)
    assert next(one.frequency for one in muscle.rests[1].special) == pytest.approx(curve.hopf[0].frequency)
    for rest in muscle.rests:
        for value, state, count in list(zip(rest.values, rest.states, rest.unstable, strict=True))[::5]:
            near = min(natrium.equilibria(muscle.neuron, value), key=lambda e: abs(e.V - state[0]))
            assert float(near.V) == pytest.approx(state[0], abs=1e-7)
            assert near.unstable == count


def piecewise(gamma):
    """McKean's caricature of FitzHugh and Nagumo's cell: corners at V = 1/8 and 5/8."""
    return natrium.HybridNeuron(
        equations={
            "V": "where(V < 0.125, -V, where(V < 0.625, V - 0.25, 1 - V)) - w + I",
            "w": f"0.1*(V - {gamma}*w)",
        },
        initial={"V": 0.0, "w": 0.0},
    )


def test_a_rest_whose_stability_jumps_at_a_corner_is_told():
    (branch,) = rest_branches(axis_of(piecewise(0.5), 0.5, "I"), -0.5, 1.5, passes=True)
    assert [one.kind for one in branch.special] == ["corner", "corner"]
    low, high = branch.special
    # I = V + V/gamma on the left, V - 1 + V/gamma on the right.
    assert (low.value, high.value) == pytest.approx((0.375, 0.875), abs=1e-9)
    assert (low.state[0], high.state[0]) == pytest.approx((0.125, 0.625), abs=1e-9)
    assert (low.unstable_below, low.unstable_above) == (0, 2) == (high.unstable_above, high.unstable_below)
    assert branch.data()["special"][0]["unstable_above"] == 2
    said = tell_rest(axis_of(piecewise(0.5), 0.5, "I"), low)
    assert said == (
        "Rest: corner at I = 0.375000000, V = 0.125000 mV: there an equation changes its branch, and 0 unstable "
        "directions become 2."
    )


def test_along_a_parameter_that_moves_the_corner():
    cell = natrium.HybridNeuron(
        equations={"V": "0.5*V - w + I", "w": "where(V < edge, 1, 0.1)*(2*V - w)"},
        parameters={"edge": 3.0},
        initial={"V": 0.0, "w": 0.0},
    )
    (branch,) = rest_branches(axis_of(cell, 3.0, "edge"), 1.0, 4.0, passes=True)
    (corner,) = branch.special
    # The rest, V = I/1.5 = 2, is unstable while its V is over the edge.
    assert (corner.kind, corner.value) == ("corner", pytest.approx(2.0, abs=1e-9))
    assert (corner.unstable_below, corner.unstable_above) == (2, 0)


def test_where_both_are_stable_it_depends_on_where_it_began(muscle):
    (low, high), kinds = muscle.bistable[0], {one.kind for one in muscle.special}
    assert len(muscle.bistable) == 1
    assert {"Hopf point", "fold of cycles", "saddle-node homoclinic", "fold"} == kinds
    assert low == pytest.approx(natrium.equilibrium_curve(muscle.neuron).hopf[0].I, abs=1e-9)
    assert high == next(one.value for one in muscle.special if one.kind == "fold of cycles")
    I = 0.5 * (low + high)
    rest = next(e for e in natrium.equilibria(muscle.neuron, I) if e.stable)
    assert fire(muscle.neuron, I, rest.state).outcome != "sustained"
    assert fire(muscle.neuron, I, np.array([-40.0, 0.1]), enough=60).outcome == "sustained"


def test_firing_is_that_of_runs(adapting):
    """At random inputs: what a run from the cycle gives, and none below the fold of cycles."""
    (branch,) = adapting.cycles
    random = np.random.default_rng(3)
    (low, high), _ = adapting.firing[0], adapting.resting
    stable = branch.values[branch.stable], branch.periods[branch.stable]
    order = np.argsort(stable[0])
    for I in random.uniform(low + 0.2, high, 4):
        near = int(np.argmin(np.abs(branch.values - I) + 1e3 * ~branch.stable))
        cycle = natrium.limit_cycle(ADAPTING, I, start=branch.states[near])
        met = np.interp(I, stable[0][order], stable[1][order])
        assert met == pytest.approx(cycle.period, rel=1e-2)
        run = fire(ADAPTING, I, cycle.map.released(cycle.states[0])[0], settle=1e-8)
        assert run.interval == pytest.approx(cycle.period, rel=1e-7)
    assert adapting.bistable == (
        (pytest.approx(32.11171754314, abs=1e-9), pytest.approx(35.480350498, abs=1e-9)),
    )


def test_along_another_parameter_rest_and_firing_change_places():
    """A leaky neuron at 20 mV fires while its threshold lies below: to -50 mV."""
    found = natrium.bifurcation_diagram(natrium.Neuron(), 20.0, "v_thresh", between=(-65.0, -45.0))
    assert found.firing == ((-65.0, pytest.approx(-50.0, abs=1e-9)),)
    assert found.resting == ((pytest.approx(-50.0, abs=1e-9), -45.0),)
    assert found.bistable == ()
    assert "v_thresh = -50.000000000 mV" in " ".join(found.sentences())


def test_a_small_cycle_is_followed_from_its_hopf_point():
    """The normal form: a cycle of radius (p)^(1/2) and period 2 pi, stable, from p = 0 on."""
    cell = natrium.HybridNeuron(
        equations={
            "V": "p*V - w - V*(V**2 + w**2) + I",
            "w": "V + p*w - w*(V**2 + w**2)",
        },
        parameters={"p": 0.5},
        initial={"V": 0.3, "w": 0.0},
    )
    found = natrium.bifurcation_diagram(cell, 0.0, "p", between=(-0.5, 1.0))
    (branch,) = found.cycles
    hopf = next(one for one in branch.special if one.kind == "Hopf point")
    assert hopf.value == pytest.approx(0.0, abs=1e-9)
    assert branch.periods == pytest.approx(2.0 * np.pi, rel=1e-9)
    assert branch.bounds[:, 1] == pytest.approx(np.sqrt(branch.values), rel=2e-2)
    assert branch.multipliers[:, 0].real == pytest.approx(np.exp(-4.0 * np.pi * branch.values), abs=1e-7)
    assert branch.stable.all()


def test_beyond_firing_it_rests_in_depolarisation_block(muscle, adapting):
    fold = next(one.value for branch in muscle.cycles for one in branch.special if "fold" in one.kind)
    curve = natrium.equilibrium_curve(muscle.neuron)
    V, I = curve.block
    assert pytest.approx(curve.hopf[-1].I) == I
    assert muscle.block == pytest.approx(max(fold, I), abs=1e-6)
    assert any("Depolarisation block" in one for one in muscle.sentences())
    for level, rests in ((muscle.block + 2.0, True), (I - 5.0, False)):
        run = natrium.simulate(muscle.neuron, natrium.Constant(level), t_end=3000.0, solver="compiled")
        late = run.state(np.linspace(2500.0, 3000.0, 400))[0]
        assert (np.ptp(late) < 1e-3) == rests
        assert not rests or late[-1] > V
    assert adapting.block is None
    assert natrium.equilibrium_curve(natrium.Neuron()).block is None


def test_a_branch_between_two_doublings_is_followed_once(monkeypatch):
    def special(value, *, ends=False):
        return SimpleNamespace(kind="period doubling", value=value, ends=ends)

    born = SimpleNamespace(special=(special(1.0, ends=True), special(2.0, ends=True)))
    asked = []

    def followed(axis, one, low, high, **options):
        asked.append(one.value)
        return born

    monkeypatch.setattr(diagram, "doubled_branch", followed)
    cycles = [SimpleNamespace(special=(special(1.0), special(2.0)))]
    told: list[str] = []
    axis = SimpleNamespace(show="I = {}".format)
    assert diagram._doubled(axis, cycles, 0.0, 10.0, 1e3, 2, told.append) == [born]
    assert told == ["cycles of twice the period from I = 1.0 on"]
    assert asked == [1.0]


def test_ranges_that_meet_are_one():
    assert union([[(0.0, 1.0), (1.001, 4.0)]], 0.01) == ((0.0, 4.0),)
    assert union([[(0.0, 1.0), (3.0, 4.0)], [(1.0, 2.0)]]) == ((0.0, 2.0), (3.0, 4.0))


def test_data_is_plain_and_holds_what_is_said(muscle):
    data = json.loads(json.dumps(plain(muscle.data())))
    assert data["bistable"] == [list(muscle.bistable[0])]
    assert len(data["cycles"][0]["points"]) == muscle.cycles[0].values.size
    said = " ".join(muscle.sentences())
    assert "Fold of cycles at I = 116.107930479" in said


def test_where_a_branch_was_left_is_said(muscle):
    assert muscle.unfollowed == ()
    left = attrs.evolve(muscle, cycles=(attrs.evolve(muscle.cycles[0], ended=("equilibrium", "points")),))
    end = float(muscle.cycles[0].values[-1])
    assert left.unfollowed == tuple(left.data()["unfollowed"]) == (end,)
    assert left.sentences()[-1] == (
        f"Cycles go on, and were followed no further, at {muscle.axis.show(end)}: beyond is not known."
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"between": (1.0, 0.0)}, "from low to high"),
        ({"between": (0.0, 1.0), "parameter": "nothing"}, "nothing"),
        ({"between": (0.0, 1.0), "doublings": -1}, "doublings"),
        ({"between": (-1.0, 1.0), "parameter": "tau_m"}, "tau_m must be positive"),
    ],
)
def test_bad_input_is_refused(options, message):
    with pytest.raises(natrium.ModelError, match=message):
        natrium.bifurcation_diagram(natrium.Neuron(), **options)


def test_a_branch_that_turns_at_corners_goes_on_behind_them():
    (branch,) = rest_branches(axis_of(piecewise(2.0), 0.4, "I"), -0.5, 0.8, passes=True)
    assert [one.kind for one in branch.special] == ["fold", "fold"]
    # I = V/2 - f(V) turns at 3/16 and -1/16.
    for one, exact in zip(branch.special, ((0.1875, 0.125), (-0.0625, 0.625)), strict=True):
        assert (one.value, one.state[0]) == pytest.approx(exact, abs=1e-11)
        assert abs(one.value - exact[0]) <= one.error < 1e-10
    V = branch.states[:, 0]
    f = np.where(V < 0.125, -V, np.where(V < 0.625, V - 0.25, 1.0 - V))
    assert branch.values == pytest.approx(0.5 * V - f, abs=1e-9)
    assert np.array_equal(branch.unstable == 1, (V > 0.125) & (V < 0.625))
