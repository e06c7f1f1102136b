"""NMODL read through NEURON's parser: one small file for each way of writing, against its formula."""

import importlib.util

import numpy as np
import pytest

import natrium
from natrium.imports import import_model
from natrium.imports.neuron_check.expected import VOLTAGES, gate_curves, level_of
from natrium.imports.nmodl.reader import read_tree
from natrium.imports.nmodl.source import parse, prepare
from natrium.imports.result import LEAK
from natrium.model.errors import CannotImport
from tests.imports.nmodl.cases import ALL_STATES, CASES, SCHEME, TEXTS, channel

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("neuron") is None, reason="needs NEURON's parser: pip install natrium[neuron]"
)
V = np.array(VOLTAGES)
RATES = "PROCEDURE rates(v) { minf = 0.5 mtau = 1 }"
RELAX = "INITIAL { m = 0 }\nDERIVATIVE states { rates(v) m' = (minf - m)/mtau }\n"
DOUBLED = "a = v " + " ".join("a = a + a" for _ in range(60))


# Each with the reason, and a word of the message that names what was found.
REFUSED = {
    "an include": ('INCLUDE "rates.inc"\n' + channel(RELAX + RATES), "INCLUDE", "rates.inc"),
    "a pointer": (channel(RELAX + RATES).replace("RANGE gbar", "POINTER p"), "POINTER", "p"),
    "C": (channel(RELAX + RATES.replace("mtau = 1", "mtau = 1\n VERBATIM\n while (mtau < 2) mtau = 2;\n ENDVERBATIM\n")), "VERBATIM", "mtau = 2"),
    "a return halfway": (channel(RELAX + RATES.replace("mtau = 1", "VERBATIM\n return 0;\n ENDVERBATIM\n mtau = 1")), "VERBATIM", "return 0"),
    "a volume": (CASES["a state that only counts"].text.replace("{ h }", "{ h m }"), "COMPARTMENT", "m"),
    "a state from nowhere": (CASES["a state that only counts"].text.replace("gbar*m", "gbar*m*h"), "COMPARTMENT", "h"),
    "two at once": (
        CASES["a state that only counts"].text.replace("gbar*m", "gbar*m*h").replace("COMPARTMENT diam*diam*0.7854 { h }", "").replace("~ h <<", "~ 2h <<"),
        "open KINETIC",
        "h <<",
    ),
    "one without a volume": (
        CASES["a state that only counts"].text.replace("gbar*m", "gbar*m*h").replace("COMPARTMENT diam*diam*0.7854 { h }", ""),
        "open KINETIC",
        "h <<",
    ),
    "a point process": (channel(RELAX + RATES).replace("SUFFIX", "POINT_PROCESS"), "point process", "small"),
    "an electrode": (channel(RELAX + RATES).replace("RANGE gbar", "ELECTRODE_CURRENT i"), "electrode", "i"),
    "events": (channel(RELAX + RATES) + "NET_RECEIVE(w) { m = m + w }", "events", "w"),
    "a table elsewhere": (channel(RELAX + "FUNCTION_TABLE f(v)\n" + RATES.replace("1 }", "f(v) }")), "FUNCTION_TABLE", "f"),
    "its own calcium": (channel(RELAX + RATES, ion="USEION ca WRITE cai"), "writes concentrations", "cai"),
    "no current": (channel(RELAX + RATES).replace("WRITE ina", ""), "no current", "USEION"),
    "nothing to drive it": (channel(RELAX + RATES, current="gbar*m*exp(v/50)"), "no driving force", "exp"),
    "a root of a gate": (channel(RELAX + RATES, current="gbar*sqrt(m)*(v - ena)"), "no polynomial of gates", "sqrt"),
    "a gate of a gate": (channel("INITIAL { m = 0 h = 0 }\nDERIVATIVE states { m' = h - m h' = -h }\n", states="m h"), "coupled states", "h"),
    "states that start as none": (ALL_STATES.replace("c = 1", "c = 0"), "not shares", "0 at the start"),
    "states that lose": (ALL_STATES.replace("- (b + 1)*o", "- (b + 2)*o"), "coupled states", "o must come to another"),
    "a gate squared": (channel("INITIAL { m = 0 }\nDERIVATIVE states { m' = 1 - m*m }\n"), "not linear", "m"),
    "time": (channel("INITIAL { m = 0 }\nDERIVATIVE states { m' = (sin(t) - m)/2 }\n"), "of time", "t"),
    "rates of the start": (channel("INITIAL { rates(v) m = minf }\nDERIVATIVE states { m' = (minf - m)/mtau }\n" + RATES.replace("0.5", "1/(1 + exp(-v))")), "set at the start", "minf"),
    "the cell's size": (channel(RELAX + RATES, current="gbar*m*(v - ena)/area", more="area (um2)"), "of the cell", "area"),
    "another current": (channel(RELAX + RATES.replace("0.5", "ica"), ion="USEION ca READ ica"), "of the cell", "ica"),
    "a name that is none": (channel(RELAX + RATES.replace("0.5", "zork")), "no such name", "zork"),
    "a function that is none": (channel(RELAX + RATES.replace("0.5", "zork(v)")), "unknown function", "zork"),
    "V that is set": (channel(RELAX + RATES.replace("minf", "v = -20 minf").replace("rates(v)", "rates(w)")), "sets v", "-20"),
    "routines without end": (channel(RELAX + "PROCEDURE rates(v) { rates(v) }"), "recursion", "rates"),
    "a loop without end": (channel(RELAX + "PROCEDURE rates(v) { WHILE (1 > 0) { minf = 1 } }"), "too large", "WHILE"),
    "a loop too long": (channel(RELAX + "PROCEDURE rates(v) { FROM i=0 TO 9000000 { minf = 1 } }"), "too large", "9000000"),
    "a formula doubled": (channel(RELAX + f"PROCEDURE rates(v) {{ {DOUBLED} minf = a mtau = 1 }}"), "too large", "terms"),
    "brackets": (channel(RELAX + RATES.replace("0.5", "(" * 99 + "v" + ")" * 99)), "too large", "brackets"),
    "a long sum": (channel(RELAX + RATES.replace("0.5", "v" + " + v" * 5000)), "too large", "operators"),
    "a negative rate": (channel(RELAX + RATES.replace("mtau = 1", "mtau = v")), "rates", "tau must be positive"),
    "shares of two": (SCHEME.replace("I = 1", "I = 2"), "not shares", "2"),
    "a reaction of two": (SCHEME.replace("~ C <-> O (", "~ C + P <-> O ("), "open KINETIC", "C + P"),
    "a system of equations": (channel("INITIAL { m = 0 }\nLINEAR states { ~ m = 1 }\n"), "LINEAR", "states"),
    "binary": ("\0\1\2", "no NMODL", "ASCII"),
    "another language": ("def f(x):\n    return x\n", "no NMODL", "refuses"),
    "nothing": ("", "no channel", "SUFFIX"),
}  # fmt: skip


