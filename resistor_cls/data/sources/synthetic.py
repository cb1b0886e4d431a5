"""Synthetic photos, generated if they are absent."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from resistor_cls.categories import Categories
from resistor_cls.data.sources.folder import FolderSource
from resistor_cls.data.sources.photo_set import PhotoSet
from resistor_cls.data.sources.source import BuiltIn
from resistor_cls.errors import ConfigError

_MINIMUM = {"per_category": 1, "size": 64, "seed": 0}


@dataclass(frozen=True)
class SyntheticSource(BuiltIn):
    """Synthetic photos of any parts.

    Args:
        root: the folder of all synthetic sets; each has its own folder in it, so that another seed
            or size never meets half of an older set.
        per_category: photos of each category; by default the published counts of the 37, and 50
            for another list of categories.
        size: side of a photo in pixels.
        seed: of the generator.
        categories: a file of category names; by default the 37.
    """

    root: str | Path
    per_category: int | None = None
    size: int = 700
    seed: int = 0
    categories: str | Path | None = None

    name: ClassVar[str] = "rendered"

    def read(self) -> PhotoSet:
        """Generates the photos if they are absent, then reads them.

        Raises:
            ConfigError: a number below its minimum.
            DataError: a folder that cannot be written, or categories that no part has.
        """
        # Drawing needs none of the training libraries and the other sources need no drawing.
        from resistor_cls.synthetic import GENERATOR_VERSION, counts_to_draw, generate_dataset

        for key, minimum in _MINIMUM.items():
            value = getattr(self, key)
            if value is not None and value < minimum:
                raise ConfigError(f"data.{key}={value}: expected {minimum} or more")
        root, file = Path(self.root), None if self.categories is None else Path(self.categories)
        counts = counts_to_draw(file, self.per_category)
        request = hashlib.sha256(json.dumps(list(counts.items())).encode()).hexdigest()[:8]
        folder = root / f"v{GENERATOR_VERSION}-{self.size}px-seed{self.seed}-{request}"
        out = generate_dataset(folder, Categories(counts), counts, size=self.size, seed=self.seed)
        return FolderSource(out, file, label_prefix="").read()  # their folders have the full names
