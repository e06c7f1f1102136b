"""Many runs of one model: grids, schedules, what they give, files of sweeps."""
