"""What drives a script's neuron, as a stimulus."""

import pytest

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
