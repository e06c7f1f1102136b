"""Runs saved and loaded: equal in every double, or refused in words."""

import attrs
import numpy as np
import pytest
import sympy

import natrium
from tests.solvers.cases import NA

DRIVE = natrium.Step(10.0, start=20.0)
WAVE = [natrium.Constant(16.0), natrium.Sine(4.0, 50.0)]
RUNS = {
    "event": lambda: natrium.simulate(NA, DRIVE, t_end=100.0),
    "event, clamped, Radau": lambda: natrium.simulate(
        attrs.evolve(NA, refractory="clamp"), DRIVE, t_end=60.0, method="Radau", rtol=1e-6
    ),
    "compiled": lambda: natrium.simulate(NA, DRIVE, t_end=100.0, solver="compiled"),
    "script": lambda: natrium.simulate(NA, DRIVE, t_end=60.0, solver="script", dt=0.1),
    "closed form": lambda: natrium.simulate(natrium.Neuron(), WAVE, t_end=80.0, solver="closed-form"),
    "no spike": lambda: natrium.simulate(natrium.Neuron(), natrium.Constant(3.0), t_end=20.0),
    "noise": lambda: natrium.simulate(
        natrium.Neuron(), natrium.Noise(sigma=9.0, tau=5.0, step=0.5, seed=1), t_end=20.0
    ),
    "own equations": lambda: natrium.simulate(
        natrium.HybridNeuron(
            equations={"V": "0.04*V**2 + 5*V + 140 - u + I", "u": "where(V < -60, 0.02, 0.03)*(b*V - u)"},
            parameters={"b": 0.2},
            initial={"V": -65.0, "u": -13.0},
            v_thresh=30.0,
            reset={"V": -65.0, "u": "u + 8"},
            tau_ref=0.5,
            refractory="clamp",
        ),
        DRIVE,
        t_end=80.0,
    ),
    "no input": lambda: natrium.simulate(natrium.Neuron(v_thresh=None), t_end=1.0),
}


@pytest.mark.parametrize("made", RUNS)
def test_a_saved_run_is_the_same_in_every_double(made, tmp_path):
    run = RUNS[made]()
    run.save(tmp_path / "run.nc")
    again = natrium.load_run(tmp_path / "run.nc")
    for name in attrs.fields_dict(natrium.Trajectory):
        if name not in ("history", "extras"):
            assert getattr(again, name) == getattr(run, name), name
    assert repr(again) == repr(run)
    times = np.linspace(run.t_start, run.t_end, 1001)
    np.testing.assert_array_equal(again.state(times), run.state(times))
    np.testing.assert_array_equal(again.state(times, side="left"), run.state(times, side="left"))
    np.testing.assert_array_equal(again.t, run.t)
    np.testing.assert_array_equal(again.y, run.y)
    np.testing.assert_array_equal(again.spike_times, run.spike_times)
    np.testing.assert_array_equal(again.spike_time_errors, run.spike_time_errors)
    for one, other in zip(again.events, run.events, strict=True):
        np.testing.assert_array_equal(one.after, other.after)
    assert list(again.extras) == list(run.extras)


def test_other_readers_see_the_course(tmp_path):
    xarray = pytest.importorskip("xarray")
    run = RUNS["event"]()
    run.save(tmp_path / "run.nc")
    with xarray.open_dataset(tmp_path / "run.nc") as data:
        np.testing.assert_array_equal(data["state_V"], run.V)
        assert data["state_V"].attrs["units"] == "mV"
        np.testing.assert_array_equal(data["spike_time"], run.spike_times)


def test_damaged_and_foreign_files_are_named(tmp_path):
    path = tmp_path / "run.nc"
    run = RUNS["no spike"]()
    run.save(path)
    whole = path.read_bytes()
    for size in {*range(0, len(whole), 997), len(whole) - 1}:
        path.write_bytes(whole[:size])
        with pytest.raises(natrium.ModelError, match="damaged"):
            natrium.load_run(path)
    rng = np.random.default_rng(1)
    for _ in range(60):
        place = int(rng.integers(len(whole)))
        path.write_bytes(
            whole[:place] + bytes([whole[place] ^ (1 << int(rng.integers(8)))]) + whole[place + 1 :]
        )
        try:
            again = natrium.load_run(path)
        except natrium.ModelError:
            continue
        # In a title or a unit: nothing that is read.
        np.testing.assert_array_equal(again.y, run.y)
        assert again.made_by == run.made_by
    path.write_text("not a run")
    with pytest.raises(natrium.ModelError, match="no run that natrium saved"):
        natrium.load_run(path)
    with pytest.raises(natrium.ModelError, match="cannot read"):
        natrium.load_run(tmp_path / "nothing.nc")


def test_what_cannot_be_saved_says_why(tmp_path):
    V, I = sympy.symbols("V I", real=True)
    own = natrium.HybridNeuron(equations={"V": I - sympy.atan(V)}, initial={"V": 0.0}, v_thresh=30.0)
    run = natrium.simulate(own, natrium.Constant(1.0), t_end=1.0)
    with pytest.raises(natrium.ModelError, match="V cannot be written to a model file"):
        run.save(tmp_path / "run.nc")
    custom = natrium.simulate(natrium.Neuron(), natrium.Custom(lambda t: 3.0, max_step=1.0), t_end=1.0)
    with pytest.raises(natrium.ModelError):
        custom.save(tmp_path / "run.nc")
    with pytest.raises(natrium.ModelError, match="cannot write"):
        RUNS["no spike"]().save(tmp_path / "nowhere" / "run.nc")
    assert list(tmp_path.iterdir()) == []
