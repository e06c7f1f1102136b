from itertools import accumulate

TAU, REST, THRESHOLD, RESET, DT = 12.0, -65.0, -50.0, -68.0, 0.1


def update(v, current):
    v = v + DT / TAU * (REST - v + current)
    return RESET if v >= THRESHOLD else v


currents = [18.0 if 50 <= k < 700 else 0.0 for k in range(800)]
trace = list(accumulate(currents, update, initial=REST))
