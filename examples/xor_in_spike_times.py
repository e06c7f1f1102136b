"""LIF + sodium neurons learn XOR in spike times, by exact derivatives of the spike times.

The task is S. M. Bohte et al., Neurocomputing 48 (2002) 17-37, doi:10.1016/S0925-2312(01)00658-0. Draws what
the network does before and after into the folder given (``xor_example``).
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import natrium

SYNAPSE = natrium.Synapse("in", g=1.0, decay=4.0, rise=1.0)  # a current: weights may be negative
CELL = natrium.Neuron(channels=[natrium.CHANNELS["notebook_sodium_1"]], synapses=[SYNAPSE])
PATTERNS = [(0.0, 0.0), (0.0, 6.0), (6.0, 0.0), (6.0, 6.0)]  # when the inputs spike, ms
TARGETS = np.array([22.0, 18.0, 18.0, 22.0])  # when the output is to: early where they differ
HIDDEN, DELAY, T_END = 4, 1.0, 40.0


def start(seed):  # bias and weights, neuron after neuron: strong enough that every spike is heard
    random = np.random.default_rng(seed)
    hidden = [[3.0, *random.uniform(8.0, 34.0, 2)] for _ in range(HIDDEN)]
    return np.array([*np.ravel(hidden), 10.0, *random.normal(0.0, 10.0, HIDDEN)])


def fire(bias, weights, trains):  # one neuron: a constant input, and a synapse from every train
    spikes = [natrium.Spikes(t, "in", w, delay=DELAY) for t, w in zip(trains, weights, strict=True)]
    return natrium.simulate(CELL, [natrium.Constant(bias), *spikes], t_end=T_END, solver="compiled")


def forward(parameters, pattern):  # the network: the hidden neurons, then the output
    rows, (bias, *weights) = parameters[: 3 * HIDDEN].reshape(HIDDEN, 3), parameters[3 * HIDDEN :]
    hidden = [fire(row[0], row[1:], [[t] for t in pattern]) for row in rows]
    return [*hidden, fire(bias, weights, [run.spike_times for run in hidden])]


def derivatives(run):  # of a neuron's spikes by its bias and weights, and by every spike of every train
    lengths = [len(part.times) for part in run.stimulus.parts[1:]]
    names = [f"{what}_{k + 1}" for what in ("weight", "times") for k in range(len(lengths))]
    matrix = natrium.spike_time_gradients(run, ["I_0", *names]).matrix
    own, *by_trains = np.split(matrix, 1 + len(lengths) + np.cumsum([0, *lengths[:-1]]), axis=1)
    return own, by_trains


def backward(runs):  # of the first output spike by all parameters: the chain rule through hidden spikes
    own, by_trains = derivatives(runs[-1])
    hidden = [by[0] @ derivatives(run)[0] for by, run in zip(by_trains, runs[:-1], strict=True)]
    return np.concatenate([*hidden, own[0]])


def outputs(network):  # the first spike for each pattern; one that is not there is infinitely late
    return np.array([runs[-1].spike_times[0] if runs[-1].n_spikes else np.inf for runs in network])


def train(parameters, epochs=30, enough=1e-6):  # damped Gauss-Newton steps, longer when they succeed
    network, damping, history = [forward(parameters, one) for one in PATTERNS], 1.0, []
    while len(history) <= epochs and damping < 1e6:
        errors = outputs(network) - TARGETS
        history.append(float(errors @ errors))
        if history[-1] < enough or np.isinf(history[-1]):  # nothing to learn, or nothing to learn from
            break
        J, loss = np.array([backward(runs) for runs in network]), np.inf
        while not loss < history[-1] and damping < 1e6:  # refused: it is worse, or an output spike vanished
            step = J.T @ np.linalg.solve(J @ J.T + damping * np.eye(len(errors)), -errors)
            network = [forward(parameters + step, one) for one in PATTERNS]
            loss, damping = np.sum((outputs(network) - TARGETS) ** 2), 6.0 * max(damping, 1e-3)
        if loss < history[-1]:
            parameters, damping = parameters + step, damping / 24.0
    return parameters, history


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "xor_example")
    folder.mkdir(parents=True, exist_ok=True)
    learnt, history = train(start(seed=1))
    networks = [[forward(p, pattern) for pattern in PATTERNS] for p in (start(seed=1), learnt)]
    figure, axes = plt.subplots(2, 4, figsize=(9, 4), sharex=True, sharey=True, layout="constrained")
    for (row, column), ax in np.ndenumerate(axes):  # before, after; a column for each pattern
        runs, inputs = networks[row][column], PATTERNS[column]
        ax.axvspan(TARGETS[column] - 0.4, TARGETS[column] + 0.4, color="0.85")
        trains = [*(run.spike_times for run in runs[::-1]), *([t] for t in inputs)]
        ax.eventplot(trains, colors="k", linelengths=0.8)
        ax.set(title="inputs at {:g}, {:g} ms".format(*inputs), xlabel="Time (ms)")
        ax.set_yticks([0, 2.5, 5.5], ["output", "hidden", "inputs"])
    figure.savefig(folder / "xor.png", dpi=150)
    print("loss (ms^2):", *(f"{loss:.3g}" for loss in history))
    print("output spikes (ms):", *(f"{time:.3f}" for time in outputs(networks[1])))
