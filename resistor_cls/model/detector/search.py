"""Where in a photo the locator looks for bodies, and which of the places that it sees count.

The net sees bodies of 13 to 100 pixels in 256. A photo is looked at whole, and what is found there
in a close-up; from further away, for bodies that fill the frame; and, where each body is asked for,
in parts, for bodies that are small in it. experiments/locator/README.md measures each of these.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from resistor_cls.data.crops import View, look
from resistor_cls.data.geometry import OrientedBox, oriented_overlap

# From (photo, view, side in pixels to see it at, maximum): places in pixels of the photo, the
# likeliest first.
Find = Callable[[np.ndarray, View, int, int], list[OrientedBox]]

SEARCH_VERSION = 1  # counts changes of this file that move crops; caches of crops go by it
WIDE = 256  # side in pixels of the first look: the whole photo
CLOSE = 160  # of the second: bodies of 68 px then keep their pixels
CLOSE_LENGTHS = 2.5  # side of the second look, in body lengths
# Places of the first look that get a close-up each where the likeliest one leaves a doubt: glare on
# wood outshines small bodies.
CANDIDATES, DOUBT = 4, 0.5

# The look from further away: its side in pixels, and in longer sides of the photo. A body that
# fills the frame is then 64 px long or, from corner to corner, 90.
FAR, FAR_SIDES = 128, 2.0
# Length from which a body is better seen from further away, in longer sides of the photo; one that
# seems shorter by less than the slack gets a close-up, which tells its length better.
LARGE, _SLACK = 0.4, 0.15
# Smallest score of a large body, and by how much it must exceed that of an ordinary find: two
# glares on a dark table may look like a body from far away.
LARGE_SCORE, _MARGIN = 0.4, 0.05
# A body whose ends are cut off by the frame is seen against a border of one colour. So is any strip
# of wood or paper that the frame cuts out, hence the conditions, in longer sides of the photo: both
# ends are near the edge or beyond, both long sides are clear of it; and the close-up of it in which
# the photo's edge goes on shows a body, too.
CUT_SCORE, _CUT_END, _CUT_CLEAR, _CUT_GOES_ON = 0.5, 0.05, 0.06, 0.1
# Where each body is asked for, so many parts of a photo along its longer side are looked at, too;
# neighbours share so much at least, in sides of a part, that each small body is whole in one.
PARTS, _SHARED = (2, 4), 0.15
MAX_BODIES = 64  # of one photo
# Smallest score where each body is asked for: many places are looked at, and wires have bends.
EVERY_SCORE = 0.4
_OFF_CENTRE = 0.5  # of its length is how far a body may lie from where the first look saw it
_SAME_BODY = 0.2  # intersection over union of two rectangles that are one body
# Ordinary finds that leave no reason to look from further away: likely ones clear of the edge.
_FIRM, _CLEAR = 0.75, 0.03


def whole(photo: np.ndarray) -> View:
    """The view of the whole photo."""
    height, width = photo.shape[:2]
    return View(width / 2, height / 2, 0.0, max(height, width))


def likeliest(find: Find, photo: np.ndarray) -> OrientedBox:
    """The likeliest place of a body, however unlikely.

    Args:
        find: the net's eye.
        photo: (height, width, 3) uint8 RGB, of any size.
    """
    best = in_frame(find, photo)
    if _in_doubt(best, photo):
        for large in from_away(find, photo, best.score + _MARGIN):
            best = max(best, large, key=_score)
    return best


def in_frame(find: Find, photo: np.ndarray) -> OrientedBox:
    """The likeliest place of a body by the whole photo and close-ups."""
    places = find(photo, whole(photo), WIDE, CANDIDATES)
    best = _closer(find, photo, places[0])
    if best.score < DOUBT:
        others = (_closer(find, photo, place) for place in places[1:])
        best = max([best, *others], key=_score)
    return best


def _closer(find: Find, photo: np.ndarray, place: OrientedBox) -> OrientedBox:
    """What a close-up of a place shows."""
    return _both(place, find(photo, _close(place), CLOSE, 1)[0])


def _close(place: OrientedBox) -> View:
    side = CLOSE_LENGTHS * max(place.length, 2 * place.width)
    return View(place.x, place.y, 0.0, side)


def _both(place: OrientedBox, close: OrientedBox) -> OrientedBox:
    """Wood may look like a body from afar, a bend of a wire from close by: not both."""
    return replace(close, score=math.sqrt(place.score * close.score))


def from_away(find: Find, photo: np.ndarray, above: float = 0.0) -> list[OrientedBox]:
    """Bodies that fill the frame, or are cut off by it, as they look from further away.

    Args:
        find: the net's eye.
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
    """The likeliest body that fills the frame, if there is one; the photo's edge goes on."""
    smallest = max(LARGE_SCORE, above)
    found = [
        _closer(find, small, place)
        for place in find(small, _far(small), FAR, 2)
        # A close-up's score is at most 1.
        if place.score >= smallest**2 and place.length > (LARGE - _SLACK) * _longer(small)
    ]
    return _likeliest_large(found, smallest, small)


