"""What an evaluation leaves, as plain values that whoever tracks runs can save."""

import io
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resistor_cls.evaluation.figures.confusion_matrix import confusion_figure
from resistor_cls.evaluation.predictions import Predictions
from resistor_cls.evaluation.tables import confusion_counts, confusion_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger("resistor_cls")


@dataclass(frozen=True)
class Results:
    """Named results that are still to be saved.

    `first | second` holds the results of both; where both use a name, the second counts.

    Attributes:
        metrics: name → value.
        params: name → value of a choice.
        tags: name → value of a label.
        figures: name → figure, without folder and ending.
        tables: name → table, without folder and ending. A table whose index has a name keeps it as
            its first column.
        texts: file name → text.
        files: file name → what writes the file to the path that it is given.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, "Figure"] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Callable[[Path], None]] = field(default_factory=dict)

    def __or__(self, other: "Results") -> "Results":
        names = [one.name for one in fields(self)]
        return Results(**{name: {**getattr(self, name), **getattr(other, name)} for name in names})


@dataclass(frozen=True)
class DataSet:
    """Identifies some labelled photos.

    Attributes:
        name: of their source, such as `folder my_photos`.
        digest: identifies them by content and label, whatever their order, names or place.
        folder: where they are.
        photos: how many there are.
        categories: how many categories they show.
    """

    name: str
    digest: str
    folder: str
    photos: int
    categories: int


def confusion_results(predictions: Predictions, name: str, title: str) -> Results:
    """The confusion matrix as a figure and as a table.

    Args:
        predictions: of labelled photos.
        name: of both.
        title: above the figure; the share of right predictions is added.
    """
    counts = confusion_counts(predictions)
    right = int(np.trace(counts))
    title = f"{title} · {right} of {counts.sum()} photos right"
    return Results(
        figures={name: confusion_figure(counts, predictions.categories, title)},
        tables={name: confusion_table(counts, predictions.categories)},
    )


def custom_figures(
    makers: Mapping[str, Callable[..., "Figure"]], predictions: Predictions
) -> Results:
    """Figures of a user, as `figures/NAME.png`.

    A figure that fails is left out, and its error is logged: it must not end a run.

    Args:
        makers: name → what makes a figure of the argument `predictions`.
        predictions: of the model, beside the labels.
    """
    files: dict[str, Callable[[Path], None]] = {}
    for name, make in makers.items():
        try:
            # Encoded here, because a figure may fail only when it is saved.
            content = io.BytesIO()
            make(predictions=predictions).savefig(content, format="png")
        except Exception as error:  # whatever the code of a user raises
            log.warning("figures.%s was not drawn: %s: %s", name, type(error).__name__, error)
        else:
            files[f"figures/{name}.png"] = partial(_write, content.getvalue())
    return Results(files=files)


def _write(content: bytes, path: Path) -> None:
    path.write_bytes(content)
