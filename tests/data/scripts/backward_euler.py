g, C, E, I, dt = 0.1, 1.0, -65.0, 2.0, 0.5
v = E
record = []
i = 0
while i < 600:
    v = (v + dt/C*(g*E + I))/(1 + dt*g/C)
    if v > -50:
        record.append(40.0)
        v = -65.0
    record.append(v)
    i += 1
