"""From a file's content to a model: what is wrong is told, all of it and where."""

import math
import time
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

import natrium
from tests.model.files.design import DESIGN


def valid() -> dict[str, Any]:
    """Give the design's example as plain data, new each time."""
    return tomllib.loads(DESIGN)


def problems(data: Any) -> list[str]:
    """Refuse data; give each problem's line."""
    with pytest.raises(natrium.ModelError) as caught:
        natrium.from_dict(data)
    head, *lines = str(caught.value).split("\n  ")
    if lines:
        assert head == f"not a valid model, {len(lines)} rules are broken:"
        return lines
    return [head.removeprefix("not a valid model: ")]


def put(data: Any, place: str, value: Any) -> Any:
    """Set, or with ``...`` remove, the value at a place such as ``channels[0].gates[1].beta``."""
    *path, last = [int(p) if p.isdigit() else p for p in place.replace("[", ".").replace("]", "").split(".")]
    inner = data
    for step in path:
        inner = inner[step]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return data


NUMBERS_WITH_PLACES = [
    *(f"neuron.{key}" for key in ("tau_m", "tau_ref", "v_rest", "v_thresh", "v_reset", "v_init")),
    *("channels[0].g", "channels[0].E", "stimuli[0].amplitude", "stimuli[0].start", "stimuli[0].stop"),
    *(f"simulation.{key}" for key in ("t_start", "t_end", "rtol", "atol", "dt")),
]
NO_NUMBERS = [
    "nan",
    "inf",
    "-inf",
    "true",
    '"10"',
    "2020-01-01",
    "07:32:00",
    "1979-05-27T07:32:00Z",
    "[1.0]",
    "{}",
    "1e999",
    "-1e999",
]


