"""Jobs of a sweep that have ended."""

from pathlib import Path

import numpy as np
import pandas as pd

from resistor_cls.categories import Categories
from resistor_cls.evaluation import Predictions


def ended(
    folder: Path, wrong: int, *, bursts: int | None = 4, shift: int = 0, first_photo: int = 0
) -> Path:
    """The folder of a job that evaluated 16 photos, some of them wrongly."""
    targets = np.arange(16) % 2
    first = np.where(targets == 0, 0.9, 0.1)
    first[:wrong] = 1 - first[:wrong]
    names = tuple(f"{index}.jpg" for index in range(first_photo, first_photo + 16))
    (folder / "tables").mkdir(parents=True)
    # Categories that pandas would take for a number and for nothing.
    Predictions(
        names,
        np.arange(16),
        targets,
        np.stack([first, 1 - first], axis=1).astype("f4"),
        np.zeros(16, "f4"),
        Categories(["1.0", "nan"]),
    ).table().to_csv(folder / "tables" / "predictions.csv", index=False)
    split = pd.DataFrame({"photo": names, "role": "validation"})
    if bursts is not None:
        split["burst"] = (np.arange(16) + shift) // (16 // bursts)
    split.to_csv(folder / "tables" / "split.csv", index=False)
    return folder
