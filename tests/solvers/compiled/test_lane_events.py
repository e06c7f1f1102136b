"""The search for a crossing within a step, on polynomials whose roots and peaks are known; as plain Python."""

import importlib.util
import math
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.polynomial import Polynomial

import natrium.solvers.compiled
from natrium.solvers.compiled.lane_tables import MAX_HALVINGS, PEAKS

MARGIN = 1e-9


@pytest.fixture(scope="module")
def events():
    """Give the module with nothing compiled."""
    path = Path(natrium.solvers.compiled.__file__).parent / "lane_events.py"
    spec = importlib.util.spec_from_file_location("plain_lane_events", path)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        plain = SimpleNamespace(compiled=lambda function: function)
        patch.setitem(sys.modules, "natrium.solvers.compiled.lane_memory", plain)
        spec.loader.exec_module(module)
    return module


def search(events, u, is_last=False, margin=MARGIN):
    """Give the crossing, and the place and height of each doubtful peak."""
    a = np.array(u.coef)
    n = a.size - 1
    basis = np.array([[math.comb(i, j) / math.comb(n, j) for j in range(n + 1)] for i in range(n + 1)])
    work, peaks = np.full((MAX_HALVINGS + 3, n + 3), np.nan), np.full((PEAKS, 2), np.nan)
    x, count = events.find_crossing(a, n, basis, margin, is_last, work, peaks)
    return x, [tuple(peak) for peak in peaks[:count].tolist()]


def first_rise(u):
    """Give the first root in (0, 1] through which a polynomial with simple roots rises; -1 without one."""
    roots = [root.real for root in u.roots() if abs(root.imag) < 1e-9 and 0.0 < root.real <= 1.0]
    return min((root for root in roots if u.deriv()(root) > 0.0), default=-1.0)


@pytest.mark.parametrize("seed", range(40))
def test_the_first_way_up_is_found(events, seed):
    """Between two and fourteen roots in and about the step, none beside another."""
    random = np.random.default_rng(seed)
    roots = np.cumsum(random.uniform(0.05, 0.4, random.integers(2, 15))) - random.uniform(0.0, 0.5)
    u = Polynomial.fromroots(roots)
    u = u if u(0.0) < 0.0 else -u
    u /= np.abs(u(np.linspace(0.0, 1.0, 200))).max()
    x, peaks = search(events, u)
    assert x == pytest.approx(first_rise(u), abs=1e-9)
    assert peaks == []


@pytest.mark.parametrize("power", [1, 2, 3, 7])
@pytest.mark.parametrize("at", [1e-6, 0.1, 0.5, 0.93, 1.0])
def test_a_rise_all_the_way_is_met_to_the_last_digit(events, at, power):
    u = Polynomial([0.0, 1.0]) ** power + 0.3 * Polynomial([0.0, 1.0])
    x, peaks = search(events, u - u(at), is_last=True)
    assert x == pytest.approx(at, rel=4e-16)
    assert peaks == ([(1.0, 0.0)] if at == 1.0 else [])  # what ends on the threshold is in doubt


@pytest.mark.parametrize("at", [0.2, 0.5, 0.77])
@pytest.mark.parametrize("height", [-3e-10, 3e-10])
def test_a_touch_is_in_doubt_and_decided(events, at, height):
    u = height - 2.0 * Polynomial([-at, 1.0]) ** 2 * Polynomial([1.0, 0.3])
    x, [(place, peak)] = search(events, u)
    assert place == pytest.approx(at, abs=1e-7)
    assert peak == pytest.approx(height, abs=1e-15)
    assert x == pytest.approx(at - math.sqrt(height / (2 + 0.6 * at)) if height > 0.0 else -1.0, rel=1e-6)


@pytest.mark.parametrize("height", [-2e-8, 2e-8])
def test_a_peak_well_off_the_threshold_is_in_no_doubt(events, height):
    x, peaks = search(events, height - Polynomial([-0.4, 1.0]) ** 2)
    assert x == pytest.approx(0.4 - math.sqrt(height) if height > 0.0 else -1.0, rel=1e-9)
    assert peaks == []


def test_each_of_several_touches_is_told_once(events):
    places = (0.15, 0.4, 0.8)
    u = -MARGIN / 3.0 - Polynomial.fromroots(places) ** 2
    x, peaks = search(events, u)
    assert x == -1.0
    assert [place for place, _ in peaks] == pytest.approx(places, abs=1e-6)
    assert [height for _, height in peaks] == pytest.approx([-MARGIN / 3.0] * 3, rel=1e-6)


def test_a_rise_that_ends_with_its_step_is_a_peak_where_nothing_follows(events):
    u = Polynomial([-1.0 - MARGIN / 2.0, 1.0])
    assert search(events, u) == (-1.0, [])
    assert search(events, u, is_last=True) == (-1.0, [(1.0, pytest.approx(-MARGIN / 2.0, rel=1e-6))])


def test_a_peak_is_left_for_good_at_the_very_end_of_its_step(events):
    margin = 2.0**-30
    u = -margin / 8 * (1.0 + 44.0 * Polynomial([-0.5, 1.0]) ** 2)  # at its ends one and a half margins below
    assert u(1.0) == -1.5 * margin
    assert search(events, u, margin=margin) == (-1.0, [(pytest.approx(0.5, abs=1e-6), -margin / 8)])


def test_what_leaves_the_threshold_does_not_cross_it_again(events):
    assert search(events, Polynomial([0.0, -1.0, 0.2])) == (-1.0, [])
    x, peaks = search(events, Polynomial([0.0, -1.0, 1.5]))
    assert (x, peaks) == (pytest.approx(2.0 / 3.0, rel=1e-15), [])


def test_states_and_slopes_are_the_polynomials_own(events):
    random = np.random.default_rng(1)
    series = random.normal(size=(2, 6, 3))
    for lane in range(3):
        for tau in (0.0, 0.3, 1.7):
            for i in range(2):
                state = events.state_at(series, 5, lane, i, tau)
                assert state == pytest.approx(Polynomial(series[i, :, lane])(tau), rel=1e-14)
            slope = events.slope_at(series, 5, lane, tau)
            assert slope == pytest.approx(Polynomial(series[0, :, lane]).deriv()(tau), rel=1e-14)


@pytest.mark.parametrize(
    ("name", "held"), [("decay", True), ("growth", False), ("pole", False), ("none", False)]
)
def test_a_step_is_held_by_a_decay_of_one_rate(events, name, held):
    """Beside terms of a smooth course, in a step of ten lengths of the decay."""
    k = np.arange(17)
    factorials = np.array([math.factorial(i) for i in k], dtype=float)
    rest = {
        "decay": 1e-6 * (-1000.0) ** k / factorials,
        "growth": 1e-6 * 1000.0**k / factorials,
        "pole": 1e-6 * (-300.0) ** k,
        "none": 0.0 * k,
    }[name]
    series = (0.3**k + rest)[None, :, None]
    assert events.is_held(series, 16, 0, 1e-2) == held
    assert not events.is_held(series, 16, 0, 1e-3)
