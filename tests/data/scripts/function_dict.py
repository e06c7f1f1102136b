import math


def run(params, duration, dt):
    v = params['E_L']
    out = {'t': [], 'v': [], 'spikes': []}
    steps = int(duration / dt)
    for k in range(steps):
        t = k * dt
        I = params['I0'] if t > 10 else 0.0
        k1 = (params['E_L'] - v + params['R'] * I) / params['tau']
        v_mid = v + 0.5 * dt * k1
        k2 = (params['E_L'] - v_mid + params['R'] * I) / params['tau']
        v = v + dt * k2
        if v > params['V_th']:
            v = params['V_reset']
            out['spikes'].append(t)
        out['t'].append(t)
        out['v'].append(v)
    return out


p = {'E_L': -65.0, 'R': 1.0, 'tau': 12.0, 'V_th': -50.0, 'V_reset': -65.0, 'I0': 20.0}
result = run(p, 120.0, 0.2)
print(result['spikes'])
