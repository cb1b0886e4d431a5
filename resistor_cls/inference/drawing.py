"""Draws predictions: the boxes of bodies on a photo, and captions."""

import functools
import importlib.util
import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from resistor_cls.colour_code import SWATCHES
from resistor_cls.data.crops import crop_shape, crop_upright
from resistor_cls.data.images.decode import as_rgb
from resistor_cls.errors import printable
from resistor_cls.evaluation.wording import share
from resistor_cls.inference.prediction import Box, Prediction
from resistor_cls.inference.value_table import verdict_in_words
from resistor_cls.inference.wording import with_units

# Longer side of an annotated copy in pixels: small photos are enlarged, so that the caption can be
# read, and large ones are reduced, so that a copy opens quickly.
MIN_SIDE, MAX_SIDE = 960, 2400
_MIN_WIDTH = 720  # pixels of a caption
_READ, _REFUSED = (64, 220, 130), (255, 167, 38)  # of a box: red, green, blue
_PAPER, _INK, _SOFT = "#14181d", "#f4f6f8", "#aeb7c0"
_BOX_MARGIN = 0.14  # between a body and its box, in body widths


def accent(prediction: Prediction) -> tuple[int, int, int]:
    """The colour of a box: one for readings, another for predictions that are not accepted."""
    return _READ if prediction.accepted else _REFUSED


def boxed(photo: np.ndarray, predictions: Sequence[Prediction], longest: int) -> Image.Image:
    """A photo with the boxes of its bodies, which are numbered where there are several.

    Args:
        photo: (height, width, channels) uint8, upright.
        predictions: of this photo.
        longest: longer side of the result in pixels.
    """
    height, width = photo.shape[:2]
    scale = longest / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # Two averaging steps: large photos are not resampled at full cost.
    picture = np.array(
        Image.fromarray(as_rgb(photo)).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    )
    thick = max(2, round(longest / 320))
    for one in predictions:
        if one.box is not None:
            corners = _corners(one.box, scale, thick)
            # OpenCV takes eighths of a pixel as whole numbers.
            points = np.round(corners * 8).astype(np.int32).reshape(-1, 1, 2)
            for colour, line in (
                ((20, 24, 29), thick + 2 * max(1, thick // 2)),
                (accent(one), thick),
            ):
                cv2.polylines(picture, [points], True, colour, line, cv2.LINE_AA, shift=3)
    image = Image.fromarray(picture)
    if len(predictions) > 1:
        for one in predictions:
            if one.box is not None and one.body is not None:
                _number(image, one, scale, thick)
    return image


def _corners(box: Box, scale: float, thick: int) -> np.ndarray:
    """(4, 2) corners of a box with a margin around the body, in pixels of a scaled photo."""
    angle = math.radians(box.degrees)
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]])
    margin = 2 * (_BOX_MARGIN * box.width * scale + thick)
    half_length = (box.length * scale + margin) / 2
    half_width = (box.width * scale + margin) / 2
    centre = np.array([box.x, box.y]) * scale
    ends = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return np.array([centre + a * half_length * along + b * half_width * across for a, b in ends])


