"""Gates that leave their bounds, and thresholds that are met by equality alone."""

import pytest

from natrium.analysis.doctor import read_script

SLIGHTLY_OPEN = """
import math
dt, v, a = 0.05, -70.0, 0.02
for k in range(2400):
    i_ext = 25.0 if k > 200 else 0.0
    a_inf = 1.003 / (1.0 + math.exp(-(v + 50.0) / 4.0))
    tau_a = 2.0 + 3.0 / (1.0 + math.exp((v + 40.0) / 10.0))
    dv = i_ext - 0.2 * (v + 70.0) - 0.1 * a * (v + 60.0)
    a = a_inf + (a - a_inf) * math.exp(-dt / tau_a)
    v = v + dt * dv
"""


@pytest.mark.parametrize(("most", "lines"), [("1.003", set()), ("1.2", {9})])
def test_a_steady_state_may_leave_its_bounds_by_what_a_model_may(tmp_path, most, lines):
    path = tmp_path / "script.py"
    path.write_text(SLIGHTLY_OPEN.replace("1.003", most))
    (reading,) = read_script(path)
    assert {one.line for one in reading.faults} == lines


@pytest.mark.parametrize("drive", [20.0, 10.0])
def test_a_threshold_that_is_compared_by_equality_is_told(tmp_path, drive):
    path = tmp_path / "script.py"
    text = f"v = -70.0\nfor k in range(400):\n    v = v + 0.1 * ({drive} - 70.0 - v) / 10.0\n"
    path.write_text(f"{text}    if v == -55:\n        v = -70.0\n")
    (reading,) = read_script(path)
    assert [(one.key, one.line) for one in reading.faults] == [("threshold-equality", 4)]
    drawn = (
        f"{text}    if old == 40.0:\n        v = -70.0\n    if v >= -55.0:\n        v = 40.0\n    old = v\n"
    )
    path.write_text(
        drawn.replace("v = -70.0\n", "v = old = -70.0\n", 1)
    )  # a peak that is drawn is met exactly
    (reading,) = read_script(path)
    assert reading.faults == ()
