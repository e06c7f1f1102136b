"""C inside NMODL: what is arithmetic is written as NMODL, all else is not read."""

import pytest

from natrium.imports.nmodl.verbatim import as_nmodl

LOCAL, COUNTERS = frozenset({"a", "v"}), frozenset({"j"})


def said(c, last=True):
    found = as_nmodl(c, LOCAL, COUNTERS, last)
    return None if found is None else " ".join(found.split())


@pytest.mark.parametrize(
    ("c", "nmodl"),
    [
        ("", ""),
        ("return 0.;", ""),
        ("#include <stdlib.h>\n /* nothing */ // at all", ""),
        ("x = 1./_la + 2*y[_lj];", "x = 1./a + 2*y[j]"),
        ("x += -y; return 0;", "x = x + ((-y))"),
        ("if (x >= 1 && !(y < 2)) x = 1; else { x = 2; y = pow(x, 2); }", "if (x >= 1 && (!(y < 2))) { x = 1 } else { x = 2 y = pow(x, 2) }"),
        ("if ((x = 1/_la) < y) x = y;", "x = 1/a if ((x) < y) { x = y }"),
        ("switch (_lj) { case 0: x = 1; break; case 1: x = 2; }", "if (j == 0) { x = 1 } else { if (j == 1) { x = 2 } else { } }"),
        ("switch (_lj) { case 0: x = 1; break; default: x = 2; }", "if (j == 0) { x = 1 } else { x = 2 }"),
    ],
)  # fmt: skip
def test_arithmetic_is_written_as_nmodl(c, nmodl):
    assert said(c).replace(" ", "") == nmodl.replace(" ", "")


@pytest.mark.parametrize(
    "c",
    [
        "x = 1/2;",  # a quotient of whole numbers is cut off in C
        "x = _lj/2;",
        "x = v;",  # not the argument, which is _lv
        "x = _p[0];",
        "*x = 1;",
        "x = y = 1;",
        "x = y*(z = 2);",  # in an order of C's own
        "x = f(y);",
        "x++;",
        "x = y ? 1 : 2;",
        "while (x < 1) x = 2;",
        "double x = 1;",
        "return x;",
        "return 0; x = 1;",
        "switch (_lj) { case 0: x = 1; case 1: x = 2; }",  # falls through
        "switch (_lj) { case 0: if (x) break; x = 1; break; }",
        "switch (_lj) { default: x = 1; break; case 0: x = 2; }",
        "x = (1;",
        "x = 1",
        "if (x = 1) y = 2;",
        "switch (_lj) {",
        "#define x 1",
        "#include <a>\n#define x",
        'x = "a";',
        "{" * 5000,
        "x = " + "(" * 5000,
    ],
)
def test_all_else_is_not_read(c):
    assert said(c) is None


def test_a_return_ends_the_routine():
    assert said("x = 1; return 0;") == "x = 1"
    assert said("x = 1; return 0;", last=False) is None