@pytest.fixture(scope="module")
def read():
    """Parse all texts by one process: the parser takes half a second to load."""
    texts = TEXTS | SEVERAL | {name: text for name, (text, *_) in REFUSED.items()}
    ready, trees = {}, {}
    for name, text in texts.items():
        try:
            ready[name] = prepare(text)
        except CannotImport as error:
            trees[name] = (error, "")
    for (name, (_, title)), tree in zip(
        ready.items(), parse([bare for bare, _ in ready.values()]), strict=True
    ):
        trees[name] = (tree, title)
    return lambda name, **asked: read_tree(trees[name][0], "small.mod", trees[name][1], **asked)


@pytest.mark.parametrize("name", CASES)
def test_each_way_of_writing_means_its_formula(name, read):
    case = CASES[name]
    found = read(name, celsius=case.celsius)
    (made,) = found.model.neuron.channels
    assert made.g * LEAK == pytest.approx(case.g, rel=1e-12)
    assert pytest.approx(case.E, rel=1e-12) == made.E
    powers = {gate.name: gate.power for gate in made.gates}
    assert powers == dict.fromkeys(case.gates, 1) | case.powers
    for gate in made.gates:
        inf, tau = case.gates[gate.name]
        if tau is None:
            assert not gate.moves
            expected = natrium.Gate("x", inf=gate.inf, tau="1")
            assert gate_curves(expected, level_of(found))[0] == pytest.approx(inf(V), rel=1e-12)
            continue
        curves = gate_curves(gate, level_of(found))
        assert curves[0] == pytest.approx(inf(V), rel=1e-12, abs=1e-12)
        assert curves[1] == pytest.approx(tau(V), rel=1e-12)
    assert case.note in " ".join(found.sentences())
    again = natrium.loads(found.text())
    assert again == found.model


@pytest.mark.parametrize("name", REFUSED)
def test_each_refusal_has_its_reason(name, read):
    _, reason, word = REFUSED[name]
    with pytest.raises(CannotImport) as refused:
        read(name)
    assert refused.value.reason == reason
    assert word in str(refused.value)


