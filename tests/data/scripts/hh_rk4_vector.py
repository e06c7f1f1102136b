import numpy as np

def hh(y, I):
    V, m, h, n = y
    am = 0.1*(V+40)/(1-np.exp(-(V+40)/10)); bm = 4*np.exp(-(V+65)/18)
    ah = 0.07*np.exp(-(V+65)/20);           bh = 1/(1+np.exp(-(V+35)/10))
    an = 0.01*(V+55)/(1-np.exp(-(V+55)/10)); bn = 0.125*np.exp(-(V+65)/80)
    dV = I - 120*m**3*h*(V-50) - 36*n**4*(V+77) - 0.3*(V+54.4)
    return np.array([dV, am*(1-m)-bm*m, ah*(1-h)-bh*h, an*(1-n)-bn*n])

dt = 0.025
steps = 800
sol = np.zeros((steps+1, 4))
sol[0] = [-65.0, 0.0529, 0.5961, 0.3177]
for i in range(steps):
    I = 10.0 if i*dt > 2.0 else 0.0
    k1 = hh(sol[i], I)
    k2 = hh(sol[i] + dt/2*k1, I)
    k3 = hh(sol[i] + dt/2*k2, I)
    k4 = hh(sol[i] + dt*k3, I)
    sol[i+1] = sol[i] + dt/6*(k1 + 2*k2 + 2*k3 + k4)
