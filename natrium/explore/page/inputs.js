// The input, part by part: zero outside [start, stop), smooth between its edges, as natrium/model/stimuli.
// A part is {kind, values: {...}, given: {...}}: numbers that move, and what stands (samples, a formula, spikes).

const GAUSSIAN_REACH = 8;

const onset = (v, k) => (v.start ?? 0) + k * v.period;

function isActive(part, t, strict) {
  const v = part.values;
  if (part.kind !== "pulses") {
    return (v.start === undefined || (strict ? v.start < t : v.start <= t)) && (v.stop === undefined || t < v.stop);
  }
  const nearest = Math.round((t - onset(v, 0)) / v.period);
  return (v.stop === undefined || t < v.stop) && [nearest - 1, nearest].some((k) =>
    k >= 0 && (part.given.count === undefined || k < part.given.count) &&
    (strict ? onset(v, k) < t : onset(v, k) <= t) && t < onset(v, k) + v.width);
}

function sampleAt({ times, values, lines }, t) {
  let low = -1, high = times.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (times[middle] <= t) low = middle; else high = middle;
  }
  if (low < 0) return [values[0], 0];
  if (!lines || low === times.length - 1) return [values[low], 0];
  const slope = (values[low + 1] - values[low]) / (times[low + 1] - times[low]);
  return [values[low] + slope * (t - times[low]), slope];
}

// Each kind: the input from t on, as a function of the time since, a step that sees all of it, and its edges.
const KINDS = {
  constant: { drive: (v) => ({ level: v.I }) },
  step: { drive: (v) => ({ level: v.I }) },
  pulses: {
    drive: (v) => ({ level: v.I }),
    edges(v, given, t0, t1) {
      const first = Math.max(0, Math.floor((t0 - onset(v, 0)) / v.period - 2));
      let last = Math.ceil(((v.stop === undefined ? t1 : Math.min(t1, v.stop)) - onset(v, 0)) / v.period + 2);
      if (given.count !== undefined) last = Math.min(last, given.count);
      if (last - first > 1e5) throw new Error("the pulse train has too many pulses: raise its period");
      const found = [];
      for (let k = first; k < last; k++) found.push(onset(v, k), onset(v, k) + v.width);
      return found;
    },
  },
  ramp: { drive: (v, given, t) => ({ level: v.slope * (t - (v.start ?? 0)), slope: v.slope }) },
  sine: {
    drive(v, given, t) {
      const offset = v.offset ?? 0;
      if (v.frequency === 0) return { level: offset + v.I * Math.sin(v.phase) };
      const omega = (2 * Math.PI * v.frequency) / 1000;
      const phase = 2 * Math.PI * (((v.frequency * t) / 1000) % 1) + v.phase;
      return { level: offset, curve: (s) => v.I * Math.sin(omega * s + phase), longest: 1000 / v.frequency / 3 };
    },
  },
  gaussian: {
    drive(v, given, t) {
      const near = Math.abs(t - v.center) <= GAUSSIAN_REACH * v.sigma;
      return { curve: (s) => v.I * Math.exp(-0.5 * ((s + t - v.center) / v.sigma) ** 2), longest: near ? v.sigma : Infinity };
    },
    edges: (v) => [v.center - GAUSSIAN_REACH * v.sigma, v.center + GAUSSIAN_REACH * v.sigma],
  },
  samples: {
    drive(v, given, t) {
      const [level, slope] = sampleAt(given, t);
      return { level: v.scale * level, slope: v.scale * slope };
    },
    edges: (v, given) => given.times,
  },
  formula: {
    drive(v, given, t, end) {
      // A branch changes at an edge: both are read from within the piece.
      const f = CODE.formulas[given.code], o = [0], aside = 1e-10 * (1 + Math.abs(t));
      const inside = (time) => Math.max(t + aside, Math.min(time, end - aside));
      return { curve: (s) => v.scale * f(inside(t + s), o)[0], longest: given.longest ?? Infinity };
    },
    edges: (v, given) => given.breaks,
  },
  spikes: { drive: () => ({}), edges: (v, given) => given.times.map((t) => t + (v.delay ?? 0)) },
};

const NOTHING = { level: 0, slope: 0, curve: null, longest: Infinity };

function drivePart(part, t, strict, end) {
  const v = part.values;
  if (part.given?.hold && v.stop !== undefined && t >= v.stop) return { ...NOTHING, level: v.slope * (v.stop - (v.start ?? 0)) };
  return isActive(part, t, strict) ? { ...NOTHING, ...KINDS[part.kind].drive(v, part.given ?? {}, t, end) } : NOTHING;
}

// The sum of all parts on the smooth piece that begins at t.
function drive(parts, t, strict = false, end = Infinity) {
  let level = 0, slope = 0, longest = Infinity;
  const curves = [];
  for (const part of parts) {
    const own = drivePart(part, t, strict, end);
    level += own.level;
    slope += own.slope;
    longest = Math.min(longest, own.longest);
    if (own.curve) curves.push(own.curve);
  }
  const flat = slope === 0 && curves.length === 0;
  const at = flat ? () => level : (s) => curves.reduce((sum, curve) => sum + curve(s), level + slope * s);
  return { at, longest };
}

const inputAt = (parts, t, strict = false) => drive(parts, t, strict).at(0);

function edgesOf(parts, t0, t1) {
  const found = new Set([t0, t1]);
  for (const part of parts) {
    const v = part.values;
    for (const t of [v.start, v.stop, ...(KINDS[part.kind].edges?.(v, part.given ?? {}, t0, t1) ?? [])]) {
      if (t !== undefined && t0 < t && t < t1) found.add(t);
    }
  }
  return [...found].sort((a, b) => a - b);
}

// Jumps of states within the run, by time: [place, by how much].
function kicksOf(parts, t0, t1) {
  const found = new Map();
  for (const part of parts.filter((one) => one.kind === "spikes")) {
    for (const time of part.given.times) {
      const t = time + (part.values.delay ?? 0);
      if (t0 <= t && t < t1 && isActive(part, t)) found.set(t, [...(found.get(t) ?? []), [part.given.place, part.values.weight]]);
    }
  }
  return found;
}
