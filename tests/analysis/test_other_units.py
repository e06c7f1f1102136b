"""A model in other units is the same model: every answer is the same times its units."""

import numpy as np
import pytest

import natrium
from natrium.analysis.accuracy.convergence import convergence
from natrium.analysis.equilibria.curve import equilibrium_curve
from natrium.analysis.excitability.f_i import f_i_curve, onset
from natrium.analysis.excitability.rheobase import rheobase
from natrium.model.files.new import template
from tests.analysis.in_units import in_units

# V, input and states, time: volts, amperes (of pA) and seconds; volts and amperes in ms; powers of two; uV, fA, us.
UNITS = {
    "SI": (1e-3, 1e-12, 1e-3),
    "SI in ms": (1e-3, 1e-12, 1.0),
    "powers of two": (2.0**-10, 2.0**-30, 2.0**-10),
    "seconds": (1.0, 1.0, 1e-3),
}
LEAKY = natrium.HybridNeuron(
    equations={"V": "(-10*(V + 70) + I)/200"},
    initial={"V": -70.0},
    v_thresh=-50.0,
    reset={"V": -60.0},
    tau_ref=2.0,
)
IZHIKEVICH = natrium.HybridNeuron(
    equations={"V": "0.04*V**2 + 5*V + 140 - u + I", "u": "0.02*(0.2*V - u)"},
    initial={"V": -65.0, "u": -13.0},
    v_thresh=30.0,
    reset={"V": -65.0, "u": "u + 8"},
)
ADEX = natrium.HybridNeuron(
    equations={
        "V": "(-12*(V + 70) + 24*exp((V + 50)/2) - u + I)/200",
        "u": "(2*(V + 70) - u)/300",
    },
    initial={"V": -70.0, "u": 0.0},
    v_thresh=-20.0,
    reset={"V": -58.0, "u": "u + 60"},
)
MORRIS = natrium.loads(template("morris-lecar")).neuron

every_unit = pytest.mark.parametrize("units", UNITS.values(), ids=UNITS)


def told(neuron, units):
    V, I, t = units
    return in_units(neuron, {"V": V, "u": I}, I, t)


def of(units, values, power_I=0, power_t=0, power_V=0):
    V, I, t = units
    return np.asarray(values) / (I**power_I * t**power_t * V**power_V)


@every_unit
def test_a_run_and_its_states(units):
    V, I, t = units
    ours = natrium.simulate(ADEX, natrium.Constant(500.0), t_end=200.0)
    other = natrium.simulate(told(ADEX, units), natrium.Constant(500.0 * I), t_end=200.0 * t)
    assert of(units, other.spike_times, power_t=1) == pytest.approx(ours.spike_times, rel=1e-8)
    states = [run.state(run.t_end) for run in (other, ours)]
    assert states[0] / [V, I] == pytest.approx(states[1], rel=1e-6)


@every_unit
def test_compiled_runs(units):
    _, I, t = units
    ours = natrium.simulate(IZHIKEVICH, natrium.Constant(10.0), t_end=200.0, solver="compiled")
    other = natrium.simulate(
        told(IZHIKEVICH, units), natrium.Constant(10.0 * I), t_end=200.0 * t, solver="compiled"
    )
    assert other.manifest["solver"] == ours.manifest["solver"]
    assert of(units, other.spike_times, power_t=1) == pytest.approx(ours.spike_times, rel=1e-8)


@every_unit
@pytest.mark.parametrize(
    "neuron",
    [pytest.param(LEAKY, id="leaky"), pytest.param(IZHIKEVICH, id="Izhikevich", marks=pytest.mark.slow)],
)
def test_the_rheobase(neuron, units):
    ours, other = rheobase(neuron), rheobase(told(neuron, units))
    assert other.cause == ours.cause
    assert other.confirmed
    assert [one.outcome for one in other.checks] == [one.outcome for one in ours.checks]
    assert of(units, other.value, power_I=1) == pytest.approx(ours.value, rel=1e-9)
    assert of(units, other.bistable_from, power_I=1) == pytest.approx(ours.bistable_from, rel=1e-6)
    assert (other.ending and other.ending.kind) == (ours.ending and ours.ending.kind)


