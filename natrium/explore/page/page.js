// The page: numbers to move, and panels that follow.
const $ = (id) => document.getElementById(id);
const state = {};
const charts = Object.fromEntries(["V", "gates", "input", "plane", "rates", "script"].map((id) => [id, new Chart($(id))]));
const LOOK = DATA.palette, hasPlane = Object.keys(CODE.planes).length > 0, FILE_UNIT = DATA.unit;
// An input with its unit, and as the current that it is where the leak is known.
const unit = (value, digits = 5) => {
  const told = `${number(value, digits)} ${FILE_UNIT}`.trim();
  return DATA.current ? `${told} (${number(value * DATA.current.per_mV, digits)} ${DATA.current.name})` : told;
};

function restore() {
  Object.assign(state, settingsOf(), { cursor: null, x: state.x ?? DATA.x, whole: state.whole ?? false });
}

// ---- what is solved --------------------------------------------------------------------------------------------

// Points of the run for drawing, both sides of every jump: {t, y}, null where the pen is lifted.
function sample(run, pixels) {
  const found = [], fine = (run.t1 - run.t0) / pixels;
  for (const segment of run.segments) {
    const count = segment.F ? Math.max(1, Math.min(16, Math.ceil(segment.h / fine))) : 1;
    for (let k = found.length ? 1 : 0; k <= count; k++) {
      found.push({ t: run.t0 + segment.t + (k / count) * segment.h, y: run.outward(segmentAt(segment, k / count)) });
    }
    const { spike } = segment;
    if (spike && !CODE.passes) found.push({ t: spike.t, y: spike.before }, null, { t: spike.t, y: spike.after });
  }
  return found;
}

function compute() {
  const said = brokenRule(state);
  if (said) { $("status").textContent = said; return false; }
  try {
    const given = setupOf(state);
    const run = solve(given);
    Object.assign(state, { given, run, points: sample(run, 1600) });
    state.script = CODE.n && script(given, state.dt);
    $("status").textContent = state.script.broken === undefined ? "" : `the script stops being finite at ${number(state.script.broken)} ms: its step is too long`;
    return true;
  } catch (error) {
    $("status").textContent = error.message;
    return false;
  }
}

let waiting = false;
function update() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    if (compute()) { draw(); askRates(); }
  });
}

// ---- the rates, in a worker -------------------------------------------------------------------------------------

let worker = null, asked = 0;
function startWorker() {
  const source = `${$("core").textContent}
    let current = 0;
    const pause = () => new Promise((done) => setTimeout(done));
    onmessage = async ({ data }) => {
      current = data.id;
      try {
        await rates(data.setup, data.range, data.count, async (found) => {
          postMessage({ id: data.id, ...found });
          await pause();
          return current === data.id;
        });
      } catch (error) { postMessage({ id: data.id, error: error.message }); }
    };`;
  worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  worker.onmessage = ({ data }) => { if (data.id === asked) { state.rates = data; drawRates(); } };
}

let askedFor = "";
function askRates() {
  if (!CODE.fires) return;
  const { p, y, rule } = state.given, size = Math.abs(largestInput()) || DATA.size;
  const key = JSON.stringify([Array.from(p), Array.from(y), rule, size]);
  if (key === askedFor) return;
  askedFor = key;
  asked++;
  const job = { setup: { p, y, rule }, range: [0, 2 * size], count: 46 };
  try {
    if (!worker) startWorker();
    worker.postMessage({ id: asked, ...job });
  } catch { // no workers here: between two frames
    const id = asked;
    rates(job.setup, job.range, job.count, async (found) => {
      state.rates = found;
      drawRates();
      await new Promise((done) => setTimeout(done));
      return id === asked;
    });
  }
}

function largestInput() {
  let most = -Infinity;
  for (let k = 0; k <= 400; k++) most = Math.max(most, inputAt(state.parts, DATA.t0 + ((state.t1 - DATA.t0) * k) / 400));
  return most;
}

