"""The steps of a run sorted, and the run replayed by the maps that were found."""
