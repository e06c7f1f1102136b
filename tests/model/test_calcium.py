"""The pool of calcium: runs against DOP853 of the equations written by hand; what it needs, and what it refuses."""

import math

import attrs
import numpy as np
import pytest
import sympy

import natrium
from natrium.analysis.equilibria.curve import equilibrium_at
from natrium.model import to_toml
from tests.model.independent import fire

POOL = natrium.Calcium(rest=0.05, tau=60.0, factor=0.004, channels=["Ca"])
CARRIES = natrium.Channel("Ca", 2.0, 120.0, [natrium.Gate("s", 2, inf="1/(1 + exp(-(V + 50)/6))", tau="1.5")])
SLOW = natrium.Channel(
    "AHP", 1.0, -90.0, [natrium.Gate("q", 2, alpha="0.03*Ca", beta="0.02 + 0.0001*(V + 70)**2")]
)
AT_ONCE = natrium.Channel("BK", 0.5, -85.0, [natrium.Gate("c", inf="Ca/(Ca + 0.5*exp(-(V + 60)/20))")])
SLOWED = natrium.Gate("c", inf="Ca/(Ca + 0.8)", tau="2 + 5/(1 + Ca)")
TIMED = natrium.Channel("SK", 1.0, -80.0, [SLOWED])
CHANNELS = [CARRIES, SLOW, AT_ONCE, TIMED]
DRIVE = natrium.Step(34.0, start=3.0, stop=130.0)
T_END = 150.0


def cell(**changes):
    return natrium.Neuron(**{"channels": CHANNELS, "calcium": POOL} | changes)


def by_hand(t, y, clamped=False):
    """The same neuron's equations, typed anew: V, s, q, c of SK, Ca."""
    V, s, q, c, ca = y
    current = 34.0 if 3.0 <= t < 130.0 else 0.0
    inward = 2.0 * s**2 * (120.0 - V)
    at_once = ca / (ca + 0.5 * math.exp(-(V + 60.0) / 20.0))
    outward = 1.0 * q**2 * (-90.0 - V) + 0.5 * at_once * (-85.0 - V) + 1.0 * c * (-80.0 - V)
    dV = (-(V + 70.0) + current + inward + outward) / 10.0
    return [
        0.0 if clamped else dV,
        (1.0 / (1.0 + math.exp(-(V + 50.0) / 6.0)) - s) / 1.5,
        0.03 * ca * (1.0 - q) - (0.02 + 0.0001 * (V + 70.0) ** 2) * q,
        (ca / (ca + 0.8) - c) / (2.0 + 5.0 / (1.0 + ca)),
        0.004 * inward - (ca - 0.05) / 60.0,
    ]


def start():
    alpha, beta = 0.03 * 0.05, 0.02
    return [-70.0, 1.0 / (1.0 + math.exp(20.0 / 6.0)), alpha / (alpha + beta), 0.05 / 0.85, 0.05]


@pytest.fixture(scope="module")
def truth():
    rules = {"v_thresh": -55.0, "v_reset": -70.0, "tau_ref": 2.0, "t_end": T_END, "edges": (3.0, 130.0)}
    resting = {"hold": None, "clamp": lambda t, y: by_hand(t, y, clamped=True)}
    return {name: fire(by_hand, start(), resting=rest, **rules) for name, rest in resting.items()}


@pytest.mark.parametrize("solver", ["event", "compiled"])
@pytest.mark.parametrize("rule", ["hold", "clamp"])
def test_spikes_and_states_are_those_of_an_independent_integration(truth, rule, solver):
    run = natrium.simulate(cell(refractory=rule), DRIVE, t_end=T_END, solver=solver, rtol=1e-11)
    spikes, end = truth[rule]
    assert run.names == ("V", "Ca.s", "AHP.q", "SK.c", "Ca")
    assert run.n_spikes == spikes.size >= 4
    assert np.diff(spikes)[-1] > 1.5 * np.diff(spikes)[0]  # it adapts
    assert np.abs(run.spike_times - spikes).max() < 2e-8
    assert run.state(T_END) == pytest.approx(end, rel=1e-7)


def test_it_starts_where_its_gates_are_steady_at_its_initial_calcium():
    assert cell().initial_state() == pytest.approx(start(), rel=1e-14)
    other = cell(calcium=attrs.evolve(POOL, initial=0.8))
    assert other.initial_state()[3:] == pytest.approx((0.5, 0.8), rel=1e-14)
    moved = cell().started([-61.0, 0.2, 0.3, 0.4, 2.5])
    assert moved.initial_state() == (-61.0, 0.2, 0.3, 0.4, 2.5)


