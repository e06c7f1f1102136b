"""
Script and truth
================

The same samples beside the true run: where they part, and by how much each spike is off.
"""

import natrium
from natrium.figures import plot_comparison

comparison = natrium.compare_script(natrium.notebook.lif_na2())
figure = plot_comparison(comparison, "The third script and its model")
