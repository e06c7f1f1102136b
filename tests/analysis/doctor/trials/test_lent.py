"""Names that nothing reads."""

import ast

from natrium.analysis.doctor.trials.lent import lent_names


def test_fields_that_nothing_reads_are_lent_as_their_neighbours_are_read():
    text = """
class P:
    R: float = 8.0
    tau: float = 10.0
q = P()
p = {"E": -70.0, "C": 2.0}
idle = 3.0
print(p["E"] + 1.0 / q.tau)
"""
    assert lent_names(ast.parse(text)) == ["idle", "p['C']", "q.R"]
