"""``python -m natrium``: the command line."""

from natrium.cli import main

if __name__ == "__main__":
    main()
