// Predictions in words: for the eye, and as one sentence for screen readers.

import {
  ohmsInWords, ohmsSpoken, shareInWords, toleranceInWords, withUnits,
} from "./colour_code.js";

const ANOTHER = "Take another photo: closer, in even daylight, with all bands in view.";
// The first pattern that a reason matches decides what to do.
const REMEDIES = [
  [
    /reads both ways/,
    "A better photo does not help. The first band is usually nearer to an end of the body. " +
      "Otherwise measure the part.",
  ],
  [/come closer/, "Move the camera closer until the body fills a third of the picture."],
  [/too dark/, "Add light, best daylight from a window, without a shadow on the part."],
  [/too bright|blown out/, "Turn the flash off, or move the part out of direct light."],
  [/no colour/, "Take the photo in colour: without colours no band can be read."],
  [/blurred/, "Tap the part to focus, hold still, and take the photo again."],
  [
    /band is .* or /,
    "Look at this band in daylight, or take the photo again on white paper, which keeps colours " +
      "true.",
  ],
  [/no usual code/, "Show the whole body from the side, so that every band is in view."],
  [/which is not in/, "Check the list of values that the service was started with."],
  [
    /unlike the photos/,
    "The model has not learned from photos like this one. Measure the part, or compare its bands " +
      "with the possible readings.",
  ],
];

/**
 * The kind of a prediction, which decides what a card shows.
 *
 * @returns {"read"|"unsure"|"empty"|"unreadable"}
 */
export function kindOf(prediction) {
  if (prediction.error) return "unreadable";
  if (prediction.accepted === true) return "read";
  return prediction.located === false ? "empty" : "unsure";
}

/** The value in two parts, such as 4.7 kΩ and ±5 %; null where the prediction is not accepted. */
export function valueOf(prediction) {
  if (kindOf(prediction) !== "read") return null;
  const text = withUnits(prediction.text);
  if (prediction.ohms == null) return { main: text, rest: "" };
  const main = ohmsInWords(prediction.ohms);
  if (text.startsWith(main)) return { main, rest: text.slice(main.length).replace(/^[,\s]+/, "") };
  const { tolerance } = prediction;
  return { main, rest: tolerance == null ? "" : toleranceInWords(tolerance) };
}

/** The title of a card without a value. */
export function titleOf(prediction) {
  return { unsure: "Don’t know", empty: "No resistor found", unreadable: "Not read" }[
    kindOf(prediction)
  ];
}

/**
 * Why there is no value, as a sentence. It names no value: those are possible readings and stand
 * apart.
 */
export function reasonOf(prediction) {
  if (prediction.error) return asSentence(prediction.error);
  const reason = (prediction.reason ?? "no reading is certain")
    .replace(/; .*$/s, "")
    .replace(/^two readings are close:.*$/s, "two readings are close")
    .replace(/^(probably )?reads .*, which is not in /s, "the most likely value is not in ");
  return asSentence(reason);
}

/** What a person can do about it. */
export function remedyOf(prediction) {
  const kind = kindOf(prediction);
  if (kind === "unreadable") return "Choose another file.";
  if (kind === "empty") {
    return "Put the part on a plain background and move closer, so that the whole body is in view.";
  }
  const reason = prediction.reason ?? "";
  return REMEDIES.find(([pattern]) => pattern.test(reason))?.[1] ?? ANOTHER;
}

/** The possible readings of a prediction: text and share, the most probable first. */
export function guessesOf(prediction) {
  if (kindOf(prediction) === "empty") return [];
  const candidates = prediction.candidates ?? [];
  return candidates.map((one) => ({
    text: withUnits(one.text),
    category: one.category && one.category !== one.text ? one.category : "",
    share: shareInWords(one.confidence ?? one.probability),
  }));
}

/** The confidence of an accepted prediction in words. */
export function confidenceOf(prediction) {
  const basis = prediction.calibrated ? "" : " (uncalibrated)";
  return `${shareInWords(prediction.confidence)}${basis}`;
}

/**
 * One sentence for screen readers.
 *
 * @param {Object[]} predictions of one photo.
 * @param {string} name of the photo.
 */
export function spoken(predictions, name) {
  const several = predictions.length > 1;
  const parts = predictions.map((one, place) => {
    const which = several ? `Resistor ${one.body ?? place + 1}: ` : "";
    const refusal = `${titleOf(one)}. ${reasonOf(one)}`;
    return which + (kindOf(one) === "read" ? spokenValue(one) : refusal);
  });
  return `${name}: ${several ? `${predictions.length} resistors. ` : ""}${parts.join(" ")}`;
}

function spokenValue(prediction) {
  const { ohms, tolerance, bands, confidence } = prediction;
  const parts = [ohms == null ? prediction.text : ohmsSpoken(ohms)];
  if (tolerance != null) {
    parts.push(`plus or minus ${Number((100 * tolerance).toPrecision(6))} percent`);
  }
  if (bands) parts.push(`bands ${bands.join(", ")}`);
  parts.push(`confidence ${Math.floor(100 * confidence)} percent`);
  return `${parts.join(", ")}.`;
}

function asSentence(text) {
  const trimmed = withUnits(text.trim());
  const begun = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
