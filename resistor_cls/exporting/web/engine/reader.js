// From the scores of a body to its prediction: the rules of resistor_cls/inference/value_reader.py
// for any value.

import { bandReason, cropQuality, photoReason } from "./quality.js";
import { softened, ValueDecoder } from "./values.js";
import { filled } from "./words.js";

export class ValueReader {
  /** @param {Object} model of model.json. */
  constructor({ calibration, codes, constants, threshold }) {
    this.calibration = calibration;
    this.threshold = threshold;
    this.codes = codes;
    this.constants = constants;
    this.decoder = new ValueDecoder(codes, constants.values);
  }

  /**
   * The prediction of a body, in the form of docs/predict.md.
   *
   * @param {Object} body {crop, box, inCrop}: its pixels, and its oriented box in pixels of the
   *     photo and of the crop.
   * @param {Object} scores of its bands.
   * @param {number} top number of candidates.
   */
  predict(body, scores, top) {
    const softer = softened(scores, this.calibration.temperature);
    const readings = this.decoder.read(softer, Math.max(top, this.constants.reader.READINGS));
    const best = readings[0];
    const wording = this.worded(body, readings, softer);
    const accepted = wording.accepted ? best : null;
    return {
      ...this.empty(readings.slice(0, top)),
      ...wording,
      ohms: accepted?.ohms ?? null,
      tolerance: accepted?.tolerance ?? null,
      bands: accepted?.bands ?? null,
      markings: accepted ? [accepted.bands] : [],
      confidence: best?.probability ?? null,
      located: true,
      box: boxOf(body.box),
    };
  }

  /** The prediction of a photo in which no body was found. */
  nothingFound() {
    const { NO_RESISTOR, NOTHING_FOUND } = this.constants.wording;
    return { ...this.empty([]), text: NO_RESISTOR, reason: NOTHING_FOUND, located: false };
  }

  empty(readings) {
    return {
      photo: null, text: null, ohms: null, tolerance: null, watts: null, bands: null,
      category: null, confidence: null, calibrated: this.calibration.fitted, accepted: false,
      reason: null, located: null, familiar: null, box: null,
      candidates: readings.map(({ text, ohms, probability }) => ({
        text, ohms, category: null, probability, confidence: probability,
      })),
      error: null, markings: [], body: null,
    };
  }

  worded(body, readings, scores) {
    const { quality, reader, wording } = this.constants;
    const measured = cropQuality(body.crop, body.inCrop, quality);
    const ofPhoto = photoReason(body.box.length, measured, quality);
    const refused = (reason, text = wording.DONT_KNOW) => ({ text, accepted: false, reason });
    if (measured.colour < quality.MIN_COLOUR) return refused(ofPhoto ?? quality.NO_COLOUR);
    const [best, second] = readings;
    if (best && best.probability >= this.threshold) {
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
    const ofBands = bandReason(scores, readings[0], this.codes.bands, this.constants.quality);
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

function boxOf({ x, y, length, width, angle }) {
  const tenth = (value) => Number(value.toFixed(1));
  return {
    x: tenth(x), y: tenth(y), length: tenth(length), width: tenth(width),
    degrees: tenth((angle * 180) / Math.PI) % 180,
  };
}
