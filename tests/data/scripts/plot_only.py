import numpy as np
import matplotlib.pyplot as plt

def lif_demo(I0=0.25, show=True):
    # SI units: volts, seconds, nA and MOhm
    tau = 0.020
    Vrest = -0.070
    Vth = -0.050
    Vreset = -0.065
    R = 100e6
    dt = 0.0005
    N = 600
    v = Vrest
    vs = [v]
    ts = [0]
    for n in range(N):
        v = v + dt/tau*(Vrest - v + R*I0*1e-9)
        if v > Vth:
            vs.append(0.02)
            ts.append((n+1)*dt)
            v = Vreset
        vs.append(v)
        ts.append((n+1)*dt)
    fig, ax = plt.subplots(figsize=(8, 3))
    ax.plot(ts, vs, 'k')
    ax.set_xlabel('time (s)')
    plt.tight_layout()
    plt.savefig('lif.png')
    if show:
        plt.show()

lif_demo()
