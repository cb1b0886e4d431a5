"""What is known about the parts in photos: value, bands, and the groups that they belong to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resistor_cls.data.images.decode import as_rgb
from resistor_cls.evaluation.values import body_colour, light

if TYPE_CHECKING:
    from resistor_cls.data import PhotoDataModule

Bands = tuple[str, ...]


@dataclass(frozen=True)
class TrueParts:
    """What is known about the parts in some photos.

    Attributes:
        indices: (photos,) positions in the photo set, of those whose ohms are known.
        ohms: (photos,) float64.
        codes: of each photo the codes that its part may have; see `align_bands`.
        band_counts: (photos,) int; 0 where it is not known.
        photographers: of each photo; None where not known.
        parts: of each photo; None where not known.
    """

    indices: np.ndarray
    ohms: np.ndarray
    codes: tuple[tuple[Bands, ...], ...]
    band_counts: np.ndarray
    photographers: tuple[str, ...] | None
    parts: tuple[str, ...] | None


def true_parts(data: "PhotoDataModule", indices: np.ndarray) -> TrueParts:
    """What the table of the photos, or else their categories, say about the parts.

    Args:
        data: the photos, after `setup`.
        indices: positions in the photo set.
    """
    photo_set, labels = data.photo_set, data.photo_set.part_labels
    categories = [photo_set.categories[photo_set.targets[index]] for index in indices]
    ohms = np.array([np.nan if one.ohms is None else one.ohms for one in categories], dtype=float)
    codes: list[tuple[Bands, ...]] = [one.markings for one in categories]
    counts = [
        len(one.markings[0]) if len({len(code) for code in one.markings}) == 1 else 0
        for one in categories
    ]
    if labels is not None:
        stated = labels.ohms[indices]
        for place in np.flatnonzero(np.isfinite(stated)):
            ohms[place], index = stated[place], indices[place]
            codes[place] = (labels.codes[index],) if labels.codes[index] else ()
            counts[place] = int(labels.band_counts[index])
    known = np.flatnonzero(np.isfinite(ohms))

    def named(values: Sequence[str] | None) -> tuple[str, ...] | None:
        return None if values is None else tuple(values[indices[place]] for place in known)

    return TrueParts(
        indices=indices[known],
        ohms=ohms[known],
        codes=tuple(codes[place] for place in known),
        band_counts=np.array([counts[place] for place in known]),
        photographers=None if labels is None else named(labels.photographers),
        parts=None if labels is None else named(labels.parts),
    )


def clusters(data: "PhotoDataModule", truth: TrueParts) -> tuple[np.ndarray, str]:
    """Which photos are right or wrong together: those of a part, else those of a burst.

    Returns:
        (photos,) int, and what a cluster is: `part`, `burst` or `photo`.
    """
    if truth.parts is None or not all(truth.parts):
        bursts = data.bursts[truth.indices]
        return bursts, "burst" if len(np.unique(bursts)) < len(bursts) else "photo"
    photographers = truth.photographers or ("",) * len(truth.parts)
    numbers: dict[tuple[str, str], int] = {}
    pairs = zip(photographers, truth.parts, strict=True)
    return np.array([numbers.setdefault(pair, len(numbers)) for pair in pairs]), "part"


def groups(
    data: "PhotoDataModule", truth: TrueParts, true_bands: Sequence[Bands]
) -> dict[str, tuple[str, ...]]:
    """The properties of each photo by which errors are counted.

    Args:
        data: the photos.
        truth: what is known about the parts.
        true_bands: of each photo; empty where not known.

    Returns:
        Name of a property → its value for each photo, an empty text where it is not known.
    """
    counts = [
        int(count) or len(bands) for count, bands in zip(truth.band_counts, true_bands, strict=True)
    ]
    found = {"band_count": tuple(str(count) if count else "" for count in counts)}
    located = data.located
    if located is not None:  # only then is the photo an upright crop of the body
        colours, lights = [], []
        for index in truth.indices:
            crop = as_rgb(data.photo(int(index)))
            colours.append(body_colour(crop) if located[index] else "")
            lights.append(light(crop) if located[index] else "")
        found |= {"body_colour": tuple(colours), "light": tuple(lights)}
    if truth.photographers is not None:
        found["photographer"] = truth.photographers
    if truth.parts is not None:
        photographers = truth.photographers or ("",) * len(truth.parts)
        found["part"] = tuple(
            ": ".join(filter(None, pair)) if pair[1] else ""
            for pair in zip(photographers, truth.parts, strict=True)
        )
    return found
