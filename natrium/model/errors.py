"""The errors natrium raises: each message is the rule, the value received, what to do."""

from __future__ import annotations


class NatriumError(Exception):
    """Base of every error that natrium raises on purpose."""


class ModelError(NatriumError, ValueError):
    """A neuron, channel, gate, expression or model file breaks a rule."""


class StimulusError(NatriumError, ValueError):
    """A stimulus breaks a rule."""


class SolverError(NatriumError, RuntimeError):
    """A run could not be carried through."""


class UnsupportedModel(SolverError):
    """A model or run that this solver cannot solve; the message names one that can."""


class TooManySpikes(SolverError):
    """The run fires more spikes than its budget allows."""


class StepLimit(SolverError):
    """The run needs more steps or right-hand-side calls than its budget allows."""
