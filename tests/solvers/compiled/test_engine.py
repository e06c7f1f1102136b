"""What the compiled engine needs and keeps: no numba for other solvers, code from disk, memory of few runs."""

import os
import subprocess
import sys

import pytest

import natrium
from tests.solvers.cases import NA

WITHOUT = """
import sys
import natrium
neuron, drive = natrium.Neuron(), natrium.Constant(20.0)
natrium.simulate(neuron, drive, t_end=20.0)
heavy = {"numba", "llvmlite"} & {name.partition(".")[0] for name in sys.modules}
assert not heavy, heavy
sys.modules["numba"] = None
for solver in ("event", "closed-form"):
    assert natrium.simulate(neuron, drive, t_end=50.0, solver=solver).n_spikes == 3
assert natrium.simulate(neuron, drive, t_end=50.0, solver="script", dt=0.1).n_spikes == 3
assert natrium.simulate_many(neuron, t_end=50.0, parameters={"I": [20.0]}, solver="event").counts.tolist() == [3]
for run in (
    lambda: natrium.simulate(neuron, drive, t_end=50.0, solver="compiled"),
    lambda: natrium.simulate_many(neuron, t_end=50.0, parameters={"I": [20.0]}, solver="compiled"),
):
    try:
        run()
    except natrium.UnsupportedModel as error:
        assert "numba" in str(error) and "pip install" in str(error), error
    else:
        raise AssertionError("not refused")
"""


def test_numba_is_needed_by_the_compiled_solver_alone():
    """What needs none does not import it, and runs where there is none."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def test_the_command_line_says_what_is_missing(monkeypatch, tmp_path):
    from typer.testing import CliRunner

    from natrium.cli import app
    from natrium.solvers.compiled.parts import check_numba

    monkeypatch.setitem(sys.modules, "numba", None)
    check_numba.cache_clear()
    path = tmp_path / "lif.toml"
    path.write_text(
        natrium.model.to_toml(natrium.Model(neuron=natrium.Neuron(), stimulus=natrium.Constant(20.0)))
    )
    result = CliRunner().invoke(app, ["run", str(path), "--t-end", "20", "--solver", "compiled"])
    monkeypatch.undo()
    check_numba.cache_clear()
    assert result.exit_code != 0
    assert "numba" in result.stderr
    assert "Traceback" not in result.output


WARM = """
import sys
import natrium
from natrium.solvers.compiled import driver
driver.ARCHIVE = driver.HERE / "none"
count = natrium.simulate(natrium.Neuron(), natrium.Constant(20.0), t_end=50.0, solver="compiled").n_spikes
print(count, "numba" in sys.modules)
"""


@pytest.mark.slow
def test_a_second_process_compiles_nothing(tmp_path):
    """Native steps and what numba writes are both kept in the folder told; then numba is not even imported."""
    said = []
    for is_first in (True, False):
        done = subprocess.run(
            [sys.executable, "-c", WARM],
            env={**os.environ, "NATRIUM_CACHE_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        assert done.stdout.split() == ["3", str(is_first)]
        # A file that is written again is another one; one that is used gets a new time.
        said.append({file: file.stat().st_ino for file in tmp_path.glob("*.bin")})
    assert said[0] == said[1]
    assert len(said[0]) == 2


def test_other_values_of_the_same_equations_look_for_no_code(monkeypatch):
    """Whether all is compiled is asked once for each set of equations: a look at a folder takes its time."""
    asked = []
    module = "natrium.solvers.compiled.engine"
    monkeypatch.setattr(f"{module}.is_compiled", lambda: asked.append(1) or True)
    monkeypatch.setattr(f"{module}._WARM", set())
    for g in (100.0, 110.0, 120.0):
        natrium.Compiled().solve(NA.changed({"g_Na": g}), natrium.Constant(10.0), t_end=1.0)
    assert len(asked) == 1
