"""Schemes written by hand, each proven to be what it is."""

import textwrap

import pytest

from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced

HEAD = """
import math
tau, rest, level, dt = 10.0, -70.0, -50.0, 0.1
V, w = rest, 0.0
def f(V, w):
    return (rest - V - w + 30.0) / tau
def g(V, w):
    return (0.5 * (V - rest) - w) / 80.0
for k in range(120):
"""
TAIL = """
    if V >= level:
        V = rest
        w = w + 2.0
"""
STEPS = {
    "euler": "a, b = f(V, w), g(V, w)\nV, w = V + dt*a, w + dt*b",
    "sequential-euler": "w = w + dt*g(V, w)\nV = V + dt*f(V, w)",
    "exponential-euler": (
        "a, b = rest - w + 30.0, 0.5*(V - rest)\n"
        "V = a + (V - a)*math.exp(-dt/tau)\nw = b + (w - b)*math.exp(-dt/80.0)"
    ),
    "exponential-V-parallel": (
        "a, b = rest - w + 30.0, g(V, w)\nV = a + (V - a)*math.exp(-dt/tau)\nw = w + dt*b"
    ),
    "semi-implicit": "a = f(V, w)\nw = (w + dt*0.5*(V - rest)/80.0)/(1 + dt/80.0)\nV = V + dt*a",
    "midpoint": ("a, b = V + 0.5*dt*f(V, w), w + 0.5*dt*g(V, w)\nV, w = V + dt*f(a, b), w + dt*g(a, b)"),
    "heun": (
        "a, b = f(V, w), g(V, w)\nc, d = f(V + dt*a, w + dt*b), g(V + dt*a, w + dt*b)\n"
        "V, w = V + dt*(a + c)/2, w + dt*(b + d)/2"
    ),
    "rk4": (
        "a, b = f(V, w), g(V, w)\n"
        "c, d = f(V + dt/2*a, w + dt/2*b), g(V + dt/2*a, w + dt/2*b)\n"
        "p, q = f(V + dt/2*c, w + dt/2*d), g(V + dt/2*c, w + dt/2*d)\n"
        "r, s = f(V + dt*p, w + dt*q), g(V + dt*p, w + dt*q)\n"
        "V, w = V + dt/6*(a + 2*c + 2*p + r), w + dt/6*(b + 2*d + 2*q + s)"
    ),
    "mixed": "V = V + dt/2*f(V, w)\nV = V + dt/2*f(V, w)\nw = w + dt*g(V, w)",
}


def stepped(folder, body):
    text = HEAD + "".join(f"    {line}\n" for line in body.splitlines()) + TAIL
    (folder / "script.py").write_text(text, encoding="utf-8")
    return read(traced(folder / "script.py"), solve=False)


@pytest.mark.parametrize("key", STEPS)
def test_a_scheme_is_proven(tmp_path, key):
    reading = stepped(tmp_path, STEPS[key])
    assert reading.scheme.key == key
    assert reading.scheme.largest <= 1e-13
    assert reading.replay.off == -1
    assert reading.faults == ()


def test_the_order_of_a_sequence_is_told(tmp_path):
    reading = stepped(tmp_path, "V = V + dt*f(V, w)\nw = w + dt*g(V, w)")
    assert reading.scheme.new == {"V": (), "w": ("V",)}
    assert "V, w" in reading.scheme.words


SYNAPSE = """
import math
tau, slow, rest, level, dt = 15.0, 4.0, -60.0, -48.0, 0.2
kept, left = math.exp(-dt / tau), math.exp(-dt / slow)
moved = {moved}
v, s = rest, 0.0
for k in range(300):
    v = rest + (v - rest) * kept + s * moved
    s = s * left
    if k % 20 == 5:
        s = s + 60.0
    if v > level:
        v = rest
"""
PROPAGATOR = "slow / (slow - tau) * (left - kept)"


def test_linear_equations_that_are_stepped_exactly_are_proven(tmp_path):
    (tmp_path / "script.py").write_text(SYNAPSE.format(moved=PROPAGATOR), encoding="utf-8")
    reading = read(traced(tmp_path / "script.py"), solve=False)
    assert reading.scheme.key == "exact"
    assert reading.scheme.largest <= 1e-13
    assert reading.spike_times.size
    assert reading.faults == ()


def test_an_exact_step_with_another_factor_is_not(tmp_path):
    (tmp_path / "script.py").write_text(SYNAPSE.format(moved=f"1.01 * ({PROPAGATOR})"), encoding="utf-8")
    reading = read(traced(tmp_path / "script.py"), solve=False)
    # The factor is then in the equation as well: exact again, of another equation.
    assert reading.scheme.key == "exact"
    (tmp_path / "script.py").write_text(SYNAPSE.format(moved=f"({PROPAGATOR}) * (1 + dt)"), encoding="utf-8")
    assert read(traced(tmp_path / "script.py"), solve=False).scheme.key == "other"


