"""What a neuron is driven by: each kind of input with all that is known of it."""
