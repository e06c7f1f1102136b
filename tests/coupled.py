"""Two compartments that a large conductance holds together: states that are fast by each other alone."""

import natrium


def coupled_compartments(**more):
    return natrium.HybridNeuron(
        equations={"V": "(-(V + 70) + g*(U - V) + I)/10", "U": "(-(U + 70) + g*(V - U))/10"},
        initial={"V": -70.0, "U": -70.0},
        parameters={"g": 1e5},
        v_thresh=-55.0,
        reset={"V": -70.0},
        **more,
    )
