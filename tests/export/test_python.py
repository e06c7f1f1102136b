"""The script on NumPy and SciPy gives natrium's spikes."""

import numpy as np
import pytest

from natrium.export.python import write_python
from natrium.solvers import EventDriven, run
from tests.export.cases import CASES, lowered, run_text


@pytest.mark.parametrize("name", CASES)
def test_spikes_are_natrium_s(name, tmp_path):
    truth = run(CASES[name], EventDriven(rtol=1e-12)).spike_times
    found = run_text(write_python(lowered(name)), tmp_path)["simulate"]()
    assert len(found) == truth.size
    assert np.max(np.abs(np.array(found) - truth), initial=0.0) < 1e-8
    assert truth.size or name in ("no input", "no reset")


def test_the_course_is_the_trajectory(tmp_path):
    trajectory = run(CASES["clamp"], EventDriven(rtol=1e-12))
    left = run_text(write_python(lowered("clamp")), tmp_path)
    left["simulate"]()
    for t, y in left["course"]:
        inner = t[1:-1]
        assert np.allclose(y[:, 1:-1], trajectory.state(inner), rtol=0.0, atol=1e-7)


def test_nothing_of_natrium_is_asked_for():
    text = write_python(lowered("synapse"))
    assert "natrium" not in text
    assert max(map(len, text.splitlines())) < 300
