"""From a source and given sets to photos that are known to be readable."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from resistor_cls.data.images.cache import PhotoCache, open_cache
from resistor_cls.data.images.decode import ImagePreprocessing
from resistor_cls.data.sources.listing import MAX_LISTED
from resistor_cls.data.sources.sources import PhotoSet, read_source
from resistor_cls.data.sources.walk import left_out_line
from resistor_cls.data.splits.external import (
    ExternalSplits,
    check_external_splits,
    with_external_splits,
)
from resistor_cls.errors import DataError


def load_photos(
    source: str,
    options: Mapping[str, Any],
    given: Mapping[str, str | None],
    prepare: ImagePreprocessing,
    folder: Path,
    *,
    skip_unreadable: bool,
) -> tuple[ExternalSplits, PhotoCache]:
    """Finds, decodes, prepares and checks photos.

    Args:
        source: of the photos; see `resistor_cls.data.sources.sources`.
        options: of the source.
        given: validation and test sets; see `resistor_cls.data.splits.external`.
        prepare: the preparation.
        folder: of everything that is cached.
        skip_unreadable: go on without photos that cannot be read.

    Returns:
        The readable photos, and their cache.

    Raises:
        ConfigError: a source or an option that cannot be used.
        DataError: photos that cannot be used.
    """
    sets = with_external_splits(read_source(source, options), given, options)
    cache = open_cache(sets.photo_set, prepare, folder)
    if cache.unreadable and not skip_unreadable:
        raise DataError(_unreadable(sets.photo_set, cache.unreadable))
    sets = sets.select(cache.readable)
    check_external_splits(sets, cache.metadata, given)
    return sets, cache


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
