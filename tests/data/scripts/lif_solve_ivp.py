import numpy as np
from scipy.integrate import solve_ivp

tau, E, R, I0 = 10.0, -65.0, 10.0, 1.2

def rhs(t, v):
    return (-(v - E) + R*I0)/tau

sol = solve_ivp(rhs, (0, 100), [E], method='RK45', max_step=0.5, t_eval=np.linspace(0, 100, 201))
v = sol.y[0]
