"""Small channels in NMODL, one for each way of writing, with the curves that they mean as formulas."""

from collections.abc import Callable

import attrs
import numpy as np

exp = np.exp


@attrs.frozen
class Case:
    """A file, and what it means: conductance (S/cm2), reversal, and for each gate steady state and time constant."""

    text: str
    gates: dict[str, tuple[Callable, Callable | None]]
    g: float = 0.1
    E: float | None = 50.0
    powers: dict[str, int] = attrs.field(factory=dict)
    celsius: float | None = None
    note: str = ""


def channel(
    body: str, *, current: str = "gbar*m*(v - ena)", states: str = "m", more: str = "", ion: str = ""
) -> str:
    """Put the usual frame around what a case is about."""
    return (
        "TITLE a small channel\nCOMMENT\n  : not read, VERBATIM neither\nENDCOMMENT\n"
        f"NEURON {{ SUFFIX small USEION na READ ena WRITE ina {ion} RANGE gbar GLOBAL minf }}\n"
        "UNITS { (mV) = (millivolt) (mA) = (milliamp) (S) = (siemens) }\n"
        f"PARAMETER {{ gbar = 0.1 (S/cm2) {more} }}\n"
        "ASSIGNED { v (mV) ena (mV) ina (mA/cm2) celsius (degC) cai (mM) minf mtau (ms) hinf htau (ms) tadj a b inf[2] tau[2] }\n"
        f"STATE {{ {states} }}\n"
        f"BREAKPOINT {{ SOLVE states METHOD cnexp\n ina = {current} }}\n{body}"
    )


INITIAL = "INITIAL { rates(v) m = minf }\n"
RELAX = INITIAL + "DERIVATIVE states { rates(v) m' = (minf - m)/mtau }\n"


def sigmoid(v, half, slope):
    return 1 / (1 + exp(-(v - half) / slope))


def trap(x, y):
    """Give x/(exp(x/y) - 1), in other words than the files do."""
    return y / np.where(np.abs(x) < 1e-12, 1.0, np.expm1(x / y) / np.where(x == 0.0, 1.0, x / y))


def opening(v):
    return 0.1 * trap(-(v + 40), 10)


def closing(v):
    return 4 * exp(-(v + 65) / 18)


def squid(pace=1.0):
    return (
        lambda v: opening(v) / (opening(v) + closing(v)),
        lambda v: 1 / (opening(v) + closing(v)) / pace,
    )


VTRAP = """
FUNCTION vtrap(x, y) { IF (fabs(x/y) < 1e-6) { vtrap = y*(1 - x/y/2) } ELSE { vtrap = x/(exp(x/y) - 1) } }
"""

