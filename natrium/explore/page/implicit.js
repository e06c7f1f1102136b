// Implicit steps, for stiff stretches: Radau IIA with six stages, of order eleven. The stages' equations are solved at
// once by Newton's method with the model's own Jacobian; a step's polynomial is that through its stages.
// E. Hairer, G. Wanner, Solving Ordinary Differential Equations II, sec. IV.5 and IV.8.

const STIFF = { looks: 16, often: 2, above: 4, below: 0.5 }; // steps between two looks, looks, rate times step
const NEWTON = { most: 14, close: 1e-3 }; // corrections, and the part of a tolerance that the last one is
const DEFECT = 0.1; // of a step, by which the polynomial's defect at the start counts as its error

// How fast a flow can be at most, from its Jacobian: the eighth root of the size of its eighth power.
function fastest(J, n) {
  let power = J;
  for (let squared = 0; squared < 3; squared++) {
    const next = new Float64Array(n * n);
    for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) {
      const one = power[i * n + k];
      if (one !== 0) for (let j = 0; j < n; j++) next[i * n + j] += one * power[k * n + j];
    }
    power = next;
  }
  let size = 0;
  for (const one of power) size = Math.max(size, Math.abs(one));
  return size ** (1 / 8);
}

// Whether something relaxes that fast: V that runs away is no matter for implicit steps.
function relaxes(J, n, rate) {
  for (let i = 0; i < n; i++) if (-J[i * n + i] > 0.1 * rate) return true;
  return false;
}

// LU factors of a matrix (row after row), in place, with the order of its rows; null where it is singular.
function factors(A, n) {
  const order = Array.from({ length: n }, (_, k) => k);
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(A[i * n + k]) > Math.abs(A[best * n + k])) best = i;
    if (!(Math.abs(A[best * n + k]) > 0)) return null;
    if (best !== k) {
      [order[k], order[best]] = [order[best], order[k]];
      for (let j = 0; j < n; j++) [A[k * n + j], A[best * n + j]] = [A[best * n + j], A[k * n + j]];
    }
    for (let i = k + 1; i < n; i++) {
      const factor = (A[i * n + k] /= A[k * n + k]);
      if (factor !== 0) for (let j = k + 1; j < n; j++) A[i * n + j] -= factor * A[k * n + j];
    }
  }
  return { A, order, n };
}

function solved({ A, order, n }, b) {
  const x = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    x[i] = b[order[i]];
    for (let j = 0; j < i; j++) x[i] -= A[i * n + j] * x[j];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let j = i + 1; j < n; j++) x[i] -= A[i * n + j] * x[j];
    x[i] /= A[i * n + i];
  }
  return x;
}

// The nested powers of x and 1 - x at the stages: a step's polynomial is written in them, as those of DOP853 are.
const S = RADAU.C.length;
const POWERS = factors(Float64Array.from(RADAU.C.flatMap((x) => RADAU.C.map((_, k) => x ** ((k >> 1) + 1) * (1 - x) ** ((k + 1) >> 1)))), S);

// Steps as those of `Stepper`, whose place it takes: `slopes(s, y, o)` is the Jacobian of the flow.
const implicitOn = (Base) => class extends Base {
  begin(f, s, y, slopes, rtol, atol) {
    super.begin(f, s, y);
    Object.assign(this, { slopes, rtol, atol, near: null });
    this.look();
  }
  go(s, y, slope) {
    super.go(s, y, slope);
    this.near = { F: this.F, h: this.h };
    this.look();
  }
  look() {
    this.J = this.slopes(this.s, this.y, new Float64Array(this.n * this.n));
    this.ready = 0;
  }
  prepare(h) {
    if (this.ready === h) return;
    const { n, J } = this, N = S * n, M = new Float64Array(N * N), E = new Float64Array(n * n);
    for (let a = 0; a < S; a++) for (let b = 0; b < S; b++) for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
      M[(a * n + i) * N + b * n + j] = (a === b && i === j ? 1 : 0) - h * RADAU.A[a][b] * J[i * n + j];
    }
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) E[i * n + j] = (i === j ? 1 : 0) - DEFECT * h * J[i * n + j];
    this.M = factors(M, N);
    this.E = factors(E, n);
    this.ready = h;
  }
  // The stages' distance from the start: where the polynomial of a step before leads, or none.
  guess(h) {
    const { n, near } = this, Z = new Float64Array(S * n);
    if (near?.F) RADAU.C.forEach((c, a) => {
      const [there, here] = [1 + (c * h) / near.h, 1].map((x) => segmentAt({ y: new Float64Array(n), F: near.F }, x));
      for (let i = 0; i < n; i++) Z[a * n + i] = there[i] - here[i];
    });
    return Z;
  }
  step(h) {
    this.prepare(h);
    let Z = this.newton(h, this.guess(h));
    if (!Z && this.near) Z = this.newton(h, new Float64Array(S * this.n));
    const { n, K, y } = this;
    if (!Z) return y.map(() => NaN);
    const end = Array.from(y, (value, i) => value + Z[(S - 1) * n + i]);
    this.call(this.s + h, end, K[12]);
    for (let k = S + 1; k < 12; k++) K[k].set(K[12]);
    this.F = y.flatMap((_, i) => [...solved(POWERS, RADAU.C.map((_, a) => Z[a * n + i])), 0]);
    this.h = h;
    return end;
  }
  // Newton's method for the stages; null where it does not converge.
  newton(h, Z) {
    const { n, K, y, s, trial, rtol, atol } = this, R = new Float64Array(S * n);
    if (!this.M || !this.E) return null;
    let before = Infinity;
    for (let round = 0; round < NEWTON.most; round++) {
      for (let a = 0; a < S; a++) {
        for (let i = 0; i < n; i++) trial[i] = y[i] + Z[a * n + i];
        this.call(s + RADAU.C[a] * h, trial, K[a + 1]);
      }
      for (let a = 0; a < S; a++) for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let b = 0; b < S; b++) sum += RADAU.A[a][b] * K[b + 1][i];
        R[a * n + i] = h * sum - Z[a * n + i];
      }
      const change = solved(this.M, R);
      let size = 0;
      for (let k = 0; k < S * n; k++) {
        Z[k] += change[k];
        size = Math.max(size, Math.abs(change[k]) / (atol[k % n] + rtol * Math.abs(y[k % n])));
      }
      if (!Number.isFinite(size)) return null;
      if (size < NEWTON.close) return Z;
      if (round > 2 && size >= before) return size < 1 ? Z : null; // rounding is all that is left, or it diverges
      before = size;
    }
    return null;
  }
  // What the polynomial's slope at the start is off by, as much of it as does not die within the step.
  error(end, h, rtol, atol) {
    const { n, K, y } = this, defect = new Float64Array(n);
    if (!end.every(Number.isFinite)) return NaN;
    for (let i = 0; i < n; i++) {
      defect[i] = K[0][i];
      RADAU.FIRST.forEach((weight, a) => { defect[i] -= weight * K[a + 1][i]; });
      defect[i] *= DEFECT * h;
    }
    const left = solved(this.E, defect);
    let sum = 0;
    for (let i = 0; i < n; i++) sum += (left[i] / (atol[i] + rtol * Math.max(Math.abs(y[i]), Math.abs(end[i])))) ** 2;
    return Math.sqrt(sum / n);
  }
  dense() {
    return this.F;
  }
};
