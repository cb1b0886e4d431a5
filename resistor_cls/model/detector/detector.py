"""What every detector does, whatever runs its network: searches photos for bodies."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext

import numpy as np

from resistor_cls.data.crops import View, sample_view
from resistor_cls.data.geometry import OrientedBox
from resistor_cls.model.detector import search
from resistor_cls.model.detector.decoding import decode
from resistor_cls.model.detector.search import SEARCH_VERSION, WIDE

DETECTOR_FORMAT = 2  # counts changes of the network and of the file


class BodyDetector(ABC):
    """Finds bodies in photos by a network that scores views.

    Attributes:
        threshold: smallest score of a body that counts as found.
    """

    threshold: float

    @abstractmethod
    def score_view(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Runs the network on a view.

        Args:
            pixels: (size, size, 3) uint8 RGB, size a multiple of 32.

        Returns:
            Logits (cells, cells) of a body's centre, and geometry (6, cells, cells), float32; see
            `resistor_cls.model.detector.network.Detector.forward`.
        """

    @abstractmethod
    def fingerprint(self) -> str:
        """Identifies what the detector finds; see `fingerprint_of`."""

    def for_crops(self) -> "BodyDetector":
        """A detector that stays as it is, whatever becomes of this one."""
        return self

    def repeatable(self) -> AbstractContextManager[None]:
        """While it is open, the same photo gives the same detections to the bit."""
        return nullcontext()

    def best(self, photo: np.ndarray, *, views: int = 3) -> OrientedBox:
        """The best detection, however low its score.

        Args:
            photo: (height, width, 3) uint8 RGB, of any size.
            views: 1 for the whole photo alone, 2 for a close-up of each detection too, 3 for a
                view from further away too.
        """
        if views == 1:
            return self._detect_in_view(photo, search.whole(photo), WIDE, 1)[0]
        if views == 2:
            return search.in_frame(self._detect_in_view, photo)
        return search.find_best(self._detect_in_view, photo)

    def detect(self, photo: np.ndarray) -> OrientedBox | None:
        """Where the body lies, or None where there is none.

        Args:
            photo: (height, width, 3) uint8 RGB, of any size.
        """
        box = self.best(photo)
        return box if box.score >= self.threshold else None

    def detect_all(self, photo: np.ndarray) -> list[OrientedBox]:
        """Where each body lies, the best first; empty where there is none.

        Args:
            photo: (height, width, 3) uint8 RGB, of any size.
        """
        return search.find_all(self._detect_in_view, photo, self.threshold)

    def _detect_in_view(
        self, photo: np.ndarray, view: View, size: int, count: int
    ) -> list[OrientedBox]:
        """The best detections in a view, the best first."""
        logits, geometry = self.score_view(sample_view(photo, view, (size, size)))
        # Where the logit is far below 0 its exponential is infinite, and the score 0.
        with np.errstate(over="ignore"):
            scores = 1 / (1 + np.exp(-logits))
        scale = view.span / size
        left, top = view.x - view.span / 2, view.y - view.span / 2
        return [
            OrientedBox(left + x * scale, top + y * scale, angle, long * scale, wide * scale, score)
            for x, y, angle, long, wide, score in decode(scores, geometry, count).tolist()
        ]


def fingerprint_of(threshold: float, weights: Iterable[bytes]) -> str:
    """Identifies what a detector finds: by its search, its weights and its threshold.

    Returns:
        16 hexadecimal digits.
    """
    digest = hashlib.sha256(f"{DETECTOR_FORMAT}.{SEARCH_VERSION} {threshold}".encode())
    for part in weights:
        digest.update(part)
    return digest.hexdigest()[:16]