// ---- panels -------------------------------------------------------------------------------------------------------

const truthColor = () => tone(LOOK[state.rule === "clamp" ? "clamp" : "hold"]);
const threshold = (y) => CODE.origin(y, state.given.p, [0])[0];
const mV = (text) => (FILE_UNIT ? `${text} (${FILE_UNIT})` : text);
const dashes = { "-": [], "--": [7, 4], "-.": [7, 3, 2, 3], ":": [2, 3] };

function draw() {
  drawCourse();
  drawPlane();
  drawRates();
  drawScript();
  $("text").textContent = tomlOf(state);
  const n = state.run.spikes.length;
  $("summary").textContent = CODE.fires ? `${n} spike${n === 1 ? "" : "s"} in ${number(state.t1 - DATA.t0)} ms` : "no threshold";
}

function drawCourse() {
  const { points, run } = state, span = [run.t0, run.t1], real = points.filter(Boolean);
  const V = charts.V.begin(span, voltRange(real), { y: "V (mV)", bare: true });
  if (CODE.fires) V.curve(real.map(({ t, y }) => [t, threshold(y)]), tone(LOOK.threshold), { width: 1.2, dash: [6, 4] });
  V.curve(points.map((one) => one && [one.t, one.y[0]]), truthColor(), { width: 2 });
  for (const spike of run.spikes) V.clipped((c) => { c.lineWidth = 2; V.segment(V.X(spike.t), V.top, V.X(spike.t), V.top + 0.9 * V.em, css("--ink")); });
  const labels = DATA.labels.slice(1);
  $("gates").hidden = !labels.length;
  if (labels.length) {
    // Open fractions have their own scale; what is none of them is drawn beside them as a part of its largest value.
    const shares = DATA.fractions.slice(1), mixed = shares.some(Boolean);
    const sizes = labels.map((label, k) => (mixed && !shares[k] ? Math.max(1e-12, ...real.map(({ y }) => Math.abs(y[k + 1]))) : 1));
    state.names = labels.map((label, k) => (sizes[k] === 1 ? label : `${label} / ${number(sizes[k], 3)}`));
    const range = mixed ? [-0.03, 1.03] : around(real.flatMap(({ y }) => y.slice(1)));
    const gates = charts.gates.begin(span, range, { y: mixed ? "open" : "others", bare: true });
    labels.forEach((label, k) => {
      const look = LOOK.states[label];
      gates.curve(points.map((one) => one && [one.t, one.y[k + 1] / sizes[k]]), tone(look.color), { dash: dashes[look.dash] });
    });
  }
  const curve = inputCurve();
  const most = around([0, ...curve.filter(Boolean).map(([, I]) => I)], 0.12);
  charts.input.begin(span, most, { x: "t (ms)", y: mV("I") }).curve(curve, tone(LOOK.input));
  keys("states", [[truthColor(), [], "V"], ...labels.map((label, k) => [tone(LOOK.states[label].color), dashes[LOOK.states[label].dash], state.names[k]]), [tone(LOOK.input), [], "input"],
    ...(CODE.fires ? [[tone(LOOK.threshold), [6, 4], CODE.passes ? "level of a spike" : "threshold"]] : [])]);
  $("spikes").textContent = run.spikes.length ? `spikes at ${run.spikes.slice(0, 6).map((one) => one.t.toFixed(3)).join(", ")}${run.spikes.length > 6 ? ", …" : ""} ms` : "";
  if (state.cursor !== null) {
    for (const id of ["V", "gates", "input"]) if (!$(id).hidden) charts[id].upright(state.cursor, css("--quiet"), { width: 1 });
    const y = stateAt(run, state.cursor);
    $("at").textContent = [`t = ${state.cursor.toFixed(3)} ms`, ...DATA.labels.map((label, k) => `${label} = ${number(y[k], 5)}${k ? "" : " mV"}`), `I = ${unit(inputAt(state.parts, state.cursor))}`].join("   ");
  } else $("at").textContent = "Point at a curve, or focus it and use the arrow keys.";
}

