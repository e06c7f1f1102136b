"""The page's solver in Node.js against natrium: the model file that the page gives is solved by both."""

import math

import numpy as np
import pytest
import scipy.special

import natrium
from natrium.model.files.new import template, template_names
from tests.coupled import coupled_compartments
from tests.explore.node import NODE, core_of, facts_of, run_node, solve_in_node

pytestmark = pytest.mark.skipif(NODE is None, reason="there is no node here to run the page's code")
NEAR = 1e-8  # ms
SCRIPTS = natrium.notebook.SCRIPTS


def check(model, changes):
    """Hold each change's spikes, and its script's, against natrium's of the file that the page gives."""
    compared = 0
    for change, told in zip(changes, solve_in_node(model, changes), strict=True):
        if told["broken"]:
            with pytest.raises(natrium.NatriumError):
                natrium.loads(told["toml"])
            continue
        moved = natrium.loads(told["toml"])
        span = {"t_end": moved.simulation.t_end}
        truth = natrium.simulate(moved.neuron, moved.stimulus, **span, solver="compiled", rtol=1e-12)
        assert told["spikes"] == pytest.approx(truth.spike_times, rel=0.0, abs=NEAR), change
        try:
            script = natrium.simulate(
                moved.neuron, moved.stimulus, **span, solver="script", dt=moved.simulation.dt
            )
        except natrium.SolverError:  # a step too long, which the page tells as well
            continue
        assert told["script"] == pytest.approx(script.spike_times, rel=0.0, abs=NEAR), change
        compared += truth.n_spikes
    return compared


def all_moves(model):
    """Give a move of every slider, every kind of input and every refractory rule."""
    facts = facts_of(model)

    def moved(one):
        return {
            one["name" if "place" in one or "state" in one else "short"]: one["min"]
            + 0.62 * (one["max"] - one["min"])
        }

    changes = [{}] + [{"values": moved(one)} for one in facts["parameters"]]
    changes += [
        {"parts": {k: moved(one)}} for k, part in enumerate(facts["parts"]) for one in part["numbers"]
    ]
    changes += [{"kinds": {"0": kind}} for kind in facts["kinds"] if facts["parts"]]
    return changes + [{"settings": {"rule": rule}} for rule in facts["rules"]]


def test_spikes_are_natrium_s_at_the_default_and_after_moves():
    changes = [{}, {"values": {"g_Na": 150.0}}, {"parts": {0: {"I": 14.0}}}, {"settings": {"rule": "clamp"}}]
    assert check(SCRIPTS["lif_na"](), changes) > 10


def test_a_run_costs_what_natrium_s_does():
    model = SCRIPTS["lif_na"]()
    (told,) = solve_in_node(model, [{}])
    run = natrium.simulate(model.neuron, model.stimulus, t_end=100.0, rtol=1e-11)
    assert told["calls"] < 1.6 * run.rhs_evaluations  # with dense output throughout


def stiff_models():
    """Models whose fastest rates are 1e4 per ms and more, of cells and of equations."""
    slow = natrium.CHANNELS["notebook_sodium_1"].gates[1]
    fast = natrium.Gate(
        "m", 3, alpha="1e4*0.1*(V + 40)/(1 - exp(-(V + 40)/10))", beta="1e4*4*exp(-(V + 65)/18)"
    )
    step = natrium.Step(30.0, start=5.0)
    for rule in ("hold", "clamp"):
        cell = natrium.Neuron(channels=[natrium.Channel("Na", 120.0, 50.0, [fast, slow])], refractory=rule)
        yield f"a gate, {rule}", cell, step, {"values": {"g_Na": 100.0}}
    yield (
        "compartments",
        coupled_compartments(tau_ref=2.0),
        natrium.Step(50.0, start=2.0),
        {"values": {"g": 3e4}},
    )
    relaxation = natrium.HybridNeuron(
        equations={"V": "(V - V**3/3 - w + I)/e", "w": "(V + 0.7 - 0.8*w)/12.5"},
        initial={"V": -1.2, "w": -0.62},
        parameters={"e": 1e-4},
        v_thresh=1.0,
    )
    yield "relaxation", relaxation, natrium.Constant(0.5), {"parts": {0: {"I": 0.6}}}


