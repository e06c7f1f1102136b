"""One run and one small ensemble, made once."""

from functools import cache

import natrium

MODEL = natrium.notebook.lif_na()


def cell():
    return MODEL.neuron


@cache
def run():
    return natrium.simulate(cell(), natrium.Step(30.0, start=5.0), t_end=60.0)


@cache
def ensemble():
    grid = {"I": [0.0, 20.0], "g_Na": [100.0, 120.0]}
    return natrium.simulate_many(cell(), t_end=40.0, grid=grid, sample_times=[0.0, 2.5, 5.0], solver="event")
