"""
Finer steps
===========

What the script becomes as its step shrinks: it does not go to the truth.
"""

import natrium
from natrium.figures import plot_ladder

comparison = natrium.compare_script(natrium.notebook.lif_na())
ladder = list(natrium.dt_ladder(comparison))
figure = plot_ladder(comparison, ladder, "Distance to the truth by step")
