"""What a traced run's numbers came from, as trees: evaluated, simplified, written down."""
