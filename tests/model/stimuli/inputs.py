"""Stimuli drawn at random, and what each must be at one time, written apart from the package."""

import math
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

import natrium
from natrium.model.stimuli.drive import Drive
from natrium.model.stimuli.stimulus import Stimulus, smooth_spans

times = (
    st.floats(-40.0, 120.0)
    | st.integers(-40, 120).map(float)
    | st.sampled_from((0.1 + 0.2, 1 / 3, 0.7, 99.9))
)
sizes = st.floats(-50.0, 50.0) | st.just(0.0)
lengths = st.floats(2.0, 40.0) | st.sampled_from((0.7, 1.1, 4 / 3))


@st.composite
def windows(draw: st.DrawFn) -> dict[str, float]:
    """Draw start and stop: both, one or none."""
    start = draw(st.none() | times)
    stop = draw(st.none() | (lengths.map(lambda length: (start or 0.0) + length)))
    return {key: value for key, value in (("start", start), ("stop", stop)) if value is not None}


@st.composite
def pulses(draw: st.DrawFn) -> natrium.Pulses:
    period = draw(lengths)
    width = period * draw(st.sampled_from((1.0, 0.5, 0.1, 1 / 3)))
    count = draw(st.none() | st.integers(0, 12))
    return natrium.Pulses(draw(sizes), width=width, period=period, count=count, **draw(windows()))


@st.composite
def ramps(draw: st.DrawFn) -> natrium.Ramp:
    window = draw(windows())
    return natrium.Ramp(draw(sizes), hold="stop" in window and draw(st.booleans()), **window)


@st.composite
def samples(draw: st.DrawFn) -> natrium.Samples:
    at = sorted(draw(st.sets(times, min_size=1, max_size=9)))
    at = [t for k, t in enumerate(at) if k == 0 or t - at[k - 1] > 1e-6]
    values = draw(st.lists(sizes, min_size=len(at), max_size=len(at)))
    return natrium.Samples(at, values, draw(st.sampled_from(("hold", "linear"))), **draw(windows()))


@st.composite
def noises(draw: st.DrawFn) -> natrium.Noise:
    return natrium.Noise(
        draw(sizes),
        abs(draw(sizes)),
        tau=draw(st.sampled_from((0.0, 1e-3, 3.0, 500.0))),
        step=draw(st.sampled_from((0.7, 1.0, 10 / 3))),
        seed=draw(st.integers(0, 5)),
        interpolation=draw(st.sampled_from(("hold", "linear"))),
        **draw(windows()),
    )


FORMULAS = {
    "5*sin(t/10)": lambda t: 5 * math.sin(t / 10),
    "t**2/100 - 3": lambda t: t**2 / 100 - 3,
    "10*exp(-(t - 30)**2/50)": lambda t: 10 * math.exp(-((t - 30) ** 2) / 50),
    "abs(t - 20)": lambda t: abs(t - 20),
    "4": lambda _: 4.0,
    "tanh(t) + cos(t/7)": lambda t: math.tanh(t) + math.cos(t / 7),
}


@st.composite
def formulas(draw: st.DrawFn) -> natrium.Formula:
    breakpoints = sorted(draw(st.sets(times, max_size=3)))
    max_step = draw(st.none() | st.just(0.5))
    return natrium.Formula(draw(st.sampled_from(sorted(FORMULAS))), breakpoints, max_step, **draw(windows()))


single = st.one_of(
    st.builds(lambda a, w: natrium.Constant(a, **w), sizes, windows()),
    st.builds(lambda a, w: natrium.Step(a, **w), sizes, windows()),
    pulses(),
    ramps(),
    st.builds(
        lambda a, f, p, o, w: natrium.Sine(a, f, p, o, **w),
        sizes, st.sampled_from((0.0, 1.0, 8.0, 50.0, 333.0)), st.floats(-7, 7), sizes, windows(),
    ),
    st.builds(lambda a, c, s, w: natrium.Gaussian(a, c, s, **w), sizes, times, lengths, windows()),
    samples(),
    noises(),
    formulas(),
)  # fmt: skip
inputs = st.lists(single, max_size=4).map(natrium.Sum)


