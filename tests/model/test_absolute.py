"""Membranes in absolute units: the same as their equations, integrated as the paper writes them."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import natrium
from natrium.model.absolute import as_input, take_leak
from natrium.model.leak import Leak

HH = {"C": "1 uF/cm^2", "g_L": "0.3 mS/cm^2", "v_rest": "-54.4 mV", "v_init": "-65 mV", "v_thresh": None}


def hodgkin_huxley(**changes: object) -> natrium.Neuron:
    gate = natrium.Gate
    return natrium.membrane(
        **HH | changes,
        channels=[
            natrium.Channel("Na", 1.0, 50.0, [
                gate("m", 3, alpha="0.1*(V + 40)/(1 - exp(-(V + 40)/10))", beta="4*exp(-(V + 65)/18)"),
                gate("h", alpha="0.07*exp(-(V + 65)/20)", beta="1/(1 + exp(-(V + 35)/10))"),
            ]),
            natrium.Channel("K", 1.0, -77.0, [
                gate("n", 4, alpha="0.01*(V + 55)/(1 - exp(-(V + 55)/10))", beta="0.125*exp(-(V + 65)/80)"),
            ]),
        ],
        conductances={"Na": "120 mS/cm^2", "K": "36 mS/cm^2"},
    )  # fmt: skip


def published(t: float, y: np.ndarray, I: float) -> list[float]:
    """Hodgkin and Huxley's equations in uF/cm^2, mS/cm^2, uA/cm^2, typed from the paper's (V from -65 mV)."""
    V, m, h, n = y
    rates = {
        "m": (0.1 * (V + 40) / (1 - math.exp(-(V + 40) / 10)), 4 * math.exp(-(V + 65) / 18)),
        "h": (0.07 * math.exp(-(V + 65) / 20), 1 / (1 + math.exp(-(V + 35) / 10))),
        "n": (0.01 * (V + 55) / (1 - math.exp(-(V + 55) / 10)), 0.125 * math.exp(-(V + 65) / 80)),
    }
    current = I - 120 * m**3 * h * (V - 50) - 36 * n**4 * (V + 77) - 0.3 * (V + 54.4)
    gates = (alpha * (1 - x) - beta * x for (alpha, beta), x in zip(rates.values(), (m, h, n), strict=True))
    return [current / 1.0, *gates]


def test_hodgkin_and_huxley_are_as_they_published() -> None:
    cell = hodgkin_huxley()
    assert (cell.tau_m, [channel.g for channel in cell.channels]) == (10 / 3, [400.0, 120.0])
    assert cell.leak == Leak(0.3, "uA/cm^2")
    run = natrium.simulate(
        cell,
        natrium.Constant(cell.leak.to_mV("10 uA/cm^2")),
        t_end=50.0,
        solver=natrium.EventDriven(rtol=1e-12),
    )
    truth = solve_ivp(
        published, (0.0, 50.0), cell.initial_state(), args=(10.0,), method="DOP853", rtol=1e-13, atol=1e-13,
        dense_output=True,
    )  # fmt: skip
    t = np.linspace(0.0, 50.0, 501)
    assert truth.sol(t)[0].max() > 30.0  # it fires
    assert np.abs(run.state(t) - truth.sol(t)).max() < 1e-8
    assert cell.conversions() == [
        "C/g_L = 1 uF/cm^2 / 0.3 mS/cm^2 = 3.3333 ms",
        "g_Na/g_L = 120 mS/cm^2 / 0.3 mS/cm^2 = 400",
        "g_K/g_L = 36 mS/cm^2 / 0.3 mS/cm^2 = 120",
        "I/g_L = 1 uA/cm^2 / 0.3 mS/cm^2 = 3.3333 mV",
    ]


def test_the_same_membrane_as_a_whole_cell() -> None:
    """Per area, with the area of 20 000 um^2, or each number times it: one neuron, told in nA or uA/cm^2."""
    per_area, whole = hodgkin_huxley(), hodgkin_huxley(area="20000 um^2", unit="nA")
    assert whole == natrium.membrane(
        C="200 pF", g_L="60 nS", unit="nA", area="2e-4 cm^2", v_rest=-54.4, v_init=-65.0, v_thresh=None,
        channels=per_area.channels, conductances={"Na": "24 uS", "K": "7200 nS"},
    )  # fmt: skip
    assert (whole.tau_m, whole.channels) == (per_area.tau_m, per_area.channels)
    assert whole.leak.to_mV("2 nA") == per_area.leak.to_mV("10 uA/cm^2") == whole.leak.to_mV("10 uA/cm^2")
    assert whole.leak.from_mV(100 / 3) == pytest.approx(2.0, rel=1e-15)


def test_integrate_and_fire_in_pF_nS_and_pA() -> None:
    """First spike: tau ln(I/(I - I_c)), I_c = g_L (V_T - E_L) = 606 pA, all of it in absolute units."""
    cell = natrium.membrane(
        C="281 pF", g_L="30 nS", v_rest="-70.6 mV", v_thresh="-0.0504 V", tau_ref="0.002 s"
    )
    input, precise = natrium.Constant(cell.leak.to_mV("0.8 nA")), natrium.EventDriven(rtol=1e-12)
    run = natrium.simulate(cell, input, t_end=40.0, solver=precise)
    latency = 281 / 30 * math.log(800 / (800 - 30 * 20.2))
    assert run.spike_times == pytest.approx([latency, 2 * latency + 2], abs=1e-10)
    assert cell.leak.from_mV(natrium.rheobase(cell).value) == pytest.approx(606.0, rel=1e-9)
    assert natrium.rheobase(cell).data()["value_pA"] == pytest.approx(606.0, rel=1e-9)


@pytest.mark.parametrize(
    ("given", "unit", "g_L"),
    [
        ({"C": "281 pF", "g_L": "30 nS"}, "pA", 30.0),
        ({"C": "0.281 nF", "g_L": "0.03 uS"}, "nA", 0.03),
        ({"C": "281 pF", "R": "33.3333333333333333 MOhm"}, "nA", 0.03),
        ({"C": "1 uF/cm^2", "g_L": "1e-4 S/cm^2"}, "mA/cm^2", 1e-4),
        ({"C": "1 uF/cm^2", "R": "10 kOhm cm^2"}, "uA/cm^2", 0.1),
        ({"C": "0.01 F/m^2", "g_L": "3 S/m^2"}, "uA/cm^2", 0.3),
    ],
)
def test_what_currents_are_told_in_goes_with_the_leak(given: dict, unit: str, g_L: float) -> None:
    tau_m, leak = take_leak(given)
    assert (leak.unit, leak.g_L) == (unit, pytest.approx(g_L, rel=1e-15))
    # Given by any two of three, the third follows.
    for two in ({"C": given["C"]}, {name: given[name] for name in given if name != "C"}):
        again, same = take_leak(two, tau_m)
        assert again == tau_m
        assert same.to_mV(f"1 {unit}") == pytest.approx(leak.to_mV(f"1 {unit}"), rel=1e-14)


def test_tau_m_with_a_unit() -> None:
    assert take_leak({"R": "100 MOhm"}, "0.01 s") == take_leak({"g_L": "10 nS"}, 10.0, unit="nA")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, r"a membrane needs two of C, g_L \(or R\) and tau_m, got none of them"),
        ({"C": "281 pF"}, "got C$"),
        ({"C": "281 pF", "g_L": "30 nS", "R": "33 MOhm"}, "got C, g_L, R"),
        ({"g_L": "30 nS", "R": "33 MOhm"}, "got g_L, R"),
        ({"C": "281 pF", "g_L": "30 nS", "tau_m": 9.0}, "got C, g_L, tau_m"),
        ({"C": "281 pF", "g_L": "30 pA"}, r"g_L must be a conductance \(nS, uS or mS/cm\^2\), got '30 pA'"),
        ({"C": "281 pF", "g_L": "0 nS"}, "g_L must be positive, got '0 nS'"),
        ({"C": "281 pF", "R": "-3 MOhm"}, "R must be positive"),
        ({"C": "281 pF", "tau_m": "9 mV"}, "tau_m must be a time"),
        ({"C": "281 pF", "tau_m": -9.0}, "tau_m must be positive, got -9.0 ms"),
        ({"C": 281.0, "g_L": "30 nS"}, "C must be a number with a unit"),
        ({"C": "1 uF/cm^2", "g_L": "30 nS"}, "C is per area and the leak is absolute, .*: give the area too"),
        ({"C": "281 pF", "g_L": "30 nS", "area": "3 um"}, "area must be made of time|area must be an area"),
        ({"C": "281 pF", "g_L": "30 nS", "unit": "uA/cm^2"}, "g_L is absolute and the leak is per area"),
        ({"C": "281 pF", "g_L": "30 nS", "unit": "mV"}, "unit must be one of 'pA'"),
        ({"C": "281 pF", "g_L": "30 nS", "v_rest": "-70 ms"}, "v_rest must be a voltage"),
        ({"C": "281 pF", "g_L": "30 nS", "celsius": "6 mV"}, "celsius must be a plain number"),
        ({"C": "281 pF", "g_L": "30 nS", "conductances": {"K": "1 nS"}}, r"must name channels \(none\), got 'K'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(given: dict, said: str) -> None:
    with pytest.raises(natrium.ModelError, match=said):
        natrium.membrane(**given)


def test_a_changed_time_constant_leaves_the_leak() -> None:
    model = natrium.Model(neuron=natrium.membrane(C="281 pF", g_L="30 nS"))
    changed = natrium.with_parameters(model, {"tau_m": 20.0}).neuron
    assert changed.leak == model.neuron.leak
    assert changed.conversions()[0] == "C/g_L = 600 pF / 30 nS = 20 ms"


def test_neurons_without_units_say_nothing_of_them() -> None:
    assert natrium.Neuron().conversions() == []
    with pytest.raises(TypeError, match="leak"):
        natrium.Neuron(leak=30.0)


def test_inputs_of_the_command_line() -> None:
    cell = natrium.membrane(C="281 pF", g_L="30 nS")
    assert [as_input(cell, "--input", text) for text in ("12.5", "300 pA", "12 mV")] == [12.5, 10.0, 12.0]
    own = natrium.HybridNeuron(equations={"V": "I - V"}, initial={"V": 0.0}, input_unit="nA")
    assert as_input(own, "--input", "300 pA") == 0.3
    for neuron, text, said in (
        (natrium.Neuron(), "300 pA", "--input is a current, got '300 pA': give the leak too"),
        (natrium.Neuron(), "many", "--input must be a number, got 'many'"),
        (own, "3 mV", "--input must be a current"),
        (
            natrium.HybridNeuron(equations={"V": "I - V"}, initial={"V": 0.0}),
            "3 mV",
            "the unit of I is not known",
        ),
    ):
        with pytest.raises(natrium.ModelError, match=said):
            as_input(neuron, "--input", text)
