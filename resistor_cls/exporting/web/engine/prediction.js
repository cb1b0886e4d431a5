// The form of predictions, as docs/predict.md describes it.

/** A prediction; what is not given is null. `box` is an oriented box with its angle in radians. */
export function prediction({ box, markings, candidates, ...given }) {
  const value = (name) => given[name] ?? null;
  return {
    photo: null, text: value("text"), ohms: value("ohms"), tolerance: value("tolerance"),
    watts: value("watts"), bands: value("bands"), category: value("category"),
    confidence: value("confidence"), calibrated: given.calibrated, accepted: given.accepted,
    reason: value("reason"), located: given.located, familiar: value("familiar"),
    box: box ? rounded(box) : null, candidates: candidates ?? [], error: null,
    markings: markings ?? [], body: null,
  };
}

/** The prediction of a photo in which no body was found. */
export function nothingFound({ NO_RESISTOR, NOTHING_FOUND }, calibrated) {
  return prediction({
    text: NO_RESISTOR, reason: NOTHING_FOUND, accepted: false, located: false, calibrated,
  });
}

function rounded({ x, y, length, width, angle }) {
  const tenth = (value) => Number(value.toFixed(1));
  return {
    x: tenth(x), y: tenth(y), length: tenth(length), width: tenth(width),
    degrees: tenth((angle * 180) / Math.PI) % 180,
  };
}
