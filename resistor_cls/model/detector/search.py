"""Where in a photo the detector searches for bodies, and which detections count.

The network detects bodies of 13 to 100 pixels in a view of 256. It sees the whole photo, and each
detection in a close-up; a view from further away, for bodies that fill the frame; and, where all
bodies are asked for, parts of the photo, for bodies that are small in it.
experiments/locator/README.md measures each of these.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from resistor_cls.data.crops import View, sample_view
from resistor_cls.data.geometry import OrientedBox, oriented_overlap

# From (photo, view, side in pixels that it is sampled at, maximum): detections in pixels of the
# photo, the best first.
Find = Callable[[np.ndarray, View, int, int], list[OrientedBox]]

SEARCH_VERSION = 2  # counts changes of this file that move crops; caches of crops go by it
WIDE = 256  # side in pixels of the first view: the whole photo
CLOSE = 160  # of the close-up: bodies of 68 px then keep their pixels
CLOSE_LENGTHS = 2.5  # side of the close-up, in body lengths
# Detections of the first view that get a close-up each where the best one is doubtful: glare on
# wood scores above small bodies.
CANDIDATES, DOUBT = 4, 0.5

# The view from further away: its side in pixels, and in longer sides of the photo. A body that
# fills the frame is then 64 px long or, from corner to corner, 90.
FAR, FAR_SIDES = 128, 2.0
# Length from which a body is detected better from further away, in longer sides of the photo; one
# that seems shorter by less than the slack gets a close-up, which measures its length better.
LARGE, _SLACK = 0.4, 0.15
# Smallest score of a large body, and by how much it must exceed that of an ordinary detection: two
# glares on a dark table may resemble a body from far away.
LARGE_SCORE, _MARGIN = 0.4, 0.05
# A body whose ends are cut off by the frame is seen against a border of one colour. So is any strip
# of wood or paper that the frame cuts out, hence the conditions, in longer sides of the photo: both
# ends are near the edge or beyond, both long sides are clear of it; and the close-up in which the
# photo's edge is repeated shows a body, too.
CUT_OFF_SCORE, _CUT_OFF_END, _CUT_OFF_CLEAR, _CUT_OFF_CONTINUES = 0.5, 0.05, 0.06, 0.1
# A frame that is longer than this, in its shorter sides, is not a camera's (20:9 at most): somebody
# cut it out around the body. Its long sides may cut off the body, too, so the body need not be
# clear of them. Instead it covers most of the frame, as an intersection over union, and the
# close-up in which the photo's edge is repeated shows more of a body.
CUT_OUT_ASPECT, _CUT_OUT_COVERED, _CUT_OUT_CONTINUES = 2.25, 0.4, 0.15
# Where all bodies are asked for: parts of a photo along its longer side that are searched, too;
# neighbours overlap by this much at least, in sides of a part: each small body is whole in one.
PARTS, _SHARED = (2, 4), 0.15
MAX_BODIES = 64  # of one photo
# Smallest score where all bodies are asked for: many places are searched, and wires have bends.
EVERY_SCORE = 0.4
_OFF_CENTRE = 0.5  # of its length is how far a body may lie from its first detection
_SAME_BODY = 0.2  # intersection over union of two rectangles that are one body
# Ordinary detections that need no view from further away: high scores clear of the edge.
_FIRM, _CLEAR = 0.75, 0.03


def whole(photo: np.ndarray) -> View:
    """The view of the whole photo."""
    height, width = photo.shape[:2]
    return View(width / 2, height / 2, 0.0, max(height, width))


def find_best(find: Find, photo: np.ndarray) -> OrientedBox:
    """The best detection, however low its score.

    Args:
        find: runs the network on a view.
        photo: (height, width, 3) uint8 RGB, of any size.
    """
    best = in_frame(find, photo)
    if _in_doubt(best, photo):
        for large in from_away(find, photo, best.score + _MARGIN):
            best = max(best, large, key=_score)
    return best


def in_frame(find: Find, photo: np.ndarray) -> OrientedBox:
    """The best detection by the whole photo and close-ups."""
    detections = find(photo, whole(photo), WIDE, CANDIDATES)
    best = _closer(find, photo, detections[0])
    if best.score < DOUBT:
        others = (_closer(find, photo, detection) for detection in detections[1:])
        best = max([best, *others], key=_score)
    return best


def _closer(find: Find, photo: np.ndarray, detection: OrientedBox) -> OrientedBox:
    """The detection in a close-up of another."""
    return _both(detection, find(photo, _close(detection), CLOSE, 1)[0])


def _close(detection: OrientedBox) -> View:
    side = CLOSE_LENGTHS * max(detection.length, 2 * detection.width)
    return View(detection.x, detection.y, 0.0, side)


def _both(detection: OrientedBox, close: OrientedBox) -> OrientedBox:
    """Wood may resemble a body from afar, a bend of a wire from close by: not both."""
    return replace(close, score=math.sqrt(detection.score * close.score))


def from_away(find: Find, photo: np.ndarray, above: float = 0.0) -> list[OrientedBox]:
    """Bodies that fill the frame, or are cut off by it, in a view from further away.

    Args:
        find: runs the network on a view.
        photo: (height, width, 3) uint8 RGB, of any size.
        above: smallest score that is of interest.

    Returns:
        At most one of either kind.
    """
    small, scale = _small(photo)
    found = [*_filling(find, small, above), *_cut_off(find, small, above)]
    return [
        replace(
            one, x=one.x / scale, y=one.y / scale, length=one.length / scale,
            width=one.width / scale,
        )
        for one in found
    ]  # fmt: skip


def _filling(find: Find, small: np.ndarray, above: float) -> list[OrientedBox]:
    """The best body that fills the frame, if there is one; the photo's edge is repeated."""
    smallest = max(LARGE_SCORE, above)
    found = [
        _closer(find, small, detection)
        for detection in find(small, _far(small), FAR, 2)
        # A close-up's score is at most 1.
        if detection.score >= smallest**2
        and detection.length > (LARGE - _SLACK) * _longer_side(small)
    ]
    return _best_large(found, smallest, small)