SEVERAL = {
    "several ions": channel(
        RELAX + RATES, ion="USEION k READ ek WRITE ik", current="gbar*m*(v - ena)\n ik = gbar*m*(v - ek)"
    ),
    "several that one number opens": channel(
        RELAX + RATES, ion="USEION k WRITE ik", current="gbar*m*(v - ena)\n ik = 0.5*ina"
    ).replace("gbar = 0.1", "gbar = 0"),
    "a power by its name": channel(RELAX + RATES, current="gbar*pow(m, p)*(v - ena)").replace(
        "gbar = 0.1", "p = 3 gbar = 0.1"
    ),
}


def test_several_currents_are_a_channel_each_and_one_can_be_asked_for(read):
    assert len(read("several that one number opens").model.neuron.channels) == 2
    every = read("several ions")
    assert "ina, ik are read, a channel of each: --current ina takes one" in every.assumed
    (made,) = read("several ions", current="ik").model.neuron.channels
    assert made.E == -77.0
    both = read("several ions", current="all").model.neuron.channels
    assert [(one.name, one.E) for one in both] == [("small_na", 50.0), ("small_k", -77.0)]
    assert every.model.neuron.channels == both
    assert read("several ions", current="ina, ik").model.neuron.channels == both
    with pytest.raises(CannotImport, match="must be of ina, ik, got il"):
        read("several ions", current="il")


def test_a_power_that_is_a_parameter_is_a_number(read):
    (made,) = read("a power by its name").model.neuron.channels
    assert [(gate.name, gate.power) for gate in made.gates] == [("m", 3)]


def test_a_leak_of_the_files_own_stands_beside_its_channel(read):
    found = read("a leak of the file's own")
    channels = [(one.name, one.g * LEAK, one.E, len(one.gates)) for one in found.model.neuron.channels]
    assert channels == [
        ("small_na", pytest.approx(0.1), 50.0, 1),
        ("small_il", pytest.approx(5e-5), -67.0, 0),
    ]
    assert "il is a leak of the file's own: a channel without gates" in found.assumed


def test_products_of_gates_become_channels(read):
    found = read("two")
    shares = [
        (one.g * LEAK, {gate.name: gate.power for gate in one.gates}) for one in found.model.neuron.channels
    ]
    assert shares == [(pytest.approx(0.075), {"m": 3}), (pytest.approx(0.025), {"h": 1, "m": 1})]
    assert {gate.initial for one in found.model.neuron.channels for gate in one.gates} == {0.0}


def test_a_scheme(read):
    found = read("scheme")
    (made,) = found.model.neuron.channels
    scheme = made.scheme
    assert (scheme.states, scheme.open, made.gates) == (("C", "O", "P", "I"), ("O", "P"), ())
    rates = {(one.source, one.target): float(one.rate.written()(20.0)) for one in scheme.transitions}
    expected = {
        ("C", "O"): np.e, ("O", "C"): 2 / np.e, ("O", "P"): 0.5, ("P", "O"): 0.1, ("O", "I"): 1.0, ("I", "O"): 0.02,
    }  # fmt: skip
    assert rates == pytest.approx(expected, rel=1e-14)
    assert found.model.neuron.constants == {"k": 2.0}


@pytest.mark.parametrize(
    ("name", "third", "start"), [("all", "i", (1, 0, 0)), ("missing", "rest", (0.75, 0.25, 0))]
)
def test_derivatives_that_need_each_other_are_a_scheme(name, third, start, read):
    (made,) = read(name).model.neuron.channels
    scheme = made.scheme
    assert (scheme.states, scheme.open) == (("c", "o", third), ("o",))
    rates = {(one.source, one.target): float(one.rate.written()(20.0)) for one in scheme.transitions}
    expected = {("c", "o"): np.e, ("o", "c"): 2 / np.e, ("o", third): 1.0, (third, "o"): 0.05}
    assert rates == pytest.approx(expected, rel=1e-14)
    assert dict(scheme.initial) == dict(zip(scheme.states, start, strict=True))


@pytest.mark.parametrize(
    ("name", "z", "inside", "outside"),
    [
        ("field", 2, 5e-5, 2.0),
        ("potassium's field", 1, 54.4, 2.5),  # one of the two currents that tell it is nearly zero
        ("sodium's field, taken twice charged", 2, 10.0, 140.0),
    ],
)
def test_a_constant_field(name, z, inside, outside, read):
    """The file's own R and F are met by the temperature; its current by the field."""
    found = read(name)
    (made,) = found.model.neuron.channels
    x = 1e-3 * z * 96520 * V / (8.3134 * (36 + 273.15))
    expected = 2e-4 * 1e-3 * z * 96520 * (inside * -x / np.expm1(-x) - outside * x / np.expm1(x))
    inward = np.array([made.inward(v, None, np.nan) for v in VOLTAGES])
    assert -LEAK * inward == pytest.approx(expected, rel=1e-10, abs=1e-10 * np.abs(expected).max())
    assert (made.ghk.valence, made.ghk.inside, made.ghk.outside) == (z, inside, outside)


