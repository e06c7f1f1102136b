# python lists and a while loop, index kept by hand
V = [-65]
t = [0]
dt = .1
tau = 10
Vth = -50
Vpeak = 20
Vreset = -70
I = 20
i = 0
while t[i] < 100:
    if V[i] == Vpeak:
        V.append(Vreset)
    else:
        Vnew = V[i] + (-(V[i] + 65) + I) / tau * dt
        if Vnew > Vth:
            Vnew = Vpeak
        V.append(Vnew)
    t.append(t[i] + dt)
    i = i + 1
