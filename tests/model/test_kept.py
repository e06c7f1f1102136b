"""Lowered functions kept on disk: the same in the next process, and none that is not the user's own."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest
import sympy

from natrium.model import kept, store
from natrium.model.branches import choose
from natrium.model.expressions.exprel import exprel
from natrium.model.kept import describe, kept_function
from natrium.model.kernel import lower_expressions

x, y = sympy.symbols("x y", real=True)
SEVERAL = {
    "scalar": ((sympy.exp(-x) * y**3 + exprel(x / 10), (x + y) / (1 + sympy.exp(x))), "scalar"),
    "rows": (((x * sympy.cosh(y), sympy.sqrt(x**2 + 1)), (sympy.log(y), sympy.erf(x))), "scalar"),
    "grid": ((sympy.tanh(x) * y, sympy.exp(x) + exprel(y), sympy.Float(0.1) * x), "grid"),
    "branches": ((choose(x, sympy.exp(y), y**2), sympy.Abs(y) + x), "scalar"),
    "branches on a grid": ((choose(x, sympy.exp(y), y**2), x), "grid"),
    "a number": ((sympy.Rational(1, 3), sympy.pi * x), "scalar"),
}


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """Give an empty folder of kept code, in which nothing was lowered yet."""
    place = tmp_path / "code"
    monkeypatch.setenv(store.ENVIRONMENT, str(place))
    tmp_path.chmod(0o700)
    lower_expressions.cache_clear()
    yield place
    lower_expressions.cache_clear()


def lowered(case, saturated=True):
    """Lower anew, as another process would; say whether SymPy was asked."""
    lower_expressions.cache_clear()
    expressions, form = SEVERAL[case]
    asked = []
    lambdify = sympy.lambdify
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            sympy, "lambdify", lambda *args, **options: asked.append(1) or lambdify(*args, **options)
        )
        function = lower_expressions(expressions, (x, y), form, saturated)
    return function, bool(asked)


def bits(value):
    return [np.asarray(one, dtype=float).tobytes() for one in np.ravel(np.array(value, dtype=object))]


@pytest.mark.parametrize("saturated", [True, False])
@pytest.mark.parametrize("case", SEVERAL)
def test_what_is_read_back_gives_the_same_bits(folder, case, saturated):
    first, asked = lowered(case, saturated)
    assert asked
    second, asked = lowered(case, saturated)
    assert not asked
    points = [(0.3, 1.7), (-2.0, 0.1), (0.0, 40.0)]
    if SEVERAL[case][1] == "grid":
        points = [tuple(np.array(points).T)]
    for point in points:
        for one, other in zip(first(*point), second(*point), strict=True):
            assert bits(one) == bits(other)


def test_an_overflow_is_held_or_not_as_it_was(folder):
    for _ in range(2):
        assert lowered("scalar", True)[0](-1e4, 1.0)[0] < math.inf
        with pytest.raises(OverflowError):
            lowered("scalar", False)[0](-1e4, 1.0)


@pytest.mark.parametrize("damage", [b"", b"x" * 10, b"x" * 200])
def test_a_damaged_file_is_lowered_anew(folder, damage):
    first, _ = lowered("scalar")
    (file,) = folder.glob("*.low")
    file.write_bytes(damage)
    second, asked = lowered("scalar")
    assert asked
    assert second(0.3, 1.7) == first(0.3, 1.7)
    assert not lowered("scalar")[1]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders of Windows have no such modes")
def test_where_others_may_write_nothing_is_read_or_kept_and_nothing_said(folder):
    lowered("scalar")
    folder.chmod(0o777)
    assert lowered("scalar")[1]
    (file,) = folder.glob("*.low")
    folder.chmod(0o700)
    file.chmod(0o666)
    assert lowered("scalar")[1]


@pytest.mark.parametrize("where", ["a file in the way", "nowhere"])
def test_without_a_folder_all_is_lowered(folder, monkeypatch, where):
    if where == "nowhere":
        monkeypatch.setenv(store.ENVIRONMENT, "/dev/null/x")
    else:
        folder.write_text("in the way")
    for _ in range(2):
        function, asked = lowered("scalar")
        assert asked
        assert function(0.0, 1.0)[0] == 2.0


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root writes where it likes")
def test_a_folder_that_is_read_alone_does_no_harm(folder):
    folder.mkdir(mode=0o700)
    folder.chmod(0o500)
    assert lowered("scalar")[1]
    assert not list(folder.iterdir())


def test_another_version_lowers_anew(folder, monkeypatch):
    lowered("scalar")
    monkeypatch.setattr(kept, "versions", lambda: "another")
    assert lowered("scalar")[1]
    assert len(list(folder.glob("*.low"))) == 2


def test_what_is_said_tells_expressions_apart():
    several = [
        (x + y,), (x * y,), (y + x + 1,), (x**2,), (x**2.0,), (x, y), ((x, y),), ((x,), y), ("x",), (sympy.Float(2),),
        (sympy.Integer(2),), (2,), (2.0,), (True,), (sympy.Symbol("x"),), (x,), (sympy.true,), (sympy.Float(2, 30),),
        (sympy.Float(0.1),), (sympy.Float("0.1", 20),), (exprel(x),), (exprel(x, 1),), (sympy.exp(x),),
    ]  # fmt: skip
    said = [describe(*one) for one in several]
    assert len(set(said)) == len(said)
    assert describe((x + y) * (x + y + 1), x) == describe((x + y) * (x + y + 1), x)


def test_what_calls_an_unknown_function_is_not_kept(folder):
    known = {"exp": math.exp}
    function = sympy.lambdify(x, sympy.sin(x), "math")
    assert kept_function("a", known, lambda: function) is function
    assert kept_function("b", {"sin": abs}, lambda: function) is function
    assert not list(folder.glob("*.low"))
    kept_function("c", {"sin": math.sin}, lambda: function)
    assert len(list(folder.glob("*.low"))) == 1


def test_what_has_a_dummy_is_not_kept(folder):
    d = sympy.Dummy("d")
    lower_expressions((d + 1,), (d,))
    assert not folder.exists()


RUN = """
import natrium
spikes = natrium.simulate(natrium.notebook.lif_na().neuron, natrium.Step(10.0, start=20.0), t_end=60.0).spike_times
print([spike.hex() for spike in spikes.tolist()])
"""


def test_two_processes_at_once_and_a_third_give_the_same(tmp_path):
    def start():
        return subprocess.Popen(
            [sys.executable, "-c", RUN],
            env={**os.environ, store.ENVIRONMENT: str(tmp_path / "code")},
            stdout=subprocess.PIPE,
            text=True,
        )

    both = [start(), start()]
    said = [one.communicate(timeout=120)[0] for one in both]
    files = {one.name: one.read_bytes() for one in (tmp_path / "code").iterdir()}
    assert files
    assert {name.rpartition(".")[2] for name in files} == {"low"}
    third = start()
    assert [third.communicate(timeout=120)[0]] * 2 == said
    assert files == {one.name: one.read_bytes() for one in (tmp_path / "code").iterdir()}
