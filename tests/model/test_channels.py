"""The catalogue: the numbers are those of their sources, checked against the papers' own tables."""

import math
from collections.abc import Mapping

import pytest

import natrium


def rate(channel: str, gate: str, name: str, V: float) -> float:
    (found,) = (g for g in natrium.CHANNELS[channel].gates if g.name == gate)
    return float(getattr(found, name).written()(V))


def test_names() -> None:
    assert isinstance(natrium.CHANNELS, Mapping)
    assert set(natrium.CHANNELS) >= {"notebook_sodium_1", "notebook_sodium_2", "hh_sodium", "hh_potassium"}
    assert len(natrium.CHANNELS) == len(list(natrium.CHANNELS.items()))
    assert all(name in repr(natrium.CHANNELS) for name in natrium.CHANNELS)
    assert "calcium" not in natrium.CHANNELS
    with pytest.raises(KeyError):
        natrium.CHANNELS["calcium"]
    with pytest.raises(TypeError):
        natrium.CHANNELS["mine"] = natrium.CHANNELS["hh_sodium"]  # type: ignore[index]  # the point of the test


@pytest.mark.parametrize("name", natrium.CHANNELS)
def test_each_channel_is_made_once_and_names_its_source(name: str) -> None:
    channel = natrium.CHANNELS[name]
    assert channel is natrium.CHANNELS[name]
    assert len(channel.source) > 20
    assert ("doi" in channel.source) != name.startswith("notebook_")
    assert ("notebook" in channel.source) == name.startswith("notebook_")
    assert channel.gates


@pytest.mark.parametrize("name", natrium.CHANNELS)
def test_each_channel_can_be_solved_and_saved(name: str) -> None:
    channel = natrium.CHANNELS[name]
    pool = natrium.Calcium(0.0, 13.3, 0.01, [channel.name]) if channel.reads_calcium else None
    neuron = natrium.Neuron(channels=[channel], calcium=pool)
    V, *gates = neuron.initial_state()
    assert V == -70.0
    assert all(0.0 <= x <= 1.0 for x in gates)
    kernel = natrium.lower(neuron.system)
    assert all(math.isfinite(x) for x in kernel.event_rhs(-15.0, *gates, 0.0, *kernel.parameters))


# Hodgkin and Huxley give their rates as functions of the displacement v from rest, depolarisation
# negative; at v = -10 mV the membrane is at -55 mV here.
PAPER = {
    ("hh_sodium", "m", "alpha"): lambda v: 0.1 * (v + 25) / math.expm1((v + 25) / 10),
    ("hh_sodium", "m", "beta"): lambda v: 4 * math.exp(v / 18),
    ("hh_sodium", "h", "alpha"): lambda v: 0.07 * math.exp(v / 20),
    ("hh_sodium", "h", "beta"): lambda v: 1 / (math.exp((v + 30) / 10) + 1),
    ("hh_potassium", "n", "alpha"): lambda v: 0.01 * (v + 10) / math.expm1((v + 10) / 10),
    ("hh_potassium", "n", "beta"): lambda v: 0.125 * math.exp(v / 80),
}


@pytest.mark.parametrize("key", PAPER, ids="-".join)
@pytest.mark.parametrize("v", [-109.0, -63.0, -11.0, 0.0, 7.5, 40.0])
def test_squid_axon_rates_are_those_of_the_paper(key: tuple[str, str, str], v: float) -> None:
    """Equations 12, 13, 20, 21, 23 and 24 of J. Physiol. 117 (1952) 500-544."""
    assert rate(*key, -65.0 - v) == pytest.approx(PAPER[key](v), rel=1e-12)


def test_squid_axon_constants_are_those_of_the_papers_table_3() -> None:
    sodium, potassium = natrium.CHANNELS["hh_sodium"], natrium.CHANNELS["hh_potassium"]
    assert sodium.g == pytest.approx(120 / 0.3)
    assert potassium.g == pytest.approx(36 / 0.3)
    assert sodium.E == -65.0 + 115
    assert potassium.E == -65.0 - 12
    assert [(gate.name, gate.power, gate.initial) for gate in (*sodium.gates, *potassium.gates)] == [
        ("m", 3, "steady-state"), ("h", 1, "steady-state"), ("n", 4, "steady-state"),
    ]  # fmt: skip


