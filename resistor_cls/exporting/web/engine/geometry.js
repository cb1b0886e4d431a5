// Oriented boxes of bodies, as in resistor_cls/data/geometry.py: {x, y, angle, length, width,
// score}, in pixels; the angle of the axis in radians.

const { abs, cos, sin } = Math;

/** Whether a point lies in the rectangle along the body. */
export function holds(box, x, y) {
  const [c, s] = [cos(box.angle), sin(box.angle)];
  const along = (x - box.x) * c + (y - box.y) * s;
  const across = (y - box.y) * c - (x - box.x) * s;
  return abs(along) <= box.length / 2 && abs(across) <= box.width / 2;
}

/** Intersection over union of the rectangles along two bodies. */
export function orientedOverlap(one, other) {
  const shared = area(clipped(cornersOf(one), cornersOf(other)));
  const union = one.length * one.width + other.length * other.width - shared;
  return union > 0 ? shared / union : 0;
}

function cornersOf({ x, y, angle, length, width }) {
  const [c, s] = [cos(angle), sin(angle)];
  const [end, side] = [length / 2, width / 2];
  return [[-end, -side], [end, -side], [end, side], [-end, side]].map(([along, across]) => [
    x + along * c - across * s,
    y + along * s + across * c,
  ]);
}

/** The part of a polygon inside of a convex one (Sutherland and Hodgman 1974). */
function clipped(polygon, convex) {
  return convex.reduce((kept, from, place) => {
    const to = convex[(place + 1) % convex.length];
    // Above 0 on the inner side of the edge.
    const edge = [to[0] - from[0], to[1] - from[1]];
    const distance = ([x, y]) => edge[0] * (y - from[1]) - edge[1] * (x - from[0]);
    return kept.flatMap((point, at) => {
      const before = kept[(at + kept.length - 1) % kept.length];
      const [here, there] = [distance(point), distance(before)];
      const crosses = here >= 0 !== there >= 0;
      const crossing = crosses ? [between(before, point, there / (there - here))] : [];
      return here >= 0 ? [...crossing, point] : crossing;
    });
  }, polygon);
}

function between(one, other, share) {
  return [one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share];
}

function area(polygon) {
  const twice = polygon.reduce((sum, [x, y], place) => {
    const [nextX, nextY] = polygon[(place + 1) % polygon.length];
    return sum + x * nextY - nextX * y;
  }, 0);
  return abs(twice) / 2;
}
