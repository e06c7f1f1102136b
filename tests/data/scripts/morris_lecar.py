import numpy as np
import pylab as plt
C, gL, gCa, gK = 20., 2., 4.4, 8.
VL, VCa, VK = -60., 120., -84.
V1, V2, V3, V4, phi = -1.2, 18., 2., 30., 0.04
I = 100.
def minf(V): return 0.5*(1+np.tanh((V-V1)/V2))
def winf(V): return 0.5*(1+np.tanh((V-V3)/V4))
def lamw(V): return phi*np.cosh((V-V3)/(2*V4))
dt = 0.1
V, w = [-60.], [0.0149]
for i in range(3000):
    V.append(V[i] + dt*(I - gL*(V[i]-VL) - gCa*minf(V[i])*(V[i]-VCa) - gK*w[i]*(V[i]-VK))/C)
    w.append(w[i] + dt*lamw(V[i])*(winf(V[i]) - w[i]))
plt.plot(V)
plt.show()
