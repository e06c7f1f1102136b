"""Run the standard of spike times in several simulators, and print the table of docs/export.md.

.venv/bin/python scripts/standard_table.py [NAME ...]
"""

import sys

import numpy as np

from natrium.export.simulators import find_simulator
from natrium.export.standard import ALIASES, run_standard
from natrium.export.targets import target_of
from natrium.model import UnsupportedModel

DT = 0.01  # ms


def line(name):
    """Give a simulator's line of the table."""
    told = find_simulator(target_of(ALIASES.get(name, name)).simulator).told
    rows = []
    for row in run_standard(name, dt=DT):
        rows.append(row)
        told_so = f"{row.missed} {row.extra} {row.largest:.3g} {row.order:.2f} {row.said}"
        print(f"{name}: {row.name} {told_so}", file=sys.stderr)
    done = [row for row in rows if not row.said]
    errors = {row.name: row.largest for row in done if not np.isnan(row.largest)}
    worst = max(errors, key=errors.get)
    orders = [row.order for row in done if not np.isnan(row.order)]
    cells = (
        f"`{name}` ({told})",
        f"{len(done)} of {len(rows)}",
        f"{sum(row.missed for row in done)}, {sum(row.extra for row in done)}",
        f"{np.median(list(errors.values())):.2g}",
        f"{errors[worst]:.2g} ({worst})",
        f"{np.median(orders):.1f}" if orders else "–",
        f"{np.median([row.seconds for row in done]):.1f}",
    )
    return f"| {' | '.join(cells)} |"


def main(names):
    """Print the table, line by line."""
    heads = (
        "simulator",
        "models run",
        "missed, extra",
        "median error (ms)",
        "worst (ms)",
        "order in dt",
        "time (s)",
    )
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}", flush=True)
    for name in names:
        try:
            print(line(name), flush=True)
        except UnsupportedModel as error:
            print(f"{name}: left out: {error}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:] or ["scipy", "neuron", "nest", "xpp", "script", "brian2", "lems"])
