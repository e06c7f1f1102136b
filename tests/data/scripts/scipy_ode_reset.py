from scipy.integrate import ode

def f(t, v):
    return (-(v + 70.0) + 20.0)/10.0

r = ode(f).set_integrator('dopri5')
r.set_initial_value(-70.0, 0.0)
dt = 0.5
vs, ts = [], []
while r.successful() and r.t < 60:
    r.integrate(r.t + dt)
    if r.y[0] > -55.0:
        r.set_initial_value(-70.0, r.t)
    vs.append(r.y[0])
    ts.append(r.t)
