"""The line that scales drawn noise."""

from pathlib import Path

import pytest

from natrium.analysis.doctor.reading.steps.noise import scaled_line
from tests.analysis.doctor.written import taken

STYLES = {
    "a name of its own": """
        kick = sigma * np.sqrt(2 * dt / tau) * rng.standard_normal()
        v = v + dt * (10.0 - v) / tau + kick""",
    "in the sum": """
        v = v + dt * (10.0 - v) / tau + sigma * np.sqrt(2 * dt / tau) * rng.standard_normal()
        vs.append(v)""",
    "a drawn number, scaled later": """
        z = rng.standard_normal()
        w = dt ** 0.5 * sigma * z
        v += dt * (10.0 - v) / tau + w""",
}
LINES = {"a name of its own": 6, "in the sum": 6, "a drawn number, scaled later": 7}


@pytest.mark.parametrize("style", STYLES)
def test_noise_is_told_where_it_is_scaled(tmp_path: Path, style: str) -> None:
    found = taken(tmp_path, f"""
        import numpy as np
        rng = np.random.default_rng(4)
        dt, tau, sigma, v, vs = 0.1, 10.0, 2.0, 0.0, []
        for k in range(400):{STYLES[style].replace(chr(10), chr(10) + "    ")}
        """)  # fmt: skip
    maps = found.maps
    own = {maps.dt, *maps.record.parameters}
    assert scaled_line(maps.main.updates.values(), maps.noise, own) == LINES[style]


@pytest.mark.parametrize("noise", ["sigma * rng.standard_normal() / np.sqrt(dt)", "sigma / dt**0.5 * z"])
def test_noise_within_what_the_step_multiplies_is_no_step_twice(tmp_path: Path, noise: str) -> None:
    found = taken(tmp_path, f"""
        import numpy as np
        rng = np.random.default_rng(4)
        dt, tau, sigma, v, vs = 0.1, 10.0, 2.0, 0.0, []
        for k in range(400):
            z = rng.standard_normal()
            v = v + dt * ((10.0 - v) / tau + {noise})
            vs.append(v)
        """)  # fmt: skip
    assert found.faults == ()
    assert found.scheme.key == "euler"
    assert found.maps.noise
