"""Two variables of a neuron in the plane: reductions, nullclines, separatrices."""
