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
