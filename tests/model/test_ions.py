"""Ions: the constant field and the Nernst potential against their formulas as papers print them, and in runs."""

import math

import attrs
import numpy as np
import pytest
from scipy.integrate import quad

import natrium
from natrium.analysis.equilibria.curve import equilibrium_at
from natrium.model import to_toml
from natrium.model.kernel import lower_expressions
from natrium.model.rates import V
from tests.model.independent import fire

R, F = 8.31446261815324, 96485.33212331
CALCIUM = natrium.Ions(valence=2, inside=1e-4, outside=2.0, celsius=34.0)
CHLORIDE = natrium.Ions(valence=-1, inside=8.0, outside=130.0, celsius=25.0)
POTASSIUM = natrium.Ions(valence=1, inside=140.0, outside=4.0, celsius=37.0)
KINDS = [CALCIUM, CHLORIDE, POTASSIUM]
GATE = natrium.Gate("m", 2, inf="1/(1 + exp(-(V + 45)/6))", tau="1.2")
GHK = natrium.Channel("Ca", 1.5, gates=[GATE], ghk=natrium.Ions(2, "Ca", 2000.0, 34.0))
SK = natrium.Channel("SK", 2.0, gates=[natrium.Gate("q", inf="Ca/(Ca + 3)", tau="8")], nernst=POTASSIUM)
POOL = natrium.Calcium(rest=0.1, tau=40.0, factor=0.01, channels=["Ca"])
DRIVE = natrium.Step(26.0, start=2.0)


def cell(**changes):
    return natrium.Neuron(**{"channels": [GHK, SK], "calcium": POOL} | changes)


def thermal(celsius):
    return 1e3 * R * (celsius + 273.15) / F


@pytest.mark.parametrize("ions", KINDS, ids=["Ca", "Cl", "K"])
@pytest.mark.parametrize("v", [-120.0, -33.3, -1e-7, 1e-9, 25.0, 130.0])
def test_the_drive_is_the_current_of_goldman_hodgkin_and_katz(ions, v):
    """P z^2 F^2 V/(RT) (c_in - c_out e^-w)/(1 - e^-w), outward, over P z^2 F^2 c_out/(RT): here turned inward."""
    function = lower_expressions((ions.drive(V, ions.inside, ions.outside),), (V,))
    w = ions.valence * v / thermal(ions.celsius)
    printed = -v * (ions.inside / ions.outside - math.exp(-w)) / -math.expm1(-w)
    assert function(v)[0] == pytest.approx(printed, rel=3e-9)


@pytest.mark.parametrize("ions", KINDS, ids=["Ca", "Cl", "K"])
def test_the_drive_is_what_electrodiffusion_gives(ions):
    """Along x from 0 to 1, c' + w c = -J in a field that is constant: J follows from c at both ends."""
    for v in (-80.0, 15.0):
        w = ions.valence * v / thermal(ions.celsius)
        # Multiplied by exp(w x) and integrated: c_out... the flux that carries c_in to c_out.
        weight, _ = quad(lambda x, w=w: math.exp(-w * x), 0.0, 1.0)
        flux = (ions.outside * math.exp(-w) - ions.inside) / weight
        drive = lower_expressions((ions.drive(V, ions.inside, ions.outside),), (V,))(v)[0]
        assert drive == pytest.approx(thermal(ions.celsius) / ions.valence * flux / ions.outside, rel=1e-9)


@pytest.mark.parametrize("ions", KINDS, ids=["Ca", "Cl", "K"])
def test_it_vanishes_at_the_nernst_potential(ions):
    E = ions.reversal()
    assert (
        pytest.approx(thermal(ions.celsius) / ions.valence * math.log(ions.outside / ions.inside), rel=1e-12)
        == E
    )
    function = lower_expressions((ions.drive(V, ions.inside, ions.outside),), (V,))
    assert abs(function(E)[0]) < 1e-12 * abs(function(E - 5.0)[0])
    assert function(E - 5.0)[0] > 0.0 > function(E + 5.0)[0]


def test_at_zero_it_is_smooth_with_its_derivatives():
    """w/(e^w - 1) = 1 - w/2 + w^2/12: by hand, at V = 0."""
    kT = thermal(34.0) / 2
    drive = CALCIUM.drive(V, 1e-4, 2.0)
    r = 1e-4 / 2.0
    expected = (kT * (1 - r), -0.5 * (1 + r), (1 - r) / (6 * kT))
    for order, value in enumerate(expected):
        assert lower_expressions((drive.diff(V, order),), (V,))(0.0)[0] == pytest.approx(value, rel=1e-12)


def test_far_below_its_conductance_is_g():
    function = lower_expressions((CALCIUM.drive(V, 1e-4, 2.0).diff(V),), (V,))
    assert function(-400.0)[0] == pytest.approx(-1.0, abs=1e-6)
    for v in (-1e5, 1e5):
        assert math.isfinite(lower_expressions((CALCIUM.drive(V, 1e-4, 2.0),), (V,))(v)[0])


