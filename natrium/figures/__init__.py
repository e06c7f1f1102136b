"""Figures and reports: the only part that draws, and the only one that loads matplotlib."""

from natrium.figures.job import reproduce_into
from natrium.figures.notebook import plot_budget, plot_comparison, plot_ladder, plot_script
from natrium.figures.trajectory import plot_trajectory

__all__ = [
    "plot_budget",
    "plot_comparison",
    "plot_ladder",
    "plot_script",
    "plot_trajectory",
    "reproduce_into",
]
