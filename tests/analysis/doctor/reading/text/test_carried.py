"""Statements that are alike but for the state that they move."""

from pathlib import Path

import pytest

from natrium.analysis.doctor.reading.text.carried import carried_from_another
from tests.analysis.doctor.written import taken

ALIKE = {
    "calls": """
        for x in stim:
            m = step_m(m, v)
            h = step_h(h, v)
            n = step_n(n, v)
        """,
    "elements": """
        for i in range(N):
            m[i + 1] = m[i] + dt * (alpha_m(V[i]) * (1 - m[i]) - beta_m(V[i]) * m[i])
            h[i + 1] = h[i] + dt * (alpha_h(V[i]) * (1 - h[i]) - beta_h(V[i]) * h[i])
            n[i + 1] = n[i] + dt * (alpha_n(V[i]) * (1 - n[i]) - beta_n(V[i]) * n[i])
        """,
    "fields": """
        def step(self, dt):
            self.m = self.m + dt * (self.am(self.v) * (1 - self.m) - self.bm(self.v) * self.m)
            self.h = self.h + dt * (self.ah(self.v) * (1 - self.h) - self.bh(self.v) * self.h)
            self.n = self.n + dt * (self.an(self.v) * (1 - self.n) - self.bn(self.v) * self.n)
        """,
    "slopes": """
        def slopes(v, m, h, n):
            dmdt = (m_inf(v) - m) / tau_m(v)
            dhdt = (h_inf(v) - h) / tau_h(v)
            dndt = (n_inf(v) - n) / tau_n(v)
        """,
}
OTHERS = {
    "calls": ("step_h(h, v)", "step_h(m, v)"),
    "elements": ("beta_h(V[i]) * h[i]", "beta_h(V[i]) * n[i]"),
    "fields": ("self.h + dt", "self.m + dt"),
    "slopes": ("- h)", "- n)"),
}


def lines(text: str) -> list[int]:
    return [one.line for one in carried_from_another(text.splitlines(), 3)]


def dedented(text: str) -> str:
    return text.replace("\n        ", "\n")


@pytest.mark.parametrize("style", ALIKE)
def test_a_state_that_takes_anothers_value_is_told(style: str) -> None:
    text = dedented(ALIKE[style])
    assert lines(text) == []
    assert lines(text.replace(*OTHERS[style])) == [4]


@pytest.mark.parametrize(
    "text",
    [
        "\nfor x in u:\n    a = a + k * (x - a)\n    b = b + k * (a - b)\n    c = c + k * (b - c)\n",
        "\nfor x in u:\n    c = f(b, x)\n    b = f(a, x)\n    a = f(x, x)\n",
        "\nfor x in u:\n    i_na = g_na * (v - e_na)\n    i_k = g_k * (v - e_k)\n    i_l = g_l * (v - e_k)\n",
    ],
    ids=["filters in a row", "a delay line", "currents of two ions"],
)
def test_states_that_hang_on_each_other_are_no_slip(text: str) -> None:
    assert lines(text) == []


def test_a_gate_that_no_step_reads_is_told_in_a_run(tmp_path: Path) -> None:
    (fault,) = taken(tmp_path, """
        import math
        dt, v, m, h, n, vs = 0.02, -65.0, 0.05, 0.6, 0.32, []
        def gate(x, target, tau):
            return target + (x - target) * math.exp(-dt / tau)
        def curve(v, at, by):
            return 1.0 / (1.0 + math.exp((at - v) / by))
        for k in range(400):
            m = gate(m, curve(v, -40.0, 9.0), 0.3)
            h = gate(m, curve(v, -62.0, -7.0), 4.0)
            n = gate(n, curve(v, -53.0, 15.0), 4.0)
            v = v + dt * (120 * m**3 * h * (50 - v) + 36 * n**4 * (-77 - v) + 0.3 * (-54.4 - v) + 10.0)
            vs.append(v)
        """).faults  # fmt: skip
    assert (fault.key, fault.line) == ("not-carried-on", 10)
