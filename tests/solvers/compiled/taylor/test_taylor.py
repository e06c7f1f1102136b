"""Native Taylor steps: every rule against mpmath, lanes alike bit for bit, code kept on disk."""

import platform
import re
import subprocess
import sys

import attrs
import mpmath
import numpy as np
import pytest
import sympy

import natrium
from natrium.model.expressions.exprel import exprel, whole_exp
from natrium.solvers.compiled.taylor import native
from natrium.solvers.compiled.taylor.emit import written_for
from natrium.solvers.compiled.taylor.lowering import taylor_program
from natrium.solvers.compiled.taylor.native import assembly, compile_step
from tests.solvers.compiled.taylor.steps import ORDER, J, a, exact, of, taken, worst, written, x, y

INPUT = (3.0, -0.5, 0.25, -0.1, 0.03)
MIXED = (-70.0, -3.0, -1e-3, 0.0, 1e-3, 1.0, 40.0, 120.0)
SMALL = (-20.0, -3.0, -1.0, -1e-3, 0.0, 1e-8, 0.5, 10.0)
POSITIVE = (0.1, 0.5, 1.0, 2.0, 10.0, 100.0, 1e5, 1e10)
NEAR = (-3.0, -1.0, -0.2, 0.0, 1e-3, 0.8, 2.0, 20.0)
w = (x + 40) / 10
# Each rule in its plain form and within others: expression, places x.
RULES = {
    "state": (x + 0 * y, MIXED),
    "input": (J + 0 * y, MIXED),
    "number": (sympy.Float(0.1) + 0 * x, MIXED),
    "sum": (2 * x - y / 3 + a * J + 5, MIXED),
    "product": (x * y * J, MIXED),
    "product of sums": ((x + 2) * (y - 3) * (x + y), MIXED),
    "third power": (x**3 * y, MIXED),
    "fifth power of a sum": ((x + 2 * y) ** 5, MIXED),
    "quotient": (y / (x + 100 + y), MIXED),
    "inverse square": ((x + 100) ** -2, MIXED),
    "exp": (sympy.exp(-(x + 65) / 18), (-300.0, *MIXED[1:])),
    "exp of a product": (sympy.exp(x * y) + sympy.exp(x * y + 2), SMALL),
    "exp with a parameter": (sympy.exp(a * x + 1), SMALL),
    "exp in one piece": (whole_exp(40 * (x + 45)), (-46.0, -45.1, -45.0, -44.5, -44.0, -43.0, -42.0, -41.0)),
    "bernoulli below zero": (1 / exprel(x), (-200.0, -3.0, -1.0001, -1.0, -0.9999, -0.5, -1e-3, -1e-12)),
    "bernoulli above zero": (1 / exprel(x), (200.0, 3.0, 1.0001, 1.0, 0.9999, 0.5, 1e-3, 1e-12)),
    "bernoulli at zero": (1 / exprel(x), (0.0, -0.0, 1e-300, -1e-300, 1e-17, -1e-17, 1e-8, -1e-8)),
    "bernoulli of a line": (1 / exprel(-w), (-40.0, -39.0, -41.0, -45.0, -30.0001, -50.5, -70.0, 20.0)),
    "bernoulli of a sum": (1 / exprel((y - w) / 2), (-40.0, -39.0, -41.0, -45.0, -30.0001, -50.5, -70.0, 20.0)),
    "bernoulli squared": (exprel(x) ** -2, NEAR),
    "exprel": (exprel(x), (-30.0, *NEAR[1:])),
    "exprel in a product": (y * exprel(x + y), (-30.0, *NEAR[1:])),
    "log": (sympy.log(x), POSITIVE),
    "log of an exp": (sympy.log(1 + sympy.exp(x)), (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0)),
    "power": ((x + y) ** sympy.Rational(1, 3), POSITIVE),
    "power with a parameter": (x**a, POSITIVE),
    "negative power": (x ** sympy.Rational(-3, 2), POSITIVE),
    "power that moves": (x**y, POSITIVE),
    "sqrt": (sympy.sqrt(x), POSITIVE),
    "tanh": (sympy.tanh(x), (-5.0, *SMALL[1:])),
    "tanh of a sum": (sympy.tanh((x + y) / 4), SMALL),
    "erf": (sympy.erf(x), (-5.0, *SMALL[1:])),
    "erf of a line": (sympy.erf((x + 50) / 4), (-70.0, -55.0, -51.0, -50.0, -49.0, -45.0, -40.0, -30.0)),
    "erf of a product and a parameter": (sympy.erf(x * y + a) + sympy.erf(a), SMALL),
    "sin": (sympy.sin(x), SMALL),
    "cos": (sympy.cos(2 * x + 1), SMALL),
    "sin of a product": (sympy.sin(x * y), SMALL),
}  # fmt: skip
MODEL = natrium.Neuron(channels=[natrium.CHANNELS["hh_sodium"], natrium.CHANNELS["hh_potassium"]])


