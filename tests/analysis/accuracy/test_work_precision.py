"""Work and precision: every solver is there, errors fall with the work put in, and a study is whole."""

import json

import attrs
import numpy as np
import pytest

import natrium
from natrium.analysis import compare, reference
from natrium.analysis.accuracy import compare as study
from natrium.analysis.accuracy import work_precision as work
from natrium.analysis.accuracy.work_precision import FAMILIES, affordable, list_solvers, work_precision
from natrium.reports.plain import plain
from natrium.solvers.fixed_step.schemes import SCHEMES
from natrium.solvers.simulate import SOLVERS

LIF = natrium.Model(
    neuron=natrium.Neuron(),
    stimulus=natrium.Constant(20.0),
    simulation=natrium.Simulation(t_end=40.0, dt=0.1),
)


@pytest.fixture(scope="module")
def done():
    return compare(LIF)


def test_every_solver_there_is_takes_part():
    made = [solver for settings in list_solvers(100.0).values() for _, solver in settings]
    assert {type(solver) for solver in made} == set(SOLVERS.values())
    assert {solver.scheme for solver in FAMILIES.values()} == set(SCHEMES)
    assert FAMILIES["script"].is_script
    assert {"auto", "RK45", "Radau"} == {
        solver.method for solver in made if isinstance(solver, natrium.EventDriven)
    }


def test_what_would_take_minutes_is_left_out():
    assert affordable((0.1, 0.001), 100.0) == (0.1, 0.001)
    assert affordable((0.1, 0.001), 1000.0) == (0.1,)
    assert affordable((0.1,), 1e9) == ()


def test_errors_fall_with_the_work_put_in(done):
    rows = {name: [row for row in done.work if row.method == name] for name in list_solvers(40.0)}
    assert all(rows.values())
    for name in ("event-driven, auto", "event-driven, RK45", "event-driven, Radau", "RK4, cubic", "script"):
        errors = [row.accuracy.spike_error for row in rows[name]]
        calls = [row.rhs_evaluations for row in rows[name]]
        assert errors[-1] < 0.3 * errors[0]
        assert calls == sorted(calls)
    assert rows["closed form"][0].accuracy.spike_error <= 2.0 * done.truth.error
    assert all(row.seconds > 0.0 for row in done.work)


def test_a_solver_that_cannot_do_the_model_is_left_out():
    model = natrium.notebook.lif_na()
    short = attrs.evolve(model, simulation=attrs.evolve(model.simulation, t_end=25.0))
    assert "closed form" not in {row.method for row in work_precision(reference(short))}


def test_a_study_tells_orders_and_price(done):
    said = " ".join(done.sentences())
    assert "Observed orders" in said
    assert "Every spike to 1e-06 ms" in said
    found = {item.name: item.order.value for item in done.convergences}
    assert found["script"] == pytest.approx(1.0, abs=0.35)
    assert found["Heun, linear"] == pytest.approx(2.0, abs=0.35)
    assert found["RK4, cubic"] == pytest.approx(4.0, abs=0.35)


def test_a_study_is_plain_data(done):
    data = json.loads(json.dumps(plain(done.data()), allow_nan=False))
    assert data["true_spikes_ms"] == done.truth.spike_times.tolist()
    assert len(data["convergence"]) == len(FAMILIES)
    assert len(data["work_precision"]) == len(done.work)
    assert data["interrupted"] is False


def test_ctrl_c_keeps_what_is_done(monkeypatch):
    def interrupted(truth, *others):
        yield from list(work_precision_of(truth))[:2]
        raise KeyboardInterrupt

    work_precision_of = work.work_precision
    monkeypatch.setattr(work, "RTOLS", (1e-6,))
    monkeypatch.setattr(work, "WORK_STEPS", (0.1,))
    monkeypatch.setattr(study, "STEPS", (0.2, 0.1))
    monkeypatch.setattr(study, "work_precision", interrupted)
    told = []
    done = compare(LIF, progress=told.append)
    assert done.interrupted
    assert len(done.work) == 2
    assert len(done.convergences) == len(FAMILIES)
    assert done.data()["interrupted"] is True
    assert told


def test_a_silent_model_is_compared_by_its_voltage():
    quiet = attrs.evolve(LIF, stimulus=natrium.Constant(5.0))
    rows = list(work_precision(reference(quiet)))
    assert all(np.isnan(row.accuracy.spike_error) for row in rows)
    assert all(row.accuracy.voltage_error < 1.0 for row in rows)


def test_what_would_take_too_many_calls_is_left_out_and_named(monkeypatch):
    monkeypatch.setattr(study, "MOST_CALLS", 3000)
    bounded = compare(LIF)
    assert {"RK4, cubic", "Heun, linear", "script"} <= set(bounded.left_out)
    (said,) = (one for one in bounded.sentences() if one.startswith("Left out"))
    assert "3000 right-hand-side calls" in said
    assert f"RK4, cubic: {bounded.left_out['RK4, cubic'][0]} and finer" in said
    assert bounded.data()["left_out"]["settings"] == bounded.left_out
    (cubic,) = (item for item in bounded.convergences if item.name == "RK4, cubic")
    assert cubic.steps.size + len(cubic.left_out) == 14
    assert cubic.steps.size >= 3
    assert len(bounded.work) < len(list(work_precision(bounded.truth)))


def test_nothing_is_left_out_of_a_short_study(done):
    assert done.left_out == {}


def test_what_blows_up_is_named_and_the_rest_is_kept():
    """A cubic pull on a second state that steps above 0.1 ms overshoot further and further."""
    cell = natrium.HybridNeuron(
        equations={"V": "6 - V + 0.001*w", "w": "-0.2*w**3"},
        initial={"V": -1.0, "w": 10.0},
        v_thresh=1.0,
        reset={"V": "-1"},
    )
    model = natrium.Model(
        neuron=cell, stimulus=natrium.Constant(0.0), simulation=natrium.Simulation(t_end=4.0, dt=0.02)
    )
    found = compare(model)
    euler = next(one for one in found.convergences if one.name == "Euler, linear")
    assert [dt for dt, _ in euler.failed] == [0.199, 0.157, 0.127]
    assert all("stops being finite" in why for _, why in euler.failed)
    assert euler.steps[0] == 0.1
    assert found.failed["Euler, linear"]["dt 0.199 ms"].startswith("the state stops being finite")
    done = {(row.method, row.setting) for row in found.work}
    assert ("Euler, linear", "dt 0.199 ms") not in done
    assert ("Euler, linear", "dt 0.0497 ms") in done
    assert sum(one.startswith("Not carried through, and left out: ") for one in found.sentences()) == 1
    assert not any("dt 0.199 ms" in setting for settings in found.left_out.values() for setting in settings)
    assert not any("refractory counter" in one for one in found.sentences())  # there is none to hold V
    json.dumps(plain(found.data()))