@pytest.mark.parametrize("rule", ["hold", "clamp"])
@pytest.mark.parametrize("scheme", ["sequential-euler", "rk4"])
def test_fixed_steps_come_to_the_same(truth, rule, scheme):
    """A counter of whole steps rounds each refractory time to the step, and adaptation hands that on."""
    spikes = truth[rule][0]
    spikes = spikes[spikes < 60.0]
    for dt in (0.04, 0.01):
        found = natrium.FixedStep(dt=dt, scheme=scheme).solve(cell(refractory=rule), DRIVE, t_end=60.0)
        assert found.n_spikes == spikes.size
        assert np.abs(found.spike_times - spikes).max() < 20.0 * dt


def test_ensembles_give_the_bits_of_single_runs():
    table = natrium.simulate_many(
        cell(), [DRIVE], parameters={"factor_Ca": np.array([0.003, 0.004, 0.005])}, t_end=80.0
    )
    for k, factor in enumerate((0.003, 0.004, 0.005)):
        one = cell(calcium=attrs.evolve(POOL, factor=factor))
        single = natrium.simulate(one, DRIVE, t_end=80.0, solver="compiled").spike_times
        assert np.array_equal(table.train(k), single)


def test_gradients_are_those_of_central_differences():
    names = ["factor_Ca", "tau_Ca", "rest_Ca", "g_AHP", "g_Ca"]
    found = natrium.spike_time_gradients(natrium.simulate(cell(), DRIVE, t_end=60.0), names)
    values = cell().numbers()
    for column, name in enumerate(names):
        step = 1e-4 * values[name].value
        up, down = (
            natrium.simulate(
                cell().changed({name: values[name].value + side * step}), DRIVE, t_end=60.0, rtol=1e-12
            ).spike_times
            for side in (1, -1)
        )
        slopes = (up - down) / (2 * step)
        assert found.matrix[:, column] == pytest.approx(slopes, rel=1e-5, abs=1e-6)


def test_the_equilibrium_has_its_calcium_and_its_gates():
    """All of it follows from V: s, then calcium, then what reads it."""
    rest, *_ = natrium.equilibria(cell(), 8.0)
    assert rest.kind.startswith("stable")
    flow = np.array(by_hand(-1.0, rest.state))
    flow[0] += 8.0 / 10.0
    assert np.abs(flow).max() < 1e-9
    run = natrium.simulate(cell(v_thresh=None), natrium.Constant(8.0), t_end=4000.0)
    assert run.state(4000.0) == pytest.approx(rest.state, abs=1e-6)


def test_calcium_currents_that_read_the_calcium_are_followed_along_v():
    gated = attrs.evolve(CARRIES, gates=(*CARRIES.gates, natrium.Gate("h", inf="1/(1 + Ca)", tau="20")))
    one = cell(channels=[gated])
    assert natrium.simulate(one, DRIVE, t_end=20.0).names == ("V", "Ca.s", "Ca.h", "Ca")
    (rest,) = natrium.equilibria(one, 0.0)
    along = equilibrium_at(one, rest.V)
    assert pytest.approx(0.0, abs=1e-9) == along.I
    assert along.state == pytest.approx(rest.state, abs=1e-9)
    assert (
        np.abs(
            natrium.model.lower(one.system).event_rhs(
                rest.V - one.origin, *rest.state[1:], -one.gap, *one.system.values
            )
        ).max()
        < 1e-12
    )
    with pytest.raises(natrium.UnsupportedModel, match="gates of V alone .* calcium"):
        natrium.phase_plane(one, 0.0)


def test_analyses_that_follow_runs_take_it():
    cycle = natrium.limit_cycle(cell(), 40.0)
    run = natrium.simulate(cell(), natrium.Constant(40.0), t_end=3000.0)
    assert cycle.period == pytest.approx(np.diff(run.spike_times)[-1], rel=1e-7)
    rate = natrium.f_i_curve(cell(), np.array([40.0]))
    assert rate.rates[0] == pytest.approx(1000.0 / cycle.period, rel=1e-6)


def test_what_moves_while_v_is_held_is_integrated_where_it_has_no_closed_form():
    """Under clamp the calcium goes on by what its gates let in: rates are those of a long run."""
    one = cell(refractory="clamp")
    run = natrium.simulate(one, natrium.Constant(50.0), t_end=1500.0)
    found = natrium.f_i_curve(one, np.array([50.0]))
    assert found.rates[0] == pytest.approx(1000.0 / np.diff(run.spike_times)[-1], rel=1e-6)
    drive, exact, reach = natrium.Constant(50.0), natrium.EventDriven(rtol=1e-12), 1e-3
    slopes = natrium.spike_time_gradients(natrium.simulate(one, drive, t_end=30.0, solver=exact), ["tau_Ca"])
    tau = one.numbers()["tau_Ca"].value
    below, above = (
        natrium.simulate(one.changed({"tau_Ca": tau + step}), drive, t_end=30.0, solver=exact).spike_times
        for step in (-reach, reach)
    )
    np.testing.assert_allclose(slopes["tau_Ca"], (above - below) / (2.0 * reach), rtol=1e-5, atol=1e-9)


