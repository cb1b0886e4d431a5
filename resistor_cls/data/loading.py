"""From a source and external splits to photos that are known to be readable."""

from collections.abc import Mapping
from pathlib import Path

from resistor_cls.data.images.cache import PhotoCache, open_cache
from resistor_cls.data.images.preprocessed import ImagePreprocessing
from resistor_cls.data.sources.photo_set import PhotoSet
from resistor_cls.data.sources.source import Source
from resistor_cls.data.sources.walk import left_out_line
from resistor_cls.data.splits.external import (
    ExternalSplits,
    check_external_splits,
    with_external_splits,
)
from resistor_cls.errors import MAX_LISTED, DataError


def load_photos(
    source: Source,
    external: Mapping[str, str | Path | None],
    preprocess: ImagePreprocessing,
    folder: Path,
    skip_unreadable: bool = False,
) -> tuple[ExternalSplits, PhotoCache]:
    """Finds, decodes, preprocesses and checks photos.

    Args:
        source: of the photos.
        external: validation and test photos; see `resistor_cls.data.splits.external`.
        preprocess: what is done to each photo.
        folder: of everything that is cached.
        skip_unreadable: go on without photos that cannot be read.

    Returns:
        The readable photos, and their cache.

    Raises:
        ConfigError: a source that cannot be used.
        DataError: photos that cannot be used.
    """
    photos = with_external_splits(source.read(), external, source.settings)
    cache = open_cache(photos.photo_set, preprocess, folder)
    if cache.unreadable and not skip_unreadable:
        raise DataError(_unreadable(photos.photo_set, cache.unreadable))
    photos = photos.select(cache.readable)
    check_external_splits(photos, cache.metadata, external)
    return photos, cache


def _unreadable(photo_set: PhotoSet, unreadable: Mapping[str, str]) -> str:
    shown = [f"{name} ({why})" for name, why in list(unreadable.items())[:MAX_LISTED]]
    rest = len(unreadable) - len(shown)
    problems = "\n  ".join(shown) + (f"\n  and {rest} more" if rest else "")
    others = left_out_line(photo_set.left_out, len(photo_set))
    return (
        f"{len(unreadable)} of {len(photo_set)} photos cannot be read in {photo_set.root}: "
        "repair or remove them, or go on without them by data.skip_unreadable=true\n"
        f"  {problems}" + (f"\n{others}" if others else "")
    )
