class Params:
    C = 100.0
    k = 0.7
    vr = -60.0
    vt = -40.0
    vpeak = 35.0
    a = 0.03
    b = -2.0
    c = -50.0
    d = 100.0


def simulate(P, current, T=400.0, tau=0.25):
    n = int(T / tau)
    v = [P.vr] * n
    u = [0.0] * n
    for i in range(n - 1):
        v[i + 1] = v[i] + tau * (P.k * (v[i] - P.vr) * (v[i] - P.vt) - u[i] + current(i * tau)) / P.C
        u[i + 1] = u[i] + tau * P.a * (P.b * (v[i] - P.vr) - u[i])
        if v[i + 1] >= P.vpeak:
            v[i] = P.vpeak
            v[i + 1] = P.c
            u[i + 1] = u[i + 1] + P.d
    return v, u


v, u = simulate(Params, lambda t: 100.0 if t >= 50.0 else 0.0)
