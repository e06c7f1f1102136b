"""The doctor on the command line: what it writes, and how scripts that misbehave end."""

import json
from pathlib import Path

import attrs
import pytest
from typer.testing import CliRunner

import natrium
from natrium.cli import app
from natrium.cli.common import read_script

SCRIPT = '''
class Neuron:
    """A leaky integrate-and-fire neuron without its leak's sign."""

    def __init__(self, tau_m, tau_ref, v_rest, v_thresh):
        self.tau_m, self.tau_ref, self.v_rest, self.v_thresh = tau_m, tau_ref, v_rest, v_thresh
        self.v, self.left = v_rest, 0.0

    def update(self, dt, current):
        if self.left > 0:
            self.left -= dt
            self.v = self.v_rest
        else:
            self.v += ({leak}(self.v - self.v_rest) + current) / self.tau_m * dt
            if self.v >= self.v_thresh:
                self.v, self.left = self.v_rest, self.tau_ref
        return self.v
'''
LOOP = """
import matplotlib.pyplot as plt

neuron, time_points, membrane_potentials = Neuron(10.0, 2.0, -70.0, -55.0), [], []
for k in range(400):
    time_points.append(k * 0.1)
    membrane_potentials.append(neuron.update(0.1, 20.0 if 5.0 < k * 0.1 else 0.0))
plt.plot(time_points, membrane_potentials)
print("a script may print")
plt.show()
"""


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def claimed(tmp_path, monkeypatch, undrawn):
    undrawn(monkeypatch)
    model = natrium.Model(
        neuron=natrium.Neuron(),
        stimulus=natrium.Step(20.0, start=5.0),
        simulation=natrium.Simulation(t_end=40.0, dt=0.1),
    )
    model.save(tmp_path / "lif.toml")
    (tmp_path / "wrong.py").write_text(SCRIPT.replace("{leak}", ""))
    (tmp_path / "right.py").write_text(SCRIPT.replace("{leak}", "-"))
    (tmp_path / "whole.py").write_text(SCRIPT.replace("{leak}", "-") + LOOP)
    return tmp_path


def keys(data, kind):
    return {finding["key"] for finding in data["findings"] if finding["kind"] == kind}


