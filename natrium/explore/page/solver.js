// One run, event-driven: pieces between the input's edges, DOP853 in u = V - threshold, every step's polynomial
// searched for its first crossing in Bernstein form, the crossing brought to the last digit by true steps.
// As natrium/solvers/event_driven does it; where the model is stiff, by the implicit steps of implicit.js.

const DENSE_ERROR = 50; // tolerances that a step's polynomial may be off by
const ROOM = { spikes: 20000, calls: 6e6 };

// A row of coefficients as two flat arrays: which slopes, by how much.
const sparse = (row) => {
  const places = row.map((a, j) => j).filter((j) => row[j] !== 0);
  return { places: Int32Array.from(places), by: Float64Array.from(places, (j) => row[j]) };
};
const STAGES = TABLEAU.A.map(sparse), EXTRA = TABLEAU.A_EXTRA.map(sparse), LAST = sparse(TABLEAU.B);
const E3 = sparse(TABLEAU.E3), E5 = sparse(TABLEAU.E5), DENSE = TABLEAU.D.map(sparse);

// Steps of one smooth flow f(s, y, o): from (s, y) by h. Slopes stand in K, one after the other.
class Stepper {
  constructor(n) {
    this.n = n;
    this.flat = new Float64Array(16 * n);
    this.K = Array.from({ length: 16 }, (_, k) => this.flat.subarray(k * n, (k + 1) * n));
    this.trial = new Float64Array(n);
    this.calls = 0;
  }
  begin(f, s, y) {
    this.f = f;
    this.s = s;
    this.y = y;
    this.call(s, y, this.K[0]);
  }
  // Go on from the end of a step.
  go(s, y, slope) {
    this.s = s;
    this.y = y;
    this.K[0].set(slope);
  }
  call(s, y, o) {
    this.calls++;
    this.f(s, y, o);
  }
  sum(row, i) {
    const { places, by } = row, { flat, n } = this;
    let total = 0;
    for (let k = 0; k < by.length; k++) total += by[k] * flat[places[k] * n + i];
    return total;
  }
  stage(row, h, into) {
    const { n, y } = this;
    for (let i = 0; i < n; i++) into[i] = y[i] + h * this.sum(row, i);
  }
  // Take a step; K[12] is the slope at its end.
  step(h) {
    const { K, trial, s } = this, C = TABLEAU.C;
    for (let k = 1; k < 12; k++) {
      this.stage(STAGES[k], h, trial);
      this.call(s + C[k] * h, trial, K[k]);
    }
    const end = this.y.slice();
    this.stage(LAST, h, end);
    this.call(s + h, end, K[12]);
    return end;
  }
  error(end, h, rtol, atol) {
    let five = 0, three = 0;
    for (let i = 0; i < this.n; i++) {
      const scale = atol[i] + rtol * Math.max(Math.abs(this.y[i]), Math.abs(end[i]));
      five += (this.sum(E5, i) / scale) ** 2;
      three += (this.sum(E3, i) / scale) ** 2;
    }
    return five === 0 && three === 0 ? 0 : (Math.abs(h) * five) / Math.sqrt((five + 0.01 * three) * this.n);
  }
  // The step as a polynomial in nested powers of x and 1 - x, seven coefficients a state.
  dense(end, h) {
    const { n, K, y, trial } = this;
    for (let k = 0; k < 3; k++) {
      this.stage(EXTRA[k], h, trial);
      this.call(this.s + TABLEAU.C_EXTRA[k] * h, trial, K[13 + k]);
    }
    const F = [], first = K[0], last = K[12];
    for (let i = 0; i < n; i++) {
      const rise = end[i] - y[i];
      F.push(rise, h * first[i] - rise, 2 * rise - h * (last[i] + first[i]));
      for (let k = 0; k < 4; k++) F.push(h * this.sum(DENSE[k], i));
    }
    return F;
  }
  first(length, rtol, atol) {
    const { n, K, y, trial } = this;
    const norm = (v) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += (v[i] / (atol[i] + rtol * Math.abs(y[i]))) ** 2;
      return Math.sqrt(sum / n);
    };
    const d0 = norm(y), d1 = norm(K[0]);
    const h0 = Math.min(d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : (0.01 * d0) / d1, length);
    for (let i = 0; i < n; i++) trial[i] = y[i] + h0 * K[0][i];
    this.call(this.s + h0, trial, K[1]);
    const d2 = norm(K[1].map((x, i) => x - K[0][i])) / h0;
    const h1 = Math.max(d1, d2) <= 1e-15 ? Math.max(1e-6, h0 * 1e-3) : (0.01 / Math.max(d1, d2)) ** (1 / 8);
    return Math.min(100 * h0, h1, length);
  }
}

