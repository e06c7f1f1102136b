// The plane of V and one other state: nullclines, equilibria with their types, all from the same equations.

// Where a function of (V, x) on a grid is zero: short lines, cell by cell.
function zeroLines(f, [V0, V1], [x0, x1], nV = 180, nx = 120) {
  const dV = (V1 - V0) / nV, dx = (x1 - x0) / nx, points = [];
  const row = (j) => Array.from({ length: nV + 1 }, (_, i) => f(V0 + i * dV, x0 + j * dx));
  let below = row(0);
  for (let j = 0; j < nx; j++) {
    const above = row(j + 1), x = x0 + j * dx;
    for (let i = 0; i < nV; i++) {
      const signs = (below[i] >= 0) + (below[i + 1] >= 0) + (above[i + 1] >= 0) + (above[i] >= 0);
      if (signs === 0 || signs === 4) continue;
      const V = V0 + i * dV, corners = [below[i], below[i + 1], above[i + 1], above[i]];
      if (!corners.every(Number.isFinite)) continue;
      const at = [[V, x], [V + dV, x], [V + dV, x + dx], [V, x + dx]], found = [];
      for (let k = 0; k < 4; k++) {
        const a = corners[k], b = corners[(k + 1) % 4];
        if (a >= 0 === b >= 0) continue;
        const part = a / (a - b), [p, q] = [at[k], at[(k + 1) % 4]];
        found.push([p[0] + part * (q[0] - p[0]), p[1] + part * (q[1] - p[1])]);
      }
      for (let k = 0; k + 1 < found.length; k += 2) points.push(found[k], found[k + 1], null);
    }
    below = above;
  }
  return points;
}

// Every V in a range at which the x-nullcline meets dV/dt = 0, with the type that the plane's Jacobian gives.
function equilibriaOf(plane, p, I, [V0, V1], count = 1500) {
  const o = [0, 0, 0, 0], steady = (V) => plane.steady([V, 0], I, p, o)[0];
  const f = (V) => plane.flow([V, steady(V)], I, p, o)[0];
  const found = [];
  let a = V0, fa = f(V0);
  for (let k = 1; k <= count; k++) {
    const b = V0 + ((V1 - V0) * k) / count, fb = f(b);
    if (Number.isFinite(fa) && Number.isFinite(fb) && fa >= 0 !== fb >= 0) {
      let [low, high] = [a, b];
      for (let j = 0; j < 60; j++) {
        const middle = 0.5 * (low + high);
        if (f(middle) >= 0 === fa >= 0) low = middle; else high = middle;
      }
      const V = 0.5 * (low + high), x = steady(V);
      found.push({ V, x, kind: kindOf(plane.jacobian([V, x], I, p, o)) });
    }
    [a, fa] = [b, fb];
  }
  return found;
}

function kindOf([a, b, c, d]) {
  const trace = a + d, determinant = a * d - b * c;
  if (determinant < 0) return "saddle";
  return `${trace < 0 ? "stable" : "unstable"} ${trace * trace >= 4 * determinant ? "node" : "focus"}`;
}
