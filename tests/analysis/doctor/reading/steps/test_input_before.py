"""An input that free steps keep for the next one is the other end of a step, and no state."""

from natrium.analysis.doctor import read_script

TRAPEZOID = """
dt, tau, wait = 0.5, 20.0, 0
v_old, drive_old, trace = 0.0, 1.6, []
drive = [1.6 + 0.2 * (k > 300) for k in range(700)]
for k in range(700):
    if wait == 0:
        v = (drive[k] + drive_old - (1 - 2 * tau / dt) * v_old) / (1 + 2 * tau / dt)
        if v > 1.0:
            v = 0.0
            wait = 4
        drive_old = drive[k]
        v_old = v
    else:
        wait -= 1
    trace.append(v_old)
"""


def test_a_trapezoid_of_the_input_is_crank_and_nicolsons(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(TRAPEZOID)
    (reading,) = read_script(path)
    assert reading.replay.off == -1
    assert not reading.faults
    assert reading.scheme.key == "crank-nicolson"
    assert reading.model is not None
    assert reading.maps.moving == ("v_old",)