def pointwise(stimulus: Any, t: float, strict: bool = False) -> float:
    """Say what a stimulus is at one time, from its definition."""
    if isinstance(stimulus, natrium.Sum):
        return math.fsum(pointwise(part, t, strict) for part in stimulus.parts)
    start, stop = stimulus.start, stimulus.stop
    if isinstance(stimulus, natrium.Ramp) and stimulus.hold and t >= stop:
        return stimulus.slope * (stop - (start or 0.0))
    if isinstance(stimulus, natrium.Pulses):
        return _pulses(stimulus, t, strict)
    after = start is None or (start < t if strict else start <= t)
    if not (after and (stop is None or t < stop)):
        return 0.0
    match stimulus:
        case natrium.Constant():
            return stimulus.amplitude
        case natrium.Ramp():
            return stimulus.slope * (t - (start or 0.0))
        case natrium.Sine():
            angle = 2 * math.pi * stimulus.frequency * t / 1000 + stimulus.phase
            return stimulus.offset + stimulus.amplitude * math.sin(angle)
        case natrium.Gaussian():
            return stimulus.amplitude * math.exp(-((t - stimulus.center) ** 2) / (2 * stimulus.sigma**2))
        case natrium.Samples():
            return _samples(stimulus, t)
        case natrium.Noise():
            return _samples(drawn(stimulus), t)
    return FORMULAS[stimulus.value.text](t)


def _pulses(stimulus: natrium.Pulses, t: float, strict: bool) -> float:
    if stimulus.stop is not None and t >= stimulus.stop:
        return 0.0
    count = stimulus.count if stimulus.count is not None else 10_000
    for index in range(count):
        onset = (stimulus.start or 0.0) + index * stimulus.period
        if onset > t:
            break
        if (onset < t if strict else onset <= t) and t < onset + stimulus.width:
            return stimulus.amplitude
    return 0.0


def _samples(stimulus: natrium.Samples, t: float) -> float:
    before = [k for k, time in enumerate(stimulus.times) if time <= t]
    if not before:
        return stimulus.values[0]
    k = before[-1]
    if stimulus.interpolation == "hold" or k == len(stimulus.times) - 1:
        return stimulus.values[k]
    share = (t - stimulus.times[k]) / (stimulus.times[k + 1] - stimulus.times[k])
    return stimulus.values[k] + share * (stimulus.values[k + 1] - stimulus.values[k])


@cache
def drawn(noise: natrium.Noise, reach: int = 400) -> natrium.Samples:
    """Draw a noise's samples one by one, `reach` on each side of the first one."""
    rho = math.exp(-noise.step / noise.tau) if noise.tau else 0.0
    sides = []
    for side in (0, 1):
        generator = np.random.Generator(
            np.random.PCG64(np.random.SeedSequence(noise.seed, spawn_key=(side,)))
        )
        x = sides[0][0] if side else float(generator.standard_normal())
        sides.append([] if side else [x])
        for xi in generator.standard_normal(reach).tolist():
            x = rho * x + math.sqrt(1.0 - rho**2) * xi
            sides[-1].append(x)
    values = [noise.mean + noise.sigma * x for x in (*sides[1][::-1], *sides[0])]
    at = [(noise.start or 0.0) + k * noise.step for k in range(-reach, reach + 1)]
    return natrium.Samples(at, values, noise.interpolation)


def pieces(stimulus: Stimulus, t_start: float, t_end: float) -> list[tuple[float, float, Drive]]:
    """List begin, end and input of every smooth span."""
    spans = smooth_spans(stimulus, t_start, t_end)
    return [(span.begin, span.end, span.drive(span.begin)) for span in spans]
