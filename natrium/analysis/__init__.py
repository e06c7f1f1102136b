"""What it means: analyses that take models and runs, and return data."""

from natrium.analysis.budget import Budget, error_budget
from natrium.analysis.comparison import (
    Comparison,
    LadderRow,
    SpikePair,
    compare_script,
    dt_ladder,
    match_spikes,
)
from natrium.analysis.findings import findings
from natrium.analysis.reproduction import Reproduction, reproduce

__all__ = [
    "Budget",
    "Comparison",
    "LadderRow",
    "Reproduction",
    "SpikePair",
    "compare_script",
    "dt_ladder",
    "error_budget",
    "findings",
    "match_spikes",
    "reproduce",
]
