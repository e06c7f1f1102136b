"""Channels with their sources.

Conductances are relative to the leak conductance, g/g_L, without unit.
"""

from __future__ import annotations

import attrs

from natrium.model.neuron import Channel, Gate

__all__ = ["CHANNELS", "HH_POTASSIUM", "HH_SODIUM", "NOTEBOOK_SODIUM_1", "NOTEBOOK_SODIUM_2"]

# Hodgkin & Huxley (1952), in today's sign and with rest at -65 mV: V = -65 mV - V_1952. Conductances
# 120 and 36 mS/cm^2 over the leak's 0.3; reversal at +115 and -12 mV from rest.
_HH = "A. L. Hodgkin, A. F. Huxley, J. Physiol. 117 (1952) 500-544, https://doi.org/10.1113/jphysiol.1952.sp004764"

HH_SODIUM = Channel(
    "Na",
    g=400.0,
    E=50.0,
    gates=(
        Gate("m", 3, alpha="0.1*(V + 40)/(1 - exp(-(V + 40)/10))", beta="4*exp(-(V + 65)/18)"),
        Gate("h", 1, alpha="0.07*exp(-(V + 65)/20)", beta="1/(1 + exp(-(V + 35)/10))"),
    ),
    source=f"{_HH}, eqs. 20, 21, 23, 24 and table 3",
)

HH_POTASSIUM = Channel(
    "K",
    g=120.0,
    E=-77.0,
    gates=(Gate("n", 4, alpha="0.01*(V + 55)/(1 - exp(-(V + 55)/10))", beta="0.125*exp(-(V + 65)/80)"),),
    source=f"{_HH}, eqs. 12, 13 and table 3",
)

# The notebook calls g = 120 a conductance in mS/cm^2, but divides by nothing: against a leak of 1 it is
# g/g_L. Gates start at m = 0, h = 1.
NOTEBOOK_SODIUM_1 = Channel(
    "Na",
    g=120.0,
    E=50.0,
    gates=tuple(
        attrs.evolve(gate, initial=start) for gate, start in zip(HH_SODIUM.gates, (0.0, 1.0), strict=True)
    ),
    source="class notebook, scripts 2 and 3: the kinetics of the squid axon's sodium channel (Hodgkin & "
    "Huxley 1952, rest at -65 mV), with g = 120 relative to the leak where the paper's is 400",
)

NOTEBOOK_SODIUM_2 = Channel(
    "Na2",
    g=100.0,
    E=55.0,
    gates=(
        Gate(
            "m",
            3,
            alpha="0.05*(V + 45)/(1 - exp(-(V + 45)/10))",
            beta="2*exp(-(V + 70)/20)",
            initial=0.0,
        ),
        Gate("h", 1, alpha="0.06*exp(-(V + 70)/10)", beta="1/(1 + exp(-(V + 30)/10))", initial=1.0),
    ),
    source="class notebook, script 3: a variation of the squid axon's sodium channel; no publication is "
    "known to us for these numbers",
)

CHANNELS: dict[str, Channel] = {
    "notebook_sodium_1": NOTEBOOK_SODIUM_1,
    "notebook_sodium_2": NOTEBOOK_SODIUM_2,
    "hh_sodium": HH_SODIUM,
    "hh_potassium": HH_POTASSIUM,
}
"""All channels of the catalogue by name."""
