from collections import namedtuple

State = namedtuple('State', 'v w')

def advance(s, I, dt):
    dv = (-70.0 - s.v) / 10.0 - s.w / 10.0 + I / 10.0
    dw = (2.0 * (s.v + 70.0) - s.w) / 100.0
    s = State(s.v + dt * dv, s.w + dt * dw)
    if s.v > -50.0:
        s = State(-70.0, s.w + 5.0)
    return s

state = State(v=-70.0, w=0.0)
vs = []
for step in range(1200):
    state = advance(state, 80.0, 0.1)
    vs.append(state.v)