const Implicit = implicitOn(Stepper);

// A segment's state at the part x of it.
function segmentAt({ y, F }, x) {
  if (!F) return y;
  return y.map((start, i) => {
    let value = 0;
    for (let k = 6; k >= 0; k--) value = (value + F[7 * i + k]) * (k % 2 === 0 ? x : 1 - x);
    return start + value;
  });
}

// One state's polynomial in Bernstein form, degree 7: a product with x or 1 - x is a shift with weights.
function bernstein({ y, F }, i, sign = 1) {
  const c = [sign * F[7 * i + 6], 0, 0, 0, 0, 0, 0, 0];
  for (let k = 6; k >= 0; k--) {
    const d = 7 - k, rest = sign * (k > 0 ? F[7 * i + k - 1] : y[i]);
    if (k % 2 === 0) for (let j = d; j >= 0; j--) c[j] = (j > 0 ? (j / d) * c[j - 1] : 0) + rest;
    else for (let j = 0; j <= d; j++) c[j] = (j < d ? ((d - j) / d) * c[j] : 0) + rest;
  }
  return c;
}

// The two halves of a polynomial in Bernstein form, at x.
function splitAt(c, x) {
  const n = c.length - 1, right = c.slice(), left = [c[0]];
  for (let k = 1; k <= n; k++) {
    for (let j = 0; j <= n - k; j++) right[j] = (1 - x) * right[j] + x * right[j + 1];
    left.push(right[0]);
  }
  return [left, right];
}

// The first x in [a, b] at which a polynomial in Bernstein form comes to zero from below; null if nowhere.
function firstRoot(c, a = 0, b = 1) {
  if (Math.max(...c) < 0) return null;
  if (c[0] >= 0 || b - a < 1e-13) return a;
  const [left, right] = splitAt(c, 0.5), middle = 0.5 * (a + b);
  return firstRoot(left, a, middle) ?? firstRoot(right, middle, b);
}

// Find the crossing of zero from below (of -u where sign is -1) within a step just made; null if there is none.
function crossing(stepper, end, h, sign, tolerance, segment) {
  const u0 = sign * stepper.y[0], u1 = sign * end[0], margin = DENSE_ERROR * tolerance, { flat, n } = stepper;
  let low = Infinity, high = -Infinity;
  for (let k = 0; k <= 12; k++) {
    const slope = sign * flat[k * n];
    low = Math.min(low, slope);
    high = Math.max(high, slope);
  }
  if (Math.max(u0, u1) + h * (high - low) < -margin) return null;
  let c = bernstein(segment(), 0, sign), begin = 0;
  c[0] = u0;
  c[7] = u1;
  if (Math.max(...c) < -margin) return null;
  if (u0 > -margin) {
    // A start at the threshold, as after a level passed, has to leave it first.
    const left = u0 < 0 && u1 >= 0 ? 0 : firstRoot(c.map((value) => -value - 1.5 * margin));
    if (left === null) return null;
    begin = left;
    if (begin > 0) c = splitAt(c, begin)[1];
  }
  const near = firstRoot(c.map((value) => value + margin), begin);
  if (near === null) return null;
  const guess = firstRoot(c, begin);
  let a = begin * h, b = h, h1 = (guess ?? 1) * h;
  if (guess === null && u1 < 0) {
    // It comes near: the true maximum decides.
    let p = near, q = 1;
    const at = (x) => sign * segmentAt(segment(), x)[0];
    for (let k = 0; k < 60; k++) {
      const x1 = p + 0.382 * (q - p), x2 = p + 0.618 * (q - p);
      if (at(x1) < at(x2)) p = x1; else q = x2;
    }
    if (sign * stepper.step(p * h)[0] < 0) return null;
    b = h1 = p * h;
  }
  let found = null;
  for (let k = 0; k < 60; k++) {
    const y = stepper.step(h1), u = sign * y[0], slope = sign * stepper.K[12][0];
    found = { h: h1, y, slope: stepper.K[12][0] };
    if (u < 0) a = h1; else b = h1;
    const correction = slope > 0 ? -u / slope : Infinity;
    if (Math.abs(u) <= 1e-4 * tolerance && Math.abs(correction) < 1e-3 * h1) {
      found.h += correction;
      found.y = y.map((value, i) => value + correction * stepper.K[12][i]);
      break;
    }
    if (b - a <= 1e-15 * h1) break;
    h1 = a < h1 + correction && h1 + correction < b ? h1 + correction : 0.5 * (a + b);
  }
  return found;
}