function voltRange(real) {
  const all = real.map(({ y }) => y[0]);
  if (CODE.fires) for (const one of CODE.moves ? real : [real[0]]) all.push(threshold(one.y));
  const [low, high] = around(all);
  return [low, high + 0.08 * (high - low)];
}

function inputCurve() {
  const edges = edgesOf(state.parts, DATA.t0, state.t1), found = [];
  for (let k = 0; k + 1 < edges.length; k++) {
    const own = drive(state.parts, edges[k], false, edges[k + 1]), length = edges[k + 1] - edges[k];
    const count = edges.length > 300 ? 1 : 60;
    for (let j = 0; j <= count; j++) found.push([edges[k] + (j / count) * length, own.at((j / count) * length)]);
  }
  return found;
}

// A point of the run in the plane.
const project = (y, plane, place) => [plane.moves ? y[0] - threshold(y) : y[0], y[place]];

function planeRange(points, plane, place) {
  const real = points.filter(Boolean).map(({ y }) => project(y, plane, place));
  const level = plane.moves ? 0 : state.values.v_thresh;
  const Vs = real.map(([V]) => V), xs = real.map(([, x]) => x);
  const gate = DATA.fractions[place];
  if (DATA.reach && state.whole) return [DATA.reach, gate ? [-0.035, 1.035] : around(xs, 0.25)];
  if (CODE.fires && Number.isFinite(level)) Vs.push(level);
  for (const name of ["v_reset", "v_rest", "v_init"]) if (!plane.moves && state.values[name] !== undefined) Vs.push(state.values[name]);
  return [around(Vs, state.whole ? 0.6 : 0.14), gate ? [-0.035, 1.035] : around(xs, state.whole ? 0.8 : 0.25)];
}

