// From the scores of a body to its prediction: the rules of resistor_cls/inference/value_reader.py
// for any value.

import { nothingFound, prediction } from "./prediction.js";
import { bandReason, cropQuality, photoReason } from "./quality.js";
import { softened, ValueDecoder } from "./values.js";
import { filled } from "./words.js";

export class ValueReader {
  /** @param {Object} model of model.json. */
  constructor({ values, constants }) {
    this.values = values;
    this.constants = constants;
    this.decoder = new ValueDecoder(values.codes, constants.values);
    this.views = 2; // the crop, and the same turned by 180 degrees
  }

  /**
   * The prediction of a body, in the form of docs/predict.md.
   *
   * @param {Object} body {crop, box, inCrop}: its pixels, and its oriented box in pixels of the
   *     photo and of the crop.
   * @param {Object[]} outputs of the network for the views: slots, direction and watts.
   * @param {number} top number of candidates.
   */
  predict(body, outputs, top) {
    const { codes, temperature } = this.values;
    const [upright, turned] = outputs.map((one) => scoresOf(one, codes.bands.length));
    const scores = softened({ ...upright, turned }, temperature);
    const readings = this.decoder.read(scores, Math.max(top, this.constants.reader.READINGS));
    const best = readings[0];
    const wording = this.worded(body, readings, scores);
    const { ohms, tolerance, bands } = wording.accepted ? best : {};
    return prediction({
      ...wording, ohms, tolerance, bands, markings: bands && [bands],
      confidence: best?.probability, calibrated: this.values.fitted, located: true, box: body.box,
      candidates: readings.slice(0, top).map(({ text, ohms: value, probability }) => ({
        text, ohms: value, category: null, probability, confidence: probability,
      })),
    });
  }

  /** The prediction of a photo in which no body was found. */
  nothingFound() {
    return nothingFound(this.constants.wording, this.values.fitted);
  }

  worded(body, readings, scores) {
    const { quality, reader, wording } = this.constants;
    const measured = cropQuality(body.crop, body.inCrop, quality);
    const ofPhoto = photoReason(body.box.length, measured, quality);
    const refused = (reason, text = wording.DONT_KNOW) => ({ text, accepted: false, reason });
    if (measured.colour < quality.MIN_COLOUR) return refused(ofPhoto ?? quality.NO_COLOUR);
    const [best, second] = readings;
    if (best && best.probability >= this.values.threshold) {
      return { text: best.text, accepted: true, reason: null };
    }
    if (best && this.decoder.readsBothWays(readings)) {
      const either = filled(wording.EITHER, { first: best.text, second: second.text });
      return refused(wording.BOTH_WAYS, either);
    }
    return refused(ofPhoto ?? this.reason(readings, scores, reader, wording));
  }

  /** Why nothing is certain in a photo that nothing is wrong with; in the documented order. */
  reason(readings, scores, { MIN_LEGAL_SHARE, CLOSE, MIN_TOGETHER }, wording) {
    if (!readings.length) return wording.NO_CODE;
    const { bands } = this.values.codes;
    const ofBands = bandReason(scores, readings[0], bands, this.constants.quality);
    if (ofBands) return ofBands;
    if (this.decoder.legalShare(scores) < MIN_LEGAL_SHARE) return wording.NO_CODE;
    const least = CLOSE * readings[0].probability;
    const close = readings.slice(0, 2).filter((one) => one.probability >= least);
    const together = close.reduce((sum, one) => sum + one.probability, 0);
    if (together < MIN_TOGETHER) return wording.NO_CODE;
    if (close.length === 1) return filled(wording.NOT_CERTAIN, { best: close[0].text });
    return filled(wording.TWO_CLOSE, { both: close.map((one) => one.text).join(", ") });
  }
}

/** The scores of one view, with a row for each slot. */
function scoresOf({ slots, direction, watts }, columns) {
  const rows = [];
  for (let at = 0; at < slots.length; at += columns) rows.push([...slots.slice(at, at + columns)]);
  return { slots: rows, direction: [...direction], watts: [...watts] };
}
