"""Leaky integrate-and-fire neurons with voltage-gated channels, solved to the digits asked for.

The public names below are loaded when first used, so that ``natrium --help`` is quick.

Examples
--------
>>> import natrium
>>> neuron = natrium.Neuron(channels=[natrium.CHANNELS["notebook_sodium_1"]])
>>> trajectory = natrium.simulate(neuron, natrium.Step(10.0, start=20.0), t_end=100.0)
>>> trajectory.spike_times.round(6).tolist()
[40.948477, 65.587194, 90.386462]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from natrium.faces import face as _face

if TYPE_CHECKING:
    from natrium.analysis import bifurcation_diagram as bifurcation_diagram
    from natrium.analysis import compare as compare
    from natrium.analysis import compare_script as compare_script
    from natrium.analysis import continue_cycle as continue_cycle
    from natrium.analysis import convergence as convergence
    from natrium.analysis import describe as describe
    from natrium.analysis import devils_staircase as devils_staircase
    from natrium.analysis import diagnose as diagnose
    from natrium.analysis import direct_response as direct_response
    from natrium.analysis import doubled_branch as doubled_branch
    from natrium.analysis import dt_ladder as dt_ladder
    from natrium.analysis import equilibria as equilibria
    from natrium.analysis import equilibrium_curve as equilibrium_curve
    from natrium.analysis import error_budget as error_budget
    from natrium.analysis import f_i_curve as f_i_curve
    from natrium.analysis import findings as findings
    from natrium.analysis import fit as fit
    from natrium.analysis import fokker_planck as fokker_planck
    from natrium.analysis import interval_statistics as interval_statistics
    from natrium.analysis import limit_cycle as limit_cycle
    from natrium.analysis import load_subject as load_subject
    from natrium.analysis import locked_orbit as locked_orbit
    from natrium.analysis import locking_plateau as locking_plateau
    from natrium.analysis import locking_tongues as locking_tongues
    from natrium.analysis import measure as measure
    from natrium.analysis import noise_curve as noise_curve
    from natrium.analysis import observed_order as observed_order
    from natrium.analysis import onset as onset
    from natrium.analysis import orbit as orbit
    from natrium.analysis import parameter_map as parameter_map
    from natrium.analysis import phase_plane as phase_plane
    from natrium.analysis import phase_response as phase_response
    from natrium.analysis import planar as planar
    from natrium.analysis import pulse_response as pulse_response
    from natrium.analysis import read_script as read_script
    from natrium.analysis import reduction_error as reduction_error
    from natrium.analysis import reference as reference
    from natrium.analysis import reproduce as reproduce
    from natrium.analysis import reset_bifurcation as reset_bifurcation
    from natrium.analysis import return_map as return_map
    from natrium.analysis import rheobase as rheobase
    from natrium.analysis import rotation_number as rotation_number
    from natrium.analysis import siegert_cv as siegert_cv
    from natrium.analysis import siegert_rate as siegert_rate
    from natrium.analysis import smooth_cycle as smooth_cycle
    from natrium.analysis import spike_time_gradients as spike_time_gradients
    from natrium.analysis import spike_train_distances as spike_train_distances
    from natrium.analysis import strength_duration as strength_duration
    from natrium.analysis import stroboscopic_map as stroboscopic_map
    from natrium.analysis import sweep as sweep
    from natrium.analysis import voltage_clamp as voltage_clamp
    from natrium.analysis import white_noise_firing as white_noise_firing
    from natrium.analysis import work_precision as work_precision
    from natrium.imports import import_model as import_model
    from natrium.model import CHANNELS as CHANNELS
    from natrium.model import Calcium as Calcium
    from natrium.model import Channel as Channel
    from natrium.model import Constant as Constant
    from natrium.model import Csv as Csv
    from natrium.model import Custom as Custom
    from natrium.model import Drive as Drive
    from natrium.model import Expression as Expression
    from natrium.model import Formula as Formula
    from natrium.model import Gate as Gate
    from natrium.model import Gaussian as Gaussian
    from natrium.model import HybridNeuron as HybridNeuron
    from natrium.model import HybridSystem as HybridSystem
    from natrium.model import Ions as Ions
    from natrium.model import Kernel as Kernel
    from natrium.model import Leak as Leak
    from natrium.model import Model as Model
    from natrium.model import ModelError as ModelError
    from natrium.model import NatriumError as NatriumError
    from natrium.model import Neuron as Neuron
    from natrium.model import Noise as Noise
    from natrium.model import NotDefined as NotDefined
    from natrium.model import Poisson as Poisson
    from natrium.model import Pulses as Pulses
    from natrium.model import Ramp as Ramp
    from natrium.model import RecordedSpikes as RecordedSpikes
    from natrium.model import Recording as Recording
    from natrium.model import Samples as Samples
    from natrium.model import Scheme as Scheme
    from natrium.model import Simulation as Simulation
    from natrium.model import Sine as Sine
    from natrium.model import SolverError as SolverError
    from natrium.model import Spikes as Spikes
    from natrium.model import Step as Step
    from natrium.model import StepLimit as StepLimit
    from natrium.model import Stimulus as Stimulus
    from natrium.model import StimulusError as StimulusError
    from natrium.model import Sum as Sum
    from natrium.model import Synapse as Synapse
    from natrium.model import TooManySpikes as TooManySpikes
    from natrium.model import UnsupportedModel as UnsupportedModel
    from natrium.model import constants as constants
    from natrium.model import from_dict as from_dict
    from natrium.model import latex as latex
    from natrium.model import load as load
    from natrium.model import loads as loads
    from natrium.model import lower as lower
    from natrium.model import membrane as membrane
    from natrium.model import notebook as notebook
    from natrium.model import parameters as parameters
    from natrium.model import with_parameters as with_parameters
    from natrium.solvers import ClosedForm as ClosedForm
    from natrium.solvers import Compiled as Compiled
    from natrium.solvers import Ensemble as Ensemble
    from natrium.solvers import Event as Event
    from natrium.solvers import EventDriven as EventDriven
    from natrium.solvers import FixedStep as FixedStep
    from natrium.solvers import Limits as Limits
    from natrium.solvers import Solver as Solver
    from natrium.solvers import Trajectory as Trajectory
    from natrium.solvers import load_run as load_run
    from natrium.solvers import run as run
    from natrium.solvers import simulate as simulate
    from natrium.solvers import simulate_many as simulate_many

__version__: str

_load, __dir__ = _face(__name__)


def __getattr__(name: str) -> Any:
    """Load a public name from its room when it is first asked for."""
    if name == "__version__":
        from importlib.metadata import version

        return version("natrium")
    if name in ("figures", "reports"):
        return import_module(f"natrium.{name}")
    return _load(name)
