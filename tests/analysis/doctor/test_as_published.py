"""Scripts as people publish them: animations, pairs of neurons, sweeps, one function for many things."""

from __future__ import annotations

from pathlib import Path

import pytest

from natrium.analysis.doctor.reading.verdict import Reading, read
from natrium.analysis.doctor.trace import trace_script, traced
from natrium.analysis.doctor.trace.runs import TracedRun
from natrium.model import HybridNeuron, Model, Simulation, Step
from tests.analysis.doctor.written import equations, taken


def notes(found: Reading) -> set[str]:
    return {one.key for one in found.findings if one.kind == "note"}


ANIMATED = """
    import matplotlib.pyplot as plt
    import {imported}
    tau, rest, top, back, I, dt = 8.0, -66.0, -51.0, -69.0, 21.0, 0.2
    v, ts, vs = rest, [], []
    fig, ax = plt.subplots()
    line, = ax.plot([], [])
    def begin():
        line.set_data([], [])
        return line,
    def update(frame):
        global v
        v += dt * (rest - v + I) / tau
        if v >= top:
            v = back
        ts.append((frame + 1) * dt)
        vs.append(v)
        line.set_data(ts, vs)
        return line,
    shown = {called}(fig, update, frames={frames}, init_func=begin, interval=20, blit=True)
    shown.save("v.gif", writer="pillow")
    plt.show()
"""


@pytest.mark.parametrize(
    ("imported", "called"),
    [
        ("matplotlib.animation", "matplotlib.animation.FuncAnimation"),
        ("matplotlib.animation as film", "film.FuncAnimation"),
    ],
)
@pytest.mark.parametrize("frames", ["300", "range(300)", "lambda: iter(range(300))"])
def test_an_animation_is_the_loop_over_its_frames(
    tmp_path: Path, imported: str, called: str, frames: str
) -> None:
    found = taken(tmp_path, ANIMATED.format(imported=imported, called=called, frames=frames))
    assert equations(found) == {"dv/dt": "(rest - v + I)/tau"}
    assert found.record.order.size == 300
    assert found.spike_times.size
    assert found.label == "end"
    assert not found.faults


def test_of_two_neurons_in_variables_that_inhibit_each_other_one_is_read(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        import numpy as np
        dt, tau, tau_s, E, top, back, Es = 0.2, 12.0, 6.0, -68.0, -53.0, -74.0, -82.0
        V1, V2, g1, g2 = E, -60.0, 0.0, 0.0
        one, two = [], []
        for k in range(900):
            d1 = (E - V1 - g1 * (V1 - Es) + 22.0) / tau
            d2 = (E - V2 - g2 * (V2 - Es) + 21.0) / tau
            V1, V2 = V1 + dt * d1, V2 + dt * d2
            g1 -= dt * g1 / tau_s
            g2 -= dt * g2 / tau_s
            if V1 > top:
                V1 = back
                g2 += 0.2
            if V2 > top:
                V2 = back
                g1 += 0.2
            one.append(V1)
            two.append(V2)
        """,
    )
    assert equations(found) == {
        "dV1/dt": "(E - V1 - g1*(V1 - Es) + 22)/tau",
        "dg1/dt": "-(g1/tau_s)",
    }
    assert "one-cell" in notes(found)
    assert not found.faults
    assert found.model is not None
    (train,) = found.data()["model"]["stimuli"]
    assert (train["kind"], train["target"], train["weight"]) == ("spikes", "g1", 0.2)
    assert len(train["times"]) > 1


def test_what_a_neighbour_does_through_a_junction_is_an_input(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        dt, g, E, top, gap = 0.1, 0.1, -65.0, -50.0, 0.03
        va, vb, left_a, left_b = E, E, 0, 0
        kept = []
        for k in range(1200):
            between = gap * (vb - va)
            if left_a > 0:
                left_a -= 1
            else:
                va = va + dt * (-g * (va - E) + 2.0 + between)
            if left_b > 0:
                left_b -= 1
            else:
                vb = vb + dt * (-g * (vb - E) + 1.8 - between)
            if va >= top:
                va, left_a = E, 30
            if vb >= top:
                vb, left_b = E, 30
            kept.append((va, vb))
        """,
    )
    assert list(equations(found)) == ["dva/dt"]
    assert set(found.maps.hold.steps) == {30}
    assert found.model is not None
    assert float(found.model.neuron.tau_m) == pytest.approx(1 / 0.13)  # type: ignore[union-attr]  # a Neuron
    assert not found.faults