def _cut_off(find: Find, small: np.ndarray, above: float) -> list[OrientedBox]:
    """The best body that the frame cuts off or out; the photo lies in a border of one colour."""
    smallest = max(CUT_OFF_SCORE, above)
    bordered, border = _bordered(small)
    found = []
    for detection in find(bordered, _far(small, border), FAR, 2):
        if detection.score < smallest**2:
            continue
        inside = _moved(_closer(find, bordered, detection), -border)
        if _is_cut_off(inside, small.shape):
            continues = _CUT_OFF_CONTINUES
        elif _is_cut_out(inside, small.shape):
            continues = _CUT_OUT_CONTINUES
        else:
            continue
        continued = find(small, _close(_moved(detection, -border)), CLOSE, 1)[0]
        if continued.score >= continues:
            found.append(inside)
    return _best_large(found, smallest, small)


def _best_large(found: list[OrientedBox], smallest: float, small: np.ndarray) -> list[OrientedBox]:
    """The best of those that are long enough and score high enough, alone."""
    length = LARGE * _longer_side(small)
    large = [one for one in found if one.length > length and one.score >= smallest]
    return [max(large, key=_score)] if large else []


def _small(photo: np.ndarray) -> tuple[np.ndarray, float]:
    """A photo of at most `WIDE` pixels a side, and how many of its pixels one of the photo is."""
    height, width = photo.shape[:2]
    scale = min(1.0, WIDE / max(height, width))
    if scale == 1:
        return photo, 1.0
    shape = max(1, round(height * scale)), max(1, round(width * scale))
    return sample_view(photo, View(width / 2, height / 2, 0.0, width), shape), shape[1] / width


def _longer_side(photo: np.ndarray) -> int:
    return int(max(photo.shape[:2]))


def _far(small: np.ndarray, border: int = 0) -> View:
    height, width = small.shape[:2]
    return View(width / 2 + border, height / 2 + border, 0.0, FAR_SIDES * max(height, width))


def _bordered(small: np.ndarray) -> tuple[np.ndarray, int]:
    """The photo within a border of the median colour of its edge, and the border's width."""
    border = math.ceil((FAR_SIDES - 1) / 2 * _longer_side(small)) + 1
    edge = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    colour = [int(level) for level in np.median(edge, axis=0)]
    sides = (border, border, border, border)
    return cv2.copyMakeBorder(small, *sides, cv2.BORDER_CONSTANT, value=colour), border


def _moved(box: OrientedBox, by: float) -> OrientedBox:
    return replace(box, x=box.x + by, y=box.y + by)


def _in_doubt(box: OrientedBox, photo: np.ndarray) -> bool:
    """Whether an ordinary detection may be a part of a body that fills the frame."""
    ends, sides = _distance_inside(box, photo.shape)
    return box.score < _FIRM or min(*ends, *sides) < _CLEAR or _is_elongated(photo.shape)


