"""What is made by modules that do not remember is made of plain numbers, and is what it would be."""

from natrium.analysis.doctor.script import traced

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
