"""Replay the notebook's three scripts, solve their models truly, and compare.

Writes two figures per script into the folder given (by default ``reproduction_example``).
"""

import sys
from pathlib import Path

import natrium
from natrium.figures import plot_comparison, plot_script

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "reproduction_example")
folder.mkdir(parents=True, exist_ok=True)

for name, script in natrium.notebook.SCRIPTS.items():
    comparison = natrium.compare_script(script())
    title = natrium.notebook.TITLES[name]

    print(title)
    for pair in comparison.pairs():
        print(f"  label {pair.label:7.3f} ms   true {pair.truth:11.6f} ms   {pair.difference:+.6f} ms")
    for sentence in natrium.findings(comparison):
        print(f"  - {sentence}")

    plot_script(comparison, title).savefig(folder / f"{name}_notebook.png")
    plot_comparison(comparison, f"{title}: script and truth").savefig(folder / f"{name}_comparison.png")

print(f"figures: {folder}")
