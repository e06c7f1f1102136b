"""Thresholds that move: against closed forms, independent integrations, and the fixed-step family."""

import math

import attrs
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

import natrium
from natrium.model import to_toml
from natrium.model.files.new import template

TIGHT = natrium.EventDriven(rtol=1e-12)
FREE = {"V": "free", "theta": "free"}


def lif(jump=8.0, tau_theta=40.0, refractory=FREE, reset=None, tau_ref=2.0, **equations):
    """Make a LIF whose threshold is -50 mV and a part that spikes raise."""
    return natrium.HybridNeuron(
        equations={"V": "(I - (V + 70))/10", "theta": "-theta/tau_theta"} | equations,
        initial={"V": -70.0, "theta": 0.0},
        parameters={"tau_theta": tau_theta, "jump": jump, "level": -50.0},
        v_thresh="level + theta",
        reset={"theta": "theta + jump"} | (reset or {}),
        tau_ref=tau_ref,
        refractory=refractory,
    )


def independent(flow, over, after, start, t_end, tau_ref, held=None):
    """Integrate to 1e-13, each spike an event or at once as a refractory period ends."""
    t, y, free, spikes = 0.0, np.array(start, dtype=float), -1.0, []
    while t < t_end:
        if t >= free and over(y) >= 0.0 and spikes:
            spikes.append(t)
            y, free = np.array(after(y)), t + tau_ref
            continue

        def event(s, y):
            return over(y)

        event.terminal, event.direction = True, 1.0
        resting = t < free
        end = min(free, t_end) if resting else t_end
        done = solve_ivp(
            held if resting and held else flow,
            (t, end),
            y,
            method="DOP853",
            rtol=1e-13,
            atol=1e-13,
            events=None if resting else event,
        )
        t, y = float(done.t[-1]), done.y[:, -1]
        if done.status == 1:
            spikes.append(t)
            y, free = np.array(after(y)), t + tau_ref
    return np.array(spikes)


def assert_agree(run, expected, within=1e-9):
    assert run.n_spikes == expected.size
    np.testing.assert_allclose(run.spike_times, expected, rtol=0.0, atol=within)
    assert np.all(run.spike_time_errors < 1e-6)


def test_a_threshold_that_is_raised_and_decays_again():
    """V is known in closed form and so is theta: the intervals are roots of one equation."""
    run = natrium.simulate(
        lif(tau_ref=0.0, refractory="hold"), natrium.Constant(35.0), t_end=200.0, solver=TIGHT
    )
    spikes, theta, begin = [], 0.0, 0.0
    while True:
        distance = lambda t: -35.0 - 35.0 * math.exp(-t / 10) + 50.0 - theta * math.exp(-(t - begin) / 40)  # noqa: B023, E731  # used within its turn
        if distance(200.0) < 0.0:
            break
        t = brentq(distance, begin + 1e-9, 200.0, xtol=1e-14)
        spikes.append(t)
        theta, begin = theta * math.exp(-(t - begin) / 40) + 8.0, t
    assert len(spikes) > 3
    assert_agree(run, np.array(spikes), 1e-10)
    levels = [event.before[0] - (-50.0 + event.before[1]) for event in run.events]
    np.testing.assert_allclose(levels, 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("neuron", "held"),
    [
        (lif(), None),
        (lif(reset={"V": "-65"}, refractory={"theta": "free"}), lambda t, y: [0.0, -y[1] / 40.0]),
        (lif(jump=-3.0), None),
        (lif(theta="0.3*(V + 70)/20 - theta/tau_theta"), None),
    ],
    ids=["free", "held", "lowered by spikes", "follows V"],
)
def test_it_agrees_with_an_integration_by_hand(neuron, held):
    jump = dict(neuron.parameters)["jump"]
    reset = "V" in dict(neuron.reset)
    rising = 0.3 if "V" in dict(neuron.equations)["theta"] else 0.0

    def flow(t, y):
        return [(40.0 - (y[0] + 70.0)) / 10.0, rising * (y[0] + 70.0) / 20.0 - y[1] / 40.0]

    expected = independent(
        flow,
        lambda y: y[0] + 50.0 - y[1],
        lambda y: [-65.0 if reset else y[0], y[1] + jump],
        (-70.0, 0.0),
        80.0,
        2.0,
        held,
    )
    assert expected.size >= 2
    run = natrium.simulate(neuron, natrium.Constant(40.0), t_end=80.0, solver=TIGHT)
    assert_agree(run, expected)
    own = natrium.simulate(neuron, natrium.Constant(40.0), t_end=80.0)
    assert np.all(np.abs(own.spike_times - expected) <= own.spike_time_errors)
    assert own.warnings == ()


