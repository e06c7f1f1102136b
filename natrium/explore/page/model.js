// The model with numbers moved: what is solved, what rule it breaks, and its model file.
const number = (value, digits = 6) => String(Number(value.toPrecision(digits)));

// The numbers as the model has them.
const settingsOf = () => ({
  values: Object.fromEntries(DATA.parameters.map((one) => [one.name, one.value])),
  parts: structuredClone(DATA.parts), rule: DATA.rule, t1: DATA.t1, dt: DATA.dt, start: null,
});

// What `solve` takes: parameters in the system's order, the state at the start, the input, the span, the rule.
function setupOf({ values, parts, rule, t1, start }) {
  const p = Float64Array.from(DATA.p), given = DATA.start.slice();
  for (const one of DATA.parameters) {
    if (one.place !== undefined) p[one.place] = values[one.name];
    else given[one.state] = values[one.name];
  }
  return { p, y: start ?? startOf(given, p), parts, t0: DATA.t0, t1, rule };
}

function brokenRule({ values, parts }) {
  const level = values.v_thresh;
  for (const one of DATA.parameters) {
    const value = values[one.name];
    if (one.below && level !== undefined && !CODE.passes && value >= level) return `${one.name} must be below v_thresh (${number(level)} mV), got ${number(value)} mV`;
  }
  for (const { values: v } of parts) {
    if (v.start !== undefined && v.stop !== undefined && v.stop < v.start) return `stop must not be before start (${number(v.start)} ms), got ${number(v.stop)} ms`;
    if (v.width > v.period) return `width must not exceed the period (${number(v.period)} ms), got ${number(v.width)} ms`;
  }
  return "";
}

function fileOf({ values, parts, rule, t1, dt, start }) {
  const file = structuredClone(DATA.file);
  const put = (path, value) => {
    // What a file leaves out, or has a word for, is made.
    const inside = (inner, key, k) => (typeof inner[key] === "object" ? inner[key] : (inner[key] = typeof path[k + 1] === "number" ? [] : {}));
    path.slice(0, -1).reduce(inside, file)[path.at(-1)] = value;
  };
  for (const one of DATA.parameters) if (values[one.name] !== one.value) for (const path of one.paths) put(path, values[one.name]);
  if (start) for (const { path, offset, by } of DATA.starts) put(path, by.reduce((sum, [k, slope]) => sum + slope * start[k], offset));
  if (rule !== DATA.rule) put(DATA.rulePath, rule);
  file.stimuli = parts.map(partFile);
  if (!file.stimuli.length) delete file.stimuli;
  file.simulation = { ...file.simulation, t_end: t1, dt };
  return file;
}

function partFile(part) {
  const file = structuredClone(part.file), v = part.values;
  for (const one of part.numbers) if (one.field && v[one.short] !== undefined) file[one.field] = v[one.short];
  if (v.scale !== undefined && v.scale !== 1) {
    if (file.values) file.values = file.values.map((value) => v.scale * value);
    else if (file.value) file.value = `${v.scale}*(${file.value})`;
  }
  return file;
}

const isTable = (value) => (Array.isArray(value) ? value.length > 0 && typeof value[0] === "object" && !Array.isArray(value[0]) : value !== null && typeof value === "object");
function* tomlLines(table, prefix = "") {
  const entries = Object.entries(table);
  for (const [key, value] of entries) if (!isTable(value)) yield `${key} = ${literal(value)}`;
  for (const [key, value] of entries) {
    if (Array.isArray(value) && isTable(value)) for (const item of value) yield* ["", `[[${prefix}${key}]]`, ...tomlLines(item, `${prefix}${key}.`)];
    else if (isTable(value)) yield* ["", `[${prefix}${key}]`, ...tomlLines(value, `${prefix}${key}.`)];
  }
}
const literal = (value) => (Array.isArray(value) ? `[${value.map(literal).join(", ")}]` : JSON.stringify(value));
const tomlOf = (settings) => `${[...tomlLines(fileOf(settings))].join("\n").trim()}\n`;
