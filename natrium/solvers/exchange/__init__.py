"""Runs and ensembles for other packages: pandas, xarray, Neo, NWB, pynapple."""
