"""The first threshold crossing within one step: proven absent, or found and polished by true steps."""

from __future__ import annotations

import attrs
import numpy as np

from natrium.model.root import find_root
from natrium.solvers.bernstein import first_reach
from natrium.solvers.event_driven.steppers import Stepper, TrueStep
from natrium.solvers.event_driven.surfaces import Surfaces

# Dense output may be off by this many tolerances (17-31 times the step's own error was measured).
DENSE_ERROR = 50.0
# A peak this many tolerances from threshold is decided, but flagged: the run's own error is as large.
DOUBT = 20.0
MAX_POLISH = 80
ROUNDING = 1e-15
# A true step this near to threshold, in tolerances, is brought onto it by its slope: the rest is the
# square of that, and less than what an implicit step's own iteration leaves open.
POLISHED = 1e-4


@attrs.frozen
class Graze:
    """A peak of V too near to threshold to be sure about."""

    t: float  # time of the peak, in the piece's own time, ms
    u: float  # V - v_thresh there, mV


@attrs.define
class Search:
    """Looks through each step of a piece for the first crossing of u = 0 from below."""

    # atol and rtol: tolerances on u, mV and relative.
    atol: float
    rtol: float
    sign: float = 1.0  # -1: from above; all below is said of -u
    leaving: bool = False  # whether it begins on the threshold, so that being near it means nothing yet
    grazes: list[Graze] = attrs.field(factory=list)  # what was decided within the solver's own error

    def __call__(self, step: Stepper) -> TrueStep | None:
        """Find the first crossing within a step just made: the part of the step up to it."""
        u_old, u_new, h = self.sign * float(step.y_old[0]), self.sign * float(step.y[0]), step.step_length
        top = max(u_old, u_new)
        tolerance = self.atol + self.rtol * max(abs(u_old), abs(u_new))
        margin = DENSE_ERROR * tolerance
        low, high = step.slopes()
        # Between two points with slopes in [low, high] V rises above both by h (high - low)/4 at most.
        if top + h * (high - low) < -margin:
            return None
        c = (self.sign * step.bernstein(step.fun, step.record(step.step_start))[:, 0]).tolist()
        c[0], c[-1] = u_old, u_new
        if max(c) < -margin:
            return None
        return self._look(step, c, margin)

    def _look(self, step: Stepper, c: list[float], margin: float) -> TrueStep | None:
        """Go through the places where the polynomial comes within `margin` of the threshold."""
        h, start = step.step_length, 0.0
        falling = [-a for a in c]
        if self.leaving and (left := first_reach(falling, margin, 0.0)) is not None:
            self.leaving, start = False, left
        while not self.leaving:
            near = first_reach(c, -margin, start)
            if near is None:
                break
            over = first_reach(c, margin, near)
            away = first_reach(falling, 1.5 * margin, near)
            if over is not None and (away is None or over < away):
                guess = first_reach(c, 0.0, near)
                return self._polish(step, near * h, over * h, (over if guess is None else guess) * h)
            peak = self._peak(step, near * h, (1.0 if away is None else away) * h)
            u = self.sign * float(peak.y[0])
            # A rise that only ends with its step goes on in the next one, unless the piece ends as well.
            is_peak = peak.h < h or self.sign * peak.f[0] <= 0.0 or step.t == step.t_bound
            if abs(u) < DOUBT * self.atol and is_peak:
                self.grazes.append(Graze(step.step_start + peak.h, self.sign * u))
            if u >= 0.0:
                return self._polish(step, near * h, peak.h, peak.h)
            if away is None:
                break
            start = away
        # What the step's end says outweighs its polynomial.
        return self._polish(step, 0.0, h, h) if c[-1] >= 0.0 else None

    def _peak(self, step: Stepper, a: float, b: float) -> TrueStep:
        """Step truly to the maximum of u between a and b (ms after the step's start)."""
        end = step.true_step(b)
        if a == 0.0:
            start_slope = float(step.bernstein(step.fun, step.record(step.step_start))[1, 0] - step.y_old[0])
        else:
            start_slope = float(step.true_step(a).f[0])
        if self.sign * end.f[0] >= 0.0 or self.sign * start_slope <= 0.0:
            return end
        tiny = 1e-12 * b
        top = find_root(lambda h: float(step.true_step(h).f[0]) if h > tiny else start_slope, a, b, xtol=tiny)
        return step.true_step(max(top, tiny))

    def _polish(self, step: Stepper, a: float, b: float, guess: float) -> TrueStep:
        """Bring the crossing between a (below) and b (above) to the last digit, by true steps."""
        h = guess if a < guess <= b else 0.5 * (a + b)
        for _ in range(MAX_POLISH):
            found = step.true_step(h)
            u, slope = self.sign * float(found.y[0]), self.sign * float(found.f[0])
            if u < 0.0:
                a = h
            else:
                b = h
            correction = -u / slope if slope > 0.0 else float("inf")
            if abs(u) <= POLISHED * self.atol and abs(correction) < 1e-3 * h:
                return attrs.evolve(found, h=h + correction, y=found.y + correction * found.f)
            if b - a <= ROUNDING * h:
                break
            h = h + correction if a < h + correction < b else 0.5 * (a + b)
        return found


@attrs.define
class BranchSearch:
    """Looks through each step of a piece for the first change of a branch's side.

    A surface along a step is a polynomial through some of its points, searched as V is; what is found is
    brought to the last digit by true steps.
    """

    surfaces: Surfaces
    index: int = -1  # which branch changed last

    def __call__(self, step: Stepper) -> TrueStep | None:
        """Find the first change within a step just made; give the part of the step up to it."""
        first: TrueStep | None = None
        for index, (c, margin) in enumerate(zip(*self.surfaces.along(step), strict=True)):
            found = self._change(step, index, c.tolist(), float(margin))
            if found is not None and (first is None or found.h < first.h):
                first, self.index = found, index
        return first

    def _change(self, step: Stepper, index: int, c: list[float], margin: float) -> TrueStep | None:
        if min(c) > 0.0:
            return None
        falling = [-a for a in c]
        # A step that begins on its surface has not left it yet.
        start = 0.0 if c[0] > margin else first_reach(c, margin, 0.0)
        if start is None:
            if c[-1] >= -margin:
                return None
            start = 0.0
        near, beyond = first_reach(falling, -margin, start), first_reach(falling, margin, start)
        if near is None:
            return None
        least, h = ROUNDING * step.step_length, step.step_length
        a, b = max(near * h, least), (1.0 if beyond is None else beyond) * h

        def size(part: float) -> float:
            return self.surfaces.size(step, step.true_step(part), index)

        if size(b) >= 0.0:
            if c[-1] >= 0.0:
                return None  # it comes near, or its polynomial alone crosses: the next step will tell
            b = h  # the margin is less than rounding, as of a surface in the input alone
            if size(b) >= 0.0:
                return None
        if size(a) < 0.0:
            a = least
            if size(a) < 0.0:
                return step.true_step(a)
        return step.true_step(find_root(size, a, b, xtol=least, rtol=4.0 * np.finfo(float).eps))
