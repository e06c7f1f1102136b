"""Figures and reports: the only part that draws, and the only one that loads matplotlib."""

from natrium.figures.accuracy import plot_convergence, plot_spike_errors, plot_work
from natrium.figures.doctor_job import diagnose_into
from natrium.figures.job import reproduce_into
from natrium.figures.notebook import plot_budget, plot_comparison, plot_ladder, plot_script
from natrium.figures.phase_plane import plot_phase_plane, plot_phase_planes
from natrium.figures.study_job import compare_into
from natrium.figures.trajectory import plot_trajectory

__all__ = [
    "compare_into",
    "diagnose_into",
    "plot_budget",
    "plot_comparison",
    "plot_convergence",
    "plot_ladder",
    "plot_phase_plane",
    "plot_phase_planes",
    "plot_script",
    "plot_spike_errors",
    "plot_trajectory",
    "plot_work",
    "reproduce_into",
]
