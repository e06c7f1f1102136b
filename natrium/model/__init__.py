"""What a neuron is: frozen, validated objects and the symbolic equations behind them."""

from natrium.model import notebook
from natrium.model.channels import CHANNELS
from natrium.model.checks import Choice, Count, Number, Optional, as_float
from natrium.model.errors import (
    ModelError,
    NatriumError,
    SolverError,
    StepLimit,
    StimulusError,
    TooManySpikes,
    UnsupportedModel,
)
from natrium.model.expressions.exprel import exprel_array
from natrium.model.expressions.expression import Expression
from natrium.model.files.toml import (
    channel_to_dict,
    from_dict,
    load,
    loads,
    save,
    to_dict,
    to_toml,
    write_whole,
)
from natrium.model.hybrid import GateFlow, HybridSystem, Refractory
from natrium.model.hybrid_neuron import HybridNeuron
from natrium.model.kernel import Kernel, lower
from natrium.model.latex import latex
from natrium.model.neuron import Channel, Gate, Neuron
from natrium.model.parameters import (
    AnyNeuron,
    changed_neuron,
    changed_stimulus,
    chosen_parameters,
    parameters,
    started,
    symbol_name,
    with_parameters,
)
from natrium.model.simulation import METHODS, SOLVERS, Model, Simulation
from natrium.model.stimuli.drive import Drive, Wave
from natrium.model.stimuli.noise import Noise
from natrium.model.stimuli.signals import Custom, Formula, Samples
from natrium.model.stimuli.stimulus import Span, Stimulus, Sum, as_stimulus, smooth_spans
from natrium.model.stimuli.waveforms import Constant, Gaussian, Pulses, Ramp, Sine, Step

__all__ = [
    "CHANNELS",
    "METHODS",
    "SOLVERS",
    "AnyNeuron",
    "Channel",
    "Choice",
    "Constant",
    "Count",
    "Custom",
    "Drive",
    "Expression",
    "Formula",
    "Gate",
    "GateFlow",
    "Gaussian",
    "HybridNeuron",
    "HybridSystem",
    "Kernel",
    "Model",
    "ModelError",
    "NatriumError",
    "Neuron",
    "Noise",
    "Number",
    "Optional",
    "Pulses",
    "Ramp",
    "Refractory",
    "Samples",
    "Simulation",
    "Sine",
    "SolverError",
    "Span",
    "Step",
    "StepLimit",
    "Stimulus",
    "StimulusError",
    "Sum",
    "TooManySpikes",
    "UnsupportedModel",
    "Wave",
    "as_float",
    "as_stimulus",
    "changed_neuron",
    "changed_stimulus",
    "channel_to_dict",
    "chosen_parameters",
    "exprel_array",
    "from_dict",
    "latex",
    "load",
    "loads",
    "lower",
    "notebook",
    "parameters",
    "save",
    "smooth_spans",
    "started",
    "symbol_name",
    "to_dict",
    "to_toml",
    "with_parameters",
    "write_whole",
]