def by_hand(t, y, clamped=False):
    V, m, q, ca = y
    kT = thermal(34.0)
    w = 2.0 * V / kT
    inward = 1.5 * m**2 * -V * (ca / 2000.0 - math.exp(-w)) / -math.expm1(-w)
    E = thermal(37.0) * math.log(4.0 / 140.0)
    current = 26.0 if t >= 2.0 else 0.0
    return [
        0.0 if clamped else (-(V + 70.0) + current + inward + 2.0 * q * (E - V)) / 10.0,
        (1.0 / (1.0 + math.exp(-(V + 45.0) / 6.0)) - m) / 1.2,
        (ca / (ca + 3.0) - q) / 8.0,
        0.01 * inward - (ca - 0.1) / 40.0,
    ]


@pytest.mark.parametrize("solver", ["event", "compiled"])
@pytest.mark.parametrize("rule", ["hold", "clamp"])
def test_runs_are_those_of_an_independent_integration(rule, solver):
    start = (-70.0, 1.0 / (1.0 + math.exp(25.0 / 6.0)), 0.1 / 3.1, 0.1)
    assert cell().initial_state() == pytest.approx(start, rel=1e-14)
    resting = (lambda t, y: by_hand(t, y, clamped=True)) if rule == "clamp" else None
    spikes, end = fire(
        by_hand, start, v_thresh=-52.0, v_reset=-70.0, tau_ref=2.0, t_end=90.0, resting=resting, edges=(2.0,)
    )
    run = natrium.simulate(
        cell(v_thresh=-52.0, refractory=rule), DRIVE, t_end=90.0, solver=solver, rtol=1e-11
    )
    assert run.n_spikes == spikes.size >= 2
    assert np.abs(run.spike_times - spikes).max() < 2e-8
    assert run.state(90.0) == pytest.approx(end, rel=1e-6)


def test_a_reversal_that_follows_the_pool():
    """E = RT/2F log(c_out/Ca) at every moment; Ca, in a logarithm, follows from V implicitly."""
    moving = natrium.Channel("Ca", 0.2, gates=[GATE], nernst=natrium.Ions(2, "Ca", 2000.0, 34.0))
    one = cell(channels=[moving])

    def flow(t, y):
        V, m, ca = y
        inward = 0.2 * m**2 * (thermal(34.0) / 2 * math.log(2000.0 / ca) - V)
        current = 26.0 if t >= 2.0 else 0.0
        return [
            (-(V + 70.0) + current + inward) / 10.0,
            (1.0 / (1.0 + math.exp(-(V + 45.0) / 6.0)) - m) / 1.2,
            0.01 * inward - (ca - 0.1) / 40.0,
        ]

    spikes, end = fire(
        flow, one.initial_state(), v_thresh=-55.0, v_reset=-70.0, tau_ref=2.0, t_end=40.0, edges=(2.0,)
    )
    run = natrium.simulate(one, DRIVE, t_end=40.0, rtol=1e-11)
    assert np.abs(run.spike_times - spikes).max() < 1e-8
    assert run.state(40.0) == pytest.approx(end, rel=1e-7)
    (rest,) = natrium.equilibria(one, 0.0)
    assert np.abs(flow(0.0, rest.state)).max() < 1e-13
    along = equilibrium_at(one, rest.V)
    assert pytest.approx(0.0, abs=1e-9) == along.I
    assert along.state == pytest.approx(rest.state, abs=1e-9)


def test_equilibria_of_a_constant_field_are_where_its_equations_vanish():
    """The current is linear in the calcium inside, so that all of it follows from V."""
    for I in (0.0, 12.0):
        for found in natrium.equilibria(cell(), I):
            flow = np.array(by_hand(0.0, found.state))
            flow[0] += I / 10.0
            assert np.abs(flow).max() < 1e-9


def test_concentrations_are_parameters():
    one = natrium.Neuron(channels=[natrium.Channel("K", 3.0, gates=[GATE], nernst=POTASSIUM)])
    assert {"inside_K", "outside_K"} < one.numbers().keys()
    assert "E_K" not in one.numbers()
    names = ["outside_K", "inside_K"]
    run = natrium.simulate(one, natrium.Constant(40.0), t_end=40.0)
    found = natrium.spike_time_gradients(run, names)
    for column, name in enumerate(names):
        value = one.numbers()[name].value
        step = 1e-4 * value
        up, down = (
            natrium.simulate(
                one.changed({name: value + side * step}), natrium.Constant(40.0), t_end=40.0, rtol=1e-12
            )
            for side in (1, -1)
        )
        assert found.matrix[:, column] == pytest.approx(
            (up.spike_times - down.spike_times) / (2 * step), rel=1e-5, abs=1e-8
        )
    assert one.changed({"outside_K": 12.0}).channels[0].nernst.outside == 12.0
    ghk = cell().changed({"outside_Ca": 1000.0})
    assert ghk.channels[0].ghk == natrium.Ions(2, "Ca", 1000.0, 34.0)


