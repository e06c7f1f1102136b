"""Probe how an object fires: threshold, reset, and how long it is held."""

from __future__ import annotations

import math

import attrs
import numpy as np

from natrium.analysis.doctor.probes.prober import Prober
from natrium.model import Model, Neuron
from natrium.model.arrays import Array

# A pulse of so many times the current that lifts a claimed neuron over threshold in one step.
# No round numbers: V should not land where a rate is 0/0 as written.
_PULSES = (4.1237, 61.37, 4.219e3, 4.3e5, -4.1237, -61.37, -4.219e3, 4.1e8)
MAX_HELD = 30_000


@attrs.frozen(kw_only=True)
class Firing:
    """How an object fires, as far as it was seen.

    Attributes
    ----------
    pulse : float
        Input of one step that makes it fire, mV; 0 where none does.
    reset : float
        V that it is reset to, mV (NaN where it never fires).
    shown : float
        V of the step that fires where it is not the reset, mV (else NaN).
    drawn : bool
        Whether `shown` is always the same: a spike that is drawn.
    threshold : float
        Largest V that does not fire, mV.
    strict : bool or None
        Whether V at the threshold itself does not fire; None where it could not be decided.
    held : tuple of (float, int)
        Steps (ms) and how many of them V heeds no input after the step that fires (-1: no end seen).
    hold : ndarray, shape (n_held,)
        V meanwhile at the first of these steps, mV.
    silent : int
        Steps after a spike that cannot fire though V is not held (0 where it is held).
    """

    pulse: float = 0.0
    reset: float = math.nan
    shown: float = math.nan
    drawn: bool = False
    threshold: float = math.nan
    strict: bool | None = None
    held: tuple[tuple[float, int], ...] = ()
    hold: Array = attrs.field(factory=lambda: np.empty(0), eq=False)
    silent: int = 0


def counted(tau_ref: float, dt: float) -> int:
    """Count the steps that a counter holds which starts at tau_ref and loses dt each step."""
    steps, rest = 0, tau_ref
    while rest > 0.0:
        rest -= dt
        steps += 1
    return steps


def step_ladder(dt: float, tau_ref: float) -> list[float]:
    """Give steps from `dt` downwards that divide it and hold for a bounded number of steps, ms."""
    tenths = (1, 2, 5, 10, 20, 50, 100)
    return [dt / n for n in tenths if tau_ref * n / dt <= 2500 or n <= 2]


def heed(prober: Prober, dt: float, longest: int) -> tuple[int, int] | None:
    """Find the first call that heeds its input, and by how many calls V comes later.

    Returns
    -------
    lead, lag : int
        Or None where no input was heeded within `longest` calls.
    """
    quiet = np.full(longest + 3, 0.25)
    silent = prober.run(quiet, dt).V
    loud = prober.run(quiet + 1.0, dt).V
    n = min(silent.size, loud.size)
    apart = np.flatnonzero(silent[:n] != loud[:n])
    if not apart.size:
        return None
    # The last input that moved the first V that differs: by one call, or by two for V that comes late.
    first = int(apart[0])
    for lag in (0, 1, 2):
        if first < lag:
            break
        one = quiet.copy()
        one[first - lag] += 1.0
        moved = prober.run(one, dt).V[: first + 1]
        if moved.size > first and moved[first] != silent[first]:
            return first - lag, lag
    return first, 0


def _needed(neuron: Neuron, dt: float) -> float:
    return (neuron.v_thresh - neuron.v_init) * neuron.tau_m / dt


def probe_firing(prober: Prober, model: Model, dt: float) -> Firing:
    """Find out how a subject fires.

    Parameters
    ----------
    prober : Prober
        Its `lead` and `lag` set.
    model : Model
        The claim.
    dt : float
        ms.
    """
    neuron = model.neuron
    for factor in _PULSES:
        pulse = factor * _needed(neuron, dt)
        found = _fired(prober, neuron, pulse, dt)
        if found is not None:
            break
    else:
        return Firing()
    at, reset, shown, drawn = found
    threshold, strict = _threshold(prober, neuron, pulse, dt, at, reset)
    held = []
    hold = np.empty(0)
    for step in step_ladder(dt, neuron.tau_ref):
        count, V = _held(prober, neuron, pulse * dt / step, step)
        held.append((step, count))
        hold = V if step == dt else hold
    silent = _silent(prober, neuron, pulse, dt) if not held[0][1] else 0
    return Firing(
        pulse=pulse, reset=reset, shown=shown, drawn=drawn, threshold=threshold, strict=strict,
        held=tuple(held), hold=hold, silent=silent,
    )  # fmt: skip