function drawPlane() {
  const plane = CODE.planes[state.x];
  $("planes").hidden = CODE.n < 2;
  if (CODE.n < 2) return;
  const place = Math.max(1, DATA.labels.indexOf(state.x)), shape = plane ?? { moves: CODE.moves };
  const ranges = state.drag ?? planeRange(state.points, shape, place), [Vr, xr] = ranges, p = state.given.p;
  state.ranges = ranges;
  const gate = DATA.fractions[place];
  const chart = charts.plane.begin(Vr, xr, { x: shape.moves ? "V − threshold (mV)" : "V (mV)", y: gate ? `${state.x} (open fraction)` : state.x });
  const I = state.cursor === null ? largestInput() : inputAt(state.parts, state.cursor);
  state.planeI = I;
  $("planeInput").textContent = plane ? `at I = ${unit(I, 4)}${state.cursor === null ? ", the largest" : ", at the cursor"}` : DATA.why;
  const level = shape.moves ? 0 : threshold(state.given.y);
  const legend = [];
  if (CODE.fires) chart.upright(level, tone(LOOK.threshold), { dash: [6, 4], width: 1.4 });
  const reset = state.run.spikes[0]?.after ?? null;
  if (CODE.fires && !CODE.passes && reset) chart.upright(project(reset, shape, place)[0], tone(LOOK.threshold), { dash: [2, 3], width: 1.4 });
  if (CODE.fires) legend.push([tone(LOOK.threshold), [6, 4], CODE.passes ? "level of a spike" : "threshold"]);
  if (CODE.fires && !CODE.passes && reset) legend.push([tone(LOOK.threshold), [2, 3], "reset"]);
  if (plane) {
    const o = [0, 0, 0, 0], z = [0, 0];
    const rise = (V, x) => { z[0] = V; z[1] = x; return plane.flow(z, I, p, o)[0]; };
    field(chart, plane, Vr, xr, I, p);
    chart.curve(zeroLines(rise, Vr, xr), tone(LOOK.V_null), { width: 2.2 });
    const steady = [];
    for (let k = 0; k <= 400; k++) {
      const V = Vr[0] + ((Vr[1] - Vr[0]) * k) / 400;
      steady.push([V, plane.steady([V, 0], I, p, o)[0]]);
    }
    chart.curve(steady, tone(LOOK.x_null), { width: 2.2, dash: [8, 4] });
    legend.unshift([tone(LOOK.V_null), [], "V-nullcline"], [tone(LOOK.x_null), [8, 4], `${state.x}-nullcline`]);
  }
  const ink = css("--ink");
  let pen = null;
  const course = [], jumps = [], moved = [];
  for (const one of state.points) {
    if (one === null) { course.push(null); continue; }
    const at = project(one.y, shape, place);
    if (course.length && course.at(-1) === null && pen) jumps.push([pen, at]);
    course.push(at);
    pen = at;
  }
  chart.curve(course, ink, { width: 1.3 });
  for (const [a, b] of jumps.slice(0, 60)) {
    chart.curve([a, b], ink, { width: 1, dash: [3, 3] });
    chart.arrow(a[0], a[1], 0.5 * (a[0] + b[0]), 0.5 * (a[1] + b[1]), ink);
  }
  for (const one of state.run.spikes.slice(0, 60)) {
    const [from, to] = [one.t, Math.min(one.t + CODE.duration(p, [0])[0], state.run.t1 - 1e-9)].map((t) => project(t === one.t ? one.after : stateAt(state.run, t), shape, place));
    if (!CODE.passes && from[0] === to[0] && from[1] !== to[1]) moved.push(from, to, null);
  }
  chart.curve(moved, tone(LOOK.refractory), { width: 3 });
  legend.push([ink, [], CODE.n > 2 ? "the run, projected" : "the run"]);
  if (jumps.length) legend.push([ink, [3, 3], "reset at a spike"]);
  if (moved.length) legend.push([tone(LOOK.refractory), [], `${state.x} moves while refractory`]);
  if (plane) {
    state.rests = equilibriaOf(plane, p, I, DATA.reach ?? Vr);
    for (const point of state.rests) {
      const stable = point.kind.startsWith("stable"), saddle = point.kind === "saddle";
      chart.dot(point.V, point.x, { color: ink, fill: saddle ? "half" : stable ? ink : css("--paper"), shape: point.kind.endsWith("focus") ? "diamond" : "circle" });
    }
  }
  const start = project(state.given.y, shape, place);
  chart.dot(start[0], start[1], { color: ink, fill: css("--accent"), shape: "square", size: 5 });
  if (state.cursor !== null) {
    const here = project(stateAt(state.run, state.cursor), shape, place);
    chart.dot(here[0], here[1], { color: css("--ink"), fill: truthColor(), size: 5 });
  }
  keys("planeKeys", [...legend, [css("--accent"), "square", "start: drag it"]]);
  $("point").textContent = state.pointed ?? (plane && state.rests.length ? state.rests.map((one) => `${one.kind} at ${number(one.V, 4)} mV`).join(";  ") : plane ? "no equilibrium at this input" : "");
}

// Short arrows along the flow, all of one length.
function field(chart, plane, [V0, V1], [x0, x1], I, p) {
  const shafts = [];
  const o = [0, 0], nV = 17, nx = 12, color = css("--line");
  const scaleV = (chart.right - chart.left) / (V1 - V0), scaleX = (chart.bottom - chart.top) / (x1 - x0);
  for (let i = 0; i < nV; i++) {
    for (let j = 0; j < nx; j++) {
      const V = V0 + ((i + 0.5) / nV) * (V1 - V0), x = x0 + ((j + 0.5) / nx) * (x1 - x0);
      const [dV, dx] = plane.flow([V, x], I, p, o), size = Math.hypot(dV * scaleV, dx * scaleX);
      if (!(size > 0) || !Number.isFinite(size)) continue;
      const reach = (0.5 * chart.em) / size, end = [V + reach * dV, x + reach * dx];
      shafts.push([V - reach * dV, x - reach * dx], end, null);
      chart.arrow(V, x, end[0], end[1], color, 5);
    }
  }
  chart.curve(shafts, color, { width: 0.7 });
}

