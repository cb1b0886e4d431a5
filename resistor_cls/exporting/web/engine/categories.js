// From the outputs of a network to the prediction of one of its categories: the rules of
// resistor_cls/inference/category_prediction.py and of its calibration.

import { highestFirst, logSumExp } from "./numbers.js";
import { nothingFound, prediction } from "./prediction.js";
import { filled } from "./words.js";

const ROUNDING = 1e-6; // features differ that much from machine to machine

export class CategoryReader {
  /**
   * @param {Object} model of model.json.
   * @param {?Float32Array} references (photos, columns) features of the calibration photos; null
   *     where unfamiliar photos are not tested.
   */
  constructor({ categories, constants }, references) {
    this.categories = categories;
    this.constants = constants;
    this.references = references;
    this.views = categories.views;
  }

  /** See `predict` of `ValueReader`; the outputs are logits and, of most networks, features. */
  predict(body, outputs, top) {
    const { list, temperature, threshold, limit } = this.categories;
    const likely = this.activated(meanOf(outputs.map(({ logits }) => logits)));
    const confidences = temperature === null ? likely : this.calibrated(likely, temperature);
    const order = highestFirst(likely, Math.max(top, 1));
    const best = list[order[0]];
    const familiar = this.familiar(outputs);
    const missed = threshold > 0 && likely[order[0]] < threshold ? limit : null;
    const wording = this.worded(best, familiar, missed);
    return prediction({
      ...(wording.accepted ? best.reading : {}), ...wording,
      confidence: confidences[order[0]], calibrated: temperature !== null, located: true, familiar,
      box: body.box,
      candidates: order.slice(0, top).map((place) => ({
        text: list[place].value, ohms: list[place].ohms, category: list[place].category,
        probability: likely[place], confidence: confidences[place],
      })),
    });
  }

  nothingFound() {
    return nothingFound(this.constants.wording, this.categories.temperature !== null);
  }

  worded({ text, value }, familiar, limit) {
    const { DONT_KNOW, UNFAMILIAR, TOO_UNCERTAIN } = this.constants.wording;
    const refused = (reason) => ({ text: DONT_KNOW, accepted: false, reason });
    if (familiar === false) return refused(filled(UNFAMILIAR, { best: value }));
    if (limit) return refused(filled(TOO_UNCERTAIN, { limit, best: value }));
    return { text, accepted: true, reason: null };
  }

  activated(logits) {
    if (this.categories.activation === "sigmoid") {
      return logits.map((one) => 1 / (1 + Math.exp(-one)));
    }
    const total = logSumExp(logits);
    return logits.map((one) => Math.exp(one - total));
  }

  /** Calibrated probabilities: softmax(log p / T). */
  calibrated(likely, temperature) {
    const { TINY } = this.constants.temperature;
    const logs = likely.map((one) => Math.log(Math.max(one, TINY)) / temperature);
    const total = logSumExp(logs);
    return logs.map((one) => Math.exp(one - total));
  }

  /** Whether the photo is like the calibration photos; null where that is not tested. */
  familiar(outputs) {
    const test = this.categories.familiarity;
    if (!test || !this.references) return null;
    const features = meanOf(outputs.map((one) => one.features));
    const length = Math.max(Math.hypot(...features), 1e-12);
    let nearest = -Infinity;
    for (let at = 0; at < this.references.length; at += test.columns) {
      const similar = features.reduce((sum, one, k) => sum + one * this.references[at + k], 0);
      nearest = Math.max(nearest, similar / length);
    }
    return 1 - nearest <= test.limit + ROUNDING;
  }
}

function meanOf(rows) {
  return Array.from(rows[0], (_, at) => rows.reduce((sum, row) => sum + row[at], 0) / rows.length);
}