def test_a_constant_field_of_the_files_own_numbers(read):
    """Where it reverses gives the ratio of concentrations, its bend RT/F; neither is the ion's."""
    (made,) = read("a field of the file's own numbers").model.neuron.channels
    expected = 0.1 * V * (15 / 135 - np.exp(-V / 25.4)) / -np.expm1(-V / 25.4)
    inward = np.array([made.inward(v, None, np.nan) for v in VOLTAGES])
    assert -LEAK * inward == pytest.approx(expected, rel=1e-10, abs=1e-10 * np.abs(expected).max())
    assert made.ghk.inside / made.ghk.outside == pytest.approx(15 / 135, rel=1e-9)
    assert made.ghk.thermal() == pytest.approx(25.4, rel=1e-9)


def test_parameters_keep_their_names(read):
    found = read("scheme")
    changed = natrium.with_parameters(found.model, {"k": 5.0})
    rates = {
        (one.source, one.target): float(one.rate.written()(0.0))
        for one in changed.neuron.channels[0].scheme.transitions
    }
    assert rates["O", "C"] == 5.0


def test_a_model_that_was_read_runs(read):
    run = natrium.run(read("alpha and beta, a trap by hand, a table, Q10").model)
    assert run.n_spikes > 5


def test_a_file_that_is_included_is_read_in_its_place(tmp_path):
    inner = tmp_path / "parts"
    inner.mkdir()
    (inner / "rates.inc").write_text('TITLE rates\n: how fast\nINCLUDE "time.inc"\n', encoding="utf-8")
    (tmp_path / "time.inc").write_text(RATES, encoding="utf-8")
    outer = (
        channel(RELAX)
        + 'COMMENT\nINCLUDE "none.inc"\nENDCOMMENT\n: INCLUDE "none.inc"\nINCLUDE "parts/rates.inc"\n'
    )
    (tmp_path / "a.mod").write_text(outer, encoding="utf-8")
    found = import_model(tmp_path / "a.mod")
    assert found.assumed[:2] == (
        "rates.inc is included, and read in its place",
        "time.inc is included, and read in its place",
    )
    assert found.title == "a small channel"
    (tmp_path / "b.mod").write_text(channel(RELAX + RATES), encoding="utf-8")
    assert (
        found.model.neuron.channels[0].gates
        == import_model(tmp_path / "b.mod").model.neuron.channels[0].gates
    )
    (inner / "rates.inc").rename(tmp_path / "rates.inc")  # beside it, wherever its name leads
    assert import_model(tmp_path / "a.mod").assumed == found.assumed


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("../out.inc", "INCLUDE"),
        ("{}/out.inc", "INCLUDE"),
        ("link.inc", "INCLUDE"),
        ("\0", "INCLUDE"),
        ("in.mod", "too large"),
    ],
)
def test_nothing_outside_of_the_folder_is_included(told, reason, tmp_path):
    (tmp_path / "out.inc").write_text(RATES, encoding="utf-8")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "link.inc").symlink_to(tmp_path / "out.inc")
    text = channel(RELAX) + f'INCLUDE "{told.format(tmp_path)}"\n'
    (folder / "in.mod").write_text(text, encoding="utf-8")
    with pytest.raises(CannotImport) as refused:
        import_model(folder / "in.mod")
    assert refused.value.reason == reason


def test_a_branch_that_another_temperature_takes_stays(tmp_path):
    rates = (
        "PROCEDURE rates(v) { LOCAL qt\n if (celsius > 30) { qt = 4 } else { qt = 3^((celsius - 20)/10) }\n"
        "minf = 1/(1 + exp(-(v + 40)/6)) mtau = (0.2 + 2/(1 + exp((v + 40)/9)))/qt\n"
        "if (mtau < 0.3) { mtau = 0.3 } }"
    )
    file = tmp_path / "warm.mod"
    file.write_text(channel(RELAX + rates))
    cold, warm = (import_model(file, celsius=t).model.neuron for t in (6.3, 36.0))
    (gate,) = cold.channels[0].gates
    assert "celsius > 30" in gate.tau.text
    assert gate.tau.text.startswith("max(")
    changed = cold.changed({"celsius": 36.0}).channels[0].gates[0].tau.written()(V)
    np.testing.assert_array_equal(changed, warm.channels[0].gates[0].tau.written()(V))
    assert changed.min() == 0.3 < changed.max()
