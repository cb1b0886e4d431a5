// The predictions of this session: rows, counts for each value, and CSV.

import { ohmsInWords, parseOhms, shareInWords } from "./colour_code.js";
import { element } from "./elements.js";
import { kindOf, reasonOf, titleOf, valueOf } from "./wording.js";

const STORED = "resistor_cls.history"; // in sessionStorage: forgotten when the tab is closed
const COLUMNS = [
  "time", "photo", "body", "value", "ohms", "tolerance", "bands", "confidence", "accepted",
  "reason", "possible_readings", "corrected_value",
];

/**
 * A row of the history.
 *
 * @param {Object} prediction of one body.
 * @param {Object} about photo (its name), photoId, time (ISO 8601), picture (`data:` address),
 *     several (whether the photo shows several bodies).
 */
export function rowOf(prediction, about) {
  return { prediction, corrected: null, ...about };
}

/** The rows that this tab has kept. */
export function storedRows() {
  try {
    return JSON.parse(sessionStorage.getItem(STORED)) ?? [];
  } catch {
    return [];
  }
}

/** Keeps rows while the tab is open; without pictures where they take too much space. */
export function storeRows(rows) {
  for (const kept of [rows, rows.map((row) => ({ ...row, picture: null }))]) {
    try {
      sessionStorage.setItem(STORED, JSON.stringify(kept));
      return;
    } catch {
      // The quota, often 5 MB.
    }
  }
}

/**
 * How many parts of each value there are, by rising resistance. A corrected value counts instead of
 * the predicted one; a prediction that is not accepted counts for none.
 *
 * @returns {{value: string, count: number}[]}
 */
export function countsOf(rows) {
  const counts = new Map();
  for (const row of rows) {
    const value = countedValue(row);
    if (value) {
      const known = counts.get(value.text) ?? { value: value.text, ohms: value.ohms, count: 0 };
      known.count += 1;
      counts.set(value.text, known);
    }
  }
  return [...counts.values()].sort((a, b) => (a.ohms ?? Infinity) - (b.ohms ?? Infinity));
}

function countedValue({ prediction, corrected }) {
  if (corrected) return { text: corrected, ohms: parseOhms(corrected) };
  const value = valueOf(prediction);
  return value && { text: value.main, ohms: prediction.ohms };
}

/** A typed value as the page writes values; unchanged where it is not a resistance. */
export function normalised(typed) {
  const ohms = parseOhms(typed);
  return ohms === null ? typed.trim() : ohmsInWords(ohms);
}

/** The rows as CSV (RFC 4180), with a byte-order mark, so that spreadsheets show Ω. */
export function asCsv(rows) {
  const lines = [COLUMNS, ...rows.map(cellsOf)].map((cells) => cells.map(quoted).join(","));
  return `\ufeff${lines.join("\r\n")}\r\n`;
}

function cellsOf({ prediction, photo, time, corrected }) {
  const read = kindOf(prediction) === "read";
  const { body, text, ohms, tolerance, bands, confidence, accepted, candidates } = prediction;
  return [
    time, asText(photo), body, read ? text : "", read ? ohms : "", read ? tolerance : "",
    read && bands ? bands.join(" ") : "", confidence, accepted, read ? "" : reasonOf(prediction),
    (candidates ?? []).map((one) => one.text).join(" | "), corrected && asText(corrected),
  ];
}

/** A text that a spreadsheet does not take for a formula. */
function asText(text) {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

function quoted(cell) {
  const text = cell == null ? "" : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Shows the history.
 *
 * @param {Object[]} rows the oldest first.
 * @param {function(Object): boolean} isHeld whether the photo of a row can be shown again.
 * @param {function(Object): void} show the photo of a row.
 */
export function historyRows(rows, isHeld, show) {
  return [...rows].reverse().map((row) => {
    const held = isHeld(row);
    const content = rowContent(row);
    return element(
      "li",
      {},
      held
        ? element("button", { type: "button", class: "row", onclick: () => show(row) }, ...content)
        : element("div", { class: "row" }, ...content),
    );
  });
}

function rowContent(row) {
  const { prediction, photo, picture, corrected, several } = row;
  const value = valueOf(prediction);
  const body = several && prediction.body ? ` · ${prediction.body}` : "";
  const words = corrected ?? (value ? `${value.main} ${value.rest}`.trim() : titleOf(prediction));
  return [
    picture ? element("img", { src: picture, alt: "" }) : element("span", { class: "no-picture" }),
    element("span", { class: `words ${corrected ? "corrected" : kindOf(prediction)}` }, words),
    element("span", { class: "photo" }, `${photo}${body}`),
    element(
      "span",
      { class: "share" },
      corrected ? "corrected" : value ? shareInWords(prediction.confidence) : "",
    ),
  ];
}

/** Shows the counts. */
export function countChips(rows) {
  return countsOf(rows).map(({ value, count }) =>
    element("li", {}, element("span", {}, value), element("b", {}, `× ${count}`)),
  );
}
