"""Flags of one step that the next reckons with."""

from pathlib import Path

import pytest

from tests.analysis.doctor.written import equations, taken

RESETS = {
    "the state is masked wherever it is read": """
        V[i + 1] = V[i] * (1 - S[i]) + dt * (I - V[i] * (1 - S[i])) / tau
        S[i + 1] = 1 if V[i + 1] >= 15.0 else 0
        """,
    "one term of the exact update is masked": """
        V[i + 1] = decay * V[i] * (1 - S[i]) + (1 - decay) * I
        S[i + 1] = V[i + 1] > 15.0
        """,
    "the whole step is masked": """
        V[i + 1] = (V[i] + dt * (I - V[i]) / tau) * (1 - S[i])
        S[i + 1] = V[i + 1] > 15.0
        """,
    "the reset is added where the flag stands": """
        v = V[i] * (1 - S[i]) + reset * S[i]
        V[i + 1] = v + dt * (I - v) / tau
        S[i + 1] = float(V[i + 1] > 15.0)
        """,
    "the flag takes the threshold away": """
        V[i + 1] = V[i] + dt * (I - V[i]) / tau - 15.0 * S[i]
        S[i + 1] = V[i + 1] > 15.0
        """,
    "the flag is asked for": """
        v = reset if S[i] == 1 else V[i]
        V[i + 1] = v + dt * (I - v) / tau
        if V[i + 1] > 15.0:
            S[i + 1] = 1
        """,
}
START = """
import numpy as np
dt, tau, I, reset = 0.1, 10.0, 20.0, -5.0
decay = np.exp(-dt / tau)
V, S = np.zeros(1200), np.zeros(1200)
for i in range(1199):"""


@pytest.mark.parametrize("body", RESETS.values(), ids=list(RESETS))
def test_a_flag_resets_at_the_next_step(tmp_path: Path, body: str) -> None:
    found = taken(tmp_path, START + _indented(body))
    assert not found.faults
    assert list(equations(found)) == ["dV/dt"]
    assert found.scheme.key != "other"
    assert found.maps.threshold is not None
    assert found.maps.spikes.size > 5


def _indented(body: str) -> str:
    return body.replace("\n        ", "\n    ")


def test_what_lacks_dt_beside_a_flag_is_told(tmp_path: Path) -> None:
    (fault,) = taken(tmp_path, """
        dt, v, w, s, at = 0.1, 0.0, 0.0, 0.0, []
        for i in range(1200):
            v = v * (1 - s) - 5.0 * s
            v = v + (20.0 - v - w) / 10.0
            w = w + dt * (0.2 * v - w) / 50.0
            s = float(v > 15.0)
            at.append(i * dt)
        """).faults  # fmt: skip
    assert (fault.key, fault.line) == ("dt-missing", 5)


def test_a_flag_that_counts_alone_resets_nothing(tmp_path: Path) -> None:
    found = taken(tmp_path, """
        dt, V, above, count = 0.05, -1.0, False, 0
        w = -0.5
        for k in range(4000):
            V, w = V + dt * (V - V**3 / 3 - w + 0.5), w + dt * 0.08 * (V + 0.7 - 0.8 * w)
            now = V > 1.0
            if now and not above:
                count += 1
            above = now
        print(count)
        """)  # fmt: skip
    assert not found.faults
    assert found.maps.threshold is None
    assert list(equations(found)) == ["dV/dt", "dw/dt"]


def test_a_channel_that_opens_by_chance_divides_no_steps(tmp_path: Path) -> None:
    found = taken(tmp_path, """
        import numpy as np
        rng = np.random.default_rng(2)
        dt, V, is_open = 0.1, -65.0, 0.0
        for k in range(800):
            V = V + dt * (-(V + 65.0) - 0.5 * is_open * V) / 10.0
            p = 0.02 if is_open == 0.0 else 0.9
            is_open = 1.0 if rng.random() < p else 0.0
        """)  # fmt: skip
    assert found.maps.threshold is None
    assert not any(one.line == 6 for one in found.faults)
