import numpy as np
from scipy.integrate import odeint
import matplotlib.pyplot as plt

C_m, g_Na, g_K, g_L = 1.0, 120.0, 36.0, 0.3
E_Na, E_K, E_L = 50.0, -77.0, -54.4

def rates(V):
    am = 0.1*(V+40.0)/(1.0-np.exp(-(V+40.0)/10.0))
    bm = 4.0*np.exp(-(V+65.0)/18.0)
    ah = 0.07*np.exp(-(V+65.0)/20.0)
    bh = 1.0/(1.0+np.exp(-(V+35.0)/10.0))
    an = 0.01*(V+55.0)/(1.0-np.exp(-(V+55.0)/10.0))
    bn = 0.125*np.exp(-(V+65.0)/80.0)
    return am, bm, ah, bh, an, bn

def I_inj(t):
    return 10.0*(t > 10) - 10.0*(t > 40)

def dydt(y, t):
    V, m, h, n = y
    am, bm, ah, bh, an, bn = rates(V)
    I_Na = g_Na*m**3*h*(V-E_Na)
    I_K = g_K*n**4*(V-E_K)
    I_L = g_L*(V-E_L)
    return [(I_inj(t)-I_Na-I_K-I_L)/C_m, am*(1-m)-bm*m, ah*(1-h)-bh*h, an*(1-n)-bn*n]

t = np.arange(0, 50, 0.05)
sol = odeint(dydt, [-65.0, 0.05, 0.6, 0.32], t)
V = sol[:, 0]
plt.plot(t, V)
plt.show()
