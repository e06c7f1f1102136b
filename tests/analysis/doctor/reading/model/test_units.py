"""In which units a script without comments counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.doctor.written import taken

THETA = """
    import numpy as np
    dt, tau, I, x, kept = 0.001, {tau}, 0.6, 0.0, []
    for k in range(300):
        x = x + dt * (1.0 - np.cos(x) + I * (1.0 + np.cos(x))) / tau
        kept.append(x)
"""


@pytest.mark.parametrize(("tau", "ms"), [(0.5, 1.0), (0.02, 1000.0)])
def test_where_no_leak_tells_it_what_is_called_a_time_constant_does(
    tmp_path: Path, tau: float, ms: float
) -> None:
    assert taken(tmp_path, THETA.format(tau=tau)).meant.units.ms == ms