def system(neuron):
    return taylor_program(neuron.system.structure)


@pytest.fixture
def unfused(monkeypatch, tmp_path):
    """Compile for a machine that multiplies and adds in two roundings."""
    machine, _, description = native.target()
    monkeypatch.setattr(native, "target", lambda: (machine, False, f"{description} in two"))
    monkeypatch.setenv("NATRIUM_CACHE_DIR", str(tmp_path))
    return lambda program: native._compile.__wrapped__(program, 8, ORDER)


@pytest.mark.parametrize("name", RULES)
def test_coefficients_are_those_of_mpmath(name):
    expr, places = RULES[name]
    found = of(expr, places, current=INPUT)
    for lane, place in enumerate(places):
        assert worst(found[:, lane], exact(expr, place, current=INPUT)) < 8.0, place


@pytest.mark.parametrize("name", RULES)
def test_orders_in_line_and_in_a_loop_are_the_same_bits(name):
    expr, places = RULES[name]
    line, loop, quick = (
        native._compile(written(expr), 8, order, quick)
        for order, quick in ((ORDER, False), (0, False), (0, True))
    )
    assert len({line.address, loop.address, quick.address}) == 3
    found = of(expr, places, native=line, current=INPUT)
    for other in (loop, quick):
        np.testing.assert_array_equal(of(expr, places, native=other, current=INPUT), found)


@pytest.mark.parametrize("name", RULES)
def test_a_lane_alone_is_the_lane_among_others_bit_for_bit(name):
    expr, places = RULES[name]
    crowd = of(expr, places, current=INPUT)
    np.testing.assert_array_equal(of(expr, places, width=1, current=INPUT), crowd)
    np.testing.assert_array_equal(of(expr, places[::-1], current=INPUT)[:, ::-1], crowd)


@pytest.mark.parametrize("name", ["fifth power of a sum", "exp", "bernoulli of a line", "tanh", "quotient"])
def test_two_roundings_are_as_good_as_one(unfused, name):
    expr, places = RULES[name]
    found = of(expr, places, native=unfused(written(expr)), current=INPUT)
    for lane, place in enumerate(places):
        assert worst(found[:, lane], exact(expr, place, current=INPUT)) < 16.0, place


def test_tanh_keeps_its_digits_where_it_is_flat():
    """A rate 1 + tanh far below its midpoint is small, not nothing: V may get to where it is not, within a step."""
    places = (-20.0, -18.0, -15.0, -10.0, 10.0, 15.0, 18.0, 20.0)
    found = of(sympy.tanh(x), places)
    for lane, place in enumerate(places):
        expected = np.array([float(c) for c in exact(sympy.tanh(x), place)])
        np.testing.assert_allclose(found[1:, lane], expected[1:], rtol=1e-12)


def test_both_branches_of_a_removable_singularity_meet():
    """Value and slopes of w/(exp(w) - 1) on either side of where its two forms change over, at |w| = 1."""
    for edge in (-1.0, 1.0):
        places = [edge] * 4 + [np.nextafter(edge, 0.0)] * 4
        found = of(1 / exprel(x), places)
        np.testing.assert_allclose(found[:6, 0], found[:6, 7], rtol=1e-12, atol=1e-15)


EXPONENTS = np.concatenate(
    [np.linspace(-700.0, 230.0, 400), np.linspace(-1.0, 1.0, 200), np.arange(-340, 340, 7) * np.log(2.0) / 2]
)[:688]


def relative_error(found, places):
    with mpmath.workdps(30):
        return max(
            float(abs(mpmath.mpf(float(value)) / mpmath.exp(mpmath.mpf(float(place))) - 1))
            for value, place in zip(found, places, strict=True)
        )