CASES = {
    "alpha and beta, a trap by hand, a table, Q10": Case(
        channel(
            RELAX + "PROCEDURE rates(v (mV)) { LOCAL q10, sum\n"
            " TABLE minf, mtau DEPEND celsius FROM -100 TO 100 WITH 200\n UNITSOFF\n"
            " q10 = 3^((celsius - 6.3)/10)\n a = .1*vtrap(-(v + 40), 10)\n b = 4*exp(-(v + 65)/18)\n sum = a + b\n"
            " mtau = 1/(q10*sum) minf = a/sum\n UNITSON }" + VTRAP,
            current="gbar*m*m*m*(v - ena)",
        ),
        {"m": squid(3.0**1.37)},
        powers={"m": 3},
        celsius=20.0,
        note="TABLE",
    ),
    "a derivative of alpha and beta": Case(
        channel(
            "INITIAL { m = 0.25 }\nDERIVATIVE states { m' = quick()*(alpha(v)*(1 - m) - beta(v)*m) }\n"
            "FUNCTION alpha(v (mV)) (/ms) { alpha = .1*vtrap(-(v + 40), 10) }\n"
            "FUNCTION beta(v (mV)) (/ms) { beta = 4*exp(-(v + 65)/18) }\n"
            "FUNCTION quick() { quick = 2 }" + VTRAP
        ),
        {"m": squid(2.0)},
        note="starts at m = 0.25",
    ),
    "steps of dt": Case(
        channel(
            INITIAL
            + "LOCAL mexp\nPROCEDURE states() { rates(v)\n m = m + mexp*(minf - m)\n VERBATIM\n return 0;\n ENDVERBATIM\n }\n"
            "PROCEDURE rates(v) { TABLE minf, mexp DEPEND dt FROM -120 TO 100 WITH 199\n"
            " minf = 1/(1 + exp(-(v + 35)/7)) tadj = 2\n mexp = 1 - exp(-dt*tadj/(1 + 4/(1 + exp((v + 20)/9)))) }",
            more="dt (ms)",
        ).replace("METHOD cnexp", ""),
        {"m": (lambda v: sigmoid(v, -35, 7), lambda v: (1 + 4 * sigmoid(v, -20, -9)) / 2)},
    ),
    "branches": Case(
        channel(
            RELAX + "PROCEDURE rates(v) { minf = 1/(1 + exp(-(v + 35)/7))\n"
            " if (v < -60) { mtau = 2 } else if (v < -20) { mtau = 4 + v/20 } else { mtau = 0.5 }\n"
            " if (mtau < 0.75) { mtau = 0.75 } }"
        ),
        {
            "m": (
                lambda v: sigmoid(v, -35, 7),
                lambda v: np.maximum(np.where(v < -60, 2.0, np.where(v < -20, 4 + v / 20, 0.5)), 0.75),
            )
        },
    ),
    "C that is arithmetic": Case(
        channel(
            INITIAL.replace("m = minf", "m = inf[0] h = inf[1]")
            + "DERIVATIVE states { rates(v) m' = (inf[0] - m)/tau[0] h' = (inf[1] - h)/tau[1] }\n"
            "PROCEDURE rates(v) { LOCAL k, sum\n FROM k=0 TO 1 { sum = alpha(v, k) + 1\n"
            " VERBATIM\n #include <math.h>\n switch (_lk) { case 0: /* at least 2 */\n"
            " if ((tau[_lk] = 4. / _lsum) < 2) { tau[_lk] = 2; }\n inf[_lk] = 1 - 1/_lsum; break;\n"
            " default: tau[_lk] = 3; inf[_lk] = 1/_lsum; }\n ENDVERBATIM\n }\n VERBATIM\n return 0;\n ENDVERBATIM\n }\n"
            "FUNCTION alpha(v, k) { alpha = exp((v + 40 + 10*k)/(7 - k)) }",
            current="gbar*m^3*h*(v - ena)",
            states="m h",
        ),
        {
            "m": (lambda v: sigmoid(v, -40, 7), lambda v: np.maximum(4 * sigmoid(v, -40, -7), 2)),
            "h": (lambda v: sigmoid(v, -50, -6), lambda v: 3 + 0 * v),
        },
        powers={"m": 3},
    ),
    "a state that only counts": Case(
        channel(
            "INITIAL { m = a c = 1 - m h = 0 }\n"
            "KINETIC states { COMPARTMENT diam*diam*0.7854 { h }\n rates(v)\n"
            " ~ c <-> m (a, b)\n CONSERVE c + m = 1\n ~ h << (-ina*diam*1e4) }\n"
            "PROCEDURE rates(v) { if (m > 0.5 && minf < 1) { minf = 1 }\n"
            " a = exp((v + 40)/20) b = exp(-(v + 40)/20) }",
            states="c m h",
            more="diam (um)",
        ).replace("cnexp", "sparse"),
        {"m": (lambda v: sigmoid(v, -40, 10), lambda v: 0.5 / np.cosh((v + 40) / 20))},
        note="h is left out",
    ),
    "two IFs that exclude each other, texts with a colon, names of the cell's": Case(
        channel(
            RELAX + "PROCEDURE rates(v) { minf = 1/(1 + exp(-(v + 35)/tau_m))\n"
            ' printf("at %g: m = %g?\\n", v, m)\n'
            " if (v < -40) { mtau = 2*g_small } if (v >= -40) { mtau = 3 + (v + 40)/100 } }",
            more="tau_m = 7 g_small = 1.5",
        ).replace(
            "READ ena WRITE ina", "READ ena WRITE ina REPRESENTS CHEBI:29101\n REPRESENTS [NCIT:C17145]"
        ),
        {"m": (lambda v: sigmoid(v, -35, 7), lambda v: np.where(v < -40, 3.0, 3 + (v + 40) / 100))},
    ),
    "arrays in a loop": Case(
        channel(
            "INITIAL { rates(v) m = inf[0] h = inf[1] }\n"
            "DERIVATIVE states { rates(v) m' = (inf[0] - m)/tau[0] h' = (inf[1] - h)/tau[1] }\n"
            "PROCEDURE rates(v) { FROM i=0 TO 1 { inf[i] = ss(v, i) tau[i] = 1 + 2*i } }\n"
            "FUNCTION ss(v, i) { if (i == 0) { ss = 1/(1 + exp(-(v + 35)/7)) } else { ss = 1/(1 + exp((v + 50)/6)) } }",
            current="gbar*m^3*h*(v - ena)",
            states="m h",
        ),
        {
            "m": (lambda v: sigmoid(v, -35, 7), lambda v: 1 + 0 * v),
            "h": (lambda v: sigmoid(v, -50, -6), lambda v: 3 + 0 * v),
        },
        powers={"m": 3},
    ),
    "exponentials cut off, guards of one voltage": Case(
        channel(
            RELAX
            + "PROCEDURE rates(v) { if (v == -40) { a = 1 } else { a = 0.1*(v + 40)/(1 - Exp(-(v + 40)/10)) }\n"
            " b = 4*Exp(-(v + 65)/18)\n minf = a/(a + b) mtau = 1/(a + b) }\n"
            "FUNCTION Exp(x) { if (x < -100) { Exp = 0 } else { Exp = exp(x) } }"
        ),
        {"m": squid()},
        note="V == -40",
    ),
    "a gate at its steady state": Case(
        channel(
            "INITIAL { h = 0.5 }\nDERIVATIVE states { h' = (hinf - h)/5 }\n",
            current="rates(v)*gbar*minf*minf*minf*h*(v - ena)",
            states="h",
        ).replace(
            "DERIVATIVE states {",
            "FUNCTION rates(v) { rates = 1 minf = 1/(1 + exp(-(v + 30)/9.5)) }\nDERIVATIVE states { hinf = 1/(1 + exp((v + 50)/6))\n",
        ),
        {
            "a": (lambda v: sigmoid(v, -30, 9.5), None),
            "h": (lambda v: sigmoid(v, -50, -6), lambda v: 5 + 0 * v),
        },
        powers={"a": 3},
    ),
    "V moved and put back": Case(
        channel(
            RELAX
            + "PROCEDURE rates(w) { v = v + 10\n minf = 1/(1 + exp(-(v + 35)/7)) mtau = 1\n v = v - 10 }"
        ),
        {"m": (lambda v: sigmoid(v, -45, 7), lambda v: 1 + 0 * v)},
    ),
    "a reversal of concentrations": Case(
        channel(
            RELAX + "PROCEDURE rates(v) { minf = 1/(1 + exp(-(v + 35)/7)) mtau = 1 }",
            current="gbar*m*(v - (R*(celsius + 273.15))/F*log(nao/nai)*1e3)",
            more="nai = 10 nao = 140",
        ).replace("(S) = (siemens)", "(S) = (siemens) F = (faraday) (coulomb) R = (k-mole) (joule/degC)"),
        {"m": (lambda v: sigmoid(v, -35, 7), lambda v: 1 + 0 * v)},
        E=1e3 * 8.31446261815324 * (6.3 + 273.15) / 96485.33212331 * np.log(14.0),
        note="6.3 degrees, NEURON's own",
    ),
    "two states that react": Case(
        channel(
            "INITIAL { SOLVE states STEADYSTATE sparse }\nKINETIC states { rates(v) ~ c <-> m (a, b) CONSERVE c + m = 1 }\n"
            "PROCEDURE rates(v) { a = .1*vtrap(-(v + 40), 10) b = 4*exp(-(v + 65)/18) }" + VTRAP,
            states="c m",
        ).replace("cnexp", "sparse"),
        {"m": squid()},
    ),
    "a conductance of zero": Case(
        channel(
            RELAX + "PROCEDURE rates(v) { minf = 1/(1 + exp(-(v + 35)/7)) mtau = 1 }",
            current="(1e-4)*gbar*m*(v - ena)",
        ).replace("gbar = 0.1", "gbar = 0"),
        {"m": (lambda v: sigmoid(v, -35, 7), lambda v: 1 + 0 * v)},
        g=0.01,
        note="conductance is zero; gbar = 100",
    ),
    "a steady state above one": Case(
        channel(
            RELAX + "PROCEDURE rates(v) { minf = 2/(1 + exp(-v/10)) mtau = 1 }", current="gbar*m^2*(v - ena)"
        ),
        {"m": (lambda v: sigmoid(v, 0, 10) / sigmoid(149.7, 0, 10), lambda v: 1 + 0 * v)},
        g=0.1 * (2 * sigmoid(149.7, 0, 10)) ** 2,
        powers={"m": 2},
    ),
    "calcium that is read": Case(
        channel(
            RELAX + "PROCEDURE rates(v) { minf = cai/(cai + 1e-4) mtau = 3 }",
            ion="USEION ca READ cai",
        ),
        {"m": (lambda v: 5e-5 / (5e-5 + 1e-4) + 0 * v, lambda v: 3 + 0 * v)},
        note="calcium stays at 5e-05",
    ),
    "a reversal that is set at the start": Case(
        channel(
            RELAX.replace("INITIAL {", "INITIAL { ena = 67")
            + "PROCEDURE rates(v) { minf = 1/(1 + exp(-(v + 35)/7)) mtau = 1 }",
            current="gbar * ((1*m)\n^3) * (v - ena)",
        ),
        {"m": (lambda v: sigmoid(v, -35, 7), lambda v: 1 + 0 * v)},
        E=67.0,
        powers={"m": 3},
        note="ena = 67 is set at the start",
    ),
    "a reversal without a number": Case(
        channel(
            RELAX + "PROCEDURE rates(v) { minf = 1/(1 + exp(-(v + 40)/10)) mtau = 2 }",
            current="gbar*m*(v - eh)",
            more="eh (mV)",
        ),
        {"m": (lambda v: sigmoid(v, -40, 10), lambda v: 2 + 0 * v)},
        E=0.0,
        note="eh = 0: the file gives it no number",
    ),
    "more digits than NEURON keeps": Case(
        channel(
            RELAX + "PROCEDURE rates(v) { minf = 1/(1 + exp(-(v - half)/7)) mtau = 1 }",
            more="half = -35.0123456 (mV)",
        ),
        {"m": (lambda v: sigmoid(v, -35.0123456, 7), lambda v: 1 + 0 * v)},
        note="half = -35.0123456, of which NEURON itself keeps six digits",
    ),
    "a gate of a trap at its steady state": Case(
        channel(
            "INITIAL { h = 0.5 }\nDERIVATIVE states { rates(v) h' = (hinf - h)/5 }\n"
            "PROCEDURE rates(v) { a = -0.1*(v + 35)/(exp(-(v + 35)/10) - 1) b = 4*exp(-(v + 60)/18)\n"
            " minf = a/(a + b) hinf = 1/(1 + exp((v + 50)/6)) }",
            current="gbar*minf*minf*minf*h*(v - ena)",
            states="h",
        ),
        {
            "a": (lambda v: squid()[0](v - 5), None),
            "h": (lambda v: sigmoid(v, -50, -6), lambda v: 5 + 0 * v),
        },
        powers={"a": 3},
    ),
    "a current of no ion": Case(
        channel(RELAX + "PROCEDURE rates(v) { minf = 1/(1 + exp((v + 75)/5.5)) mtau = 200 }")
        .replace("USEION na READ ena WRITE ina", "NONSPECIFIC_CURRENT ina")
        .replace("- ena", "+ 43"),
        {"m": (lambda v: sigmoid(v, -75, -5.5), lambda v: 200 + 0 * v)},
        E=-43.0,
    ),
}

