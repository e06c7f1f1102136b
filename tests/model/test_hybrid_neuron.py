"""Neurons of any equations: what they say in text, refractory rules by state, names, removable singularities."""

import numpy as np
import pytest
import sympy
from scipy.integrate import solve_ivp

import natrium
from natrium.model.kernel import lower_expressions

V, u, w, n, I = sympy.symbols("V u w n I", real=True)
PARTS = {"a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0}
TEXT = natrium.HybridNeuron(
    equations={"V": "0.04*V**2 + 5*V + 140 - u + I", "u": "a*(b*V - u)"},
    parameters=PARTS,
    initial={"V": -75.0, "u": -15.0},
    v_thresh=30.0,
    reset={"V": "c", "u": "u + d"},
)


def adex(cut=20.0, **changes):
    parts = {"C": 281.0, "g": 30.0, "E": -70.6, "T": -50.4, "D": 2.0, "a": 4.0, "tau": 144.0, "b": 80.5}
    return natrium.HybridNeuron(
        equations={"V": "(-g*(V - E) + g*D*exp((V - T)/D) - w + I)/C", "w": "(a*(V - E) - w)/tau"},
        parameters=parts,
        initial={"V": -70.6, "w": 0.0},
        v_thresh=cut,
        reset={"V": "E", "w": "w + b"},
        **changes,
    )


def test_text_means_what_sympy_means():
    a, b, c, d = sympy.symbols("a b c d", real=True)
    same = natrium.HybridNeuron(
        equations={"V": 0.04 * V**2 + 5 * V + 140 - u + I, "u": a * (b * V - u)},
        parameters=PARTS,
        initial={"V": -75.0, "u": -15.0},
        v_thresh=30.0,
        reset={"V": c, "u": u + d},
    )
    runs = [natrium.simulate(cell, natrium.Constant(4.775), t_end=3000.0) for cell in (TEXT, same)]
    assert np.abs(runs[0].spike_times - runs[1].spike_times).max() < 1e-9
    # By heyoka at 1e-16, of a state that is called u as everybody calls it.
    assert runs[0].n_spikes == 31
    assert runs[0].spike_times[:3] == pytest.approx([6.49143647, 91.76571505, 191.7703266], abs=1e-6)


@pytest.mark.parametrize(
    "name", ["J", "v_origin_", "tau_ref_", "x0", "lambda", "E", "gamma", "elapsed_", "r"]
)
def test_a_state_or_a_parameter_may_be_called_anything(name):
    symbol = sympy.Symbol(name, real=True)
    state = natrium.HybridNeuron(
        equations={"V": 0.04 * V**2 + 5 * V + 140 - symbol + I, name: 0.02 * (0.2 * V - symbol)},
        initial={"V": -75.0, name: -15.0},
        v_thresh=30.0,
        reset={"V": -65.0, name: symbol + 8},
    )
    parameter = TEXT.__class__(
        equations={"V": 0.04 * V**2 + 5 * V + 140 - u + I, "u": symbol * (0.2 * V - u)},
        parameters={name: 0.02},
        initial={"V": -75.0, "u": -15.0},
        v_thresh=30.0,
        reset={"V": -65.0, "u": "u + 8"},
    )
    expected = natrium.simulate(TEXT, natrium.Constant(4.775), t_end=300.0).spike_times
    for cell in (state, parameter):
        found = natrium.simulate(cell, natrium.Constant(4.775), t_end=300.0).spike_times
        assert found == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("name", ["exp", "min", "where", "pi", "t", "power", "I"])
def test_names_of_what_is_in_expressions_are_refused(name):
    with pytest.raises(
        natrium.ModelError, match="must not be named like|must differ from each other and from I"
    ):
        natrium.HybridNeuron(equations={"V": "-V"}, parameters={name: 1.0}, initial={"V": 0.0})


@pytest.mark.parametrize(
    ("equations", "said"),
    [
        ({"V": "-V + k"}, "Name 'k' found at character 6"),
        ({"V": "-V^2"}, "a power is written \\*\\*, not \\^"),
        ({"V": "sin(t)"}, "Name 't' found"),
        ({"V": "-v"}, "did you mean V"),
        ({"V": sympy.Heaviside(V) * sympy.Symbol("k")}, "got k"),
        ({"V": sympy.Function("f")(V)}, "unknown function f"),
        ({"V": sympy.DiracDelta(V)}, "function DiracDelta is not among those"),
    ],
)
def test_what_is_not_understood_is_named(equations, said):
    with pytest.raises(natrium.ModelError, match=said):
        natrium.HybridNeuron(equations=equations, initial={"V": 0.0})


# --- while refractory ----------------------------------------------------------------------------


def test_adaptation_goes_on_while_v_stands():
    """w relaxes to a (E - E) = 0 while V stands at E: in closed form."""
    cell, drive = adex(0.0, tau_ref=5.0, refractory={"w": "free"}), natrium.Constant(1000.0)
    assert cell.refractory == "clamp"
    run = natrium.simulate(cell, drive, t_end=60.0)
    event = run.events[0]
    inside = np.linspace(0.0, 4.999, 7)
    states = run.state(event.time + inside)
    assert states[0].tolist() == [-70.6] * 7
    assert states[1] == pytest.approx(event.after[1] * np.exp(-inside / 144.0), rel=1e-13)
    held = natrium.simulate(adex(0.0, tau_ref=5.0), drive, t_end=60.0)
    assert held.state(event.time + 4.0)[1] == held.events[0].after[1]


def test_a_rule_for_each_state():
    equations = {"V": "(-(V + 60) - w - z + I)/10", "w": "-w*w/5", "z": "-z/20"}
    cell = natrium.HybridNeuron(
        equations=equations,
        initial={"V": -60.0, "w": 0.0, "z": 0.0},
        v_thresh=-50.0,
        reset={"V": -60.0, "w": "w + 1", "z": "z + 1"},
        tau_ref=3.0,
        refractory={"w": "free"},
    )
    run = natrium.simulate(cell, natrium.Constant(30.0), t_end=20.0)
    event = run.events[0]
    # w' = -w^2/5 has no relaxing form and is integrated: w = 1/(1/w0 + t/5).
    end = run.state(event.time + 3.0, side="left")
    assert end == pytest.approx([-60.0, 1.0 / (1.0 / event.after[1] + 0.6), event.after[2]], rel=1e-9)
    for refractory, said in (
        ({"y": "free"}, "must name states"),
        ({"w": "clamp"}, "must be one of"),
        (3, "refractory"),
    ):
        with pytest.raises(natrium.ModelError, match=said):
            natrium.HybridNeuron(
                equations={"V": "-V", "w": "-w"}, initial={"V": 0.0, "w": 0.0}, refractory=refractory
            )


# --- 0/0 -----------------------------------------------------------------------------------------


def test_a_start_where_a_rate_is_zero_over_zero():
    """The squid's potassium alpha with its zero at -34 mV; by SciPy's DOP853 at 1e-13, the limit put in."""
    alpha = sympy.Float(0.01) * (V + 34.0) / (1 - sympy.exp(-(V + 34.0) / 10))
    beta = sympy.Float(0.125) * sympy.exp(-(V + 44) / 80)
    flow = -(V + 65) / 10 - sympy.Float(0.9) * n**4 * (V + 90) + I
    cell = natrium.HybridNeuron(
        equations={"V": flow, "n": alpha * (1 - n) - beta * n}, initial={"V": -34.0, "n": 0.1}
    )
    end = natrium.simulate(cell, natrium.Constant(1.0), t_end=20.0).final_state
    assert end == pytest.approx({"V": -53.46454174, "n": 0.216625}, abs=1e-6)


def test_a_zero_over_zero_at_a_parameter():
    """x/(1 - exp(-x)) at x = (V - T)/k with T and k as parameters: started on it, and passed through."""
    cell = natrium.HybridNeuron(
        equations={"V": "I - g*(V - T)/(1 - exp(-(V - T)/k))"},
        parameters={"g": 0.3, "T": -34.0, "k": 7.0},
        initial={"V": -34.0},
    )

    def flow(t, y):
        x = (y[0] + 34.0) / 7.0
        return [1.0 - 0.3 * 7.0 * (x / -np.expm1(-x) if x else 1.0)]

    expected = solve_ivp(flow, (0.0, 9.0), [-34.0], method="DOP853", rtol=1e-12, atol=1e-12).y[0, -1]
    assert natrium.simulate(cell, natrium.Constant(1.0), t_end=9.0).final_state["V"] == pytest.approx(
        expected, abs=1e-8
    )
    moved = cell.changed({"T": -30.0}).started([-30.0])
    assert np.isfinite(natrium.simulate(moved, natrium.Constant(5.0), t_end=9.0).final_state["V"])


# --- cut-offs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [-20.0, 0.0, 20.0, 40.0])
def test_a_cycle_does_not_know_where_its_spikes_are_cut_off(cut):
    """Multiplier and period by independent integration in extended precision."""
    cycle = natrium.limit_cycle(adex(cut), 1000.0)
    assert cycle.multipliers[0].real == pytest.approx(0.46350096, abs=3e-8)
    assert cycle.period == pytest.approx(36.0809512829, abs=2e-6 if cut < 0.0 else 1e-8)


def test_gradients_reach_a_high_cut_off():
    cell = adex(30.0, tau_ref=2.0, refractory="clamp")
    drive = natrium.Sine(200.0, frequency=20.0, offset=800.0)
    gradients = natrium.spike_time_gradients(natrium.simulate(cell, drive, t_end=100.0))
    solver = natrium.EventDriven(rtol=1e-13)
    for name, step in (("b", 1e-2), ("tau", 1e-2), ("D", 1e-5), ("tau_ref", 1e-4), ("v_thresh", 1e-3)):
        value = cell.numbers()[name].value
        ends = [
            natrium.simulate(
                cell.changed({name: value + s * step}), drive, t_end=100.0, solver=solver
            ).spike_times
            for s in (1.0, -1.0)
        ]
        found = gradients.matrix[:, gradients.names.index(name)]
        assert found == pytest.approx((ends[0] - ends[1]) / (2.0 * step), rel=2e-6, abs=1e-8)


@pytest.mark.parametrize("scheme", ["sequential-euler", "euler", "exponential-euler", "heun", "rk4"])
def test_fixed_steps_tend_to_the_truth(scheme):
    cell = adex(-44.0, tau_ref=2.0, refractory="clamp")
    drive = natrium.Constant(800.0)
    truth = natrium.simulate(cell, drive, t_end=100.0, solver=natrium.EventDriven(rtol=1e-12)).spike_times
    exact = {"spike_time": "cubic", "refractory": "exact", "label": "end"}
    errors = [
        np.abs(
            natrium.FixedStep(dt=dt, scheme=scheme, **exact).solve(cell, drive, t_end=100.0).spike_times
            - truth
        ).max()
        for dt in (0.02, 0.01)
    ]
    order = {"heun": 2, "rk4": 3.0}.get(scheme, 1)
    assert np.log2(errors[0] / errors[1]) > order - 0.35
    assert errors[1] < 0.3


def test_a_script_counts_ways_up_through_a_level():
    turn = 2 * np.pi / 10.0
    cell = natrium.HybridNeuron(
        equations={"V": w * turn, "w": -V * turn}, initial={"V": 0.0, "w": 1.0}, v_thresh=0.5
    )
    run = natrium.FixedStep(dt=0.001, scheme="rk4").solve(cell, t_end=50.0)
    expected = np.arcsin(0.5) / turn + 10.0 * np.arange(5)
    assert run.spike_times == pytest.approx(expected, abs=2e-3)


def test_a_guard_of_a_single_voltage_is_none():
    guarded = {"V": "where(V == -35, 0.5, (V + 35)/(1 - exp(-(V + 35)/10))) + I"}
    plain = {"V": "(V + 35)/(1 - exp(-(V + 35)/10)) + I"}
    one, other = (natrium.HybridNeuron(equations=two, initial={"V": -70.0}) for two in (guarded, plain))
    assert one.system == other.system
    assert "V = -35" in natrium.latex(one)
    with pytest.raises(natrium.ModelError, match="write <, <=, > or >="):
        natrium.HybridNeuron(
            equations={"V": "where(mode == 1, 1, 2)"}, parameters={"mode": 1.0}, initial={"V": 0.0}
        )


def test_V_may_stand_anywhere():
    first = natrium.HybridNeuron(equations={"V": "-V - u + I", "u": "V - u"}, initial={"V": 0.0, "u": 1.0})
    later = natrium.HybridNeuron(equations={"u": "V - u", "V": "-V - u + I"}, initial={"u": 1.0, "V": 0.0})
    assert later.system == first.system
    assert later.initial_state() == (0.0, 1.0)
    with pytest.raises(natrium.ModelError, match="the first state must be V, got x, y: call V what has"):
        natrium.HybridNeuron(equations={"x": "-x", "y": "x"}, initial={"x": 0.0, "y": 1.0})


@pytest.mark.parametrize("fall", [5.0, 3.0])  # a pace of its own, and that of what drives it
def test_what_another_drives_while_refractory_solves_its_equation(fall: float) -> None:
    neuron = natrium.HybridNeuron(
        equations={"V": "(-70 - V + s)/10 + I", "s": f"0.7*x + 0.2 - s/{fall}", "x": "(0.4 - x)/3"},
        initial={"V": -70.0, "s": 0.1, "x": 0.9},
        v_thresh=-55.0,
        reset={"V": -70.0},
        tau_ref=2.0,
        refractory="clamp",
    )
    system, elapsed, h = neuron.system, sympy.Symbol("elapsed", positive=True), 1e-4
    courses = lower_expressions(system.rested(elapsed), (elapsed, *system.states))
    flow = lower_expressions(system.resting.rhs, system.states)
    start = (-70.0, 0.1, 0.9)
    assert courses(0.0, *start) == pytest.approx(start, rel=1e-15)
    for at in (0.5, 2.0, 9.0):
        slopes = np.subtract(courses(at + h, *start), courses(at - h, *start)) / (2 * h)
        assert slopes == pytest.approx(flow(*courses(at, *start)), abs=1e-8)


def test_a_parameter_of_0_by_which_something_is_divided_stays():
    parameters, initial = {"g": 0.0, "c": 0.0}, {"V": 1.0, "w": 0.0}
    equations = {"V": "-V + g*w + where(w > 9, V/c, 1) + I", "w": "V - w"}
    system = natrium.HybridNeuron(equations=equations, initial=initial, parameters=parameters).system
    g = next(one for one in system.parameters if one.name == "g")
    assert system.pruned.rhs[0] == system.rhs[0].subs(g, 0)
