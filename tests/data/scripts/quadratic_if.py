import numpy as np
h = 0.01
x = -1.0
xs = [x]
for step in range(3000):
    k1 = x*x + 0.5
    xe = x + h*k1
    k2 = xe*xe + 0.5
    x = x + 0.5*h*(k1 + k2)
    if x > 10:
        x = -10.0
    xs.append(x)
