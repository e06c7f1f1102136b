"""Ways of writing that public scripts have, each as small as it comes."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from natrium.analysis.doctor.reading import script
from natrium.analysis.doctor.reading.verdict import Reading, read


def taken(folder: Path, text: str) -> Reading:
    """Read a script, without solving its model; that every sample is explained is asserted."""
    path = folder / "script.py"
    path.write_text(textwrap.dedent(text))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(script, "read", lambda *args: read(*args, solve=False))
        found = script.read_script(path)[0]
    assert found.replay.off == -1, found.replay.why
    return found


def equations(found: Reading) -> dict[str, Any]:
    return dict(found.data()["equations"])


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
