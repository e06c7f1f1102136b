// What the functions made of the symbolic system call besides Math: natrium/model/javascript.py.
const EXP_LIMIT = 230;
const EXP_AT_LIMIT = Math.exp(EXP_LIMIT);
const ex = (x) => (x >= EXP_LIMIT ? EXP_AT_LIMIT : Math.exp(x));
const held = (x) => Math.max(-EXP_LIMIT, Math.min(x, EXP_LIMIT));
const cosh = (x) => Math.cosh(held(x));
const sinh = (x) => Math.sinh(held(x));

// (exp(x) - 1)/x and its n-th derivative, the integral of s^n exp(s x) over [0, 1].
function exprel(x, n = 0) {
  if (x > EXP_LIMIT) x = EXP_LIMIT;
  if (n === 0) return x === 0 ? 1 : Math.expm1(x) / x;
  if (Math.abs(x) > 16 + n) {
    let value = Math.expm1(x) / x;
    for (let k = 1; k <= n; k++) value = (Math.exp(x) - k * value) / x;
    return value;
  }
  // Kummer's series, all of whose terms have one sign: in x, or with exp(x) taken out in -x.
  let term = 1 / (n + 1), sum = term;
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
    term *= x > 0 ? (x / k) * ((n + k) / (n + k + 1)) : -x / (n + k + 1);
    sum += term;
  }
  return x > 0 ? sum : sum * Math.exp(x);
}

// The error function: its series near zero, a continued fraction far out.
function erfc(x) {
  if (x < 0) return 2 - erfc(-x);
  if (x < 2.5) return 1 - erf(x);
  let value = 0;
  for (let k = 60; k > 0; k--) value = k / 2 / (x + value);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + value);
}
function erf(x) {
  if (Math.abs(x) >= 2.5) return x > 0 ? 1 - erfc(x) : erfc(-x) - 1;
  let term = x, sum = x;
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
