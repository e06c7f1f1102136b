"""Notes that say what a reading is of."""

from tests.analysis.doctor.written import taken

ASKS = """
dt, V, spikes = 0.1, -70.0, 0
I = float(input("current? "))
for k in range(400):
    V += dt * (-70.0 - V + I) / 10.0
    if V > -50.0:
        V, spikes = -65.0, spikes + 1
"""


def test_what_is_said_of_one_answer_is_no_fault_of_the_script(tmp_path):
    reading = taken(tmp_path, ASKS)
    assert reading.faults == ()
    assert [one.line for one in reading.findings if one.key == "asked"] == [3]
    (fault,) = taken(tmp_path, ASKS.replace('float(input("current? "))', "1.0")).faults
    assert fault.line == 6