function drawRates() {
  const found = state.rates, points = found?.points ?? [];
  $("rates").hidden = !CODE.fires;
  if (!CODE.fires) { $("rheobase").textContent = "without a threshold nothing counts as a spike"; return; }
  const Is = points.map(([I]) => I), most = Math.max(10, ...points.map(([, rate]) => rate));
  const range = Is.length > 1 ? [Is[0], Math.max(Is.at(-1), Is[0] + 1e-9)] : [0, 2 * (largestInput() || 1)];
  const chart = charts.rates.begin(range, [-0.03 * most, 1.08 * most], { x: mV("I"), y: "rate (Hz)" });
  const I = largestInput();
  chart.upright(I, tone(LOOK.input), { dash: [2, 3], width: 1.3 });
  if (found?.rheobase != null) {
    chart.upright(found.rheobase, tone(LOOK.threshold), { dash: [6, 4], width: 1.4 });
    chart.label(" rheobase", chart.X(found.rheobase), chart.top + 0.5 * chart.em, css("--quiet"));
  }
  chart.label(" this input ", chart.X(I), chart.top + 1.8 * chart.em, css("--quiet"), chart.X(I) > chart.right - 9 * chart.em ? "right" : "left");
  chart.curve(points, truthColor(), { width: 2 });
  for (const [x, y] of points) chart.dot(x, y, { color: truthColor(), size: 2 });
  $("rheobase").textContent = found?.error ? found.error : !found?.done ? "…" : found.rheobase != null ? `rheobase ${unit(found.rheobase, 6)}` : points.some(([, rate]) => rate > 0) ? "fires at every input shown" : "silent at every input shown";
  $("rate").textContent = state.ratePoint ?? "";
}

function drawScript() {
  const { script: s, run, points } = state, real = points.filter(Boolean);
  const range = voltRange(real), room = 0.16 * (range[1] - range[0]);
  const chart = charts.script.begin([run.t0, run.t1], [range[0], range[1] + room], { x: "t (ms)", y: "V (mV)" });
  chart.curve(points.map((one) => one && [one.t, one.y[0]]), truthColor(), { width: 2 });
  const curve = [];
  const stride = Math.max(1, Math.floor(s.t.length / 6000));
  for (let k = 0; k < s.t.length; k += stride) curve.push([s.t[k], s.V[k]]);
  chart.curve(curve, tone(LOOK.script), { width: 1.5, dash: [5, 3] });
  const truth = run.spikes.map((one) => one.t), h = 0.75 * chart.em;
  chart.clipped((c) => {
    c.lineWidth = 2.5;
    for (const t of truth) chart.segment(chart.X(t), chart.top, chart.X(t), chart.top + h, truthColor());
    for (const t of s.spikes) chart.segment(chart.X(t), chart.top + 1.25 * h, chart.X(t), chart.top + 2.25 * h, tone(LOOK.script));
  });
  keys("scriptKeys", [[truthColor(), [], `truth: ${truth.length} spike${truth.length === 1 ? "" : "s"}`], [tone(LOOK.script), [5, 3], `script, dt = ${number(state.dt, 4)} ms: ${s.spikes.length} spike${s.spikes.length === 1 ? "" : "s"}`]]);
  const shown = Math.min(8, Math.max(truth.length, s.spikes.length));
  $("count").textContent = truth.length && s.spikes.length ? `last spike off by ${(s.spikes.at(-1) - truth.at(-1)).toFixed(4)} ms${truth.length === s.spikes.length ? "" : "; the numbers of spikes differ"}` : "";
  const cell = (value, digits) => `<td>${value === undefined ? "–" : value.toFixed(digits)}</td>`;
  $("errors").innerHTML = shown === 0 ? "" : "<tr><th>spike</th><th>truth, ms</th><th>script, ms</th><th>script − truth, ms</th></tr>" +
    Array.from({ length: shown }, (_, k) => `<tr><td>${k + 1}</td>${cell(truth[k], 6)}${cell(s.spikes[k], 6)}${cell(truth[k] === undefined || s.spikes[k] === undefined ? undefined : s.spikes[k] - truth[k], 4)}</tr>`).join("");
}

