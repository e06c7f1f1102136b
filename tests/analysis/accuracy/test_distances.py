"""Distances between spike trains: known values, laws, and the message without the extra."""

import sys

import numpy as np
import pytest

import natrium
from natrium.analysis import coincidence_factor, spike_train_distances

TRAIN = np.array([12.0, 40.0, 41.5, 77.0])


def test_equal_trains_are_no_distance_apart():
    pytest.importorskip("elephant")
    found = spike_train_distances(TRAIN, TRAIN, t_end=100.0)
    assert (found.van_rossum, found.victor_purpura) == pytest.approx((0.0, 0.0), abs=1e-7)
    assert found.coincidence_factor == pytest.approx(1.0)


def test_known_values():
    """One spike moved by d: V-P costs q d (2 at most); van Rossum sqrt(1 - exp(-d/tau)) in units of a spike."""
    pytest.importorskip("elephant")
    moved = TRAIN + np.array([0.0, 0.0, 0.0, 1.0])
    found = spike_train_distances(TRAIN, moved, t_end=100.0, tau=10.0, cost=0.5)
    assert found.victor_purpura == pytest.approx(0.5)
    one_more = spike_train_distances(TRAIN, TRAIN[:-1], t_end=100.0)
    assert one_more.victor_purpura == pytest.approx(1.0)
    assert found.van_rossum / one_more.van_rossum == pytest.approx(np.sqrt(2.0 * (1.0 - np.exp(-0.1))))


def test_coincidences_by_chance_count_for_nothing():
    """Evenly spread trains with N of N coincident: 1; none coincident: minus the chance rate's share."""
    train = np.arange(5.0, 1000.0, 10.0)
    assert coincidence_factor(train, train, t_end=1000.0) == pytest.approx(1.0)
    chance = 2.0 * 0.1 * 2.0
    assert coincidence_factor(train + 5.0, train, t_end=1005.0) < 0.0
    assert coincidence_factor(train, train[:1], t_end=1000.0) < 0.05
    assert coincidence_factor(train + 4.9, train, t_end=1000.0) == pytest.approx(-chance / (1.0 - chance))
    assert np.isnan(coincidence_factor([], [], t_end=10.0))
    assert np.isnan(coincidence_factor(train, train, t_end=1000.0, window=5.0))


@pytest.mark.parametrize("bad", [{"window": 0.0}, {"t_end": -1.0}, {"tau": -1.0}, {"cost": float("nan")}])
def test_values_out_of_range_are_refused(bad):
    with pytest.raises(natrium.ModelError, match=next(iter(bad))):
        spike_train_distances(TRAIN, TRAIN, **{"t_end": 100.0} | bad)


def test_without_elephant_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "elephant", None)
    monkeypatch.setitem(sys.modules, "elephant.spike_train_dissimilarity", None)
    with pytest.raises(natrium.ModelError, match=r"natrium\[neo\]"):
        spike_train_distances(TRAIN, TRAIN, t_end=100.0)
