"""
Work and precision
==================

What each digit costs, for every solver there is.
"""

import natrium
from natrium.figures import plot_work

truth = natrium.reference(natrium.notebook.lif_na())
figure = plot_work(list(natrium.work_precision(truth, most_calls=1e6)), "Work and precision")