function keys(id, entries) {
  $(id).innerHTML = entries.map(([color, dash, text]) => `<li><svg viewBox="0 0 30 12" aria-hidden="true">${dash === "square" ? `<rect x="10" y="1" width="10" height="10" fill="${color}"/>` : `<path d="M0 6H30" stroke="${color}" stroke-width="2.5" stroke-dasharray="${dash.join(" ")}"/>`}</svg>${text}</li>`).join("");
}

// ---- the run as numbers -----------------------------------------------------------------------

function csv() {
  const rows = [["t_ms", "V_mV", ...DATA.labels.slice(1), `input_${FILE_UNIT || "as_given"}`].join(",")];
  for (const one of state.points) if (one) rows.push([one.t, ...one.y, inputAt(state.parts, one.t)].join(","));
  return `${rows.join("\n")}\n`;
}

function save(name, text, kind) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: kind }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// ---- numbers to move ---------------------------------------------------------------------------------------------------

function numberRow(one, id, value, change) {
  const row = document.createElement("div");
  row.className = "number";
  row.title = [one.meaning, one.low !== null && one.low !== undefined ? `${one.open ? "above" : "from"} ${one.low}` : "", one.high != null ? `to ${one.high}` : ""].filter(Boolean).join(", ");
  row.innerHTML = `<label for="${id}">${one.label ?? one.name}</label><input type="range" id="${id}"><input type="number" id="${id}-n" aria-label="${one.name}, number"><span class="unit">${one.unit}</span>`;
  const [, slide, exact] = row.children;
  // A slider over decades holds the logarithm.
  const [inward, outward] = one.log ? [Math.log10, (x) => 10 ** x] : [(x) => x, (x) => x];
  Object.assign(slide, { min: inward(one.min), max: inward(one.max), step: "any" });
  Object.assign(exact, { step: "any" });
  const show = (now) => { slide.value = inward(now); exact.value = number(now, 8); };
  show(value);
  slide.addEventListener("input", () => {
    const raw = outward(Number(slide.value)), now = Number((Math.round(raw / one.step) * one.step).toPrecision(12));
    const inside = Math.min(Math.max(one.log ? Number(raw.toPrecision(2)) : now, one.min), one.max);
    exact.value = number(inside, 8);
    change(inside);
  });
  slide.addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (!way) return;
    event.preventDefault();
    const old = Number(exact.value), next = one.log ? Number((old * 10 ** (way / 20)).toPrecision(2)) : Number((old + way * one.step).toPrecision(12));
    const now = Math.min(Math.max(next, one.min), one.max);
    show(now);
    change(now);
  });
  exact.addEventListener("change", () => {
    const now = Number(exact.value), low = one.low ?? -Infinity, high = one.high ?? Infinity;
    if (!Number.isFinite(now) || exact.value === "" || now > high || (one.open ? now <= low : now < low)) {
      $("status").textContent = `${one.name} must be ${one.open ? "above" : "at least"} ${low}${high < Infinity ? ` and at most ${high}` : ""}, got ${exact.value}`;
      return;
    }
    show(now);
    change(one.whole ? Math.round(now) : now);
  });
  return row;
}

function group(title, rows, open = true) {
  const box = document.createElement("details");
  box.open = open;
  box.innerHTML = `<summary>${title}</summary>`;
  box.append(...rows);
  return box;
}

