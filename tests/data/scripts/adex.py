import numpy as np
import matplotlib.pyplot as plt

# Brette & Gerstner 2005
C = 281.0; gL = 30.0; EL = -70.6; VT = -50.4; DeltaT = 2.0
tauw = 144.0; a = 4.0; b = 80.5; Vr = -70.6; Vpeak = 20.0
dt = 0.05
steps = 4000
I = np.zeros(steps); I[500:3500] = 1000.0
V = EL
w = 0.0
Vrec = np.zeros(steps)
wrec = np.zeros(steps)
for k in range(steps):
    dVdt = (-gL*(V-EL) + gL*DeltaT*np.exp((V-VT)/DeltaT) - w + I[k])/C
    dwdt = (a*(V-EL) - w)/tauw
    V += dVdt*dt
    w += dwdt*dt
    if V > Vpeak:
        V = Vr
        w += b
    Vrec[k] = V
    wrec[k] = w
plt.figure(); plt.plot(Vrec); plt.show()
