"""States that are elements of arrays and lists: what the next step does not go on from is told by its line."""

import pytest

from natrium.analysis.doctor import read_script
from natrium.analysis.doctor.reading.text.kept import slips

ARRAYS = """
import numpy as np
n, dt, rest = 500, 0.1, -65.0
V, z, s = np.full(n, rest), np.zeros(n), np.zeros(n)
came = np.zeros(n)
came[40::90] = 1.0
for i in range(n - 1):
    s[i] = s[i] + 2.0 * came[i]
    s[i + 1] = s[i] - dt * s[i] / 6.0
    V[i + 1] = V[i] + dt * (rest - V[i] + 22.0 - z[i] + s[i]) / 9.0
    z[i + 1] = z[i] - dt * z[i] / 40.0
    if V[i + 1] >= -50.0:
        V[i] = 10.0
        V[i + 1] = -70.0
        z[i + 1] += 3.0
"""
LISTS = """
ts, v, z, n = [0.0], [-65.0], [0.0], 0
for k in range(1, 500):
    now, w = v[k - 1], z[k - 1]
    ts.append(0.1 * k)
    drive = 22.0 if ts[k] > 5.0 else 0.0
    z.append(w - 0.1 * w / 40.0)
    v.append(now + 0.1 * (-65.0 - now + drive - w) / 9.0)
    if v[-1] >= -50.0:
        v[-1] = -70.0
        z[-1] += 3.0
"""


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (ARRAYS, "", ""),
        (LISTS, "", ""),
        (ARRAYS, "s[i] = s[i] + 2.0 * came[i]", "s[i] = 2.0 * came[i]"),
        (ARRAYS, "z[i + 1] += 3.0", "z[i] += 3.0"),
        (LISTS, "now, w = v[k - 1]", "now, w = v[k - 2]"),
    ],
    ids=("arrays", "lists", "anew", "lost", "back"),
)
def test_what_the_next_step_does_not_go_on_from_is_told_without_a_claim(tmp_path, text, old, new):
    path = tmp_path / "script.py"
    path.write_text(text.replace(old, new) if old else text)
    (reading,) = read_script(path)
    assert {one.key for one in reading.faults} == ({"not-carried-on"} if old else set())
    assert {one.line for one in reading.faults} == (
        {text.partition(old)[0].count("\n") + 1} if old else set()
    )


@pytest.mark.parametrize(
    "body",
    [
        ["if s[i] > 1.0:", "    hit += 1", "s[i] = 0.0", "s[i + 1] = 0.5 * s[i]"],  # read before
        ["s[i] = f(s, i)", "s[i + 1] = 0.5 * s[i]"],  # the whole is
        ["s[i + 1] = 0.5 * s[i]", "s[i] += 1.0", "V = V + s[i]"],  # read after
        ["s[i + 1] = 0.5 * s[i] + s[i - 1]", "s[i] += 1.0"],  # and by the step that comes next
    ],
)
def test_what_something_reads_is_kept(body):
    assert slips(["for i in range(9):", *(f"    {one}" for one in body)], 2) == []


def test_spikes_may_be_drawn_into_what_nothing_reads_again():
    text = ["for k in range(9):", "    V[k + 1] = 0.5 * V[k]", "    V[k] += 60.0"]
    assert [one.line for one in slips(text, 2)] == [3]
    assert slips(text, 2, drawn="V") == []


STEPS = """
import numpy as np
n, dt, rest, theta, back = 400, 0.1, -65.0, -50.0, -70.0
V = np.zeros(n)
m = h = 0.5
V[0] = rest
for k in range(1, n):
    dV = (rest - V[k - 1] + 22.0 - m * h) / 9.0
    m = m + dt * (0.3 - m)
    h = h + dt * (0.6 - h)
    V[k] = V[k - 1] + dt * dV
    if V[k] >= theta:
        V[k - 1] = 40.0
        V[k] = back
"""
DRAWN = "        V[k - 1] = 40.0\n        V[k] = back\n"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("V[k] = V[k - 1] + dt * dV", "V[k] = V[0] + dt * dV", "not-carried-on"),
        ("V[k] = V[k - 1] + dt * dV", "V[k] = dt * dV + V[0]", "not-carried-on"),
        ("    h = h + dt * (0.6 - h)", "    m = h + dt * (0.6 - h)", "not-carried-on"),
        (DRAWN, "        V[k - 1] = back\n", "reset-missing"),
        (DRAWN, "        V[k - 1] = -70.0\n", "reset-missing"),
        ("n, dt", "n, dt", ""),
        (DRAWN, "        V[k] = back\n", ""),
        ("    m = m + dt * (0.3 - m)", "    m = m + dt * (0.3 - m)\n    m = min(m, 1.0)", ""),
    ],
    ids=["first", "first-last", "another", "behind", "behind-number", "sound", "not-drawn", "bounded"],
)
def test_what_a_step_sets_elsewhere_is_told_by_its_line(tmp_path, old, new, key):
    """From the first element, in the place of another, behind the one compared: each by the line changed."""
    path = tmp_path / "script.py"
    path.write_text(STEPS.replace(old, new))
    (reading,) = read_script(path)
    line = STEPS.partition(old)[0].count("\n") + 1
    assert [(one.key, one.line) for one in reading.faults] == ([(key, line)] if key else [])
