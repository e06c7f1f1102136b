"""
Voltage clamp
=============

Gates and currents of the squid axon's two channels under a commanded V.
"""

import natrium
from natrium.figures import plot_voltage_clamp

cell = natrium.Neuron(channels=[natrium.CHANNELS["hh_sodium"], natrium.CHANNELS["hh_potassium"]])
protocol = [natrium.Constant(-90.0), natrium.Step(90.0, start=5.0, stop=15.0)]
figure = plot_voltage_clamp(natrium.voltage_clamp(cell, protocol, t_end=20.0))
