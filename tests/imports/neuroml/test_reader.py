"""NeuroML channels: every kind of gate, against its definition as a formula."""

import numpy as np
import pytest

import natrium
from natrium.imports.neuroml.reader import read_neuroml
from natrium.imports.neuron_check.expected import VOLTAGES, gate_curves, level_of
from natrium.imports.result import LEAK
from natrium.model.errors import CannotImport

V = np.array(VOLTAGES)
FORWARD = '<forwardRate type="HHExpLinearRate" rate="1per_ms" midpoint="-40mV" scale="10mV"/>'
REVERSE = '<reverseRate type="HHExpRate" rate="4per_ms" midpoint="-65mV" scale="-18mV"/>'
STEADY = '<steadyState type="HHSigmoidVariable" rate="1" midpoint="-0.035 V" scale="7mV"/>'
COURSE = '<timeCourse type="fixedTimeCourse" tau="2ms"/>'
WARM = '<q10Settings type="q10ExpTemp" q10Factor="3" experimentalTemp="6.3 degC"/>'
COLD = '<q10Settings type="q10Fixed" fixedQ10="2"/>'
RATE = '<rate type="HHExpRate" rate="{}per_ms" midpoint="0mV" scale="{}mV"/>'
SCHEME = (
    '<closedState id="c1"/><closedState id="c2"/><openState id="o"/>'
    f'<forwardTransition id="a" from="c1" to="c2">{RATE.format(2, 20)}</forwardTransition>'
    f'<reverseTransition id="b" from="c1" to="c2">{RATE.format(1, -20)}</reverseTransition>'
    f'<tauInfTransition id="d" from="c2" to="o">{STEADY}{COURSE}</tauInfTransition>'
)
OWN = """<ComponentType name="own" extends="baseVoltageConcDepTime">
  <Constant name="TIME_SCALE" dimension="time" value="0.001 s"/><Constant name="VOLT_SCALE" dimension="voltage" value="1 mV"/>
  <Dynamics>
    <DerivedVariable name="V" dimension="none" value="v / VOLT_SCALE"/>
    <ConditionalDerivedVariable name="t" exposure="t" dimension="time">
      <Case condition="V .eq. -40" value="7 * TIME_SCALE"/>
      <Case condition="V .lt. -60 .or. (V .gt. 30)" value="(1 + 3*exp((V + 60)/20)^2) * TIME_SCALE"/>
      <Case value="4 * TIME_SCALE"/>
    </ConditionalDerivedVariable>
  </Dynamics>
</ComponentType>
<ComponentType name="bound" extends="baseVoltageConcDepVariable">
  <Constant name="CONC_SCALE" dimension="concentration" value="1 mM"/>
  <Dynamics><DerivedVariable name="c" value="caConc / CONC_SCALE"/>
  <DerivedVariable name="x" exposure="x" value="c/(c + 1e-4)"/></Dynamics>
</ComponentType>"""


def channel(gates, more="", species='species="na"'):
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<neuroml xmlns="http://www.neuroml.org/schema/neuroml2" id="x">'
        f'<ionChannel id="Na" conductance="10pS" type="ionChannelHH" {species}><notes>words</notes>{gates}</ionChannel>'
        f"{more}</neuroml>"
    )


def gate(kind, inside, instances=1, name="m"):
    return f'<gate id="{name}" type="{kind}" instances="{instances}">{inside}</gate>'


def alpha(v):
    x = (v + 40) / 10
    return x / -np.expm1(-x)


def beta(v):
    return 4 * np.exp(-(v + 65) / 18)


def sigmoid(v):
    return 1 / (1 + np.exp(-(v + 35) / 7))


def ratio(v):
    return alpha(v) / (alpha(v) + beta(v))


def relaxation(v):
    return 1 / (alpha(v) + beta(v))


def own(v):
    return np.where((v < -60) | (v > 30), 1 + 3 * np.exp((v + 60) / 20) ** 2, 4.0)