// Run a model: {p, y, parts, t0, t1, rule}; `rtol`, `dense` (keep the segments), `stop(spikes)` to end it early,
// `quiet`: end it where nothing moves any more.
function solve({ p, y: start, parts, t0, t1, rule, rtol = 1e-11, dense = true, stop = null, quiet = false }) {
  const n = CODE.n, rests = CODE.rests[rule], duration = CODE.duration(p, [0])[0], gap = CODE.gap(p, [0])[0];
  const explicit = new Stepper(n), segments = [], spikes = [], one = [0], passes = CODE.passes;
  let stepper = explicit, implicit = null, implicitSteps = 0;
  const atol = new Float64Array(n).fill(0.01 * rtol);
  atol[0] = rtol;
  const level = (y) => CODE.origin(y, p, one)[0];
  const inward = (y) => { const u = Array.from(y); u[0] -= level(y); return u; };
  const outward = (u) => { const y = Array.from(u); y[0] += level(u); return y; };
  const roams = duration > 0 && rests.roams;
  let y = inward(start), above = passes && y[0] >= 0, until = -Infinity, ended = null;
  const sides = new Float64Array(CODE.branches).fill(1), surface = new Float64Array(CODE.branches);

  function spike(time, before, slope) {
    const after = CODE.reset(before, p, new Float64Array(n));
    spikes.push({ t: Math.min(t0 + time, t1), before, after: Array.from(after), slope });
    if (segments.length) segments.at(-1).spike = spikes.at(-1);
    y = inward(after);
    above = passes;
    if (y[0] >= 0 && !passes && !roams) throw new Error(`the reset must take V below the threshold, got ${after[0].toPrecision(6)} mV: the cell would fire for ever`);
    if (spikes.length > ROOM.spikes) throw new Error(`more than ${ROOM.spikes} spikes: shorten the run`);
    until = time + duration;
    if (stop && stop(spikes)) ended = "stopped";
  }

  // Which side of each branch y is on; on a surface, the one that the flow leads to.
  function settle(f, at, s) {
    const slope = new Float64Array(n);
    for (let k = 0; k < sides.length; k++) {
      CODE.surfaces(y, at(s) - gap, p, sides, surface);
      if (Math.abs(surface[k]) < 1e-9) {
        f(s, y, slope);
        CODE.surfaces(y.map((value, i) => value + 1e-6 * slope[i]), at(s + 1e-6) - gap, p, sides, surface);
      }
      sides[k] = surface[k] >= 0 ? 1 : -1;
    }
  }

  function turned(segment, h, s, at) {
    let first = null;
    for (let k = 0; k < sides.length; k++) {
      const size = (x) => sides[k] * CODE.surfaces(segmentAt(segment, x), at(s + x * h) - gap, p, sides, surface)[k];
      let a = 0;
      for (let j = 1; j <= 16; j++) {
        const x = j / 16;
        if (size(x) < -1e-12) {
          let b = x;
          while (b - a > 1e-15) {
            const middle = 0.5 * (a + b);
            if (middle === a || middle === b) break;
            if (size(middle) < 0) b = middle; else a = middle;
          }
          if (first === null || b < first.x) first = { x: b, k };
          break;
        }
        a = x;
      }
    }
    return first;
  }

  function flow(begin, end, at, longest, resting) {
    const branched = !resting && sides.length > 0;
    const f = resting ? (s, z, o) => rests.rhs(z, at(s) - gap, p, o) : (s, z, o) => CODE.rhs(z, at(s) - gap, p, sides, o);
    const fires = CODE.fires && !resting, length = end - begin;
    const slopes = resting ? (s, z, o) => rests.slopes(z, at(s) - gap, p, o) : (s, z, o) => CODE.slopes(z, at(s) - gap, p, sides, o);
    if (branched) settle(f, at, 0);
    let s = 0, h = 0, retry = 0, steps = 0, often = 0;
    // Steps of DOP853, or implicit ones, from here on.
    const restart = (from, next) => {
      stepper = next;
      stepper.begin(f, from, y, slopes, rtol, atol);
    };
    restart(0, stepper);
    while (s < length) {
      if (h === 0) h = stepper.first(length - s, rtol, atol);
      h = Math.min(h, longest, length);
      if (!stepper.K[0].every(Number.isFinite)) throw new Error(`the right-hand side is not finite at t = ${(t0 + begin + s).toPrecision(8)} ms`);
      let step = Math.min(h, length - s);
      if (length - s - step < 1e-12 * length) step = length - s;
      const stepEnd = stepper.step(step), error = stepper.error(stepEnd, step, rtol, atol);
      if (explicit.calls + (implicit?.calls ?? 0) > ROOM.calls) throw new Error("this takes too many steps: shorten the run");
      if (!(error < 1)) {
        h = step * (Number.isFinite(error) ? Math.max(0.2, 0.9 * error ** (-1 / 8)) : 0.2);
        retry = 1;
        if (h < 1e-14 * Math.max(1, begin + s)) {
          if (fires && !above && stepper.K[0][0] > 0 && stepper.y[0] < 0) { // V runs off to the threshold
            const before = outward(stepper.y.map((value, i) => (i ? value : 0)));
            spike(begin + s, before, Infinity);
            return begin + s;
          }
          throw new Error(`the step shrank to nothing at t = ${(t0 + begin + s).toPrecision(8)} ms`);
        }
        continue;
      }
      h = step * Math.min(retry ? 1 : 10, error === 0 ? 10 : Math.max(0.2, 0.9 * error ** (-1 / 8)));
      retry = 0;
      let kept = null;
      const endSlope = Array.from(stepper.K[12]);
      const segment = () => (kept ??= { t: begin + s, h: step, y: stepper.y, F: stepper.dense(stepEnd, step) });
      let limit = step, turn = null, found = null;
      if (branched) {
        turn = turned(segment(), step, s, at);
        if (turn) limit = Math.max(turn.x, 1e-15) * step;
      }
      if (fires) {
        const tolerance = atol[0] + rtol * Math.max(Math.abs(stepper.y[0]), Math.abs(stepEnd[0]));
        found = crossing(stepper, stepEnd, step, above ? -1 : 1, tolerance, segment);
        if (found && found.h > limit) found = null;
      }
      if (found || turn) {
        const part = found ? found.h : limit;
        const cut = stepper.step(part), slope = Array.from(stepper.K[12]);
        const F = dense ? stepper.dense(cut, part) : null;
        if (dense) segments.push({ t: begin + s, h: part, y: stepper.y, F });
        s += part;
        y = found ? found.y : cut;
        if (found && !above) {
          spike(begin + s, outward(y.map((value, i) => (i ? value : 0))), found.slope);
          return begin + s;
        }
        if (found) { y[0] = 0; above = false; }
        else sides[turn.k] = -sides[turn.k];
        restart(s, stepper);
        h = Math.min(h, step);
        if (slope.some((value) => !Number.isFinite(value))) throw new Error("the right-hand side is not finite");
        continue;
      }
      if (dense) segments.push(segment());
      s = step === length - s ? length : s + step;
      y = stepEnd;
      stepper.go(s, y, endSlope);
      // Where steps are held down by what relaxes, not by what is to be followed, implicit ones go on.
      if (stepper === implicit) {
        implicitSteps++;
        if (fastest(implicit.J, n) * h < STIFF.below) restart(s, explicit);
      } else if (++steps % STIFF.looks === 0) {
        const J = slopes(s, y, new Float64Array(n * n)), rate = fastest(J, n);
        often = rate * step > STIFF.above && relaxes(J, n, rate) ? often + 1 : 0;
        if (often === STIFF.often) restart(s, (implicit ??= new Implicit(n)));
      }
      if (quiet && !resting && endSlope.every((slope, i) => Math.abs(slope) < (i ? 1e-10 : 1e-8))) { ended = "rest"; return end; }
    }
    return end;
  }

  const edges = edgesOf(parts, t0, t1), kicks = kicksOf(parts, t0, t1);
  for (let k = 0; k + 1 < edges.length && !ended; k++) {
    const end = k + 2 === edges.length ? t1 - t0 : edges[k + 1] - t0;
    let begin = edges[k] - t0;
    for (const [place, amount] of kicks.get(edges[k]) ?? []) {
      if (place === 0 && until > begin) continue;
      const before = outward(y);
      before[place] += amount;
      y = inward(before);
      const counts = place === 0 || CODE.moves;
      if (counts && until <= begin && CODE.fires && y[0] >= 0 && !above) spike(begin, before, Infinity);
      else if (counts && passes) above = y[0] >= 0;
    }
    while (begin < end && !ended) {
      const from = t0 + begin;
      // The piece's own input: a time just inside it, so that an edge is read from the right.
      const own = drive(parts, Math.min(Math.max(from, edges[k]), edges[k + 1]), false, edges[k + 1]);
      if (until > begin) {
        const stop = Math.min(end, until);
        if (rests.still) segments.push({ t: begin, h: stop - begin, y });
        else flow(begin, stop, own.at, own.longest, true);
        begin = stop;
        if (passes) above = y[0] >= 0;
        else if (begin >= until && y[0] >= 0) spike(begin, outward(y), 0);
      } else {
        begin = flow(begin, end, own.at, own.longest, false);
      }
    }
  }
  return { t0, t1, segments, spikes, end: outward(y), ended, calls: explicit.calls + (implicit?.calls ?? 0), implicitSteps, outward };
}

