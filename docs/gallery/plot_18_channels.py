"""
Channels of the catalogue
=========================

Steady states and time constants of each gate.
"""

import natrium
from natrium.figures import plot_channels

names = ["notebook_sodium_1", "hh_sodium", "hh_potassium", "traub_miles_sodium"]
figure = plot_channels({name: natrium.CHANNELS[name] for name in names})
