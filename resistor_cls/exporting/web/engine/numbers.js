// Arithmetic that rounds and interpolates like Python and NumPy.

/** The nearest whole number; of two, the even one. */
export function rounded(value) {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** The logarithm of a sum of exponentials of some numbers; minus infinity for none. */
export function logSumExp(values) {
  const highest = values.reduce((best, one) => Math.max(best, one), -Infinity);
  if (highest === -Infinity) return highest;
  return highest + Math.log(values.reduce((sum, one) => sum + Math.exp(one - highest), 0));
}

/**
 * A percentile, linear between neighbours.
 *
 * @param {ArrayLike<number>} values at least one, in any order.
 * @param {number} percent 0 to 100.
 */
export function percentile(values, percent) {
  const sorted = Float64Array.from(values).sort();
  const at = (percent / 100) * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}

export function median(values) {
  return percentile(values, 50);
}

/** Positions of the highest values, the highest first; of equal ones, the first first. */
export function highestFirst(values, count = values.length) {
  const order = Array.from(values, (_, place) => place);
  return order.sort((a, b) => values[b] - values[a] || a - b).slice(0, count);
}

/** The position of the highest value; of equal ones, the first. */
export function highest(values) {
  let best = 0;
  for (let at = 1; at < values.length; at += 1) if (values[at] > values[best]) best = at;
  return best;
}