def test_a_voltage_clamp_shows_the_calcium():
    """Held at -20 mV from 5 ms on: s and calcium are linear then."""
    clamped = natrium.voltage_clamp(
        cell(), [natrium.Constant(-90.0), natrium.Step(70.0, start=5.0)], t_end=40.0
    )
    s0, s1 = (1.0 / (1.0 + math.exp(-(v + 50.0) / 6.0)) for v in (-90.0, -20.0))
    t = clamped.t[-1] - 5.0
    at = s1 + (s0 - s1) * math.exp(-t / 1.5)
    assert clamped.gates["Ca.s"][-1] == pytest.approx(at, rel=1e-8)
    assert clamped.currents["Ca"][-1] == pytest.approx(2.0 * at**2 * (-20.0 - 120.0), rel=1e-8)
    inside = clamped.gates["Ca"]
    level = inside[-1]
    assert clamped.currents["BK"][-1] == pytest.approx(
        0.5 * level / (level + 0.5 * math.exp(-2.0)) * (-20.0 + 85.0), rel=1e-8
    )


def test_a_kinetic_scheme_may_read_it():
    """Two states are one gate."""
    scheme = natrium.Scheme(("C", "O"), [("C", "O", "0.08*Ca"), ("O", "C", "0.02")], ("O",))
    one = cell(channels=[CARRIES, natrium.Channel("x", 3.0, -90.0, scheme=scheme)])
    other = cell(
        channels=[
            CARRIES,
            natrium.Channel("x", 3.0, -90.0, [natrium.Gate("o", alpha="0.08*Ca", beta="0.02")]),
        ]
    )
    assert one.initial_state() == pytest.approx(other.initial_state(), rel=1e-12)
    found = [natrium.simulate(neuron, DRIVE, t_end=80.0, rtol=1e-11).spike_times for neuron in (one, other)]
    assert found[0] == pytest.approx(found[1], abs=1e-9)


def test_a_model_file_holds_it(tmp_path):
    neuron = cell(calcium=attrs.evolve(POOL, initial=0.3))
    model = natrium.Model(neuron=neuron, stimulus=DRIVE, simulation=natrium.Simulation(t_end=20.0))
    text = to_toml(model)
    assert '\n[calcium]\nrest = 0.05\ntau = 60.0\nfactor = 0.004\nchannels = ["Ca"]\ninitial = 0.3\n' in text
    assert natrium.loads(text) == model
    without = text.replace("initial = 0.3\n", "")
    assert natrium.loads(without).neuron.calcium == POOL


def test_its_equations_are_printed():
    text = natrium.latex(cell())
    assert (
        r"\frac{d\mathrm{Ca}}{dt} &= \phi_{\mathrm{Ca}} I_{\mathrm{Ca}} - \frac{\mathrm{Ca} - c_{\mathrm{rest}}}{\tau_{\mathrm{Ca}}}"
        in text
    )
    assert r"\alpha_{q_{\mathrm{AHP}}}(V, Ca) &= 0.03 \, Ca" in text
    assert r"\beta_{q_{\mathrm{AHP}}}(V) &= " in text


def test_a_constant_named_ca_is_a_number():
    with natrium.constants({"Ca": 0.3}):
        gate = natrium.Gate("m", inf="Ca/(Ca + 0.1)", tau="5")
    assert not gate.reads_calcium
    one = natrium.Neuron(channels=[natrium.Channel("x", 1.0, -90.0, [gate])])
    assert one.initial_state()[1] == pytest.approx(0.75, rel=1e-12)
    with pytest.raises(natrium.ModelError, match="Ca is the calcium pool"):
        cell(channels=[CARRIES, *one.channels])


