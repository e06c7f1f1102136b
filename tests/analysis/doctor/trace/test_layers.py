"""What NumPy and SciPy give a script that asks for more than they can."""

import warnings

import numpy as np
import pytest

from natrium.analysis.doctor.reading.script import traced
from natrium.analysis.doctor.trace.numpy_layer import LARGEST, SafeNumPy
from natrium.analysis.doctor.trace.scipy_layer import Watched
from natrium.analysis.doctor.trace.standins import Outputs, digest


@pytest.mark.parametrize(
    ("name", "args", "options"),
    [
        ("zeros", (10 * LARGEST,), {}),
        ("full", ((1e5, 1e5), 1.0), {}),
        ("ones", (), {"shape": 10 * LARGEST}),
        ("arange", (0.0, 1.0, 1e-10), {}),
        ("arange", (10 * LARGEST,), {}),
        ("linspace", (0.0, 1.0, 10 * LARGEST), {}),
    ],
)
def test_an_array_that_no_memory_holds_is_refused_before_it_is_made(name, args, options):
    with pytest.raises(MemoryError, match=f"np.{name} is asked for 1e"):
        getattr(SafeNumPy(Outputs()), name)(*args, **options)


def test_other_arrays_are_numpys():
    layer = SafeNumPy(Outputs())
    assert layer.arange(0.0, 1.0, 0.25).tolist() == [0.0, 0.25, 0.5, 0.75]
    assert layer.arange(3, step=2, stop=7).tolist() == [3, 5]
    assert layer.zeros(shape=(2, 3)).shape == (2, 3)
    assert layer.linspace(0.0, 1.0).size == 50


def test_what_odeint_does_not_get_to_is_no_number():
    import scipy.integrate

    watched = Watched(scipy.integrate, [], tracing=False)
    t = np.linspace(0.0, 2.0, 21)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy says that it ends early
        found = watched.odeint(lambda y, t: [1e6 * np.sign(np.sin(1e9 * t)) if t > 1.0 else 1.0], [0.0], t)
    assert np.all(np.isfinite(found[:10]))
    assert np.all(np.isnan(found[12:]))


def test_one_nan_is_as_good_as_another():
    assert digest(np.array([1.0, np.nan])) == digest(np.array([1.0, -np.nan]))
    assert digest(np.array([1.0, np.nan])) != digest(np.array([np.nan, 1.0]))


def test_what_nothing_is_written_to_is_the_same_in_both_runs(tmp_path):
    text = """
import numpy as np
n = 400
kept = [np.full(n, 3.0 + k) for k in range(4)]
del kept
v, other = np.empty(n), np.empty_like(np.zeros(n))
v[0] = -70.0
for k in range(n - 5):
    v[k + 1] = v[k] + 0.1 * (-50.0 - v[k]) / 10.0
    other[k] = 1.0
"""
    path = tmp_path / "script.py"
    path.write_text(text)
    record = traced(path)
    assert not record.fallback
    assert record.order.size == 395
