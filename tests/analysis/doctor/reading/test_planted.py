"""Each planted fault is named with its line, and no other line is."""

from itertools import zip_longest

import pytest

from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced
from tests.analysis.doctor.reading.corpus import SCRIPTS
from tests.analysis.doctor.reading.planted import PLANTED

pytestmark = pytest.mark.corpus

NAMED = 0.95  # of all faults

FAST = [
    ("loop_arrays", "-(V[i] - EL)", "(V[i] - EL)", "leak-sign", "V - EL"),
    ("list_comprehension", "self._R*self._C", "self._R/self._C", "wrong-operation", "R*C"),
    ("loop_arrays", "+ I[i])", "+ I[i]*dt)", "dt-twice", ""),
    ("class_update", "< self.t_ref", "< 2 * self.t_ref", "refractory-length", ""),
    ("izhikevich_call", "140 - self.u", "140 + self.u", "wrong-operation", "140 - "),
    ("fold", "if v >= THRESHOLD", "if v <= THRESHOLD", "threshold-direction", "v > THRESHOLD"),
    ("fold", "return RESET if", "return v if", "reset-missing", "-68"),
    ("rk4_by_hand", "k1 + 2*k2 + 2*k3 + k4", "k1 + 2*k2 + k3 + k4", "stage-weights", "1/3 k3"),
    ("loop_arrays", "        V[i+1] = EL", "        V[i+1] = Vth", "reset-value", "-70"),
    ("loop_arrays", "I[200:800] = 20", "I[20:800] = 20", "input-differs", ""),
    ("seconds_function", "R * current", "C * current", "wrong-name", "R*"),
    ("seconds_function", "wait -= 1", "wait = 1", "refractory-endless", ""),
    ("seconds_function", "wait -= 1", "wait -= 2", "refractory-length", ""),
]


@pytest.fixture(scope="module")
def claims():
    return {}


def examined(claims, folder, name, old, new):
    """Read a script with a fault against the model of the script without."""
    if name not in claims:
        claims[name] = read(traced(SCRIPTS / f"{name}.py"), name, solve=False).model
    text = (SCRIPTS / f"{name}.py").read_text(encoding="utf-8")
    assert old in text
    wrong = text.replace(old, new)
    pairs = zip_longest(text.splitlines(), wrong.splitlines())
    line = next(number for number, (a, b) in enumerate(pairs, start=1) if a != b)
    (folder / f"{name}.py").write_text(wrong, encoding="utf-8")
    record = traced(folder / f"{name}.py", claim=claims[name])
    return read(record, name, claims[name], solve=False), line


@pytest.mark.parametrize(("name", "old", "new", "key", "should"), FAST)
def test_a_fault_is_named_by_its_line(claims, tmp_path, name, old, new, key, should):
    reading, line = examined(claims, tmp_path, name, old, new)
    assert {one.line for one in reading.faults} == {line}
    assert key in {one.key for one in reading.faults}
    assert any(
        should in f"{one.should} {one.said}".replace("self.", "").replace("_", "") for one in reading.faults
    )
    assert all(f"line {line}" in one.said.lower() for one in reading.faults)


@pytest.mark.slow
def test_nearly_all_faults_are_named_and_no_other_line(claims, tmp_path):
    missed = []
    for name, old, new in PLANTED:
        reading, line = examined(claims, tmp_path, name, old, new)
        if {one.line for one in reading.faults} != {line}:
            missed.append((name, new, [(one.line, one.key) for one in reading.faults]))
    assert len(missed) <= (1.0 - NAMED) * len(PLANTED), missed


@pytest.mark.parametrize("name", ["loop_arrays", "list_comprehension", "izhikevich_call", "fold"])
def test_a_sound_script_has_none_against_its_own_model(claims, tmp_path, name):
    reading, _ = examined(claims, tmp_path, name, "\n", "\n\n")
    assert reading.faults == ()


def test_what_a_fault_does_to_each_spike_is_what_its_mending_undoes(claims, tmp_path):
    """The script's map with the one change is the sound script's: their spikes tell the effect."""
    reading, _ = examined(claims, tmp_path, "list_comprehension", "self._R*self._C", "self._R/self._C*3")
    sound = read(traced(SCRIPTS / "list_comprehension.py"), solve=False)
    (fault,) = reading.faults
    assert fault.effect_ms
    apart = reading.spike_times[: sound.spike_times.size] - sound.spike_times[: reading.spike_times.size]
    kept = [one for one in fault.effect_ms if one is not None]
    assert kept[0] == pytest.approx(apart[0], abs=1e-9)
