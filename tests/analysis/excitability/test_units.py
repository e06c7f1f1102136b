"""Results in the currents that the model was given in: the same numbers, times the leak's conductance."""

import attrs
import numpy as np
import pytest

import natrium

PER_MV = 30.0  # pA per mV: g_L = 30 nS


@pytest.fixture(scope="module")
def both() -> tuple[natrium.Neuron, natrium.Neuron]:
    """Give a neuron with a persistent sodium current in absolute units, and the same without units."""
    gate = natrium.Gate("m", inf="1/(1 + exp(-(V + 35)/5))", tau="0.5")
    cell = natrium.membrane(
        C="281 pF", g_L="30 nS", v_rest="-70.6 mV", v_thresh="-50.4 mV",
        channels=[natrium.Channel("Na", 1.0, 50.0, [gate])], conductances={"Na": "0.3 uS"},
    )  # fmt: skip
    return cell, attrs.evolve(cell, leak=None)


def test_words_tell_currents(both: tuple[natrium.Neuron, natrium.Neuron]) -> None:
    found = natrium.describe(both[0])
    said = "\n".join(found.sentences())
    assert f"Rheobase: {PER_MV * found.rheobase.value:.9f} pA (fold" in said
    assert f"vanish above {PER_MV * found.curve.folds[0].I:.9f} pA" in said
    assert "C/g_L = 281 pF / 30 nS = 9.3667 ms" in said
    assert f"{found.onset.coefficient * PER_MV**0.5:.4g} ms pA^(1/2) fitted" in said


def test_without_units_nothing_is_said_of_them() -> None:
    said = "\n".join(natrium.describe(natrium.Neuron()).sentences())
    assert "Units" not in said
    assert "Rheobase: 15.000000000 mV (threshold" in said


def test_data_keep_their_keys_and_have_the_current_beside(
    both: tuple[natrium.Neuron, natrium.Neuron],
) -> None:
    told = natrium.describe(both[0]).data()
    plain = natrium.rheobase(both[1]).data()
    for name in ("value", "bistable_from"):
        assert told["rheobase"][f"{name}_mV"] == plain[f"{name}_mV"]
        assert told["rheobase"][f"{name}_pA"] == PER_MV * plain[f"{name}_mV"]
    assert [fold["I_pA"] for fold in told["folds"]] == [PER_MV * fold["I_mV"] for fold in told["folds"]]
    assert told["onset"]["at_pA"] == PER_MV * told["onset"]["at_mV"]
    assert told["rheobase"].keys() - plain.keys() == {"value_pA", "bistable_from_pA"}


def test_tables_have_a_column_in_the_current(both: tuple[natrium.Neuron, natrium.Neuron]) -> None:
    inputs = both[0].leak.to_mV(np.array([150.0, 600.0]))
    told, plain = (natrium.f_i_curve(one, inputs).table() for one in both)
    assert [row["input_pA"] for row in told] == pytest.approx([150.0, 600.0], rel=1e-15)
    assert [{key: row[key] for key in row if key != "input_pA"} for row in told] == plain
    told, plain = (natrium.strength_duration(one, [1.0, 20.0]) for one in both)
    assert [row["amplitude_pA"] for row in told.table()] == [
        PER_MV * row["amplitude_mV"] for row in plain.table()
    ]
    assert f"Least pulses: {PER_MV * plain.rheobase:.9f} pA" in told.sentences()[0]


@pytest.mark.parametrize(
    ("law", "term"),
    [
        ("square root", lambda x: 1 / np.sqrt(x)), ("logarithmic", lambda x: -np.log(x)),
        ("jump", lambda x: x), ("fold of cycles", lambda x: -np.sqrt(x)),
    ],
)  # fmt: skip
def test_laws_are_the_same_in_either_unit(law: str, term: object) -> None:
    from natrium.analysis.excitability.f_i import Onset

    onset = Onset(law, 1.0, 4.0, 2.5, None, {}, np.ones(3), np.ones(3), 1.0, 0.0, leak=natrium.Leak(PER_MV))
    a, b = onset.constants(onset.coefficient)
    excess = np.array([0.01, 0.3, 2.0])
    assert a + b * term(PER_MV * excess) == pytest.approx(4.0 + 2.5 * term(excess), rel=1e-14)


def test_cycles_planes_and_clamps_tell_currents(both: tuple[natrium.Neuron, natrium.Neuron]) -> None:
    cell = both[0]
    cycle = natrium.limit_cycle(cell, cell.leak.to_mV("600 pA"))
    assert cycle.sentences()[0].startswith("At I = 600 pA it fires every ")
    assert cycle.data()["I_pA"] == pytest.approx(600.0, rel=1e-15)
    plane = natrium.phase_plane(cell, cell.leak.to_mV("600 pA"))
    assert plane.data()["I_pA"] == pytest.approx(600.0, rel=1e-15)
    row = natrium.voltage_clamp(cell, natrium.Constant(-40.0), t_end=5.0).table()[-1]
    assert row["I_leak_pA"] == pytest.approx(30.0 * 30.6, rel=1e-12)
    assert row["I_leak_mV"] == pytest.approx(30.6, rel=1e-12)
    with pytest.raises(natrium.SolverError, match="at I = -30 pA"):
        natrium.limit_cycle(cell, -1.0)
