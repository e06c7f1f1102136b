// Axes and lines on a canvas, sharp on any screen, in the page's own colours.
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const isDark = () => document.documentElement.dataset.theme === "dark";

// A colour of the palette; too dark for a dark page, it is brightened.
function tone(hex) {
  const [r, g, b] = [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
  if (!isDark()) return hex;
  const light = (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
  const mix = light > 0.5 ? 0 : 0.75 * (0.62 - light) + 0.12;
  return `rgb(${[r, g, b].map((c) => Math.round(c + mix * (255 - c))).join(",")})`;
}

function ticksOf(low, high, about) {
  const raw = (high - low) / Math.max(about, 1), base = 10 ** Math.floor(Math.log10(raw));
  const step = base * [1, 2, 5, 10].find((m) => base * m >= raw * 0.999);
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) ticks.push(k * step);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return ticks.map((value) => [value, Math.abs(value) < 1e-12 * step ? "0" : value.toFixed(Math.min(digits, 8))]);
}

class Chart {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }
  begin([x0, x1], [y0, y1], { x = "", y = "", bare = false } = {}) {
    const { canvas, context: c } = this, ratio = window.devicePixelRatio || 1;
    const em = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, width, height);
    Object.assign(this, { x0, x1, y0, y1, em, left: 4.1 * em, right: width - 0.9 * em, top: 0.9 * em, bottom: height - (bare ? 0.6 : 2.9) * em });
    c.font = `${0.82 * em}px system-ui, sans-serif`;
    c.lineJoin = "round";
    c.strokeStyle = css("--line");
    c.fillStyle = css("--quiet");
    c.lineWidth = 1;
    c.textAlign = "right";
    c.textBaseline = "middle";
    for (const [value, text] of ticksOf(y0, y1, Math.max(2.5, (this.bottom - this.top) / (3 * em)))) {
      this.segment(this.left, this.Y(value), this.right, this.Y(value), css("--grid"));
      c.fillText(text, this.left - 0.4 * em, this.Y(value));
    }
    c.textAlign = "center";
    c.textBaseline = "top";
    for (const [value, text] of ticksOf(x0, x1, (this.right - this.left) / (5 * em))) {
      this.segment(this.X(value), this.bottom, this.X(value), this.bottom + 0.3 * em, css("--line"));
      if (!bare) c.fillText(text, this.X(value), this.bottom + 0.45 * em);
    }
    this.segment(this.left, this.bottom, this.right, this.bottom, css("--line"));
    this.segment(this.left, this.top, this.left, this.bottom, css("--line"));
    c.fillStyle = css("--ink");
    if (x && !bare) c.fillText(x, (this.left + this.right) / 2, height - 1.05 * em);
    if (y) {
      c.save();
      c.translate(0.15 * em, (this.top + this.bottom) / 2);
      c.rotate(-Math.PI / 2);
      c.fillText(y, 0, 0);
      c.restore();
    }
    return this;
  }
  X(value) { return this.left + ((value - this.x0) / (this.x1 - this.x0)) * (this.right - this.left); }
  Y(value) { return this.bottom - ((value - this.y0) / (this.y1 - this.y0)) * (this.bottom - this.top); }
  at(event) {
    const box = this.canvas.getBoundingClientRect(), px = event.clientX - box.left, py = event.clientY - box.top;
    return [this.x0 + ((px - this.left) / (this.right - this.left)) * (this.x1 - this.x0), this.y0 + ((this.bottom - py) / (this.bottom - this.top)) * (this.y1 - this.y0), px, py];
  }
  segment(x0, y0, x1, y1, color) {
    const c = this.context;
    c.strokeStyle = color;
    c.beginPath();
    c.moveTo(x0, y0);
    c.lineTo(x1, y1);
    c.stroke();
  }
  clipped(draw) {
    const c = this.context;
    c.save();
    c.beginPath();
    c.rect(this.left, this.top - 1, this.right - this.left + 1, this.bottom - this.top + 2);
    c.clip();
    draw(c);
    c.restore();
  }
  // A curve through points [x, y]; null lifts the pen.
  curve(points, color, { width = 1.8, dash = [] } = {}) {
    this.clipped((c) => {
      c.strokeStyle = color;
      c.lineWidth = (width * this.em) / 16;
      c.setLineDash(dash.map((d) => (d * this.em) / 16));
      c.beginPath();
      let pen = false;
      for (const point of points) {
        if (point === null) { pen = false; continue; }
        const px = this.X(point[0]), py = Math.max(-1e4, Math.min(1e4, this.Y(point[1])));
        if (pen) c.lineTo(px, py); else c.moveTo(px, py);
        pen = true;
      }
      c.stroke();
    });
  }
  upright(x, color, options = {}) { this.curve([[x, this.y0], [x, this.y1]], color, { width: 1.2, ...options }); }
  level(y, color, options = {}) { this.curve([[this.x0, y], [this.x1, y]], color, { width: 1.2, ...options }); }
  dot(x, y, { color, fill = color, shape = "circle", size = 5 }) {
    this.clipped((c) => {
      const px = this.X(x), py = this.Y(y), r = (size * this.em) / 16;
      const outline = () => {
        c.beginPath();
        if (shape === "diamond") { c.moveTo(px, py - 1.25 * r); c.lineTo(px + 1.25 * r, py); c.lineTo(px, py + 1.25 * r); c.lineTo(px - 1.25 * r, py); c.closePath(); }
        else if (shape === "square") c.rect(px - r, py - r, 2 * r, 2 * r);
        else c.arc(px, py, r, 0, 2 * Math.PI);
      };
      outline();
      c.fillStyle = fill === "half" ? css("--paper") : fill;
      c.fill();
      if (fill === "half") { c.beginPath(); c.arc(px, py, r, Math.PI / 2, 1.5 * Math.PI); c.fillStyle = color; c.fill(); outline(); }
      c.strokeStyle = color;
      c.lineWidth = 1.5;
      c.stroke();
    });
  }
  arrow(x0, y0, x1, y1, color, size = 7) {
    this.clipped((c) => {
      const a = Math.atan2(this.Y(y1) - this.Y(y0), this.X(x1) - this.X(x0)), r = (size * this.em) / 16;
      c.translate(this.X(x1), this.Y(y1));
      c.rotate(a);
      c.fillStyle = color;
      c.beginPath();
      c.moveTo(0, 0);
      c.lineTo(-r, 0.45 * r);
      c.lineTo(-r, -0.45 * r);
      c.fill();
    });
  }
  label(text, x, y, color = css("--quiet"), align = "left") {
    const c = this.context;
    c.font = `${0.8 * this.em}px system-ui, sans-serif`;
    c.fillStyle = color;
    c.textAlign = align;
    c.textBaseline = "middle";
    c.fillText(text, x, y);
  }
}

// The range that holds values, with some room.
function around(values, room = 0.06) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(high > low)) return [low - 1, high + 1];
  return [low - room * (high - low), high + room * (high - low)];
}
