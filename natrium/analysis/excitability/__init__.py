"""What makes a neuron fire, how fast, and what kind of neuron that makes it."""
