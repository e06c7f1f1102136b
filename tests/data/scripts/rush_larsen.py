import math
# HH sodium only on a leaky membrane, gates advanced exactly for frozen V

def am(v): return 0.1*(v+40)/(1-math.exp(-(v+40)/10))
def bm(v): return 4*math.exp(-(v+65)/18)
def ah(v): return 0.07*math.exp(-(v+65)/20)
def bh(v): return 1/(1+math.exp(-(v+35)/10))

v, m, h = -70.0, 0.0, 1.0
dt, ref = 0.1, 0.0
vs = []
for k in range(1000):
    t = k*dt
    I = 10.0 if t > 20 else 0.0
    if ref > 0:
        ref -= dt
        v = -70.0
    else:
        a, b = am(v), bm(v)
        m = a/(a+b) + (m - a/(a+b))*math.exp(-dt*(a+b))
        a, b = ah(v), bh(v)
        h = a/(a+b) + (h - a/(a+b))*math.exp(-dt*(a+b))
        v += dt*(-70.0 - v + I + 120.0*m**3*h*(50.0 - v))/10.0
        if v >= -55.0:
            v = -70.0
            ref = 2.0
    vs.append(v)
