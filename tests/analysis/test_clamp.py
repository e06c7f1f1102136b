"""Voltage clamp: gates relax as they do at constant V, and currents are what the membrane's equation says."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import natrium

HOLD, UP = -90.0, -20.0
STEP = [natrium.Constant(HOLD), natrium.Step(UP - HOLD, start=5.0, stop=25.0)]
SODIUM = natrium.CHANNELS["hh_sodium"]


def cell(*channels, **values):
    return natrium.Neuron(channels=channels, **values)


def test_gates_relax_exponentially_and_currents_are_theirs():
    clamped = natrium.voltage_clamp(cell(SODIUM), STEP, t_end=30.0)
    rates = {
        name: [gate.alpha.written(), gate.beta.written()]
        for name, gate in zip("mh", SODIUM.gates, strict=True)
    }
    t = clamped.t
    within = (t >= 5.0) & (clamped.V == UP)
    for name, (alpha, beta) in rates.items():
        start = alpha(HOLD) / (alpha(HOLD) + beta(HOLD))
        pace = alpha(UP) + beta(UP)
        expected = alpha(UP) / pace + (start - alpha(UP) / pace) * np.exp(-pace * (t[within] - 5.0))
        np.testing.assert_allclose(clamped.gates[f"Na.{name}"][within], expected, rtol=0, atol=1e-8)
    m, h = clamped.gates["Na.m"], clamped.gates["Na.h"]
    np.testing.assert_allclose(
        clamped.currents["Na"], SODIUM.g * m**3 * h * (clamped.V - SODIUM.E), rtol=1e-12
    )
    np.testing.assert_allclose(clamped.currents["leak"], clamped.V + 70.0, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(clamped.total, clamped.currents["Na"] + clamped.currents["leak"], rtol=1e-12)


def test_both_sides_of_a_jump_are_there():
    clamped = natrium.voltage_clamp(cell(SODIUM), STEP, t_end=30.0)
    assert [clamped.V[clamped.t == edge].tolist() for edge in (5.0, 25.0)] == [[HOLD, UP], [UP, HOLD]]


OF_V = [name for name, channel in natrium.CHANNELS.items() if not channel.reads_calcium]


@pytest.mark.parametrize("name", OF_V)
def test_every_channel_under_a_ramp_agrees_with_its_own_equations(name):
    channel = natrium.CHANNELS[name]
    ramp = [natrium.Constant(-79.0), natrium.Ramp(0.9)]
    clamped = natrium.voltage_clamp(cell(channel), ramp, t_end=100.0)
    for gate in channel.moving:
        rates = {which: rate.written() for which, rate in gate.rates.items()}

        def slope(t, x, rates=rates):
            V = -79.0 + 0.9 * t + 1e-13  # off a place that is 0/0 as written
            if "alpha" in rates:
                return rates["alpha"](V) * (1.0 - x) - rates["beta"](V) * x
            return (rates["inf"](V) - x) / rates["tau"](V)

        label = f"{channel.name}.{gate.name}"
        times, once = np.unique(clamped.t, return_index=True)
        values = clamped.gates[label][once]
        truth = solve_ivp(
            slope, (0.0, 100.0), values[:1], "Radau", t_eval=times, rtol=1e-10, atol=1e-12, max_step=0.5
        )
        np.testing.assert_allclose(values, truth.y[0], rtol=0, atol=2e-7)


def test_a_scheme_relaxes_by_its_matrix():
    scheme = natrium.Scheme(
        ("C", "O", "I"),
        [("C", "O", "exp(V/20)"), ("O", "C", "exp(-V/20)"), ("O", "I", "0.5"), ("I", "O", "0.1")],
        ("O",),
    )
    clamped = natrium.voltage_clamp(cell(natrium.Channel("S", 2.0, 50.0, scheme=scheme)), STEP, t_end=10.0)

    def matrix(V):
        a, b = np.exp(V / 20.0), np.exp(-V / 20.0)
        return np.array([[-a, b, 0.0], [a, -b - 0.5, 0.1], [0.0, 0.5, -0.1]])

    start = scheme.steady(HOLD)
    at = np.flatnonzero(clamped.t >= 5.0)[-1]
    after = expm(matrix(UP) * (clamped.t[at] - 5.0)) @ start
    assert clamped.currents["S"][at] == pytest.approx(2.0 * after[1] * (UP - 50.0), rel=1e-8)


def test_instantaneous_gates_and_bare_channels_have_currents_at_once():
    gate = natrium.Gate("m", 2, inf="1/(1 + exp(-(V + 40)/5))")
    channels = natrium.Channel("P", 3.0, 50.0, (gate,)), natrium.Channel("K", 1.5, -80.0)
    clamped = natrium.voltage_clamp(cell(*channels), STEP, t_end=30.0)
    m = 1.0 / (1.0 + np.exp(-(clamped.V + 40.0) / 5.0))
    np.testing.assert_allclose(clamped.currents["P"], 3.0 * m**2 * (clamped.V - 50.0), rtol=1e-12)
    np.testing.assert_allclose(clamped.currents["K"], 1.5 * (clamped.V + 80.0), rtol=1e-12)


def test_a_gate_begins_where_it_is_told_to():
    gate = natrium.Gate("n", alpha="0.1", beta="0.1", initial=0.25)
    clamped = natrium.voltage_clamp(cell(natrium.Channel("K", 1.0, -80.0, (gate,))), STEP, t_end=30.0)
    assert clamped.gates["K.n"][0] == 0.25


def test_the_threshold_and_rest_have_no_part_in_gates():
    one, other = (
        natrium.voltage_clamp(cell(SODIUM, v_rest=rest), STEP, t_end=30.0) for rest in (-70.0, -60.0)
    )
    np.testing.assert_array_equal(one.gates["Na.m"], other.gates["Na.m"])


def test_the_peak_is_the_largest_by_size_within_its_window():
    clamped = natrium.voltage_clamp(cell(SODIUM), STEP, t_end=30.0)
    time, current = clamped.peak("Na", 5.0, 25.0)
    assert 5.0 < time < 25.0
    assert current == clamped.currents["Na"].min() < 0.0
    with pytest.raises(natrium.ModelError, match="Na, leak, got 'K'"):
        clamped.peak("K", 5.0, 25.0)
    with pytest.raises(natrium.ModelError, match="window"):
        clamped.peak("Na", 40.0, 50.0)


def test_the_table_has_a_row_for_each_time():
    clamped = natrium.voltage_clamp(cell(SODIUM), STEP, t_end=30.0, step=1.0)
    rows = clamped.table()
    assert len(rows) == clamped.t.size < 60
    assert set(rows[0]) == {"t_ms", "V_mV", "Na.m", "Na.h", "I_Na_mV", "I_leak_mV"}


def test_what_cannot_be_clamped_is_refused():
    own = natrium.HybridNeuron(equations={"V": "-V + I"}, initial={"V": 0.0})
    with pytest.raises(natrium.UnsupportedModel, match="channels"):
        natrium.voltage_clamp(own, STEP, t_end=1.0)
    gate = natrium.Gate("m", inf="0.5", tau="1 + exp((V - 60)/10)*where(V > 60, -1, 0)")
    limited = cell(natrium.Channel("P", 1.0, 50.0, (gate,)))
    natrium.voltage_clamp(limited, STEP, t_end=1.0)
    for command in (natrium.Constant(75.0), [natrium.Constant(-70.0), natrium.Step(145.0, start=0.5)]):
        with pytest.raises(natrium.ModelError, match="commanded to 75"):
            natrium.voltage_clamp(limited, command, t_end=1.0)
    with pytest.raises(natrium.ModelError, match="step"):
        natrium.voltage_clamp(cell(SODIUM), STEP, t_end=1.0, step=0.0)
