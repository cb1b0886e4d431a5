// Rotated views of photos, resampled: the rule of resistor_cls/data/crops.py, to the level. A
// canvas resamples otherwise, and each browser in its own way.
//
// A photo is {data, width, height} with (height, width, 3) levels of 0 to 255 in a Uint8Array. A
// view is {x, y, angle, span} as in crops.py: its centre and the length of its rows in pixels of
// the photo, the angle of its rows in radians.

const { ceil, cos, floor, fround, hypot, max, min, sin, trunc } = Math;

/**
 * Resamples a view, with antialiasing; beyond the photo its edge is repeated.
 *
 * @param {Object} photo
 * @param {Object} view
 * @param {number} rows of the result.
 * @param {number} columns of the result; pixels are square.
 * @returns {Object} a photo of this size.
 */
export function sampleView(photo, view, rows, columns) {
  let step = view.span / columns; // pixels of the photo for one of the result
  let part = partNear(photo, view, (hypot(rows, columns) / 2) * step);
  const { left, top } = part;
  // Averages over whole pixels first: then large photos cost little more.
  const whole = max(trunc(min(step, part.height, part.width)), 1);
  if (whole > 1) part = averaged(photo, part, whole);
  step /= whole;
  // What is left is less than 2: twice as fine, then averaged.
  const fine = step > 1.001 ? 2 : 1;
  const [c, s] = [(cos(view.angle) * step) / fine, (sin(view.angle) * step) / fine];
  // Centres of pixels lie at +0.5 in both.
  const [fromX, fromY] = [0.5 - (columns * fine) / 2, 0.5 - (rows * fine) / 2];
  const where = [
    c, -s, (view.x - left) / whole - 0.5 + c * fromX - s * fromY,
    s, c, (view.y - top) / whole - 0.5 + s * fromX + c * fromY,
  ];
  const resampled = warped(part, where, rows * fine, columns * fine);
  return fine > 1 ? averaged(resampled, everything(resampled), 2) : resampled;
}

/** The part of a photo that a view can show; its pixels stay in the photo. */
function partNear(photo, view, reach) {
  const bounds = [[view.x, photo.width], [view.y, photo.height]].map(([middle, side]) => {
    const first = min(max(floor(middle - reach) - 2, 0), side - 1);
    return [first, max(min(ceil(middle + reach) + 2, side), first + 1)];
  });
  const [[left, right], [top, bottom]] = bounds;
  return partOf(photo, left, top, right - left, bottom - top);
}

function partOf(photo, left, top, width, height) {
  const offset = 3 * (top * photo.width + left);
  return { data: photo.data, left, top, width, height, offset, stride: 3 * photo.width };
}

function everything(photo) {
  return partOf(photo, 0, 0, photo.width, photo.height);
}

/** The means of squares of `side` pixels, rounded as OpenCV rounds (INTER_AREA). */
function averaged(photo, part, side) {
  const [width, height] = [floor(part.width / side), floor(part.height / side)];
  const data = new Uint8Array(3 * width * height);
  const scale = fround(1 / (side * side));
  const sums = new Uint32Array(3 * width);
  for (let row = 0; row < height; row += 1) {
    sums.fill(0);
    for (let inner = 0; inner < side; inner += 1) {
      let from = part.offset + (row * side + inner) * part.stride;
      for (let at = 0; at < sums.length; at += 3) {
        for (let pixel = 0; pixel < side; pixel += 1, from += 3) {
          sums[at] += photo.data[from];
          sums[at + 1] += photo.data[from + 1];
          sums[at + 2] += photo.data[from + 2];
        }
      }
    }
    const to = row * sums.length;
    // Halves are rounded up for squares of 2 pixels, and to even numbers for others.
    if (side === 2) for (let at = 0; at < sums.length; at += 1) data[to + at] = (sums[at] + 2) >> 2;
    else for (let at = 0; at < sums.length; at += 1) data[to + at] = even(fround(sums[at] * scale));
  }
  return { data, width, height, left: 0, top: 0, offset: 0, stride: 3 * width };
}

/** An affine resampling by bilinear interpolation, in single precision like OpenCV's. */
function warped(part, where, rows, columns) {
  const { data: from, width, height, offset, stride } = part;
  const [a, b, c, d, e, f] = where.map(fround);
  const data = new Uint8Array(3 * rows * columns);
  let to = 0;
  for (let row = 0; row < rows; row += 1) {
    const [startX, startY] = [fround(fround(row * b) + c), fround(fround(row * e) + f)];
    for (let column = 0; column < columns; column += 1) {
      const x = fround(fround(column * a) + startX);
      const y = fround(fround(column * d) + startY);
      const [firstX, firstY] = [floor(x), floor(y)];
      const [shareX, shareY] = [x - firstX, y - firstY];
      const left = 3 * inside(firstX, width);
      const right = 3 * inside(firstX + 1, width);
      const above = offset + stride * inside(firstY, height);
      const below = offset + stride * inside(firstY + 1, height);
      for (let channel = 0; channel < 3; channel += 1, to += 1) {
        const upper = from[above + left + channel];
        const lower = from[below + left + channel];
        const high = upper + (from[above + right + channel] - upper) * shareX;
        const low = lower + (from[below + right + channel] - lower) * shareX;
        data[to] = even(high + (low - high) * shareY);
      }
    }
  }
  return { data, width: columns, height: rows };
}

function inside(at, side) {
  return at < 0 ? 0 : at < side ? at : side - 1;
}

/** The nearest whole number of one that is not negative; of two, the even one. */
function even(value) {
  const below = value | 0;
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below & 1) ? below + 1 : below;
}

/**
 * The view that shows a body upright: its axis along the rows.
 *
 * @param {Object} box of the body, in pixels of the photo.
 * @param {number[]} shape rows and columns of the crop.
 * @param {number} margin free length at either end of the body, in body lengths; a thick body gets
 *     half as much across.
 */
export function cropView(box, [rows, columns], margin) {
  const along = box.length * (1 + 2 * margin);
  const across = (box.width * (1 + margin) * columns) / rows;
  return { x: box.x, y: box.y, angle: box.angle, span: max(along, across) };
}