def _number(image: Image.Image, prediction: Prediction, scale: float, thick: int) -> None:
    """Puts the number of a body at the highest corner of its box."""
    assert prediction.box is not None
    x, y = min(_corners(prediction.box, scale, thick).tolist(), key=lambda one: one[1])
    radius = max(10, round(max(image.size) / 55))
    x = min(max(x, radius), image.width - radius)
    y = min(max(y - radius, radius), image.height - radius)
    draw = ImageDraw.Draw(image)
    place = (x - radius, y - radius, x + radius, y + radius)
    draw.ellipse(place, fill=accent(prediction), outline=(20, 24, 29), width=max(1, thick // 2))
    font = _font(round(radius * 1.2), bold=True)
    draw.text((x, y), str(prediction.body), (20, 24, 29), font, anchor="mm")


def annotated(photo: np.ndarray, predictions: Sequence[Prediction]) -> Image.Image:
    """A photo with the boxes of its bodies, and below it a caption for each prediction.

    Args:
        photo: (height, width, channels) uint8, upright.
        predictions: of this photo.
    """
    longest = min(max(*photo.shape[:2], MIN_SIDE), MAX_SIDE)
    picture = boxed(photo, predictions, longest)
    width = max(picture.width, _MIN_WIDTH)
    captions = [_caption(photo, one, width) for one in predictions]
    height = picture.height + sum(caption.height for caption in captions)
    canvas = Image.new("RGB", (width, height), _PAPER)
    canvas.paste(picture, ((width - picture.width) // 2, 0))
    top = picture.height
    for caption in captions:
        canvas.paste(caption, (0, top))
        top += caption.height
    return canvas


class _Page:
    """An image that a caption is written on, line by line.

    Args:
        width: in pixels.
        left: where lines begin.
        size: of the largest letters, in pixels.
    """

    def __init__(self, width: int, left: int, size: int) -> None:
        self._right, self._left, self.size = width - size, left, size
        self.bottom = round(0.7 * size)
        # Taller than any caption; the unused part is cropped.
        self.image = Image.new("RGB", (width, 24 * size), _PAPER)
        self._draw = ImageDraw.Draw(self.image)

    def line(self, text: str, size: int, colour: str, bold: bool = False, after: str = "") -> None:
        """Writes a line, smaller where it is too long, and a smaller text behind or below it."""
        text, width = printable(text), self._right - self._left
        while size > 8 and _font(size, bold).getlength(text) > width:
            size -= max(1, size // 16)
        font, behind = _font(size, bold), _font(max(8, round(0.6 * size)))
        self.bottom += size
        self._draw.text((self._left, self.bottom), text, colour, font, anchor="ls")
        x = self._left + font.getlength(text) + 0.6 * size
        if after and x + behind.getlength(after) > self._left + width:
            self.bottom += size
            x = self._left
        self._draw.text((x, self.bottom), after, _SOFT, behind, anchor="ls")
        self.bottom += round(0.42 * size)

    def paragraph(self, text: str, size: int) -> None:
        """Writes a text on as many lines as it needs."""
        font, line = _font(size), ""
        for word in with_units(text).split(" "):
            longer = f"{line} {word}".strip()
            if line and font.getlength(longer) > self._right - self._left:
                self.line(line, size, _SOFT)
                longer = word
            line = longer
        self.line(line, size, _SOFT)

    def bands(self, colours: Sequence[str], size: int) -> None:
        """Draws fields in the colours of bands, with their names, on one line or several."""
        font, gap = _font(size), round(0.35 * size)
        high, x = round(1.75 * size), self._left
        for colour in colours:
            wide = round(font.getlength(colour) + 1.3 * size)
            if x > self._left and x + wide > self._right:
                x, self.bottom = self._left, self.bottom + high + gap
            place = (x, self.bottom, x + wide, self.bottom + high)
            fill = SWATCHES[colour]
            self._draw.rounded_rectangle(place, 0.35 * size, fill, "#5b6570", max(1, size // 12))
            middle = (x + wide / 2, self.bottom + high / 2)
            self._draw.text(middle, colour, ink_on(colour), font, anchor="mm")
            x += wide + gap
        self.bottom += high + round(0.5 * size)


def _caption(photo: np.ndarray, prediction: Prediction, width: int) -> Image.Image:
    """The caption of a prediction, beside an enlarged picture of the body."""
    size = round(min(max(width / 26, 26), 110))
    left, close = size, None
    if prediction.box is not None:
        close = Image.fromarray(
            crop_upright(
                as_rgb(photo), prediction.box.oriented, crop_shape(round(0.3 * width)), 0.2
            )
        )
        left = 2 * size + close.width
    page = _Page(width, left, size)
    number = "" if prediction.body is None else f"{prediction.body}  "
    page.line(f"{number}{prediction.text}", size, _INK, True, confidence_in_words(prediction))
    for bands in prediction.markings:
        page.bands(bands, round(0.58 * size))
    if len(prediction.markings) > 1:
        page.paragraph("one of these markings", round(0.5 * size))
    verdict = verdict_in_words(prediction)
    for text in (verdict, prediction.reason, prediction.label and f"label {prediction.label}"):
        if text:
            page.paragraph(text, round(0.58 * size))
    bottom = page.bottom + round(0.5 * size)
    if close is not None:
        bottom = max(bottom, close.height + 2 * size)
        page.image.paste(close, (size, (bottom - close.height) // 2))
    ImageDraw.Draw(page.image).rectangle((0, 0, width, max(2, size // 10)), accent(prediction))
    return page.image.crop((0, 0, width, bottom))


def confidence_in_words(prediction: Prediction) -> str:
    """The confidence, named as that of the best guess where it is not accepted; may be empty."""
    if prediction.confidence is None:
        return ""
    whose = guess_in_words(prediction)
    basis = "" if prediction.calibrated else " (uncalibrated)"
    return f"{whose}{share(prediction.confidence)}{basis}"


def guess_in_words(prediction: Prediction) -> str:
    """What stands before the confidence of a prediction that is not accepted; else empty.

    It names the value where the reason does not: that of a category ends with the best guess.
    """
    if prediction.accepted:
        return ""
    best = prediction.candidates[0] if prediction.candidates else None
    return "best guess " if best is None or best.category else f"best guess {best.text}, "


def ink_on(colour: str) -> str:
    """Black or white, whichever can be read on the swatch of a band's colour."""
    red, green, blue = (int(SWATCHES[colour][place : place + 2], 16) for place in (1, 3, 5))
    return "#111418" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#ffffff"


@functools.cache
def _font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib; Pillow's own font has no Ω."""
    package = importlib.util.find_spec("matplotlib")  # found, but not imported: that takes a second
    assert package is not None and package.origin is not None
    fonts = Path(package.origin).parent / "mpl-data" / "fonts" / "ttf"
    return ImageFont.truetype(fonts / f"DejaVuSans{'-Bold' if bold else ''}.ttf", size)
