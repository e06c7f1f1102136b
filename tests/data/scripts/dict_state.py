def make():
    return {'V': -70.0, 'ref': 0, 'spikes': []}

CONF = dict(tau=10, rest=-70, th=-55, hold=20)

def tick(cell, k, I, dt=0.1):
    if cell['ref'] > 0:
        cell['ref'] -= 1
        return cell
    cell['V'] += dt * (CONF['rest'] - cell['V'] + I) / CONF['tau']
    if cell['V'] >= CONF['th']:
        cell['V'] = CONF['rest']
        cell['ref'] = CONF['hold']
        cell['spikes'].append(k)
    return cell

cell = make()
vs = []
for k in range(900):
    cell = tick(cell, k, 20)
    vs.append(cell['V'])
