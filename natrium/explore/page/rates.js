// Firing under constant inputs, in a worker: the rate at each, and where it begins.

const PATIENCE = 2000; // ms without a spike: silent
const constantly = (I) => [{ kind: "constant", values: { I } }];

// Let the cell fire (or not) from a state; its steady rate in Hz, and the state reached.
function fireAt(setup, I, y, patience = PATIENCE) {
  const gaps = [];
  const settled = (spikes) => {
    const k = spikes.length;
    if (k < 2) return false;
    gaps.push(spikes[k - 1].t - spikes[k - 2].t);
    const [a, b] = gaps.slice(-2);
    return (gaps.length > 3 && Math.abs(a - b) < 1e-7 * b) || (gaps.length >= 60 && Math.abs(b - gaps.at(-30)) < 1e-4 * b) || gaps.length >= 2000;
  };
  const run = solve({ ...setup, y, parts: constantly(I), t0: 0, t1: patience, rtol: 1e-8, dense: false, stop: settled, quiet: true });
  const last = gaps.slice(-12);
  const regular = last.length > 1 && Math.abs(last.at(-1) - last.at(-2)) < 1e-7 * last.at(-1);
  const mean = regular ? last.at(-1) : last.reduce((sum, gap) => sum + gap, 0) / last.length;
  // It goes on firing where the run was ended for that, or where no pause at its end is longer than those before.
  const fires = run.ended === "stopped" || (run.ended === null && gaps.length > 0 && patience - run.spikes.at(-1).t < 5 * mean);
  return { rate: fires ? 1000 / mean : 0, fires, rests: run.ended === "rest", end: run.end };
}

// Where firing begins, in between: a rate that starts as a square root tells it beyond what patience does.
function onsetBetween(sure, silent, firing, near) {
  if (near.length < 2) return 0.5 * (silent + firing);
  const [[a, ra], [b, rb]] = near.slice(-2);
  const root = b !== a ? a - (ra * ra * (b - a)) / (rb * rb - ra * ra) : NaN;
  const slow = rb < 6000 / (3 * PATIENCE); // Hz: patience is what bounds it
  return slow && sure < root && root < firing ? root : 0.5 * (silent + firing);
}

// The rates at `count` inputs from `low` to `high`, upward from rest; `tell` is given each, and may say stop.
async function rates(setup, [low, high], count, tell) {
  for (let tries = 0; tries < 4; tries++) {
    let y = solve({ ...setup, parts: constantly(low), t0: 0, t1: PATIENCE, rtol: 1e-8, dense: false, quiet: true, stop: (spikes) => spikes.length > 2 }).end;
    let silent = null, firing = null, resting = null;
    const points = [];
    for (let k = 0; k < count; k++) {
      const I = low + ((high - low) * k) / (count - 1), found = fireAt(setup, I, y);
      points.push([I, found.rate]);
      if (!found.fires && firing === null) [silent, y, resting] = [I, found.end, found.rests ? I : resting];
      else if (found.fires && firing === null) firing = I;
      if (!(await tell({ points, rheobase: null, done: false }))) return;
      if (k === 0 && found.fires) break;
    }
    if (silent === null && tries < 3) { low -= high - low; continue; }
    if (firing === null && tries < 3) { high += 2 * (high - low); continue; }
    // Halved: what is silent may be slow to fire; what came to rest is sure.
    let sure = resting, near = [];
    if (silent !== null && firing !== null) {
      for (let k = 0; k < 40 && firing - silent > 1e-6 * (high - low); k++) {
        const I = 0.5 * (silent + firing), found = fireAt(setup, I, y, 3 * PATIENCE);
        if (found.fires) [firing, near] = [I, [...near, [I, found.rate]]];
        else [silent, y, sure] = [I, found.end, found.rests ? I : sure];
        if (k % 8 === 0 && !(await tell({ points, rheobase: null, done: false }))) return;
      }
    }
    const rheobase = silent !== null && firing !== null ? onsetBetween(sure ?? silent, silent, firing, near) : null;
    await tell({ points, rheobase, done: true });
    return;
  }
}
