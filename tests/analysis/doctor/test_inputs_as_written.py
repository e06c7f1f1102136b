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
        loop=1,
    )
    assert found.record.states == ("v",)
    assert found.record.input == "g"
    assert equations(found) == {"dv/dt": "1/C*(-(leak*(v - rest)) - g*v)"}
    assert found.spike_times.size
    assert not found.faults
