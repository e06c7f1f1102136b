"""Rates of gates: finite and within their bounds on the physiological range, anywhere without overflow."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import natrium
from natrium.model.kernel import lower_expressions
from natrium.model.rates import V_HIGH, V_LOW, V, check_rate, smooth_rate
from tests.model.expressions.meaning import exact

RATES = sorted(
    {
        rate.text
        for channel in natrium.CHANNELS.values()
        for gate in channel.gates
        for rate in (gate.alpha, gate.beta, gate.inf, gate.tau)
        if rate is not None and not rate.reads_calcium
    }
)
# Steady states that neither close nor open all the way, or depend on the calcium.
ODD = ("connor_stevens_a", "pinsky_rinzel_c", "pinsky_rinzel_ahp")
SINGULAR = {
    "0.1*(V + 40)/(1 - exp(-(V + 40)/10))": -40.0,
    "0.05*(V + 45)/(1 - exp(-(V + 45)/10))": -45.0,
    "0.01*(V + 55)/(1 - exp(-(V + 55)/10))": -55.0,
}
EXTREMES = [
    sign * size for size in (1e3, 1e4, 1e5, 1e8, 1e100, 1e307, 1.7976931348623157e308) for sign in (1, -1)
]


def scalar(text: str, v: float) -> float:
    return float(lower_expressions((smooth_rate(natrium.Expression(text)),), (V,))(v)[0])


def grid(text: str, values: np.ndarray) -> np.ndarray:
    (result,) = lower_expressions((smooth_rate(natrium.Expression(text)),), (V,), "grid")(values)
    return np.broadcast_to(result, values.shape)


def test_the_catalogue_is_looked_at() -> None:
    assert len(RATES) >= 8
    assert set(SINGULAR) <= set(RATES)


@pytest.mark.parametrize("text", RATES)
def test_catalogue_rate_agrees_with_mpmath(text: str) -> None:
    values = np.linspace(V_LOW, V_HIGH, 401)
    true = [float(exact(text, v)) for v in values]
    assert np.allclose(grid(text, values), true, rtol=2e-14, atol=0.0)
    assert np.allclose([scalar(text, float(v)) for v in values], true, rtol=2e-14, atol=0.0)


@pytest.mark.parametrize("text", RATES)
def test_catalogue_rate_overflows_nowhere(text: str) -> None:
    values = np.array([*EXTREMES, *np.linspace(-1e4, 1e4, 401)])
    many = grid(text, values)
    assert np.all(np.isfinite(many))
    assert np.all(many >= 0.0)
    assert np.allclose([scalar(text, float(v)) for v in values], many, rtol=1e-13, atol=0.0)


@given(st.sampled_from(RATES), st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=300, deadline=None)
def test_catalogue_rate_is_finite_at_any_voltage(text: str, v: float) -> None:
    one, many = scalar(text, v), grid(text, np.array([v]))[0]
    assert 0.0 <= one < math.inf
    assert many == pytest.approx(one, rel=1e-13)


@pytest.mark.parametrize(("text", "V0"), SINGULAR.items())
def test_catalogue_rate_near_its_singular_voltage(text: str, V0: float) -> None:
    """The written form loses digits there, the smooth one does not."""
    for step in (0.0, 1e-13, -1e-10, 1e-7, -1e-4, 1e-2):
        assert scalar(text, V0 + step) == pytest.approx(float(exact(text, V0 + step)), rel=1e-14)


@pytest.mark.parametrize(
    ("text", "v", "limit"),
    [
        # Symmetric rates vanish on both sides: the numerator must not saturate before the denominator.
        ("0.1*(V + 40)/(exp((V + 40)/20) - exp(-(V + 40)/20))", 1e5, 0.0),
        ("0.1*(V + 40)/(exp((V + 40)/20) - exp(-(V + 40)/20))", -1e5, 0.0),
        ("0.1*(V + 40)*exp(-(V + 40)/20)/(1 - exp(-(V + 40)/10))", 1e5, 0.0),
        ("0.1*(V + 40)*exp(-(V + 40)/20)/(1 - exp(-(V + 40)/10))", -1e5, 0.0),
        ("0.1*(V + 40)/tanh((V + 40)/20)", -1e5, 9996.0),
        ("0.1*(V + 40)/tanh((V + 40)/20)", 1e5, 10004.0),
        ("5/(1 + exp((V + 55)/5))/(1 + exp(-(V + 55)/5))", -1e5, 0.0),
        ("exp(-((V + 40)/20)**2)", -1e5, 0.0),
        ("exp(-((V + 40)/20)**2)", -1e200, 0.0),
        ("1/(1 + ((V + 40)/20)**2)", 1e200, 0.0),
        ("1/(exp((V + 40)/5) + exp(-(V + 40)/20))", -1e5, 0.0),
    ],
)
def test_rates_far_outside_tend_to_their_limits(text: str, v: float, limit: float) -> None:
    """A neuron driven to -1e5 mV still has the right gates."""
    assert scalar(text, v) == pytest.approx(limit, rel=1e-12, abs=1e-60)


@pytest.mark.parametrize(
    ("text", "V0", "k"),
    [
        ("1/(1 + exp(-(V + 40)/0.05))", -40.0, 0.05),
        ("exp(-(V + 40)/0.02)/(1 + exp(-(V + 40)/0.02))", -40.0, 0.02),
        ("exp(40*(V + 45))/(1 + exp(40*(V + 45)))", -45.0, 0.025),
        ("0.1*(V + 40)/(1 - exp(-(V + 40)/0.04))", -40.0, 0.04),
        ("(V + 40)*exp(-20*(V + 40))/(1 - exp(-40*(V + 40)))", -40.0, 0.05),
        ("0.5*(1 + tanh(30*(V + 40)))", -40.0, 0.03),
    ],
)
def test_steep_rates_keep_their_middle(text: str, V0: float, k: float) -> None:
    """SymPy makes exp(-800)*exp(-20*V) of exp(-20*(V + 40)); of these two, one is no double."""
    for steps in (-280.0, -3.0, 1e-6, 3.0, 280.0):
        v = V0 + steps * k
        value = float(exact(text, v))
        assert scalar(text, v) == pytest.approx(value, rel=1e-9, abs=1e-60)
        assert grid(text, np.array([v]))[0] == pytest.approx(value, rel=1e-9, abs=1e-60)


@pytest.mark.parametrize("v", [1e4, 1e5, 1e7, 1e300, -1e4, -1e5, -1e7, -1e300])
@pytest.mark.parametrize("name", [name for name in natrium.CHANNELS if name not in ODD])
def test_steady_states_far_outside(name: str, v: float) -> None:
    """Activation is complete far above and none far below; inactivation the other way round."""
    channel = natrium.CHANNELS[name]
    kernel = natrium.lower(natrium.Neuron(channels=[channel]).system)
    expected = [float((v > 0) != (gate.name == "h")) for gate in channel.moving]
    assert kernel.steady(v) == pytest.approx(expected, abs=1e-6)


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "voltage", "value"),
    [
        ("V + 40", -150.0, "-110"),
        ("exp(V/10) - 1", -150.0, "-1"),
        ("0.1*(V + 40)/(1 + exp(-(V + 40)/10))", -150.0, "-0.0001"),
        ("-1", -150.0, "-1"),
        ("sin(V)", -147.6, "-0.0"),
        ("cos(V/100) - 0.9999", -150.0, "-0.9"),
        ("V**2 - 90", -9.3, "-3.51"),
    ],
)
def test_negative_rate_is_refused_by_its_voltage(text: str, voltage: float, value: str) -> None:
    with pytest.raises(natrium.ModelError, match="alpha must not be negative from -150 to 150 mV") as caught:
        natrium.Gate("m", alpha=text, beta="1")
    found = re.search(r"is (\S+) at V = (\S+) mV$", str(caught.value))
    assert found is not None
    assert found[1].startswith(value)
    assert float(found[2]) == pytest.approx(voltage, abs=0.1)
    assert f": {text} is" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "voltage"),
    [
        ("sqrt(V)", -150.0), ("log(V + 40)", -150.0),
        ("V**0.5", -150.0), ("(1 + exp(exp(V)))**9*1e300", 0.8), ("1e300*V**8", -150.0),
    ],
)  # fmt: skip
def test_rate_without_a_real_value_is_refused_by_its_voltage(text: str, voltage: float) -> None:
    """The voltage named is one without a value, or where the values without one begin."""
    with pytest.raises(natrium.ModelError, match="beta must be finite") as caught:
        natrium.Gate("m", alpha="1", beta=text)
    named = float(str(caught.value).split("V = ")[1].split(" mV")[0])
    with np.errstate(all="ignore"):
        around = natrium.Expression(text).written()(named + np.array([-0.1, 0.0, 0.1]))
    assert abs(named - voltage) < 1.1 or not np.all(np.isfinite(around))


@pytest.mark.parametrize(
    "text",
    ["sqrt(V)**2 + 200", "exp(log(V)/2)**2 + 200", "cos(sqrt(-V*V))", "abs(exp(sqrt(V)))", "abs(2**sqrt(V))"],
)
def test_rate_that_is_no_number_as_written_is_refused(text: str) -> None:
    """SymPy finds a value by way of complex numbers; a script that evaluates what is written does not."""
    with np.errstate(all="ignore"):
        assert math.isnan(natrium.Expression(text).written()(-70.0))
    with pytest.raises(natrium.ModelError, match="finite and real"):
        natrium.Gate("m", alpha=text, beta="1")


@pytest.mark.parametrize(
    "text",
    [
        "(exp(-(V + 40)/0.1) + 1)*exp((V + 40)/0.1)",
        "exp((V + 40)/0.1)*(exp(-(V + 40)/0.1) + 1)/(2 + exp((V + 40)/0.1))",
    ],
)
def test_huge_exponentials_that_do_not_cancel_are_refused(text: str) -> None:
    """Each stands still at 1e100; what comes out is not the rate, and no run may rest on it."""
    with pytest.raises(natrium.ModelError, match=r"quotient of exponentials .* at V = -[0-9.]+ mV"):
        natrium.Gate("m", alpha=text, beta="1")


@pytest.mark.parametrize(
    ("inf", "tau", "message"),
    [
        ("1.1", "1", "inf must be at most 1 from -150 to 150 mV: 1.1 is 1.1 at V = -150 mV"),
        ("-0.1", "1", "inf must not be negative .* is -0.1 at V = -150 mV"),
        ("1/(V + 40)", "1", "inf must be finite: .* has a pole at V = -40 mV"),
        ("0.5", "0", "tau must be positive .* 0 is 0 at V = -150 mV"),
        ("0.5", "-1", "tau must be positive .* is -1 at V = -150 mV"),
        ("0.5", "abs(V - 20)", "tau must be positive .* is 0 at V = 20 mV"),
        ("0.5", "1/(V - 20)", "tau must be finite: .* has a pole at V = 20 mV"),
        ("0.5", "log(V - 20)", "tau must be finite.* at V = (-150|20) mV"),
    ],
)
def test_steady_state_and_time_constant_have_their_bounds(inf: str, tau: str, message: str) -> None:
    with pytest.raises(natrium.ModelError, match=message):
        natrium.Gate("m", inf=inf, tau=tau)


@pytest.mark.parametrize(
    "text", ["0", "1", "V*0", "1e-300", "abs(V)", "V**2", "(V + 40)**4", "1/(1 + V**2)", "exp(V)"]
)
def test_rates_at_the_edge_are_taken(text: str) -> None:
    check_rate("alpha", natrium.Expression(text))


@pytest.mark.parametrize(
    "text", ["1", "1/(1 + exp(-V/1e-3))", "0.5*(1 + tanh(V))", "exp(-V**2)", "0", "cos(0*V)"]
)
def test_steady_states_at_the_edge_are_taken(text: str) -> None:
    check_rate("inf", natrium.Expression(text), at_most=1.0)


@pytest.mark.parametrize(
    ("name", "text", "low", "high", "said"),
    [
        ("alpha", "1/(V + 200)", -math.inf, math.inf, ""),
        ("alpha", "sqrt(V + 150)", -math.inf, math.inf, ""),
        ("alpha", "1/(V + 150)", -149.9, math.inf, "pole at V = -150 mV"),
        ("alpha", "40 - V", -math.inf, 40.0, "alpha must not be negative .* is -0.1 at V = 40.1 mV"),
        ("beta", "0.003*(V + 88)/5", -88.0, math.inf, "beta must not be negative"),
        (
            "beta",
            "0.003*(V + 80)/5",
            -80.0,
            math.inf,
            "beta must not be negative",
        ),  # as cells live from there
        ("alpha", "20 - V", -math.inf, 20.0, "alpha must not be negative"),  # to there
        ("beta", "sqrt(V + 100)", -100.0, math.inf, "root, power or logarithm"),
        ("beta", "log(40 - V)", -math.inf, 39.0, "beta must not be negative"),
        ("inf", "1.001/(1 + exp(-V/10))", -math.inf, 69.0, "inf must be at most 1"),
        ("tau", "V + 150", -149.9, math.inf, "tau must be positive .* is 0 at V = -150 mV"),
        ("tau", "abs(V - 50)*(100 + V)", -99.9, 49.9, "tau must be positive"),
    ],
)
def test_what_is_out_of_order_where_no_cell_lives_bounds_the_range(
    name: str, text: str, low: float, high: float, said: str
) -> None:
    found = check_rate(
        name, natrium.Expression(text), at_most=1.0 if name == "inf" else math.inf, positive=name == "tau"
    )
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    assert re.search(said, f"{found.below} {found.above}")
    assert found.is_all == (said == "")


# The A-current of C. Connor & S. Stevens as a textbook states it passes 1 beyond 39.79 mV.
A_INF = "(0.0761*exp((V + 94.22)/31.84)/(1 + exp((V + 1.17)/28.93)))**(1/3)"
A = natrium.Channel(
    "A", 1.0, -75.0, [natrium.Gate("a", 3, inf=A_INF, tau="0.3632 + 1.158/(1 + exp((V + 55.96)/20.12))")]
)


def test_a_run_that_stays_clear_of_it_is_taken_with_a_word() -> None:
    cell = natrium.Neuron(channels=[A])
    for solver in ("event", "compiled"):
        run = natrium.simulate(cell, natrium.Constant(30.0), t_end=100.0, solver=solver)
        assert run.n_spikes > 0
        (said,) = run.warnings
        assert re.search(
            r"A\.a: inf must be at most 1 .* is 1\.0000\d* at V = 39\.8 mV; this run stays", said
        )


@pytest.mark.parametrize("solver", ["event", "compiled"])
def test_a_run_that_gets_there_is_refused(solver: str) -> None:
    cell = natrium.Neuron(channels=[A], v_thresh=None)
    drive = natrium.Constant(300.0)
    with pytest.raises(natrium.SolverError, match=r"A\.a: inf must be at most 1 .*the run gets to V = "):
        natrium.simulate(cell, drive, t_end=100.0, solver=solver)
    runs = natrium.simulate_many(cell, drive, t_end=100.0, parameters={"I": [10.0, 300.0]}, solver=solver)
    assert runs.failed.tolist() == [False, True]


def test_a_cell_that_lives_there_is_refused() -> None:
    with pytest.raises(natrium.ModelError, match=r"A\.a: inf must be at most 1 .* got v_thresh = 45\.0 mV"):
        natrium.Neuron(channels=[A], v_thresh=45.0)


def test_smooth_form_is_made_once() -> None:
    assert smooth_rate(natrium.Expression("V/expm1(V)")) is smooth_rate(natrium.Expression("V/expm1(V)"))


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        # Traub's calcium-dependent potassium: 1.6e-4 short of zero where its branch ends.
        ({"alpha": "1", "beta": "2*exp(-(V + 53.5)/27) - 0.053*exp((V + 50)/11 - (V + 53.5)/27) if V <= -10 else 0"},
         "beta must not be negative"),
        ({"alpha": "V**2 - 1e-6", "beta": "1"}, "alpha must not be negative .* is -1e-06 at V = 0 mV"),
        ({"inf": "1.004/(1 + exp(-(V + 40)/5))", "tau": "1"}, "inf must be at most 1"),
    ],
)  # fmt: skip
def test_a_rate_that_leaves_its_bounds_by_a_hundredth_is_taken_as_written_and_said(rates, said):
    channel = natrium.Channel("K", 1.0, -80.0, gates=[natrium.Gate("m", **rates)])
    run = natrium.simulate(
        natrium.Neuron(channels=[channel], v_thresh=30.0), natrium.Constant(90.0), t_end=30.0
    )
    assert any(re.search(said, one) and one.endswith("taken as it is written") for one in run.warnings)
