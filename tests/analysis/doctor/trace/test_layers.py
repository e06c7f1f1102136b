"""What NumPy and SciPy give a script that asks for more than they can."""

import warnings

import numpy as np
import pytest

from natrium.analysis.doctor.reading.expressions.trees import in_order
from natrium.analysis.doctor.script import traced
from natrium.analysis.doctor.trace import trace_script
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


COUNTED = """
import numpy as np
dt = 0.5
hold = 2.0
n = int(round(hold / dt))
k = n // 2
x = dt / 8.0
base = [0.0, 3.0 * dt, 0.25]
arr = np.array(base)
v, kept = 0.0, []
for i in range(40):
    if i in (0, 9):
        repeated = np.repeat(base, n)
        each = np.repeat(arr, [k, n, 1])
        tiled = np.tile(arr, n)
        rolled = np.roll(arr, k)
        without = np.delete(arr, k)
        put_in = np.insert(arr, k, x)
        longer = np.append(arr, n)
        taken = np.take(arr, [k, 0])
        shaped = np.reshape(np.arange(n), (k, n // k))[1]
        spread = np.broadcast_to(x, (n,)) * 1.0
        padded = np.pad(arr, (k, n), constant_values=x)
        counted = np.bincount(np.array([0, k, k]), minlength=n)
        filled = np.multiply(arr, x, out=np.empty(3))
        placed = np.empty(3)
        np.add(arr, x, placed)
        masked = np.ma.masked_less(arr, x).filled(-1.0)
        through = np.vectorize(lambda one: one * x)(arr)
    v = v + dt * (4.0 - v) / hold
    kept.append(v)
"""


def test_counts_shapes_and_indices_that_are_reckoned_are_taken_as_numbers(tmp_path):
    path = tmp_path / "counted.py"
    path.write_text(COUNTED)
    lists = trace_script(path).lists
    arr, x = np.array([0.0, 1.5, 0.25]), 0.0625
    wanted = {
        "repeated": np.repeat(arr, 4),
        "each": [0.0, 0.0, 1.5, 1.5, 1.5, 1.5, 0.25],
        "tiled": np.tile(arr, 4),
        "rolled": [1.5, 0.25, 0.0],
        "without": [0.0, 1.5],
        "put_in": [0.0, 1.5, x, 0.25],
        "longer": [0.0, 1.5, 0.25, 4.0],
        "taken": [0.25, 0.0],
        "shaped": [2, 3],
        "spread": [x] * 4,
        "padded": [x, x, 0.0, 1.5, 0.25, x, x, x, x],
        "counted": [1, 0, 2, 0],
        "filled": arr * x,
        "placed": arr + x,
        "masked": [-1.0, 1.5, 0.25],
        "through": arr * x,
    }
    for name, values in wanted.items():
        assert lists[name].tolist() == list(values), name


def test_elements_are_followed_through_what_repeats_and_shifts_them(tmp_path):
    path = tmp_path / "followed.py"
    path.write_text(
        "import numpy as np\n"
        "dt, n = 0.1, int(0.3 / 0.1)\n"
        "v, w = -65.0, 0.0\n"
        "rate = np.vectorize(lambda v: 0.04 * (v + 65.0))\n"
        "for i in range(50):\n"
        "    both = np.roll(np.array([v, w]), n)\n"
        "    twice = np.repeat(both[1], n - 1)\n"
        "    v, w = v + dt * (20.0 - (twice[0] + 65.0) - both[0]) / 10.0, w + dt * (rate(v) - w) / 5.0\n"
    )
    step = trace_script(path).steps[0]
    assert {one.name for one in in_order([step.updates["v"]])} >= {"v", "w"}
    assert {one.name for one in in_order([step.updates["w"]])} >= {"v", "w"}


def test_an_object_that_is_called_is_a_right_hand_side(tmp_path):
    """What remembers is given to no compiled code: it does not live through it."""
    path = tmp_path / "script.py"
    path.write_text(
        "import numpy as np\nfrom functools import partial\nfrom scipy.integrate import odeint, solve_ivp\n"
        "class Cell:\n    tau = 5.0\n    def __call__(self, y, t=0):\n"
        "        return (-y[0] + y[1]) / self.tau, -y[1]\n"
        "first = odeint(Cell(), (0.0, 1.0), np.linspace(0.0, 3.0, 7))\n"
        "def turned(cell, t, y):\n    return cell(y)\n"
        "second = solve_ivp(partial(turned, Cell()), (0.0, 3.0), (0.0, 1.0))\n"
    )
    found = trace_script(path)
    assert not found.fallback
    assert len(found.states) == 2


def test_a_star_import_gives_no_stand_in_for_what_is_bound(tmp_path):
    """Whatever draws takes any name; SciPy has no module of each."""
    path = tmp_path / "script.py"
    path.write_text(
        "import numpy as np\nrest = -65.0\ndef slope(v):\n    return (rest - v) / 10.0\n"
        "from scipy import *\nfrom pylab import *\n"
        "C, v, vs = 2.0, np.float64(-50.0), []\n"
        "for k in np.arange(40):\n    v = v + 0.1 * slope(v) / C\n    vs.append(v)\nplot(vs)\n"
    )
    found = trace_script(path)
    assert not found.fallback
    assert {one.name for one in in_order([found.steps[0].updates["v"]])} >= {"v", "rest", "C"}


@pytest.mark.parametrize("product", ["g @ (v - E)", "np.dot(g, v - E)", "(v - E).dot(g)"])
def test_a_product_of_few_is_followed(tmp_path, product):
    path = tmp_path / "script.py"
    path.write_text(
        "import numpy as np\ng, E, v = np.array([0.1, 0.05, 0.02]), np.array([-65.0, -80.0, 0.0]), -50.0\n"
        f"for k in range(40):\n    v = v - 0.1 * ({product})\n"
    )
    found = trace_script(path)
    assert not found.fallback
    assert {one.name for one in in_order([found.steps[0].updates["v"]])} >= {"v", "g[2]", "E[2]"}
    assert not found.exogenous


@pytest.mark.parametrize(
    "slopes",
    [
        "np.concatenate(([-y[0] + y[1]], 0.1 * (y[0] - y[1:])))",
        "np.concatenate(([-y[0] + y[1]], [0.1 * (y[0] - y[1])]))",
        "np.append([-y[0] + y[1]], 0.1 * (y[0] - y[1:]))",
        "np.hstack([-y[0] + y[1], 0.1 * (y[0] - y[1])])",
    ],
)
def test_elements_are_followed_through_lists_put_end_to_end(tmp_path, slopes):
    path = tmp_path / "script.py"
    path.write_text(
        "import numpy as np\ny = np.array([-60.0, -65.0])\nkept = []\n"
        f"for k in range(40):\n    y = y + 0.1 * {slopes}\n    kept.append(y[0])\n"
    )
    found = trace_script(path)
    assert not found.fallback
    assert not found.exogenous
    for tree in found.steps[0].updates.values():
        assert sum(not one.args and one.name.startswith("y") for one in set(in_order([tree]))) == 2
