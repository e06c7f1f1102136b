"""Figures: they draw what they are given, and are the only ones to load matplotlib.

Each is loaded when first asked for, and no other with it.
"""

from typing import TYPE_CHECKING

from natrium.faces import face as _face

if TYPE_CHECKING:
    from natrium.figures.accuracy import plot_convergence as plot_convergence
    from natrium.figures.accuracy import plot_spike_errors as plot_spike_errors
    from natrium.figures.accuracy import plot_work as plot_work
    from natrium.figures.channels import plot_channels as plot_channels
    from natrium.figures.clamp import plot_voltage_clamp as plot_voltage_clamp
    from natrium.figures.comparison import plot_budget as plot_budget
    from natrium.figures.comparison import plot_comparison as plot_comparison
    from natrium.figures.comparison import plot_ladder as plot_ladder
    from natrium.figures.comparison import plot_script as plot_script
    from natrium.figures.continuation import plot_bifurcations as plot_bifurcations
    from natrium.figures.cycle import plot_cycle as plot_cycle
    from natrium.figures.cycle import plot_gradients as plot_gradients
    from natrium.figures.cycle import plot_reset_bifurcation as plot_reset_bifurcation
    from natrium.figures.excitability import plot_equilibrium_curve as plot_equilibrium_curve
    from natrium.figures.excitability import plot_f_i as plot_f_i
    from natrium.figures.excitability import plot_strength_duration as plot_strength_duration
    from natrium.figures.forcing import plot_staircase as plot_staircase
    from natrium.figures.forcing import plot_tongues as plot_tongues
    from natrium.figures.noise import plot_intervals as plot_intervals
    from natrium.figures.noise import plot_noise as plot_noise
    from natrium.figures.noise import plot_noise_curve as plot_noise_curve
    from natrium.figures.phase_plane import plot_phase_plane as plot_phase_plane
    from natrium.figures.phase_plane import plot_phase_planes as plot_phase_planes
    from natrium.figures.plane_map import plot_map as plot_map
    from natrium.figures.trajectory import plot_ensemble as plot_ensemble
    from natrium.figures.trajectory import plot_trajectory as plot_trajectory

__getattr__, __dir__ = _face(__name__)
