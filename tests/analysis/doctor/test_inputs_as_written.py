"""Ways in which public scripts make their inputs, and draw their spikes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.analysis.doctor.written import equations, taken

DRAWN = """
    import numpy as np
    dt, tau, top, dead, free = 0.25, 8.0, 1.0, 3.0, 0.0
    times = np.arange(0, 60, dt)
    V = np.zeros(times.size)
    for k, t in enumerate(times):
        if t > free:
            V[k] = V[k - 1] + dt * (1.6 - V[k - 1]) / tau
            if V[k] >= top:
                {drawn}
                free = t + dead
"""


@pytest.mark.parametrize("drawn", ["V[k] += 0.7", "V[k] = 3.0", "V[k] = V[k] + (3.0 - V[k]) * (V[k] >= top)"])
def test_a_spike_that_is_drawn_is_not_located_inside_its_step(tmp_path: Path, drawn: str) -> None:
    found = taken(tmp_path, DRAWN.format(drawn=drawn))
    assert found.spike_times.size
    assert found.maps.hold.way == "clock"
    assert {"grid", "located"} & {one.key for one in found.findings} == {"grid"}
    assert not found.faults


def test_a_spike_by_a_product_with_its_test_is_not_located_inside_its_step(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        dt, tau, rest, top, dead = 0.5, 60.0, -65.0, -42.0, 4.0
        v, last, vs = rest, 0.0, []
        for k in range(400):
            v = v + dt * ((dt * k) > (last + dead)) * (rest - v + 34.0) / tau
            last = last + (dt * k - last) * (v >= top)
            v = v + (15.0 - v) * (v >= top)
            vs.append(v)
            v = v + (rest - v) * (v >= top)
        """,
    )
    assert found.spike_times.size
    assert "located" not in {one.key for one in found.findings}
    assert not found.faults


