"""Ways of writing that public scripts have, each as small as it comes."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import pytest

from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.trace import trace_script
from tests.analysis.doctor.written import equations, taken


def test_an_input_that_the_loop_switches_off_in_its_array_is_an_input(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        import numpy as np
        dt, N = 0.1, 600
        V = np.zeros(N); V[0] = -70
        I = 80.0 * np.ones(N)
        for t in range(N - 1):
            if t > 300:
                I[t] = 0
            V[t + 1] = (dt / 15) * (-(V[t] + 72) + I[t] / 4) + V[t]
            if V[t + 1] > -55:
                V[t + 1] = -75
        """,
    )
    assert "I/4" in equations(found)["dV/dt"]
    assert not found.faults
    assert found.model is not None
    assert found.model.stimulus(29.0, strict=True) > 0.0 == found.model.stimulus(31.0, strict=True)


def test_a_right_hand_side_that_branches_on_time_is_one_equation_with_an_input(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        import numpy as np
        from scipy.integrate import odeint
        def drive(t):
            if 2.0 < t < 3.0:
                return 12.0
            elif 10.0 < t < 10.1:
                return 50.0
            return 0.0
        def rhs(y, t):
            return [(drive(t) - y[0]) / 5.0, (y[0] - y[1]) / 20.0]
        t = np.linspace(0, 40, 900)
        y = odeint(rhs, [0.0, 0.0], t, hmax=0.05)
        """,
    )
    assert found.model is not None
    values = [found.model.stimulus(at, strict=True) for at in (1.0, 2.5, 5.0, 10.05, 11.0)]
    assert values == pytest.approx([0.0, 12.0, 0.0, 50.0, 0.0])


def test_the_step_is_what_nothing_moves_without_not_what_is_called_so(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        import numpy as np
        delta_t, C, tau = 2.0, 10.0, 0.05
        V, w, kept = -70.0, 0.0, []
        for k in range(800):
            dV = (-(V + 70) + delta_t * np.exp((V + 50) / delta_t) - w + 30) / C
            dw = (0.1 * (V + 70) - w) / 100
            V, w = V + tau * dV, w + tau * dw
            if V > 0:
                V, w = -60.0, w + 5
            kept.append(V)
        """,
    )
    assert found.maps.dt == "tau"
    assert found.scheme.key == "euler"
    assert not found.faults


@pytest.mark.parametrize("made", ["h * flow(y)", "np.multiply(dt, flow(y))"])
def test_numbers_times_tuples_of_arrays_without_axes_are_followed(tmp_path: Path, made: str) -> None:
    found = taken(
        tmp_path,
        f"""
        import numpy as np
        dt = 0.1
        h = np.array(dt)
        def flow(y):
            a = (-(y[0] + 65) - y[1] + 30.0) / 10
            return np.array(a), -y[1] / 50
        y, V = np.array([-65.0, 0.0]), []
        for i in range(400):
            y = y + {made}
            if y[0] > -50:
                y[0] = -65
                y[1] += 2
            V.append(y[0])
        """,
    )
    assert equations(found)["dy[1]/dt"] == "-y[1]/50"
    assert len(found.spike_times) == 4


def test_times_are_milliseconds_where_gates_take_some_and_no_leak_tells(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        import numpy as np
        dt, v, n, kept = 0.001, 0.0, 0.3, []
        for k in range(400):
            rise = 0.01 * (10 - v) / (np.exp((10 - v) / 10) - 1)
            dn = rise * (1 - n) - 0.125 * np.exp(-v / 80) * n
            v, n = v + dt * (-36 * n**4 * (v + 12) + 8), n + dt * dn
            kept.append(v)
        """,
    )
    assert (found.meant.units.ms, found.meant.units.mV) == (1.0, 1.0)


def test_a_class_is_made_of_numbers_that_its_own_start_and_letters_call_for(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        class Cell:
            def __init__(self, a, b, c, d, v_init=-65.0):
                self.a, self.b, self.c, self.d, self.v, self.u = a, b, c, d, v_init, -13.0
            def update(self, I, dt):
                dv = 0.04 * self.v**2 + 5 * self.v + 140 - self.u + I
                du = self.a * (self.b * self.v - self.u)
                self.v += dv * dt
                self.u += du * dt
                if self.v >= 30:
                    self.v, self.u = self.c, self.u + self.d
        """,
    )
    assert found.maps.record.parameter_values["c"] == -65.0
    assert found.spike_times.size


