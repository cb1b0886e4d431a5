// Decodes the scores of bands into values: the rules of resistor_cls/decoding.py. The codes, their
// priors and all words are computed there and come in model.json.
//
// The scores of a body are {slots: (6 × 13), direction: (2), watts: (5)}, log-probabilities as
// resistor_cls/bands.py describes them, and `turned`, those of the crop turned by 180 degrees.

import { highest, highestFirst, logSumExp } from "./numbers.js";

const { exp, log, max, min } = Math;

export class ValueDecoder {
  /**
   * @param {Object} codes of model.json.
   * @param {Object} constants of resistor_cls/decoding.py.
   */
  constructor(codes, constants) {
    this.codes = codes;
    this.constants = constants;
    this.counts = Object.entries(constants.DIGIT_BANDS).map(([count, digits]) => ({
      count: Number(count), digits, space: spaceOf(codes.digits[digits], codes.ohms.length),
      lastLogWeights: codes.lastLogWeights[count],
    }));
  }

  /**
   * The values of a body, the most probable first.
   *
   * @param {Object} scores
   * @param {number} top how many at most.
   * @returns {{ohms: number, text: string, probability: number, tolerance: number, bands: string[],
   *     reversed: boolean}[]} empty where no legal code has any probability.
   */
  read(scores, top) {
    const parts = this.partsOf(scores);
    const masses = this.massesOf(parts);
    const total = masses.reduce((sum, one) => sum + one, 0);
    if (!(total > 0)) return [];
    const values = highestFirst(masses, top).filter((value) => masses[value] > 0);
    return values.map((value) => {
      const { tolerance, part } = this.bestCode(value, parts);
      return {
        ohms: this.codes.ohms[value],
        text: `${this.codes.ohmsInWords[value]} ${this.codes.tolerancesInWords[tolerance]}`,
        probability: masses[value] / total,
        tolerance: this.constants.ALL_TOLERANCES[tolerance],
        bands: this.bandsOf(value, tolerance, part),
        reversed: part.reversed,
      };
    });
  }

  /** Whether the first two readings are one code read from either end, and likely together. */
  readsBothWays([first, second]) {
    return (
      second !== undefined &&
      first.bands.join() === [...second.bands].reverse().join() &&
      first.reversed !== second.reversed &&
      first.probability + second.probability >= this.constants.BOTH_WAYS_PROBABILITY
    );
  }

  /** Which share of the probability of all band sequences lies on legal codes. */
  legalShare(scores) {
    const shares = this.partsOf(scores).map((part) => {
      const groups = [part.numbers, part.multipliers, part.tolerances, part.coefficients];
      return exp(groups.reduce((sum, group) => sum + logSumExp(group), part.rest));
    });
    return min(shares.reduce((sum, one) => sum + one, 0), 1);
  }

  /** The log-probabilities of all codes with one number of bands, in one direction, for each. */
  partsOf(scores) {
    const { MULTIPLIER_BANDS, TOLERANCE_BANDS, COEFFICIENT_BANDS } = this.constants;
    return this.counts.flatMap(({ count, digits, space, lastLogWeights }) => {
      const { bands: fromLeft, rest } = ofCount(scores, count);
      return [false, true].map((reversed) => {
        const bands = reversed ? [...fromLeft].reverse() : fromLeft;
        const at = (place, colours) => colours.map((colour) => bands[place][colour]);
        const part = {
          digits, reversed, space, lastLogWeights,
          numbers: space.numbers.map((number) =>
            number.reduce((sum, digit, place) => sum + bands[place][digit], 0)),
          multipliers: at(digits, MULTIPLIER_BANDS),
          tolerances: count > 3 ? at(digits + 1, TOLERANCE_BANDS) : [0],
          coefficients: count > 5 ? at(digits + 2, COEFFICIENT_BANDS) : [0],
          rest: rest[Number(reversed)],
        };
        part.lastBands = part.tolerances.map((tolerance, row) =>
          part.coefficients.map((coefficient, column) =>
            tolerance + coefficient + lastLogWeights[row][column]));
        part.hasTolerance = count > 3;
        part.hasCoefficient = count > 5;
        return part;
      });
    });
  }

