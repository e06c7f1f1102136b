"""From a traced run to its equations, its scheme, its rules and its faults."""