@pytest.mark.parametrize(
    ("neuron", "stimulus", "change"), [pytest.param(*rest, id=name) for name, *rest in stiff_models()]
)
def test_stiff_models_go_by_implicit_steps(neuron, stimulus, change):
    model = natrium.Model(neuron=neuron, stimulus=[stimulus], simulation=natrium.Simulation(t_end=40.0))
    (told,) = solve_in_node(model, [change])
    moved = natrium.loads(told["toml"])
    truth = natrium.simulate(moved.neuron, moved.stimulus, t_end=40.0, rtol=1e-10)
    assert truth.n_spikes > 1
    assert told["spikes"] == pytest.approx(truth.spike_times, rel=0.0, abs=NEAR)
    assert told["implicit"] > 20
    assert told["calls"] < 60_000


def test_what_is_read_from_files(tmp_path):
    (tmp_path / "spikes.csv").write_text("t\n5.0\n8.0\n30.0\n", encoding="utf-8")
    (tmp_path / "current.csv").write_text("t,I\n0,4\n20,9\n40,2\n", encoding="utf-8")
    cell = natrium.Neuron(synapses=[natrium.Synapse("exc", 2.0, 0.0, decay=5.0)])
    inputs = [
        natrium.RecordedSpikes(str(tmp_path / "spikes.csv"), "exc", 0.4, delay=1.0),
        natrium.Csv(str(tmp_path / "current.csv")),
    ]
    model = natrium.Model(neuron=cell, stimulus=inputs, simulation=natrium.Simulation(t_end=60.0))
    assert check(model, [{}, {"parts": {0: {"weight": 0.7, "delay": 3.0}}}]) >= 2


def test_what_breaks_a_rule_is_told():
    model = SCRIPTS["lif_na"]()
    told = solve_in_node(model, [{"values": {"v_reset": -50.0}}, {"parts": {0: {"stop": 10.0}}}])
    assert told[0]["broken"] == "v_reset must be below v_thresh (-55 mV), got -50 mV"
    assert told[1]["broken"] == "stop must not be before start (20 ms), got 10 ms"


def test_functions_are_those_of_the_kernel():
    x = np.array([-200.0, -30.0, -3.0, -1e-9, 0.0, 1e-3, 0.7, 2.4, 2.6, 15.0, 40.0])
    code = core_of(natrium.Model(neuron=natrium.Neuron()))
    told = run_node(
        f"{code}\nconst x = {x.tolist()};\n"
        "console.log(JSON.stringify([0, 1, 2, 3].map((n) => x.map((v) => exprel(v, n))).concat([x.map(erf), x.map(erfc)])))"
    )
    for n in range(4):
        assert told[n] == pytest.approx(natrium.model.exprel_array(x, n), rel=2e-13, abs=0.0)
    assert told[4] == pytest.approx(scipy.special.erf(x), rel=1e-14)
    assert told[5] == pytest.approx(scipy.special.erfc(x), rel=1e-13)


def test_a_start_that_is_given_is_in_the_file():
    model = SCRIPTS["lif_na"]()
    (told,) = solve_in_node(model, [{"settings": {"start": [-66.0, 0.2, 0.7]}}])
    moved = natrium.loads(told["toml"]).neuron
    assert moved.initial_state() == (-66.0, 0.2, 0.7)
    assert check(model, [{"settings": {"start": [-66.0, 0.2, 0.7]}}]) == 3


RATES = """
const found = [];
await rates(setupOf(settingsOf()), [0, 20], 5, async (one) => { found.push(one); return true; });
console.log(JSON.stringify(found.at(-1)));
"""