BUILT = """
    dt, tau, rest, top = 0.1, 10.0, -70.0, -55.0
    def stepped(v, I):
        return v + dt * (rest - v + I) / tau
    v, vs, given = rest, [], []
    for k in range(600):
        {setting}
        v = stepped(v, I)
        given.append(I)
        if v >= top:
            v = rest
        vs.append(v)
"""
SETTINGS = {
    "added to": ("I = 0", "if 50 <= k < 550: I += 20.0"),
    "added to twice": ("I = 0", "if 50 <= k < 550: I += 16.0", "if k >= 300: I = I + 5.0"),
    "set anew": ("I = 2.0", "if k >= 50: I = 20.0", "if k >= 400: I = 18.0"),
    "scaled": ("I = 9.0", "if k >= 50: I *= 2.0"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_an_input_that_a_step_sets_several_times_is_one(tmp_path: Path, name: str) -> None:
    found = taken(tmp_path, BUILT.format(setting="\n        ".join(SETTINGS[name])))
    assert found.record.input == "I"
    np.testing.assert_array_equal(found.record.inputs, found.record.lists["given"])
    assert equations(found) == {"dv/dt": "(rest - v + I)/tau"}
    assert not found.faults


def test_an_input_that_is_read_before_it_is_set_again_is_two(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        dt, tau, slow, top = 0.1, 10.0, 40.0, 15.0
        v, w, vs = 0.0, 0.0, []
        for k in range(600):
            I = 20.0 if k >= 50 else 0.0
            w = w + dt * (I - w) / slow
            if k >= 200:
                I += 4.0
            v = v + dt * (I - v - w) / tau
            if v >= top:
                v = 0.0
            vs.append(v)
        """,
    )
    assert {"dv/dt", "dw/dt"} <= set(equations(found))
    assert {"I", "I (2)"} <= {found.record.input, *found.record.exogenous}


@pytest.mark.parametrize("name", ["g", "opened"])
def test_what_an_earlier_loop_makes_is_an_input_of_the_next(tmp_path: Path, name: str) -> None:
    found = taken(
        tmp_path,
        f"""
        import numpy as np
        dt, N = 0.1, 900
        def opening(comes, tau=6.0):
            g = np.zeros(N)
            for k in range(N - 1):
                g[k + 1] = g[k] - dt * g[k] / tau + (0.4 if k in comes else 0.0)
            return g
        def membrane(g, rest=-70.0, leak=0.1, C=1.0):
            v = np.zeros(N); v[0] = rest
            for k in range(N - 1):
                if v[k] >= -54.0:
                    v[k] = -75.0
                v[k + 1] = v[k] + dt / C * (-leak * (v[k] - rest) - g[k] * (v[k] - 0.0))
            return v
        {name} = opening((100, 300, 320, 600))
        v = membrane({name})
        """,
    )
    assert found.record.states == ("v",)
    assert found.record.input == "g"
    assert equations(found) == {"dv/dt": "(-(leak*(v - rest)) - g*v)/C"}
    assert found.spike_times.size
    assert not found.faults


def test_what_a_generator_yields_belongs_to_the_step_that_takes_it(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        from itertools import accumulate
        from math import sin
        dt, tau, E, top = 0.25, 9.0, -66.0, -52.0
        def drive(n, onset=30.0):
            for k in range(n):
                yield 18.0 + 5.0 * sin(k * dt) if k * dt >= onset else 0.0
        def step(v, u):
            v = v + dt * (E - v + u) / tau
            return E if v >= top else v
        vs = list(accumulate(drive(400), step, initial=E))
        ts = [k * dt for k in range(401)]
        """,
    )
    assert found.model is not None
    assert found.spike_times.size
    assert found.label == "end"
    on = float(18.0 + 5.0 * np.sin(30.0))
    assert [found.model.stimulus(t) for t in (29.9, 30.1)] == pytest.approx([0.0, on])
    assert {one.key for one in found.findings} == {"euler", "grid"}


def test_an_input_that_goes_on_from_its_edge_is_not_late(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        dt, tau, E, top = 0.2, 9.0, -66.0, -52.0
        v, vs = E, []
        for k in range(600):
            t = k * dt
            u = 0.0
            if t >= 20.0:
                u = 12.0 + 0.5 * (t - 20.0)
            v = v + dt * (E - v + u) / tau
            if v >= top:
                v = E
            vs.append(v)
        """,
    )
    assert "input-on-late" not in {one.key for one in found.findings}


def test_the_mean_of_an_input_at_both_ends_of_a_step_is_that_input(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        dt, tau, E_rest, R, top = 1e-4, 0.012, -0.07, 1e8, -0.05
        def ramp(t, slope=8e-9, until=0.05):
            return slope * min(max(t, 0.0), until)
        v, vs = E_rest, []
        for n in range(1500):
            mean = 0.5 * (ramp(n * dt) + ramp((n + 1) * dt))
            z = 0.5 * dt / tau
            v = ((1 - z) * v + 2 * z * (E_rest + R * mean)) / (1 + z)
            if v >= top:
                v = E_rest
            vs.append(v)
        """,
    )
    assert found.scheme.key == "crank-nicolson"
    assert found.model is not None
    asked = [found.model.stimulus(t) for t in (10.0, 25.0, 80.0)]
    assert asked == pytest.approx([8.0, 20.0, 40.0])
    assert not found.faults


def test_stages_at_times_of_their_own_are_those_of_a_scheme(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        from math import sin
        h, v, w, vs = 0.1, 0.0, 0.0, []
        def f(v, w, t):
            return (12.0 + 6.0 * sin(0.3 * t) - v - w) / 8.0, (0.5 * v - w) / 40.0
        for k in range(800):
            t = k * h
            a, b = f(v, w, t)
            c, d = f(v + h * a / 2, w + h * b / 2, t + h / 2)
            v, w = v + h * c, w + h * d
            if v >= 9.0:
                v = 0.0
            vs.append(v)
        """,
    )
    assert found.scheme.key == "midpoint"
    assert not found.faults


def test_neurons_that_take_one_array_or_another_have_an_input_each(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        import numpy as np
        N, dt = 6, 0.25
        amps, v, u = np.linspace(7.0, 12.0, N), -65.0 * np.ones(N), -13.0 * np.ones(N)
        fired, vs = [], np.zeros((900, N))
        for k in range(900):
            t = k * dt
            I = amps if t >= 30.0 else np.zeros(N)
            over = np.where(v >= 30.0)[0]
            for j in over:
                fired.append((t, j))
            v[over], u[over] = -65.0, u[over] + 8.0
            v = v + dt * (0.04 * v**2 + 5 * v + 140 - u + I)
            u = u + dt * 0.02 * (0.2 * v - u)
            vs[k] = v
        for j in range(N):
            print(j, amps[j], sum(one == j for _, one in fired))
        """,
    )
    assert found.record.side == "0"
    assert not found.faults
    assert found.model is not None
    assert [found.model.stimulus(t) for t in (20.0, 40.0)] == pytest.approx([0.0, 7.0])


def test_what_steps_begin_to_read_late_is_a_state_all_the_same(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        cell = {"v": -70.0, "w": 0.0, "until": -1.0}
        dt, vs = 0.1, []
        def fire(t):
            cell["v"], cell["until"] = -70.0, t + 2.0
        for k in range(1400):
            t = k * dt
            u = 25.0 if t >= 60.0 else 0.0
            cell["w"] += dt * (0.1 * u - cell["w"]) / 30.0
            if t > cell["until"] + 1e-6:
                cell["v"] += dt * (-70.0 - cell["v"] + u - cell["w"]) / 12.0
            if cell["v"] >= -52.0:
                fire(t)
            vs.append(cell["v"])
        """,
    )
    assert found.maps.hold.way == "clock"
    assert set(found.maps.hold.steps) == {20}


def test_schemes_of_states_apart_go_by_the_name_of_both(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        dt, v, th, vs = 0.1, -70.0, -52.0, []
        for k in range(1500):
            dv, dth = (-70.0 - v + 26.0) / 12.0, (-52.0 - th) / 40.0
            v, th = v + dt * (-70.0 - v - dt * dv / 2 + 26.0) / 12.0, th + dt * (-52.0 - th - dt * dth / 2) / 40.0
            if v >= th:
                v, th = -70.0, th + 4.0
            vs.append(v)
        """,
    )
    assert found.scheme.key == "midpoint"


@pytest.mark.parametrize(
    ("begin", "read", "end"),
    [
        ("t = [0.0]", "t[-1]", "t.append((k + 1) * dt)"),
        ("t = [0.0]", "t[k]", "t.append((k + 1) * dt)"),
        ("t = 0.0", "t", "t = (k + 1) * dt"),
    ],
)
def test_a_time_that_a_step_ends_with_switches_the_input(
    tmp_path: Path, begin: str, read: str, end: str
) -> None:
    found = taken(
        tmp_path,
        f"""
        def current(time):
            if time < 20:
                return 0
            return 10.0
        dt, v, u, vs = 0.2, -65.0, -13.0, []
        {begin}
        for k in range(700):
            I = current({read})
            v, u = v + dt * (0.04 * v**2 + 5 * v + 140 - u + I), u + dt * 0.02 * (0.2 * v - u)
            if v >= 30:
                v, u = -50.0, u + 2.0
            vs.append(v)
            {end}
        """,
    )
    assert found.model is not None
    assert [found.model.stimulus(at) for at in (19.9, 20.1, 100.0)] == pytest.approx([0.0, 10.0, 10.0])
    assert not found.faults


@pytest.mark.parametrize(
    "loop",
    [
        "for k in range(900):\n    v = next(cell)\n    vs.append(v)",
        "for k, v in zip(range(900), cell):\n    vs.append(v)",
    ],
)
def test_what_a_generator_is_given_is_a_parameter(tmp_path: Path, loop: str) -> None:
    text = """
def steps(drive, tau=12.0):
    v, left = -66.0, 0.0
    while True:
        if left > 0.0:
            left = left - dt
        else:
            v = v + dt * (-66.0 - v + drive) / tau
            if v > -50.0:
                v, left = -66.0, 2.0
        yield v
dt, vs = 0.1, []
cell = steps(22.0)
"""
    found = taken(tmp_path, text + loop + "\n")
    assert set(found.maps.moving) == {"v"}
    assert found.record.parameter_values["drive"] == 22.0
    assert found.spike_times.size > 2
    assert not found.faults
