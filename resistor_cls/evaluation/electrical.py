"""Electrical metrics: what errors mean in ohms, watts, bands and cost."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resistor_cls.categories import Categories
from resistor_cls.csv_tables import read_cells
from resistor_cls.errors import DataError

Interval = Callable[[np.ndarray], tuple[float, float]]

# Limits of the histogram in decades: 0.5 is a factor of 3, within the range of a meter; 1 is a
# misread multiplier; 2 and more destroys a circuit. None: everything above.
_LIMITS = (0.0, 0.5, 1.0, 2.0, 4.0, None)
_MAX_WORST = 10  # photos that are named


@dataclass(frozen=True)
class ElectricalResult:
    """Predictions evaluated by the ohms, watts and bands of their categories.

    Every array is (photos,) float: 1 where right, 0 where wrong, nan where undefined.

    Attributes:
        names: of the photos.
        labels: name of each photo's category.
        predictions: name of the predicted category of each photo.
        value_right: the ohms of both categories agree, as stated by their bands where these are
            known, else by their names; a prediction without ohms is wrong, a label without ohms
            is left out.
        watts_right: the same for power ratings.
        both_right: ohms and watts; defined where the label states both.
        bands_right: parts of both categories may carry the same bands; defined where the bands of
            both are known. A part shows only its bands, so such an error is not visible.
        decades: |log10(ohms of the prediction / ohms of the label)|, in powers of ten; nan where
            the ohms of either are unknown, or where just one of them is a jumper of 0 ohms.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    predictions: tuple[str, ...]
    value_right: np.ndarray
    watts_right: np.ndarray
    both_right: np.ndarray
    bands_right: np.ndarray
    decades: np.ndarray

    def summary(self, interval: Interval | None = None) -> dict[str, Any]:
        """The numbers as values of JSON, None where undefined.

        Args:
            interval: gives the low and the high end of the mean of an array, nan where they are
                undefined.

        Returns:
            `value`, `watts`, `both` and `bands`, each with the number of photos that are evaluated
            (`judged`) and `right`, the `share`, and its `low` and `high`; `decades` with `mean`,
            `worst` and `histogram`; the `worst` photos.
        """
        return {
            "value": _share(self.value_right, interval),
            "watts": _share(self.watts_right, interval),
            "both": _share(self.both_right, interval),
            "bands": _share(self.bands_right, interval),
            "decades": self._decades(),
            "worst": self._worst(),
        }

    def _decades(self) -> dict[str, Any]:
        known = self.decades[np.isfinite(self.decades)]
        ends = [np.inf if limit is None else limit for limit in _LIMITS]
        photos = np.bincount(np.searchsorted(ends, known), minlength=len(ends))
        return {
            "mean": float(known.mean()) if known.size else None,
            "worst": float(known.max()) if known.size else None,
            "histogram": [
                {"up_to": limit, "photos": int(count)}
                for limit, count in zip(_LIMITS, photos, strict=True)
            ],
        }

    def _worst(self) -> list[dict[str, Any]]:
        far = np.flatnonzero(self.decades > 0)
        order = far[np.argsort(-self.decades[far], kind="stable")]
        return [
            {
                "photo": self.names[place],
                "label": self.labels[place],
                "prediction": self.predictions[place],
                "decades": float(self.decades[place]),
            }
            for place in order[:_MAX_WORST]
        ]


def evaluate_electrical(
    targets: np.ndarray, predicted: np.ndarray, categories: Categories, names: Sequence[str]
) -> ElectricalResult:
    """Evaluates predictions by the ohms, watts and bands of their categories.

    Args:
        targets: (photos,) class indices.
        predicted: (photos,) class indices.
        categories: what each index means.
        names: of the photos.
    """
    ohms = _numbers([category.ohms for category in categories])
    watts = _numbers([category.watts for category in categories])
    value_right, watts_right = (
        _agreement(values[targets], values[predicted]) for values in (ohms, watts)
    )
    known = np.array([bool(category.markings) for category in categories])
    same = _same_bands(categories)[targets, predicted]
    labels = categories.names
    return ElectricalResult(
        names=tuple(names),
        labels=tuple(labels[index] for index in targets),
        predictions=tuple(labels[index] for index in predicted),
        value_right=value_right,
        watts_right=watts_right,
        both_right=value_right * watts_right,  # nan where either is
        bands_right=np.where(known[targets] & known[predicted], same, np.nan),
        decades=_decades_between(ohms[targets], ohms[predicted]),
    )


