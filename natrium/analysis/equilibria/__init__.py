"""Where a neuron stands still, and where equilibria are born and lose their stability."""
