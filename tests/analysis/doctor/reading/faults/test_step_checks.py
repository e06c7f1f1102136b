"""Steps that no model means: the line of each that is told."""

import pytest

from tests.analysis.doctor.written import taken

LEAKY = """
dt = 0.1
t_ref, E = 2.0, -70.0
tau = 20.0
v, wait = E, 0
for k in range(400):
    if wait > 0:
        wait -= 1
        continue
    v += dt * (E - v + 25.0) / tau
    if v > -55.0:
        v = E
        wait = round(t_ref / dt)
"""


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({}, []),
        ({"tau = 20.0": "tau = 0.02"}, [4]),  # the step goes with the refractory time
        ({"tau = 20.0": "tau = 0.02", "2.0, -70.0": "0.002, -0.07", "25.0": "0.025", "-55.0": "-0.055"}, [2]),
        ({"tau = 20.0": "tau = 2.0 * 0.01"}, [4]),
        ({"tau\n": "0.02\n"}, [10]),  # a number has no line but that of the step
    ],
)
def test_a_time_in_another_unit_is_told_where_it_is_given(tmp_path, changes, lines):
    text = LEAKY
    for old, new in changes.items():
        text = text.replace(old, new)
    assert [one.line for one in taken(tmp_path, text).faults] == lines


@pytest.mark.parametrize(
    ("t_ref", "steps", "lines"),
    [
        ("2.0", "round(t_ref / dt)", []),
        ("2.05", "int(t_ref / dt)", []),  # half a step is no slip
        ("0.3", "int(t_ref / dt)", [13]),  # 2, where 3 is meant
        ("4.0", "int(t_ref // dt)", [13]),  # 39, where 40 is meant
    ],
)
def test_a_step_that_rounding_takes_away_is_told(tmp_path, t_ref, steps, lines):
    text = LEAKY.replace("t_ref, E = 2.0", f"t_ref, E = {t_ref}").replace("round(t_ref / dt)", steps)
    assert [one.line for one in taken(tmp_path, text).faults] == lines


TIMED = """
dt, t_ref = 0.1, 2.0
v, w, wait = -70.0, 0.0, {begin}
for k in range(400):
    if wait > 0:
        wait = {counts}
        continue
    dv = {of_v}(-70.0 - v - w + 25.0) / 20.0
    dw = {of_w}(2.0 - w) / 50.0
    v += {added}dv
    w += dw
    if v > -55.0:
        v = -70.0
        wait = {sets}
"""
SOUND = {
    "begin": "0.0", "counts": "wait - dt", "of_v": "dt * ", "of_w": "dt * ", "added": "", "sets": "t_ref",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({}, []),
        ({"counts": "wait - 1"}, [6]),  # it begins as a time, and is set to one
        ({"counts": "max(wait - 1, 0.0)"}, [6]),
        ({"counts": "wait - 1", "begin": "0"}, [14]),  # it begins as a count
        ({"counts": "wait - 1", "sets": "t_ref / dt"}, []),
        ({"of_v": ""}, [8]),  # where the other has its step, not where it is added
        ({"of_v": "", "added": "dt * "}, []),
    ],
)
def test_a_step_is_lacking_where_the_others_have_it(tmp_path, changes, lines):
    faults = taken(tmp_path, TIMED.format(**SOUND | changes)).faults
    assert [one.line for one in faults] == lines


STANDING = """
dt, v, wait, since = 0.1, -70.0, 0, 0
for k in range(400):
    if wait > 0:
        v = -72.0
        {held}
    else:
        v = v + dt * (-70.0 - v + 20.0) / 10.0
        if v >= -55.0:
            v = -72.0
            wait = 20
        {free}
    {always}
"""


@pytest.mark.parametrize(
    ("held", "free", "always", "line"),
    [
        ("wait -= 1", "pass", "pass", 0),
        ("wait = wait - 1", "pass", "pass", 0),
        ("pass", "pass", "wait -= 1", 0),
        ("pass", "wait -= 1", "pass", 12),
        ("pass", "wait = max(wait - 1, 0)", "pass", 12),
        ("pass", "pass", "pass", 4),
    ],
)
def test_a_wait_that_nothing_moves_on_never_ends(tmp_path, held, free, always, line):
    reading = taken(tmp_path, STANDING.format(held=held, free=free, always=always))
    assert [(one.key, one.line) for one in reading.faults] == ([("refractory-endless", line)] if line else [])


@pytest.mark.parametrize(
    ("step", "is_wrong"),
    [("E + dt * dv", True), ("-70.0 + dt * dv", True), ("dt * dv + E", True), ("v + dt * dv", False)],
)
def test_a_step_that_begins_at_a_parameter_does_not_go_on(tmp_path, step, is_wrong):
    text = (
        f"dt, E, v = 0.1, -70.0, -65.0\nfor k in range(200):\n    dv = (E - v + 12.0) / 9.0\n    v = {step}\n"
    )
    found = taken(tmp_path, text)
    assert [(one.key, one.line) for one in found.faults] == ([("not-carried-on", 4)] if is_wrong else [])


@pytest.mark.parametrize(
    ("decay", "told"),
    [
        ("w += -w / 80.0", True),
        ("w = w - w / 80.0", True),
        ("w += (2.0 - w) / 80.0", True),
        ("w += -dt * w / 80.0", False),
        ("w *= 0.99875", False),
        ("w = w * (1 - 0.1 / 80.0)", False),
        ("w = w - 0.1 * w / 80.0", False),
        ("w = w * math.exp(-0.1 / 80.0)", False),
    ],
)
def test_a_decay_by_a_time_constant_alone_lacks_the_step(tmp_path, decay, told):
    found = taken(tmp_path, f"""
        import math
        dt, v, w, vs = 0.1, -65.0, 0.0, []
        for k in range(900):
            v += dt * (-(v + 65.0) + 25.0 - w) / 10.0
            {decay}
            if v > -50.0:
                v = -70.0
                w += 2.0
            vs.append(v)
        """)  # fmt: skip
    assert [(one.key, one.line) for one in found.faults] == [("dt-missing", 6)] * told


@pytest.mark.parametrize("step", ["paso_tiempo", "pas_de_temps", "zeitschritt"])
def test_a_step_has_its_name_in_other_languages(tmp_path, step):
    found = taken(tmp_path, f"""
        {step} = 0.1
        v, vs = -65.0, []
        for k in range(900):
            v = v + {step} * (-(v + 65.0) + 25.0) / 10.0
            vs.append(v)
        """)  # fmt: skip
    assert found.maps.dt == step
    assert not found.faults