def _cut_off(find: Find, small: np.ndarray, above: float) -> list[OrientedBox]:
    """The likeliest body that the frame cuts off; the photo lies in a border of one colour."""
    smallest = max(CUT_SCORE, above)
    bordered, border = _bordered(small)
    found = []
    for place in find(bordered, _far(small, border), FAR, 2):
        if place.score < smallest**2:
            continue
        inside = _moved(_closer(find, bordered, place), -border)
        if not _is_cut(inside, small.shape):
            continue
        goes_on = find(small, _close(_moved(place, -border)), CLOSE, 1)[0]
        if goes_on.score >= _CUT_GOES_ON:
            found.append(inside)
    return _likeliest_large(found, smallest, small)


def _likeliest_large(
    found: list[OrientedBox], smallest: float, small: np.ndarray
) -> list[OrientedBox]:
    """The likeliest of those that are long and likely enough, alone."""
    length = LARGE * _longer(small)
    large = [one for one in found if one.length > length and one.score >= smallest]
    return [max(large, key=_score)] if large else []


def _small(photo: np.ndarray) -> tuple[np.ndarray, float]:
    """A photo of at most `WIDE` pixels a side, and how many of its pixels one of the photo is."""
    height, width = photo.shape[:2]
    scale = min(1.0, WIDE / max(height, width))
    if scale == 1:
        return photo, 1.0
    shape = max(1, round(height * scale)), max(1, round(width * scale))
    return look(photo, View(width / 2, height / 2, 0.0, width), shape), shape[1] / width


def _longer(photo: np.ndarray) -> int:
    return max(photo.shape[:2])


def _far(small: np.ndarray, border: int = 0) -> View:
    height, width = small.shape[:2]
    return View(width / 2 + border, height / 2 + border, 0.0, FAR_SIDES * max(height, width))


def _bordered(small: np.ndarray) -> tuple[np.ndarray, int]:
    """The photo within a border of the median colour of its edge, and the border's width."""
    border = math.ceil((FAR_SIDES - 1) / 2 * _longer(small)) + 1
    edge = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    colour = [int(level) for level in np.median(edge, axis=0)]
    sides = (border, border, border, border)
    return cv2.copyMakeBorder(small, *sides, cv2.BORDER_CONSTANT, value=colour), border


def _moved(location: OrientedBox, by: float) -> OrientedBox:
    return replace(location, x=location.x + by, y=location.y + by)


def _in_doubt(location: OrientedBox, photo: np.ndarray) -> bool:
    """Whether an ordinary find may be a piece of a body that fills the frame."""
    ends, sides = _room(location, photo.shape)
    return location.score < _FIRM or min(*ends, *sides) < _CLEAR


