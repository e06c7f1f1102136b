"""What is made by modules that do not remember is made of plain numbers, and is what it would be."""

import numpy as np
import pytest

from natrium.analysis.doctor.reading.expressions.trees import in_order
from natrium.analysis.doctor.script import traced
from natrium.analysis.doctor.trace import trace_script

FRAMES = """
import pandas as pd

def kept(frame: pd.DataFrame | None) -> list:
    return frame.loc[frame.fired, "v"].tolist() if isinstance(frame, pd.DataFrame) else []

class Table(pd.DataFrame):
    pass

v, rows = -70.0, []
for k in range(200):
    v = v + 0.1 * (-70.0 - v + 25.0) / 20.0
    fired = v >= -55.0
    v = -75.0 if fired else v
    rows.append({"t": 0.1 * k, "v": v, "fired": fired})
print(kept(pd.DataFrame(rows)), Table(rows).v.sum(), pd.DataFrame.from_records(rows).fired.sum())
"""


def test_frames_are_made_of_plain_truths(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(FRAMES)
    assert traced(path).states == ("v",)


@pytest.mark.parametrize(
    "read", ["drive(t)", "float(drive(t))", "np.asarray(drive(t)) * 1.0", "drive(t).item()"]
)
@pytest.mark.parametrize("made", ["interp1d(ts, 15.0 + np.sin(ts))", "CubicSpline(ts, 15.0 + np.sin(ts))"])
def test_what_an_object_gives_is_an_input(tmp_path, made, read):
    """An interpolation gives arrays without a dimension: they are numbers that are read."""
    path = tmp_path / "script.py"
    path.write_text(
        "import numpy as np\nfrom scipy.interpolate import CubicSpline, interp1d\n"
        f"ts = np.arange(0.0, 11.0)\ndrive, V, dt = {made}, -65.0, 0.1\n"
        f"for k in range(90):\n    t = k * dt\n    V = V + dt * (-(V + 65.0) + {read}) / 10.0\n"
    )
    found = trace_script(path)
    assert not found.fallback
    assert len(found.steps) == 1
    names = {one.name for one in in_order([found.steps[0].updates["V"]]) if one.op == "leaf"}
    assert found.input in names
    assert np.ptp(found.inputs) > 0.5


def test_what_a_distribution_draws_is_an_array_that_is_read(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(
        "import numpy as np\nfrom scipy import stats\nnp.random.seed(1)\nn = stats.poisson(9.0).rvs(100)\nv = 0.0\n"
        "for k in range(100):\n    v = 0.9 * v + 0.1 * n[k]\n"
    )
    found = trace_script(path)
    assert found.input == "n"
    assert not found.exogenous