def _fired(prober: Prober, neuron: Neuron, pulse: float, dt: float) -> tuple[int, float, float, bool] | None:
    """Tell whether a pulse makes it fire: at which step V no longer knows how large the pulse was.

    Returns the step, the reset value, V shown before it (NaN if none), and whether that is drawn.
    """
    rest = [0.0, 0.0, 0.0]
    one, two = (prober.run([size, *rest], dt).V for size in (pulse, 1.5 * pulse))
    if min(one.size, two.size) < 2:
        return None
    shown, drawn = math.nan, False
    for k in range(min(one.size, two.size) - 1):
        if one[k] == two[k]:
            if k and math.isnan(shown):
                return None  # it fired by itself, not by the pulse
            if one[k] < neuron.v_thresh or (k and drawn):
                return k, float(one[k]), shown, drawn
            if k:
                return None
            # The same at once, but above threshold: a spike that is drawn, or a reset to above it.
            shown, drawn = float(one[k]), one[k + 1] < neuron.v_thresh
            if not drawn:
                return k, float(one[k]), math.nan, False
        elif k == 0 and one[k] >= neuron.v_thresh:
            shown = float(one[k])
        elif k:
            return None
    return None


def _threshold(
    prober: Prober, neuron: Neuron, pulse: float, dt: float, at: int, reset: float
) -> tuple[float, bool | None]:
    """Bracket the threshold by halving the input of one step; try V at the claimed one itself."""
    low, high, largest = 0.0, pulse, -math.inf

    def probe(current: float) -> tuple[bool, float]:
        V = prober.run([current, 0.0][: at + 1], dt).V
        return V.size > at and V[at] == reset, float(V[0]) if V.size else math.nan

    fires, quiet_V = probe(low)
    if fires and at == 0 and neuron.v_rest != reset:
        return math.nan, None
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        fires, V = probe(middle)
        if math.isnan(V):  # it raised: V landed on a 0/0 of a rate
            middle = 0.51 * low + 0.49 * high
            fires, V = probe(middle)
            if math.isnan(V):
                return math.nan, None
        # At rest without input a LIF returns the reset value though it does not fire.
        if fires:
            high = middle
        else:
            low, largest = middle, V
    if not math.isfinite(largest):
        return quiet_V, None
    if largest == neuron.v_thresh:
        return largest, True
    return largest, False if math.nextafter(largest, math.inf) == neuron.v_thresh else None


def _held(prober: Prober, neuron: Neuron, pulse: float, dt: float) -> tuple[int, Array]:
    """Count the steps after a spike that heed no input; give V in them."""
    expected = math.ceil(neuron.tau_ref / dt)
    # Away from the threshold, so that the first free step does not fire again.
    away = -0.7 * pulse
    steps = 2 * expected + 12
    while True:
        # From the third sample on, V is past a spike that is shown before its reset.
        runs = [prober.run([pulse, *([size] * steps)], dt).V for size in (away, 1.5 * away)]
        n = min(run.size for run in runs)
        apart = np.flatnonzero(runs[0][:n] != runs[1][:n])
        if apart.size:
            first = int(apart[0])
            return first - 1, runs[0][1:first]
        if n <= steps:  # it gives no number any more: it is free
            return n - 1, runs[0][1:n]
        if steps >= MAX_HELD:
            return -1, runs[0][1:n]
        steps = min(8 * steps, MAX_HELD)


def _silent(prober: Prober, neuron: Neuron, pulse: float, dt: float) -> int:
    """Count the steps after a spike that do not fire though V is driven over threshold."""
    V = prober.run(np.full(2 * math.ceil(neuron.tau_ref / dt) + 12, pulse), dt).V
    above = V[1:] >= neuron.v_thresh
    if not above.any() or not above[0]:
        return 0
    return int(np.argmin(above)) if not above.all() else int(above.size)
