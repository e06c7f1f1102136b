"""The input as steps read it: a mean is an integral, wherever the edges lie."""

import numpy as np
import pytest

import natrium
from natrium.solvers.fixed_step.smooth_input import SmoothInput


def test_a_mean_over_a_step_is_its_integral():
    wave = natrium.Sine(8.0, 50.0, offset=3.0, start=2.0)
    omega = 0.1 * np.pi
    integral = 8.0 / omega * (np.cos(omega * 2.0) - np.cos(omega * 3.5)) + 3.0 * 1.5
    assert SmoothInput(wave, 1.0, 3.5).mean(1.0, 3.5) == pytest.approx(integral / 2.5, rel=1e-12)


def test_means_of_many_steps_are_those_of_each_alone():
    pulses = natrium.Pulses(90.0, start=0.4, width=1.7, period=7.0) + natrium.Constant(3.0)
    drive = pulses + natrium.Samples([0.0, 10.0, 21.0], [5.0, 30.0, 12.0], "linear")
    whole, edges = SmoothInput(drive, 0.0, 30.0), [0.0, *np.cumsum([0.4, 0.3, 1.9, 8.8, 7.0, 2.0, 9.5])]
    for begin, end in zip(edges, edges[1:], strict=False):
        alone = SmoothInput(drive, begin, end)
        assert whole.mean(begin, end) == alone.mean(begin, end)
        assert whole.span_at(begin).drive(begin)(0.1) == alone.spans[0].drive(begin)(0.1)
