"""A predictor whose predictions are known beforehand, and photos for it."""

import threading
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any, cast

import numpy as np
from PIL import Image

from resistor_cls.categories import Categories
from resistor_cls.inference import Predictor
from resistor_cls.inference.prediction import Box, Candidate, Prediction

CATEGORIES = Categories(["1K_1-4W", "2K2_1-4W", "2K2_1-2W"])


def photo(level: int, kind: str = "PNG", size: tuple[int, int] = (8, 6)) -> bytes:
    """The bytes of a grey photo."""
    file = BytesIO()
    Image.new("RGB", size, (level, level, level)).save(file, kind)
    return file.getvalue()


class Brightness:
    """Predicts the mean brightness of a photo as ohms.

    Attributes:
        begun: is set by the first prediction.
        free: predictions wait until it is set.
        batches: numbers of photos that were predicted together.
        defects: levels of brightness that raise an error of the code.
    """

    locates = True
    argument_prefix = ""
    metadata: dict[str, Any] = {}  # noqa: RUF012, never written

    def __init__(self, reads_any_value: bool = False) -> None:
        self.reads_any_value = reads_any_value
        self.categories = CATEGORIES
        self.begun, self.free = threading.Event(), threading.Event()
        self.free.set()
        self.batches: list[int] = []
        self.defects: set[float] = set()

    def predict(self, photos: Sequence[np.ndarray], top: int = 3) -> Iterator[Prediction]:
        return (one[0] for one in self.predict_bodies(photos, top))

    def predict_bodies(
        self, photos: Sequence[np.ndarray], top: int = 3
    ) -> Iterator[list[Prediction]]:
        self.begun.set()
        self.free.wait(20)
        self.batches.append(len(photos))
        for one in photos:
            level = float(one.mean())
            if level in self.defects:
                raise RuntimeError("a defect in /secret/place.py")
            yield [_prediction(level, top, body) for body in (1, 2)]


def as_predictor(made: Brightness) -> Predictor:
    """The same object, for what asks for a `Predictor` and uses this much of it."""
    return cast(Predictor, made)


def _prediction(level: float, top: int, body: int) -> Prediction:
    text = f"{level:.0f} Ω"
    return Prediction(
        None,
        text=text,
        ohms=level,
        bands=("brown", "black", "red", "gold"),
        confidence=0.9,
        accepted=True,
        located=True,
        box=Box(4.0, 3.0, 6.0, 2.0, 12.0),
        candidates=(Candidate(text, level, None, 0.9, 0.9),) * top,
        body=body,
    )
