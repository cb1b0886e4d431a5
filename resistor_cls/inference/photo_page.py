"""Prints predictions as a page of HTML that needs no other file, photo by photo."""

import functools
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from resistor_cls.colour_code import SWATCHES
from resistor_cls.data.crops import crop_shape, crop_upright
from resistor_cls.data.images.decode import as_rgb, read_photo
from resistor_cls.errors import many, printable
from resistor_cls.evaluation.pages.page import encoded, templates_in
from resistor_cls.evaluation.wording import share
from resistor_cls.inference.drawing import boxed, guess_in_words, ink_on
from resistor_cls.inference.prediction import Prediction
from resistor_cls.inference.printing import Format, put
from resistor_cls.inference.value_table import verdict_in_words
from resistor_cls.inference.wording import with_units

# Pixels of a photo's longer side and of a body: sharp on a phone, and about 20 kB together.
_PHOTO, _BODY = 420, 320


class Page(Format):
    """A list of photos with their predictions.

    Args:
        photos: number of photos.
        model: reference of the model.
        top: candidates of each prediction; 1 for the best alone.
    """

    def __init__(self, photos: int, model: str, top: int = 1) -> None:
        self._photos, self._model, self._top = photos, model, top
        self._counts: Counter[str] = Counter()
        self._calibrated = True

    def begin(self) -> None:
        """Writes the head of the page."""
        self._put("head", title=many(self._photos, "photo"), model=printable(self._model))

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Writes the card of a photo."""
        first = predictions[0]
        picture, close_ups = "", [""] * len(predictions)
        if first.error is None and first.photo is not None:
            photo = as_rgb(read_photo(first.photo))
            picture = encoded(np.asarray(boxed(photo, predictions, _PHOTO)), _PHOTO, _PHOTO)
            close_ups = [_close_up(photo, one) for one in predictions]
        kinds = [_kind(one) for one in predictions]
        self._counts.update(kinds)
        self._calibrated &= all(one.calibrated for one in predictions if one.error is None)
        self._put(
            "card",
            photo=printable(str(first.photo)),
            picture=picture,
            bodies=list(zip(predictions, kinds, close_ups, strict=True)),
            top=self._top,
        )

    def end(self) -> None:
        """Writes the counts, which the page shows above the photos, and the foot."""
        self._put("foot", counts=self._counts, calibrated=self._calibrated)

    def interrupt(self) -> None:
        """Writes the counts of the photos that are on the page, and the foot."""
        self.end()

    @staticmethod
    def _put(macro: str, **values: Any) -> None:
        # ASCII, because the page declares UTF-8 whatever the encoding of the output is.
        text = getattr(_template(), macro)(**values)
        put(f"{text}\n".encode("ascii", "xmlcharrefreplace").decode(), sys.stdout)


def _close_up(photo: np.ndarray, prediction: Prediction) -> str:
    """An enlarged picture of the body as a `data:` address; empty without a box."""
    if prediction.box is None:
        return ""
    body = crop_upright(photo, prediction.box.oriented, crop_shape(_BODY), 0.2)
    return encoded(body, _BODY, _BODY)


def _kind(prediction: Prediction) -> str:
    if prediction.error is not None:
        return "unreadable"
    if prediction.accepted:
        return "read"
    return "empty" if prediction.located is False else "unsure"


@functools.cache
def _template() -> Any:
    environment = templates_in(Path(__file__).parent)
    environment.filters |= {
        "percent": lambda value: with_units(share(value)),
        "printable": printable,
        "text": lambda text: with_units(printable(text)),
    }
    environment.globals |= {"guess": guess_in_words, "verdict": verdict_in_words}
    environment.globals |= {"swatches": SWATCHES, "inks": {name: ink_on(name) for name in SWATCHES}}
    return environment.get_template("photo_page.html").module