def test_a_file_that_makes_a_cell_and_does_not_step_it_is_its_class(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        class Cell:
            def __init__(self, tau, v_th, v_init=0.0):
                self.tau, self.v_th, self.v = tau, v_th, v_init
            def update(self, I, dt):
                self.v += dt * (-self.v + I) / self.tau
                if self.v >= self.v_th:
                    self.v = 0.0
        cell = Cell(10.0, 1.0)
        cell.update(3.0, 0.1)
        """,
    )
    assert np.all(np.diff(found.spike_times) > 0)
    assert found.maps.threshold is not None
    assert found.maps.threshold.level.value == 15.0


def test_what_a_star_import_puts_in_the_place_of_a_builtin_is_called(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        from numpy import *
        dt, V, kept = 0.1, zeros(3), []
        for k in range(300):
            pull = sum(ones((3, 2)), 1)
            V = V + dt * (pull - V) / 5
            V[V > 1.5] = 0
            kept.append(V[0])
        """,
    )
    assert len(found.spike_times) == 4


def test_the_state_of_a_run_that_is_long_is_no_list_of_its_course(tmp_path: Path) -> None:
    text = """
        import numpy as np
        x, dt, kept = np.array([0.0, 0.0]), 0.1, []
        for k in range(3000):
            x += dt * np.array([(1.5 - x[0]) / 5, (x[0] - x[1]) / 9])
            kept.append(x[0])
        """
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(text))
    found = trace_script(path, max_operations=9000)
    assert not found.whole
    assert not found.fallback


HH = """
from math import exp
v, m, h, n, dt, kept = -65.0, 0.05, 0.6, 0.32, 0.01, []
for k in range(300):
    am = 0.1 * (v + 40) / (1 - exp(-(v + 40) / 10))
    bm = 4 * exp(-0.0556 * (v + 65))
    ah = 0.07 * exp(-(v + 65) / 20)
    bh = 1 / (1 + exp(-(v + 35) / 10))
    an = 0.01 * (v + 55) / (1 - exp(-(v + 55) / 10))
    bn = 0.125 * exp(-(v + 65) / 80)
    dv = 10 - 120 * m**3 * h * (v - 50) - 36 * n**4 * (v + 77) - 0.3 * (v + 54.4)
    dm, dh, dn = am * (1 - m) - bm * m, ah * (1 - h) - bh * h, an * (1 - n) - bn * n
    v, m, h, n = v + dt * dv, m + dt * dm, h + dt * dh, n + dt * dn
    kept.append(v)
"""


@pytest.mark.parametrize(
    ("stands", "put", "line"),
    [
        ("exp(-(v + 65) / 80)", "exp((v + 65) / 80)", 10),
        ("bh = 1 / (1 + exp(-(v + 35) / 10))", "bh = 1 / (1 + exp(-(v + 35) / 30))", 8),
        ("0.0556", "0.056", 0),
    ],
)
@pytest.mark.parametrize(
    "flow", ["a{0} * (1 - {0}) - b{0} * {0}", "(a{0} / (a{0} + b{0}) - {0}) / (1 / (a{0} + b{0}))",
             "(a{0} / (b{0} + a{0}) - {0}) * (b{0} + a{0})"],
)  # fmt: skip
def test_one_rate_that_is_not_hodgkin_and_huxleys_is_noted(
    tmp_path: Path, stands: str, put: str, line: int, flow: str
) -> None:
    text = HH
    for gate in "mhn":
        text = text.replace(f"a{gate} * (1 - {gate}) - b{gate} * {gate}", flow.format(gate))
    found = taken(tmp_path, text.replace(stands, put))
    noted = [one.line for one in found.findings if one.key == "published-rate"]
    assert noted == ([line] if line else [])
    assert not found.faults


