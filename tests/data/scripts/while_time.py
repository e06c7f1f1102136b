# SI units with while loop
Cm = 200e-12
gL = 10e-9
EL = -70e-3
VT = -50e-3
Vr = -60e-3
I = 250e-12
dt = 1e-4
t = 0.0
V = EL
Vlist = []
tlist = []
nspikes = 0
while t < 0.2:
    V = V + dt * (-gL * (V - EL) + I) / Cm
    if V >= VT:
        V = Vr
        nspikes += 1
    Vlist.append(V)
    tlist.append(t)
    t += dt
print("number of spikes:", nspikes)
