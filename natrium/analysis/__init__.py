"""What it means: analyses that take models and runs, and return data.

Each is loaded when first asked for. What has the name of a folder here is loaded at once.
"""

from typing import TYPE_CHECKING

from natrium.analysis.equilibria.curve import equilibria as equilibria
from natrium.analysis.phase_plane.plane import phase_plane as phase_plane
from natrium.model.faces import face as _face
from natrium.solvers.ensembles.sweep import Sweep as Sweep
from natrium.solvers.ensembles.sweep import sweep as sweep

if TYPE_CHECKING:
    from natrium.analysis.accuracy.budget import Budget as Budget
    from natrium.analysis.accuracy.budget import error_budget as error_budget
    from natrium.analysis.accuracy.compare import Study as Study
    from natrium.analysis.accuracy.compare import compare as compare
    from natrium.analysis.accuracy.convergence import Convergence as Convergence
    from natrium.analysis.accuracy.convergence import convergence as convergence
    from natrium.analysis.accuracy.distances import SpikeTrainDistances as SpikeTrainDistances
    from natrium.analysis.accuracy.distances import coincidence_factor as coincidence_factor
    from natrium.analysis.accuracy.distances import spike_train_distances as spike_train_distances
    from natrium.analysis.accuracy.findings import findings as findings
    from natrium.analysis.accuracy.matching import SpikePair as SpikePair
    from natrium.analysis.accuracy.matching import match_spikes as match_spikes
    from natrium.analysis.accuracy.measure import Accuracy as Accuracy
    from natrium.analysis.accuracy.measure import measure as measure
    from natrium.analysis.accuracy.order import Order as Order
    from natrium.analysis.accuracy.order import observed_order as observed_order
    from natrium.analysis.accuracy.reproduce import Reproduction as Reproduction
    from natrium.analysis.accuracy.reproduce import reproduce as reproduce
    from natrium.analysis.accuracy.script import Comparison as Comparison
    from natrium.analysis.accuracy.script import LadderRow as LadderRow
    from natrium.analysis.accuracy.script import compare_script as compare_script
    from natrium.analysis.accuracy.script import dt_ladder as dt_ladder
    from natrium.analysis.accuracy.truth import Reference as Reference
    from natrium.analysis.accuracy.truth import reference as reference
    from natrium.analysis.accuracy.work_precision import WorkRow as WorkRow
    from natrium.analysis.accuracy.work_precision import work_precision as work_precision
    from natrium.analysis.clamp import VoltageClamp as VoltageClamp
    from natrium.analysis.clamp import voltage_clamp as voltage_clamp
    from natrium.analysis.continuation.branch import CycleBranch as CycleBranch
    from natrium.analysis.continuation.branch import SpecialPoint as SpecialPoint
    from natrium.analysis.continuation.continued import continue_cycle as continue_cycle
    from natrium.analysis.continuation.continued import doubled_branch as doubled_branch
    from natrium.analysis.continuation.diagram import BifurcationDiagram as BifurcationDiagram
    from natrium.analysis.continuation.diagram import bifurcation_diagram as bifurcation_diagram
    from natrium.analysis.continuation.loci import LocusCurve as LocusCurve
    from natrium.analysis.continuation.loci import LocusPoint as LocusPoint
    from natrium.analysis.continuation.plane_map import ParameterMap as ParameterMap
    from natrium.analysis.continuation.plane_map import parameter_map as parameter_map
    from natrium.analysis.continuation.rests import RestBranch as RestBranch
    from natrium.analysis.continuation.rests import RestPoint as RestPoint
    from natrium.analysis.cycle.direct_response import DirectResponse as DirectResponse
    from natrium.analysis.cycle.direct_response import direct_response as direct_response
    from natrium.analysis.cycle.limit_cycle import LimitCycle as LimitCycle
    from natrium.analysis.cycle.limit_cycle import limit_cycle as limit_cycle
    from natrium.analysis.cycle.orbits import Orbit as Orbit
    from natrium.analysis.cycle.orbits import ResetBifurcation as ResetBifurcation
    from natrium.analysis.cycle.orbits import orbit as orbit
    from natrium.analysis.cycle.orbits import reset_bifurcation as reset_bifurcation
    from natrium.analysis.cycle.phase_response import PhaseResponse as PhaseResponse
    from natrium.analysis.cycle.phase_response import phase_response as phase_response
    from natrium.analysis.cycle.pulse_response import PulseResponse as PulseResponse
    from natrium.analysis.cycle.pulse_response import pulse_response as pulse_response
    from natrium.analysis.cycle.return_map import ReturnMap as ReturnMap
    from natrium.analysis.cycle.return_map import return_map as return_map
    from natrium.analysis.cycle.smooth_cycle import SmoothCycle as SmoothCycle
    from natrium.analysis.cycle.smooth_cycle import smooth_cycle as smooth_cycle
    from natrium.analysis.doctor import Diagnosis as Diagnosis
    from natrium.analysis.doctor import Found as Found
    from natrium.analysis.doctor import Reading as Reading
    from natrium.analysis.doctor import diagnose as diagnose
    from natrium.analysis.doctor import load_subject as load_subject
    from natrium.analysis.doctor import read_script as read_script
    from natrium.analysis.equilibria.curve import EquilibriumCurve as EquilibriumCurve
    from natrium.analysis.equilibria.curve import equilibrium_curve as equilibrium_curve
    from natrium.analysis.equilibria.equilibrium import Equilibrium as Equilibrium
    from natrium.analysis.excitability.f_i import FI as FI
    from natrium.analysis.excitability.f_i import Onset as Onset
    from natrium.analysis.excitability.f_i import f_i_curve as f_i_curve
    from natrium.analysis.excitability.f_i import onset as onset
    from natrium.analysis.excitability.least_input import Rheobase as Rheobase
    from natrium.analysis.excitability.rheobase import rheobase as rheobase
    from natrium.analysis.excitability.steady import own_cycle as own_cycle
    from natrium.analysis.excitability.strength_duration import StrengthDuration as StrengthDuration
    from natrium.analysis.excitability.strength_duration import strength_duration as strength_duration
    from natrium.analysis.excitability.verdict import Verdict as Verdict
    from natrium.analysis.excitability.verdict import describe as describe
    from natrium.analysis.forcing.locking import LockedOrbit as LockedOrbit
    from natrium.analysis.forcing.locking import locked_orbit as locked_orbit
    from natrium.analysis.forcing.plateau import Plateau as Plateau
    from natrium.analysis.forcing.plateau import PlateauEdge as PlateauEdge
    from natrium.analysis.forcing.plateau import locking_plateau as locking_plateau
    from natrium.analysis.forcing.rotation import RotationNumber as RotationNumber
    from natrium.analysis.forcing.rotation import rotation_number as rotation_number
    from natrium.analysis.forcing.staircase import Staircase as Staircase
    from natrium.analysis.forcing.staircase import devils_staircase as devils_staircase
    from natrium.analysis.forcing.strobe import StroboscopicMap as StroboscopicMap
    from natrium.analysis.forcing.strobe import stroboscopic_map as stroboscopic_map
    from natrium.analysis.forcing.tongues import LockingTongues as LockingTongues
    from natrium.analysis.forcing.tongues import Tongue as Tongue
    from natrium.analysis.forcing.tongues import locking_tongues as locking_tongues
    from natrium.analysis.noise.fokker_planck import FokkerPlanck as FokkerPlanck
    from natrium.analysis.noise.fokker_planck import fokker_planck as fokker_planck
    from natrium.analysis.noise.interval_statistics import Estimate as Estimate
    from natrium.analysis.noise.interval_statistics import IntervalStatistics as IntervalStatistics
    from natrium.analysis.noise.interval_statistics import interval_statistics as interval_statistics
    from natrium.analysis.noise.noise_curve import NoiseCurve as NoiseCurve
    from natrium.analysis.noise.noise_curve import noise_curve as noise_curve
    from natrium.analysis.noise.white_noise import NoiseRates as NoiseRates
    from natrium.analysis.noise.white_noise import WhiteNoiseFiring as WhiteNoiseFiring
    from natrium.analysis.noise.white_noise import noise_rates as noise_rates
    from natrium.analysis.noise.white_noise import siegert_cv as siegert_cv
    from natrium.analysis.noise.white_noise import siegert_rate as siegert_rate
    from natrium.analysis.noise.white_noise import white_noise_firing as white_noise_firing
    from natrium.analysis.phase_plane.plane import PhasePlane as PhasePlane
    from natrium.analysis.phase_plane.reduction import Plane as Plane
    from natrium.analysis.phase_plane.reduction import planar as planar
    from natrium.analysis.phase_plane.reduction_error import ReductionError as ReductionError
    from natrium.analysis.phase_plane.reduction_error import reduction_error as reduction_error
    from natrium.analysis.result import Result as Result
    from natrium.analysis.variation.fit import Fit as Fit
    from natrium.analysis.variation.fit import FitStep as FitStep
    from natrium.analysis.variation.fit import fit as fit
    from natrium.analysis.variation.gradients import Gradients as Gradients
    from natrium.analysis.variation.gradients import spike_time_gradients as spike_time_gradients

