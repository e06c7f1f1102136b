"""Figures and reports: the only part that draws, and the only one that loads matplotlib."""

from natrium.figures.accuracy import plot_convergence, plot_spike_errors, plot_work
from natrium.figures.comparison import plot_budget, plot_comparison, plot_ladder, plot_script
from natrium.figures.cycle import plot_cycle, plot_gradients, plot_reset_bifurcation
from natrium.figures.excitability import plot_equilibrium_curve, plot_f_i, plot_strength_duration
from natrium.figures.noise import plot_intervals, plot_noise
from natrium.figures.phase_plane import plot_phase_plane, plot_phase_planes
from natrium.figures.trajectory import plot_trajectory
from natrium.reports.compare import compare_into
from natrium.reports.doctor import diagnose_into
from natrium.reports.excitability import cycle_into, excitability_into, phase_plane_into
from natrium.reports.fit import fit_into, read_spikes
from natrium.reports.reproduce import reproduce_into

__all__ = [
    "compare_into",
    "cycle_into",
    "diagnose_into",
    "excitability_into",
    "fit_into",
    "phase_plane_into",
    "plot_budget",
    "plot_comparison",
    "plot_convergence",
    "plot_cycle",
    "plot_equilibrium_curve",
    "plot_f_i",
    "plot_gradients",
    "plot_intervals",
    "plot_ladder",
    "plot_noise",
    "plot_phase_plane",
    "plot_phase_planes",
    "plot_reset_bifurcation",
    "plot_script",
    "plot_spike_errors",
    "plot_strength_duration",
    "plot_trajectory",
    "plot_work",
    "read_spikes",
    "reproduce_into",
]