def test_exp_is_good_to_the_last_place():
    inside = EXPONENTS[np.abs(EXPONENTS + 235.0) <= 465.0]
    inside = inside[: inside.size // 8 * 8]
    assert relative_error(of(sympy.exp(x), inside)[0], inside) < 1.5 * 2.3e-16


def test_exp_in_two_roundings_is_nearly_as_good(unfused):
    inside = np.linspace(-700.0, 230.0, 400)
    found = of(sympy.exp(x), inside, native=unfused(written(sympy.exp(x))))[0]
    assert relative_error(found, inside) < 4.5e-16


def test_exp_is_held_where_a_double_ends():
    at_limit, least = np.exp(230.0), np.exp(-708.0)
    above = of(sympy.exp(x), [230.0, 230.1, 231.0, 700.0, 710.0, 1e6, 1e300, np.inf])
    np.testing.assert_allclose(above[0], at_limit, rtol=1e-13)
    assert not above[1:, 1:].any()  # held: it does not move there
    assert above[1, 0] != 0.0
    below = of(sympy.exp(x), [-708.0, -708.5, -745.0, -746.0, -1e4, -1e300, -np.inf, -700.0])
    np.testing.assert_allclose(below[0, :7], least, rtol=1e-13)
    np.testing.assert_allclose(below[0, 7], np.exp(-700.0), rtol=1e-13)


@pytest.mark.parametrize(
    "expr", [abs(x), sympy.sign(x), sympy.gamma(x), sympy.Max(x, y), sympy.Heaviside(x), exprel(x, 1)]
)
def test_what_has_no_rule_is_refused_by_name(expr):
    with pytest.raises(
        natrium.UnsupportedModel, match=f"smooth elementary functions only, got {type(expr).__name__}"
    ):
        written(expr)


def test_functions_of_parameters_alone_are_numbers():
    expr = (
        x * abs(a) ** sympy.Rational(3, 2) + sympy.exp(-a) * y / (a + 2) ** 3 + sympy.log(a**2) * sympy.cos(a)
    )
    places = MIXED
    found = of(expr, places, others=(0.7, -0.4, -1.3, 0.25))
    for lane, place in enumerate(places):
        assert worst(found[:, lane], exact(expr, place, others=(0.7, -0.4, -1.3, 0.25))) < 8.0


def test_the_exponentials_of_a_channel_are_shared():
    """The three distinct slopes of V in the notebook's first channel need one exponential each."""
    kinds = [
        node.kind for node in system(natrium.Neuron(channels=[natrium.CHANNELS["notebook_sodium_1"]])).nodes
    ]
    assert kinds.count("exp") + kinds.count("bernoulli") <= 6
    twice = sympy.exp(x / 18) + 3 * sympy.exp(x / 18 - 5)
    assert [node.kind for node in written(twice).nodes].count("exp") == 1


def test_a_step_s_final_state_is_the_solution_s():
    """x' = r, y' = -q y and F' = y: y and F at the step's end in closed form, its length as the last terms allow."""
    made = compile_step(written(y + 0 * x), 8, ORDER)
    decay = np.array([0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0])
    _, h, (_, y_end, f_end) = taken(made, (0.0, 1.0, 0.0), (0.0, 1.0, decay), tolerance=1e-14)
    np.testing.assert_allclose(y_end, np.exp(-decay * h), rtol=0.0, atol=5e-14)
    np.testing.assert_allclose(f_end * decay, -np.expm1(-decay * h), rtol=0.0, atol=5e-14)
    np.testing.assert_allclose(h * decay, h[3], rtol=0.2)  # time itself has no scale
    _, short, _ = taken(made, (0.0, 1.0, 0.0), (0.0, 1.0, decay), longest=1e-3)
    np.testing.assert_array_equal(short, 1e-3)


def test_what_is_not_finite_marks_its_own_lane_only():
    places = np.array([1.0, 2.0, -1.0, 4.0, np.nan, 6.0, np.inf, 8.0])
    found = of(sympy.log(x), places)
    fine = [0, 1, 3, 5, 7]
    assert np.isfinite(found[:, fine]).all()
    assert not np.isfinite(found[:, [2, 4, 6]]).all(axis=0).any()
    np.testing.assert_array_equal(
        found[:, fine], of(sympy.log(x), np.where(places > 0, places, 1.0))[:, fine]
    )


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="instructions of x86-64")
def test_instructions_are_packed():
    text = assembly(system(MODEL), 8, 8)
    packed = re.findall(r"\tv?(?:fn?m(?:add|sub)\d*|mul|add)pd\t", text)
    single = re.findall(r"\tv?(?:fn?m(?:add|sub)\d*|mul|add)sd\t", text)
    assert len(packed) > 100
    assert len(single) < 0.1 * len(packed)
    if native.target()[1]:
        assert re.search(r"\tvfmadd\d+pd\t.*%[yz]mm", text)
        assert "vfmadd" not in " ".join(re.findall(r"call.*", text))  # no library call in its place


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="instructions of x86-64")
def test_two_roundings_stay_two(unfused):
    assert not re.search(r"vfn?m(add|sub)", assembly(system(MODEL), 8, 8))


