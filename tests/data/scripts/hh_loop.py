# Hodgkin-Huxley, forward Euler, no reset
import numpy as np
import matplotlib.pyplot as plt

def alpha_n(V): return 0.01*(V+55)/(1-np.exp(-(V+55)/10))
def beta_n(V): return 0.125*np.exp(-(V+65)/80)
def alpha_m(V): return 0.1*(V+40)/(1-np.exp(-(V+40)/10))
def beta_m(V): return 4*np.exp(-(V+65)/18)
def alpha_h(V): return 0.07*np.exp(-(V+65)/20)
def beta_h(V): return 1/(1+np.exp(-(V+35)/10))

gNa, gK, gL = 120.0, 36.0, 0.3
ENa, EK, EL = 50.0, -77.0, -54.387
C = 1.0
dt = 0.01
T = 30
time = np.arange(0, T, dt)
V = np.zeros_like(time); n = np.zeros_like(time); m = np.zeros_like(time); h = np.zeros_like(time)
V[0] = -65
n[0] = alpha_n(V[0])/(alpha_n(V[0])+beta_n(V[0]))
m[0] = alpha_m(V[0])/(alpha_m(V[0])+beta_m(V[0]))
h[0] = alpha_h(V[0])/(alpha_h(V[0])+beta_h(V[0]))
I = np.where((time > 5) & (time < 25), 10.0, 0.0)

for i in range(1, len(time)):
    INa = gNa*m[i-1]**3*h[i-1]*(V[i-1]-ENa)
    IK = gK*n[i-1]**4*(V[i-1]-EK)
    IL = gL*(V[i-1]-EL)
    V[i] = V[i-1] + dt*(I[i-1]-INa-IK-IL)/C
    n[i] = n[i-1] + dt*(alpha_n(V[i-1])*(1-n[i-1])-beta_n(V[i-1])*n[i-1])
    m[i] = m[i-1] + dt*(alpha_m(V[i-1])*(1-m[i-1])-beta_m(V[i-1])*m[i-1])
    h[i] = h[i-1] + dt*(alpha_h(V[i-1])*(1-h[i-1])-beta_h(V[i-1])*h[i-1])

fig, axs = plt.subplots(2, 1, sharex=True)
axs[0].plot(time, V)
axs[1].plot(time, m, time, h, time, n)
plt.show()
