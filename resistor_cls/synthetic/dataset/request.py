"""What a folder of synthetic photos was asked to hold, and the scene of each of its photos."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from resistor_cls.categories import Categories, Category
from resistor_cls.errors import DataError
from resistor_cls.synthetic import parts
from resistor_cls.synthetic.sampling import sample_scene
from resistor_cls.synthetic.scene import Scene

# Part of every request. A change of what a seed draws needs a new number, so that photos of two
# versions are never mixed in one folder.
GENERATOR_VERSION = 2


@dataclass(frozen=True)
class PhotoRequest:
    """One photo of a data set; its content depends on these three values alone.

    Attributes:
        category: what the photo shows.
        number: of the photo in its category, from 1.
        seed: of the data set.
    """

    category: Category
    number: int
    seed: int

    @property
    def file(self) -> str:
        """Path of the photo inside the data set's folder."""
        return f"{self.category.name}/{self.category.name}_({self.number}).jpg"

    def scene(self) -> Scene:
        """Samples the photo's scene, the same one on every call."""
        entropy = (self.seed, parts.stable_hash(self.category.name), self.number)
        return sample_scene(self.category, np.random.default_rng(np.random.SeedSequence(entropy)))


def photo_requests(
    categories: Categories, counts: Mapping[str, int], seed: int
) -> list[PhotoRequest]:
    """Lists every photo of a data set, category by category."""
    return [
        PhotoRequest(category, number, seed)
        for category in categories
        for number in range(1, counts[category.name] + 1)
    ]


def dataset_request(
    categories: Categories, counts: Mapping[str, int], size: int, seed: int
) -> dict[str, Any]:
    """Checks a request and returns it as the plain values of `dataset.json`.

    Args:
        categories: what the photos show.
        counts: photos of each category.
        size: side of the photos in pixels.
        seed: of the data set.

    Raises:
        DataError: counts that do not match the categories, a name that cannot be a folder, a
            category that no colour code can show, or two that would look the same.
    """
    without = [name for name in categories.names if name not in counts]
    if without or len(counts) != len(categories):
        differing = without or sorted(set(counts) - set(categories.names))
        raise DataError(
            f"counts and categories differ in {', '.join(differing)}: give each category one count"
        )
    _check_drawable(categories)
    return {
        "drawing_version": GENERATOR_VERSION,
        "names": list(categories.names),
        "counts": [int(counts[name]) for name in categories.names],
        "size": size,
        "seed": seed,
    }


def _check_drawable(categories: Categories) -> None:
    """Fails now, rather than after hours of drawing, for a category that cannot be drawn."""
    names_by_bands: dict[tuple[str, ...], str] = {}
    for category in categories:
        if Path(category.name).name != category.name or category.name.startswith("."):
            raise DataError(
                f"category {category.name!r} cannot be the name of a folder: write 1-4W for 1/4 W"
            )
        bands = parts.designs(category)[0].bands
        if category.ohms is None and not category.markings:
            other = names_by_bands.setdefault(bands, category.name)
            if other != category.name:
                raise DataError(
                    f"categories {other!r} and {category.name!r} say no ohms and would be drawn "
                    f"with the same bands ({' '.join(bands)}): rename one of them"
                )
