// What is wrong with a photo, as measured on it: the rules of resistor_cls/inference/quality.py.

import { highestFirst, logSumExp, median, percentile, rounded } from "./numbers.js";
import { ofCount } from "./values.js";
import { filled } from "./words.js";

const { abs, exp, max, min, sqrt } = Math;

/**
 * Measures the body in a crop.
 *
 * @param {Object} crop {data, width, height}, with the axis of the body along the rows.
 * @param {{length: number, width: number}} body in pixels of the crop, in its middle.
 * @param {Object} constants of quality.py.
 * @returns {{brightness: number, clipped: number, edgeWidth: number, colour: number}}
 */
export function cropQuality(crop, body, constants) {
  const { ALONG, ACROSS, CLIPPED } = constants;
  const rows = partOf(crop.height / 2, ACROSS * body.width, crop.height);
  const columns = partOf(crop.width / 2, ALONG * body.length, crop.width);
  const lines = span(rows).map((row) =>
    span(columns).map((column) => {
      const at = 3 * (row * crop.width + column);
      return [crop.data[at], crop.data[at + 1], crop.data[at + 2]];
    }));
  const pixels = lines.flat();
  const profile = lines[0].map((_, place) =>
    [0, 1, 2].map((channel) => median(lines.map((line) => line[place][channel]))));
  return {
    brightness: percentile(pixels.map((pixel) => lumaOf(pixel, constants)), 90),
    clipped: pixels.filter((pixel) => min(...pixel) >= CLIPPED).length / pixels.length,
    edgeWidth: edgeWidth(profile, constants) / body.length,
    colour: colourOf(pixels, constants),
  };
}

function partOf(centre, size, limit) {
  const first = min(max(rounded(centre - size / 2), 0), limit - 1);
  return [first, max(first + 1, min(rounded(centre + size / 2), limit))];
}

function span([first, last]) {
  return Array.from({ length: last - first }, (_, place) => first + place);
}

function lumaOf(pixel, { LUMA }) {
  return pixel[0] * LUMA[0] + pixel[1] * LUMA[1] + pixel[2] * LUMA[2];
}

/** How much more than their brightness, or one tint of it, pixels differ in. */
function colourOf(pixels, constants) {
  const lumas = pixels.map((pixel) => lumaOf(pixel, constants));
  const deviations = [0, 2].map((channel) =>
    unexplained(pixels.map((pixel) => pixel[channel] - pixel[1]), lumas));
  return max(...deviations);
}

/** The standard deviation of values around their line of least squares. */
function unexplained(values, known) {
  const [meanValue, meanKnown] = [mean(values), mean(known)];
  const variance = mean(known.map((one) => (one - meanKnown) ** 2));
  const shared = mean(known.map((one, at) => (one - meanKnown) * (values[at] - meanValue)));
  const slope = variance > 0 ? shared / variance : 0;
  const rests = values.map((one, at) => one - meanValue - slope * (known[at] - meanKnown));
  return sqrt(mean(rests.map((one) => one ** 2)));
}

function mean(values) {
  return values.reduce((sum, one) => sum + one, 0) / values.length;
}

/** The contrast along the axis over the steepest slope, in pixels; NaN where it is too low. */
function edgeWidth(profile, { MIN_CONTRAST }) {
  if (profile.length < 3) return NaN;
  const contrasts = [0, 1, 2].map((channel) => {
    const levels = profile.map((colour) => colour[channel]);
    return percentile(levels, 95) - percentile(levels, 5);
  });
  const contrast = max(...contrasts);
  const channel = contrasts.indexOf(contrast);
  if (contrast < MIN_CONTRAST) return NaN;
  const slopes = profile.slice(2).map((colour, at) => abs(colour[channel] - profile[at][channel]));
  return contrast / (max(...slopes) / 2);
}

/** What is wrong with the photo, and what to do; null where nothing is. */
export function photoReason(length, quality, constants) {
  const { MIN_LENGTH, MIN_BRIGHTNESS, MAX_CLIPPED, MAX_EDGE_WIDTH } = constants;
  if (length < MIN_LENGTH) return filled(constants.SMALL, { length });
  if (quality.brightness < MIN_BRIGHTNESS) return constants.DARK;
  if (quality.clipped > MAX_CLIPPED) return constants.BRIGHT;
  if (quality.edgeWidth > MAX_EDGE_WIDTH) return constants.BLURRED;
  return null;
}

/**
 * Which bands cannot be distinguished; null where each is clear, or the number of bands is not.
 *
 * @param {Object} scores of the body.
 * @param {Object} reading its most probable one, in whose order the bands are counted.
 * @param {string[]} colours of the classes of a slot.
 * @param {Object} constants of quality.py.
 */
export function bandReason(scores, reading, colours, constants) {
  const { DARK_COLOURS, DIGIT_BANDS, ORDINALS } = constants;
  const count = reading.bands.length;
  const places = ofCount(scores, count).bands.map((logs) => doubtOf(logs, colours, constants));
  if (reading.reversed) places.reverse();
  const digits = DIGIT_BANDS[count];
  const isDark = ({ doubtful, pair }) =>
    doubtful && pair.every((colour) => DARK_COLOURS.includes(colour));
  for (let at = 0; at < digits; at += 1) {
    if (isDark(places[at]) && isDark(places[at + 1])) {
      return filled(constants.DARK_BANDS, { first: ORDINALS[at], second: ORDINALS[at + 1] });
    }
  }
  // Tolerance and temperature coefficient do not make the value doubtful.
  const named = places
    .slice(0, digits + 1)
    .map((place, at) => ({ ...place, at }))
    .filter(({ doubtful, pair }) => doubtful && !pair.includes("none"));
  if (!named.length) return null;
  const { at, pair } = named.reduce((best, one) => (one.second > best.second ? one : best));
  return filled(constants.DOUBTFUL_BAND, { place: ORDINALS[at], one: pair[0], other: pair[1] });
}

/** The two most probable colours of a band, and whether both are possible. */
function doubtOf(logs, colours, { SECOND, BOTH }) {
  const total = logSumExp(logs);
  const shares = logs.map((one) => exp(one - total));
  const order = highestFirst(shares, 2);
  const [first, second] = order.map((place) => shares[place]);
  const doubtful = second >= SECOND && first + second >= BOTH;
  return { doubtful, second, pair: order.map((place) => colours[place]) };
}