__getattr__, __dir__ = _face(
    __name__,
    {
        "accuracy.budget": ("Budget", "error_budget"),
        "accuracy.compare": ("Study", "compare"),
        "accuracy.convergence": ("Convergence", "convergence"),
        "accuracy.distances": ("SpikeTrainDistances", "coincidence_factor", "spike_train_distances"),
        "accuracy.findings": ("findings",),
        "accuracy.matching": ("SpikePair", "match_spikes"),
        "accuracy.measure": ("Accuracy", "measure"),
        "accuracy.order": ("Order", "observed_order"),
        "accuracy.reproduce": ("Reproduction", "reproduce"),
        "accuracy.script": ("Comparison", "LadderRow", "compare_script", "dt_ladder"),
        "accuracy.truth": ("Reference", "reference"),
        "accuracy.work_precision": ("WorkRow", "work_precision"),
        "clamp": ("VoltageClamp", "voltage_clamp"),
        "continuation.branch": ("CycleBranch", "SpecialPoint"),
        "continuation.continued": ("continue_cycle", "doubled_branch"),
        "continuation.diagram": ("BifurcationDiagram", "bifurcation_diagram"),
        "continuation.loci": ("LocusCurve", "LocusPoint"),
        "continuation.plane_map": ("ParameterMap", "parameter_map"),
        "continuation.rests": ("RestBranch", "RestPoint"),
        "cycle.direct_response": ("DirectResponse", "direct_response"),
        "cycle.limit_cycle": ("LimitCycle", "limit_cycle"),
        "cycle.orbits": ("Orbit", "ResetBifurcation", "orbit", "reset_bifurcation"),
        "cycle.phase_response": ("PhaseResponse", "phase_response"),
        "cycle.pulse_response": ("PulseResponse", "pulse_response"),
        "cycle.return_map": ("ReturnMap", "return_map"),
        "cycle.smooth_cycle": ("SmoothCycle", "smooth_cycle"),
        "doctor": ("Diagnosis", "Found", "Reading", "diagnose", "load_subject", "read_script"),
        "equilibria.curve": ("EquilibriumCurve", "equilibrium_curve"),
        "equilibria.equilibrium": ("Equilibrium",),
        "excitability.f_i": ("FI", "Onset", "f_i_curve", "onset"),
        "excitability.least_input": ("Rheobase",),
        "excitability.rheobase": ("rheobase",),
        "excitability.steady": ("own_cycle",),
        "excitability.strength_duration": ("StrengthDuration", "strength_duration"),
        "excitability.verdict": ("Verdict", "describe"),
        "forcing.locking": ("LockedOrbit", "locked_orbit"),
        "forcing.plateau": ("Plateau", "PlateauEdge", "locking_plateau"),
        "forcing.rotation": ("RotationNumber", "rotation_number"),
        "forcing.staircase": ("Staircase", "devils_staircase"),
        "forcing.strobe": ("StroboscopicMap", "stroboscopic_map"),
        "forcing.tongues": ("LockingTongues", "Tongue", "locking_tongues"),
        "noise.fokker_planck": ("FokkerPlanck", "fokker_planck"),
        "noise.interval_statistics": ("Estimate", "IntervalStatistics", "interval_statistics"),
        "noise.noise_curve": ("NoiseCurve", "noise_curve"),
        "noise.white_noise": (
            "NoiseRates",
            "WhiteNoiseFiring",
            "noise_rates",
            "siegert_cv",
            "siegert_rate",
            "white_noise_firing",
        ),
        "phase_plane.plane": ("PhasePlane",),
        "phase_plane.reduction": ("Plane", "planar"),
        "phase_plane.reduction_error": ("ReductionError", "reduction_error"),
        "result": ("Result",),
        "variation.fit": ("Fit", "FitStep", "fit"),
        "variation.gradients": ("Gradients", "spike_time_gradients"),
    },
)