def _is_cut_off(box: OrientedBox, shape: tuple[int, ...]) -> bool:
    ends, sides = _distance_inside(box, shape)
    return max(ends) < _CUT_OFF_END and min(sides) > _CUT_OFF_CLEAR


def _is_cut_out(box: OrientedBox, shape: tuple[int, ...]) -> bool:
    """Whether a body covers a frame that was cut out around it."""
    height, width = shape[:2]
    frame = OrientedBox(width / 2, height / 2, 0.0, width, height, 1.0)
    return _is_elongated(shape) and oriented_overlap(box, frame) >= _CUT_OUT_COVERED


def _is_elongated(shape: tuple[int, ...]) -> bool:
    """Whether a frame is longer than those of cameras."""
    return max(shape[:2]) > CUT_OUT_ASPECT * min(shape[:2])


def _distance_inside(
    box: OrientedBox, shape: tuple[int, ...]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """How far the middles of a body's ends, and of its sides, lie inside the photo.

    In longer sides of the photo; beyond its edge, less than 0.
    """
    height, width = shape[:2]
    cos, sin = math.cos(box.angle), math.sin(box.angle)

    def inside(along: float, across: float) -> float:
        x = box.x + along * cos - across * sin
        y = box.y + along * sin + across * cos
        return min(x, width - x, y, height - y) / max(height, width)

    end, side = box.length / 2, box.width / 2
    return (inside(-end, 0), inside(end, 0)), (inside(0, -side), inside(0, side))


def find_all(find: Find, photo: np.ndarray, threshold: float) -> list[OrientedBox]:
    """All bodies, the best detection first.

    Args:
        find: runs the network on a view.
        photo: (height, width, 3) uint8 RGB, of any size.
        threshold: smallest score of a body where there is one alone.
    """
    detections = [
        detection
        for view in _views(photo)
        for detection in find(photo, view, WIDE, MAX_BODIES)
        # A close-up's score is at most 1.
        if detection.score >= threshold**2
    ]
    close = (_centred(find, photo, detection) for detection in _apart(detections))
    found = _apart([one for one in close if one is not None and one.score >= EVERY_SCORE])
    if not found or _in_doubt(found[0], photo):
        for large in from_away(find, photo):
            found = _with_large(found, large)
    if len(found) < 2:  # a single body lies where `find_best` finds it
        best = find_best(find, photo)
        found = [best] if best.score >= threshold else found
    return found[:MAX_BODIES]


def _with_large(found: list[OrientedBox], large: OrientedBox) -> list[OrientedBox]:
    """Pieces of a large body give way to it, and it to a better one."""
    covered = [one for one in found if large.holds(one.x, one.y)]
    if any(one.score + _MARGIN >= large.score for one in covered):
        return found
    return sorted([large, *(one for one in found if one not in covered)], key=_score, reverse=True)


def _score(box: OrientedBox) -> float:
    return box.score


def _views(photo: np.ndarray) -> list[View]:
    """The whole photo, and its parts where they have the pixels for it."""
    height, width = photo.shape[:2]
    views = [whole(photo)]
    for parts in PARTS:
        side = _longer_side(photo) / (parts - (parts - 1) * _SHARED)
        if side >= WIDE:
            middles = (_middles(extent, side) for extent in (height, width))
            views += [View(x, y, 0.0, side) for y, x in itertools.product(*middles)]
    return views


def _middles(extent: int, side: float) -> list[float]:
    """Middles of parts that cover an extent."""
    if extent <= side:
        return [extent / 2]
    count = math.ceil((extent / side - _SHARED) / (1 - _SHARED) - 1e-9)
    middles: list[float] = np.linspace(side / 2, extent - side / 2, count).tolist()
    return middles


def _centred(find: Find, photo: np.ndarray, detection: OrientedBox) -> OrientedBox | None:
    """The body in the middle of a close-up, not a neighbour; None where there is none."""
    near = [
        one
        for one in find(photo, _close(detection), CLOSE, CANDIDATES)
        if math.hypot(one.x - detection.x, one.y - detection.y) < _OFF_CENTRE * detection.length
    ]
    return _both(detection, max(near, key=_score)) if near else None


def _apart(detections: list[OrientedBox]) -> list[OrientedBox]:
    """The best first, without those that overlap a better one."""
    kept: list[OrientedBox] = []
    for one in sorted(detections, key=_score, reverse=True):
        if all(oriented_overlap(one, other) < _SAME_BODY for other in kept):
            kept.append(one)
    return kept
