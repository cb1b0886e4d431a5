"""From photos as callers give them to the crops of their bodies, on all cores."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TypeAlias

from resistor_cls.data.images.files import image_errors, named
from resistor_cls.data.images.preprocessed import ImagePreprocessing, PreprocessedImage
from resistor_cls.errors import DataError
from resistor_cls.inference.in_order import mapped_in_order
from resistor_cls.inference.photo_input import Photo, pixels_of

# The crop of each body of a photo, or of the most probable one; or the whole photo.
Bodies: TypeAlias = list[PreprocessedImage]
_AHEAD = 48  # photos that all cores preprocess while the last ones are predicted


def each_with_bodies(
    photos: Iterable[Photo], prepare: ImagePreprocessing, every: bool, parallel: bool
) -> Iterator[tuple[Photo, Bodies | DataError]]:
    """Each photo with its bodies, or with the reason why it cannot be read.

    Args:
        photos: read as the results are taken; by several threads some photos ahead.
        prepare: of the network.
        every: whether all bodies are asked for.
        parallel: whether several threads preprocess a photo each.
    """

    def preprocess(photo: Photo) -> Bodies | DataError:
        try:
            return _bodies(photo, prepare, every)
        except DataError as error:
            return error

    if parallel:
        return mapped_in_order(preprocess, photos, _AHEAD)
    return ((photo, preprocess(photo)) for photo in photos)


def may_be_several(photos: Iterable[Photo]) -> bool:
    """Whether these are not known to be one photo, or none."""
    return not isinstance(photos, Sequence) or len(photos) > 1


def _bodies(photo: Photo, prepare: ImagePreprocessing, every: bool) -> Bodies:
    """The bodies of a photo.

    Raises:
        DataError: a photo that cannot be read.
    """
    is_file = isinstance(photo, str | os.PathLike)
    with named(Path(photo)) if is_file else nullcontext():  # type: ignore[arg-type]
        pixels = pixels_of(photo)
        with image_errors("preprocessed"):
            found = prepare.every(pixels) if every else []
            return found or [prepare(pixels)]
