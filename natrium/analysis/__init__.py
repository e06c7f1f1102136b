"""What it means: analyses that take models and runs, and return data."""

from natrium.analysis.accuracy import (
    Accuracy,
    Convergence,
    Order,
    Reference,
    convergence,
    measure,
    observed_order,
    reference,
)
from natrium.analysis.budget import Budget, error_budget
from natrium.analysis.comparison import (
    Comparison,
    LadderRow,
    SpikePair,
    compare_script,
    dt_ladder,
    match_spikes,
)
from natrium.analysis.distances import SpikeTrainDistances, coincidence_factor, spike_train_distances
from natrium.analysis.findings import findings
from natrium.analysis.reproduction import Reproduction, reproduce
from natrium.analysis.study import Study, compare
from natrium.analysis.work import WorkRow, work_precision

__all__ = [
    "Accuracy",
    "Budget",
    "Comparison",
    "Convergence",
    "LadderRow",
    "Order",
    "Reference",
    "Reproduction",
    "SpikePair",
    "SpikeTrainDistances",
    "Study",
    "WorkRow",
    "coincidence_factor",
    "compare",
    "compare_script",
    "convergence",
    "dt_ladder",
    "error_budget",
    "findings",
    "match_spikes",
    "measure",
    "observed_order",
    "reference",
    "reproduce",
    "spike_train_distances",
    "work_precision",
]
