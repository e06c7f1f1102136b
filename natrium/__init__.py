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

if TYPE_CHECKING:
    from natrium.analysis import (
        bifurcation_diagram,
        compare,
        compare_script,
        continue_cycle,
        convergence,
        describe,
        diagnose,
        direct_response,
        doubled_branch,
        dt_ladder,
        equilibria,
        equilibrium_curve,
        error_budget,
        f_i_curve,
        findings,
        fit,
        interval_statistics,
        limit_cycle,
        load_subject,
        measure,
        observed_order,
        onset,
        orbit,
        parameter_map,
        phase_plane,
        phase_response,
        planar,
        read_script,
        reduction_error,
        reference,
        reproduce,
        reset_bifurcation,
        return_map,
        rheobase,
        siegert_cv,
        siegert_rate,
        smooth_cycle,
        spike_time_gradients,
        spike_train_distances,
        strength_duration,
        sweep,
        voltage_clamp,
        white_noise_firing,
        work_precision,
    )
    from natrium.imports import import_model
    from natrium.model import (
        CHANNELS,
        Calcium,
        Channel,
        Constant,
        Csv,
        Custom,
        Drive,
        Expression,
        Formula,
        Gate,
        Gaussian,
        HybridNeuron,
        HybridSystem,
        Ions,
        Kernel,
        Leak,
        Model,
        ModelError,
        NatriumError,
        Neuron,
        Noise,
        Poisson,
        Pulses,
        Ramp,
        RecordedSpikes,
        Recording,
        Samples,
        Scheme,
        Simulation,
        Sine,
        SolverError,
        Spikes,
        Step,
        StepLimit,
        Stimulus,
        StimulusError,
        Sum,
        Synapse,
        TooManySpikes,
        UnsupportedModel,
        constants,
        from_dict,
        latex,
        load,
        loads,
        lower,
        membrane,
        notebook,
        parameters,
        with_parameters,
    )
    from natrium.solvers import (
        ClosedForm,
        Compiled,
        Ensemble,
        Event,
        EventDriven,
        FixedStep,
        Limits,
        Solver,
        Trajectory,
        load_run,
        run,
        simulate,
        simulate_many,
    )

__version__: str

__all__ = [
    "CHANNELS",
    "Calcium",
    "Channel",
    "ClosedForm",
    "Compiled",
    "Constant",
    "Csv",
    "Custom",
    "Drive",
    "Ensemble",
    "Event",
    "EventDriven",
    "Expression",
    "FixedStep",
    "Formula",
    "Gate",
    "Gaussian",
    "HybridNeuron",
    "HybridSystem",
    "Ions",
    "Kernel",
    "Leak",
    "Limits",
    "Model",
    "ModelError",
    "NatriumError",
    "Neuron",
    "Noise",
    "Poisson",
    "Pulses",
    "Ramp",
    "RecordedSpikes",
    "Recording",
    "Samples",
    "Scheme",
    "Simulation",
    "Sine",
    "Solver",
    "SolverError",
    "Spikes",
    "Step",
    "StepLimit",
    "Stimulus",
    "StimulusError",
    "Sum",
    "Synapse",
    "TooManySpikes",
    "Trajectory",
    "UnsupportedModel",
    "bifurcation_diagram",
    "compare",
    "compare_script",
    "constants",
    "continue_cycle",
    "convergence",
    "describe",
    "diagnose",
    "direct_response",
    "doubled_branch",
    "dt_ladder",
    "equilibria",
    "equilibrium_curve",
    "error_budget",
    "f_i_curve",
    "findings",
    "fit",
    "from_dict",
    "import_model",
    "interval_statistics",
    "latex",
    "limit_cycle",
    "load",
    "load_run",
    "load_subject",
    "loads",
    "lower",
    "measure",
    "membrane",
    "notebook",
    "observed_order",
    "onset",
    "orbit",
    "parameter_map",
    "parameters",
    "phase_plane",
    "phase_response",
    "planar",
    "read_script",
    "reduction_error",
    "reference",
    "reproduce",
    "reset_bifurcation",
    "return_map",
    "rheobase",
    "run",
    "siegert_cv",
    "siegert_rate",
    "simulate",
    "simulate_many",
    "smooth_cycle",
    "spike_time_gradients",
    "spike_train_distances",
    "strength_duration",
    "sweep",
    "voltage_clamp",
    "white_noise_firing",
    "with_parameters",
    "work_precision",
]

_ROOMS = ("natrium.model", "natrium.solvers", "natrium.analysis", "natrium.imports")


def __getattr__(name: str) -> Any:
    """Load a public name from its room when it is first asked for."""
    if name == "__version__":
        from importlib.metadata import version

        return version("natrium")
    if name in __all__:
        for room in _ROOMS:
            found = getattr(import_module(room), name, None)
            if found is not None:
                globals()[name] = found
                return found
    if name in ("figures", "reports"):
        return import_module(f"natrium.{name}")
    raise AttributeError(f"module 'natrium' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return [*__all__, "__version__"]
