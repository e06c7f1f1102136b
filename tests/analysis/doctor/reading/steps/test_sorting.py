"""A test that every step fails alike is no threshold."""

from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced

SCRIPT = """
import math
dt, v, n, vs = 0.01, -65.0, 0.3, []
def over(x):
    if abs(x) < 1e-6:
        return 1.0 - x / 2.0
    return x / (math.exp(x) - 1.0)
for k in range(400):
    drive = 10.0 if k >= 50 else 0.0
    dv = drive - 36.0 * n**4 * (v + 77.0) - 0.3 * (v + 54.4)
    n += {dt}(0.1 * over(-(v + 55.0) / 10.0) * (1.0 - n) - 0.125 * math.exp(-(v + 65.0) / 80.0) * n)
    v += dt * dv
    vs.append(v)
"""


def test_a_forgotten_step_beside_a_guarded_rate_is_told_by_its_line(tmp_path):
    path = tmp_path / "script.py"
    for dt, found in (("dt * ", set()), ("", {(11, "dt-missing")})):
        path.write_text(SCRIPT.format(dt=dt))
        reading = read(traced(path), solve=False)
        assert {(one.line, one.key) for one in reading.faults} == found
        assert not reading.maps.firing
