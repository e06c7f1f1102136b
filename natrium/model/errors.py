"""The errors natrium raises: each message is the rule, the value received, what to do."""

from __future__ import annotations


class NatriumError(Exception):
    """Base of every error that natrium raises on purpose."""


class ModelError(NatriumError, ValueError):
    """A neuron, channel, gate, expression or model file breaks a rule."""


class CannotImport(ModelError):
    """A file of another simulator holds what no model here can be.

    Parameters
    ----------
    reason : str
        In a few words, the same for all files that are refused for it.
    message : str
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type[CannotImport], tuple[str, str]]:
        """Copy and pickle both."""
        return type(self), (self.reason, str(self))


class StimulusError(NatriumError, ValueError):
    """A stimulus breaks a rule."""


class SolverError(NatriumError, RuntimeError):
    """A run could not be carried through."""


class NotDefined(SolverError):
    """The right-hand side has no finite real value at a state that the run begins at or gets to."""


class UnsupportedModel(SolverError):
    """A model or run that this solver cannot solve; the message names one that can."""


class TooManySpikes(SolverError):
    """The run fires more spikes than its budget allows."""


class StepLimit(SolverError):
    """The run needs more steps or right-hand-side calls than its budget allows."""
