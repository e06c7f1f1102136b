V = -70.0
t_last = -100.0
t = 0.0
dt = 0.2
tau_m = 8.0
out = []

def current(time):
    if 10 < time < 70:
        return 25.0
    return 0.0

def step():
    global V, t_last, t
    if t - t_last > 3.0:
        V = V + dt*(-(V + 70.0) + current(t))/tau_m
        if V > -50.0:
            V = -70.0
            t_last = t
    t = t + dt
    return V

for k in range(500):
    out.append(step())
