"""Branches in lanes: steps end on the surfaces, each side is as exact as a smooth flow."""

import attrs
import numpy as np
import pytest

import natrium
from natrium.solvers.ensembles.grid import runs_of
from natrium.solvers.flags import RunFlag
from tests.solvers.cases import compiled_beside_truth

T_END = 120.0


def own(flow, **more):
    """Give a neuron with one equation of V besides what is given."""
    settings = {"initial": {"V": -70.0}, "v_thresh": -50.0, "reset": {"V": -70.0}} | more
    return natrium.HybridNeuron(**settings | {"equations": {"V": flow} | more.get("equations", {})})


def cell(**gate):
    slow = natrium.Channel("slow", 1.5, -90.0, [natrium.Gate("x", 1, **gate)])
    return natrium.Neuron(channels=[natrium.CHANNELS["hh_sodium"], slow], v_thresh=-52.0, refractory="clamp")


RECTIFIED = own("(-(V + 70) + 3*max(V + 60, 0) + I)/10")
STEPPED = own(
    "(-(V + 70) + 5*heaviside(w) + I)/10",
    equations={"w": "(V + 62)/10 - w/30"},
    initial={"V": -70.0, "w": -1.0},
    reset={"V": -70.0, "w": "w - 1"},
    tau_ref=2.0,
    refractory={"w": "free"},
)
NESTED = own(
    "(-(V + 70) + min(max(V + 60, 0), max(w, 1)*2) + I)/10",
    equations={"w": "abs(V + 60)/20 - w/5"},
    initial={"V": -70.0, "w": 0.0},
    reset={"V": "max(-70, -75 + w)"},
)
FAST = own(  # Izhikevich 2007, fast spiking
    "((V + 55)*(V + 40) - u + I)/20",
    equations={"u": "0.2*(where(V < -55, 0, 0.025*(V + 55)**3) - u)"},
    initial={"V": -55.0, "u": 0.0},
    v_thresh=25.0,
    reset={"V": -45.0},
)
AT_LEVEL = own(  # a branch at the level through which V goes on, and another
    "V - V*V*abs(V)*sign(V)/3 - w + I",
    equations={"w": "0.08*(max(V, -1.0) + 0.7 - 0.8*w)"},
    initial={"V": -1.2, "w": -0.62},
    v_thresh=0.0,
    reset={},
)
CASES = {
    "a kink": (RECTIFIED, natrium.Constant(12.0)),
    "a size": (own("(-(V + 70) + I - abs(V + 60)/3)/10"), natrium.Constant(40.0)),
    "a start on the surface": (
        own("(-(V + 70) + 3*max(V + 70, 0) + I)/10"), natrium.Sine(10.0, 30.0, offset=2.0),
    ),
    "a jump of the flow": (STEPPED, natrium.Constant(18.0)),
    "one in another": (NESTED, natrium.Sine(10.0, 30.0, offset=18.0)),
    "of the input": (own("(-(V + 70) + max(I, 10))/10", v_thresh=-56.0), natrium.Sine(20.0, 30.0, offset=8.0)),
    "of a noisy input": (
        own("(-(V + 70) + max(I, 10))/10", v_thresh=-56.0), natrium.Noise(12.0, 9.0, tau=3.0, step=0.5, seed=2),
    ),
    "a floor under tau": (
        cell(inf="1/(1 + exp(-(V + 60)/6))", tau="max(0.5, 6 - 0.1*abs(V + 62))"), natrium.Constant(25.0),
    ),
    "a rate by cases": (
        cell(alpha="where(V < -58, 0.05, 0.05 + 0.01*(V + 58))", beta="0.1"),
        natrium.Sine(20.0, 50.0, offset=15.0),
    ),
    "beside an upstroke": (FAST, natrium.Constant(100.0)),
    "at the level": (AT_LEVEL, natrium.Constant(0.5)),
    "spikes that come in": (
        own("(-(V + 70) + 3*max(w, 0.3) + I)/10", equations={"w": "-w/5"}, initial={"V": -70.0, "w": 0.0},
            v_thresh=-60.0),
        (natrium.Constant(5.0), natrium.Poisson(300.0, "w", 1.5, seed=1, stop=T_END)),
    ),
}  # fmt: skip


def test_a_kink_between_two_lines_is_exact():
    """Below -60 mV towards -58, above it 1.0 mV of (exp(t/5) - 1): the period in closed form."""
    period = 10.0 * np.log(6.0) + 5.0 * np.log(11.0)
    found = natrium.Compiled(rtol=1e-13).solve(RECTIFIED, natrium.Constant(12.0), t_end=500.0)
    np.testing.assert_allclose(found.spike_times, period * np.arange(1, 17), rtol=0.0, atol=2e-11)
    assert found.statistics["steps"].keys() == {"Taylor"}
    at = 10.0 * np.log(6.0)
    assert found.state(at)[0] == pytest.approx(-60.0, abs=1e-12)
    assert found.state(at + 2.0)[0] == pytest.approx(-60.0 + np.exp(0.4) - 1.0, abs=1e-11)