CASES = {
    "HHrates": (gate("gateHHrates", FORWARD + REVERSE), ratio, relaxation),
    "HHrates, warm": (gate("gateHHrates", WARM + FORWARD + REVERSE), ratio, relaxation),
    "HHrates, faster": (gate("gateHHrates", COLD + FORWARD + REVERSE), ratio, lambda v: relaxation(v) / 2),
    "HHratesTau": (gate("gateHHratesTau", COLD + FORWARD + REVERSE + COURSE), ratio, lambda v: 1 + 0 * v),
    "HHratesInf": (gate("gateHHratesInf", FORWARD + REVERSE + STEADY), sigmoid, relaxation),
    "HHratesTauInf": (
        gate("gateHHratesTauInf", FORWARD + REVERSE + COURSE + STEADY),
        sigmoid,
        lambda v: 2 + 0 * v,
    ),
    "HHtauInf": (gate("gateHHtauInf", STEADY + COURSE), sigmoid, lambda v: 2 + 0 * v),
    "by its element": (
        f'<gateHHtauInf id="m" instances="1">{STEADY}{COURSE}</gateHHtauInf>',
        sigmoid,
        lambda v: 2 + 0 * v,
    ),
    "a type of its own": (gate("gateHHtauInf", STEADY + '<timeCourse type="own"/>'), sigmoid, own),
    "calcium": (
        gate("gateHHtauInf", '<steadyState type="bound"/>' + COURSE),
        lambda v: 5e-5 / 1.5e-4 + 0 * v,
        lambda v: 2 + 0 * v,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_kind_of_gate_is_its_definition(name):
    text, inf, tau = CASES[name]
    found = read_neuroml(channel(text, OWN), "x.channel.nml")
    (made,) = found.model.neuron.channels
    assert (made.name, made.E, made.g * LEAK) == ("Na", 50.0, pytest.approx(0.01))
    (one,) = made.gates
    curves = gate_curves(one, level_of(found))
    assert curves[0] == pytest.approx(inf(V), rel=1e-12)
    assert curves[1] == pytest.approx(tau(V), rel=1e-12)
    assert natrium.loads(found.text()) == found.model


def test_temperature_by_the_option_and_by_name():
    text = channel(gate("gateHHrates", WARM + FORWARD + REVERSE, 3))
    found = read_neuroml(text, "x.nml", celsius=16.3)
    (one,) = found.model.neuron.channels[0].gates
    assert one.power == 3
    assert gate_curves(one, np.nan)[1] == pytest.approx(relaxation(V) / 3, rel=1e-12)
    assert found.model.neuron.constants == {"q10_m": 3.0, "celsius": 16.3, "celsius_m": 6.3}
    assert found.assumed[0] == "at 16.3 degrees, as asked"


def test_an_instantaneous_gate():
    found = read_neuroml(channel(gate("gateHHInstantaneous", STEADY, 2)), "x.nml")
    (one,) = found.model.neuron.channels[0].gates
    assert (one.moves, one.power) == (False, 2)
    assert float(one.inf.written()(-20.0)) == pytest.approx(sigmoid(-20.0))


def test_fractions_are_channels():
    parts = "".join(
        f'<subGate id="{name}" fractionalConductance="{share}">{STEADY}<timeCourse type="fixedTimeCourse" tau="{tau}ms"/></subGate>'
        for name, share, tau in (("fast", 0.75, 2), ("slow", 0.25, 50))
    )
    found = read_neuroml(channel(gate("gateFractional", parts)), "x.nml")
    shares = [(one.gates[0].name, round(one.g * LEAK, 12)) for one in found.model.neuron.channels]
    assert shares == [("m_fast", 0.0075), ("m_slow", 0.0025)]


def test_a_kinetic_scheme():
    found = read_neuroml(channel(gate("gateKS", COLD + SCHEME)), "x.nml")
    scheme = found.model.neuron.channels[0].scheme
    assert scheme.open == ("o",)
    rates = {(one.source, one.target): float(one.rate.written()(-35.0)) for one in scheme.transitions}
    expected = {
        ("c1", "c2"): 4 * np.exp(-1.75),
        ("c2", "c1"): 2 * np.exp(1.75),
        ("c2", "o"): 0.5,
        ("o", "c2"): 0.5,
    }
    assert rates == pytest.approx(expected, rel=1e-14)


REFUSED = {
    "entities": ('<!DOCTYPE x [<!ENTITY a "b">]><neuroml/>', "entities"),
    "no XML": ("<neuroml", "no XML"),
    "nothing": ("", "no XML"),
    "depth": ("<a>" * 99 + "</a>" * 99, "too large"),
    "many elements": ("<a>" + "<b/>" * 30_000 + "</a>", "too large"),
    "no channel": ("<neuroml><cell id='x'/></neuroml>", "no channel"),
    "several": (f"<neuroml>{channel('').split('?>')[1]}{channel('').split('?>')[1].replace('Na', 'K')}</neuroml>", "several channels"),
    "an unknown rate": (channel(gate("gateHHrates", FORWARD.replace("HHExpLinearRate", "Mine") + REVERSE)), "unknown type"),
    "a half gate": (channel(gate("gateHHrates", FORWARD)), "unknown type"),
    "an unknown gate": (channel('<gateMine id="m" instances="1"/>'), "unknown type"),
    "an unknown unit": (channel(gate("gateHHrates", FORWARD.replace("1per_ms", "1per_week") + REVERSE)), "units"),
    "no unit's number": (channel(gate("gateHHrates", FORWARD.replace("1per_ms", "fast") + REVERSE)), "units"),
    "a missing number": (channel(gate("gateHHrates", FORWARD.replace('rate="1per_ms"', "") + REVERSE)), "incomplete"),
    "half an instance": (channel(gate("gateHHrates", FORWARD + REVERSE, 1.5)), "instances"),
    "one id twice": (channel(gate("gateHHrates", FORWARD + REVERSE) * 2), "incomplete"),
    "names in a circle": (channel(gate("gateHHtauInf", STEADY + '<timeCourse type="own"/>'), OWN.replace("v / VOLT_SCALE", "V + 1")), "no such name"),
    "states of its own": (channel(gate("gateHHtauInf", STEADY + '<timeCourse type="own"/>'), OWN.replace("<Dynamics>", "<Dynamics><TimeDerivative/>", 1)), "unknown type"),
    "a scheme without transitions": (channel(gate("gateKS", '<closedState id="c"/><openState id="o"/>')), "no conductance"),
    "a scheme to a power": (channel(gate("gateKS", SCHEME, 2)), "several schemes"),
    "a steady state of two": (channel(gate("gateHHtauInf", STEADY.replace('rate="1"', 'rate="-1"') + COURSE)), "rates"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_each_refusal_has_its_reason(name):
    text, reason = REFUSED[name]
    with pytest.raises(CannotImport) as refused:
        read_neuroml(text, "x.nml")
    assert refused.value.reason == reason
