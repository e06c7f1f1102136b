#Izhikevich regular spiking
import matplotlib.pyplot as plt
a, b, c, d = 0.02, 0.2, -65, 8
dt = 0.25
v = [-65]
u = [b*v[0]]
t = [0]
I = 10
for step in range(1, int(300/dt)):
    t.append(step*dt)
    v_new = v[-1] + dt*(0.04*v[-1]**2 + 5*v[-1] + 140 - u[-1] + I)
    u_new = u[-1] + dt*a*(b*v[-1] - u[-1])
    if v_new >= 30:
        v[-1] = 30
        v_new = c
        u_new = u_new + d
    v.append(v_new)
    u.append(u_new)
plt.plot(t, v)
plt.show()
