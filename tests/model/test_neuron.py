"""Gates, channels and neurons: every rule and its message; defaults, equality, the state at the start."""

import itertools
import re
from typing import Any

import attrs
import numpy as np
import pytest
import sympy

import natrium
from natrium.model.assembly import CELSIUS
from natrium.model.rates import V

A, B = "0.1*(V + 40)/(1 - exp(-(V + 40)/10))", "4*exp(-(V + 65)/18)"
INF, TAU = "1/(1 + exp(-(V + 30)/6))", "2"
M = natrium.Gate("m", 3, alpha=A, beta=B)
NA = natrium.Channel("Na", 120.0, 50.0, [M])


def gate(**changes: Any) -> natrium.Gate:
    return natrium.Gate(**{"name": "m", "power": 3, "alpha": A, "beta": B} | changes)


def channel(**changes: Any) -> natrium.Channel:
    return natrium.Channel(**{"name": "Na", "g": 120.0, "E": 50.0, "gates": [M]} | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "name must be a name of at most 40 letters, .* got ''"),
        ({"name": "m; import os"}, "name must be a name .* got 'm; import os'"),
        ({"name": "__class__"}, "name must be a name"),
        ({"name": "m\n"}, "name must be a name"),
        ({"name": None}, "name must be a name .* got None"),
        ({"power": 0}, "power must be a whole number from 1 to 16, got 0"),
        ({"power": 17}, "power must be a whole number from 1 to 16, got 17"),
        ({"power": 2.5}, "power must be a whole number from 1 to 16, got 2.5"),
        ({"power": True}, "power must be a whole number from 1 to 16, got True"),
        ({"alpha": "V.real"}, "an expression may hold numbers, V, pi, .* only"),
        (
            {"alpha": "1/(V + 20)"},
            "alpha must be finite: .* has a pole at V = -20 mV .* write it with exprel",
        ),
        ({"beta": "V"}, "beta must not be negative from -150 to 150 mV: V is -150 at V = -150 mV"),
        ({"alpha": "sin(t)"}, "an expression may hold numbers, V"),
        ({"alpha": natrium.Expression("t", "t")}, "an expression of V is needed, got one of t: t"),
        ({"alpha": 1j}, "an expression must be text or SymPy, got 1j"),
        ({"alpha": None}, "gate m needs alpha and beta, or inf and tau, got beta"),
        ({"beta": None}, "gate m needs alpha and beta, or inf and tau, got alpha"),
        ({"alpha": None, "beta": None}, "gate m needs alpha and beta, or inf and tau, got none"),
        ({"inf": INF}, "gate m needs .* got alpha, beta, inf"),
        ({"inf": INF, "tau": TAU}, "gate m needs .* got alpha, beta, inf, tau"),
        ({"beta": None, "tau": TAU}, "gate m needs .* got alpha, tau"),
        ({"initial": -0.1}, r"initial must be within \[0, 1\], got -0.1"),
        ({"initial": 1.5}, r"initial must be within \[0, 1\], got 1.5"),
        ({"initial": float("nan")}, "initial must be finite, got nan"),
        ({"initial": "steady"}, "initial must be a number from 0 to 1 or 'steady-state', got 'steady'"),
        ({"initial": True}, "initial must be a number, got True"),
        ({"initial": None}, "initial must be a number, got None"),
    ],
)
def test_gate_refuses(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(natrium.ModelError, match=message):
        gate(**changes)


def test_power_with_more_digits_than_python_prints_is_refused() -> None:
    with pytest.raises(natrium.ModelError, match="power must be a whole number from 1 to 16"):
        gate(power=10**5000)


def test_gate_takes_text_sympy_and_numbers_alike() -> None:
    one = gate(alpha="exp(V/10)", beta=0.5)
    assert one == gate(alpha=natrium.Expression("exp(V/10)"), beta="0.5")
    assert one == gate(alpha=sympy.exp(V / 10), beta=sympy.Float(0.5))
    assert one == gate(alpha=sympy.exp(sympy.Symbol("V") / 10), beta=np.float64(0.5))


def test_gate_has_its_defaults() -> None:
    plain = natrium.Gate("h", inf=INF, tau=TAU)
    assert (plain.power, plain.initial, plain.alpha, plain.beta) == (1, "steady-state", None, None)
    assert natrium.Gate("h", inf=INF, tau=TAU, initial=1).initial == 1.0


def test_gate_with_steady_state_and_time_constant_flows_the_same() -> None:
    """inf = alpha/(alpha + beta) and tau = 1/(alpha + beta) are the same gate."""
    x = sympy.Symbol("x")
    rates = natrium.Gate("m", alpha="0.1*exp(V/20)", beta="0.3*exp(-V/30)")
    total = "(0.1*exp(V/20) + 0.3*exp(-V/30))"
    other = natrium.Gate("m", inf=f"0.1*exp(V/20)/{total}", tau=f"1/{total}")
    for point, value in itertools.product((-90.0, -40.0, 31.0), (0.0, 0.3, 1.0)):
        at = {V: sympy.Float(point, 30), x: sympy.Float(value, 30)}
        assert float(rates.derivative(x).subs(at)) == pytest.approx(
            float(other.derivative(x).subs(at)), rel=1e-13, abs=1e-15
        )
        one, two = rates.flow(x), other.flow(x)
        assert float(one.inf.subs(at)) == pytest.approx(float(two.inf.subs(at)), rel=1e-13)
        assert float(one.rate.subs(at)) == pytest.approx(float(two.rate.subs(at)), rel=1e-13)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Na+"}, "name must be a name .* got 'Na\\+'"),
        ({"g": -1.0}, "g must be zero or positive, got -1.0"),
        ({"g": float("nan")}, "g must be finite, got nan"),
        ({"g": "120"}, r"g must be a number, got '120' \(str\)"),
        ({"g": 10**400}, "g must be "),
        ({"E": float("inf")}, "E must be finite, got inf mV"),
        ({"E": None}, "E must be a number, got None"),
        ({"gates": M}, "gates of channel Na must be a sequence, got Gate"),
        ({"gates": "m"}, "gates of channel Na must be a sequence, got 'm'"),
        ({"gates": None}, "gates of channel Na must be a sequence, got None"),
        ({"gates": ["m"]}, "gates of channel Na must be Gate objects, got 'm'"),
        ({"gates": [NA]}, "gates of channel Na must be Gate objects, got Channel"),
        ({"gates": [M, M]}, "names of gates in channel Na must differ, got m, m"),
        ({"source": 3}, "source must be text, got 3"),
        ({"source": None}, "source must be text, got None"),
    ],
)
def test_channel_refuses(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(natrium.ModelError, match=message):
        channel(**changes)


def test_source_of_a_channel_is_no_part_of_its_meaning() -> None:
    assert channel(source="a paper") == channel(source="another")
    assert hash(channel(source="a paper")) == hash(channel())
    assert channel().source == ""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tau_m": 0.0}, "tau_m must be positive, got 0.0 ms"),
        ({"tau_m": -10.0}, "tau_m must be positive, got -10.0 ms"),
        ({"tau_m": "10"}, r"tau_m must be a number, got '10' \(str\)"),
        ({"tau_m": float("nan")}, "tau_m must be finite, got nan ms"),
        ({"tau_m": 10**400}, "tau_m must be "),
        ({"tau_ref": -1e-9}, "tau_ref must be zero or positive, got -1e-09 ms"),
        ({"tau_ref": None}, "tau_ref must be a number, got None"),
        ({"v_rest": float("inf")}, "v_rest must be finite, got inf mV"),
        ({"v_thresh": True}, "v_thresh must be a number, got True"),
        (
            {"v_rest": -55.0},
            r"v_reset must be below v_thresh \(-55.0 mV\), got -55.0 mV: the cell would fire for ever",
        ),
        ({"v_reset": -55.0}, "v_reset must be below v_thresh .* got -55.0 mV"),
        ({"v_reset": -55.0, "tau_ref": 5.0}, "v_reset must be below v_thresh"),
        ({"v_reset": None}, "v_reset must be a number, got None"),
        ({"v_init": -55.0}, r"v_init must be below v_thresh \(-55.0 mV\), got -55.0 mV: it starts there"),
        ({"v_init": 0.0}, "v_init must be below v_thresh .* got 0.0 mV"),
        ({"v_init": float("nan")}, "v_init must be finite, got nan mV"),
        ({"refractory": "freeze"}, "refractory must be one of 'hold', 'clamp', got 'freeze'"),
        ({"refractory": None}, "refractory must be one of"),
        ({"channels": NA}, "channels of the neuron must be a sequence, got Channel"),
        ({"channels": [M]}, "channels of the neuron must be Channel objects, got Gate"),
        ({"channels": {"Na": NA}}, "channels of the neuron must be a sequence"),
        ({"channels": [NA, NA]}, "names of channels in the neuron must differ, got Na, Na"),
    ],
)
def test_neuron_refuses(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(natrium.ModelError, match=message):
        natrium.Neuron(**changes)


def test_long_values_are_shortened_in_messages() -> None:
    with pytest.raises(natrium.ModelError) as caught:
        natrium.Channel("Na", 120.0, 50.0, ["m" * 10_000])
    assert len(str(caught.value)) < 200


def test_neuron_has_its_defaults() -> None:
    neuron = natrium.Neuron()
    assert attrs.astuple(neuron) == (
        *(10.0, 2.0, -70.0, -55.0, (), -70.0, -70.0, "hold", None),
        *(None, None, ()),
    )
    other = natrium.Neuron(v_rest=-65, v_thresh=-50)
    assert (other.v_reset, other.v_init) == (-65.0, -65.0)
    assert all(type(value) is float for value in attrs.astuple(other)[:4])
    assert natrium.Neuron(v_reset=-60.0).v_init == -70.0
    assert natrium.Neuron(tau_ref=0).tau_ref == 0.0
    assert natrium.Neuron(v_reset=-80.0, v_init=np.float64(-60.0)).v_init == -60.0


@pytest.mark.parametrize("make", [gate, channel, natrium.Neuron, lambda: natrium.Neuron(channels=[NA])])
def test_objects_are_frozen_equal_and_hashable(make: Any) -> None:
    one, two = make(), make()
    assert one == two
    assert one is not two
    assert hash(one) == hash(two)
    assert attrs.evolve(one) == one
    for field in attrs.fields(type(one)):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(one, field.name, getattr(two, field.name))
    with pytest.raises(AttributeError):
        one.unknown = 1


def test_other_values_make_other_objects() -> None:
    neuron = natrium.Neuron(channels=[NA])
    changes: list[dict[str, Any]] = [
        *(
            {name: getattr(neuron, name) + 1.0}
            for name in ("tau_m", "tau_ref", "v_thresh", "v_reset", "v_init")
        ),
        *({"v_rest": -71.0}, {"refractory": "clamp"}, {"channels": ()}, {"channels": [channel(g=1.0)]}),
        *({"channels": [channel(gates=[gate(power=2)])]}, {"channels": [channel(gates=[gate(initial=0.5)])]}),
    ]
    others = [attrs.evolve(neuron, **change) for change in changes]
    assert neuron not in others
    assert len(set(others)) == len(changes)


def test_unknown_arguments_are_refused() -> None:
    with pytest.raises(TypeError):
        natrium.Neuron(tau_mm=10.0)  # type: ignore[call-arg]  # the point of the test


# --- names ---------------------------------------------------------------------------------------

RATES = {"alpha": "1/(1 + exp(-(V + 40)/10))", "beta": "0.5"}
PAIRS = [
    [("Na", "g")], [("Na", "E")], [("rest", "v")], [("thresh", "v")], [("reset", "v")], [("m", "tau")],
    [("ref", "tau")],
    [("b", "m_a"), ("a_b", "m")], [("x", "V")], [("x", "I")], [("x", "u")], [("x", "J")],
    [("lambda", "def")], [("I", "I")],
    [("E_x", "g"), ("x", "g_E")], [("exp", "exp")], [("exprel", "math")],
    [("a", "b_"), ("_a"[1:] + "_", "b")],
]  # fmt: skip


@pytest.mark.parametrize("names", PAIRS, ids=str)
def test_names_do_not_collide_in_the_equations(names: list[tuple[str, str]]) -> None:
    """Whatever gates and channels are called, the equations are those of harmless names."""

    def neuron(named: list[tuple[str, str]]) -> natrium.Neuron:
        gates = [natrium.Gate(inner, 2, **RATES) for _, inner in named]
        parts = zip(named, gates, (3.0, 5.0), (50.0, -90.0), strict=False)
        return natrium.Neuron(channels=[natrium.Channel(outer, g, E, [x]) for (outer, _), x, g, E in parts])

    try:
        one = neuron(names)
    except natrium.ModelError:
        return  # refusing such a name is as good
    other = neuron([(f"c{k}", f"x{k}") for k in range(len(names))])
    state = (-61.0, 0.3, 0.6)[: 1 + len(names)]
    kernels = natrium.lower(one.system), natrium.lower(other.system)
    values = [kernel.event_rhs(*state, 4.0, *kernel.parameters) for kernel in kernels]
    assert values[0] == values[1]
    assert one.initial_state() == other.initial_state()


# --- the state at the start ----------------------------------------------------------------------


def test_gates_start_at_their_steady_state_by_default() -> None:
    neuron = natrium.Neuron(channels=[NA, natrium.CHANNELS["hh_potassium"]], v_init=-62.5)
    am, bm = (float(natrium.Expression(text).written()(-62.5)) for text in (A, B))
    V0, m, n = neuron.initial_state()
    assert V0 == -62.5
    assert m == pytest.approx(am / (am + bm), rel=1e-14)
    system = neuron.system
    at = dict(
        zip((*system.states, system.input, *system.parameters), (V0, m, n, 0.0, *system.values), strict=True)
    )
    assert [float(expr.subs(at)) for expr in system.rhs[1:]] == pytest.approx([0.0, 0.0], abs=1e-15)


def test_given_starts_are_kept() -> None:
    neuron = natrium.Neuron(channels=[channel(gates=[gate(initial=0.25), gate(name="h", initial=1)])])
    assert neuron.initial_state() == (-70.0, 0.25, 1.0)
    mixed = natrium.Neuron(channels=[channel(gates=[gate(initial=0.0), gate(name="h")])])
    assert mixed.initial_state()[:2] == (-70.0, 0.0)
    assert 0.0 < mixed.initial_state()[2] < 1.0


def test_start_of_a_plain_neuron_is_its_voltage() -> None:
    assert natrium.Neuron().initial_state() == (-70.0,)
    assert natrium.Neuron(v_init=-60.0).initial_state() == (-60.0,)


def test_start_on_a_singular_voltage() -> None:
    neuron = natrium.Neuron(v_thresh=-20.0, v_init=-40.0, channels=[NA])
    assert neuron.initial_state()[1] == pytest.approx(1 / (1 + 4 * np.exp(-25 / 18)), rel=1e-15)


def test_steady_state_that_is_not_there_is_refused() -> None:
    still = natrium.Gate("m", alpha="0*V", beta="0")
    with pytest.raises(natrium.ModelError, match=r"v_init = -70.0 mV.*give the gates initial values"):
        natrium.Neuron(channels=[natrium.Channel("Na", 1.0, 50.0, [still])]).initial_state()
    partly = natrium.Gate("m", alpha="(V + 70)**2", beta="(V + 70)**4")
    with pytest.raises(natrium.ModelError, match=re.escape("no steady state at v_init = -70.0 mV")):
        natrium.Neuron(channels=[natrium.Channel("Na", 1.0, 50.0, [partly])]).initial_state()


def test_gate_that_stands_still_may_start_at_a_number() -> None:
    """Nobody asks for the steady state of a gate that starts at a number."""
    still = natrium.Gate("m", alpha="0*V", beta="0", initial=0.5)
    assert natrium.Neuron(channels=[natrium.Channel("Na", 1.0, 50.0, [still])]).initial_state() == (
        -70.0,
        0.5,
    )


@pytest.mark.parametrize("v_init", [-1e3, -1e5, -1e12, -1e300, -1.7e308])
def test_any_voltage_may_be_the_start(v_init: float) -> None:
    neuron = natrium.Neuron(
        channels=[natrium.CHANNELS["hh_sodium"], natrium.CHANNELS["hh_potassium"]], v_init=v_init
    )
    assert neuron.initial_state() == pytest.approx((v_init, 0.0, 1.0, 0.0), abs=1e-9)


def test_each_number_has_a_symbol_of_its_own_but_for_those_of_the_start() -> None:
    numbers = natrium.Neuron(channels=[natrium.CHANNELS["notebook_sodium_1"]], celsius=20.0).numbers()
    symbols = {name: one.symbol for name, one in numbers.items() if one.symbol}
    assert symbols.pop("celsius") == CELSIUS.name
    assert all(name == symbol for name, symbol in symbols.items())
    assert numbers.keys() - symbols.keys() == {"celsius", "v_init"}


HH = (natrium.CHANNELS["hh_sodium"], natrium.CHANNELS["hh_potassium"])
UNRESET = natrium.Neuron(
    tau_m=10.0 / 3.0, v_rest=-54.4, v_init=-65.0, v_thresh=0.0, v_reset="none", channels=HH
)


@pytest.mark.parametrize("solver", ["event", "compiled"])
def test_a_cell_that_is_not_reset_fires_where_v_rises_through_the_threshold(solver: str) -> None:
    drive = natrium.Constant(100.0 / 3.0)
    run = natrium.simulate(UNRESET, drive, t_end=60.0, solver=solver)
    smooth = natrium.simulate(attrs.evolve(UNRESET, v_thresh=None), drive, t_end=60.0)
    V = smooth.state(run.spike_times)[0]
    assert run.n_spikes == 4
    assert np.abs(V).max() < 1e-6  # the slope is some 300 mV/ms
    assert np.all(smooth.state(run.spike_times + 0.01)[0] > V)
    assert run.V.max() > 35.0


def test_what_a_reset_has_is_not_there_without_one() -> None:
    assert (UNRESET.tau_ref, natrium.Neuron().tau_ref) == (0.0, 2.0)
    assert "v_reset" not in UNRESET.numbers()
    assert "tau_ref" in UNRESET.numbers()
    assert UNRESET.system.reset == UNRESET.system.states
    assert attrs.evolve(UNRESET, v_init=10.0).v_init == 10.0
    model = natrium.Model(neuron=UNRESET)
    assert natrium.model.to_dict(model)["neuron"]["v_reset"] == "none"
    assert natrium.model.from_dict(natrium.model.to_dict(model)) == model
    plain = natrium.Neuron(v_reset="none")
    with pytest.raises(natrium.UnsupportedModel, match="closed form needs .* got no reset"):
        natrium.simulate(plain, natrium.Constant(20.0), t_end=10.0, solver="closed-form")
