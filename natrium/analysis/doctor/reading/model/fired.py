"""When a script's spikes are, as it labels them."""

from __future__ import annotations

import numpy as np

from natrium.analysis.doctor.reading.maps.maps import Maps
from natrium.analysis.doctor.reading.model.levels import course_of, upward
from natrium.analysis.doctor.reading.model.models import Meant
from natrium.model.arrays import Array


def labelled(maps: Maps, meant: Meant) -> Array:
    """Give the script's spikes as it labels them, ms."""
    clock, ms = meant.clock, meant.units.ms
    if maps.record.solver:
        return np.array([end * ms for end, _, _ in maps.record.restarts])
    if clock.spikes is not None:
        return np.asarray(clock.spikes * ms)
    times = clock.starts if clock.of_spikes == "start" else clock.starts + maps.step
    return np.asarray(times[maps.spikes] * ms)


def crossed(maps: Maps, meant: Meant, level: float) -> Array:
    """Give the times at which V goes up through a level, as the script labels its samples, ms."""
    V = course_of(maps) * meant.units.mV
    times = meant.clock.starts if meant.clock.label == "start" else meant.clock.starts + maps.step
    if maps.record.solver:
        times = maps.record.solution.get("", maps.record.times)[1:]
    return np.asarray(times[upward(V, level)] * meant.units.ms)
