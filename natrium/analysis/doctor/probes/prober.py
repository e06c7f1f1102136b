"""Drive an object with `update(dt, current) -> V`, each time from its pristine state, and record it."""

from __future__ import annotations

import contextlib
import copy
import io
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np

from natrium.model import ModelError, SolverError, StepLimit
from natrium.model.arrays import Array

# A diagnosis of the slowest sensible script takes a tenth of these.
MAX_CALLS = 1_000_000

# Input of one step from the number of the step and the last V (mV), both known before the step.
Feedback = Callable[[int, float], float]


@attrs.frozen(eq=False)
class Record:
    """One run of the object from its pristine state.

    Attributes
    ----------
    dt : float
        Step, ms.
    I : ndarray, shape (n_steps,)
        Input of each step, mV.
    V : ndarray, shape (n_steps,)
        What each step returned, mV; only what came before anything that is no number.
    before : float or None
        V before the first step, where it was seen, mV.
    ended : str
        Why it ended early, or nothing.
    """

    dt: float
    I: Array
    V: Array
    before: float | None = None
    ended: str = ""


class _Unheard(io.TextIOBase):
    """Where what a subject prints in each step goes."""

    def write(self, text: str) -> int:
        return len(text)


class Prober:
    """Copies of one object, driven within a budget of calls and time.

    Parameters
    ----------
    subject : object
        With ``update(dt, current)``; never driven itself, only its copies are.
    make : callable, optional
        Makes another pristine one where a copy cannot be made.
    """

    def __init__(self, subject: Any, make: Callable[[], Any] | None = None) -> None:
        if not callable(getattr(subject, "update", None)):
            raise ModelError(
                f"a subject must have update(dt, current), got a {type(subject).__name__} without; "
                "give the class or an instance that has it"
            )
        self.subject, self.make = subject, make
        self.calls = 0
        self.oddities: list[str] = []
        # Calls at the start that heed no input, and calls by which V comes late: both are cut off.
        self.lead, self.lag = 0, 0
        # Whether what is odd is kept: pulses far beyond sense may well end in no number.
        self.listens = True

    def fresh(self) -> Any:
        """Give a pristine copy of the subject."""
        try:
            return copy.deepcopy(self.subject)
        except Exception as error:
            if self.make is not None:
                return self.make()
            raise ModelError(
                f"a subject must be one that can be copied, got a {type(self.subject).__name__} that cannot "
                f"({type(error).__name__}); give its class, or a function that makes one"
            ) from None

    def run(self, inputs: Sequence[float] | Array | Feedback, dt: float, steps: int | None = None) -> Record:
        """Drive a pristine copy.

        Parameters
        ----------
        inputs : sequence of float, shape (n_steps,), or callable
            Input of each step, mV; or a function of the step's number and the last V (NaN at first).
        dt : float
            Step, ms.
        steps : int, optional
            How many, for a function.

        Raises
        ------
        StepLimit
            When the budget of calls is used up.
        """
        if callable(inputs):
            feedback: Feedback = inputs
        else:
            given = [float(value) for value in inputs]
            steps = len(given) if steps is None else steps
            feedback = lambda k, _: given[k]  # noqa: E731 - the same shape as a function that is given
        assert steps is not None
        subject, last, ended = self.fresh(), math.nan, ""
        driven: list[float] = []
        returned: list[float] = []
        with np.errstate(all="ignore"), warnings.catch_warnings(), contextlib.redirect_stdout(_Unheard()):
            warnings.simplefilter("ignore")  # an overflow in the user's rates is told by what comes of it
            for k in range(-self.lead, steps + self.lag):
                self._count()
                current = feedback(k, last) if 0 <= k < steps else 0.0
                last, ended = self._step(subject, dt, current)
                if ended:
                    break
                driven.append(current)
                returned.append(last)
        if ended:
            ended = f"in call {len(returned) + 1} at dt = {dt:g} ms, {ended}"
            if self.listens and ended not in self.oddities:
                self.oddities.append(ended)
        skipped = self.lead + self.lag
        V, before = np.array(returned), float(returned[skipped - 1]) if 0 < skipped <= len(returned) else None
        I = np.array(driven)[self.lead :][: max(V.size - skipped, 0)]
        return Record(dt, I, V[skipped:], before, ended)

    def _count(self) -> None:
        self.calls += 1
        if self.calls > MAX_CALLS:
            raise StepLimit(
                f"probing may take at most {MAX_CALLS} calls of update, got more without an end; give a "
                "model with a longer dt or a shorter tau_ref"
            )

    def _step(self, subject: Any, dt: float, current: float) -> tuple[float, str]:
        """Take one step: V, or why there is none."""
        try:
            value = subject.update(dt, current)
        except (Exception, SystemExit) as error:
            text = str(error)[:80]
            return math.nan, f"update raised {type(error).__name__}{': ' if text else ''}{text}"
        try:
            array = np.asarray(value, dtype=float)
        except (TypeError, ValueError):
            return math.nan, f"update returned a {type(value).__name__}, not a number"
        if array.size != 1:
            return math.nan, f"update returned {array.size} values, not one"
        if array.ndim and "array" not in "".join(self.oddities):
            self.oddities.append(f"update returned an array of shape {array.shape}; its one value was taken")
        number = float(array.reshape(()))
        return number, "" if math.isfinite(number) else f"update returned {number}"


def must_repeat(prober: Prober, inputs: Array, dt: float) -> None:
    """Check that the same inputs give the same V from the pristine state.

    Raises
    ------
    SolverError
        When they do not: noise, or state that is shared between objects.
    """
    first, second = prober.run(inputs, dt), prober.run(inputs, dt)
    n = min(first.V.size, second.V.size)
    if first.V.size != second.V.size or not np.array_equal(first.V, second.V):
        apart = np.flatnonzero(first.V[:n] != second.V[:n])
        at = int(apart[0]) + 1 if apart.size else n + 1
        raise SolverError(
            "a subject must give the same V for the same inputs from its start, got another one in call "
            f"{at}: take out the noise, or give a factory whose objects share no state"
        )
    if not first.V.size:
        raise SolverError(f"a subject must return numbers, but {first.ended}; mend that first")