def test_states_of_several_objects_are_called_by_their_objects(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        class Slow:
            def __init__(self):
                self.value = 0.0
            def advance(self, goal, tau, dt):
                self.value += dt * (goal - self.value) / tau
        w, z, v, dt, vs = Slow(), Slow(), -65.0, 0.2, []
        for k in range(500):
            v += dt * (-(v + 65.0) + 18.0 - w.value - 0.5 * z.value) / 10.0
            w.advance(0.2 * (v + 65.0), 50.0, dt)
            z.advance(0.1 * (v + 65.0), 200.0, dt)
            if v >= -52.0:
                v = -65.0
            vs.append(v)
        """,
    )
    assert list(equations(found)) == ["dv/dt", "dw/dt", "dz/dt"]
    assert not any("(2)" in text or "tau" in text for text in equations(found).values())


def test_a_function_called_for_two_pulses_gives_two_inputs(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        def pulse(t, on, off, size):
            return size if on <= t < off else 0.0
        v, dt, vs = -65.0, 0.2, []
        for k in range(1000):
            t = k * dt
            I = pulse(t, 20.0, 80.0, 17.0) + pulse(t, 120.0, 160.0, 21.0)
            v += dt * (-(v + 65.0) + I) / 10.0
            if v >= -52.0:
                v = -65.0
            vs.append(v)
        """,
    )
    assert found.model is not None
    asked = [found.model.stimulus(t, strict=True) for t in (10.0, 50.0, 100.0, 140.0)]
    assert asked == pytest.approx([0.0, 17.0, 0.0, 21.0])
    assert not found.faults


SWITCHED = """
    dt, E, top, tau, R, I0 = 0.2, -70.0, -55.0, 9.0, 8.0, 2.5
    V, Vs = E, []
    for k in range(700):
        t = k * dt
        {body}
        if V >= top:
            V = E
        Vs.append(V)
"""


@pytest.mark.parametrize(
    "body",
    [
        "V = V + dt*(-(V - E) + R*I0)/tau if 30 < t < 100 else V + dt*(-(V - E))/tau",
        "slope = -(V - E)\n        if 30 < t < 100:\n            slope += R*I0\n        V += dt*slope/tau",
        "if 30 < t < 100:\n            V += dt*(-(V - E) + R*I0)/tau\n"
        "        else:\n            V += dt*(-(V - E))/tau",
    ],
)
def test_a_term_that_some_steps_leave_out_is_an_input(tmp_path: Path, body: str) -> None:
    found = taken(tmp_path, SWITCHED.format(body=body))
    assert found.model is not None
    asked = [found.model.stimulus(t, strict=True) for t in (20.0, 60.0, 110.0)]
    assert asked == pytest.approx([0.0, 20.0, 0.0])
    assert not found.faults