@pytest.mark.parametrize("units", [UNITS["SI"]], ids=["SI"])
def test_the_law_of_the_onset(units):
    ours, other = onset(LEAKY), onset(told(LEAKY, units))
    assert other.law == ours.law == "logarithmic"
    assert of(units, other.coefficient, power_t=1) == pytest.approx(ours.coefficient, rel=1e-6)
    assert of(units, other.predicted, power_t=1) == pytest.approx(20.0, rel=1e-9)


@every_unit
def test_rate_against_input(units):
    levels = np.array([150.0, 205.0, 400.0])
    ours, other = f_i_curve(LEAKY, levels), f_i_curve(told(LEAKY, units), levels * units[1])
    assert other.outcomes == ours.outcomes
    assert of(units, other.rates, power_t=-1) == pytest.approx(ours.rates, rel=1e-9)
    # 2 + 20 log((I/10 - 10)/(I/10 - 20)) ms, of the membrane's own solution.
    assert ours.rates[2] == pytest.approx(1000.0 / (2.0 + 20.0 * np.log(30.0 / 20.0)), rel=1e-9)


@every_unit
def test_folds_and_hopf_points(units):
    for neuron in (IZHIKEVICH, MORRIS):
        ours, other = (equilibrium_curve(one) for one in (neuron, told(neuron, units)))
        for kind in ("folds", "hopf"):
            pairs = list(zip(getattr(other, kind), getattr(ours, kind), strict=True))
            for one, known in pairs:
                assert of(units, one.I, power_I=1) == pytest.approx(known.I, rel=1e-9)
                assert of(units, one.V, power_V=1) == pytest.approx(known.V, rel=1e-9)
            for one, known in pairs if kind == "hopf" else ():
                found = of(units, one.lyapunov, power_V=-2)
                assert found == pytest.approx(known.lyapunov, rel=1e-4)
                assert of(units, one.frequency, power_t=-1) == pytest.approx(known.frequency, rel=1e-9)


@every_unit
def test_cycles(units):
    _, I, t = units
    ours, other = (
        natrium.limit_cycle(IZHIKEVICH, 10.0),
        natrium.limit_cycle(told(IZHIKEVICH, units), 10.0 * I),
    )
    assert other.period / t == pytest.approx(ours.period, rel=1e-9)
    assert other.states / I == pytest.approx(ours.states, rel=1e-9)
    assert other.multipliers == pytest.approx(ours.multipliers, abs=1e-7)
    assert other.stable


@every_unit
def test_cycles_without_resets(units):
    _, I, t = units
    silent = natrium.HybridNeuron(
        equations=dict(MORRIS.equations), parameters=dict(MORRIS.parameters), initial=dict(MORRIS.initial)
    )
    ours, other = natrium.smooth_cycle(silent, 60.0), natrium.smooth_cycle(told(silent, units), 60.0 * I)
    assert other.period / t == pytest.approx(ours.period, rel=1e-9)
    assert other.largest_multiplier == pytest.approx(ours.largest_multiplier, abs=1e-7)


@pytest.mark.parametrize("units", [UNITS["SI"]], ids=["SI"])
def test_the_phase_plane(units):
    V, I, t = units
    ours = natrium.phase_plane(IZHIKEVICH, 2.0, grid=(31, 21))
    other = natrium.phase_plane(told(IZHIKEVICH, units), 2.0 * I, grid=(31, 21))
    assert [point.kind for point in other.equilibria] == [point.kind for point in ours.equilibria]
    for one, known in zip(other.equilibria, ours.equilibria, strict=True):
        assert (one.V / V, one.x / I) == pytest.approx((known.V, known.x), rel=1e-9)
    assert other.certain.horizon == ours.certain.horizon * t
    assert np.mean(other.certain.mask != ours.certain.mask) < 0.01
    assert np.mean(ours.certain.mask) > 0.1