def test_squid_axon_rests_where_the_paper_says() -> None:
    """Table 3: m_0 = 0.0529, h_0 = 0.596, n_0 = 0.318 at rest."""
    channels = [natrium.CHANNELS["hh_sodium"], natrium.CHANNELS["hh_potassium"]]
    neuron = natrium.Neuron(v_rest=-65.0, v_thresh=0.0, channels=channels)
    assert neuron.initial_state()[1:] == pytest.approx((0.0529, 0.596, 0.318), abs=5e-4)


# As the notebook writes them.
NOTEBOOK = {
    ("notebook_sodium_1", "m", "alpha"): lambda V: 0.1 * (V + 40) / (1 - math.exp(-(V + 40) / 10)),
    ("notebook_sodium_1", "m", "beta"): lambda V: 4 * math.exp(-(V + 65) / 18),
    ("notebook_sodium_1", "h", "alpha"): lambda V: 0.07 * math.exp(-(V + 65) / 20),
    ("notebook_sodium_1", "h", "beta"): lambda V: 1 / (1 + math.exp(-(V + 35) / 10)),
    ("notebook_sodium_2", "m", "alpha"): lambda V: 0.05 * (V + 45) / (1 - math.exp(-(V + 45) / 10)),
    ("notebook_sodium_2", "m", "beta"): lambda V: 2 * math.exp(-(V + 70) / 20),
    ("notebook_sodium_2", "h", "alpha"): lambda V: 0.06 * math.exp(-(V + 70) / 10),
    ("notebook_sodium_2", "h", "beta"): lambda V: 1 / (1 + math.exp(-(V + 30) / 10)),
}


@pytest.mark.parametrize("key", NOTEBOOK, ids="-".join)
@pytest.mark.parametrize("V", [-90.0, -70.0, -57.3, -55.0, 20.0])
def test_notebook_rates_are_the_scripts(key: tuple[str, str, str], V: float) -> None:
    assert rate(*key, V) == pytest.approx(NOTEBOOK[key](V), rel=1e-15)


def test_notebook_constants_are_the_scripts() -> None:
    first, second = natrium.CHANNELS["notebook_sodium_1"], natrium.CHANNELS["notebook_sodium_2"]
    assert (first.g, first.E, second.g, second.E) == (120.0, 50.0, 100.0, 55.0)
    for channel in (first, second):
        assert [(gate.name, gate.power, gate.initial) for gate in channel.gates] == [
            ("m", 3, 0.0),
            ("h", 1, 1.0),
        ]


@pytest.mark.parametrize(
    ("channel", "gate", "V0", "limit"),
    [
        ("hh_sodium", "m", -40.0, 1.0),
        ("notebook_sodium_2", "m", -45.0, 0.5),
        ("hh_potassium", "n", -55.0, 0.1),
    ],
)
def test_steady_state_at_the_singular_voltage(channel: str, gate: str, V0: float, limit: float) -> None:
    system = natrium.Neuron(channels=[natrium.CHANNELS[channel]]).system
    index = system.labels.index(f"{natrium.CHANNELS[channel].name}.{gate}") - 1
    beta = rate(channel, gate, "beta", V0)
    assert natrium.lower(system).steady(V0)[index] == pytest.approx(limit / (limit + beta), rel=1e-15)


# --- what is known of the cells that these channels make --------------------------------------------


def cell(names: list[str], tau_m: float, v_rest: float) -> natrium.Neuron:
    channels = [natrium.CHANNELS[name] for name in names]
    return natrium.Neuron(tau_m=tau_m, v_rest=v_rest, v_init=v_rest, v_thresh=None, channels=channels)


def test_there_are_twenty_published_ones() -> None:
    published = [name for name in natrium.CHANNELS if not name.startswith("notebook_")]
    assert len(published) >= 20


