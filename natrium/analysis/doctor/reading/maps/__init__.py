"""What the steps of a run are as maps, and the states, neurons and clocks that they hold."""
