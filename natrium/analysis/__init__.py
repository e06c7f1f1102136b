"""What it means: analyses that take models and runs, and return data."""

from natrium.analysis.accuracy.budget import (
    Budget,
    error_budget,
)
from natrium.analysis.accuracy.compare import (
    Study,
    compare,
)
from natrium.analysis.accuracy.convergence import Convergence, convergence
from natrium.analysis.accuracy.distances import (
    SpikeTrainDistances,
    coincidence_factor,
    spike_train_distances,
)
from natrium.analysis.accuracy.findings import (
    findings,
)
from natrium.analysis.accuracy.matching import SpikePair, match_spikes
from natrium.analysis.accuracy.measure import Accuracy, measure
from natrium.analysis.accuracy.order import Order, observed_order
from natrium.analysis.accuracy.reproduce import (
    Reproduction,
    reproduce,
)
from natrium.analysis.accuracy.script import Comparison, LadderRow, compare_script, dt_ladder
from natrium.analysis.accuracy.truth import Reference, reference
from natrium.analysis.accuracy.work_precision import (
    WorkRow,
    work_precision,
)
from natrium.analysis.cycle.direct_response import (
    DirectResponse,
    direct_response,
)
from natrium.analysis.cycle.limit_cycle import (
    LimitCycle,
    limit_cycle,
)
from natrium.analysis.cycle.orbits import (
    Orbit,
    ResetBifurcation,
    orbit,
    reset_bifurcation,
)
from natrium.analysis.cycle.phase_response import (
    PhaseResponse,
    phase_response,
)
from natrium.analysis.cycle.return_map import (
    ReturnMap,
    return_map,
)
from natrium.analysis.cycle.smooth_cycle import (
    SmoothCycle,
    smooth_cycle,
)
from natrium.analysis.doctor import Diagnosis, Finding, diagnose, load_subject
from natrium.analysis.equilibria.curve import (
    Equilibrium,
    EquilibriumCurve,
    equilibria,
    equilibrium_curve,
)
from natrium.analysis.excitability.f_i import (
    FI,
    Onset,
    f_i_curve,
    onset,
)
from natrium.analysis.excitability.rheobase import (
    Rheobase,
    rheobase,
)
from natrium.analysis.excitability.strength_duration import (
    StrengthDuration,
    strength_duration,
)
from natrium.analysis.excitability.verdict import (
    Verdict,
    describe,
)
from natrium.analysis.noise.interval_statistics import (
    Estimate,
    IntervalStatistics,
    interval_statistics,
)
from natrium.analysis.noise.white_noise import (
    WhiteNoiseFiring,
    siegert_cv,
    siegert_rate,
    white_noise_firing,
)
from natrium.analysis.phase_plane.plane import (
    PhasePlane,
    phase_plane,
)
from natrium.analysis.phase_plane.reduction import (
    Plane,
    planar,
)
from natrium.analysis.phase_plane.reduction_error import (
    ReductionError,
    reduction_error,
)
from natrium.analysis.variation.fit import (
    Fit,
    FitStep,
    fit,
)
from natrium.analysis.variation.gradients import (
    Gradients,
    spike_time_gradients,
)
from natrium.solvers.ensembles.sweep import (
    Sweep,
    sweep,
)

__all__ = [
    "FI",
    "Accuracy",
    "Budget",
    "Comparison",
    "Convergence",
    "Diagnosis",
    "DirectResponse",
    "Equilibrium",
    "EquilibriumCurve",
    "Estimate",
    "Finding",
    "Fit",
    "FitStep",
    "Gradients",
    "IntervalStatistics",
    "LadderRow",
    "LimitCycle",
    "Onset",
    "Orbit",
    "Order",
    "PhasePlane",
    "PhaseResponse",
    "Plane",
    "ReductionError",
    "Reference",
    "Reproduction",
    "ResetBifurcation",
    "ReturnMap",
    "Rheobase",
    "SmoothCycle",
    "SpikePair",
    "SpikeTrainDistances",
    "StrengthDuration",
    "Study",
    "Sweep",
    "Verdict",
    "WhiteNoiseFiring",
    "WorkRow",
    "coincidence_factor",
    "compare",
    "compare_script",
    "convergence",
    "describe",
    "diagnose",
    "direct_response",
    "dt_ladder",
    "equilibria",
    "equilibrium_curve",
    "error_budget",
    "f_i_curve",
    "findings",
    "fit",
    "interval_statistics",
    "limit_cycle",
    "load_subject",
    "match_spikes",
    "measure",
    "observed_order",
    "onset",
    "orbit",
    "phase_plane",
    "phase_response",
    "planar",
    "reduction_error",
    "reference",
    "reproduce",
    "reset_bifurcation",
    "return_map",
    "rheobase",
    "siegert_cv",
    "siegert_rate",
    "smooth_cycle",
    "spike_time_gradients",
    "spike_train_distances",
    "strength_duration",
    "sweep",
    "white_noise_firing",
    "work_precision",
]