# As printed: conductance and leak (per area), reversal potential (mV), powers of the gates.
PRINTED = {
    "connor_stevens_sodium": (120.0, 0.3, 55.0, (3, 1)),
    "connor_stevens_potassium": (20.0, 0.3, -72.0, (4,)),
    "connor_stevens_a": (47.7, 0.3, -75.0, (3, 1)),
    "traub_miles_sodium": (56.0, 0.0205, 50.0, (3, 1)),
    "traub_miles_potassium": (6.0, 0.0205, -90.0, (4,)),
    "m_current": (0.075, 0.0205, -90.0, (1,)),
    "t_type": (0.4, 0.01, 120.0, (2, 1)),
    "l_type": (0.1, 0.01, 120.0, (2, 1)),
    "wang_buzsaki_sodium": (35.0, 0.1, 55.0, (3, 1)),
    "wang_buzsaki_potassium": (9.0, 0.1, -90.0, (4,)),
    "golomb_amitai_sodium": (24.0, 0.02, 55.0, (3, 1)),
    "golomb_amitai_persistent_sodium": (0.07, 0.02, 55.0, (1,)),
    "golomb_amitai_potassium": (3.0, 0.02, -90.0, (4,)),
    "golomb_amitai_a": (1.4, 0.02, -90.0, (3, 1)),
    "golomb_amitai_slow_potassium": (1.0, 0.02, -90.0, (1,)),
    "morris_lecar_calcium": (4.0, 2.0, 120.0, (1,)),
    "morris_lecar_potassium": (8.0, 2.0, -84.0, (1,)),
    "izhikevich_persistent_sodium": (20.0, 8.0, 60.0, (1,)),
    "izhikevich_potassium": (10.0, 8.0, -90.0, (1,)),
    "pinsky_rinzel_calcium": (10.0, 0.1, 80.0, (2,)),
    "pinsky_rinzel_c": (15.0, 0.1, -75.0, (1, 1)),
    "pinsky_rinzel_ahp": (0.8, 0.1, -75.0, (1,)),
}


@pytest.mark.parametrize("name", PRINTED)
def test_conductances_are_those_printed_over_the_leak(name: str) -> None:
    g, leak, E, powers = PRINTED[name]
    channel = natrium.CHANNELS[name]
    assert channel.g == pytest.approx(g / leak, rel=1e-15)
    assert (channel.E, tuple(gate.power for gate in channel.gates)) == (E, powers)


def test_connor_and_stevens_cell_rests_at_minus_68() -> None:
    """Dayan and Abbott, fig. 6.1: the resting potential is -68 mV."""
    kinds = ["connor_stevens_sodium", "connor_stevens_potassium", "connor_stevens_a"]
    rest = natrium.equilibria(cell(kinds, 1000.0 / 0.3 / 1000.0, -17.0), 0.0)[0]
    assert rest.kind.startswith("stable")
    assert pytest.approx(-68.0, abs=0.3) == rest.V


def test_wang_and_buzsaki_s_cell_rests_at_minus_64() -> None:
    rests = natrium.equilibria(cell(["wang_buzsaki_sodium", "wang_buzsaki_potassium"], 10.0, -65.0), 0.0)
    assert rests[0].kind == "stable node"
    assert pytest.approx(-64.0, abs=0.1) == rests[0].V


def test_morris_and_lecar_s_cell_fires_from_its_fold_on() -> None:
    """Rinzel and Ermentrout (1998): the saddle-node on the cycle is at I = 39.96 uA/cm2, over a leak of 2."""
    found = natrium.equilibrium_curve(cell(["morris_lecar_calcium", "morris_lecar_potassium"], 10.0, -60.0))
    assert 2.0 * max(fold.I for fold in found.folds) == pytest.approx(39.96, abs=0.01)


def test_izhikevich_s_cell_fires_from_its_fold_on() -> None:
    """Dynamical Systems in Neuroscience, sec. 4.1.5: the saddle-node is at I = 4.51, over a leak of 8."""
    names = ["izhikevich_persistent_sodium", "izhikevich_potassium"]
    found = natrium.equilibrium_curve(cell(names, 1.0 / 8.0, -80.0))
    assert 8.0 * max(fold.I for fold in found.folds) == pytest.approx(4.51, abs=0.01)


def test_the_cortical_cell_fires_from_its_fold_on() -> None:
    """Na + K of the regular-spiking cell with a threshold: by independent integration, 13.448832716 mV."""
    kinds = [natrium.CHANNELS[name] for name in ("traub_miles_sodium", "traub_miles_potassium")]
    one = natrium.Neuron(tau_m=1.0 / 0.0205, v_rest=-70.3, v_thresh=-20.0, v_reset=-60.0, channels=kinds)
    assert max(fold.I for fold in natrium.equilibrium_curve(one).folds) == pytest.approx(
        13.448832716, abs=1e-8
    )
