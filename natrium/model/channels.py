"""Channels with their sources.

Conductances are relative to the leak conductance, g/g_L, without unit.
"""

from __future__ import annotations

from collections.abc import Mapping

from natrium.model.catalogue import Catalogue
from natrium.model.channel import Channel, Gate
from natrium.model.ions import FARADAY, Ions

# Hodgkin & Huxley (1952), in today's sign and with rest at -65 mV: V = -65 mV - V_1952. Conductances
# 120 and 36 mS/cm^2 over the leak's 0.3; reversal at +115 and -12 mV from rest.
_HH = (
    "A. L. Hodgkin, A. F. Huxley, J. Physiol. 117 (1952) 500-544, "
    "https://doi.org/10.1113/jphysiol.1952.sp004764"
)


def _squid_sodium_gates(m: float | str, h: float | str) -> tuple[Gate, Gate]:
    """Give the kinetics of the squid axon's sodium channel."""
    return (
        Gate("m", 3, alpha="0.1*(V + 40)/(1 - exp(-(V + 40)/10))", beta="4*exp(-(V + 65)/18)", initial=m),
        Gate("h", 1, alpha="0.07*exp(-(V + 65)/20)", beta="1/(1 + exp(-(V + 35)/10))", initial=h),
    )


def _notebook_sodium_1() -> Channel:
    # The notebook calls g = 120 a conductance in mS/cm^2, but divides by nothing: against a leak of 1 it
    # is g/g_L. Gates start at m = 0, h = 1.
    return Channel(
        "Na",
        g=120.0,
        E=50.0,
        gates=_squid_sodium_gates(0.0, 1.0),
        source="class notebook, scripts 2 and 3: the kinetics of the squid axon's sodium channel (Hodgkin & "
        "Huxley 1952, rest at -65 mV), with g = 120 relative to the leak where the paper's is 400",
    )


def _notebook_sodium_2() -> Channel:
    m = Gate("m", 3, alpha="0.05*(V + 45)/(1 - exp(-(V + 45)/10))", beta="2*exp(-(V + 70)/20)", initial=0.0)
    h = Gate("h", 1, alpha="0.06*exp(-(V + 70)/10)", beta="1/(1 + exp(-(V + 30)/10))", initial=1.0)
    return Channel(
        "Na2",
        g=100.0,
        E=55.0,
        gates=(m, h),
        source="class notebook, script 3: a variation of the squid axon's sodium channel; no publication is "
        "known to us for these numbers",
    )


def _hh_sodium() -> Channel:
    return Channel(
        "Na",
        g=400.0,
        E=50.0,
        gates=_squid_sodium_gates("steady-state", "steady-state"),
        source=f"{_HH}, eqs. 20, 21, 23, 24 and table 3",
    )


def _hh_potassium() -> Channel:
    n = Gate("n", 4, alpha="0.01*(V + 55)/(1 - exp(-(V + 55)/10))", beta="0.125*exp(-(V + 65)/80)")
    return Channel("K", g=120.0, E=-77.0, gates=(n,), source=f"{_HH}, eqs. 12, 13 and table 3")


_CONNOR = (
    "J. A. Connor, D. Walter, R. McKown, Biophys. J. 18 (1977) 81-102, doi:10.1016/S0006-3495(77)85598-7, "
    "as in "
    "P. Dayan, L. F. Abbott, Theoretical Neuroscience (2001), sec. 5.11 and 6.6"
)


def _connor_sodium() -> Channel:
    m = Gate("m", 3, alpha="0.38*(V + 29.7)/(1 - exp(-0.1*(V + 29.7)))", beta="15.2*exp(-0.0556*(V + 54.7))")
    h = Gate("h", 1, alpha="0.266*exp(-0.05*(V + 48))", beta="3.8/(1 + exp(-0.1*(V + 18)))")
    return Channel("Na", g=400.0, E=55.0, gates=(m, h), source=_CONNOR)


