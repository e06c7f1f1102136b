"""The true spikes of the random models, kept: to solve them so finely takes longer than all that is held against it.

Made by the closed form where there is one, else by the event-driven solver at its finest, with half its steps:
``python -m tests.solvers.truths``.
"""

from multiprocessing import Pool
from pathlib import Path

import numpy as np

import natrium
from tests.solvers.randoms import random_case

FILE = Path(__file__).parent.parent / "data" / "random_truths.npz"
N = 500


def solve(seed):
    """Give the spikes of a random model, whether one is a graze, and what tells the model from others."""
    neuron, stimulus, t_end = random_case(seed)
    run = natrium.EventDriven(rtol=2.3e-14, step_scale=0.5).solve(neuron, stimulus, t_end=t_end)
    spikes = run.spike_times if neuron.channels else _exact(neuron, stimulus, t_end, run.spike_times)
    return spikes, bool(run.warnings), run.manifest["model_sha256"][:16]


def _exact(neuron, stimulus, t_end, near):
    """Give the closed form's spikes, which have no error but rounding; those near them where there is none."""
    try:
        found = natrium.ClosedForm().solve(neuron, stimulus, t_end=t_end).spike_times
    except natrium.NatriumError:
        return near
    return found if found.size == near.size else near


def truth(seed):
    """Give the same from the file, or solve where it has none."""
    if seed >= N:
        return solve(seed)
    with np.load(FILE) as kept:
        begin, end = kept["first"][seed : seed + 2]
        return kept["spikes"][begin:end], bool(kept["grazes"][seed]), str(kept["models"][seed])


if __name__ == "__main__":
    with Pool() as pool:
        spikes, grazes, models = zip(*pool.map(solve, range(N), chunksize=5), strict=True)
    first = np.cumsum([0, *map(len, spikes)])
    np.savez_compressed(
        FILE, first=first, spikes=np.concatenate(spikes), grazes=np.array(grazes), models=np.array(models)
    )