# A current of two kinds of gates; a scheme with two open states; a constant field: told apart in the tests.
TWO_GATES = channel(
    "INITIAL { m = 0 h = 0 }\nDERIVATIVE states { m' = (1/(1 + exp(-(v + 35)/7)) - m)/2 h' = (1/(1 + exp((v + 50)/6)) - h)/40 }\n",
    current="gbar*(0.75*m^3 + 0.25*m*h)*(v - ena)",
    states="m h",
)
SCHEME = channel(
    "INITIAL { SOLVE states STEADYSTATE sparse }\n"
    "KINETIC states { ~ C <-> O (exp(v/20), k*exp(-v/20))\n ~ O <-> P (0.5, 0.1)\n ~ O <-> I (1, 0.02) CONSERVE C + O + P + I = 1 }\n",
    current="gbar*(O + P)*(v - ena)",
    states="C O P I",
    more="k = 2 (/ms)",
).replace("cnexp", "sparse")
# The same three states by derivatives: all of them, and two with what is missing to one.
ALL_STATES = channel(
    "INITIAL { c = 1 o = 0 i = 0 }\nDERIVATIVE states { a = exp(v/20) b = 2*exp(-v/20)\n"
    " c' = -a*c + b*o\n o' = a*c - (b + 1)*o + 0.05*i\n i' = 1*o - 0.05*i }\n",
    current="gbar*o*(v - ena)",
    states="c o i",
)
MISSING_STATE = channel(
    "INITIAL { c = 0.75 o = 0.25 }\nDERIVATIVE states { a = exp(v/20) b = 2*exp(-v/20)\n"
    " c' = b*o - a*c\n o' = a*c - b*o + 0.05*(1 - c - o) - 1*o }\n",
    current="gbar*o*(v - ena)",
    states="c o",
)
FIELD = (
    "NEURON { SUFFIX t USEION ca READ cai, cao WRITE ica RANGE pbar }\n"
    "UNITS { F = 96520 (coulomb) R = 8.3134 (joule/degC) }\nPARAMETER { pbar = 2e-4 (cm/s) celsius = 36 (degC) }\n"
    "ASSIGNED { v (mV) cai (mM) cao (mM) ica (mA/cm2) }\nSTATE { m }\n"
    "BREAKPOINT { SOLVE states METHOD cnexp\n ica = pbar*m*m*ghk(v, cai, cao) }\n"
    "INITIAL { m = 0 }\nDERIVATIVE states { m' = (1/(1 + exp(-(v + 56)/6.2)) - m)/4 }\n"
    "FUNCTION ghk(v, ci, co) (.001 coul/cm3) { LOCAL z\n z = (1e-3)*2*F*v/(R*(celsius + 273.15))\n"
    " ghk = (.001)*2*F*(ci*efun(-z) - co*efun(z)) }\n"
    "FUNCTION efun(z) { if (fabs(z) < 1e-4) { efun = 1 - z/2 } else { efun = z/(exp(z) - 1) } }\n"
)
OWN_FIELD = channel(
    RELAX + "PROCEDURE rates(v) { minf = 1/(1 + exp(-(v + 35)/7)) mtau = 1 }",
    current="gbar*m*v*(15/135 - exp(-v/25.4))/(1 - exp(-v/25.4))",
)
OWN_LEAK = channel(
    RELAX + "PROCEDURE rates(v) { minf = 1/(1 + exp(-(v + 35)/7)) mtau = 1 }",
    current="gbar*m*(v - ena)\n il = gl*(v - el)",
    ion="NONSPECIFIC_CURRENT il",
    more="gl = 5e-5 (S/cm2) el = -67 (mV)",
).replace("ASSIGNED {", "ASSIGNED { il (mA/cm2)")

# All that are read.
TEXTS = {name: case.text for name, case in CASES.items()} | {
    "two": TWO_GATES,
    "scheme": SCHEME,
    "field": FIELD,
    "potassium's field": FIELD.replace("ca", "k").replace("cai", "ki").replace("2*F", "1*F"),
    "sodium's field, taken twice charged": FIELD.replace("ca", "na"),
    "all": ALL_STATES,
    "missing": MISSING_STATE,
    "a field of the file's own numbers": OWN_FIELD,
    "a leak of the file's own": OWN_LEAK,
}
