"""Published neurons of conductances, as their papers have them: without a reset, bursts, schemes, two compartments.

A cell of channels stands beside the same cell as equations.
"""

from natrium import Calcium, Channel, Gate, Neuron, Scheme
from tests.solvers.public_parts import System, gate, kinetics, line, pairs, rise, shares

# X.-J. Wang, G. Buzsaki, J. Neurosci. 16 (1996) 6402-6413; conductances in mS/cm^2, C 1 uF/cm^2.
WB_M = f"1/(1 + 4*exp(-(V + 60)/18)/({line(0.1, -35, 10)}))"
WB_H = ("0.35*exp(-(V + 58)/20)", "5/(1 + exp(-(V + 28)/10))")
WB_N = (line(0.05, -34, 10), "0.625*exp(-(V + 44)/80)")
WB = [
    Channel("Na", g=350.0, E=55.0, gates=[
        Gate("m", 3, inf=WB_M), Gate("h", alpha=WB_H[0], beta=WB_H[1], initial=0.78)]),
    Channel("K", g=90.0, E=-90.0, gates=[Gate("n", 4, alpha=WB_N[0], beta=WB_N[1], initial=0.09)]),
]  # fmt: skip
WB_FLOW = f"- 35*({WB_M})**3*h*(V - 55) - 9*n**4*(V + 90)"

# R. J. Butera, J. Rinzel, J. C. Smith, J. Neurophysiol. 82 (1999) 382-397, model 1; nS, pF.
SLOWLY, FAST = "10000/cosh((V + 48)/12)", "10/cosh((V + 29)/8)"
BUTERA = [
    Channel("Na", g=10.0, E=50.0, gates=[
        Gate("m", 3, inf=rise(-34, 5)), Gate("h", inf=rise(-29, -4), tau=FAST, initial=0.995)]),
    Channel("K", g=4.0, E=-85.0, gates=[Gate("n", 4, inf=rise(-29, 4), tau=FAST, initial=0.005)]),
    Channel("NaP", g=1.0, E=50.0, gates=[
        Gate("m", inf=rise(-40, 6)), Gate("h", inf=rise(-48, -6), tau=SLOWLY, initial=0.75)]),
]  # fmt: skip

# T. R. Chay, Physica D 16 (1985) 233-242; per ms.
CHAY_M = f"({line(0.1, -25, 10)})/({line(0.1, -25, 10)} + 4*exp(-(V + 50)/18))"
CHAY_H = "0.07*exp(-0.05*V - 2.5)/(0.07*exp(-0.05*V - 2.5) + 1/(1 + exp(-0.1*V - 2)))"
CHAY = f"({CHAY_M})**3*({CHAY_H})*(100 - V)"

# The form of P. Balbi, P. Massobrio, J. Hellgren Kotaleski, PLoS Comput. Biol. 13 (2017) e1005737: six states,
# no detailed balance; and the potassium channel of R. D. Traub, R. Miles (1991) as a chain of five.
SIX_STATES = ("C1", "C2", "O1", "O2", "I1", "I2")
SIX = [
    *pairs(
        ("C1", "C2", "16/(1 + exp(-(V + 3)/9))", "3/(1 + exp((V + 33)/9)) + 16/(1 + exp(-(V + 3)/9))"),
        ("C2", "O1", "16/(1 + exp(-(V + 8)/9))", "1/(1 + exp((V + 38)/9)) + 16/(1 + exp(-(V + 8)/9))"),
        ("C2", "O2", "0.03/(1 + exp(-(V + 19)/10))", "0.0001/(1 + exp((V + 75)/10)) + 0.03/(1 + exp(-(V + 19)/10))"),
        ("O1", "I1", "3/(1 + exp((V + 41)/12)) + 16/(1 + exp(-(V + 11)/12))", "0.00001/(1 + exp((V + 42)/10))"),
        ("I1", "C1", "0.55/(1 + exp((V + 65)/7))", "0.55/(1 + exp(-(V + 65)/11))"),
        ("I1", "I2", "0.0022/(1 + exp(-(V + 90)/5))", "0.017/(1 + exp((V + 90)/15))"),
    ),
]  # fmt: skip
CHAIN = ("n0", "n1", "n2", "n3", "n4")
FIVE = pairs(*(
    (CHAIN[k], CHAIN[k + 1], f"{4 - k}*{line(0.032, -52, 5)}", f"{k + 1}*0.5*exp(-(V + 57)/40)") for k in range(4)
))  # fmt: skip