function choice(label, options, value, change) {
  const row = document.createElement("label");
  row.className = "choice";
  row.append(label, Object.assign(document.createElement("select"), { innerHTML: options.map((one) => `<option${one === value ? " selected" : ""}>${one}</option>`).join("") }));
  row.lastChild.addEventListener("change", () => change(row.lastChild.value));
  return row;
}

function build() {
  const groups = new Map();
  for (const one of DATA.parameters) {
    const rows = groups.get(one.group) ?? groups.set(one.group, []).get(one.group);
    rows.push(numberRow(one, `p-${one.name}`, state.values[one.name], (value) => {
      state.values[one.name] = value;
      if (one.state !== undefined) state.start = null;
      update();
    }));
  }
  if (DATA.rules.length > 1) {
    const row = choice("while refractory", DATA.rules, state.rule, (value) => { state.rule = value; update(); });
    row.lastChild.id = "rule";
    row.title = "hold: gates stand still; clamp: they move on at the reset";
    [...groups.values()][0].push(row);
  }
  const boxes = [...groups].map(([title, rows]) => group(title, rows));
  state.parts.forEach((part, k) => boxes.push(inputBox(part, k)));
  const times = DATA.times.map((one) => numberRow(one, `run-${one.name}`, state[one.key], (value) => { state[one.key] = value; update(); }));
  boxes.push(group("Run", [times[0]]));
  $("controls").replaceChildren(...boxes);
  $("step").replaceWith(Object.assign(times[1], { id: "step" }));
}

function inputBox(part, k) {
  const rows = part.numbers.map((one) => numberRow({ ...one, label: one.short }, `i-${one.short}-${k}`, part.values[one.short], (value) => { part.values[one.short] = value; update(); }));
  const own = DATA.parts[k].own, kinds = [...new Set([own, ...Object.keys(DATA.kinds)])];
  const pick = choice("kind", kinds, part.own, (kind) => {
    state.parts[k] = structuredClone(kind === own ? DATA.parts[k] : DATA.kinds[kind]);
    build();
    update();
  });
  pick.lastChild.id = `kind-${k}`;
  return group(state.parts.length > 1 ? `Input ${k}` : "Input", [pick, ...rows]);
}

function dragStart() {
  const canvas = $("plane");
  const move = (V, x) => {
    const plane = CODE.planes[state.x], place = Math.max(1, DATA.labels.indexOf(state.x));
    const inside = DATA.fractions[place] ? Math.min(Math.max(x, 0), 1) : x;
    let y = Array.from(state.given.y);
    if (plane) y = [V, ...plane.lift([V, inside], 0, state.given.p, new Array(CODE.n - 1))];
    else { y[0] = V; y[place] = inside; }
    if (plane?.moves ?? CODE.moves) y[0] += threshold(y);
    if (CODE.fires && !CODE.passes && y[0] >= threshold(y)) y[0] = threshold(y) - 1e-6 * Math.max(1, Math.abs(threshold(y)));
    state.start = y;
    update();
  };
  const now = () => project(state.given.y, CODE.planes[state.x] ?? { moves: CODE.moves }, Math.max(1, DATA.labels.indexOf(state.x)));
  const isNear = (event) => {
    const [, , px, py] = charts.plane.at(event), [V, x] = now();
    return Math.hypot(px - charts.plane.X(V), py - charts.plane.Y(x)) < 1.6 * charts.plane.em;
  };
  // A finger on the start drags it; elsewhere it scrolls the page.
  canvas.addEventListener("touchstart", (event) => { if (state.run && isNear(event.touches[0])) event.preventDefault(); }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    if (!state.run || !isNear(event)) return;
    state.drag = state.ranges;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!state.run) return;
    const [V, x] = charts.plane.at(event), plane = CODE.planes[state.x];
    if (state.drag) return move(V, x);
    state.pointed = `V = ${number(V, 4)} mV   ${state.x} = ${number(x, 4)}`;
    if (plane) {
      const flow = plane.flow([V, x], state.planeI, state.given.p, [0, 0]);
      state.pointed += `   dV/dt = ${number(flow[0], 3)} mV/ms   d${state.x}/dt = ${number(flow[1], 3)} /ms`;
    }
    $("point").textContent = state.pointed;
  });
  canvas.addEventListener("pointerleave", () => { state.pointed = null; if (!state.drag) drawPlane(); });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { state.drag = null; update(); });
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way) return;
    event.preventDefault();
    if (!state.run) return;
    const [V, x] = now(), [[V0, V1], [x0, x1]] = state.ranges;
    move(V + (way[0] * (V1 - V0)) / 100, x + (way[1] * (x1 - x0)) / 100);
  });
}

