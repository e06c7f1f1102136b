"""Model files: TOML, version 1, both ways."""