def _connor_potassium() -> Channel:
    n = Gate("n", 4, alpha="0.02*(V + 45.7)/(1 - exp(-0.1*(V + 45.7)))", beta="0.25*exp(-0.0125*(V + 55.7))")
    return Channel("K", g=66.66666666666667, E=-72.0, gates=(n,), source=_CONNOR)


def _connor_a() -> Channel:
    a = Gate(
        "a",
        3,
        inf="(0.0761*exp(0.0314*(V + 94.22))/(1 + exp(0.0346*(V + 1.17))))**(1/3)",
        tau="0.3632 + 1.158/(1 + exp(0.0497*(V + 55.96)))",
    )
    b = Gate("b", 1, inf="(1/(1 + exp(0.0688*(V + 53.3))))**4", tau="1.24 + 2.678/(1 + exp(0.0624*(V + 50)))")
    return Channel("A", g=159.0, E=-75.0, gates=(a, b), source=_CONNOR)


_TRAUB = (
    "R. D. Traub, R. Miles, Neuronal Networks of the Hippocampus (1991), doi:10.1017/CBO9780511895401, as in "
    "M. Pospischil et al., Biol. Cybern. 99 (2008) 427-441, doi:10.1007/s00422-008-0263-8, with V_T = "
    "-56.2 mV"
)


def _traub_sodium() -> Channel:
    m = Gate(
        "m",
        3,
        alpha="0.32*(V + 43.2)/(1 - exp(-(V + 43.2)/4))",
        beta="0.28*(V + 16.2)/(exp((V + 16.2)/5) - 1)",
    )
    h = Gate("h", 1, alpha="0.128*exp(-(V + 39.2)/18)", beta="4/(1 + exp(-(V + 16.2)/5))")
    return Channel("Na", g=56.0 / 0.0205, E=50.0, gates=(m, h), source=_TRAUB)


def _traub_potassium() -> Channel:
    n = Gate("n", 4, alpha="0.032*(V + 41.2)/(1 - exp(-(V + 41.2)/5))", beta="0.5*exp(-(V + 46.2)/40)")
    return Channel("K", g=6.0 / 0.0205, E=-90.0, gates=(n,), source=_TRAUB)


_POSPISCHIL = "M. Pospischil et al., Biol. Cybern. 99 (2008) 427-441, doi:10.1007/s00422-008-0263-8"


def _m_current() -> Channel:
    p = Gate("p", 1, inf="1/(1 + exp(-(V + 35)/10))", tau="608/(3.3*exp((V + 35)/20) + exp(-(V + 35)/20))")
    return Channel(
        "M",
        g=0.075 / 0.0205,
        E=-90.0,
        gates=(p,),
        source="W. M. Yamada, C. Koch, P. R. Adams, in Methods in Neuronal Modeling (1989), as in "
        f"{_POSPISCHIL}",
    )


def _t_type() -> Channel:
    s = Gate("s", 2, inf="1/(1 + exp(-(V + 59)/6.2))")
    u = Gate(
        "h",
        1,
        inf="1/(1 + exp((V + 83)/4))",
        tau="(30.8 + (211.4 + exp((V + 115.2)/5))/(1 + exp((V + 86)/3.2)))/3.7372",
    )
    return Channel(
        "T",
        g=40.0,
        E=120.0,
        gates=(s, u),
        source="A. Destexhe et al., J. Neurophysiol. 76 (1996) 2049-2070, doi:10.1152/jn.1996.76.3.2049: at "
        "36 degrees, 3**1.2 times as fast as measured at 24; activation at its steady state",
    )


