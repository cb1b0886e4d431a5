// From the maps of the detector to bodies, as in resistor_cls/model/detector/decoding.py and
// detector.py there.

import { highestFirst } from "./numbers.js";
import { sampleView } from "./views.js";

const { atan2, exp, fround, max, min, PI } = Math;

/**
 * Makes what finds bodies in a view.
 *
 * @param {function(Uint8Array, number): Promise<Object>} scoreView runs the network on a square of
 *     so many pixels a side; gives `logits` and `geometry`.
 * @param {Object} constants of decoding.py.
 * @returns {function(Object, Object, number, number): Promise<Object[]>} from photo, view, side in
 *     pixels that it is sampled at, and maximum: boxes in pixels of the photo, the best first.
 */
export function finder(scoreView, constants) {
  return async (photo, view, size, count) => {
    const { logits, geometry } = await scoreView(sampleView(photo, view, size, size).data, size);
    const scale = view.span / size;
    const [left, top] = [view.x - view.span / 2, view.y - view.span / 2];
    return decoded(logits.map(sigmoid), geometry, count, constants).map((one) => ({
      x: left + one.x * scale,
      y: top + one.y * scale,
      angle: one.angle,
      length: one.length * scale,
      width: one.width * scale,
      score: one.score,
    }));
  };
}

// In single precision: high scores are equal there, and the first of equal ones is the best.
function sigmoid(logit) {
  return fround(1 / fround(1 + fround(exp(-logit))));
}

/**
 * The best detections in a view, each of them a peak.
 *
 * @param {Float32Array} scores (cells, cells).
 * @param {Float32Array} geometry (6, cells, cells).
 * @param {number} count how many.
 * @param {Object} constants
 */
export function decoded(scores, geometry, count, { STRIDE, LENGTH, WIDTH, APART }) {
  const cells = Math.sqrt(scores.length);
  const peaks = peaksOf(scores, cells, (APART - 1) / 2);
  const best = highestFirst(peaks.map((at) => scores[at]), count).map((place) => peaks[place]);
  return best.map((at) => {
    const [toX, toY, cos, sin, length, width] = [0, 1, 2, 3, 4, 5].map(
      (plane) => geometry[plane * scores.length + at],
    );
    const angle = atan2(sin, cos) / 2;
    return {
      x: ((at % cells) + 0.5 + toX) * STRIDE,
      y: (Math.floor(at / cells) + 0.5 + toY) * STRIDE,
      angle: angle < 0 ? angle + PI : angle,
      // A body is never longer than a few views; an untrained network may predict anything.
      length: LENGTH * exp(min(max(length, -4), 4)),
      width: WIDTH * exp(min(max(width, -4), 4)),
      score: scores[at],
    };
  });
}

/** The cells that no cell up to `reach` away exceeds. */
function peaksOf(scores, cells, reach) {
  const peaks = [];
  for (let at = 0; at < scores.length; at += 1) {
    const [row, column] = [Math.floor(at / cells), at % cells];
    let isPeak = true;
    for (let y = max(row - reach, 0); isPeak && y <= min(row + reach, cells - 1); y += 1) {
      for (let x = max(column - reach, 0); x <= min(column + reach, cells - 1); x += 1) {
        if (scores[y * cells + x] > scores[at]) {
          isPeak = false;
          break;
        }
      }
    }
    if (isPeak) peaks.push(at);
  }
  return peaks;
}
