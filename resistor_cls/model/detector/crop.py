"""The upright crop round the body that a detector finds."""

from collections.abc import Sequence

import numpy as np

from resistor_cls.data.crops import MARGIN, crop_shape, crop_view, sample_view
from resistor_cls.data.geometry import OrientedBox
from resistor_cls.data.images.decode import RGB
from resistor_cls.data.images.preprocessed import PreprocessedImage, check_channels
from resistor_cls.data.images.resize import checked_size, resize_image
from resistor_cls.model.detector.detector import BodyDetector


class DetectorCrop:
    """The body that a detector finds, cut out at the photo's full resolution, its axis level.

    Where nothing is found, the whole photo is resized instead.

    Args:
        size: longer side of the result in pixels, see `resistor_cls.data.crops.crop_shape`; or
            its rows and columns.
        detector: finds the body; a copy of it is used.
        margin: free length at either end of the body, in body lengths.

    Raises:
        ConfigError: a size that is none.
    """

    locates, channels = True, RGB

    def __init__(
        self, size: int | Sequence[int], detector: BodyDetector, margin: float = MARGIN
    ) -> None:
        self.size, self._margin = checked_size(size, "data.image_size"), margin
        self.shape = (
            crop_shape(self.size) if isinstance(self.size, int) else (self.size[0], self.size[1])
        )
        self._detector = detector.for_crops()
        rows, columns = self.shape
        self.key = f"crop {rows}x{columns} {margin} {self._detector.fingerprint()}"

    def __call__(self, photo: np.ndarray) -> PreprocessedImage:
        """Cuts out the best body; see `ImagePreprocessing`."""
        check_channels(photo, self.channels)
        with self._detector.repeatable():
            box = self._detector.detect(photo)
        if box is None:
            return PreprocessedImage(resize_image(photo, self.shape), located=False)
        return self._cut_out(photo, box)

    def every(self, photo: np.ndarray) -> list[PreprocessedImage]:
        """Cuts out each body, the best first; see `ImagePreprocessing`."""
        check_channels(photo, self.channels)
        with self._detector.repeatable():
            boxes = self._detector.detect_all(photo)
        return [self._cut_out(photo, box) for box in boxes]

    def _cut_out(self, photo: np.ndarray, box: OrientedBox) -> PreprocessedImage:
        view = crop_view(box, self.shape, self._margin)
        rows, columns = self.shape
        scale = columns / view.span
        level = OrientedBox(
            columns / 2, rows / 2, 0.0, box.length * scale, box.width * scale,
            box.score,
        )  # fmt: skip
        place = view.place(self.shape, photo.shape[:2])
        return PreprocessedImage(sample_view(photo, view, self.shape), True, place, level, box)
