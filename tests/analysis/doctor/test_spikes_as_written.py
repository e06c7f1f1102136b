"""Ways of writing a threshold, a reset and what is held, each as small as it comes."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from natrium.analysis.doctor import script
from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.trace import trace_script
from natrium.model import HybridNeuron, Model, Simulation, Step
from tests.analysis.doctor.written import equations, taken


def test_events_of_solve_ivp_are_a_threshold_and_what_it_goes_on_from_a_reset(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        from scipy.integrate import solve_ivp
        tau, EL, Vth, Vr, tref, b, tw = 20.0, -65.0, -50.0, -68.0, 3.0, 0.8, 80.0
        def rhs(t, y, I):
            V, w = y
            return [(EL - V - w + I) / tau, -w / tw]
        def crossing(t, y, I):
            return y[0] - Vth
        crossing.terminal = True
        crossing.direction = 1
        t, y, ts = 0.0, [EL, 0.0], []
        while t < 120:
            sol = solve_ivp(rhs, [t, 120], y, events=[crossing], args=(22.0,), max_step=1.0)
            ts.extend(sol.t)
            if len(sol.t_events[0]) == 0:
                break
            t = sol.t[-1] + tref
            y = [Vr, sol.y[1, -1] + b]
        """,
    )
    assert found.spike_times == pytest.approx([22.9026, 52.7954, 83.8043, 115.6333], abs=2e-3)
    assert found.model is not None
    neuron = found.model.neuron
    assert (neuron.v_thresh, neuron.tau_ref) == (-50.0, 3.0)
    assert [one.key for one in found.findings] == ["solve_ivp RK45"]


def test_a_term_that_is_bounded_is_no_threshold(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        import numpy as np
        v, dt, kept = -70.0, 0.1, []
        for i in range(300):
            steep = 60 * np.exp((v + 50) / 2)
            if steep > 1e6:
                steep = 1e6
            v = v + dt * (-30 * (v + 70) + steep + 700) / 281
            if v >= 20:
                v = -65.0
            kept.append(v)
        """,
    )
    assert found.maps.threshold is not None
    assert found.maps.threshold.level.value == 20.0


def test_a_loop_that_jumps_over_what_it_holds_is_not_told_to_hold_nothing(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        import numpy as np
        dt, t_ref, N = 0.1, 2.0, 500
        V, i = np.zeros(N), 1
        waits = int(t_ref / dt)
        while i < N:
            V[i] = V[i - 1] + dt * (-V[i - 1] + 20) / 10
            if V[i] >= 15:
                V[i:i + waits] = 0.0
                i += waits
            else:
                i += 1
        """,
    )
    assert not found.faults


def test_a_new_voltage_is_held_against_the_new_value_of_a_threshold_that_moves(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        v, theta, dt = -70.0, -50.0, 0.1
        kept = []
        for k in range(600):
            dv = (-(v + 70) + 30.0) / 10
            dtheta = (-50 - theta + 0.01 * (v + 70)) / 100
            v_next, theta_next = v + dv * dt, theta + dtheta * dt
            if v_next > theta_next:
                v_next, theta_next = -70.0, theta_next + 2.0
            v, theta = v_next, theta_next
            kept.append(v)
        """,
    )
    assert len(found.spike_times) == 4
    assert found.model is not None


def test_a_truth_made_a_number_is_the_comparison_that_it_was(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        import numpy as np
        dt, v, kept = 0.1, np.array(0.0), []
        for k in range(300):
            v_next = v + dt * (-v + 1.5) / 5
            spike = (v_next >= 1.0).astype(float)
            v = np.where(spike > 0, 0.0, v_next)
            kept.append(v)
        """,
    )
    assert found.maps.threshold is not None
    assert len(found.spike_times) == 5


