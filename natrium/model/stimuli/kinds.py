"""The kinds of stimuli that a model file can hold, by their names there."""

from __future__ import annotations

from natrium.model.stimuli.noise import Noise
from natrium.model.stimuli.recorded import Csv, RecordedSpikes, Recording
from natrium.model.stimuli.signals import Formula, Samples
from natrium.model.stimuli.spikes import Poisson, Spikes
from natrium.model.stimuli.stimulus import Stimulus
from natrium.model.stimuli.waveforms import Constant, Gaussian, Pulses, Ramp, Sine, Step

VERSION = 1
KINDS: dict[str, type[Stimulus]] = {
    kind.kind: kind
    for kind in (
        Constant,
        Step,
        Pulses,
        Ramp,
        Sine,
        Gaussian,
        Samples,
        Formula,
        Noise,
        Spikes,
        Poisson,
        Csv,
        Recording,
        RecordedSpikes,
    )
}
"""All kinds by their names in model files; a new one is a line here."""
