"""Made-up detections, scores and bodies, for the engine of the exported page and for Python."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from resistor_cls.bands import BandScores
from resistor_cls.categories import Categories
from resistor_cls.data.crops import CROP_SHAPE, View
from resistor_cls.data.geometry import OrientedBox
from resistor_cls.data.images.preprocessed import ImagePreprocessing, PreprocessedImage
from resistor_cls.data.images.resize import Resize

# Detections that depend on the view alone, the same here and there.
FIND = """async (photo, view, size, count) => {
  const share = (place, number) => {
    const seed = view.x + 2 * view.y + 3 * view.span + size;
    const wave = Math.abs(Math.sin(seed * 1.29898 + place * 7.8233 + number * 3.7719)) * 437.585453;
    return wave - Math.floor(wave);
  };
  return Array.from({ length: Math.min(count, 5) }, (_, place) => {
    const length = view.span * (0.05 + 0.7 * share(place, 3));
    return {
      x: view.x + (share(place, 0) - 0.5) * view.span, y: view.y + (share(place, 1) - 0.5) * view.span,
      angle: share(place, 2) * Math.PI, length, width: 0.36 * length, score: share(place, 4),
    };
  }).sort((a, b) => b.score - a.score);
}"""  # noqa: E501


def find(photo: np.ndarray, view: View, size: int, count: int) -> list[OrientedBox]:
    """The same as `FIND`."""

    def share(place: int, number: int) -> float:
        seed = view.x + 2 * view.y + 3 * view.span + size
        wave = abs(math.sin(seed * 1.29898 + place * 7.8233 + number * 3.7719)) * 437.585453
        return wave - math.floor(wave)

    found = []
    for place in range(min(count, 5)):
        length = view.span * (0.05 + 0.7 * share(place, 3))
        x = view.x + (share(place, 0) - 0.5) * view.span
        y = view.y + (share(place, 1) - 0.5) * view.span
        angle = share(place, 2) * math.pi
        found.append(OrientedBox(x, y, angle, length, 0.36 * length, share(place, 4)))
    return sorted(found, key=lambda one: -one.score)


class GivenScores:
    """A network that gives scores, batch by batch."""

    locates = True

    def __init__(self, scores: BandScores) -> None:
        self._scores, self._read = scores, 0

    def read_photos(self, photos: np.ndarray) -> BandScores:
        batch = slice(self._read, self._read + len(photos))
        self._read = batch.stop
        assert self._scores.turned is not None
        return replace(part(self._scores, batch), turned=part(self._scores.turned, batch))


def part(scores: BandScores, batch: slice) -> BandScores:
    return BandScores(scores.slots[batch], scores.direction[batch], scores.watts[batch])


def random_scores(rng: np.random.Generator, count: int) -> BandScores:
    """Scores from doubtful to clear, of photos and of their half turns."""

    def logs(*shape: int) -> np.ndarray:
        clear = np.linspace(1, 9, count).reshape(count, *(1 for _ in shape))
        logits = rng.normal(size=(count, *shape)) * clear
        normalised = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
        return normalised.astype(np.float32)

    one, other = (BandScores(logs(6, 13), logs(2), logs(5)) for _ in range(2))
    agreeing = BandScores(one.slots[:, ::-1] + 0.1, one.direction, one.watts)
    half = count // 2
    turned = BandScores(
        np.concatenate([other.slots[:half], agreeing.slots[half:]]), other.direction, other.watts
    )
    return BandScores(one.slots, one.direction, one.watts, turned)


def random_bodies(rng: np.random.Generator, count: int) -> list[PreprocessedImage]:
    """Crops that are dark, bright, grey, blurred or fine, of bodies of any size."""
    rows, columns = CROP_SHAPE
    found = []
    for number in range(count):
        bands = rng.integers(0, 256, (1, 12, 3)).repeat(rows, axis=0)
        smooth = Image.fromarray(bands.astype(np.uint8)).resize((columns, rows))
        crop = np.asarray(smooth if number % 3 else bands.repeat(20, axis=1)[:, :columns])
        levels = crop * [1, 0.12, 1, 4][number % 4] + rng.normal(0, 3, crop.shape)
        if number % 7 == 0:
            levels = levels.mean(axis=2, keepdims=True).repeat(3, axis=2)
        photo = levels.clip(0, 255).astype(np.uint8)
        length = float(rng.choice([20, 80, 200]))
        box = OrientedBox(100.26, 80.5, 0.4, length, 0.36 * length, 0.9)
        level = OrientedBox(columns / 2, rows / 2, 0.0, 132.0, 47.5, 0.9)
        found.append(PreprocessedImage(photo, True, np.eye(2, 3), level, box))
    return found


class GivenCategories(GivenScores):
    """A network that gives probabilities and features."""

    reads_any_value = reads_bands = False
    parallel = True

    def __init__(self, likely: np.ndarray, features: np.ndarray, header: dict[str, Any]) -> None:
        self._likely, self._features = likely, features.astype(np.float16)
        self.categories = Categories(header["settings"]["categories"])
        self.metadata = header["card"]
        self.probability_threshold = header["settings"]["probability_threshold"]

    def predict_photos(self, photos: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._likely, self._features

    def image_preprocessing(self) -> ImagePreprocessing:
        return Resize(8)

    def set_inference(self, views: int | None, probability_threshold: float | None) -> None: ...