# Resurgent sodium: I. M. Raman, B. P. Bean, Biophys. J. 80 (2001) 729-737, as in Z. M. Khaliq, N. W. Gouwens,
# I. M. Raman, J. Neurosci. 23 (2003) 4899-4912.
UP, DOWN = 150.0**0.25, 0.01**0.25
CLOSED, STUCK = ("C1", "C2", "C3", "C4", "C5"), ("I1", "I2", "I3", "I4", "I5")
RAMAN = pairs(
    *((CLOSED[k], CLOSED[k + 1], f"{4 - k}*150*exp(V/20)", f"{k + 1}*3*exp(-V/20)") for k in range(4)),
    *((STUCK[k], STUCK[k + 1], f"{4 - k}*150*{UP}*exp(V/20)", f"{k + 1}*3*{DOWN}*exp(-V/20)") for k in range(4)),
    *((CLOSED[k], STUCK[k], f"0.005*{UP}**{k}", f"0.5*{DOWN}**{k}") for k in range(5)),
    ("C5", "O", "150", "40"), ("I5", "I6", "150", "40"), ("O", "I6", "0.75", "0.005"), ("O", "B", "1.75", "0.03*exp(-V/25)"),
)  # fmt: skip
THIRTEEN = (*CLOSED, "O", "B", *STUCK, "I6")

# A thalamic cell's h current, which calcium holds open, and T current: A. Destexhe, T. Bal, D. A. McCormick,
# T. J. Sejnowski, J. Neurophysiol. 76 (1996) 2049-2070, simplified; Ca in uM.
H_INF, H_TAU = "1/(1 + exp((V + 75)/5.5))", "(20 + 1000/(exp((V + 71.5)/14.2) + exp(-(V + 89)/11.6)))"
PACE = pairs(
    ("C", "O", f"{H_INF}/{H_TAU}", f"(1 - {H_INF})/{H_TAU}"), ("O", "L", "0.01*Ca**2/(Ca**2 + 4)", "0.001")
)
T_M, T_H = rise(-59, 6.2), rise(-83, -4)
T_TAU = "where(V < -81, exp((V + 467)/66.6), 28 + exp(-(V + 22)/10.5))/3"

# P. F. Pinsky, J. Rinzel, J. Comput. Neurosci. 1 (1994) 39-60; V of the soma, U of the dendrite, rest at -60 mV.
PR_M = f"({line(0.32, -46.9, 4)})/({line(0.32, -46.9, 4)} + {line(-0.28, -19.9, -5)})"
PR_C = "where(U > -10, 2*exp(-(U + 53.5)/27), exp((U + 50)/11 - (U + 53.5)/27)/18.975)"
PR_Q = "min(0.00002*Ca, 0.01)"

STN_B = "1/(1 + exp(-(r - 0.25)/0.07)) - 1/(1 + exp(0.25/0.07))"
GOLOMB = [
    Channel("Na", g=700.0, E=55.0, gates=[
        Gate("m", 3, inf=rise(-30, 9.5)),
        Gate("h", inf=rise(-45, -7), tau="0.1 + 0.75/(1 + exp((V + 40.5)/6))", initial=0.98)]),
    Channel("NaP", g=4.0, E=55.0, gates=[Gate("p", inf=rise(-41, 3))]),
    Channel("K", g=120.0, E=-90.0, gates=[
        Gate("n", 4, inf=rise(-35, 10), tau="0.1 + 0.5/(1 + exp((V + 27)/15))", initial=0.025)]),
    Channel("A", g=28.0, E=-90.0, gates=[
        Gate("a", 3, inf=rise(-50, 20)), Gate("b", inf=rise(-80, -6), tau="15", initial=0.2)]),
    Channel("M", g=20.0, E=-90.0, gates=[Gate("z", inf=rise(-39, 5), tau="75", initial=0.0014)]),
]  # fmt: skip

WANG_M = f"({line(0.1, -33, 10)})/({line(0.1, -33, 10)} + 4*exp(-(V + 58)/12))"

