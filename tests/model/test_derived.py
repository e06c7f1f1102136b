"""Derived expressions kept on disk: the same expression node by node, or none."""

import pytest
import sympy

from natrium.analysis.equilibria import steady_input
from natrium.model import derived, loads, store
from natrium.model.branches import choose
from natrium.model.derived import built, jacobian_of, kept_expressions, shared_terms, written
from natrium.model.expressions.exprel import exprel, whole_exp
from natrium.model.files.new import template
from natrium.model.kept import describe

x, y = sympy.symbols("x y", real=True)
g = sympy.Symbol("g", positive=True)

BUILT = {
    "sums and products": (x + 2 * y - sympy.Rational(1, 3) * x * y, x / y, sympy.sqrt(x**2 + 1)),
    "doubles": (sympy.Float(0.1) * x, sympy.Float(-2.5e-300), sympy.Float("0.1", 30) + y),
    "functions": (
        sympy.exp(-x / 3),
        exprel(x),
        exprel(x, 2),
        whole_exp(x),
        sympy.tanh(x),
        choose(x, y, y**2),
    ),
    "whole numbers": (sympy.S.Zero, sympy.S.One, sympy.S.Half, sympy.Integer(-7), sympy.Integer(10) ** 30),
    "what SymPy would not leave": (
        sympy.Mul(2, x + y, evaluate=False),
        sympy.Add(x, x, evaluate=False),
        sympy.Pow(sympy.exp(x), 2, evaluate=False),
        sympy.Mul(x, sympy.Add(y, 1), sympy.Float(0.5), evaluate=False),
    ),
    "assumptions": (g * x, sympy.Symbol("x"), sympy.sqrt(g**2)),
}


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """Give an empty folder of kept expressions."""
    place = tmp_path / "code"
    monkeypatch.setenv(store.ENVIRONMENT, str(place))
    tmp_path.chmod(0o700)
    return place


def unlike(expressions):
    raise AssertionError("nothing is to be derived")


@pytest.mark.parametrize("case", BUILT)
def test_what_is_built_is_what_was_written(case):
    nodes = written(BUILT[case])
    assert nodes is not None
    again = built(nodes)
    assert again == BUILT[case]
    assert describe(*again) == describe(*BUILT[case])
    assert [str(one) for one in again] == [str(one) for one in BUILT[case]]


@pytest.mark.parametrize(
    "expr", [sympy.pi * x, sympy.Function("f")(x), sympy.Piecewise((x, x > 0), (y, True))]
)
def test_what_is_not_known_is_not_written(expr):
    assert written((x, expr)) is None


def test_the_second_time_nothing_is_derived(folder):
    made = (sympy.exp(x).diff(x) * y, x)
    assert kept_expressions("a", (__file__,), lambda: made) == made
    assert kept_expressions("a", (__file__,), lambda: unlike(made)) == made
    assert kept_expressions("b", (__file__,), lambda: (y,)) == (y,)
    assert {path.suffix for path in folder.iterdir()} == {".sym"}


def test_what_says_how_is_a_part_of_the_name(folder, tmp_path, monkeypatch):
    how = tmp_path / "how.py"
    how.write_text("one way")
    kept_expressions("a", (str(how),), lambda: (x,))
    how.write_text("another")
    derived._digest.cache_clear()
    assert kept_expressions("a", (str(how),), lambda: (y,)) == (y,)
    monkeypatch.setattr(derived, "versions", lambda: "another")
    assert kept_expressions("a", (str(how),), lambda: (x + y,)) == (x + y,)


@pytest.mark.parametrize("damage", [b"", b"x" * 10, b"x" * 500])
def test_a_damaged_file_is_derived_anew(folder, damage):
    kept_expressions("a", (__file__,), lambda: (x,))
    (file,) = folder.iterdir()
    file.write_bytes(damage)
    assert kept_expressions("a", (__file__,), lambda: (y,)) == (y,)
    assert kept_expressions("a", (__file__,), lambda: unlike(y)) == (y,)


def test_without_a_folder_all_is_derived(monkeypatch):
    monkeypatch.setenv(store.ENVIRONMENT, "/dev/null/x")
    for made in ((x,), (y,)):
        assert kept_expressions("a", (__file__,), lambda made=made: made) == made


def test_what_fails_is_not_kept(folder):
    with pytest.raises(ValueError, match="no"):
        kept_expressions("a", (__file__,), lambda: (_ for _ in ()).throw(ValueError("no")))
    assert not folder.exists() or not list(folder.iterdir())


@pytest.mark.parametrize(
    "name", ["adex", "bursting", "izhikevich", "lif-na", "mat", "morris-lecar", "synapses"]
)
def test_every_model_is_read_back_node_by_node(folder, name):
    structure = loads(template(name)).neuron.system.structure
    derive = steady_input._symbolic.__wrapped__
    first, second = derive(structure), derive(structure)
    assert first == second
    for one, other in zip(first.inputs, second.inputs, strict=True):
        assert describe(one) == describe(other)
    assert len(list(folder.glob("*.sym"))) == 1


def test_derivatives_stand_row_by_row_and_are_read_back(folder):
    rows, by = (sympy.exp(x) * y, sympy.Float(0.5) * x**2, sympy.S.Zero, exprel(x) + y**3), (x, y)
    found = jacobian_of(rows, by)
    assert sympy.Matrix(found) == sympy.Matrix(rows).jacobian(by)
    [kept] = folder.iterdir()
    stamp = kept.stat().st_mtime_ns
    again = jacobian_of(rows, by)
    assert describe(*again) == describe(*found)
    assert kept.stat().st_mtime_ns == stamp
    assert jacobian_of(rows, (y, x)) == tuple(row[::-1] for row in found)
    assert jacobian_of((), by) == ()
    assert jacobian_of(rows, ()) == ((),) * 4


def test_what_is_shared_is_the_same_from_the_disk(folder, monkeypatch):
    rows = (sympy.exp(x * y) + g, sympy.exp(x * y) * exprel(x * y + 1), sympy.S.Zero)
    steps, left = shared_terms(rows)
    plain = sympy.cse(rows)
    assert (steps, list(left)) == plain
    assert describe(*left) == describe(*plain[1])
    monkeypatch.setattr(derived.sympy, "cse", unlike)
    assert shared_terms(rows) == (steps, left)
