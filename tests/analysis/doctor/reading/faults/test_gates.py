"""Gates: the way that they go, where V is counted the other way as well."""

import pytest

from tests.analysis.doctor.written import taken

OF_1952 = """
from numpy import exp
dt, C, gNa, gK, gL = 0.01, 1.0, 120.0, 36.0, 0.3
V_Na, V_K, V_L = -115.0, 12.0, -10.613
V, m, h, n, vs = 0.0, 0.05, 0.6, 0.32, []
for k in range(1500):
    dV = -(gK * n**4 * (V - V_K) + gNa * m**3 * h * (V - V_Na) + gL * (V - V_L) + 12.0) / C
    dn = 0.01 * (V + 10.0) / (exp((V + 10.0) / 10.0) - 1.0) * (1.0 - n) - 0.125 * exp(V / 80.0) * n
    dm = 0.1 * (V + 25.0) / (exp((V + 25.0) / 10.0) - 1.0) * (1.0 - m) - 4.0 * exp(V / 18.0) * m
    dh = 0.07 * exp(V / 20.0) * (1.0 - h) - h / (exp((V + 30.0) / 10.0) + 1.0)
    V, m, h, n = V + dt * dV, m + dt * dm, h + dt * dh, n + dt * dn
    vs.append(V)
"""


def test_all_of_it_the_other_way_is_no_fault(tmp_path):
    assert taken(tmp_path, OF_1952).faults == ()


@pytest.mark.parametrize(("old", "new", "line"), [("12.0, -10.613", "-12.0, -10.613", 0)])
def test_reversals_that_are_in_order_are_no_mirror(tmp_path, old, new, line):
    found = taken(tmp_path, OF_1952.replace(old, new).replace("-115.0", "115.0"))
    assert "gate-direction" in {one.key for one in found.faults}
