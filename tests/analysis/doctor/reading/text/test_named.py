"""Numbers that a text gives names to."""

from natrium.analysis.doctor.reading.text.named import compared, idle, numbers_named, reads, unread

SOURCE = """
E_L, V_r = -65.0, -70.0
count = 0
class Cell:
    def __init__(self, wait, tau=5.0):
        self.wait = wait
        self.tau = tau
        self.steps = round(wait / 0.1)
    def step(self, v):
        return v - (v - E_L) / self.tau
for k in range(3):
    count += 1
""".splitlines()


def test_names_have_their_numbers_where_they_are_set_once():
    assert numbers_named(SOURCE) == {"E_L": -65.0, "V_r": -70.0, "tau": 5.0}


def test_what_is_set_and_never_read_is_named():
    assert unread(SOURCE) == {"V_r": (2, -70.0), "count": (3, 0.0), "wait": (6, None)}
    assert idle(SOURCE) == {"V_r": 2, "wait": 6, "steps": 8, "k": 11, "count": 3}
    assert compared(SOURCE, "v") == 0
    assert compared(["if a:", "    b = self.v > 2 * c"], "v") == compared(["", "1 < v"], "v") == 2
    assert reads(SOURCE)["E_L"] == 1
