"""What is wrong with a photo, as measured on it.

The limits are estimates, compared with the distribution of each measure on 437 crops of four sets
of photos. On these the measures did not predict which readings are wrong. A reason is therefore
only a remedy that is worth a try, and a photo beyond a limit is accepted where its reading is
certain. A photo without colour is the exception: its bands cannot be read, whatever the model says.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resistor_cls.bands import BANDS, BandScores
from resistor_cls.colour_code import DIGIT_BANDS
from resistor_cls.data.geometry import OrientedBox
from resistor_cls.decoding import ValueReading

# Pixels of the photo along a body: a band is about a fourteenth of it, and below 3 pixels it mixes
# with its neighbours.
MIN_LENGTH = 40.0
# Brightest tenth of the body, luma of 0 to 255. Below, 8 bits leave dark colours few levels, and
# noise is as large as their differences. A twentieth of dark microscope photos is below 42.
MIN_BRIGHTNESS = 40.0
# Pixels of the body in which all three channels are clipped, as a share: a highlight along a
# glossy body covers less (99 % of 189 photos by one photographer: less than 0.07).
MAX_CLIPPED = 0.2
_CLIPPED = 250  # of 255: JPEG moves clipped pixels by a few levels
# Width of the sharpest edge along the axis, as a share of the length of the body. A band is about
# 0.07 wide: neighbouring bands mix when an edge is as wide. Most photos have 0.02 to 0.045,
# half of a set of blurred video frames more than 0.069.
MAX_EDGE_WIDTH = 0.065
# Standard deviation of the differences of the channels that brightness does not explain, in levels
# of 255: a grey photo has 0, one of a single tint little; 742 photos by three people have at least
# 3.9.
MIN_COLOUR = 2.0
# The reasons, and what to do; the web export takes them from here.
NO_COLOUR = "the photo has no colour, or a single tint; take it in colour"
SMALL = "the body is {length:.0f} pixels long; come closer"
DARK = "the photo is too dark; more light"
BRIGHT = "the photo is too bright: the body is blown out; less exposure"
BLURRED = "the photo is blurred; hold still or focus"
DARK_BANDS = "the {first} and {second} band are too dark to tell apart; more light"
DOUBTFUL_BAND = "the {place} band is {one} or {other}"
# Contrast along the axis below which no edge is measured, in levels of 255: noise is as large.
_MIN_CONTRAST = 12.0
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
# The part of a box that is measured: without the ends, which are round and often in metal caps,
# and without the upper and lower third, which are in shadow.
_ALONG, _ACROSS = 0.9, 0.4

# Colours that are nearly black in little light.
DARK_COLOURS = frozenset({"black", "brown", "blue", "violet", "grey"})
# Probability of the second colour of a band from which both are possible, and of both together
# from which no third one is.
_SECOND, _BOTH = 0.15, 0.8
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


@dataclass(frozen=True)
class CropQuality:
    """Measures of the body in a crop.

    Attributes:
        brightness: 90th percentile of the luma, 0 to 255.
        clipped: share of pixels in which all channels are clipped, 0 to 1.
        edge_width: width of the sharpest edge along the axis, as a share of the length of the
            body; nan where the contrast is too low to measure it.
        colour: standard deviation of the differences between channels that the luma does not
            explain, in levels of 255.
    """

    brightness: float
    clipped: float
    edge_width: float
    colour: float


def crop_quality(crop: NDArray[np.uint8], body: OrientedBox) -> CropQuality:
    """Measures the body in a crop.

    Args:
        crop: (rows, columns, 3) uint8 RGB, with the axis of the body along the rows.
        body: in pixels of the crop.
    """
    rows, columns = crop.shape[:2]
    pixels = crop[
        _part(body.y, _ACROSS * body.width, rows), _part(body.x, _ALONG * body.length, columns)
    ].astype(float)
    return CropQuality(
        brightness=float(np.percentile(pixels @ _LUMA, 90)),
        clipped=float((pixels.min(axis=2) >= _CLIPPED).mean()),
        edge_width=_edge_width(np.median(pixels, axis=0)) / body.length,
        colour=_colour(pixels.reshape(-1, 3)),
    )


def _part(centre: float, size: float, limit: int) -> slice:
    """The pixels of a side that a length round its centre covers, at least one."""
    first = min(max(round(centre - size / 2), 0), limit - 1)
    return slice(first, max(first + 1, min(round(centre + size / 2), limit)))


def _colour(pixels: NDArray[np.float64]) -> float:
    """How much more than their brightness, or one tint of it, pixels (pixels, 3) differ in."""
    luma = pixels @ _LUMA
    differences = pixels[:, [0, 2]] - pixels[:, [1]]
    known = np.stack([luma, np.ones_like(luma)], axis=1)
    explained = known @ np.linalg.lstsq(known, differences, rcond=None)[0]
    return float((differences - explained).std(axis=0).max())


def _edge_width(profile: NDArray[np.float64]) -> float:
    """The contrast along the axis over the steepest slope, in pixels; nan where it is too low.

    Args:
        profile: (columns, 3) colours along the axis.
    """
    if len(profile) < 3:
        return float("nan")
    contrast = np.percentile(profile, 95, axis=0) - np.percentile(profile, 5, axis=0)
    channel = contrast.argmax()  # blue and red bands hardly differ in luma
    if contrast[channel] < _MIN_CONTRAST:
        return float("nan")
    slope = np.abs(profile[2:, channel] - profile[:-2, channel]).max() / 2
    return float(contrast[channel] / slope)


def photo_reason(length: float, quality: CropQuality) -> str | None:
    """What is wrong with the photo, and what to do; None where nothing is.

    The first that applies: a small body, too little light, too much light, blur.

    Args:
        length: of the body in pixels of the photo.
        quality: of its crop.
    """
    if length < MIN_LENGTH:
        return SMALL.format(length=length)
    if quality.brightness < MIN_BRIGHTNESS:
        return DARK
    if quality.clipped > MAX_CLIPPED:
        return BRIGHT
    if quality.edge_width > MAX_EDGE_WIDTH:
        return BLURRED
    return None


def band_reason(scores: BandScores, photo: int, reading: ValueReading) -> str | None:
    """Which bands cannot be distinguished; None where each is clear, or the number of bands is not.

    Args:
        scores: of some photos.
        photo: position of the photo.
        reading: its most probable reading, in whose order the bands are counted.
    """
    logs, _ = scores.of_count(photo, len(reading.bands))
    shares = np.exp(logs - np.logaddexp.reduce(logs, axis=1, keepdims=True))
    order = np.argsort(-shares, axis=1, kind="stable")[:, :2]
    first, second = np.take_along_axis(shares, order, axis=1).T
    doubtful = (second >= _SECOND) & (first + second >= _BOTH)
    pairs = [tuple(BANDS[band] for band in pair) for pair in order]
    if reading.reversed:
        doubtful, pairs, second = doubtful[::-1], pairs[::-1], second[::-1]
    dark = doubtful & np.array([DARK_COLOURS.issuperset(pair) for pair in pairs])
    for place in range(DIGIT_BANDS[len(reading.bands)]):
        if dark[place] and dark[place + 1]:
            return DARK_BANDS.format(first=_ORDINALS[place], second=_ORDINALS[place + 1])
    # Tolerance and temperature coefficient do not make the value doubtful.
    of_value = DIGIT_BANDS[len(reading.bands)] + 1
    named = [
        place for place, one in enumerate(pairs[:of_value]) if doubtful[place] and "none" not in one
    ]
    if not named:
        return None
    place = max(named, key=lambda one: second[one])
    one, other = pairs[place]
    return DOUBTFUL_BAND.format(place=_ORDINALS[place], one=one, other=other)