def test_the_model_s_own_script(claimed):
    out = claimed / "out"
    result = call("doctor", claimed / "lif.toml", "--out", out, "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data == json.loads((out / "results.json").read_text())
    assert keys(data, "fault") == {"label-early", "input-on-late"}
    budget = {row["cause"]: row["spike_1_ms"] for row in data["budget"]}
    parts = [value for cause, value in list(budget.items())[: list(budget).index("total")]]
    assert sum(parts) == pytest.approx(budget["total"], abs=1e-9)
    report = (out / "report.html").read_text()
    assert report.count("data:image/svg+xml") == 2
    assert {path.stem for path in out.glob("*.csv")} == {"findings", "spikes", "budget"}


@pytest.mark.parametrize(
    ("script", "faults"),
    [
        ("wrong.py:Neuron", {"leak-sign"}),
        ("right.py:Neuron", set()),
        ("right.py", set()),
    ],
)
def test_a_script_is_run_when_told_to_and_told_what_it_does(claimed, script, faults):
    result = call(
        "doctor", claimed / "lif.toml", "--script", claimed / script, "--out", claimed / "out", "--json"
    )
    assert result.exit_code == 0, result.output
    assert keys(json.loads(result.stdout), "fault") == faults
    assert f"running the code in {claimed / script}" in result.stderr


def test_a_whole_script_is_read(claimed):
    """Run with numbers that remember, it is the claimed model: its samples, its spikes, its rules."""
    out = claimed / "out"
    result = call("doctor", claimed / "lif.toml", "--script", claimed / "whole.py", "--out", out, "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert keys(data, "fault") == set()
    assert data["twin"]["largest_difference_mV"] < 1e-9
    assert data["reproduced_until"] is None
    assert data["scheme_key"] == "euler"
    assert {one["key"] for one in data["findings"] if one["kind"] == "rule"} >= {
        "label-early",
        "input-on-late",
    }
    assert len(data["spikes"]["matched"]) == len(data["spikes"]["truth"]) > 0
    assert "a script may print" not in result.stdout


def test_the_script_may_come_first(claimed):
    model = ("--model", claimed / "lif.toml")
    result = call("doctor", f"{claimed / 'wrong.py'}:Neuron", *model, "--out", claimed / "out")
    assert result.exit_code == 0, result.output
    assert "leak" in result.stdout


def test_a_script_alone_gives_its_model(claimed):
    """The model that is written, solved truly, is the one that the script was made of."""
    out, written = claimed / "out", claimed / "meant.toml"
    result = call("doctor", claimed / "whole.py", "--write", written, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data == json.loads((out / "results.json").read_text())
    assert data["n_faults"] == 0
    assert data["fallback"] is None
    assert data["equations"] == {"dv/dt": "(-(self.v - v_rest) + I)/tau_m"}
    meant = natrium.load(written)
    assert meant.neuron == natrium.Neuron()
    assert meant.stimulus(4.9) == 0.0
    assert meant.stimulus(5.1) == 20.0
    assert "self.v +=" in (out / "report.html").read_text().replace("&nbsp;", " ")


def test_a_fault_is_told_with_its_line(claimed):
    text = (claimed / "whole.py").read_text().replace("(-(self.v", "((self.v")
    (claimed / "bad.py").write_text(text)
    line = next(number for number, one in enumerate(text.splitlines(), start=1) if "self.v +=" in one)
    for model in ([], ["--model", claimed / "lif.toml"]):
        result = call("doctor", claimed / "bad.py", *model, "--out", claimed / "out", "--json")
        assert result.exit_code == 0, result.output
        data = json.loads(result.stdout)
        assert [(one["key"], one["line"]) for one in data["findings"] if one["kind"] == "fault"] == [
            ("leak-sign", line)
        ]
        told = call("doctor", claimed / "bad.py", *model, "--out", claimed / "out")
        assert f"line {line} (`self.v +=" in told.stdout


def test_what_a_script_leaves_is_read_where_it_cannot_be_traced(claimed):
    """Single precision is not followed: labels and samples are read as a recording, and it is said why."""
    text = (
        (claimed / "whole.py")
        .read_text()
        .replace("self.v, self.left = v_rest, 0.0", "self.v, self.left = np.float32(v_rest), 0.0")
    )
    (claimed / "single.py").write_text("import numpy as np\n" + text)
    out = claimed / "out"
    result = call("doctor", claimed / "lif.toml", "--script", claimed / "single.py", "--out", out, "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert "float32" in data["fallback"]
    assert data["fallback"] in result.stderr
    assert data["truths"]


@pytest.mark.parametrize("name", ["no.py", "data.csv", "empty.py"])
def test_what_is_no_script_ends_in_a_message(claimed, name):
    (claimed / "empty.py").write_text("x = 1\n")
    result = call("doctor", claimed / name, "--out", claimed / "out")
    assert result.exit_code == 2, result.output
    assert result.stderr.splitlines()[-1].startswith("natrium: ")
    assert not (claimed / "out").exists()


def test_no_model_is_written_where_there_is_none(claimed):
    moving = "v, dt = -70.0, 0.1\nfor k in range(600):\n    t = k * dt\n    v = v + dt*(-65 - v + 25)/10\n"
    moving += "    if v >= -55.0 + 0.1*t:\n        v = -70.0\n"
    (claimed / "moving.py").write_text(moving)
    written = claimed / "meant.toml"
    result = call("doctor", claimed / "moving.py", "--write", written, "--out", claimed / "out")
    assert result.exit_code == 2
    assert "threshold" in result.stderr
    assert not written.exists()


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("1/0", "Neuron"),
        ("import sys; sys.exit(3)", "Neuron"),
        ("def broken(:", "Neuron"),
        ("class Neuron: pass", "Neuron"),
        ("class Neuron:\n def update(self, dt, current): return 'V'", "Neuron"),
        ("class Neuron:\n def update(self, dt, current): return float('nan')", "Neuron"),
        ("class Neuron:\n def update(self, dt, current): raise RuntimeError('no')", "Neuron"),
        ("class Neuron:\n def __init__(self, colour): pass\n def update(self, dt, I): return 0.0", "Neuron"),
        ("class Neuron: pass", "Cell"),
    ],
)
def test_a_script_that_cannot_be_diagnosed_ends_in_a_message(claimed, code, name):
    (claimed / "bad.py").write_text(code)
    out = claimed / "out"
    result = call("doctor", claimed / "lif.toml", "--script", f"{claimed / 'bad.py'}:{name}", "--out", out)
    assert result.exit_code in (1, 2), result.output
    assert result.stderr.splitlines()[-1].startswith("natrium: ")
    assert "Traceback" not in result.output
    assert not (out / "results.json").exists()


def test_a_model_without_threshold_has_no_spikes_to_be_diagnosed(claimed):
    natrium.Model(neuron=natrium.Neuron(v_thresh=None)).save(claimed / "smooth.toml")
    result = call("doctor", claimed / "smooth.toml", "--t-end", 10, "--out", claimed / "out")
    assert result.exit_code == 2
    assert "without a threshold" in result.stderr


def test_why_a_script_is_not_traced_is_told_where_it_leaves_nothing_to_read(claimed):
    text = "import numpy as np\nv, kept = np.float32(-70.0), []\nfor k in range(300):\n"
    text += "    v = np.float32(v + 0.1 * (-70.0 - v + 20.0) / 10.0)\n    kept.append(v)\n"
    (claimed / "narrow.py").write_text(text)
    result = call("doctor", claimed / "lif.toml", "--script", claimed / "narrow.py", "--out", claimed / "out")
    assert result.exit_code == 2
    assert "float32" in result.stderr


def test_the_usual_step_is_made_shorter_where_a_spike_without_reset_runs_away_by_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    axon = (natrium.CHANNELS["hh_sodium"], natrium.CHANNELS["hh_potassium"])
    cell = natrium.Neuron(
        tau_m=1 / 0.3, v_rest=-54.4, v_init=-65.0, v_thresh=0.0, v_reset="none", channels=axon
    )
    drive = natrium.Constant(100.0 / 3.0)
    model = natrium.Model(neuron=cell, stimulus=drive, simulation=natrium.Simulation(t_end=20.0))
    model.save("axon.toml")
    with pytest.raises(natrium.SolverError, match="stops being finite"):
        natrium.FixedStep(dt=0.1).solve(cell, drive, t_end=20.0)
    step = read_script(Path("axon.toml"), dt=None, t_end=None).simulation.dt
    run = natrium.FixedStep(dt=step).solve(cell, drive, t_end=20.0)
    assert 0.01 <= step < 0.1
    assert run.n_spikes == 2
    assert read_script(Path("axon.toml"), dt=0.1, t_end=None).simulation.dt == 0.1
    found = natrium.compare_script(attrs.evolve(model, simulation=natrium.Simulation(t_end=20.0, dt=step)))
    assert found.other == ""
    assert not any("refractory" in said for said in found.sentences())


def test_a_recording_in_a_file_is_held_against_a_model(claimed, tmp_path):
    run = natrium.FixedStep(dt=0.1, label="end", edges="half-open").solve(
        natrium.Neuron(tau_m=12.0), natrium.Step(20.0, start=5.0), t_end=40.0
    )
    file = tmp_path / "left.csv"
    rows = zip(run.t.tolist(), run.V.tolist(), strict=True)
    file.write_text("t,V\n" + "".join(f"{t:.6f},{V:.9f}\n" for t, V in rows))
    done = call("doctor", tmp_path / "lif.toml", "--script", file, "--json", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert [one["key"] for one in json.loads(done.stdout)["findings"] if one["kind"] == "fault"] == [
        "tau-wrong"
    ]
    alone = call("doctor", file, "--out", tmp_path / "out")
    assert alone.exit_code == 2
    assert "natrium doctor MODEL.toml --script" in alone.stderr
    file.write_text("t,V\n0.1,x\n")
    broken = call("doctor", tmp_path / "lif.toml", "--script", file, "--out", tmp_path / "out")
    assert broken.exit_code == 2
    assert "left.csv" in broken.stderr
