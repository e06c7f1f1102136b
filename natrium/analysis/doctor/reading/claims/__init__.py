"""A script held against the model that it claims to be, side by side."""
