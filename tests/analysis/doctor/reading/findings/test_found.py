"""How findings are put into words."""

from natrium.analysis.doctor.reading.findings.found import at_first


def test_a_sentence_that_begins_with_a_line_quotes_it_as_it_is():
    assert at_first(["return dV, dV  # twice"], 1).startswith("Line 1 (`return dV, dV")
    assert at_first([], 1) == "The script"