def _l_type() -> Channel:
    q = Gate("q", 2, alpha="0.055*(-27 - V)/(exp((-27 - V)/3.8) - 1)", beta="0.94*exp((-75 - V)/17)")
    r = Gate("h", 1, alpha="0.000457*exp((-13 - V)/50)", beta="0.0065/(exp((-15 - V)/28) + 1)")
    return Channel(
        "L",
        g=10.0,
        E=120.0,
        gates=(q, r),
        source="I. Reuveni et al., J. Neurosci. 13 (1993) 4609-4621, "
        "doi:10.1523/JNEUROSCI.13-11-04609.1993, as "
        f"in {_POSPISCHIL}",
    )


_WANG = (
    "X.-J. Wang, G. Buzsaki, J. Neurosci. 16 (1996) 6402-6413, doi:10.1523/JNEUROSCI.16-20-06402.1996: "
    "rates of h "
    "and n five times as fast as written"
)


def _wang_sodium() -> Channel:
    # m = alpha/(alpha + beta) at all times, alpha and beta those of the paper.
    alpha, beta = "0.1*(V + 35)/(1 - exp(-0.1*(V + 35)))", "4*exp(-(V + 60)/18)"
    m = Gate("m", 3, inf=f"({alpha})/({alpha} + {beta})")
    h = Gate("h", 1, alpha="5*0.07*exp(-(V + 58)/20)", beta="5/(exp(-0.1*(V + 28)) + 1)")
    return Channel("Na", g=350.0, E=55.0, gates=(m, h), source=_WANG)


def _wang_potassium() -> Channel:
    n = Gate("n", 4, alpha="5*0.01*(V + 34)/(1 - exp(-0.1*(V + 34)))", beta="5*0.125*exp(-(V + 44)/80)")
    return Channel("K", g=90.0, E=-90.0, gates=(n,), source=_WANG)


def _butera_persistent() -> Channel:
    m = Gate("m", 1, inf="1/(1 + exp(-(V + 40)/6))")
    h = Gate("h", 1, inf="1/(1 + exp((V + 48)/6))", tau="10000/cosh((V + 48)/12)")
    return Channel(
        "NaP",
        g=1.0,
        E=50.0,
        gates=(m, h),
        source="R. J. Butera, J. Rinzel, J. C. Smith, J. Neurophysiol. 82 (1999) 382-397, "
        "doi:10.1152/jn.1999.82.1.382, model 1",
    )


_HUGUENARD = (
    "J. R. Huguenard, D. A. McCormick, J. Neurophysiol. 68 (1992) 1373-1383, doi:10.1152/jn.1992.68.4.1373"
)


def _h_current() -> Channel:
    h = Gate("h", 1, inf="1/(1 + exp((V + 75)/5.5))", tau="1/(exp(-14.59 - 0.086*V) + exp(-1.87 + 0.0701*V))")
    return Channel("H", g=0.5, E=-43.0, gates=(h,), source=_HUGUENARD)


def _huguenard_a() -> Channel:
    m = Gate(
        "m",
        4,
        inf="1/(1 + exp(-(V + 60)/8.5))",
        tau="0.37 + 1/(exp((V + 35.82)/19.69) + exp(-(V + 79.69)/12.7))",
    )
    h = Gate(
        "h",
        1,
        inf="1/(1 + exp((V + 78)/6))",
        tau="where(V < -63, 1/(exp((V + 46.05)/5) + exp(-(V + 238.4)/37.45)), 19)",
    )
    return Channel("A", g=10.0, E=-95.0, gates=(m, h), source=_HUGUENARD)


_GOLOMB = (
    "D. Golomb, Y. Amitai, J. Neurophysiol. 78 (1997) 1199-1211, doi:10.1152/jn.1997.78.3.1199; "
    "conductances over "
    "its leak of 0.02 mS/cm2"
)


def _golomb_sodium() -> Channel:
    m = Gate("m", 3, inf="1/(1 + exp(-(V + 30)/9.5))")
    h = Gate("h", 1, inf="1/(1 + exp((V + 53)/7))", tau="0.37 + 2.78/(1 + exp((V + 40.5)/6))")
    return Channel("Na", g=1200.0, E=55.0, gates=(m, h), source=_GOLOMB)


