"""Sweeps whose jobs have ended."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from resistor_cls.categories import Categories
from resistor_cls.evaluation import Predictions
from resistor_cls.tracking import open_sweep
from resistor_cls.tracking.sweep.jobs import Job


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


def swept(
    place: Path, jobs: Iterable[tuple[str, Path | None]], compared: str | None = None
) -> tuple[str, Path]:
    """Ends a sweep without a store.

    Args:
        place: gets the folder of the sweep.
        jobs: overrides and folder of each job; None for a job that has failed.
        compared: key whose values are compared.

    Returns:
        The text that the sweep prints, and its folder.
    """
    jobs, output = list(jobs), place / "sweep"
    varying = [word.lstrip("+").partition("=")[0] for word in jobs[0][0].split()]
    with open_sweep("s", varying, output, compared=compared, kind="none") as sweep:
        for words, folder in jobs:
            finished = folder is not None
            sweep.log.ended(Job(tuple(words.split()), folder or place / "nothing", finished))
        sweep.log.complete()
        return sweep.finish(), output
