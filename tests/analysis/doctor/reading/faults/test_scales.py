"""Times in two units, and noise that goes by the step itself."""

import pytest

from natrium.analysis.doctor import read_script
from tests.analysis.doctor.written import taken

TIMED = """
dt = {dt}
tau = 20.0  # ms
v, vs = -65.0, []
for k in range(2000):
    v += dt / tau * (-65.0 - v + 20.0)
    if v >= -50.0:
        v = -65.0
    vs.append(v)
"""
NOISY = """
import numpy as np
rng = np.random.default_rng(1)
dt, tau, v, vs = 0.1, 20.0, 0.0, []
for k in range(600):
    xi = rng.standard_normal()
    v += {moved}
    vs.append(v)
"""


def told(tmp_path, text, kind):
    path = tmp_path / "script.py"
    path.write_text(text)
    (reading,) = read_script(path)
    keys = ("units-differ", "noise-by-dt")
    return [(one.key, one.line) for one in reading.findings if one.kind == kind and one.key in keys]


@pytest.mark.parametrize(
    ("dt", "found"),
    [("0.1  # ms", []), ("1e-4  # s", [("units-differ", 6)]), ("1e-4  # 0.1 ms in s", []), ("1e-4", [])],
)
def test_a_step_in_s_over_a_time_constant_in_ms_is_told(tmp_path, dt, found):
    assert told(tmp_path, TIMED.format(dt=dt), "fault") == found


@pytest.mark.parametrize(
    ("moved", "kind", "found"),
    [
        ("(12.0 - v) / tau * dt + 2.0 * np.sqrt(2 * dt / tau) * xi", "fault", []),
        ("((12.0 - v) / tau + 2.0 * np.sqrt(2 / tau) * xi) * dt", "fault", [("noise-by-dt", 7)]),
        ("(12.0 - v + 2.0 * xi) / tau * dt", "fault", []),
        ("(12.0 - v + 2.0 * xi) / tau * dt", "rule", [("noise-by-dt", 7)]),
    ],
)
def test_noise_that_goes_by_the_step_is_told(tmp_path, moved, kind, found):
    assert told(tmp_path, NOISY.format(moved=moved), kind) == found


@pytest.mark.parametrize(("index", "told"), [("k", []), ("0", [("noise-frozen", 6)])])
def test_one_number_of_noise_for_all_steps_is_told(tmp_path, index, told):
    found = taken(tmp_path, f"""
        import numpy as np
        dt, tau, sigma, v = 0.1, 10.0, 3.0, 0.0
        noise = np.random.default_rng(3).standard_normal(900)
        for k in range(900):
            v += dt * (8.0 - v) / tau + sigma * np.sqrt(dt) * noise[{index}]
            if v > 12.0:
                v = 0.0
        """)  # fmt: skip
    assert [(one.key, one.line) for one in found.faults] == told