# --- kept on disk ---------------------------------------------------------------------------------

START = """
import os, sys
import natrium
from natrium.solvers.compiled.taylor import native
from natrium.solvers.compiled.taylor.lowering import native_step
neuron = natrium.Neuron(channels=[natrium.CHANNELS["notebook_sodium_1"]])
for folder in sys.argv[1:]:
    os.environ["NATRIUM_CACHE_DIR"] = folder
    native._compile.cache_clear()
    print(native_step(neuron.system, 8, 15).was_cached)
"""


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    """Keep code; give it, what a new process finds of it in several folders, and what these hold then.

    A process of its own: LLVM would end it.
    """
    folder = tmp_path_factory.mktemp("apart")
    kept = folder / "kept"
    program = system(natrium.Neuron(channels=[natrium.CHANNELS["notebook_sodium_1"]]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NATRIUM_CACHE_DIR", str(kept))
        assert not native._compile.__wrapped__(program, 8, written_for(program, 15)).was_cached
    (file,) = kept.iterdir()
    whole = file.read_bytes()
    for damage, content in (
        ("empty", b""),
        ("cut", whole[: len(whole) // 2]),
        ("foreign", bytes(len(whole))),
    ):
        (folder / damage).mkdir()
        (folder / damage / file.name).write_bytes(content)
    (folder / "file").write_text("in the way")
    names = ("kept", "empty", "cut", "foreign", "file")
    done = subprocess.run(
        [sys.executable, "-c", START, *(str(folder / name) for name in names)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{done.returncode}: {done.stderr}"
    cached = dict(zip(names, (line == "True" for line in done.stdout.splitlines()), strict=True))
    return whole, cached, {name: [one.read_bytes() for one in (folder / name).glob("*")] for name in names}


def test_a_second_process_starts_from_what_the_first_has_kept(apart):
    whole, cached, held = apart
    assert cached["kept"]
    assert held["kept"] == [whole]


@pytest.mark.parametrize("damage", ["empty", "cut", "foreign"])
def test_a_damaged_file_is_compiled_anew(apart, damage):
    whole, cached, held = apart
    assert not cached[damage]
    assert held[damage] == [whole]


def test_a_folder_that_cannot_be_written_to_does_no_harm(apart):
    _, cached, _ = apart
    assert not cached["file"]


def test_values_are_arguments_and_structure_is_what_is_kept():
    other = attrs.evolve(
        MODEL,
        tau_m=7.0,
        v_rest=-66.0,
        v_thresh=-51.0,
        channels=tuple(
            attrs.evolve(channel, g=2 * channel.g, E=channel.E + 1.0) for channel in MODEL.channels
        ),
    )
    assert system(other) == system(MODEL)
    for quick in (False, True):
        assert native._key(system(other), 8, 15, quick) == native._key(system(MODEL), 8, 15, quick)
    assert compile_step(system(other), 1, 15).address == compile_step(system(MODEL), 1, 15).address
    assert native._key(system(MODEL), 1, 15, False) != native._key(system(MODEL), 8, 15, False)
    assert native._key(system(MODEL), 1, 15, False) != native._key(system(MODEL), 1, 15, True)
    fewer = attrs.evolve(MODEL, channels=MODEL.channels[:1])
    assert native._key(system(fewer), 8, 15, False) != native._key(system(MODEL), 8, 15, False)


def test_the_order_of_a_loop_is_an_argument_too():
    made = compile_step(written(sympy.exp(x)), 1, 0)
    for order in (6, 12, 30):
        series, *_ = taken(made, (0.5, 1.0, 0.0), (0.0, 1.0, 0.0), order=order)
        found = series[2, 1:, 0] * np.cumprod(np.arange(1.0, order + 1))
        np.testing.assert_allclose(found, np.exp(0.5), rtol=1e-13)


@pytest.mark.parametrize("order", [6, 7, 16, 24])
def test_a_crowd_of_any_order_is_the_single_lane(order):
    expr = y / exprel(-w) + sympy.exp(x / 18) * x**3
    one, many = (compile_step(written(expr), width, given) for width, given in ((1, 0), (8, order)))
    places = np.array(RULES["bernoulli of a line"][1])
    found = taken(many, (places, 0.7, 0.0), (0.4, -1.3, 0.25), order=order)
    for lane, place in enumerate(places):
        for single, crowd in zip(
            taken(one, (place, 0.7, 0.0), (0.4, -1.3, 0.25), order=order), found, strict=True
        ):
            np.testing.assert_array_equal(single[..., 0], crowd[..., lane])
