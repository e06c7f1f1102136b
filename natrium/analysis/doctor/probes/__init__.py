"""An object pushed from outside: how it is held, stepped and read."""
