"""An input that swings faster than steps can follow."""

from pathlib import Path

import pytest

from tests.analysis.doctor.written import taken

STYLES = {
    "in the step": """
        import math
        dt, t, f, v, vs = 0.25, 0.0, {f}, 0.0, []
        while t < 100.0:
            current = 20.0 + 5.0 * math.sin(2 * math.pi * f * t)
            v = v + dt * (current - v) / 10.0
            vs.append(v)
            t += dt
        """,
    "a function": """
        import numpy as np
        dt, f, v, vs = 0.25, {f}, 0.0, []
        def current(t):
            return 20.0 + 5.0 * np.cos(2 * np.pi * f * t + 0.3)
        for k in range(400):
            v = v + dt * (current(k * dt) - v) / 10.0
            vs.append(v)
        """,
    "an object": """
        import math
        class Drive:
            def __init__(self, f): self.f = f
            def __call__(self, t): return 20.0 + 5.0 * math.sin(6.283185307179586 * t * self.f)
        drive, dt, v, vs = Drive({f}), 0.25, 0.0, []
        for k in range(400):
            v = v + dt * (drive(k * dt) - v) / 10.0
            vs.append(v)
        """,
}


@pytest.mark.parametrize("style", STYLES)
def test_hertz_times_milliseconds_is_told(tmp_path: Path, style: str) -> None:
    (fault,) = taken(tmp_path, STYLES[style].format(f="8.0")).faults
    assert (fault.key, fault.line) == ("input-too-fast", 5)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("f", ["8.0 / 1000", "0.4"])
def test_a_swing_that_steps_follow_is_none(tmp_path: Path, style: str, f: str) -> None:
    assert not taken(tmp_path, STYLES[style].format(f=f)).faults
