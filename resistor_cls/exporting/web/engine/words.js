// Fills the sentences of model.json, which are Python's: `{name}`, and `{name:.0f}` for numbers.

import { rounded } from "./numbers.js";

/**
 * @param {string} sentence such as "the body is {length:.0f} pixels long".
 * @param {Object} values by name.
 */
export function filled(sentence, values) {
  return sentence.replace(/\{(\w+)(:\.0f)?\}/g, (_, name, whole) =>
    String(whole ? rounded(values[name]) : values[name]));
}
