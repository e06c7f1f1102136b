"""
What a script draws
===================

The notebook's second script, replayed double for double. `compare_script` holds the replay beside the truth.
"""

import natrium
from natrium.figures import plot_script

comparison = natrium.compare_script(natrium.notebook.lif_na())
figure = plot_script(comparison, "The second script, as it draws itself")
