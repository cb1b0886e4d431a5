// Where in a photo the detector searches for bodies, and which detections count: the rules of
// resistor_cls/model/detector/search.py, whose comments give the reasons.

import { holds, orientedOverlap } from "./geometry.js";
import { median, rounded } from "./numbers.js";
import { sampleView } from "./views.js";

const { ceil, cos, hypot, max, min, sin, sqrt } = Math;

/** Searches photos for bodies. */
export class Search {
  /**
   * @param {function(Object, Object, number, number): Promise<Object[]>} find see `finder`.
   * @param {Object} constants of search.py.
   * @param {number} threshold smallest score of a body that counts as found.
   */
  constructor(find, constants, threshold) {
    this.find = find;
    this.constants = constants;
    this.threshold = threshold;
  }

  /** The best body alone, in a list; empty where there is none. */
  async best(photo) {
    const box = await this.findBest(photo);
    return box.score >= this.threshold ? [box] : [];
  }

  /** All bodies, the best first. */
  async all(photo) {
    const { WIDE, MAX_BODIES, EVERY_SCORE } = this.constants;
    const detections = [];
    for (const view of this.views(photo)) {
      const found = await this.find(photo, view, WIDE, MAX_BODIES);
      detections.push(...found.filter((one) => one.score >= this.threshold ** 2));
    }
    const close = [];
    for (const one of this.apart(detections)) close.push(await this.centred(photo, one));
    let found = this.apart(close.filter((one) => one && one.score >= EVERY_SCORE));
    if (!found.length || this.inDoubt(found[0], photo)) {
      for (const large of await this.fromAway(photo, 0)) found = this.withLarge(found, large);
    }
    if (found.length < 2) {
      const best = await this.findBest(photo);
      if (best.score >= this.threshold) found = [best];
    }
    return found.slice(0, MAX_BODIES);
  }

  /** The best detection, however low its score. */
  async findBest(photo) {
    let best = await this.inFrame(photo);
    if (this.inDoubt(best, photo)) {
      const large = await this.fromAway(photo, best.score + this.constants.MARGIN);
      best = bestOf([best, ...large]);
    }
    return best;
  }

  async inFrame(photo) {
    const { WIDE, CANDIDATES, DOUBT } = this.constants;
    const detections = await this.find(photo, wholeOf(photo), WIDE, CANDIDATES);
    const best = await this.closer(photo, detections[0]);
    if (best.score >= DOUBT) return best;
    const others = [];
    for (const one of detections.slice(1)) others.push(await this.closer(photo, one));
    return bestOf([best, ...others]);
  }

  async closer(photo, detection) {
    const [close] = await this.find(photo, this.closeUp(detection), this.constants.CLOSE, 1);
    return both(detection, close);
  }

  closeUp({ x, y, length, width }) {
    return { x, y, angle: 0, span: this.constants.CLOSE_LENGTHS * max(length, 2 * width) };
  }

  /** Bodies that fill the frame, or are cut off by it, in a view from further away. */
  async fromAway(photo, above) {
    const [small, scale] = this.reduced(photo);
    const found = [...(await this.filling(small, above)), ...(await this.cutOff(small, above))];
    return found.map((one) => ({
      ...one,
      x: one.x / scale,
      y: one.y / scale,
      length: one.length / scale,
      width: one.width / scale,
    }));
  }

  async filling(small, above) {
    const { LARGE_SCORE, FAR, LARGE, SLACK } = this.constants;
    const smallest = max(LARGE_SCORE, above);
    const found = [];
    for (const one of await this.find(small, this.far(small, 0), FAR, 2)) {
      const isLong = one.length > (LARGE - SLACK) * longerSide(small);
      if (one.score >= smallest ** 2 && isLong) found.push(await this.closer(small, one));
    }
    return this.bestLarge(found, smallest, small);
  }

  async cutOff(small, above) {
    const { CUT_OFF_SCORE, FAR, CLOSE } = this.constants;
    const smallest = max(CUT_OFF_SCORE, above);
    const [bordered, border] = this.bordered(small);
    const found = [];
    for (const detection of await this.find(bordered, this.far(small, border), FAR, 2)) {
      if (detection.score < smallest ** 2) continue;
      const inside = moved(await this.closer(bordered, detection), -border);
      const continues = this.continues(inside, small);
      if (continues === null) continue;
      const view = this.closeUp(moved(detection, -border));
      const [continued] = await this.find(small, view, CLOSE, 1);
      if (continued.score >= continues) found.push(inside);
    }
    return this.bestLarge(found, smallest, small);
  }

  /** The score that the continued body needs; null where the frame cuts it neither off nor out. */
  continues(box, photo) {
    if (this.isCutOff(box, photo)) return this.constants.CUT_OFF_CONTINUES;
    return this.isCutOut(box, photo) ? this.constants.CUT_OUT_CONTINUES : null;
  }

  bestLarge(found, smallest, small) {
    const length = this.constants.LARGE * longerSide(small);
    const large = found.filter((one) => one.length > length && one.score >= smallest);
    return large.length ? [bestOf(large)] : [];
  }

  reduced(photo) {
    const { width, height } = photo;
    const scale = min(1, this.constants.WIDE / max(height, width));
    if (scale === 1) return [photo, 1];
    const [rows, columns] = [max(1, rounded(height * scale)), max(1, rounded(width * scale))];
    const view = { x: width / 2, y: height / 2, angle: 0, span: width };
    return [sampleView(photo, view, rows, columns), columns / width];
  }