CONDUCTANCES = {
    # --- conductances, no reset -----------------------------------------------------------------------
    # B. Ermentrout, N. Kopell, Proc. Natl. Acad. Sci. USA 95 (1998) 1259-1264, of R. D. Traub, R. Miles (1991)
    "reduced pyramidal cell": System(
        "conductances",
        {
            "V": "I - 0.1*(V + 67) - 100*m**3*h*(V - 50) - 80*n**4*(V + 100)",
            **gate("m", line(0.32, -54, 4), line(-0.28, -27, -5)),
            **gate("h", "0.128*exp(-(V + 50)/18)", "4/(1 + exp(-(V + 27)/5))"),
            **gate("n", line(0.032, -52, 5), "0.5*exp(-(V + 57)/40)"),
        },
        {"V": -67.0, "m": 0.01, "h": 0.99, "n": 0.01},
        t_end=60.0,
        v_thresh=0.0,
        steps=((0.0, 0.0), (5.0, 3.0)),
    ),
    "fast interneuron": System(
        "conductances",
        {
            "V": f"I/10 - 0.1*(V + 65) {WB_FLOW}",
            **gate("h", *WB_H),
            **gate("n", *WB_N),
        },
        {"V": -64.0, "h": 0.78, "n": 0.09},
        t_end=60.0,
        v_thresh=0.0,
        steps=((0.0, 0.0), (5.0, 10.0)),
        cell=Neuron(tau_m=10.0, v_rest=-65.0, v_init=-64.0, v_thresh=None, channels=WB),
    ),
    # S. A. Prescott, Y. De Koninck, T. J. Sejnowski, PLoS Comput. Biol. 4 (2008) e1000198: its class 2
    "spinal lamina I cell": System(
        "conductances",
        {
            "V": "(I - 10*(1 + tanh((V + 1.2)/18))*(V - 50) - 20*w*(V + 100) - 2*(V + 70))/2",
            "w": "0.15*(0.5*(1 + tanh((V + 13)/10)) - w)*cosh((V + 13)/20)",
        },
        {"V": -70.0, "w": 0.0},
        t_end=80.0,
        v_thresh=0.0,
        steps=((0.0, 0.0), (5.0, 50.0)),
    ),
    # J. E. Rubin, D. Terman, J. Comput. Neurosci. 16 (2004) 211-235: a subthalamic cell
    "subthalamic cell": System(
        "conductances",
        {
            "V": f"I - 2.25*(V + 60) - 37.5*({rise(-30, 15)})**3*h*(V - 55) - 45*n**4*(V + 80)"
            f" - (0.5*({rise(-63, 7.8)})**3*({STN_B})**2 + 0.5*({rise(-39, 8)})**2)*(V - 140)"
            " - 9*(V + 80)*Ca/(Ca + 15)",
            "h": f"0.75*({rise(-39, -3.1)} - h)/(1 + 500/(1 + exp((V + 57)/3)))",
            "n": f"0.75*({rise(-32, 8)} - n)/(1 + 100/(1 + exp((V + 80)/26)))",
            "r": f"0.2*({rise(-67, -2)} - r)/(7.1 + 17.5/(1 + exp((V - 68)/2.2)))",
            "Ca": f"-0.0000375*((0.5*({rise(-63, 7.8)})**3*({STN_B})**2 + 0.5*({rise(-39, 8)})**2)*(V - 140)"
            " + 22.5*Ca)",
        },
        {"V": -65.0, "h": 0.9, "n": 0.1, "r": 0.2, "Ca": 0.1},
        t_end=150.0,
        v_thresh=-20.0,
        steps=((0.0, 10.0), (60.0, -25.0), (110.0, 0.0)),
    ),
    # D. Golomb, C. Yue, Y. Yaari, J. Neurophysiol. 96 (2006) 1912-1926: without calcium
    "bursting CA1 cell": System(
        "conductances",
        {
            "V": f"0.05*(I - 70 - V) - 35*({rise(-30, 9.5)})**3*h*(V - 55) - 0.2*({rise(-41, 3)})*(V - 55)"
            f" - (6*n**4 + 1.4*({rise(-50, 20)})**3*b + z)*(V + 90)",
            "h": f"({rise(-45, -7)} - h)/(0.1 + 0.75/(1 + exp((V + 40.5)/6)))",
            "n": f"({rise(-35, 10)} - n)/(0.1 + 0.5/(1 + exp((V + 27)/15)))",
            "b": f"({rise(-80, -6)} - b)/15",
            "z": f"({rise(-39, 5)} - z)/75",
        },
        {"V": -71.8, "h": 0.98, "n": 0.025, "b": 0.2, "z": 0.0014},
        t_end=120.0,
        v_thresh=0.0,
        steps=((0.0, 0.0), (10.0, 20.0)),
        cell=Neuron(tau_m=20.0, v_rest=-70.0, v_init=-71.8, v_thresh=None, channels=GOLOMB),
    ),
    # --- bursts and calcium ---------------------------------------------------------------------------
    # J. L. Hindmarsh, R. M. Rose, Proc. R. Soc. Lond. B 221 (1984) 87-102: no units
    "three-variable burster": System(
        "bursts and calcium",
        {"V": "y - V**3 + 3*V**2 - z + I", "y": "1 - 5*V**2 - y", "z": "0.005*(4*(V + 1.6) - z)"},
        {"V": -1.6, "y": -11.8, "z": 1.5},
        t_end=200.0,
        v_thresh=1.0,
        steps=((0.0, 2.0),),
    ),
    "pacemaker": System(
        "bursts and calcium",
        {
            "V": f"(-2.8*(V + 60) + 2.8*I - 28*({rise(-34, 5)})**3*k*(V - 50) - 11.2*n**4*(V + 85)"
            f" - 2.8*({rise(-40, 6)})*h*(V - 50))/21",
            "n": f"({rise(-29, 4)} - n)/({FAST})",
            "k": f"({rise(-29, -4)} - k)/({FAST})",
            "h": f"({rise(-48, -6)} - h)/({SLOWLY})",
        },
        {"V": -50.0, "n": 0.005, "k": 0.995, "h": 0.75},
        t_end=120.0,
        v_thresh=-20.0,
        cell=Neuron(tau_m=7.5, v_rest=-60.0, v_init=-50.0, v_thresh=None, channels=BUTERA),
    ),
    "calcium burster": System(
        "bursts and calcium",
        {
            "V": f"1.8*{CHAY} + 1.7*n**4*(-75 - V) + 0.011*Ca/(1 + Ca)*(-75 - V) + 0.007*(-40 - V) + I",
            **gate("n", line(0.0023, -20, 10), "0.02875*exp(-(V + 30)/80)"),
            "Ca": f"0.00027*({CHAY} - 3.3/18*Ca)",
        },
        {"V": -45.0, "n": 0.1, "Ca": 0.4},
        t_end=1200.0,
        v_thresh=-30.0,
    ),
    # --- Markov channels --------------------------------------------------------------------------------
    "sodium of six states": System(
        "Markov channels",
        {
            "V": "(-(V + 70) + I + 400*(sO1 + sO2)*(50 - V) + 20*n4*(-90 - V))/10",
            **kinetics("s", SIX),
            **kinetics("", FIVE),
        },
        {
            "V": -70.0,
            **{f"s{name}": float(name == "C1") for name in SIX_STATES},
            **shares(CHAIN, "n0"),
        },
        t_end=40.0,
        v_thresh=-45.0,
        reset={"V": -68.0},
        tau_ref=1.5,
        free=(*(f"s{name}" for name in SIX_STATES), *CHAIN),
        steps=((0.0, 0.0), (2.0, 60.0)),
        cell=Neuron(
            tau_m=10.0,
            tau_ref=1.5,
            v_rest=-70.0,
            v_thresh=-45.0,
            v_reset=-68.0,
            refractory="clamp",
            channels=[
                Channel(
                    "Na",
                    g=400.0,
                    E=50.0,
                    scheme=Scheme(
                        SIX_STATES,
                        SIX,
                        ["O1", "O2"],
                        initial=shares(SIX_STATES, "C1"),
                    ),
                ),
                Channel(
                    "K", g=20.0, E=-90.0, scheme=Scheme(CHAIN, FIVE, ["n4"], initial=shares(CHAIN, "n0"))
                ),
            ],
        ),
    ),
    "resurgent sodium": System(
        "Markov channels",
        {"V": "(-(V + 65) + I + 40*zO*(60 - V))/10", **kinetics("z", RAMAN)},
        {"V": -65.0, **{f"z{name}": float(name == "C1") for name in THIRTEEN}},
        t_end=60.0,
        v_thresh=-45.0,
        reset={"V": -60.0},
        tau_ref=1.0,
        steps=((0.0, 0.0), (5.0, 25.0)),
        cell=Neuron(
            tau_m=10.0,
            tau_ref=1.0,
            v_rest=-65.0,
            v_thresh=-45.0,
            v_reset=-60.0,
            channels=[
                Channel(
                    "Na",
                    g=40.0,
                    E=60.0,
                    scheme=Scheme(THIRTEEN, RAMAN, ["O"], initial=shares(THIRTEEN, "C1")),
                )
            ],
        ),
    ),
    "rebound through calcium": System(
        "Markov channels",
        {
            "V": f"(-(V + 75) + I + 8*({T_M})**2*h*(120 - V) + 2*(hO + hL)*(-43 - V))/10",
            "h": f"({T_H} - h)/({T_TAU})",
            **kinetics("h", PACE),
            "Ca": f"0.002*8*({T_M})**2*h*(120 - V) - (Ca - 0.2)/20",
        },
        {"V": -72.0, "h": 0.1, "hC": 0.8, "hO": 0.15, "hL": 0.05, "Ca": 0.2},
        t_end=250.0,
        v_thresh=-48.0,
        reset={"V": -58.0},
        steps=((0.0, 0.0), (10.0, -25.0), (110.0, 0.0)),
        cell=Neuron(
            tau_m=10.0,
            tau_ref=0.0,
            v_rest=-75.0,
            v_init=-72.0,
            v_thresh=-48.0,
            v_reset=-58.0,
            channels=[
                Channel(
                    "T",
                    g=8.0,
                    E=120.0,
                    gates=[Gate("m", 2, inf=T_M), Gate("h", inf=T_H, tau=T_TAU, initial=0.1)],
                ),
                Channel(
                    "h",
                    g=2.0,
                    E=-43.0,
                    scheme=Scheme(
                        ["C", "O", "L"], PACE, ["O", "L"], initial={"C": 0.8, "O": 0.15, "L": 0.05}
                    ),
                ),
            ],
            calcium=Calcium(rest=0.2, tau=20.0, factor=0.002, channels=["T"]),
        ),
    ),
    # --- two compartments -------------------------------------------------------------------------------
    "soma and dendrite": System(
        "two compartments",
        {
            "V": f"(-0.1*(V + 60) - 30*({PR_M})**2*h*(V - 60) - 15*n*(V + 75) + 2.1*(U - V)/0.5 + I/0.5)/3",
            **gate("h", "0.128*exp((-43 - V)/18)", "4/(1 + exp((-20 - V)/5))"),
            **gate("n", line(0.016, -24.9, 5), "0.25*exp(-1 - 0.025*V)"),
            "U": "(-0.1*(U + 60) - 10*s**2*(U - 80) - 15*c*min(Ca/250, 1)*(U + 75) - 0.8*q*(U + 75) + 2.1*(V - U)/0.5)/3",
            **gate("s", "1.6/(1 + exp(-0.072*(U - 5)))", line(-0.02, -8.9, -5, "U")),
            **gate(
                "c",
                PR_C,
                "where(U > -10, 0, 2*exp(-(U + 53.5)/27) - exp((U + 50)/11 - (U + 53.5)/27)/18.975)",
            ),
            **gate("q", PR_Q, "0.001"),
            "Ca": "-1.3*s**2*(U - 80) - 0.075*Ca",
        },
        {"V": -64.6, "h": 0.999, "n": 0.001, "U": -64.5, "s": 0.009, "c": 0.007, "q": 0.01, "Ca": 0.2},
        t_end=80.0,
        v_thresh=-10.0,
        steps=((0.0, 2.5),),
    ),
    # X.-J. Wang, J. Neurophysiol. 79 (1998) 1549-1566
    "adaptation by calcium in the dendrite": System(
        "two compartments",
        {
            "V": f"I - 0.1*(V + 65) - 45*({WANG_M})**3*h*(V - 55) - 18*n**4*(V + 80) - 4*(V - U)",
            **gate("h", "0.28*exp(-(V + 50)/10)", "4/(1 + exp(-(V + 20)/10))"),
            **gate("n", line(0.04, -34, 10), "0.5*exp(-(V + 44)/25)"),
            "U": f"-0.1*(U + 65) - ({rise(-20, 9, 'U')})**2*(U - 120) - 5*Ca/(Ca + 30)*(U + 80) - 4*(U - V)",
            "Ca": f"-0.002*({rise(-20, 9, 'U')})**2*(U - 120) - Ca/80",
        },
        {"V": -65.0, "h": 0.9, "n": 0.05, "U": -65.0, "Ca": 0.0},
        t_end=80.0,
        v_thresh=-20.0,
        steps=((0.0, 0.0), (5.0, 4.0)),
    ),
    # P. Lansky, R. Rodriguez, Physica D 132 (1999) 267-286, without noise: the dendrite is not reset
    "leaky soma and dendrite": System(
        "two compartments",
        {"V": "(-(V + 70) + 3*(U - V))/10", "U": "(-(U + 70) + 1.5*(V - U) + I)/10"},
        {"V": -70.0, "U": -70.0},
        t_end=100.0,
        v_thresh=-55.0,
        reset={"V": -70.0},
        tau_ref=2.0,
        free=("U",),
        steps=((0.0, 0.0), (5.0, 60.0), (60.0, 45.0)),
    ),
}
