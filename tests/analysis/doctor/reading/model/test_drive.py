"""What drives a script's neuron, as a stimulus."""

import numpy as np
import pytest

from natrium.analysis.doctor import read_script
from tests.analysis.doctor.written import taken


@pytest.mark.parametrize("end", [80.0, 400.0])
def test_the_time_that_a_solver_is_given_is_time_whatever_samples_are_looked_at(tmp_path, end):
    """Of 4000 samples 0.1 ms apart every tenth is looked at: they lie 1 apart, as counts do."""
    reading = taken(
        tmp_path,
        f"""
        import numpy as np
        from scipy.integrate import odeint
        def drive(t): return 10.0 * (t > 20.0) - 4.0 * (t > 60.0)
        def rhs(v, t): return (drive(t) - v) / 5.0
        t = np.arange(0.0, {end}, 0.1)
        v = odeint(rhs, [0.0], t)
        """,
    )
    (drive,) = reading.meant.model.stimulus.parts
    assert drive.breakpoints == (20.0, 60.0)


def test_a_phase_of_a_period_is_no_clock(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(
        "def wave(t):\n    phase = (t % 50.0) / 50.0\n    return 30.0 if phase >= 0.5 else 0.0\n\n"
        "dt, t, v = 0.1, 0.0, -70.0\nts, vs = [], []\nfor k in range(1500):\n"
        "    v = v + dt * (-70.0 - v + wave(t)) / 10.0\n    t = t + dt\n"
        "    if v >= -50.0:\n        v = -70.0\n    ts.append(t)\n    vs.append(v)\n"
    )
    (reading,) = read_script(path)
    assert reading.faults == ()
    assert reading.meant.model.stimulus(20.0) == 0.0
    assert reading.meant.model.stimulus(30.0) == pytest.approx(30.0)
    assert reading.meant.model.stimulus(130.0) == pytest.approx(30.0)
    assert np.all(np.diff(reading.spike_times) > 0.0)


BETWEEN = """
import numpy as np
dt, tau, R, rest = 0.1, 10.0, 20.0, -65.0
drive = 0.9 + 0.3 * np.cos(2.0 * np.pi * np.arange(801) * dt / 30.0)
v, last = np.full(801, rest), -100
for k in range(800):
    if k - last < 20:
        v[k + 1] = -68.0
        continue
    half = v[k] + 0.5 * dt * (rest - v[k] + R * drive[k]) / tau
    v[k + 1] = v[k] + dt * (rest - half + R * 0.5 * (drive[k] + drive[k + 1])) / tau
    if v[k + 1] >= -50.0:
        v[k + 1], last = -68.0, k + 1
"""


def test_a_midpoint_may_read_the_mean_of_two_samples(tmp_path):
    reading = taken(tmp_path, BETWEEN)
    assert (reading.scheme.key, reading.faults) == ("midpoint", ())
    first, second, *_ = reading.meant.inputs
    assert (first, second) == pytest.approx((1.2, 0.9 + 0.3 * np.cos(2.0 * np.pi / 300.0)), rel=1e-12)


RAMP = """
def rising(t):
    return 8.0 + 0.05 * t

def slope(t, v):
    return (-65.0 - v + 2.0 * rising(t)) / 10.0

dt, v, trace = 0.25, -65.0, []
for k in range(600):
    t = k * dt
    a = slope(t, v)
    b = slope(t + dt, v + dt * a)
    v += dt / 2.0 * (a + b)
    if v >= -50.0:
        v = -70.0
    trace.append(v)
"""


def test_an_input_that_goes_up_evenly_is_no_clock(tmp_path):
    reading = taken(tmp_path, RAMP)
    assert (reading.scheme.key, reading.faults) == ("heun", ())
    assert reading.meant.model.stimulus(100.0) == pytest.approx(26.0)


NOISY = """
import numpy as np
rng, dt, tau = np.random.default_rng(3), 0.1, 10.0
slow = np.zeros(600)
for k in range(599):
    slow[k + 1] = slow[k] - dt / 5.0 * slow[k] + 0.4 * np.sqrt(dt) * rng.standard_normal()
hits = rng.random(600) < 0.05
v = np.full(601, -65.0)
for k in range(600):
    v[k + 1] = v[k] + dt * (-65.0 - v[k] + 14.0 + slow[k] + 9.0 * hits[k]) / tau
    if v[k + 1] >= -50.0:
        v[k + 1] = -65.0
"""


def test_what_one_loop_makes_and_another_reads_is_an_input_and_several_are_one(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(NOISY)
    (reading,) = read_script(path)
    assert (reading.record.states, reading.faults) == (("v",), ())
    (held,) = read_script(path, reading.model)
    assert held.faults == ()
    path.write_text(NOISY.replace("-65.0 - v[k] + 14.0", "-65.0 - 2.0 * v[k] + 14.0"))
    (held,) = read_script(path, reading.model)
    assert {one.line for one in held.faults} == {10}