def test_a_map_that_no_number_holds_is_read(tmp_path):
    """An exponential of an exponential: in extended precision it has more digits than memory."""
    text = "import math\ndt, v, vs = 0.1, -70.0, []\n"
    text += (
        "for k in range(100):\n    v = v + dt * (-70.0 - v + 20.0 * math.exp(-math.exp((v + 20.0) / 0.4)))\n"
    )
    text += "    vs.append(v)\n    if v >= -55.0:\n        v = -70.0\n"
    (tmp_path / "script.py").write_text(text, encoding="utf-8")
    reading = read(traced(tmp_path / "script.py"), solve=False)
    assert reading.scheme.key == "euler"
    assert reading.replay.off == -1


def test_what_is_no_scheme_is_not_given_a_name(tmp_path):
    reading = stepped(tmp_path, "a = f(V, w)\nV = V + dt*a*(1 + 0.3*dt)\nw = w + dt*g(V, w)")
    assert reading.scheme.key == "other"
    assert not reading.is_explained


def test_a_script_without_dt_takes_one_step_as_one_unit(tmp_path):
    text = "v, u = -65.0, -13.0\nfor k in range(200):\n    v = v + 0.5*(0.04*v*v + 5*v + 140 - u + 10)\n"
    text += "    v = v + 0.5*(0.04*v*v + 5*v + 140 - u + 10)\n    u = u + 0.02*(0.2*v - u)\n"
    text += "    if v >= 30:\n        v = -65.0\n        u = u + 8\n"
    (tmp_path / "script.py").write_text(text, encoding="utf-8")
    reading = read(traced(tmp_path / "script.py"), solve=False)
    assert reading.scheme.ways == {"v": "2 parts", "u": "euler"}
    assert reading.scheme.new["u"] == ("v",)
    assert reading.faults == ()
    assert {one.key for one in reading.findings} >= {"no-dt"}


def test_an_input_that_two_stages_read_may_go_unread_while_refractory(tmp_path):
    """It is the one input at two times of a step, though for longer than it may waver nothing reads it."""
    text = """
    import math
    tau, rest, level, dt, held = 12.0, -65.0, -52.0, 0.1, 3.0
    def drive(t):
        return 24.0 + 9.0 * math.cos(0.15 * t)
    def slope(v, i):
        return (rest - v + i) / tau
    t, v, free = 0.0, rest, -1.0
    for k in range(900):
        if t < free - 1e-9:
            v = rest
        else:
            half = v + 0.5 * dt * slope(v, drive(t))
            v = v + dt * slope(half, drive(t + 0.5 * dt))
            if v >= level:
                v, free = rest, t + dt + held
        t = (k + 1) * dt
    """
    (tmp_path / "script.py").write_text(textwrap.dedent(text), encoding="utf-8")
    reading = read(traced(tmp_path / "script.py"), solve=False)
    assert reading.scheme.key == "midpoint"
    assert reading.spike_times.size > 2
    assert reading.faults == ()
    assert reading.model is not None


@pytest.mark.parametrize(
    ("step", "scheme"),
    [
        ("V = (C*V/dt + g*rest + I)/(C/dt + g)", "backward-euler"),
        ("V = ((C/dt - g/2)*V + g*rest + I)/(C/dt + g/2)", "crank-nicolson"),
        ("a = 1/dt\n    V = (a*V + g*rest/C + I/C)/(a + g/C)", "backward-euler"),
    ],
)
def test_what_is_divided_by_the_step_is_solved_for_it(tmp_path, step, scheme):
    path = tmp_path / "script.py"
    path.write_text(
        f"C, g, rest, dt = 200.0, 10.0, -70.0, 0.1\nV = rest\nfor k in range(400):\n"
        f"    I = 300.0 if k >= 50 else 0.0\n    {step}\n    if V >= -50.0:\n        V = -65.0\n"
    )
    reading = read(traced(path))
    assert (reading.scheme.key, reading.faults) == (scheme, ())
    assert reading.meant.model.neuron.tau_m == pytest.approx(20.0)
    assert reading.meant.model.neuron.v_rest == pytest.approx(-70.0)


def test_of_a_slow_leak_the_nearest_scheme_is_meant(tmp_path):
    """Of a step of a thousandth of its time the fourth order is the exact update to 1e-15."""
    text = (
        "import math\ntau, dt, V = 10.0, 0.01, 0.0\ndef f(V):\n    return (1.2 - V) / tau\nfor k in range(300):\n"
        "    a = f(V)\n    b = f(V + dt/2*a)\n    c = f(V + dt/2*b)\n    d = f(V + dt*c)\n"
        "    V = V + dt*(a + 2*b + 2*c + d)/6\n"
    )
    (tmp_path / "script.py").write_text(text, encoding="utf-8")
    assert read(traced(tmp_path / "script.py"), solve=False).scheme.key == "rk4"
    exact = "V = 1.2 + (V - 1.2)*math.exp(-dt/tau)"
    kept = text[: text.index("    a =")] + f"    {exact}\n"
    (tmp_path / "script.py").write_text(kept, encoding="utf-8")
    assert read(traced(tmp_path / "script.py"), solve=False).scheme.key == "exponential-euler"