  /** The unnormalised probability of each value. */
  massesOf(parts) {
    const peaks = parts.map((part) => [
      max(...part.numbers), max(...part.multipliers), logSumExp(part.lastBands.flat()),
    ]);
    const levels = parts.map((part, at) => peaks[at].reduce((sum, one) => sum + one, part.rest));
    const highestLevel = max(...levels);
    const masses = new Float64Array(this.codes.ohms.length);
    parts.forEach(({ numbers, multipliers, space }, at) => {
      if (levels[at] === -Infinity) return;
      const [number, multiplier] = peaks[at];
      const ofNumbers = numbers.map((one) => exp(one - number));
      const ofMultipliers = multipliers.map((one) => exp(one - multiplier));
      const level = exp(levels[at] - highestLevel);
      space.values.forEach((row, place) =>
        row.forEach((value, column) => {
          const likely = ofNumbers[place] * ofMultipliers[column];
          masses[value] += likely * space.weights[place][column] * level;
        }));
    });
    return masses;
  }

  /** The most probable tolerance of a value, and then the part with its most probable code. */
  bestCode(value, parts) {
    const first = parts.map((part) => firstBands(value, part));
    const tolerances = this.constants.ALL_TOLERANCES.map((_, place) => place);
    const ofTolerance = (part, place) => {
      if (part.hasTolerance) return place > 0 ? part.lastBands[place - 1] : [-Infinity];
      return place === 0 ? part.lastBands[0] : [-Infinity];
    };
    const likely = tolerances.map((place) =>
      logSumExp(parts.map((part, at) => first[at] + logSumExp(ofTolerance(part, place)))));
    const tolerance = highest(likely);
    const best = parts.map((part, at) => first[at] + max(...ofTolerance(part, tolerance)));
    return { tolerance, part: parts[highest(best)] };
  }

  /** The most probable code of a value and a tolerance in a part, first digit first. */
  bandsOf(value, tolerance, part) {
    const { MULTIPLIER_BANDS, TOLERANCE_BANDS, COEFFICIENT_BANDS } = this.constants;
    const [row, column] = part.space.cells[value];
    const bands = [...part.space.numbers[row], MULTIPLIER_BANDS[column]];
    if (part.hasTolerance) bands.push(TOLERANCE_BANDS[tolerance - 1]);
    if (part.hasCoefficient) bands.push(COEFFICIENT_BANDS[highest(part.lastBands[tolerance - 1])]);
    return bands.map((band) => this.codes.bands[band]);
  }
}

/** The numbers of one count of digits, and the cell of each value that they show. */
function spaceOf({ numbers, weights, values }, count) {
  const cells = new Array(count);
  values.forEach((row, place) =>
    row.forEach((value, column) => {
      cells[value] = [place, column];
    }));
  return { numbers, weights, values, cells };
}

function firstBands(value, { space, numbers, multipliers, rest }) {
  const cell = space.cells[value];
  if (!cell) return -Infinity;
  const [row, column] = cell;
  return numbers[row] + multipliers[column] + rest + log(space.weights[row][column]);
}

/**
 * Log-probabilities should the part have some number of bands; means of both views.
 *
 * @returns {{bands: number[][], rest: number[]}} from the left; and of either direction together
 *     with the empty slots.
 */
export function ofCount({ slots, direction, turned }, count) {
  const empty = slots.slice(count).reduce((sum, slot) => sum + slot.at(-1), 0);
  const bands = slots.slice(0, count);
  const rest = direction.map((one) => one + empty);
  if (!turned) return { bands, rest };
  const others = ofCount(turned, count);
  return {
    bands: bands.map((band, at) => means(band, others.bands[count - 1 - at])),
    rest: means(rest, [...others.rest].reverse()),
  };
}

function means(one, other) {
  return one.map((value, at) => (value + other[at]) / 2);
}

/**
 * Scores at a temperature, normalised again.
 *
 * @param {Object} scores
 * @param {number} temperature
 */
export function softened({ slots, direction, watts, turned }, temperature) {
  if (temperature === 1) return { slots, direction, watts, turned };
  const soften = (logs) => {
    const logits = logs.map((one) => one / temperature);
    const total = logSumExp(logits);
    return logits.map((one) => one - total);
  };
  return {
    slots: slots.map(soften),
    direction: soften(direction),
    watts: soften(watts),
    turned: turned && softened(turned, temperature),
  };
}
