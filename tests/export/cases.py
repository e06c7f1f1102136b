"""Models of every kind that a file can say, short ones, and how their files are run."""

import runpy

import attrs

import natrium
from natrium.export.lowered import lower_model
from natrium.model import (
    CHANNELS,
    Calcium,
    Constant,
    Formula,
    Gaussian,
    HybridNeuron,
    Model,
    Neuron,
    Noise,
    Poisson,
    Pulses,
    Ramp,
    Samples,
    Simulation,
    Sine,
    Spikes,
    Step,
    Synapse,
    loads,
)
from natrium.model.files.new import template

LIF = Neuron()
NA = natrium.notebook.lif_na().neuron
MARKOV = natrium.Channel(
    "K",
    5.0,
    -80.0,
    scheme=natrium.Scheme(
        states=("C", "O"),
        transitions=[("C", "O", "0.1*exp((V + 50)/20)"), ("O", "C", "0.1*exp(-(V + 50)/20)")],
        open=("O",),
    ),
)
ABRUPT = HybridNeuron(
    equations={"V": "where(V > -60, 1.5*I, I)/10 - (V + 70)/10", "w": "-abs(w)/20 + max(V + 60, 0)/100"},
    initial={"V": -70.0, "w": 0.5},
    v_thresh=-55.0,
    reset={"V": "-70 + w", "w": "w/2 + 1"},
    tau_ref=1.5,
    refractory={"w": "free"},
)


def channel(name, **more):
    return Neuron(channels=[CHANNELS[name]], celsius=25.0, **more)


def made(neuron, *stimuli, t_end=60.0):
    return Model(neuron=neuron, stimulus=stimuli, simulation=Simulation(t_end=t_end))


def file(name, t_end):
    model = loads(template(name))
    return attrs.evolve(model, simulation=attrs.evolve(model.simulation, t_end=t_end))


CASES = {
    "no input": made(LIF),
    "step": made(LIF, Step(20.0, start=5.0, stop=45.0)),
    "an edge at a spike": made(LIF, Step(20.0), Step(10.0, start=13.862943611198906)),
    "pulses": made(LIF, Pulses(40.0, width=3.0, period=7.0, start=5.0, count=6), Constant(10.0)),
    "ramp": made(LIF, Ramp(0.5, start=10.0, stop=50.0, hold=True)),
    "sine": made(NA, Sine(12.0, 60.0, 0.3, 8.0, start=3.0, stop=50.0)),
    "gaussian": made(LIF, Gaussian(60.0, 40.0, 0.7), Constant(13.0)),
    "formula": made(LIF, Formula("20*sin(t/7) + 5*floor(t/13) + where(sin(t) > 0.3, 6, 0) + abs(t - 30)/5")),
    "held samples": made(NA, Noise(10.0, sigma=5.0, tau=2.0, step=0.5, seed=3)),
    "lines": made(LIF, Samples([0, 10, 30, 55], [0, 20, 10, 30.0], "linear")),
    "a graze": made(LIF, Formula("15.0 + 0.3*cos(3*t)"), t_end=100.0),
    "spikes to V": made(LIF, Spikes([3, 5, 5.5, 8, 9, 20, 21, 22], "V", 6.0, delay=0.3), Constant(9.0)),
    "synapse": made(
        Neuron(synapses=[Synapse("exc", 2.0, 0.0, decay=5.0, rise=0.5)]),
        Poisson(200.0, "exc", 0.6, seed=1, stop=60.0),
    ),
    "hold": made(NA, Step(12.0, start=5.0)),
    "clamp": made(attrs.evolve(NA, refractory="clamp"), Step(12.0, start=5.0)),
    "no refractory period": made(attrs.evolve(NA, tau_ref=0.0), Step(12.0, start=5.0)),
    "kinetic": made(Neuron(channels=[MARKOV]), Step(60.0, start=5.0)),
    "instantaneous": made(channel("morris_lecar_calcium"), Step(15.0, start=5.0)),
    "inf and tau": made(channel("t_type"), Step(25.0, start=5.0)),
    "constant field": made(channel("destexhe_t_constant_field"), Step(15.0, start=5.0)),
    "calcium": made(
        channel("l_type", calcium=Calcium(rest=0.05, tau=80.0, factor=1e-3, channels=["L"])),
        Step(25.0, start=5.0),
    ),
    "branches": made(ABRUPT, Step(20.0, start=5.0)),
    "adaptation": file("adex", 100.0),
    "a moving threshold": file("mat", 100.0),
    "no reset": file("fitzhugh-nagumo", 100.0),
    "names that files use": made(
        HybridNeuron(
            equations={"V": "(-70 - V + I + y)/math", "y": "-y/dt - dV*V1"},
            initial={"V": -70.0, "y": 1.0},
            parameters={"math": 10.0, "dt": 3.0, "dV": 0.01, "V1": 0.5},
            v_thresh=-55.0,
            reset={"V": -70.0},
        ),
        Step(20.0),
    ),
}


def lowered(name):
    return lower_model(CASES[name], name)


def run_text(text, folder):
    """Run a Python file; give all that it leaves."""
    path = folder / "written.py"
    path.write_text(text, encoding="utf-8")
    return runpy.run_path(str(path))