@every_unit
def test_gradients(units):
    _, I, t = units
    made = {}
    for name, neuron, level, end in (
        ("ours", ADEX, 500.0, 200.0),
        ("other", told(ADEX, units), 500.0 * I, 200.0 * t),
    ):
        run = natrium.simulate(neuron, natrium.Constant(level), t_end=end, rtol=1e-11)
        made[name] = natrium.spike_time_gradients(run, ["I_0"]).matrix
    assert made["other"] * I / t == pytest.approx(made["ours"], rel=1e-6)


def models(neuron, amplitude, end, units):
    """Give a model in mV and ms and in other units."""
    _, I, t = units
    made = ((neuron, 1.0, 1.0), (told(neuron, units), I, t))
    return [
        natrium.Model(
            neuron=one,
            stimulus=natrium.Constant(amplitude * size),
            simulation=natrium.Simulation(t_end=end * time, dt=0.1 * time),
        )
        for one, size, time in made
    ]


@every_unit
def test_compiled_runs_take_the_same_steps(units):
    ours, other = (
        natrium.simulate(one.neuron, one.stimulus, t_end=one.simulation.t_end, solver="compiled")
        for one in models(ADEX, 500.0, 200.0, units)
    )
    assert other.rhs_evaluations == pytest.approx(ours.rhs_evaluations, rel=0.05)
    assert other.warnings == ours.warnings == ()


@pytest.mark.parametrize("units", [UNITS["SI"], UNITS["seconds"]], ids=["SI", "seconds"])
def test_how_far_steps_are_from_the_truth(units):
    V, _, t = units
    scheme = natrium.FixedStep(dt=0.1, scheme="heun", spike_time="linear")
    ours, other = (convergence(scheme, natrium.reference(one)) for one in models(LEAKY, 250.0, 60.0, units))
    assert other.steps / t == pytest.approx(ours.steps, rel=1e-12)
    assert other.spike_errors / t == pytest.approx(ours.spike_errors, rel=1e-6)
    assert other.voltage_errors / V == pytest.approx(ours.voltage_errors, rel=1e-5)
    assert other.order.value == pytest.approx(ours.order.value, abs=1e-5)


@pytest.mark.slow
def test_a_whole_comparison():
    units = UNITS["SI"]
    t = units[2]
    ours, other = (natrium.compare(one) for one in models(LEAKY, 250.0, 60.0, units))
    assert [row.method for row in other.work] == [row.method for row in ours.work]
    for one, known in zip(other.convergences, ours.convergences, strict=True):
        assert one.steps / t == pytest.approx(known.steps, rel=1e-12)
    assert other.budget.causes == ours.budget.causes
    assert other.budget.parts / t == pytest.approx(ours.budget.parts, abs=1e-8)
    assert any(said.startswith("Every spike to 1e-09 ms") for said in other.sentences())


@every_unit
def test_fits(units):
    _, I, t = units
    times = natrium.simulate(LEAKY, natrium.Constant(260.0), t_end=100.0).spike_times
    ours, other = models(LEAKY, 150.0, 100.0, units)  # begins without a spike
    found = natrium.fit(other, times * t, ["I_0"])
    known = natrium.fit(ours, times, ["I_0"])
    assert found.converged
    assert found.values / I == pytest.approx([260.0], rel=1e-6)
    assert found.evaluations == pytest.approx(known.evaluations, abs=1)


@every_unit
def test_how_long_a_spike_is_waited_for(units):
    assert natrium.return_map(told(LEAKY, units), 0.0).longest == pytest.approx(5000.0 * units[2], rel=0.03)


@every_unit
def test_margins_under_a_sine(units):
    V, I, t = units
    made = []
    for neuron, v, size, time in ((LEAKY, 1.0, 1.0, 1.0), (told(LEAKY, units), V, I, t)):
        drive = [
            natrium.Constant(205.0 * size),
            natrium.Sine(amplitude=30.0 * size, frequency=40.0 / time),
        ]
        run = natrium.simulate(neuron, drive, t_end=100.0 * time, rtol=1e-11)
        gradients = natrium.spike_time_gradients(run, ["I_0"])
        made.append((gradients.margins / v, gradients.graze / v))
    assert made[1][0] == pytest.approx(made[0][0], rel=1e-6)
    assert made[1][1] == pytest.approx(made[0][1], rel=0.03)