def _golomb_persistent() -> Channel:
    p = Gate("p", 1, inf="1/(1 + exp(-(V + 40)/5))")
    return Channel("NaP", g=3.5, E=55.0, gates=(p,), source=_GOLOMB)


def _golomb_potassium() -> Channel:
    n = Gate("n", 4, inf="1/(1 + exp(-(V + 30)/10))", tau="0.37 + 1.85/(1 + exp((V + 27)/15))")
    return Channel("Kdr", g=150.0, E=-90.0, gates=(n,), source=_GOLOMB)


def _golomb_a() -> Channel:
    a = Gate("a", 3, inf="1/(1 + exp(-(V + 50)/20))")
    b = Gate("h", 1, inf="1/(1 + exp((V + 80)/6))", tau="15")
    return Channel("A", g=70.0, E=-90.0, gates=(a, b), source=_GOLOMB)


def _golomb_slow() -> Channel:
    z = Gate("z", 1, inf="1/(1 + exp(-(V + 39)/5))", tau="75")
    return Channel("Kslow", g=50.0, E=-90.0, gates=(z,), source=_GOLOMB)


_LECAR = (
    "C. Morris, H. Lecar, Biophys. J. 35 (1981) 193-213, doi:10.1016/S0006-3495(81)84782-0, with the "
    "numbers of "
    "J. Rinzel, G. B. Ermentrout in Methods in Neuronal Modeling (1998), class 1"
)


def _lecar_calcium() -> Channel:
    m = Gate("m", 1, inf="1/(1 + exp(-(V + 1.2)/9))")
    return Channel("Ca", g=2.0, E=120.0, gates=(m,), source=_LECAR)


def _lecar_potassium() -> Channel:
    w = Gate("w", 1, inf="1/(1 + exp(-(V - 12)/8.7))", tau="1/(0.06667*cosh((V - 12)/34.8))")
    return Channel("K", g=4.0, E=-84.0, gates=(w,), source=_LECAR)


_IZHIKEVICH = (
    "E. M. Izhikevich, Dynamical Systems in Neuroscience (2007), fig. 4.1a, "
    "doi:10.7551/mitpress/2526.001.0001"
)


def _izhikevich_persistent() -> Channel:
    m = Gate("m", 1, inf="1/(1 + exp(-(V + 20)/15))")
    return Channel("NaP", g=2.5, E=60.0, gates=(m,), source=_IZHIKEVICH)


def _izhikevich_potassium() -> Channel:
    n = Gate("n", 1, inf="1/(1 + exp(-(V + 25)/5))", tau="1")
    return Channel("K", g=1.25, E=-90.0, gates=(n,), source=_IZHIKEVICH)


_PINSKY = (
    "P. F. Pinsky, J. Rinzel, J. Comput. Neurosci. 1 (1994) 39-60, doi:10.1007/BF00962717, dendrite, with "
    "rest at -60 mV; conductances over its leak of 0.1 mS/cm2"
)
# Its pool, in its own unit of calcium: Ca' = -0.13 I - 0.075 Ca, I in uA/cm2 outward, 0.1 of which are 1 mV.
_PINSKY_POOL = "; with Calcium(rest=0, tau=13.333, factor=0.013)"


def _pinsky_calcium() -> Channel:
    s = Gate("s", 2, alpha="1.6/(1 + exp(-0.072*(V - 5)))", beta="0.02*(V + 8.9)/(exp((V + 8.9)/5) - 1)")
    return Channel("Ca", g=100.0, E=80.0, gates=(s,), source=_PINSKY)


