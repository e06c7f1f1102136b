"""Published single neurons, as their papers have them; `tests.solvers.public_truths` keeps their true spikes."""

from natrium import Neuron, Synapse
from tests.solvers.public_conductances import CONDUCTANCES
from tests.solvers.public_parts import System

SYSTEMS = CONDUCTANCES | {
    # --- integrate-and-fire with own equations ---------------------------------------------------------
    # E. M. Izhikevich, Dynamical Systems in Neuroscience (2007), fig. 8.23
    "chattering cell": System(
        "integrate-and-fire",
        {"V": "(1.5*(V + 60)*(V + 40) - u + I)/50", "u": "0.03*(V + 60 - u)"},
        {"V": -60.0, "u": 0.0},
        t_end=120.0,
        v_thresh=25.0,
        reset={"V": -40.0, "u": "u + 150"},
        steps=((0.0, 0.0), (10.0, 200.0)),
    ),
    # R. Naud, N. Marcille, C. Clopath, W. Gerstner, Biol. Cybern. 99 (2008) 335-347, table 1
    "regular bursting": System(
        "integrate-and-fire",
        {"V": "(10*(-58 - V) + 20*exp((V + 50)/2) - w + I)/200", "w": "(2*(V + 58) - w)/120"},
        {"V": -58.0, "w": 0.0},
        t_end=150.0,
        v_thresh=0.0,
        reset={"V": -46.0, "w": "w + 100"},
        steps=((0.0, 0.0), (5.0, 210.0)),
    ),
    # E. M. Izhikevich (2007), fig. 8.27: the recovery has two branches
    "fast-spiking interneuron": System(
        "integrate-and-fire",
        {"V": "((V + 55)*(V + 40) - u + I)/20", "u": "0.2*(where(V < -55, 0, 0.025*(V + 55)**3) - u)"},
        {"V": -55.0, "u": 0.0},
        t_end=90.0,
        v_thresh=25.0,
        reset={"V": -45.0},
        steps=((0.0, 0.0), (5.0, 100.0), (45.0, -60.0), (60.0, 120.0)),
    ),
    # --- thresholds that move -----------------------------------------------------------------------------
    # S. Mihalas, E. Niebur, Neural Comput. 21 (2009) 704-718, fig. 1: phasic bursts
    "generalized leaky cell": System(
        "moving thresholds",
        {
            "V": "0.05*(-70 - V) + i + j + I",
            "i": "-0.2*i",
            "j": "-0.02*j",
            "th": "0.005*(V + 70) - 0.01*(th + 50)",
        },
        {"V": -70.0, "i": 0.0, "j": 0.0, "th": -50.0},
        t_end=200.0,
        v_thresh="th",
        reset={"V": -70.0, "i": 10.0, "j": "j - 0.6", "th": "max(-60, th)"},
        steps=((0.0, 0.0), (10.0, 2.0)),
    ),
    # J. Platkiewicz, R. Brette, PLoS Comput. Biol. 7 (2011) e1001129: a threshold that follows V
    "threshold that follows V": System(
        "moving thresholds",
        {"V": "(-(V + 70) + I)/5", "th": "(-55 + 4*log(1 + exp((V + 63)/5)) - th)/10"},
        {"V": -70.0, "th": -54.1},
        t_end=60.0,
        v_thresh="th",
        reset={"V": -70.0, "th": "th + 3.6"},
        tau_ref=1.0,
        free=("th",),
        steps=((0.0, 0.0), (5.0, 20.0), (25.0, 55.0)),
    ),
    # C. Pozzorini et al., PLoS Comput. Biol. 11 (2015) e1004275, without its escape noise
    "current and threshold after a spike": System(
        "moving thresholds",
        {"V": "(-5*(V + 70) - eta + I)/100", "eta": "-eta/50", "gamma": "-gamma/100"},
        {"V": -70.0, "eta": 0.0, "gamma": 0.0},
        t_end=250.0,
        v_thresh="gamma - 50",
        reset={"V": -60.0, "eta": "eta + 20", "gamma": "gamma + 8"},
        tau_ref=4.0,
        free=("eta", "gamma"),
        steps=((0.0, 0.0), (10.0, 200.0)),
    ),
    # M. J. Chacron, K. Pakdaman, A. Longtin, Neural Comput. 15 (2003) 253-278: a threshold that tires; no units
    "threshold that tires": System(
        "moving thresholds",
        {"V": "I - V", "s": "(1 - s)/7.75"},
        {"V": 0.0, "s": 1.2},
        t_end=60.0,
        v_thresh="s",
        reset={"V": 0.0, "s": "s + 0.5"},
        steps=((0.0, 1.6), (25.0, 2.5), (40.0, 1.3)),
    ),
    # --- driven by synapses -------------------------------------------------------------------------------
    # T. P. Vogels, L. F. Abbott, J. Neurosci. 25 (2005) 10786-10795: the cell, with spikes given
    "two conductances": System(
        "synapses",
        {"V": "(-49 - V + I + ge*(0 - V) + gi*(-80 - V))/20", "ge": "-ge/5", "gi": "-gi/10"},
        {"V": -60.0, "ge": 0.0, "gi": 0.0},
        t_end=120.0,
        v_thresh=-50.0,
        reset={"V": -60.0},
        tau_ref=5.0,
        free=("ge", "gi"),
        spikes={"ge": ([3.0, 9.5, 61.0], 0.4), "gi": ([20.0, 41.5, 43.0], 1.9)},
        cell=Neuron(
            tau_m=20.0,
            tau_ref=5.0,
            v_rest=-49.0,
            v_thresh=-50.0,
            v_reset=-60.0,
            v_init=-60.0,
            synapses=[Synapse("exc", 1.0, 0.0, decay=5.0), Synapse("inh", 1.0, -80.0, decay=10.0)],
        ),
        inlets={"ge": "exc", "gi": "inh"},
    ),
    # R. E. Plesser, M. Diesmann, Neural Comput. 21 (2009) 353-359: alpha currents
    "alpha currents": System(
        "synapses",
        {"V": "(-(V + 70) + a + I)/10", "a": "b - a/2", "b": "-b/2"},
        {"V": -70.0, "a": 0.0, "b": 0.0},
        t_end=80.0,
        v_thresh=-55.0,
        reset={"V": -70.0},
        tau_ref=2.0,
        free=("a", "b"),
        steps=((0.0, 12.0),),
        spikes={"b": ([5.0, 6.0, 7.5, 30.0, 52.0, 53.0, 55.0], 40.0)},
    ),
    # C. E. Jahr, C. F. Stevens, J. Neurosci. 10 (1990) 3178-3182: magnesium's block; the cell of N. Brunel, X.-J. Wang,
    # J. Comput. Neurosci. 11 (2001) 63-85
    "magnesium's block": System(
        "synapses",
        {
            "V": "(-(V + 70) + I + 1.6*sa*(0 - V) + 0.9*sn*(0 - V)/(1 + exp(-0.062*V)/3.57))/20",
            "sa": "-sa/2",
            "sn": "-sn/100 + 0.5*xn",
            "xn": "-xn/2",
        },
        {"V": -70.0, "sa": 0.0, "sn": 0.0, "xn": 0.0},
        t_end=150.0,
        v_thresh=-50.0,
        reset={"V": -55.0},
        tau_ref=2.0,
        free=("sa", "sn", "xn"),
        steps=((0.0, 0.0), (5.0, 14.0)),
        spikes={"sa": ([10.0, 13.0, 70.0], 1.0), "xn": ([10.0, 20.0, 31.0], 1.0)},
    ),
}
