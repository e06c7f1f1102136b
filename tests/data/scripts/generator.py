import math

def lif(I, tau=10.0, dt=0.1, v0=-70.0, threshold=-55.0):
    """Yield (t, v) for ever."""
    t, v = 0.0, v0
    while True:
        v += (v0 - v + I)*(1 - math.exp(-dt/tau))
        if v > threshold:
            v = v0
        t += dt
        yield t, v

ts, vs = [], []
for t, v in lif(18.0):
    ts.append(t)
    vs.append(v)
    if t > 80:
        break
