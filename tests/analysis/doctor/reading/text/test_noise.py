"""Noise that a script draws before its loop."""

from __future__ import annotations

import pytest

from tests.analysis.doctor.written import equations, taken

DIFFUSION = """
import numpy as np

h, sigma, n = 0.1, 1.5, 600
rng = np.random.default_rng(4)
{drawn}
v, path = -65.0, []
for k in range(n):
    v = v + h * (-65.0 - v + 14.0) / 12.0 + {term}
    if v > -52.0:
        v = -65.0
    path.append(v)
"""
SCALED = [
    ("steps = np.sqrt(h) * rng.normal(size=n)", "sigma * steps[k]"),
    ("z = rng.standard_normal(n)\nwiener = sigma * h**0.5 * z", "wiener[k]"),
    ("increments = rng.normal(0.0, np.sqrt(h), n)", "sigma * increments[k]"),
]


@pytest.mark.parametrize(("drawn", "term"), SCALED, ids=["product", "two-names", "scale"])
def test_noise_scaled_where_it_is_drawn_is_an_input(tmp_path, drawn, term):
    found = taken(tmp_path, DIFFUSION.format(drawn=drawn, term=term))
    assert found.maps.noise
    assert found.scheme.key == "euler"
    assert found.data()["n_faults"] == 0
    assert term.split("[")[0].split()[-1] in equations(found)["dv/dt"]


def test_noise_without_a_root_is_told(tmp_path):
    found = taken(tmp_path, DIFFUSION.format(drawn="drift = rng.normal(size=n)", term="sigma * drift[k]"))
    assert not found.maps.noise
    assert found.data()["n_faults"] == 1
