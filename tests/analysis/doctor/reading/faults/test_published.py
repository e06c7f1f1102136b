"""Reversals beside rates that are Hodgkin and Huxley's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.doctor.written import taken

AXON = """
    from math import exp
    E_Na, E_K, E_L, rest = {Na}, {K}, {L}, {rest}
    v, m, h, n, dt, kept = rest + 1.0, 0.05, 0.6, 0.32, 0.02, []
    for k in range(200):
        u = v - rest
        am, bm = 0.1 * (25 - u) / (exp((25 - u) / 10) - 1), 4 * exp(-u / 18)
        ah, bh = 0.07 * exp(-u / 20), 1 / (1 + exp((30 - u) / 10))
        an, bn = 0.01 * (10 - u) / (exp((10 - u) / 10) - 1), 0.125 * exp(-u / 80)
        dv = 9.0 - 120 * m**3 * h * (v - E_Na) - 36 * n**4 * (v - E_K) - 0.3 * (v - E_L)
        dm, dh, dn = am * (1 - m) - bm * m, ah * (1 - h) - bh * h, an * (1 - n) - bn * n
        v, m, h, n = v + dt * dv, m + dt * dm, h + dt * dh, n + dt * dn
        kept.append(v)
"""


@pytest.mark.parametrize(
    ("Na", "K", "L", "rest", "told"),
    [
        (50.0, -77.0, -54.387, -65.0, False),
        (45.0, -82.0, -59.0, -70.0, False),
        (115.0, -12.0, 10.613, 0.0, False),
        (45.0, -82.0, -54.4, -70.0, True),
        (55.0, -72.0, 49.4, -60.0, True),
        (60.0, -90.0, -70.0, -65.0, False),  # of a cell of its own
    ],
)
def test_a_leak_that_counts_from_another_rest_than_the_others_is_noted(
    tmp_path: Path, Na: float, K: float, L: float, rest: float, told: bool
) -> None:
    found = taken(tmp_path, AXON.format(Na=Na, K=K, L=L, rest=rest))
    assert [one.line for one in found.findings if one.key == "published-reversal"] == ([3] if told else [])
    assert not found.faults
