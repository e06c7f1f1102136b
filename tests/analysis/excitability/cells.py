"""Cells that more than one of the tests beside this file are about."""

from natrium import CHANNELS, Neuron

# The squid axon, reset: its firing ends by period doubling, at no fold of cycles.
RESET_AXON = Neuron(
    tau_m=1 / 0.3,
    v_rest=-54.387,
    v_thresh=-20.0,
    v_reset=-65.0,
    refractory="clamp",
    channels=[CHANNELS["hh_sodium"], CHANNELS["hh_potassium"]],
)
