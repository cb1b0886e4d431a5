"""What happens to a decoded photo before it is batched; see `resistor_cls.model.preprocessing`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from resistor_cls.data.crops import crop_shape
from resistor_cls.data.images.decode import RGB
from resistor_cls.data.images.preprocessed import ImagePreprocessing
from resistor_cls.data.images.resize import Resize
from resistor_cls.model.detector.crop import DetectorCrop
from resistor_cls.model.detector.detector import BodyDetector


def photo_preprocessing(
    detector: BodyDetector | None,
    size: int | Sequence[int],
    margin: float,
    channels: int,
    steps: Mapping[str, Any] | None,
) -> ImagePreprocessing:
    """Resizes photos, or cuts out bodies, and applies fixed transforms.

    Args:
        detector: finds the bodies; None for whole photos.
        size: longer side of the result in pixels, or its rows and columns.
        margin: free length at either end of the body, in body lengths.
        channels: that the backbone sees.
        steps: fixed transforms as plain values, or None.

    Raises:
        ConfigError: an argument that cannot be used.
    """
    preprocess = (
        Resize(size, RGB if channels == 1 else channels)
        if detector is None
        else DetectorCrop(size, detector, margin)
    )
    if steps is None:
        return preprocess
    # Most models have none, and albumentations takes a second to import.
    from resistor_cls.data.augment.fixed import WithFixedTransforms

    return WithFixedTransforms(preprocess, steps)


def photo_shape(image_size: int | list[int], locate: object) -> tuple[int, int]:
    """Rows and columns of what the backbone sees.

    Args:
        image_size: of `resistor_cls.model.preprocessing.Preprocessing`.
        locate: whether it sees crops round the body instead of whole photos.
    """
    return _shape(image_size, crop_shape if locate else _square)


def _shape(size: int | list[int], of_number: Callable[[int], tuple[int, int]]) -> tuple[int, int]:
    """Rows and columns: the given ones, or those of a single number."""
    return of_number(size) if isinstance(size, int) else (size[0], size[1])


def _square(size: int) -> tuple[int, int]:
    return size, size