def test_a_second_setting_that_another_state_reads_changes_no_equation(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        dt, E, top = 0.2, -70.0, -55.0
        V, w, Vs = E, 0.0, []
        for k in range(700):
            t = k * dt
            I = 0.0
            if t > 20:
                I = 18.0
            V = V + dt * (E - V + I - w) / 10.0
            if 60 < t < 80:
                I = 30.0
            w = w + dt * (0.1 * I - w) / 80.0
            if V > top:
                V = E
            Vs.append(V)
        """,
    )
    assert not found.faults
    assert equations(found)["dV/dt"] == "(E - V + I - w)/10"
    assert found.maps.record.inputs.max() == 18.0


WAITED = """
    dt = 0.1
    tau_ref = {asked}
    V, left, Vs = -70.0, 0.0, []
    for k in range(600):
        {before}
        if left <= 0:
            V += dt * (-(V + 70.0) + 20.0) / 10.0
            if V > -55.0:
                V, left = -70.0, tau_ref
        {after}
        Vs.append(V)
"""


@pytest.mark.parametrize("asked", ["0.1", "dt"])
@pytest.mark.parametrize(
    ("before", "after", "held"),
    [
        ("left = max(0.0, left - dt)", "", 0),
        ("waits = left > 0", "left = left - dt if waits else left", 1),
    ],
)
def test_a_refractory_time_of_one_step_is_told_as_it_is(
    tmp_path: Path, asked: str, before: str, after: str, held: int
) -> None:
    found = taken(tmp_path, WAITED.format(asked=asked, before=before, after=after))
    assert set(found.maps.hold.steps) == {held}
    assert not found.faults
    assert ("refractory-count" in {one.key for one in found.findings}) is (held == 0)
    assert found.model is not None
    assert float(found.model.neuron.tau_ref) == pytest.approx(0.1 * held)


@pytest.mark.parametrize("amounts", ["(0.8, 1.7, 2.2)", "np.linspace(0.8, 2.6, 3)"])
def test_of_a_sweep_one_run_is_read_with_its_own_input(tmp_path: Path, amounts: str) -> None:
    found = taken(
        tmp_path,
        f"""
        import numpy as np
        def run(I, R=10.0, rest=-65.0, top=-50.0, tau=9.0, dt=0.2):
            v, n = rest, 0
            for k in range(300):
                v += dt * (rest - v + R * I) / tau
                if v >= top:
                    v, n = rest, n + 1
            return n
        rates = []
        for amount in {amounts}:
            rates.append(run(amount))
        """,
    )
    assert found.record.runs == (2, 3)
    assert "one-run" in notes(found)
    assert found.model is not None
    assert float(found.model.neuron.v_rest) == -65.0  # type: ignore[union-attr]  # a Neuron
    assert found.model.stimulus(10.0) > 14.0
    assert not found.faults


LATE = """
    dt, tau, rest, top = 0.2, 10.0, -70.0, -55.0
    V, I, Vs, fired = rest, 0.0, [], 0.0
    for k in range(1200):
        {late}
        V += dt * (rest - V + I) / tau
        if V >= top:
            V = rest
            fired = k * dt
        Vs.append(V)
"""


@pytest.mark.parametrize(("late", "runs"), [("I = 20.0", 2), ("if k > 1000:\n            I = 20.0", 4)])
def test_what_is_learned_of_few_steps_is_learned_anew_where_later_ones_do_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: str, runs: int
) -> None:
    lengths = []

    class Counted(TracedRun):
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)  # type: ignore[arg-type]  # what it is given
            lengths.append(len(self.tracer.segments[-1].steps))

    monkeypatch.setattr(traced, "TracedRun", Counted)
    path = tmp_path / "script.py"
    path.write_text(LATE.replace("\n    ", "\n").format(late=late.replace("            ", "        ")))
    record = trace_script(path)
    assert not record.fallback
    assert record.whole
    assert record.order.size == 1200
    assert len(lengths) == runs
    assert lengths[0] < 600


STAGED = """
    def drive(t):
        return 18.0 * (t > 5.0) - 18.0 * (t > 30.0)
    def slope(v, t):
        return (-(v + 65.0) + drive(t)) * 0.1 - 0.001 * (v + 65.0) ** 2
    h, v, vs = 0.05, -65.0, []
    for k in range(800):
        t = k * h
        k1 = slope(v, t)
        k2 = slope(v + 0.5 * h * k1, t + 0.5 * h)
        k3 = slope(v + 0.5 * h * k2, t + 0.5 * h)
        k4 = slope(v + h * k3, t + h)
        v += h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        vs.append(v)
"""


def test_an_input_that_stages_read_is_one_though_an_edge_is_met_by_rounding(tmp_path: Path) -> None:
    found = taken(tmp_path, STAGED)
    assert found.scheme.key == "rk4"
    assert not found.faults


SUBSTEPS = """
    dt, V, w, kept = 0.05, -1.0, 0.5, []
    for frame in range(200):
        {step}
        for part in range({parts}):
            dV = V - V**3 / 3.0 - w + 0.5
            dw = 0.08 * (V + 0.7 - 0.8 * w)
            V += h * dV
            w += h * dw
        kept.append(V)
"""


@pytest.mark.parametrize(("step", "length"), [("h = dt", 0.25), ("h = dt / 5", 0.05)])
def test_steps_within_a_turn_are_as_long_as_they_are(tmp_path: Path, step: str, length: float) -> None:
    found = taken(tmp_path, SUBSTEPS.format(step=step, parts=5))
    assert found.scheme.substeps == 5
    assert equations(found)["dV/dt"] == "V - V**3/3 - w + 0.5"
    assert found.data()["dt"] == pytest.approx(length)


def test_of_more_steps_within_a_turn_none_is_multiplied_by_dt_twice(tmp_path: Path) -> None:
    found = taken(tmp_path, SUBSTEPS.format(step="h = dt", parts=16))
    assert "dt-twice" not in {one.key for one in found.findings}


def test_spikes_of_a_level_without_a_reset_are_counted_in_the_samples(tmp_path: Path) -> None:
    neuron = HybridNeuron(
        equations={"V": "V - V**3/3 - w + I", "w": "0.08*(V + 0.7 - 0.8*w)"},
        parameters={},
        initial={"V": -1.0, "w": 0.5},
        v_thresh=1.0,
    )
    claim = Model(neuron=neuron, stimulus=Step(0.5), simulation=Simulation(t_end=200.0, dt=0.05))
    path = tmp_path / "script.py"
    path.write_text(
        "dt, V, w, Vs = 0.05, -1.0, 0.5, []\n"
        "for k in range(4000):\n"
        "    dV = V - V**3/3 - w + 0.5\n"
        "    dw = 0.08*(V + 0.7 - 0.8*w)\n"
        "    V += dt*dV\n"
        "    w += dt*dw\n"
        "    Vs.append(V)\n"
    )
    found = read(trace_script(path), claim=claim, solve=False)
    assert found.spike_times.size > 3
    assert not found.faults