function cursors() {
  const put = (t) => {
    state.cursor = t === null ? null : Math.min(Math.max(t, DATA.t0), state.t1);
    if (!state.run) return;
    drawCourse();
    drawPlane();
  };
  for (const id of ["V", "gates", "input"]) {
    $(id).addEventListener("pointermove", (event) => put(charts[id].at(event)[0]));
    $(id).addEventListener("pointerleave", () => put(null));
  }
  $("V").addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") put(null);
    if (!way) return;
    event.preventDefault();
    put((state.cursor ?? DATA.t0) + (way * (state.t1 - DATA.t0)) / 200);
  });
  $("script").addEventListener("pointermove", (event) => {
    if (!state.run) return;
    const t = Math.min(Math.max(charts.script.at(event)[0], DATA.t0), state.t1), k = Math.floor((t - DATA.t0) / state.dt);
    const told = [`t = ${t.toFixed(3)} ms`, `truth ${number(stateAt(state.run, t)[0], 5)} mV`];
    if (k < state.script.V.length) told.push(`script ${number(state.script.V[k], 5)} mV`);
    $("scriptAt").textContent = told.join("   ");
  });
  $("rates").addEventListener("pointermove", (event) => {
    const points = state.rates?.points ?? [], [I] = charts.rates.at(event);
    const near = points.reduce((best, one) => (best === null || Math.abs(one[0] - I) < Math.abs(best[0] - I) ? one : best), null);
    state.ratePoint = near && `I = ${unit(near[0])}   ${number(near[1], 6)} Hz`;
    $("rate").textContent = state.ratePoint ?? "";
  });
}

function begin() {
  document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  restore();
  build();
  const labels = DATA.labels.slice(1);
  $("x").innerHTML = labels.map((label) => `<option${label === state.x ? " selected" : ""}>${label}</option>`).join("");
  $("x").addEventListener("change", () => { state.x = $("x").value; drawPlane(); });
  $("whole").addEventListener("change", () => { state.whole = $("whole").checked; drawPlane(); });
  const turn = {
    reset() { restore(); build(); update(); },
    theme() { const dark = !isDark(); document.documentElement.dataset.theme = dark ? "dark" : "light"; $("theme").textContent = dark ? "Light" : "Dark"; if (state.run) draw(); },
    size() { const root = document.documentElement.dataset; root.size = root.size === "large" ? "" : "large"; if (state.run) draw(); },
    toml() { save(`${DATA.name}.toml`, tomlOf(state), "application/toml"); $("file").open = true; },
    csv() { save(`${DATA.name}.csv`, csv(), "text/csv"); },
  };
  for (const [id, act] of Object.entries(turn)) $(id).addEventListener("click", act);
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || ["INPUT", "SELECT"].includes(event.target.tagName) && event.target.type !== "range") return;
    const rule = $("rule");
    if (event.key === "h" && rule) { rule.value = DATA.rules.find((one) => one !== state.rule); rule.dispatchEvent(new Event("change")); }
    ({ r: turn.reset, d: turn.theme, l: turn.size })[event.key]?.();
  });
  $("theme").textContent = isDark() ? "Light" : "Dark";
  dragStart();
  cursors();
  new ResizeObserver(() => { if (state.run) draw(); }).observe($("V"));
  update();
}
begin();
