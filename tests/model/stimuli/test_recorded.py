"""An input from a CSV file is the same samples given as numbers; what is wrong with the file is told."""

import numpy as np
import pytest

import natrium
from natrium.model.files.writing import to_toml

TIMES = np.arange(0.0, 60.0, 0.25)
VALUES = 24.0 + 6.0 * np.sin(TIMES / 5.0)


@pytest.fixture
def path(tmp_path):
    lines = [
        "# a recording",
        "t (s),current,other",
        *(f"{t / 1000!r},{v / 0.1!r},x" for t, v in zip(TIMES.tolist(), VALUES.tolist(), strict=True)),
    ]
    (tmp_path / "current.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "current.csv"


@pytest.mark.parametrize("interpolation", ["hold", "linear"])
@pytest.mark.parametrize("solver", ["event", "compiled", "script"])
def test_spikes_are_those_of_its_numbers(path, solver, interpolation):
    options = {"time_unit": "s", "factor": 0.1, "interpolation": interpolation}
    read = natrium.Csv(str(path), **options)
    same = natrium.Samples(TIMES, VALUES, interpolation)
    dt = {"dt": 0.01} if solver == "script" else {}
    runs = [natrium.simulate(natrium.Neuron(), one, t_end=60.0, solver=solver, **dt) for one in (read, same)]
    assert runs[0].n_spikes > 2
    assert runs[0].spike_times == pytest.approx(runs[1].spike_times, abs=1e-9)
    named = natrium.Csv(str(path), time="t (s)", value="current", **options)
    assert named.samples == read.samples


@pytest.mark.parametrize(("unit", "ms"), [("us", 1e-3), ("ms", 1.0), ("s", 1e3)])
def test_times_are_in_the_unit_that_is_named(tmp_path, unit, ms):
    (tmp_path / "three.csv").write_text("t,v\n0,1\n2,3\n5,4\n", encoding="utf-8")
    read = natrium.Csv(str(tmp_path / "three.csv"), time_unit=unit)
    assert read.samples.times == pytest.approx((0.0, 2 * ms, 5 * ms), rel=1e-15)


@pytest.mark.parametrize(("unit", "each"), [("pA", 0.1), ("nA", 100.0), ("mV", 1.0), ("V", 1000.0)])
def test_values_are_in_the_unit_that_is_named_where_the_leak_is_absolute(tmp_path, unit, each):
    pytest.importorskip("pint", reason='needs pip install "natrium[units]"')
    (tmp_path / "three.csv").write_text("t,v\n0,1\n2,3\n5,4\n", encoding="utf-8")
    cell = 'natrium = 1\n[neuron]\nC = "100 pF"\ng_L = "10 nS"\n'
    text = cell + f'[[stimuli]]\nkind = "csv"\nfile = "three.csv"\nunit = "{unit}"\n'
    (tmp_path / "model.toml").write_text(text, encoding="utf-8")
    model = natrium.load(tmp_path / "model.toml")
    assert model.stimulus.parts[0].samples.values == pytest.approx([each, 3.0 * each, 4.0 * each])
    (tmp_path / "again.toml").write_text(to_toml(model), encoding="utf-8")
    assert natrium.load(tmp_path / "again.toml") == model
    (tmp_path / "model.toml").write_text(text.replace(cell, "natrium = 1\n[neuron]\n"), encoding="utf-8")
    if unit.endswith("A"):
        with pytest.raises(natrium.ModelError, match="leak"):
            natrium.load(tmp_path / "model.toml")


def test_a_model_file_finds_it_beside_itself(path, tmp_path, monkeypatch):
    read = natrium.Csv(str(path), time_unit="s", factor=0.1)
    text = to_toml(natrium.Model(neuron=natrium.Neuron(), stimulus=[read])).replace(str(path), "current.csv")
    (tmp_path / "model.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir("/")
    model = natrium.load(tmp_path / "model.toml")
    assert model.stimulus.parts[0].samples == read.samples
    assert "folder" not in to_toml(model)
    doubled = natrium.with_parameters(model, {"scale_0": 2.0})
    assert doubled.stimulus.parts[0].samples.values[0] == pytest.approx(2.0 * VALUES[0])
    with pytest.raises(natrium.ModelError, match="cannot read samples from"):
        natrium.loads(text)


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("t,i\n0,1\n1,x\n", {}, "column 2 of .* must hold numbers, got 'x' in line 3"),
        ("0,1\n1\n", {}, "column 2 of .* must hold numbers, got '' in line 2"),
        ("t,i\n1,1\n0,2\n", {}, "times must increase"),
        ("t,i\n0,1\n", {"value": "v"}, "must have a column 'v', got t, i"),
        ("0,1\n", {"value": "v"}, "must have a column 'v', got no headings"),
        ("", {}, "must hold at least 1 numbers"),
        ("t,i\n0,nan\n", {}, "must be finite"),
        ("0,1\n", {"time_unit": "min"}, "time_unit must be one of 'ms', 's', 'us'"),
        ("0,1\n", {"factor": float("inf")}, "factor must be finite"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, content, options, said):
    (tmp_path / "x.csv").write_text(content, encoding="utf-8")
    with pytest.raises(natrium.StimulusError, match=said):
        natrium.Csv(str(tmp_path / "x.csv"), **options)


@pytest.mark.parametrize("name", ["none.csv", ".", "\0", 3])
def test_what_is_no_file_is_told(tmp_path, name):
    with pytest.raises(natrium.StimulusError):
        natrium.Csv(str(tmp_path / name) if isinstance(name, str) and name != "\0" else name)
