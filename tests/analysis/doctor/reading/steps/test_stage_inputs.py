"""Inputs of a list that the stages of a step read at both of its ends."""

import pytest

from tests.analysis.doctor.written import equations, taken

SAMPLED = """
import numpy as np
dt, n, tau = 0.1, 600, 10.0
I = np.zeros(n)
I[100:500] = 20.0
v = np.full(n, -65.0)
def f(v, I):
    return (-(v + 65.0) + I) / tau
for k in range(1, n):
    {stages}
    if v[k] >= -50.0:
        v[k] = -65.0
"""
HEUN = "a = f(v[k-1], I[k-1]); b = f(v[k-1] + dt*a, I[k]); v[k] = v[k-1] + dt*(a + b)/2"


@pytest.mark.parametrize(
    ("stages", "key"),
    [
        (HEUN, "heun"),
        (
            "a = f(v[k-1], I[k-1]); m = (I[k-1] + I[k])/2; b = f(v[k-1] + dt/2*a, m); "
            "c = f(v[k-1] + dt/2*b, m); d = f(v[k-1] + dt*c, I[k]); v[k] = v[k-1] + dt*(a + 2*b + 2*c + d)/6",
            "rk4",
        ),
    ],
)
def test_a_sampled_input_is_one_at_both_ends_of_a_step(tmp_path, stages, key):
    found = taken(tmp_path, SAMPLED.format(stages=stages))
    assert equations(found)["dv/dt"] == "(-(v + 65) + I)/tau"
    assert found.scheme.key == key
    assert found.faults == ()
    assert found.record.inputs[:101].tolist() == [0.0] * 100 + [20.0]  # as the first stage reads it


def test_a_stage_of_twice_the_step_is_told(tmp_path):
    found = taken(tmp_path, SAMPLED.format(stages=HEUN.replace("dt*a, I", "2*dt*a, I")))
    assert [one.line for one in found.faults] == [10]