@pytest.mark.parametrize("place", NUMBERS_WITH_PLACES)
@pytest.mark.parametrize("text", NO_NUMBERS)
def test_no_number_is_refused_by_its_place(place: str, text: str) -> None:
    value = tomllib.loads(f"x = {text}")["x"]
    (problem,) = problems(put(valid(), place, value))
    assert problem.startswith(f"{place}: {place.split('.')[-1]} must be ")
    assert "a number" in problem or "finite" in problem


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("neuron.tau_m", -10.0, "tau_m must be positive, got -10.0 ms"),
        ("neuron.tau_m", 0, "tau_m must be positive, got 0.0 ms"),
        ("neuron.tau_ref", -1, "tau_ref must be zero or positive, got -1.0 ms"),
        ("neuron.refractory", "soft", "refractory must be one of 'hold', 'clamp', got 'soft'"),
        ("neuron.refractory", 1, "refractory must be one of"),
        ("channels[0].name", "Na+", "name must be a name of at most 40 letters"),
        ("channels[0].name", 3, "name must be a name .* got 3"),
        ("channels[0].g", -1, "g must be zero or positive, got -1.0"),
        ("channels[0].source", 3, "source must be text, got 3"),
        ("channels[0].gates[0].name", "m.x", "name must be a name"),
        ("channels[0].gates[0].power", 0, "power must be a whole number from 1 to 16, got 0"),
        ("channels[0].gates[0].power", 3.0, "power must be a whole number from 1 to 16, got 3.0"),
        ("channels[0].gates[0].power", True, "power must be a whole number from 1 to 16, got True"),
        ("channels[0].gates[1].beta", "V.real", "an expression may hold numbers, V"),
        ("channels[0].gates[1].beta", "V", "beta must not be negative .* at V = -150 mV"),
        ("channels[0].gates[1].beta", "1/(V + 20)", "beta must be finite: .* pole at V = -20 mV"),
        ("channels[0].gates[1].beta", True, "an expression must be text or SymPy, got True"),
        ("channels[0].gates[1].beta", ["V"], "an expression must be text"),
        ("channels[0].gates[1].beta", math.nan, "an? .*expression"),
        ("channels[0].gates[0].initial", 1.5, r"initial must be within \[0, 1\], got 1.5"),
        ("channels[0].gates[0].initial", "steady", "initial must be a number from 0 to 1 or 'steady-state'"),
        ("channels[0].gates[0].initial", math.nan, "initial must be finite"),
        ("stimuli[0].kind", "steps", "kind must be one of constant, step, pulses, .* got 'steps'"),
        ("stimuli[0].kind", ["step"], r"kind must be one of .* got \['step'\]"),
        ("stimuli[0].kind", ..., "kind must be one of .* got None"),
        ("stimuli[0].stop", 10.0, r"stop must not be before start \(20.0 ms\), got 10.0 ms"),
        (
            "simulation.solver",
            "magic",
            "solver must be one of 'event', 'script', 'closed-form'.*, got 'magic'",
        ),
        ("simulation.solver", "script", "solver 'script' needs a time step, got no dt: give dt in ms"),
        (
            "simulation.method",
            "LSODA",
            "method must be one of 'auto', 'RK45', 'DOP853', 'Radau', 'Radau13', got 'LSODA'",
        ),
        ("simulation.rtol", 0.0, r"rtol must be within \(0, 0.1\], got 0.0"),
        ("simulation.rtol", 0.5, r"rtol must be within \(0, 0.1\], got 0.5"),
        ("simulation.atol", 0.0, "atol must be positive, got 0.0"),
        ("simulation.dt", -0.1, "dt must be positive, got -0.1 ms"),
        ("simulation.t_end", 0.0, r"t_end must be after t_start \(0.0 ms\), got 0.0 ms"),
        ("natrium", 2, "the version of the file's format must be 1, got 2"),
        ("natrium", 1.0, "the version of the file's format must be 1, got 1.0"),
        ("natrium", True, "the version of the file's format must be 1, got True"),
        ("natrium", "1", "the version of the file's format must be 1, got '1'"),
        ("neuron", 3, "must be a table, got 3"),
        ("neuron", [], r"must be a table, got \[\]"),
        ("channels", {}, "must be a list of tables, got {}"),
        ("channels", 3, "must be a list of tables, got 3"),
        ("channels[0]", 3, "must be a table, got 3"),
        ("channels[0].gates", {}, "must be a list of tables, got {}"),
        ("channels[0].gates[1]", "h", "must be a table, got 'h'"),
        ("stimuli", "step", "must be a list of tables, got 'step'"),
        ("stimuli[0]", [], r"must be a table, got \[\]"),
        ("simulation", True, "must be a table, got True"),
    ],
)
def test_wrong_value_is_refused_by_its_place(place: str, value: Any, message: str) -> None:
    (problem,) = problems(put(valid(), place, value))
    assert any(problem.startswith(part) for part in _places(place)), problem
    _match(message, problem)


@pytest.mark.parametrize("digits", [400, 5000], ids="16^{}".format)
@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("natrium", "the version of the file's format must be 1"),
        ("neuron.tau_m", "tau_m must be "),
        ("channels[0].gates[0].power", "power must be a whole number from 1 to 16"),
        ("channels[0].gates[0].alpha", "an? .*expression must be |a number "),
        ("stimuli[0].amplitude", "amplitude must be "),
        ("simulation.rtol", "rtol must be "),
    ],
)
def test_whole_number_beyond_every_float_is_refused_by_its_rule(
    place: str, message: str, digits: int
) -> None:
    (problem,) = problems(put(valid(), place, 16**digits))
    assert problem.startswith(f"{place}: ")
    _match(message, problem)


def _match(pattern: str, text: str) -> None:
    with pytest.raises(natrium.ModelError, match=pattern):
        raise natrium.ModelError(text)


def _places(place: str) -> Iterator[str]:
    """Give the place and, for rules between two keys, the table around it."""
    yield f"{place}: "
    if "." in place:
        yield f"{place.rsplit('.', 1)[0]}: "
    if place.endswith(".kind"):
        yield f"{place.removesuffix('.kind')}: "


@pytest.mark.parametrize(
    "place",
    [
        "natrium",
        "neuron",
        "channels[0].name",
        "channels[0].g",
        "channels[0].E",
        "channels[0].gates[0].name",
        "stimuli[0].amplitude",
    ],
)
def test_missing_key_is_named(place: str) -> None:
    assert problems(put(valid(), place, ...)) == [f"{place}: missing key"]


