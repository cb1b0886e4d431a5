// Draws resistors with their bands, and the outlines of bodies over a photo.

import { SWATCHES, meanings } from "./colour_code.js";
import { element, svgElement } from "./elements.js";

// Of the drawing, in units of its view box. The columns of names below it have the same margins (in
// style.css, .bands), so that each name stands below its band.
const WIDTH = 600;
const HEIGHT = 108;
const MARGIN = 36;
// Space before the tolerance band, as a share of a column: it shows where the code ends.
const GAP = 0.5;
// A body with thick ends, as film resistors have, and the light on it.
const SHAPE = "M20 54C20 20 34 6 58 6H92C112 6 116 16 136 16H464C484 16 488 6 508 6H542" +
  "C566 6 580 20 580 54C580 88 566 102 542 102H508C488 102 484 92 464 92H136" +
  "C116 92 112 102 92 102H58C34 102 20 88 20 54Z";
const SHINE = "M52 28C80 22 100 34 140 34H460C500 34 520 22 548 28";
let drawn = 0; // drawings, whose parts have different ids
const OUTLINE_MARGIN = 0.14; // between a body and its outline, in body widths
const NUMBER_AWAY = 15; // pixels of the screen between a corner and the middle of its number

/**
 * A drawn resistor above the names and meanings of its bands.
 *
 * @param {string[]} bands 3 to 6 colours, the first digit first.
 */
export function namedBands(bands) {
  const gap = gapBefore(bands.length);
  const names = meanings(bands).map(({ colour, role, meaning }, place) =>
    element(
      "li",
      { class: place === gap ? "after-gap" : null },
      element("span", { class: "meaning" }, meaning),
      element("span", { class: "colour" }, colour),
      element("span", { class: "role" }, role),
    ),
  );
  const list = element("ol", { class: `bands of-${bands.length}`, role: "list" }, ...names);
  const note = bands.length === 3 ? "No fourth band: ±20\u00a0%" : null;
  return element(
    "div",
    { class: "resistor" },
    drawnResistor(bands),
    list,
    note && element("p", { class: "note" }, note),
  );
}

/** A drawn resistor; decoration, because the names beside it say the same. */
export function drawnResistor(bands) {
  const count = bands.length;
  const gap = gapBefore(count);
  const column = (WIDTH - 2 * MARGIN) / (count + (gap < count ? GAP : 0));
  const wide = Math.min(36, 0.42 * column);
  const painted = bands.map((colour, place) => {
    const centre = MARGIN + column * (place + 0.5 + (place >= gap ? GAP : 0));
    return svgElement("rect", {
      x: centre - wide / 2, y: 0, width: wide, height: HEIGHT, fill: SWATCHES[colour],
      class: "band",
    });
  });
  drawn += 1;
  const clip = `body-shape-${drawn}`;
  return svgElement(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true", class: "drawing" },
    svgElement("path", { class: "wire", d: `M0 54H${WIDTH}` }),
    svgElement("clipPath", { id: clip }, svgElement("path", { d: SHAPE })),
    svgElement("path", { class: "body", d: SHAPE }),
    svgElement("g", { "clip-path": `url(#${clip})` }, ...painted),
    svgElement("path", { class: "rim", d: SHAPE }),
    svgElement("path", { class: "shine", d: SHINE }),
  );
}

function gapBefore(count) {
  if (count < 4) return count;
  return count === 4 ? 3 : 4;
}

/**
 * The outlines of located bodies over a photo, each with its number.
 *
 * @param {Object[]} predictions of the photo.
 * @param {{width: number, height: number}} size of the upright photo in pixels.
 * @param {function(number): string} address of the card of the prediction at a position.
 * @param {function(Object): string} kindOf a prediction.
 */
export function outlines(predictions, size, address, kindOf) {
  const shapes = [];
  const numbers = [];
  predictions.forEach((prediction, place) => {
    if (!prediction.box) return;
    const corners = cornersOf(prediction.box);
    const points = corners.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
    const kind = kindOf(prediction);
    shapes.push(
      svgElement(
        "g",
        { class: `outline ${kind}`, "data-place": place },
        svgElement("polygon", { points, class: "casing" }),
        svgElement("polygon", { points, class: "line" }),
      ),
    );
    numbers.push(numberAt(corners, size, kind, prediction.body ?? place + 1, address(place)));
  });
  const frame = svgElement(
    "svg",
    { viewBox: `0 0 ${size.width} ${size.height}`, class: "outlines", "aria-hidden": "true" },
    ...shapes,
  );
  return [frame, ...numbers];
}

/** The number of a body at the highest corner of its outline; leads to its card. */
function numberAt(corners, size, kind, number, address) {
  const [x, y] = corners.reduce((best, one) => (one[1] < best[1] ? one : best));
  const tag = element(
    "a",
    { class: `number ${kind}`, href: address, "aria-label": `Resistor ${number}` },
    String(number),
  );
  // Away from the middle of the body, and inside of the photo.
  const middle = [(corners[0][0] + corners[2][0]) / 2, (corners[0][1] + corners[2][1]) / 2];
  const away = NUMBER_AWAY / Math.hypot(x - middle[0], y - middle[1]);
  tag.style.left = inside((100 * x) / size.width, away * (x - middle[0]));
  tag.style.top = inside((100 * y) / size.height, away * (y - middle[1]));
  return tag;
}

function inside(percent, pixels) {
  const margin = `${NUMBER_AWAY}px`;
  return `clamp(${margin}, ${percent.toFixed(2)}% + ${pixels.toFixed(1)}px, 100% - ${margin})`;
}

function cornersOf({ x, y, length, width, degrees }) {
  const angle = (degrees * Math.PI) / 180;
  const along = [Math.cos(angle), Math.sin(angle)];
  const margin = 2 * OUTLINE_MARGIN * width;
  const [a, b] = [(length + margin) / 2, (width + margin) / 2];
  return [[-a, -b], [a, -b], [a, b], [-a, b]].map(([p, q]) => [
    x + p * along[0] - q * along[1],
    y + p * along[1] + q * along[0],
  ]);
}