def test_a_first_turn_that_sets_v_to_where_it_starts_is_no_step(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        import numpy as np
        reset, dt = 0.0, 0.05
        time = np.arange(0, 20, dt)
        V = np.zeros(time.size)
        for i, t in enumerate(time):
            if t > 0:
                V[i] = V[i - 1] + dt * (reset - V[i - 1] + 12 * (t > 5)) / 5
            else:
                V[i] = reset
        """,
    )
    assert found.label == "end"


@pytest.mark.parametrize("made", ["v > -55", "(np.maximum(v, -90.0) > -55).astype(float)"])
def test_a_comparison_that_is_reckoned_with_is_a_choice(tmp_path: Path, made: str) -> None:
    found = taken(
        tmp_path,
        f"""
        import numpy as np
        dt, tau, E, v, kept = 0.1, 10, -65, -65, np.array([])
        for t in range(500):
            s = {made}
            v = s * E + (1 - s) * (v - dt / tau * ((v - E) - 12))
            kept = np.append(kept, v)
        """,
    )
    assert found.scheme.key == "euler"
    assert found.maps.threshold is not None
    assert len(found.spike_times) == 2
    assert not found.faults


MASKED = """
    import numpy as np
    N, dt, tau, rest, theta, dead = {n}, 0.1, 10.0, -70.0, -55.0, 2.0
    I = np.linspace({low}, 90.0, N)
    v, last = np.full(N, rest), np.full(N, -np.inf)
    for k in range(60):
        t = k * dt
        waits = (t - last) <= dead
        dv = np.where(waits, 0, (-(v - rest) + I) / tau)
        v += dv * dt
        fired = (v >= theta) & ~waits
        v[fired] = rest
        last[fired] = t
"""


@pytest.mark.parametrize(("n", "low"), [(2, 80.0), (20, 0.0)])
def test_masks_joined_by_and_are_choices_and_an_end_speaks_for_many(
    tmp_path: Path, n: int, low: float
) -> None:
    found = taken(tmp_path, MASKED.format(n=n, low=low))
    assert found.maps.threshold is not None
    assert found.spike_times.size
    assert (found.maps.hold.way, found.maps.hold.still) == ("clock", (found.maps.V,))
    assert not found.faults


def test_a_spike_located_inside_its_step_is_a_reset(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        """
        dt, tau, rest, theta, after = 0.1, 10.0, -70.0, -55.0, -72.0
        v, vs = rest, []
        for k in range(300):
            new = v + dt * (rest - v + 25.0) / tau
            if new >= theta:
                part = (theta - v) / (new - v)
                new = after + (1.0 - part) * dt * (rest - after + 25.0) / tau
            v = new
            vs.append(v)
        """,
    )
    assert found.maps.resets[found.maps.V].value == -72.0
    assert "located" in {one.key for one in found.findings}
    assert not found.faults


def test_a_claim_whose_spike_moves_nothing_asks_for_no_comparison(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(
        textwrap.dedent(
            """
            x, y, h, xs = -1.2, -0.62, 0.1, []
            for k in range(200):
                I = 0.5 if k >= 20 else 0.0
                x, y = x + h * (x - x**3 / 3 - y + I), y + h * 0.08 * (x + 0.7 - 0.8 * y)
                xs.append(x)
            """
        )
    )
    claim = Model(
        neuron=HybridNeuron(
            equations={"V": "V - V**3/3 - w + I", "w": "0.08*(V + 0.7 - 0.8*w)"},
            initial={"V": -1.2, "w": -0.62},
            v_thresh=0.0,
        ),
        stimulus=Step(0.5, start=2.0),
        simulation=Simulation(t_end=20.0, dt=0.1),
    )
    assert read(script.traced(path, claim=claim), "x", claim, solve=False).faults == ()


@pytest.mark.parametrize(
    ("jump", "set_to"),
    [
        ("k = min(k + dead, n)", "E"),
        ("stop = min(k + dead, n)\n                k = stop", "E"),
        ("k += dead", "V[k]"),
    ],
)
def test_what_an_index_jumps_over_after_a_spike_is_held(tmp_path: Path, jump: str, set_to: str) -> None:
    found = taken(
        tmp_path,
        f"""
        import numpy as np
        dt, tau, E, top, t_ref = 0.1, 12.0, -70.0, -54.0, 3.0
        I = np.where(np.arange(1500) < 200, 4.0, 22.0)
        n, dead, k = len(I), round(t_ref / dt), 0
        V = np.full(n + 60, E)
        spikes = []
        while k < n:
            V[k + 1] = V[k] + dt * (E - V[k] + I[k]) / tau
            k += 1
            if V[k] >= top:
                V[k] = E
                spikes.append(k * dt)
                V[k + 1:k + dead + 1] = {set_to}
                {jump}
        """,
    )
    assert found.spike_times.size > 3
    assert set(found.maps.hold.steps) == {30}
    assert found.data()["rules"]["refractory"]["nominal_ms"] == pytest.approx(3.0)
    assert found.model is not None
    assert [found.model.stimulus(t) for t in (19.9, 20.1)] == pytest.approx([4.0, 22.0])
    assert not found.faults


@pytest.mark.parametrize("loop", [0, 1])
def test_of_two_loops_one_may_jump(tmp_path: Path, loop: int) -> None:
    """Which of them jumps, the first or the last, changes nothing."""
    jumping = """
        k, V = 1, np.full(1200, -72.0)
        while k < 1200:
            if V[k - 1] > top:
                for m in range(wait):
                    if k + m < 1200:
                        V[k + m] = -72.0
                k = k + wait
            else:
                V[k] = V[k - 1] + dt * (-72.0 - V[k - 1] + 25.0) / 9.0
                k = k + 1
    """
    plain = """
        x, ws = np.zeros((2, 1200)), []
        x[:, 0] = np.array([-1.0, 1.0])
        for j in range(1, 1200):
            x[:, j] = x[:, j - 1] + 0.05 * np.array(
                [x[0, j - 1] - x[0, j - 1]**3 / 3 - x[1, j - 1] + 0.5,
                 0.08 * (x[0, j - 1] + 0.7 - 0.8 * x[1, j - 1])])
    """
    begin = """
        import numpy as np
        dt, top, wait = 0.1, -54.0, 25
    """
    parts = [jumping, plain] if loop == 0 else [plain, jumping]
    found = taken(tmp_path, "".join(textwrap.dedent(one) for one in (begin, *parts)), loop)
    assert equations(found) == {"dV/dt": "(-72 - V + 25)/9"}
    assert set(found.maps.hold.steps) == {24}
    assert found.spike_times.size > 3
    assert not found.faults


def test_crossings_of_what_scipy_integrates_are_held_against_a_claims(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(
        "import numpy as np\n"
        "from scipy.integrate import solve_ivp\n"
        "f = lambda t, y: [y[0] - y[0]**3/3 - y[1] + 0.5, 0.08*(y[0] + 0.7 - 0.8*y[1])]\n"
        "t = np.linspace(0, 120, 1201)\n"
        "sol = solve_ivp(f, (0, 120), [-1.0, 1.0], t_eval=t)\n"
    )
    neuron = HybridNeuron(
        equations={"V": "V - V**3/3 - w + 0.5", "w": "0.08*(V + 0.7 - 0.8*w)"},
        initial={"V": -1.0, "w": 1.0}, v_thresh=1.0,
    )  # fmt: skip
    claim = Model(neuron=neuron, simulation=Simulation(t_end=120.0, dt=0.1))
    found = read(trace_script(path), claim=claim)
    assert found.spike_times.size == found.truth.spike_times.size > 1
    assert found.is_explained
