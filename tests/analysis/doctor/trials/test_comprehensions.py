"""Comprehensions that change nothing are no loops of steps."""

import pytest

from natrium.analysis.doctor.trace.forms import OverBudget
from natrium.analysis.doctor.trace.runs import PlainRun
from natrium.analysis.doctor.trace.script import load_script

LOOKED_THROUGH = """
dt, v, vs = 0.1, -70.0, []
for k in range(40):
    v = v + dt * sum([one / 10.0 for one in (-70.0 - v, 25.0)])
    vs.append(v)
risen = [k * dt for k in range(1, 41) if vs[k - 1] > -60.0]
drawn = [str(round(one)) for one in vs]
{more}
"""


@pytest.mark.parametrize(("more", "loops"), [("", 1), ("made = [vs.append(vs[-1]) for k in range(40)]", 2)])
def test_a_comprehension_that_changes_nothing_is_no_loop_of_steps(tmp_path, more, loops):
    path = tmp_path / "script.py"
    path.write_text(LOOKED_THROUGH.format(more=more))
    run = PlainRun(load_script(path), {}, 10_000)
    assert run.run.error is None
    assert len(run.candidates(set())) == len(run.run.loops) == loops
    assert isinstance(PlainRun(load_script(path), {}, 10).run.error, OverBudget)  # its turns are counted