def _is_cut(location: OrientedBox, shape: tuple[int, ...]) -> bool:
    ends, sides = _room(location, shape)
    return max(ends) < _CUT_END and min(sides) > _CUT_CLEAR


def _room(
    location: OrientedBox, shape: tuple[int, ...]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """How far the middles of a body's ends, and of its sides, lie inside the photo.

    In longer sides of the photo; beyond its edge, less than 0.
    """
    height, width = shape[:2]
    cos, sin = math.cos(location.angle), math.sin(location.angle)

    def inside(along: float, across: float) -> float:
        x = location.x + along * cos - across * sin
        y = location.y + along * sin + across * cos
        return min(x, width - x, y, height - y) / max(height, width)

    end, side = location.length / 2, location.width / 2
    return (inside(-end, 0), inside(end, 0)), (inside(0, -side), inside(0, side))


def every(find: Find, photo: np.ndarray, threshold: float) -> list[OrientedBox]:
    """Where each body lies, the likeliest first.

    Args:
        find: the net's eye.
        photo: (height, width, 3) uint8 RGB, of any size.
        threshold: smallest score of a body where there is one alone.
    """
    places = [
        place
        for view in _views(photo)
        for place in find(photo, view, WIDE, MAX_BODIES)
        # A close-up's score is at most 1.
        if place.score >= threshold**2
    ]
    close = (_centred(find, photo, place) for place in _apart(places))
    found = _apart([one for one in close if one is not None and one.score >= EVERY_SCORE])
    if not found or _in_doubt(found[0], photo):
        for large in from_away(find, photo):
            found = _with_large(found, large)
    if len(found) < 2:  # one body alone lies where it does for whoever asks for one
        best = likeliest(find, photo)
        found = [best] if best.score >= threshold else found
    return found[:MAX_BODIES]


def _with_large(found: list[OrientedBox], large: OrientedBox) -> list[OrientedBox]:
    """Pieces of a large body give way to it, and it to a likelier one."""
    covered = [one for one in found if large.holds(one.x, one.y)]
    if any(one.score + _MARGIN >= large.score for one in covered):
        return found
    return sorted([large, *(one for one in found if one not in covered)], key=_score, reverse=True)


def _score(location: OrientedBox) -> float:
    return location.score


def _views(photo: np.ndarray) -> list[View]:
    """The whole photo, and its parts where they have the pixels for it."""
    height, width = photo.shape[:2]
    views = [whole(photo)]
    for parts in PARTS:
        side = _longer(photo) / (parts - (parts - 1) * _SHARED)
        if side >= WIDE:
            middles = (_middles(extent, side) for extent in (height, width))
            views += [View(x, y, 0.0, side) for y, x in itertools.product(*middles)]
    return views


def _middles(extent: int, side: float) -> list[float]:
    """Middles of parts that cover an extent."""
    if extent <= side:
        return [extent / 2]
    count = math.ceil((extent / side - _SHARED) / (1 - _SHARED) - 1e-9)
    return np.linspace(side / 2, extent - side / 2, count).tolist()


def _centred(find: Find, photo: np.ndarray, place: OrientedBox) -> OrientedBox | None:
    """What a close-up shows in its middle, and not of a neighbour; None where there is no body."""
    near = [
        one
        for one in find(photo, _close(place), CLOSE, CANDIDATES)
        if math.hypot(one.x - place.x, one.y - place.y) < _OFF_CENTRE * place.length
    ]
    return _both(place, max(near, key=_score)) if near else None


def _apart(locations: list[OrientedBox]) -> list[OrientedBox]:
    """The likeliest first, without those that lie on a likelier one."""
    kept: list[OrientedBox] = []
    for one in sorted(locations, key=_score, reverse=True):
        if all(oriented_overlap(one, other) < _SAME_BODY for other in kept):
            kept.append(one)
    return kept
