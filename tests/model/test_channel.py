"""Gates that are instantaneous, and gates at another temperature than their rates are given for."""

import numpy as np
import pytest
import sympy

import natrium
from natrium.model.files.writing import to_toml

DRIVE = natrium.Step(20.0, start=10.0)
M_INF = "1/(1 + exp(-(V + 30)/12.5))"
H = natrium.Gate("h", inf="1/(1 + exp((V + 60.25)/6.25))", tau="5/(exp(0.04*(V + 60)) + exp(-0.12*(V + 60)))")


def cell(*gates, g=100.0, **changes):
    sodium = natrium.Channel("Na", g, 55.0, gates)
    return natrium.Neuron(v_thresh=-45.0, channels=[sodium], **changes)


AT_ONCE = cell(natrium.Gate("m", 2, inf=M_INF), H)


def own_equations():
    """Give the same cell as equations, m_inf put in by hand."""
    return natrium.HybridNeuron(
        equations={
            "V": f"(-(V + 70) + I + 100*({M_INF})**2*h*(55 - V))/10",
            "h": f"(({H.inf}) - h)/({H.tau})",
        },
        initial=dict(zip(("V", "h"), AT_ONCE.initial_state(), strict=True)),
        v_thresh=-45.0,
        reset={"V": -70.0},
        tau_ref=2.0,
    )


@pytest.mark.parametrize("solver", ["event", "compiled"])
def test_an_instantaneous_gate_is_its_steady_state(solver):
    expected = natrium.simulate(own_equations(), DRIVE, t_end=60.0, rtol=1e-11).spike_times
    run = natrium.simulate(AT_ONCE, DRIVE, t_end=60.0, solver=solver)
    assert run.names == ("V", "Na.h")
    assert run.spike_times == pytest.approx(expected, abs=1e-7)
    assert run.n_spikes == 10


def test_a_gate_of_tiny_tau_tends_to_it():
    expected = natrium.simulate(AT_ONCE, DRIVE, t_end=60.0).spike_times
    fast = cell(natrium.Gate("m", 2, inf=M_INF, tau="1e-12"), H)
    found = natrium.simulate(fast, DRIVE, t_end=60.0).spike_times
    assert found == pytest.approx(expected, abs=1e-6)


def test_the_script_evaluates_it_as_written():
    errors = []
    truth = natrium.simulate(AT_ONCE, DRIVE, t_end=40.0).spike_times
    for dt in (4e-3, 2e-3):
        run = natrium.FixedStep(dt=dt, refractory="exact", label="end").solve(AT_ONCE, DRIVE, t_end=40.0)
        errors.append(abs(run.spike_times[:5] - truth[:5]).max())
    assert errors[1] < 0.02
    assert errors[1] < 0.75 * errors[0]


def test_everything_else_takes_it_too():
    assert natrium.equilibria(AT_ONCE, 0.0)
    assert natrium.limit_cycle(AT_ONCE, 20.0).stable
    assert natrium.rheobase(AT_ONCE).value < 0.0
    assert r"m_{\mathrm{Na}}^{\infty}(V)^{2}" in natrium.latex(AT_ONCE)
    assert AT_ONCE.started([-60.0, 0.3]).initial_state() == (-60.0, 0.3)
    model = natrium.Model(neuron=AT_ONCE, stimulus=[DRIVE])
    assert natrium.loads(to_toml(model)) == model
    run = natrium.simulate(AT_ONCE, DRIVE, t_end=60.0)
    gradient = natrium.spike_time_gradients(run, ("g_Na",)).matrix[:, 0]
    ends = [
        natrium.simulate(AT_ONCE.changed({"g_Na": g}), DRIVE, t_end=60.0, rtol=1e-12).spike_times
        for g in (100.01, 99.99)
    ]
    assert gradient == pytest.approx((ends[0] - ends[1]) / 0.02, rel=1e-5, abs=1e-8)


