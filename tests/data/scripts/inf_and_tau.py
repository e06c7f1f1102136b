from math import exp

p = dict(C=1.0, gL=0.1, EL=-70.0, gK=2.0, EK=-90.0, gNaP=0.3, ENa=55.0, Vth=-48.0, Vr=-62.0, dt=0.05)

def n_inf(v): return 1.0 / (1.0 + exp(-(v + 52.0) / 6.0))
def tau_n(v): return 3.0 + 12.0 / (1.0 + exp((v + 60.0) / 5.0))
def p_inf(v): return 1.0 / (1.0 + exp(-(v + 50.0) / 4.0))
def tau_p(v): return 1.5

def advance(state, I):
    v, n, q = state
    dt = p['dt']
    n_new = n_inf(v) + (n - n_inf(v)) * exp(-dt / tau_n(v))
    q_new = p_inf(v) + (q - p_inf(v)) * exp(-dt / tau_p(v))
    i_leak = p['gL'] * (v - p['EL'])
    i_k = p['gK'] * n_new * (v - p['EK'])
    i_nap = p['gNaP'] * q_new * (v - p['ENa'])
    v_new = v + dt * (I - i_leak - i_k - i_nap) / p['C']
    spike = v_new > p['Vth']
    if spike:
        v_new = p['Vr']
    return (v_new, n_new, q_new), spike

state = (-70.0, 0.05, 0.01)
out, when = [], []
for k in range(1600):
    current = 5.0 if k > 200 else 0.0
    state, fired = advance(state, current)
    out.append(state[0])
    if fired:
        when.append(k * p['dt'])