def test_a_long_train_of_default_tolerances_is_made_again_by_the_same_solver(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        from scipy.integrate import solve_ivp
        def rhs(t, y):
            x, w, z = y
            return [w - x**3 + 3 * x**2 - z + 3.25, 1 - 5 * x**2 - w, 0.005 * (4 * (x + 1.6) - z)]
        sol = solve_ivp(rhs, [0, 150], [-1, -5, 2])
        """,
    )
    assert found.scheme.key == "solve_ivp RK45"


def test_a_step_that_is_computed_is_the_step(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        import numpy as np
        t0, tf, N = 0, 40, 400
        length = (tf - t0) / N
        U = np.zeros((2, N))
        def flow(U):
            return np.array([U[0] - U[0]**3 / 3 - U[1] + 0.5, 0.08 * (U[0] + 0.7 - 0.8 * U[1])])
        for k in range(1, N):
            U[:, k] = U[:, k - 1] + length * flow(U[:, k - 1])
        """,
    )
    assert (found.maps.dt, found.maps.step) == ("length", 0.1)


BARE = """
def make():
    V = -65.0
    def update(dt, current):
        nonlocal V
        V += dt * (-(V + 65) + current) / 10
        fired = V >= -50
        if fired:
            V = -65.0
        return fired
    return update

V = -65.0
def update(dt, current):
    global V
    V += dt * (-(V + 65) + current) / 10
    fired = V >= -50
    if fired:
        V = -65.0
    return fired
"""


@pytest.mark.parametrize("name", ["make", "update"])
def test_a_bare_function_that_steps_is_stepped(tmp_path: Path, name: str) -> None:
    path = tmp_path / "script.py"
    path.write_text(BARE)
    record = trace_script(path, name)
    assert not record.fallback
    found = read(record, solve=False)
    assert found.replay.off == -1
    assert found.scheme.key == "euler"
    assert found.spike_times.size


def test_an_array_of_states_may_hold_its_time(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        import numpy as np
        def drive(t):
            return 90.0 if t >= 2.0 else 0.0
        def flow(y):
            v, w, t = y
            return np.array([(-(v + 70.0) - w + drive(t)) / 10.0, (0.5 * (v + 70.0) - w) / 100.0, 1.0])
        dt, y, vs = 0.1, np.array([-70.0, 0.0, 0.0]), []
        while y[2] < 6.0:
            k1 = flow(y)
            k2 = flow(y + dt * k1)
            y = y + dt * (k1 + k2) / 2
            if y[0] >= -55.0:
                y[0] = -70.0
            vs.append(y[0])
        """,
    )
    assert found.scheme.key == "heun"
    assert set(equations(found)) == {"dv/dt", "dw/dt"}
    assert not found.faults


def test_the_step_may_be_what_one_time_is_later_than_another(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        import numpy as np
        def flow(t, y, I):
            return np.array([(-y[0] + I(t)) / 20.0, (0.1 * y[0] - y[1]) / 50.0])
        def midpoint(flow, start, t, I):
            y = np.zeros((len(t), 2))
            y[0] = start
            for i in range(len(t) - 1):
                h = t[i + 1] - t[i]
                half = y[i] + h / 2 * flow(t[i], y[i], I)
                y[i + 1] = y[i] + h * flow(t[i] + h / 2, half, I)
            return y
        t = np.arange(0, 10, 0.2)
        y = midpoint(flow, [-5.0, 0.0], t, lambda s: 10.0 if s >= 5 else 0.0)
        """,
    )
    assert found.scheme.key == "midpoint"
    assert equations(found)["dy[0]/dt"] == "(-y[0] + I)/20"


def test_what_a_function_is_given_each_time_alike_is_no_input_and_an_idle_clip_no_part(
    tmp_path: Path,
) -> None:
    found = taken(
        tmp_path,
        """
        import math
        def relax(x, goal, y):
            return (goal - x) / y
        dt, top, V, w, kept = 0.1, 0.0, -70.0, 0.0, []
        for k in range(150):
            drive = 25.0 if k >= 20 else 0.0
            rise = 2.0 * math.exp((min(V, top) + 40.0) / 2.0)
            V, w = V + dt * (relax(V, -70.0, 10.0) + rise + (drive - w) / 10.0), w + dt * relax(w, 0.0, 50.0)
            if V > -30.0:
                V, w = -72.0, w + 1.0
            kept.append(V)
        """,
    )
    assert found.maps.record.input == "drive"
    assert "min" not in equations(found)["dV/dt"]
    assert not found.faults
