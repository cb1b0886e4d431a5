// From which side of a picture a code starts. Predictions name bands from the first digit on, and
// boxes have no direction, so the page compares the colours along the body with those of the code.
// Only the picture is turned by this; it changes no prediction.

import { SWATCHES } from "./colour_code.js";

const COLUMNS = 64; // along the body
const SPACING = 4; // columns between two bands at least: a band is about a fourteenth of a body
// Light differs more between photos than hue does.
const LUMA_WEIGHT = 0.4;

/**
 * Whether the first digit is more likely on the right.
 *
 * @param {CanvasImageSource} picture of a body with a horizontal axis.
 * @param {{x: number, y: number, width: number, height: number}} body its place in the picture.
 * @param {string[]} bands the first digit first.
 */
export function startsOnTheRight(picture, body, bands) {
  const colours = coloursAlong(picture, body);
  const wanted = bands.map((colour) => opponent(parsed(SWATCHES[colour])));
  return distance([...colours].reverse(), wanted) < distance(colours, wanted);
}

/** The mean colours of the middle of a body, from the left. */
function coloursAlong(picture, { x, y, width, height }) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [COLUMNS, 1];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  // The middle two fifths: the edges of a body are in shadow.
  context.drawImage(picture, x, y + 0.3 * height, width, 0.4 * height, 0, 0, COLUMNS, 1);
  const { data } = context.getImageData(0, 0, COLUMNS, 1);
  return Array.from({ length: COLUMNS }, (_, at) => opponent([...data.slice(4 * at, 4 * at + 3)]));
}

/** The least sum of differences with the bands at rising columns. */
function distance(colours, wanted) {
  let sums = new Array(COLUMNS).fill(0); // up to each column, with the bands so far
  wanted.forEach((band, place) => {
    const next = [];
    let least = Infinity;
    for (let at = 0; at < COLUMNS; at += 1) {
      const before = place === 0 ? 0 : at < SPACING ? Infinity : sums[at - SPACING];
      least = Math.min(least, before + difference(colours[at], band));
      next.push(least);
    }
    sums = next;
  });
  return sums[COLUMNS - 1];
}

function difference(one, other) {
  return Math.hypot(...one.map((value, place) => value - other[place]));
}

/** Luma, and the differences of blue and red from it (ITU-R BT.601). */
function opponent([red, green, blue]) {
  const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
  return [LUMA_WEIGHT * luma, 0.564 * (blue - luma), 0.713 * (red - luma)];
}

function parsed(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}