@pytest.mark.slow
def test_rates_and_rheobase_are_natrium_s():
    model = SCRIPTS["lif_na"]()
    told = run_node(f"{core_of(model)}\n(async () => {{{RATES}}})();")
    inputs, found = np.array(told["points"]).T
    assert found == pytest.approx(
        [row["rate_Hz"] for row in natrium.f_i_curve(model.neuron, inputs).table()], abs=1e-3
    )
    assert told["rheobase"] == pytest.approx(natrium.rheobase(model.neuron).value, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_every_slider_of_the_notebook_s_models(name):
    model = SCRIPTS[name]()
    assert check(model, all_moves(model)) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adex", "izhikevich", "fitzhugh-nagumo", "mat", "quadratic"])
def test_every_slider_of_equations(name):
    model = natrium.loads(template(name))
    assert check(model, all_moves(model)) > 50


@pytest.mark.slow
@pytest.mark.parametrize("name", template_names())
def test_every_template(name):
    assert check(natrium.loads(template(name)), [{}]) > 2


def cells():
    channels = natrium.CHANNELS
    one = channels["hh_sodium"], channels["hh_potassium"]
    hh = [
        natrium.Channel(each.name, 400.0 if k == 0 else 120.0, each.E, each.gates)
        for k, each in enumerate(one)
    ]
    step = natrium.Step(30.0, start=5.0)
    yield (
        "no threshold",
        natrium.Neuron(v_thresh=None, v_rest=-54.4, tau_m=3.3, v_init=-65.0, channels=hh),
        step,
    )
    ca, ahp = channels["pinsky_rinzel_calcium"], channels["pinsky_rinzel_ahp"]
    pool = natrium.Calcium(rest=0.1, tau=100.0, factor=0.05, channels=[ca.name], initial=0.1)
    yield "calcium", natrium.Neuron(v_thresh=-50.0, channels=[ca, ahp], calcium=pool), step
    synapse = natrium.Synapse("exc", 2.0, 0.0, decay=5.0, rise=1.0)
    incoming = [
        natrium.Spikes([5.0, 8.0, 30.0], "exc", 0.4),
        natrium.Poisson(300.0, "V", 2.0, seed=3, stop=50.0),
    ]
    yield "synapse", natrium.Neuron(synapses=[synapse], channels=[channels["notebook_sodium_1"]]), incoming
    wave = natrium.Formula("15*where(sin(t/3) > 0.2, 1, 0.5) + 3*floor(t/30)", start=10.0)
    yield "formula", natrium.Neuron(channels=[channels["notebook_sodium_1"]]), wave
    branched = natrium.HybridNeuron(
        equations={"V": "(max(-(V + 70), -0.5*(V + 70)) + abs(w)*0.5 + I)/10", "w": "(where(V < -62, 1, -3) - w)/20"},
        initial={"V": -70.0, "w": 0.3},
        v_thresh=-50.0,
        reset={"V": "-68", "w": "w - 0.5"},
        tau_ref=1.0,
        refractory="clamp",
    )  # fmt: skip
    yield "branches", branched, step


@pytest.mark.slow
@pytest.mark.parametrize(("neuron", "stimulus"), [pytest.param(*rest, id=name) for name, *rest in cells()])
def test_every_slider_of_other_kinds(neuron, stimulus):
    model = natrium.Model(neuron=neuron, stimulus=stimulus, simulation=natrium.Simulation(t_end=60.0))
    check(model, all_moves(model))


@pytest.mark.slow
@pytest.mark.parametrize("name", natrium.CHANNELS)
def test_every_channel_of_the_catalogue(name):
    channel = natrium.CHANNELS[name]
    carrier = natrium.CHANNELS["pinsky_rinzel_calcium"]
    pool = natrium.Calcium(rest=0.1, tau=100.0, factor=0.05, channels=[carrier.name])
    reads = (
        {"channels": [carrier, channel], "calcium": pool}
        if channel.reads_calcium
        else {"channels": [channel]}
    )
    neuron = natrium.Neuron(v_thresh=-50.0, **reads)
    model = natrium.Model(
        neuron=neuron, stimulus=natrium.Step(30.0, start=5.0), simulation=natrium.Simulation(t_end=60.0)
    )
    (told,) = solve_in_node(model, [{}])
    truth = natrium.simulate(neuron, model.stimulus, t_end=60.0, rtol=1e-12)
    assert told["spikes"] == pytest.approx(truth.spike_times, rel=0.0, abs=NEAR)
    assert told["end"] == pytest.approx(truth.state(60.0).tolist(), rel=0.0, abs=1e-7)
    assert all(math.isfinite(x) for x in told["end"])