def test_sympy_may_hold_it():
    V, Ca = sympy.symbols("V Ca")
    gate = natrium.Gate("c", inf=Ca / (Ca + sympy.Float(0.5) * sympy.exp(-(V + 60) / 20)))
    x = natrium.Channel("BK", 0.5, -85.0, [gate])
    runs = [
        natrium.simulate(cell(channels=[CARRIES, one]), DRIVE, t_end=40.0).spike_times for one in (x, AT_ONCE)
    ]
    assert runs[0] == pytest.approx(runs[1], abs=1e-9)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: natrium.Neuron(channels=[SLOW]),
            r"channel AHP reads the calcium Ca: give the neuron a pool",
        ),
        (lambda: cell(calcium=3.0), "calcium must be a Calcium, got 3.0"),
        (lambda: cell(channels=[AT_ONCE]), "carries calcium must be one of BK, got 'Ca'"),
        (lambda: attrs.evolve(POOL, rest=-1.0), "rest must be zero or positive"),
        (lambda: attrs.evolve(POOL, tau=0.0), "tau must be positive, got 0.0 ms"),
        (lambda: attrs.evolve(POOL, factor=-0.1), "factor must be zero or positive"),
        (lambda: attrs.evolve(POOL, initial=float("nan")), "initial must be finite"),
        (lambda: attrs.evolve(POOL, channels=[]), "channels of the calcium pool must be a list of names"),
        (lambda: attrs.evolve(POOL, channels="Ca"), "channels of the calcium pool must be a list of names"),
        (lambda: attrs.evolve(POOL, channels=["Ca", "Ca"]), "must differ, got Ca, Ca"),
        (lambda: natrium.Gate("m", inf="cai/(cai + 1)"), "write Ca for the neuron's calcium"),
    ],
)
def test_what_is_refused(make, said):
    with pytest.raises(natrium.ModelError, match=said):
        make()


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ({"inf": "Ca/10"}, r"inf must be at most 1 .* is 2 .*where Ca = 20"),
        ({"alpha": "Ca - 1", "beta": "1"}, r"alpha must not be negative .*where Ca = 0.05"),
        ({"inf": "0.5", "tau": "5 - Ca"}, r"tau must be positive .*where Ca = 10"),
        ({"inf": "1/(1 + exp(-V/10)*sqrt(Ca - 0.5))"}, r"finite real number.*where Ca = 0.05"),
        ({"alpha": "1/(V + 30*Ca)", "beta": "1"}, r"alpha must .*where Ca = "),
    ],
)
def test_rates_are_checked_where_the_pool_can_get(rates, said):
    """Up to 0.05 + 0.004*60*2*(120 + 80) = 96 here: at 0.05, at decades, 20 and 50."""
    gate = natrium.Gate("x", **rates)
    with pytest.raises(natrium.ModelError, match=said):
        cell(channels=[CARRIES, natrium.Channel("x", 1.0, -90.0, [gate])])


def test_another_pool_is_checked_elsewhere():
    gate = natrium.Gate("x", inf="Ca/10")
    small = natrium.Calcium(rest=0.0, tau=1.0, factor=0.001, channels=["Ca"])
    assert (
        cell(channels=[CARRIES, natrium.Channel("x", 1.0, -90.0, [gate])], calcium=small).calcium_levels[-1]
        == 0.2
    )


def test_pinsky_and_rinzel_s_dendrite_rests_where_its_currents_balance():
    """Against their equations, typed by hand, in their units; the leak is 0.1 mS/cm2, rest -60 mV."""
    names = ("pinsky_rinzel_calcium", "pinsky_rinzel_c", "pinsky_rinzel_ahp")
    pool = natrium.Calcium(rest=0.0, tau=1.0 / 0.075, factor=0.013, channels=["Ca"])
    one = natrium.Neuron(
        tau_m=30.0,
        v_rest=-60.0,
        v_thresh=None,
        channels=[natrium.CHANNELS[name] for name in names],
        calcium=pool,
    )

    def flow(t, y):
        V, s, c, q, ca = y
        v = V + 60.0
        a_s, b_s = 1.6 / (1 + math.exp(-0.072 * (v - 65))), 0.02 * (v - 51.1) / math.expm1((v - 51.1) / 5)
        if v <= 50.0:
            a_c = math.exp((v - 10) / 11 - (v - 6.5) / 27) / 18.975
            b_c = 2 * math.exp((6.5 - v) / 27) - a_c
        else:
            a_c, b_c = 2 * math.exp((6.5 - v) / 27), 0.0
        i_ca = 10.0 * s**2 * (v - 140.0)
        i_k = (15.0 * c * min(ca / 250.0, 1.0) + 0.8 * q) * (v + 15.0)
        return [
            (-0.1 * v - i_ca - i_k + 1.5) / 3.0,
            a_s * (1 - s) - b_s * s,
            a_c * (1 - c) - b_c * c,
            min(0.00002 * ca, 0.01) * (1 - q) - 0.001 * q,
            -0.13 * i_ca - 0.075 * ca,
        ]

    run = natrium.simulate(one, natrium.Constant(15.0), t_end=60.0, rtol=1e-10)
    _, end = fire(flow, one.initial_state(), v_thresh=1e9, v_reset=0.0, tau_ref=0.0, t_end=60.0)
    assert run.state(np.arange(0.0, 60.0, 0.5))[-1].max() > 50.0  # a spike of calcium
    assert run.state(60.0) == pytest.approx(end, rel=1e-5, abs=1e-9)
