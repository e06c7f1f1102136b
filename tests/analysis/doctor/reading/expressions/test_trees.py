"""Arithmetic on trees: what a run that goes astray makes of it ends, too."""

import mpmath

from natrium.analysis.doctor.reading.expressions.trees import EXTENDED


def test_functions_of_more_digits_have_no_end_of_their_own():
    """What an exponential of an exponential has before its point would not fit anywhere."""
    far = mpmath.mpf(10) ** 40
    assert EXTENDED["exp"](-far) == 0
    assert EXTENDED["expm1"](-far) == -1
    for name in ("exp", "sinh", "sin"):
        assert mpmath.isnan(EXTENDED[name](far))
    assert mpmath.isnan(EXTENDED["**"](mpmath.mpf(3), far))


def test_they_are_functions_of_all_that_doubles_have():
    assert EXTENDED["exp"](mpmath.mpf(700)) == mpmath.exp(700)
    assert EXTENDED["cos"](mpmath.mpf(3)) == mpmath.cos(3)
    assert EXTENDED["**"](mpmath.mpf(3), mpmath.mpf(2)) == 9
