import numpy as np
from matplotlib.figure import Figure

import natrium
from natrium.figures import plot_voltage_clamp

PROTOCOL = [natrium.Constant(-90.0), natrium.Step(70.0, start=5.0, stop=15.0)]


def clamped(*names):
    cell = natrium.Neuron(channels=[natrium.CHANNELS[name] for name in names])
    return natrium.voltage_clamp(cell, PROTOCOL, t_end=20.0)


def test_command_and_currents_are_drawn():
    run = clamped("hh_sodium", "hh_potassium")
    figure = plot_voltage_clamp(run, title="two currents")
    above, below = figure.axes
    np.testing.assert_array_equal(above.lines[0].get_ydata(), run.V)
    drawn = {line.get_label(): line.get_ydata() for line in below.lines}
    for name, current in run.currents.items():
        np.testing.assert_array_equal(drawn[name], current)
    assert "mV" in above.get_ylabel()
    assert "(ms)" in below.get_xlabel()


def test_it_goes_where_one_asks_and_leaves_the_leak_out():
    part = Figure(layout="constrained").subfigures(1, 2)[0]
    plot_voltage_clamp(clamped("hh_sodium"), leak=False, fig=part)
    assert len(part.axes) == 2
    assert "leak" not in {line.get_label() for line in part.axes[1].lines}


def test_nothing_to_show_has_no_legend():
    figure = plot_voltage_clamp(clamped(), leak=False)
    assert figure.axes[1].get_legend() is None