def test_the_neuron_s_temperature_comes_first():
    cold = natrium.Neuron(channels=[natrium.Channel("K", 3.0, nernst=POTASSIUM)], celsius=6.3)
    E = thermal(6.3) * math.log(4.0 / 140.0)
    assert cold.reversals == (pytest.approx(E, rel=1e-12),)
    same = natrium.Neuron(channels=[natrium.Channel("K", 3.0, E)], celsius=6.3)
    runs = [natrium.simulate(one, natrium.Constant(60.0), t_end=30.0).state(30.0) for one in (cold, same)]
    assert runs[0] == pytest.approx(runs[1], rel=1e-9)


def test_bounds_of_equilibria_hold_what_the_pool_can_make_of_the_reversal():
    low, high = min(cell().reversals), max(cell().reversals)
    assert low == pytest.approx(thermal(37.0) * math.log(4.0 / 140.0))
    assert high == pytest.approx(thermal(34.0) / 2 * math.log(2000.0 / 0.1))


def test_a_model_file_holds_them():
    model = natrium.Model(neuron=cell(), stimulus=DRIVE, simulation=natrium.Simulation(t_end=20.0))
    text = to_toml(model)
    assert '[channels.ghk]\nvalence = 2\ninside = "Ca"\noutside = 2000.0\ncelsius = 34.0\n' in text
    assert "[channels.nernst]\nvalence = 1\ninside = 140.0\n" in text
    assert natrium.loads(text) == model
    with pytest.raises(
        natrium.ModelError, match=r"channels\[0\].ghk.inside: inside must be one of 'Ca', got 'cai'"
    ):
        natrium.loads(text.replace('inside = "Ca"', 'inside = "cai"'))


def test_they_are_printed():
    text = natrium.latex(cell())
    assert r"g_{\mathrm{Ca}} m_{\mathrm{Ca}}^{2} \Delta_{\mathrm{Ca}}(V)" in text
    assert r"\Delta_{\mathrm{Ca}}(V) &= " in text
    assert r"E_{\mathrm{SK}} &= 26.7267 \ln \frac{c^{out}_{\mathrm{SK}}}{c^{in}_{\mathrm{SK}}}" in text


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: attrs.evolve(CALCIUM, valence=0), "valence must be a whole number of charges"),
        (lambda: attrs.evolve(CALCIUM, valence=2.0), "valence must be a whole number of charges"),
        (lambda: attrs.evolve(CALCIUM, inside=0.0), "inside must be positive, got 0.0"),
        (lambda: attrs.evolve(CALCIUM, inside="Na"), "inside must be one of 'Ca', got 'Na'"),
        (lambda: attrs.evolve(CALCIUM, outside="Ca"), "outside must be a number, got 'Ca'"),
        (lambda: attrs.evolve(CALCIUM, celsius=-300.0), "celsius must be above -273.15"),
        (
            lambda: natrium.Channel("x", 1.0),
            "E must be a number, got None, in channel x: give it in mV, or ghk",
        ),
        (
            lambda: natrium.Channel("x", 1.0, 5.0, ghk=CALCIUM),
            "channel x takes one of E, ghk and nernst, got E and ghk",
        ),
        (lambda: natrium.Channel("x", 1.0, ghk=3.0), "ghk must be Ions, got 3.0"),
        (lambda: natrium.Neuron(channels=[GHK]), "channel Ca reads the calcium Ca: give the neuron a pool"),
    ],
)
def test_what_is_refused(make, said):
    with pytest.raises(natrium.ModelError, match=said):
        make()


def test_the_neurons_temperature_is_that_of_ions_that_have_none():
    """In the flow, in what a file keeps, and as a parameter."""
    own = natrium.Ions(2, "Ca", 2000.0)
    channel = attrs.evolve(GHK, ghk=own)
    taken, told = (cell(channels=[one], calcium=POOL, celsius=34.0) for one in (channel, GHK))
    assert taken.system == told.system
    model = natrium.Model(neuron=taken, stimulus=DRIVE)
    assert natrium.loads(to_toml(model)) == model
    warmer = taken.changed({"celsius": 37.0})
    assert warmer.system == cell(channels=[channel], calcium=POOL, celsius=37.0).system
    assert warmer.system != taken.system


def test_ions_without_any_temperature_are_refused():
    with pytest.raises(natrium.ModelError, match=r"channel Ca: celsius must be given, of the ions or of the"):
        cell(channels=[attrs.evolve(GHK, ghk=natrium.Ions(2, "Ca", 2000.0))])
    with pytest.raises(natrium.ModelError, match="celsius must be given"):
        natrium.Ions(2, 0.1, 2000.0).reversal()


@pytest.mark.parametrize(
    "make",
    [
        lambda celsius: natrium.Ions(2, 0.1, 2000.0, celsius),
        lambda celsius: natrium.Neuron(celsius=celsius),
        lambda celsius: natrium.Gate("m", inf="1/(1 + exp(-V))", tau="1", q10=3.0, celsius=celsius),
    ],
    ids=["ions", "neuron", "gate"],
)
def test_nothing_is_colder_than_absolute_zero(make):
    make(-273.0)
    with pytest.raises(natrium.ModelError, match=r"celsius must be above -273.15, got -273.15"):
        make(-273.15)