@pytest.mark.parametrize("name", CASES)
def test_a_branch_is_that_of_the_event_driven_solver(name):
    neuron, drive = CASES[name]
    found, truth = compiled_beside_truth(neuron, drive, T_END, atol=1e-7)
    assert np.abs(found.spike_times - truth.spike_times).max() < 2e-9


@pytest.mark.parametrize("name", CASES)
def test_a_run_in_a_crowd_is_the_run_alone(name):
    neuron, drive = CASES[name]
    times = np.linspace(0.0, 60.0, 121)
    start = neuron.initial_state()[0]
    levels = start - np.array([0.0, 0.3, 0.0, 1.1, 2.0, 0.7, 0.2, 0.1, 0.0])
    runs = runs_of(neuron, drive, {"v_init": levels}, t_end=60.0)
    plain, sampled = natrium.Compiled().solve_runs(runs), natrium.Compiled().solve_runs(runs, times)
    assert not plain.flags.any(), plain.messages
    np.testing.assert_array_equal(plain.spike_times, sampled.spike_times)
    ends = np.cumsum(plain.counts)
    for run in (0, 1, 4, 8):
        alone = natrium.Compiled().solve(runs.neuron_at(run), runs.stimulus_at(run), t_end=60.0)
        train = plain.spike_times[ends[run] - plain.counts[run] : ends[run]]
        np.testing.assert_array_equal(train, alone.spike_times)
        assert sampled.samples is not None
        sizes = 1.0 + np.abs(sampled.samples[run]).max(axis=1, keepdims=True)
        assert (np.abs(sampled.samples[run] - alone.state(times)) / sizes).max() < 2e-11


def test_parameters_of_branches_vary():
    """Where the surface lies is a number of the run."""
    kink = attrs.evolve(
        RECTIFIED, equations={"V": "(-(V + 70) + 3*max(V - at, 0) + I)/10"}, parameters={"at": -60.0}
    )
    places = np.array([-62.0, -60.0, -58.5])
    many = natrium.simulate_many(kink, natrium.Constant(12.0), t_end=60.0, parameters={"at": places})
    assert not many.flags.any()
    for run, place in enumerate(places.tolist()):
        low = 10.0 * np.log(12.0 / (-58.0 - place))  # then x = V - at: 10 x' = 2 x + c
        c = -58.0 - place
        high = 5.0 * np.log(1.0 + 2.0 * (-50.0 - place) / c)
        assert many.train(run)[0] == pytest.approx(low + high, abs=1e-8)


@pytest.mark.parametrize("name", ["a kink", "a jump of the flow", "a floor under tau"])
def test_derivatives_are_those_along_the_event_driven_run(name):
    neuron, drive = CASES[name]
    if name == "a jump of the flow":
        neuron = attrs.evolve(neuron, refractory="hold")
    one, other = (
        natrium.spike_time_gradients(made.solve(neuron, drive, t_end=60.0), ["I", "v_thresh"])
        for made in (natrium.Compiled(rtol=1e-12), natrium.EventDriven(rtol=1e-12))
    )
    np.testing.assert_allclose(one.matrix, other.matrix, rtol=1e-6, atol=1e-6)


def test_a_flow_that_leads_back_from_both_sides_is_told():
    slides = own("(-5*sign(V + 60) + I)/10")
    with pytest.raises(natrium.SolverError, match="leads back from both sides"):
        natrium.Compiled().solve(slides, natrium.Constant(2.0), t_end=100.0)
    many = natrium.simulate_many(slides, t_end=100.0, parameters={"I": [2.0, 12.0]})
    assert (many.flags & RunFlag.FAILED).astype(bool).tolist() == [True, False]


def test_v_that_runs_off_does_not_leap_over_a_branch():
    """A cut-off 70 mV over the upstroke; the period by quadrature over V, in 30 digits."""
    text = "(-(V + 70) + 2*exp((V + 50)/2) + {} + I)/10"
    periods = {
        "0": 14.7420050515933524,
        "0.5*max(V + 65, 0)": 11.5584402771280496,
        "max(V, 0)": 14.7420050515933524,
    }
    for branch, period in periods.items():
        neuron = own(text.format(branch), v_thresh=20.0, tau_ref=1.0)
        found = natrium.Compiled(rtol=1e-12).solve(neuron, natrium.Constant(30.0), t_end=T_END)
        times = (period + 1.0) * np.arange(found.n_spikes) + period
        np.testing.assert_allclose(found.spike_times, times, rtol=0.0, atol=2e-11)
        assert found.n_spikes > 3
        assert found.warnings == ()