  far(small, border) {
    const span = this.constants.FAR_SIDES * longerSide(small);
    return { x: small.width / 2 + border, y: small.height / 2 + border, angle: 0, span };
  }

  /** The photo within a border of the median colour of its edge, and the border's width. */
  bordered(small) {
    const border = ceil(((this.constants.FAR_SIDES - 1) / 2) * longerSide(small)) + 1;
    const colour = edgeColour(small);
    const [width, height] = [small.width + 2 * border, small.height + 2 * border];
    const data = new Uint8Array(3 * width * height);
    for (let at = 0; at < data.length; at += 3) data.set(colour, at);
    for (let row = 0; row < small.height; row += 1) {
      const line = small.data.subarray(3 * row * small.width, 3 * (row + 1) * small.width);
      data.set(line, 3 * ((row + border) * width + border));
    }
    return [{ data, width, height }, border];
  }

  inDoubt(box, photo) {
    const { FIRM, CLEAR } = this.constants;
    const { ends, sides } = distanceInside(box, photo);
    return box.score < FIRM || min(...ends, ...sides) < CLEAR || this.isElongated(photo);
  }

  isCutOff(box, photo) {
    const { CUT_OFF_END, CUT_OFF_CLEAR } = this.constants;
    const { ends, sides } = distanceInside(box, photo);
    return max(...ends) < CUT_OFF_END && min(...sides) > CUT_OFF_CLEAR;
  }

  isCutOut(box, photo) {
    const { width, height } = photo;
    const frame = { x: width / 2, y: height / 2, angle: 0, length: width, width: height };
    if (!this.isElongated(photo)) return false;
    return orientedOverlap(box, frame) >= this.constants.CUT_OUT_COVERED;
  }

  isElongated({ width, height }) {
    return max(width, height) > this.constants.CUT_OUT_ASPECT * min(width, height);
  }

  withLarge(found, large) {
    const covered = found.filter((one) => holds(large, one.x, one.y));
    if (covered.some((one) => one.score + this.constants.MARGIN >= large.score)) return found;
    return byScore([large, ...found.filter((one) => !covered.includes(one))]);
  }

  /** The whole photo, and its parts where they have the pixels for it. */
  views(photo) {
    const { PARTS, SHARED, WIDE } = this.constants;
    const views = [wholeOf(photo)];
    for (const parts of PARTS) {
      const side = longerSide(photo) / (parts - (parts - 1) * SHARED);
      if (side < WIDE) continue;
      for (const y of this.middles(photo.height, side)) {
        for (const x of this.middles(photo.width, side)) views.push({ x, y, angle: 0, span: side });
      }
    }
    return views;
  }

  middles(extent, side) {
    const { SHARED } = this.constants;
    if (extent <= side) return [extent / 2];
    const count = ceil((extent / side - SHARED) / (1 - SHARED) - 1e-9);
    const between = (extent - side) / max(count - 1, 1);
    return Array.from({ length: count }, (_, place) => side / 2 + place * between);
  }

  /** The body in the middle of a close-up, not a neighbour; null where there is none. */
  async centred(photo, detection) {
    const { CLOSE, CANDIDATES, OFF_CENTRE } = this.constants;
    const found = await this.find(photo, this.closeUp(detection), CLOSE, CANDIDATES);
    const near = found.filter(
      ({ x, y }) => hypot(x - detection.x, y - detection.y) < OFF_CENTRE * detection.length,
    );
    return near.length ? both(detection, bestOf(near)) : null;
  }

  /** The best first, without those that overlap a better one. */
  apart(detections) {
    const kept = [];
    for (const one of byScore(detections)) {
      const isApart = kept.every((other) => orientedOverlap(one, other) < this.constants.SAME_BODY);
      if (isApart) kept.push(one);
    }
    return kept;
  }
}

function wholeOf({ width, height }) {
  return { x: width / 2, y: height / 2, angle: 0, span: max(height, width) };
}

function longerSide({ width, height }) {
  return max(width, height);
}

function both(detection, close) {
  return { ...close, score: sqrt(detection.score * close.score) };
}

function moved(box, by) {
  return { ...box, x: box.x + by, y: box.y + by };
}

/** The first of the highest score. */
function bestOf(boxes) {
  return boxes.reduce((best, one) => (one.score > best.score ? one : best));
}

function byScore(boxes) {
  return [...boxes].sort((one, other) => other.score - one.score);
}

function edgeColour({ data, width, height }) {
  return [0, 1, 2].map((channel) => {
    const level = (row, column) => data[3 * (row * width + column) + channel];
    const levels = [];
    for (let x = 0; x < width; x += 1) levels.push(level(0, x), level(height - 1, x));
    for (let y = 0; y < height; y += 1) levels.push(level(y, 0), level(y, width - 1));
    return Math.trunc(median(levels));
  });
}

/** How far the middles of a body's ends and sides lie inside, in longer sides of the photo. */
function distanceInside(box, photo) {
  const { width, height } = photo;
  const [c, s] = [cos(box.angle), sin(box.angle)];
  const inside = (along, across) => {
    const [x, y] = [box.x + along * c - across * s, box.y + along * s + across * c];
    return min(x, width - x, y, height - y) / longerSide(photo);
  };
  const [end, side] = [box.length / 2, box.width / 2];
  return { ends: [inside(-end, 0), inside(end, 0)], sides: [inside(0, -side), inside(0, side)] };
}