def _pinsky_c() -> Channel:
    # The paper parts alpha and beta at -10 mV; they meet 0.001 mV below, where beta is zero from then on.
    c = Gate(
        "c",
        1,
        alpha="exp(-(V + 53.5)/27)*min(exp((V + 50)/11)/18.975, 2)",
        beta="exp(-(V + 53.5)/27)*max(2 - exp((V + 50)/11)/18.975, 0)",
    )
    chi = Gate("chi", 1, inf="min(Ca/250, 1)")
    return Channel("KC", g=150.0, E=-75.0, gates=(c, chi), source=_PINSKY + _PINSKY_POOL)


def _pinsky_ahp() -> Channel:
    q = Gate("q", 1, alpha="min(0.00002*Ca, 0.01)", beta="0.001")
    return Channel("AHP", g=8.0, E=-75.0, gates=(q,), source=_PINSKY + _PINSKY_POOL)


def _destexhe_t() -> Channel:
    # P z^2 F^2 c_out/(R T) is the conductance far below the reversal: 5.79 mS/cm2.
    ions = Ions(valence=2, inside=2.4e-4, outside=2.0, celsius=36.0)
    permeability, outside, leak = 2e-4, 2e-6, 3.79e-5  # cm/s, mol/cm3, S/cm2
    g = permeability * ions.valence**2 * FARADAY * outside / (1e-3 * ions.thermal()) / leak
    m = Gate(
        "m",
        2,
        inf="1/(1 + exp(-(V + 59)/6.2))",
        tau="0.612 + 1/(exp(-(V + 134)/16.7) + exp((V + 18.8)/18.2))",
        q10=5.0,
        celsius=24.0,
    )
    h = Gate(
        "h",
        1,
        inf="1/(1 + exp((V + 83)/4))",
        tau="where(V < -82, exp((V + 469)/66.6), 28 + exp(-(V + 24)/10.5))",
        q10=3.0,
        celsius=24.0,
    )
    return Channel(
        "T",
        g=g,
        gates=(m, h),
        ghk=ions,
        source="A. Destexhe et al., J. Neurosci. 18 (1998) 3574-3588, "
        "doi:10.1523/JNEUROSCI.18-10-03574.1998: constant field, gates as at 24 degrees "
        "(Neuron(celsius=36) for theirs), shifted by 2 mV for 2 mM of calcium; permeability 2e-4 cm/s "
        "over its leak of 0.0379 mS/cm2",
    )


CHANNELS: Mapping[str, Channel] = Catalogue(
    notebook_sodium_1=_notebook_sodium_1,
    notebook_sodium_2=_notebook_sodium_2,
    hh_sodium=_hh_sodium,
    hh_potassium=_hh_potassium,
    connor_stevens_sodium=_connor_sodium,
    connor_stevens_potassium=_connor_potassium,
    connor_stevens_a=_connor_a,
    traub_miles_sodium=_traub_sodium,
    traub_miles_potassium=_traub_potassium,
    m_current=_m_current,
    t_type=_t_type,
    l_type=_l_type,
    wang_buzsaki_sodium=_wang_sodium,
    wang_buzsaki_potassium=_wang_potassium,
    butera_persistent_sodium=_butera_persistent,
    h_current=_h_current,
    huguenard_mccormick_a=_huguenard_a,
    golomb_amitai_sodium=_golomb_sodium,
    golomb_amitai_persistent_sodium=_golomb_persistent,
    golomb_amitai_potassium=_golomb_potassium,
    golomb_amitai_a=_golomb_a,
    golomb_amitai_slow_potassium=_golomb_slow,
    morris_lecar_calcium=_lecar_calcium,
    morris_lecar_potassium=_lecar_potassium,
    izhikevich_persistent_sodium=_izhikevich_persistent,
    izhikevich_potassium=_izhikevich_potassium,
    pinsky_rinzel_calcium=_pinsky_calcium,
    pinsky_rinzel_c=_pinsky_c,
    pinsky_rinzel_ahp=_pinsky_ahp,
    destexhe_t_constant_field=_destexhe_t,
)
"""All channels of the catalogue by name; a new one is a function above and a line here."""