// The state of a run at a time.
function stateAt(run, t) {
  const s = t - run.t0, { segments } = run;
  let low = 0, high = segments.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (segments[middle].t <= s) low = middle; else high = middle;
  }
  const found = segments[low];
  return run.outward(segmentAt(found, found.h > 0 ? Math.min(Math.max((s - found.t) / found.h, 0), 1) : 0));
}

// The original script's scheme, step for step: gates with the old V, V with the new gates; spikes on the grid.
function script({ p, y: start, parts, t0, t1, rule }, dt) {
  const n = CODE.n, count = Math.ceil((t1 - t0) / dt), tau = CODE.duration(p, [0])[0], one = [0];
  if (count > 2e6) throw new Error("the script takes too many steps: raise dt");
  const t = new Float64Array(count), V = new Float64Array(count), spikes = [], o = new Float64Array(n);
  const kicks = [...kicksOf(parts, t0, t1)].sort((a, b) => a[0] - b[0]);
  const plain = parts.every((part) => part.kind === "constant" || part.kind === "step");
  const read = plain ? (time) => parts.reduce((sum, part) => sum + (isActive(part, time, true) ? part.values.I : 0), 0) : (time) => inputAt(parts, time, true);
  let y = Float64Array.from(start), counter = 0;
  for (let k = 0; k < count; k++) {
    const time = t0 + k * dt, held = counter > 0, f = held ? CODE.rests[rule].flow : CODE.flow;
    while (kicks.length && kicks[0][0] < time + dt) {
      for (const [place, amount] of kicks.shift()[1]) if (place || !held) y[place] += amount;
    }
    const before = y[0] - CODE.origin(y, p, one)[0], I = read(time);
    f(y, I, p, o);
    for (let i = 1; i < n; i++) y[i] += o[i] * dt;
    f(y, I, p, o);
    y[0] += o[0] * dt;
    if (held) counter -= dt;
    else if (CODE.fires && y[0] >= CODE.origin(y, p, one)[0] && !(CODE.passes && before >= 0)) {
      spikes.push(time);
      y = Float64Array.from(CODE.reset(y, p, new Float64Array(n)));
      counter = tau;
    }
    if (!y.every(Number.isFinite)) return { t: t.subarray(0, k), V: V.subarray(0, k), spikes, broken: time };
    t[k] = time;
    V[k] = y[0];
  }
  return { t, V, spikes };
}

// Where a state starts: numbers as given, and what starts at its steady state by one solve of its linear equations.
function startOf(given, p) {
  const y = Float64Array.from(given), steady = CODE.steady;
  if (!steady.length) return y;
  const n = CODE.n, f = CODE.flow(y, 0, p, new Float64Array(n)), J = CODE.jacobian(y, 0, p, new Float64Array(n * n));
  const x = linearSolve(steady.map((i) => steady.map((j) => J[i * n + j])), steady.map((i) => -f[i]));
  steady.forEach((i, k) => { y[i] += x[k]; });
  return y;
}

function linearSolve(A, b) {
  const n = b.length;
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(A[i][k]) > Math.abs(A[best][k])) best = i;
    [A[k], A[best]] = [A[best], A[k]];
    [b[k], b[best]] = [b[best], b[k]];
    for (let i = k + 1; i < n; i++) {
      const factor = A[i][k] / A[k][k];
      if (factor === 0) continue;
      for (let j = k; j < n; j++) A[i][j] -= factor * A[k][j];
      b[i] -= factor * b[k];
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let j = k + 1; j < n; j++) b[k] -= A[k][j] * b[j];
    b[k] /= A[k][k];
  }
  return b;
}