def test_a_spike_that_comes_in_may_lower_it():
    neuron, kick = lif(jump=30.0), natrium.Spikes(times=[20.0], weight=-25.0, target="theta")
    run = natrium.simulate(neuron, natrium.Constant(15.0) + kick, t_end=40.0)
    assert run.spike_times.tolist() == [20.0]


@pytest.mark.parametrize("scheme", ["rk4", "sequential-euler"])
def test_scripts_go_to_the_truth(scheme):
    truth = natrium.simulate(lif(), natrium.Constant(40.0), t_end=40.0, solver=TIGHT).spike_times
    exact = {"refractory": "exact", "label": "end", "read": "split", "edges": "half-open"}
    errors = []
    for dt in (0.04, 0.02):
        script = natrium.FixedStep(dt=dt, scheme=scheme, spike_time="cubic", **exact)
        run = natrium.simulate(lif(), natrium.Constant(40.0), t_end=40.0, solver=script)
        assert run.n_spikes == truth.size
        errors.append(np.abs(run.spike_times - truth).max())
    if scheme == "rk4":
        assert errors[1] < 1e-6
    else:
        assert 1.8 < errors[0] / errors[1] < 2.2


@pytest.mark.parametrize(
    "neuron",
    [lif(), lif(jump=-3.0), lif(reset={"V": "-65"}, refractory={"theta": "free"}), lif(tau_ref=0.0)],
    ids=["free", "fires as the period ends", "held", "no period"],
)
def test_gradients_agree_with_differences(neuron):
    model = natrium.Model(
        neuron=neuron, stimulus=natrium.Step(40.0, start=3.0), simulation=natrium.Simulation(t_end=25.0)
    )
    found = natrium.spike_time_gradients(model)
    assert found.spike_times.size >= 2
    for name in ("tau_theta", "jump", "level", "tau_ref", "I_0", "start_0"):
        value, reach = natrium.parameters(model.neuron, model.stimulus)[name], 1e-3
        if value == 0.0:
            continue
        times = {
            k: natrium.run(natrium.with_parameters(model, {name: value + k * reach}), TIGHT).spike_times
            for k in (-2, -1, 1, 2)
        }
        slopes = (8 * (times[1] - times[-1]) - (times[2] - times[-2])) / (12 * reach)
        np.testing.assert_allclose(found[name], slopes, rtol=1e-6, atol=1e-7, err_msg=name)


def test_a_threshold_of_parameters_alone_stands():
    neuron = natrium.HybridNeuron(
        equations={"V": "(I - V)/tau"},
        parameters={"tau": 10.0, "V_T": 5.0, "Delta": 2.0},
        initial={"V": 0.0},
        v_thresh="V_T + 5*Delta",
        reset={"V": 0.0},
    )
    assert neuron.v_thresh == 15.0
    assert "v_thresh" not in neuron.numbers()
    run = natrium.simulate(neuron, natrium.Constant(20.0), t_end=50.0)
    assert run.spike_times[0] == pytest.approx(10.0 * math.log(4.0), abs=1e-9)
    assert natrium.rheobase(neuron).value == pytest.approx(15.0, abs=1e-9)


def test_it_goes_through_a_file_and_a_comparison():
    model = natrium.loads(template("mat"))
    assert natrium.loads(to_toml(model)) == model
    assert model.neuron.threshold_moves == ("theta_1", "theta_2")
    short = natrium.Simulation(t_end=120.0, dt=0.1)
    comparison = natrium.compare_script(attrs.evolve(model, simulation=short))
    assert list(comparison.references) == ["by state"]
    assert comparison.script.n_spikes == comparison.truth.n_spikes == 5
    assert "true_by state_ms" in comparison.table()[0]
    assert natrium.error_budget(comparison).other == ""


def test_what_needs_a_threshold_that_stands_says_so():
    with pytest.raises(natrium.UnsupportedModel, match=r"a threshold that stands, got .* theta"):
        lif().v_thresh  # noqa: B018  # asking is what is refused


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("level + theta**2", "linear in the states"),
        ("level + max(theta, 0)", "linear in the states"),
        ("level + V", "an expression may hold numbers, level, theta"),
        ("level + nothing", "nothing"),
        ("level - 40", "V must start below v_thresh"),
    ],
)
def test_what_cannot_be_a_threshold_is_refused(level, told):
    with pytest.raises(natrium.ModelError, match=told):
        natrium.HybridNeuron(
            equations={"V": "-V", "theta": "-theta"},
            initial={"V": 0.0, "theta": 0.0},
            parameters={"level": 10.0},
            v_thresh=level,
            reset={"V": 0.0},
        )
