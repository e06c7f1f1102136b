"""
Why each spike is off
=====================

The distance of each spike, cause by cause; the parts sum to the whole.
"""

import natrium
from natrium.figures import plot_budget

budget = natrium.error_budget(natrium.compare_script(natrium.notebook.lif_na()))
figure = plot_budget(budget, "What the distance to the truth is made of")