def test_a_cell_with_instantaneous_gates_alone_has_one_state():
    alone = cell(natrium.Gate("m", 1, inf=M_INF), g=0.2)
    assert alone.system.states == (sympy.Symbol("V", real=True),)
    assert natrium.simulate(alone, natrium.Constant(40.0), t_end=60.0).n_spikes > 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"inf": M_INF, "initial": 0.5}, "instantaneous and has no initial value"),
        ({"tau": "1"}, "inf alone makes it instantaneous"),
        ({"inf": M_INF, "tau": "1", "q10": 3.0}, "needs both q10 and celsius"),
        ({"inf": M_INF, "tau": "1", "q10": 0.0, "celsius": 6.3}, "q10 must be positive"),
        ({"inf": M_INF, "tau": "1", "q10": 3.0, "celsius": "cold"}, "celsius must be a number"),
    ],
)
def test_what_contradicts_itself_is_refused(changes, said):
    with pytest.raises(natrium.ModelError, match=said):
        natrium.Gate("m", **changes)


# --- temperature ---------------------------------------------------------------------------------

SQUID = {"alpha": "0.1*(V + 40)/(1 - exp(-(V + 40)/10))", "beta": "4*exp(-(V + 65)/18)"}


@pytest.mark.parametrize("celsius", [None, 6.3, 16.3, 26.3])
def test_a_gate_is_faster_by_its_q10(celsius):
    factor = 1.0 if celsius is None else 3.0 ** ((celsius - 6.3) / 10.0)
    warm = cell(natrium.Gate("m", 3, **SQUID, q10=3.0, celsius=6.3), H, celsius=celsius)
    scaled = {name: f"{factor!r}*({text})" for name, text in SQUID.items()}
    by_hand = cell(natrium.Gate("m", 3, **scaled), H)
    for solver in ("event", "compiled"):
        runs = [natrium.simulate(one, DRIVE, t_end=60.0, solver=solver) for one in (warm, by_hand)]
        assert runs[0].n_spikes > 2
        assert runs[0].spike_times == pytest.approx(runs[1].spike_times, abs=1e-7)
    scripts = [
        natrium.FixedStep(dt=0.01).solve(one, DRIVE, t_end=60.0).spike_times for one in (warm, by_hand)
    ]
    np.testing.assert_array_equal(*scripts)


def test_without_a_temperature_nothing_changes_by_a_bit():
    plain, given = (
        cell(natrium.Gate("m", 3, **SQUID, **more), H) for more in ({}, {"q10": 3.0, "celsius": 6.3})
    )
    assert plain.system == given.system


def test_temperature_is_a_parameter_to_sweep():
    warm = cell(natrium.Gate("m", 3, **SQUID, q10=3.0, celsius=6.3), H, celsius=6.3)
    runs = natrium.simulate_many(warm, DRIVE, t_end=60.0, parameters={"celsius": [6.3, 16.3]})
    ones = [natrium.simulate(warm.changed({"celsius": c}), DRIVE, t_end=60.0) for c in (6.3, 16.3)]
    assert runs.counts.tolist() == [one.n_spikes for one in ones]
    assert np.abs(runs.spike_times - np.concatenate([one.spike_times for one in ones])).max() < 1e-7
    grid = {"celsius": [16.3, 6.3, 16.3, 6.3], "g_Na": [80.0, 80.0, 120.0, 120.0]}
    both = natrium.simulate_many(warm, DRIVE, t_end=60.0, parameters=grid)
    hot = natrium.simulate_many(
        warm.changed({"celsius": 16.3}), DRIVE, t_end=60.0, parameters={"g_Na": [80.0, 120.0]}
    )
    assert both.counts[[0, 2]].tolist() == hot.counts.tolist()
    np.testing.assert_array_equal(both.train(2), hot.train(1))
    model = natrium.Model(neuron=warm, stimulus=[DRIVE])
    assert natrium.loads(to_toml(model)) == model
    assert r"3 (\alpha" in natrium.latex(warm.changed({"celsius": 16.3}))