@pytest.mark.parametrize(
    "place",
    [
        "tau_m", "neuron.tau_mm", "neuron.channels", "neuron.tau_m2", "channels[0].gate", "channels[0].kind",
        "channels[0].gates[1].gamma",
        "channels[0].gates[1].text", "stimuli[0].frequency", "stimuli[0].parts", "simulation.tol",
        "simulation.t_stop", "neuron.__class__",
    ],
)  # fmt: skip
def test_unknown_key_is_named_and_the_known_ones_listed(place: str) -> None:
    (problem,) = problems(put(valid(), place, 1.0))
    assert problem.startswith(f"{place}: unknown key; the keys here are ")
    assert place.split(".")[-1] not in problem.split("the keys here are ")[1].split(", ")


def test_all_problems_come_at_once() -> None:
    data = valid()
    for place, value in {
        "neuron.tau_m": -1.0, "neuron.tau_mm": 1.0, "channels[0].E": "50", "channels[0].gates[0].power": 99,
        "simulation.rtol": 1.0,
        "channels[0].gates[1].beta": "eval('1')", "channels[0].gates[1].initial": 2.0,
        "stimuli[0].amplitude": math.nan,
        "stimuli[0].kinds": 3, "stimuli[0].start": ..., "colour": "red", "natrium": 7,
    }.items():  # fmt: skip
        put(data, place, value)
    data["stimuli"].append({"kind": "sine", "amplitude": 1.0})
    found = [problem.split(": ")[0] for problem in problems(data)]
    assert sorted(found) == sorted(
        {
            "neuron.tau_m", "neuron.tau_mm", "channels[0].E", "channels[0].gates[0].power", "simulation.rtol",
            "channels[0].gates[1].beta", "channels[0].gates[1].initial", "stimuli[0].amplitude",
            "stimuli[0].kinds",
            "stimuli[1].frequency", "colour", "natrium",
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"neuron.v_reset": -50.0}, "v_reset must be below v_thresh"),
        ({"neuron.v_init": -55.0}, "v_init must be below v_thresh"),
        ({"neuron.v_thresh": -70.0}, "v_reset must be below v_thresh"),
        (
            {"channels[0].gates[1].name": "m"},
            r"channels\[0\]: names of gates in channel Na must differ, got m, m",
        ),
        (
            {"channels[0].gates[1].beta": ...},
            r"channels\[0\].gates\[1\]: gate h needs alpha and beta, .* got alpha",
        ),
        (
            {"channels[0].gates[1].inf": "1"},
            r"channels\[0\].gates\[1\]: gate h needs .* got alpha, beta, inf",
        ),
    ],
)
def test_rules_between_keys_hold_in_files(changes: dict[str, Any], message: str) -> None:
    data = valid()
    for place, value in changes.items():
        put(data, place, value)
    _match(message, "\n".join(problems(data)))


def test_channels_of_one_name_are_refused() -> None:
    data = valid()
    data["channels"] *= 2
    _match("names of channels in the neuron must differ, got Na, Na", "\n".join(problems(data)))


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "natrium = 1",
        3,
        b"",
        [1],
        ("natrium",),
        set(),
        {1: 2},
        {"natrium": 1, "neuron": {}, 1: 2, "x": 3},
    ],
)
def test_other_data_than_a_table_is_refused(data: Any) -> None:
    problems(data)


def test_messages_stay_short() -> None:
    """Neither a huge value nor a huge key fills the screen."""
    for key, value in (
        ("neuron.refractory", "x" * 10**6),
        ("neuron." + "k" * 10**5, 1.0),
        ("channels[0].gates[0].alpha", "V" * 2001),
    ):
        assert all(len(problem) < 1000 for problem in problems(put(valid(), key, value)))


def test_from_dict_leaves_its_data_alone() -> None:
    data = valid()
    natrium.from_dict(data)
    assert data == valid()


def test_many_bad_tables_are_told_soon() -> None:
    data = valid()
    data["stimuli"] = [{"kind": "step"}] * 5_000
    begin = time.process_time()
    with pytest.raises(natrium.ModelError, match=r"stimuli\[0\].amplitude: missing key"):
        natrium.from_dict(data)
    assert time.process_time() - begin < 3.0
