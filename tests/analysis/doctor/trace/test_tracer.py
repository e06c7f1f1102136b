"""What the run that learns has not met, and what of it counts."""

import pytest

from natrium.analysis.doctor.trace import traced

LATE = """
v, g, vs = -65.0, 1.0, []
for k in range(600):
    t = 0.1 * k
    drive = 9.0 if 5.0 <= t < 45.0 else 0.0
    {}
    v = v + 0.1 * (-65.0 - v + g * drive) / 10.0
    vs.append(v)
"""


@pytest.mark.parametrize(
    ("line", "runs", "states"),
    [
        ("pass", 2, {"v"}),  # what is compared comes out otherwise, and no more
        ("g = 2.0 if t > 40.0 else 1.0", 4, {"v"}),  # a number that was not met
        ("if t > 40.0: g = g - 0.01 * g", 4, {"v", "g"}),  # kept nowhere before
    ],
)
def test_what_is_learned_is_learned_anew_where_a_late_step_keeps_something_new(
    tmp_path, monkeypatch, line, runs, states
):
    made = []

    class Counted(traced.TracedRun):
        def __init__(self, *args, **options):
            made.append(1)
            super().__init__(*args, **options)

    monkeypatch.setattr(traced, "TracedRun", Counted)
    path = tmp_path / "script.py"
    path.write_text(LATE.format(line))
    record = traced.trace_script(path)
    assert len(made) == runs
    assert not record.fallback
    assert set(record.states) == states
