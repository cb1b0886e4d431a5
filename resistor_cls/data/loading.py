"""From a source and given sets to photos that are known to be readable."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from resistor_cls.data.cache import PhotoCache, open_cache
from resistor_cls.data.listing import MOST_LISTED
from resistor_cls.data.photos import Preparation
from resistor_cls.data.sources import PhotoSet, read_source
from resistor_cls.data.splits.given_sets import GivenSets, check_given_sets, with_given_sets
from resistor_cls.data.walking import left_out_line
from resistor_cls.errors import DataError


def load_photos(
    source: str,
    options: Mapping[str, Any],
    given: Mapping[str, str | None],
    prepare: Preparation,
    folder: Path,
    *,
    skip_unreadable: bool,
) -> tuple[GivenSets, PhotoCache]:
    """Finds, decodes, prepares and checks photos.

    Args:
        source: of the photos; see `resistor_cls.data.sources`.
        options: of the source.
        given: validation and test sets; see `resistor_cls.data.splits.given_sets`.
        prepare: the preparation.
        folder: of everything that is cached.
        skip_unreadable: go on without photos that cannot be read.

    Returns:
        The readable photos, and their cache.

    Raises:
        ConfigError: a source or an option that cannot be used.
        DataError: photos that cannot be used.
    """
    sets = with_given_sets(read_source(source, options), given, options)
    cache = open_cache(sets.photo_set, prepare, folder)
    if cache.unreadable and not skip_unreadable:
        raise DataError(_unreadable(sets.photo_set, cache.unreadable))
    sets = sets.select(cache.readable)
    check_given_sets(sets, cache.facts, given)
    return sets, cache


def _unreadable(photo_set: PhotoSet, unreadable: Mapping[str, str]) -> str:
    shown = [f"{name} ({why})" for name, why in list(unreadable.items())[:MOST_LISTED]]
    rest = len(unreadable) - len(shown)
    problems = "\n  ".join(shown) + (f"\n  and {rest} more" if rest else "")
    others = left_out_line(photo_set.left_out, len(photo_set))
    return (
        f"{len(unreadable)} of {len(photo_set)} photos cannot be read in {photo_set.root}: "
        "repair or remove them, or go on without them by data.skip_unreadable=true\n"
        f"  {problems}" + (f"\n{others}" if others else "")
    )
