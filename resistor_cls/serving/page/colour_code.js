// Colour bands and ohms in words (IEC 60062). A test compares this file with
// resistor_cls/colour_code.py.

const DIGITS = [
  "black", "brown", "red", "orange", "yellow", "green", "blue", "violet", "grey", "white",
];
const POWERS = Object.fromEntries(DIGITS.map((colour, power) => [colour, power]));
const MULTIPLIERS = { ...POWERS, gold: -1, silver: -2 };
const TOLERANCES = {
  silver: 10, gold: 5, red: 2, brown: 1, green: 0.5, blue: 0.25, violet: 0.1, orange: 0.05,
  yellow: 0.02, grey: 0.01,
}; // percent
const COEFFICIENTS = {
  black: 250, brown: 100, red: 50, orange: 15, yellow: 25, green: 20, blue: 10, violet: 5, grey: 1,
}; // parts per million per kelvin

export const SWATCHES = {
  black: "#1b1b1b",
  brown: "#6f3f1f",
  red: "#cf2a27",
  orange: "#ee7d1b",
  yellow: "#f5d32c",
  green: "#2f8f46",
  blue: "#2a5fc4",
  violet: "#8a4fbe",
  grey: "#8c9299",
  white: "#f7f7f4",
  gold: "#c39a3b",
  silver: "#c3c8cd",
};

const PREFIXES = [[1e9, "G", "giga"], [1e6, "M", "mega"], [1e3, "k", "kilo"], [0, "", ""]];
const NO_BREAK = "\u00a0"; // no line ends between a number and its unit

/**
 * What each band of a code means.
 *
 * @param {string[]} bands 3 to 6 colours, the first digit first.
 * @returns {{colour: string, role: string, meaning: string}[]} such as yellow, digit, 4.
 */
export function meanings(bands) {
  const digits = bands.length < 5 ? 2 : 3;
  return bands.map((colour, place) => {
    if (place < digits) return { colour, role: "digit", meaning: String(POWERS[colour]) };
    if (place === digits) return { colour, role: "multiplier", meaning: multiplier(colour) };
    if (place === digits + 1) {
      return { colour, role: "tolerance", meaning: `±${TOLERANCES[colour]}${NO_BREAK}%` };
    }
    return { colour, role: "ppm/K", meaning: String(COEFFICIENTS[colour]) };
  });
}

function multiplier(colour) {
  const power = MULTIPLIERS[colour];
  if (power < 0) return `×${NO_BREAK}${power === -1 ? "0.1" : "0.01"}`;
  const [scale, prefix] = PREFIXES.find(([from]) => 10 ** power >= from);
  return `×${NO_BREAK}${10 ** power / (scale || 1)}${prefix}`;
}

/** A resistance as people write it: 0.47 Ω, 4.7 kΩ, 11 MΩ. */
export function ohmsInWords(ohms) {
  const [number, prefix] = scaled(ohms);
  return `${number}${NO_BREAK}${prefix}Ω`;
}

/** A resistance as a screen reader speaks it: 4.7 kiloohms. */
export function ohmsSpoken(ohms) {
  const [number, , spoken] = scaled(ohms);
  return `${number} ${spoken}ohm${number === 1 ? "" : "s"}`;
}

/** A tolerance, a fraction, as people write it: ±5 %. */
export function toleranceInWords(tolerance) {
  return `±${Number((100 * tolerance).toPrecision(6))}${NO_BREAK}%`;
}

/** A share in percent to a tenth: only all is 100 %, only none is 0 %. */
export function shareInWords(share) {
  if (share > 0 && share < 0.0005) return `<${NO_BREAK}0.1${NO_BREAK}%`;
  if (share >= 0.9995 && share < 1) return `>${NO_BREAK}99.9${NO_BREAK}%`;
  const digits = share === 0 || share === 1 ? 0 : 1;
  return `${(100 * share).toFixed(digits)}${NO_BREAK}%`;
}

/** A text in which no line ends between a number and its unit. */
export function withUnits(text) {
  return text.replace(/ (?=%|[kMG]?Ω|W\b)/g, NO_BREAK);
}

/**
 * Reads a resistance that a person types: 4k7, 4.7k, 4.7 kΩ, 0R47, 4700.
 *
 * @returns {?number} ohms; null for anything else. The service decides what it accepts.
 */
export function parseOhms(text) {
  const compact = text.trim().replace(/\s+/g, "").replace(",", ".").replace(/(ohms?|Ω|Ω)$/i, "");
  const match = /^(\d+)(?:\.(\d+))?([rkmg]?)$/i.exec(compact) ?? letterAsPoint(compact);
  if (!match) return null;
  const [, whole, fraction = "", unit] = match;
  const scale = { "": 1, r: 1, k: 1e3, m: 1e6, g: 1e9 }[unit.toLowerCase()];
  return (Number(whole + fraction) * scale) / 10 ** fraction.length;
}

/** The parts of a number whose unit stands for the point, such as 4k7. */
function letterAsPoint(text) {
  const match = /^(\d+)([rkmg])(\d+)$/i.exec(text);
  return match && [match[0], match[1], match[3], match[2]];
}

function scaled(ohms) {
  const [scale, prefix, spoken] = PREFIXES.find(([from]) => ohms >= from);
  return [Number((ohms / (scale || 1)).toPrecision(12)), prefix, spoken];
}
