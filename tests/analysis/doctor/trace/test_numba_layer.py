"""Scripts whose loops Numba compiles."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.doctor.written import equations, taken

pytest.importorskip("numba")

SCRIPT = """
    import numpy as np
    {imported}
    {decorated}
    def relaxed(v, I, tau):
        return (-70.0 - v + I) / tau
    {decorated}
    def run(I, dt, tau=10.0):
        v = np.full(I.shape[0], -70.0)
        fired = 0
        for k in range(1, I.shape[0]):
            v[k] = v[k - 1] + dt * relaxed(v[k - 1], I[k - 1], tau)
            if v[k] > -55.0:
                v[k] = -70.0
                fired += 1
        return v, fired
    I = np.where(np.arange(0, 60, 0.1) > 10, 20.0, 0.0)
    v, fired = run(I, 0.1)
    print(fired)
"""
WAYS = {
    "njit": ("from numba import njit", "@njit"),
    "with options": ("from numba import njit", "@njit(cache=True, fastmath=False)"),
    "of the module": ("import numba", "@numba.jit(nopython=True)"),
    "by another name": ("import numba as nb", "@nb.njit"),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_numba_compiles_is_read_and_gives_the_same_doubles(tmp_path: Path, way: str) -> None:
    imported, decorated = WAYS[way]
    found = taken(tmp_path, SCRIPT.format(imported=imported, decorated=decorated))
    assert not found.record.fallback
    assert equations(found) == {"dv/dt": "(-70 - v + I)/tau"}
    assert found.spike_times.size == 3
    assert not found.faults