def read_costs(path: Path, categories: Categories) -> np.ndarray:
    """Reads a table of the costs of errors.

    Args:
        path: of a CSV table like `confusion_matrix.csv`: labels in the first column, predictions
            in the first row, in any order; other categories are skipped.
        categories: whose costs are wanted.

    Returns:
        (categories, categories) costs of predicting category `column` for category `row`, in a unit
        of the user's choice.

    Raises:
        DataError: a file that cannot be read, a row or column that is missing or there twice, a
            cost that is not a number of 0 or more, or a right prediction that has a cost.
    """
    try:
        table = pd.DataFrame(read_cells(path), dtype=object)
    except (OSError, ValueError) as error:
        raise DataError(
            f"costs {path}: {error}; expected a CSV table with labels in the first column and "
            "predictions in the first row"
        ) from error
    rows = _places(table[0].tolist(), "row", path, categories)
    columns = _places(table.iloc[0].tolist(), "column", path, categories)
    texts = table.to_numpy()[np.ix_(rows, columns)]
    costs = np.asarray(pd.to_numeric(pd.Series(texts.ravel()), errors="coerce"), dtype=float)
    costs = costs.reshape(texts.shape)
    for bad, expected in (
        (~(np.isfinite(costs) & (costs >= 0)), "a number of 0 or more"),
        ((costs != 0) & np.eye(len(costs), dtype=bool), "0: a right prediction costs nothing"),
    ):
        if bad.any():
            row, column = np.argwhere(bad)[0]
            label, prediction = categories.names[row], categories.names[column]
            raise DataError(
                f"costs {path}, row {label!r}, column {prediction!r}: {texts[row, column]!r}; "
                f"write {expected}"
            )
    return costs


def cost_of_predictions(
    costs: np.ndarray,
    targets: np.ndarray,
    predicted: np.ndarray,
    likely: Iterable[np.ndarray] | None,
    name: str,
) -> dict[str, Any]:
    """The cost of predictions, and the cost of those of least expected cost.

    Predicting the category of least expected cost is Bayes' rule (Elkan 2001, "The foundations of
    cost-sensitive learning", IJCAI); it needs calibrated probabilities.

    Args:
        costs: (categories, categories), rows are labels, columns are predictions.
        targets: (photos,) class indices.
        predicted: (photos,) class indices.
        likely: calibrated probabilities in parts of (some photos, categories) each; None where
            they are not known.
        name: of the costs.

    Returns:
        The `mean` cost of a photo, the `least` mean cost, of the predictions of least expected
        cost, and the `name`; None where undefined.
    """
    least = None
    if likely is not None and len(targets):
        cheapest = np.concatenate([(part @ costs).argmin(axis=1) for part in likely])
        least = float(costs[targets, cheapest].mean())
    mean = float(costs[targets, predicted].mean()) if len(targets) else None
    return {"mean": mean, "least": least, "name": name}


def _numbers(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values])


def _agreement(labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(labels), np.nan, labels == predicted)


def _decades_between(labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 ohms and unknown ohms
        # Rounded, so that 220 and 2200 are exactly one decade apart.
        decades = np.abs(np.log10(predicted) - np.log10(labels)).round(9)
    return np.where(labels == predicted, 0.0, np.where(np.isfinite(decades), decades, np.nan))


def _same_bands(categories: Categories) -> np.ndarray:
    """(categories, categories) whether two categories share a sequence of bands."""
    markings = {marking for category in categories for marking in category.markings}
    number = {marking: place for place, marking in enumerate(markings)}
    carries = np.zeros((len(categories), len(number)), dtype=np.float32)
    for place, category in enumerate(categories):
        carries[place, [number[marking] for marking in category.markings]] = 1
    return np.asarray(carries @ carries.T > 0)


def _share(right: np.ndarray, interval: Interval | None) -> dict[str, Any]:
    evaluated = int(np.isfinite(right).sum())
    ends = interval(right) if evaluated and interval else (np.nan, np.nan)
    low, high = (float(end) if np.isfinite(end) else None for end in ends)
    return {
        "judged": evaluated,
        "right": int(np.nansum(right)),
        "share": float(np.nansum(right) / evaluated) if evaluated else None,
        "low": low,
        "high": high,
    }


def _places(names: list[str], kind: str, path: Path, categories: Categories) -> list[int]:
    """Positions of the categories among the names of rows or columns; the corner is left out."""
    places: dict[str, int] = {}
    for place, name in enumerate(names[1:], start=1):
        if name in places:
            raise DataError(f"costs {path}: {kind} {name!r} is there twice; keep one of them")
        places[name] = place
    missing = [name for name in categories.names if name not in places]
    if missing:
        raise DataError(
            f"costs {path}: no {kind} {missing[0]!r}, and {len(missing)} of {len(categories)} are "
            "missing; add one per category (labels are rows, predictions are columns, separated "
            "by commas)"
        )
    return [places[name] for name in categories.names]
