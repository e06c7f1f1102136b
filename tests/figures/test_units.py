"""Axes and labels of a model in absolute units: inputs are drawn as currents."""

import attrs
import numpy as np
import pytest
from matplotlib import pyplot as plt

import natrium
from natrium.analysis import equilibrium_curve, f_i_curve, onset, rheobase, strength_duration
from natrium.figures.clamp import plot_voltage_clamp
from natrium.figures.comparison import plot_comparison
from natrium.figures.cycle import plot_cycle
from natrium.figures.excitability import plot_equilibrium_curve, plot_f_i, plot_strength_duration

CELL = natrium.membrane(C="281 pF", g_L="30 nS", v_rest="-70.6 mV", v_thresh="-50.4 mV", tau_ref="2 ms")
PLAIN = attrs.evolve(CELL, leak=None)
INPUT = natrium.Step(CELL.leak.to_mV("0.8 nA"), start=5.0)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def drawn(line):
    return np.asarray(line.get_xdata(), dtype=float)


def test_the_curve_of_equilibria():
    told, plain = (
        plot_equilibrium_curve(equilibrium_curve(one), rheobase(one)).axes[0] for one in (CELL, PLAIN)
    )
    assert told.get_xlabel() == "Constant input I (pA)"
    assert plain.get_xlabel() == "Constant input I (mV)"
    for one, other in zip(told.lines, plain.lines, strict=True):
        if one.get_transform() == told.transData:
            assert drawn(one) == pytest.approx(30.0 * drawn(other), rel=1e-12)
    assert "606 pA" in " ".join(text.get_text() for text in told.figure.legends[0].get_texts())


def test_rates_and_their_law():
    inputs = CELL.leak.to_mV(np.linspace(500.0, 1000.0, 6))
    told, plain = (plot_f_i(f_i_curve(one, inputs), onset(one)).axes[0] for one in (CELL, PLAIN))
    assert told.get_xlabel() == "Constant input I (pA)"
    for one, other in zip(told.lines, plain.lines, strict=True):
        assert drawn(one) == pytest.approx(30.0 * drawn(other), rel=1e-9, nan_ok=True)
        assert one.get_ydata() == pytest.approx(other.get_ydata(), nan_ok=True)
    assert "(I − 606)" in told.get_legend().get_texts()[-1].get_text()


def test_pulses():
    axes = plot_strength_duration(strength_duration(CELL, [1.0, 10.0])).axes
    assert [ax.get_ylabel() for ax in axes] == [
        "Least amplitude above rest (pA)",
        "Charge, amplitude × duration (pA ms)",
    ]
    assert axes[0].lines[0].get_ydata() == pytest.approx(606.0 / -np.expm1(-np.array([1.0, 10.0]) * 30 / 281))


def test_runs_comparisons_cycles_and_clamps():
    run = natrium.simulate(CELL, INPUT, t_end=40.0)
    axes = run.plot(input=True)
    assert axes["input"].get_ylabel() == "Input (pA)"
    assert max(axes["input"].lines[0].get_ydata()) == pytest.approx(800.0)
    model = natrium.Model(neuron=CELL, stimulus=INPUT, simulation=natrium.Simulation(t_end=40.0, dt=0.1))
    panels = plot_comparison(natrium.compare_script(model), "pA").axes
    assert "I (pA)" in [ax.get_ylabel() for ax in panels]
    cycle = natrium.limit_cycle(CELL, CELL.leak.to_mV("0.8 nA"))
    figure = plot_cycle(cycle, natrium.phase_response(cycle))
    titles = [figure.get_suptitle(), *(ax.get_title() for ax in figure.axes)]
    assert any("I = 800 pA" in title for title in titles)
    clamped = natrium.voltage_clamp(CELL, natrium.Constant(-40.0), t_end=2.0)
    below = plot_voltage_clamp(clamped).axes[1]
    assert below.get_ylabel() == "Current (pA)"
    assert below.lines[0].get_ydata() == pytest.approx(30.0 * 30.6)


def test_equations_say_what_their_input_is_in():
    cell = natrium.HybridNeuron(equations={"V": "(I/30 - V)/10"}, initial={"V": 0.0}, input_unit="pA")
    assert (
        natrium.simulate(cell, natrium.Constant(30.0), t_end=5.0).plot(input=True)["input"].get_ylabel()
        == "Input (pA)"
    )
