"""Predictions of a model beside the labels, and their table."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resistor_cls.categories import Categories
from resistor_cls.csv_tables import unguarded, write_csv
from resistor_cls.errors import DataError
from resistor_cls.evaluation.calibration import LEVELS, RISKS, CalibratedPredictions

PROBABILITY = "p:"  # prefix of the columns of probabilities
_AT_ONCE = 2_000_000  # cells of a table that are written or read together: about 50 MB


@dataclass(frozen=True)
class OcclusionResult:
    """Predictions with parts of the photos painted over, and the saliency on the body.

    Attributes:
        on_body: (photos,) share of the saliency that is on the body; nan where not measured.
        body_area: (photos,) share of the pixels that the body covers; nan where not measured.
        body_painted: (photos,) class index predicted with the body painted over; -1 where it is not
            known where the body is.
        background_painted: (photos,) the same with all but the body painted over.
    """

    on_body: np.ndarray
    body_area: np.ndarray
    body_painted: np.ndarray
    background_painted: np.ndarray


@dataclass(frozen=True)
class Predictions:
    """Predictions of a model beside the labels.

    Attributes:
        names: file name of each photo.
        indices: (photos,) position of each in its photo set.
        targets: (photos,) class indices.
        probabilities: (photos, categories) float32.
        losses: (photos,) float32, the training loss of each photo.
        categories: the label space.
        located: (photos,) bool, whether the detector found the body; None without a detector.
        bursts: (photos,) int, number of the burst that each was taken in; None where not known.
        temperatures: (photos,) see `CalibratedPredictions`; this and the next three are None where
            nothing is calibrated.
        confidences: (photos,) see `CalibratedPredictions`.
        accepted: (photos, risks) see `CalibratedPredictions`.
        set_sizes: (photos, levels) see `CalibratedPredictions`.
        familiar: (photos,) bool, see `CalibratedPredictions`; None where it is not tested.
        ood_scores: (photos,) OOD scores, see `CalibratedPredictions`; None without a calibration.
        features: (photos, features) pooled features of the model; None where it gives none.
        occlusion: result of the occlusion check; None where it was not made.
        readings: (photos) rows, the values that were read of the bands, see `ValuePredictions.
            table`; None of a model that reads none. They are written, and not read back.
    """

    names: tuple[str, ...]
    indices: np.ndarray
    targets: np.ndarray
    probabilities: np.ndarray
    losses: np.ndarray
    categories: Categories
    located: np.ndarray | None = None
    bursts: np.ndarray | None = None
    temperatures: np.ndarray | None = None
    confidences: np.ndarray | None = None
    accepted: np.ndarray | None = None
    set_sizes: np.ndarray | None = None
    familiar: np.ndarray | None = None
    ood_scores: np.ndarray | None = None
    features: np.ndarray | None = None
    occlusion: OcclusionResult | None = None
    readings: pd.DataFrame | None = None

    @cached_property
    def predicted(self) -> np.ndarray:
        """(photos,) the most probable class indices."""
        found: np.ndarray = self.probabilities.argmax(axis=1)
        return found

    @property
    def right(self) -> np.ndarray:
        """(photos,) bool, whether the prediction is the label."""
        found: np.ndarray = self.predicted == self.targets
        return found

    @cached_property
    def ranks(self) -> np.ndarray:
        """(photos,) rank of the label among the categories by probability; 1 is a right prediction.

        Of equal probabilities the category that is first in the label space comes first.
        """
        of_label = self.probabilities[np.arange(len(self.targets)), self.targets]
        ahead = np.zeros(len(self.targets), dtype=int)
        for index in range(len(self.categories)):
            column = self.probabilities[:, index]
            ahead += (column > of_label) | ((column == of_label) & (index < self.targets))
        return ahead + 1

    def with_calibration(self, found: CalibratedPredictions | None) -> "Predictions":
        """The same predictions with what a calibration says about them; unchanged for None."""
        if found is None:
            return self
        return replace(
            self,
            temperatures=found.temperatures,
            confidences=found.confidences,
            accepted=found.accepted,
            set_sizes=found.set_sizes,
            familiar=found.familiar,
            ood_scores=found.ood_scores(self.located),
        )

    def select(self, chosen: np.ndarray | slice) -> "Predictions":
        """Some of the photos, in the given order."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        parts["names"] = tuple(np.array(self.names, dtype=object)[chosen])
        if self.occlusion is not None:
            of = self.occlusion
            some = {field.name: getattr(of, field.name)[chosen] for field in fields(of)}
            parts["occlusion"] = OcclusionResult(**some)
        if self.readings is not None:
            parts["readings"] = self.readings.iloc[chosen]
        arrays = {name: one[chosen] for name, one in parts.items() if isinstance(one, np.ndarray)}
        return Predictions(**{**parts, **arrays})

    def table(self) -> pd.DataFrame:
        """A row per photo: label, prediction, whether they agree, probabilities, loss, and more.

        What was not measured has no column. The column `unknown` holds the OOD score. The last
        columns, `p:CATEGORY`, hold the probability of every category. They are not rounded: a
        confident model gives probabilities far below any digit, and ROC AUC ranks them.
        """
        rows = np.arange(len(self.targets))
        likely = pd.DataFrame(
            self.probabilities, columns=[f"{PROBABILITY}{name}" for name in self.categories.names]
        )
        names = np.array(self.categories.names, dtype=object)
        columns = pd.DataFrame(
            {
                "photo": list(self.names),
                "label": names[self.targets],
                "prediction": names[self.predicted],
                "correct": self.right,
                "probability": self.probabilities[rows, self.predicted],
                "label_probability": self.probabilities[rows, self.targets],
                "loss": self.losses,
                **self._further_columns(names),
            }
        )
        return pd.concat([columns, likely], axis=1)

    def _further_columns(self, names: np.ndarray) -> dict[str, Any]:
        columns: dict[str, Any] = {"located": self.located, "burst": self.bursts}
        if self.confidences is not None:
            assert self.accepted is not None
            assert self.set_sizes is not None
            columns |= {"temperature": self.temperatures, "confidence": self.confidences}
            for place, risk in enumerate(RISKS):
                columns[f"accepted:{risk}"] = yes_or_no(self.accepted[:, place])
            for place, level in enumerate(LEVELS):
                columns[f"candidates:{level}"] = self.set_sizes[:, place]
            columns |= {"familiar": self.familiar, "unknown": self.ood_scores}
        if self.occlusion is not None:
            painted = np.array([*names, None], dtype=object)  # -1 is the last
            columns |= {
                "saliency_on_body": self.occlusion.on_body,
                "body_area": self.occlusion.body_area,
                "body_painted": painted[self.occlusion.body_painted],
                "background_painted": painted[self.occlusion.background_painted],
            }
        if self.readings is not None:
            columns |= {str(name): column.to_numpy() for name, column in self.readings.items()}
        return {name: column for name, column in columns.items() if column is not None}

    def write(self, path: Path) -> None:
        """Writes the table, a part at a time."""
        for number, rows in enumerate(self._chunks()):
            part = self.select(rows).table()
            write_csv(part, path, append=number > 0)

    def _chunks(self) -> Iterator[slice]:
        step = max(1, _AT_ONCE // len(self.categories))
        for start in range(0, max(len(self.names), 1), step):
            yield slice(start, start + step)

    @classmethod
    def read(cls, path: Path) -> "Predictions":
        """Reads a table that `write` wrote; `indices` are the rows.

        Raises:
            DataError: a file that cannot be read, or that holds another table.
        """
        try:
            header = list(pd.read_csv(path, nrows=0).columns)
            kinds = {name: "float32" for name in header if name.startswith(PROBABILITY)}
            kinds |= dict.fromkeys(("photo", "label", "prediction"), "str")
            kinds |= dict.fromkeys(("body_painted", "background_painted"), "str")
            parts = pd.read_csv(
                path,
                dtype={name: kind for name, kind in kinds.items() if name in header},
                keep_default_na=False,  # a category may be called NA
                na_values={name: [""] for name in header if name not in kinds},
                chunksize=max(1, _AT_ONCE // len(header)),
            )
            table = pd.concat(parts, ignore_index=True)
            texts = {
                name: table[name].map(unguarded) for name in header if kinds.get(name) == "str"
            }
            return cls.of_table(table.assign(**texts))
        except (OSError, KeyError, ValueError) as error:
            raise DataError(
                f"{path} is not a table of predictions: {error}; expected predictions.csv of a run"
            ) from error

    @classmethod
    def of_table(cls, table: pd.DataFrame) -> "Predictions":
        """Takes back what `table` gave; `indices` are the rows.

        Raises:
            KeyError: a column that is missing.
        """
        columns = [name for name in table.columns if name.startswith(PROBABILITY)]
        categories = Categories(name.removeprefix(PROBABILITY) for name in columns)
        index = pd.Index(categories.names)
        count = len(table)
        calibrated = "confidence" in table
        occlusion = None
        if "body_painted" in table:
            occlusion = OcclusionResult(
                table["saliency_on_body"].to_numpy(float),
                table["body_area"].to_numpy(float),
                index.get_indexer(pd.Index(table["body_painted"])),
                index.get_indexer(pd.Index(table["background_painted"])),
            )
        return cls(
            names=tuple(table["photo"]),
            indices=np.arange(count),
            targets=index.get_indexer(pd.Index(table["label"])),
            probabilities=table[columns].to_numpy(dtype=np.float32),
            losses=table["loss"].to_numpy(dtype=np.float32),
            categories=categories,
            located=_as_numbers(table["located"]) == 1 if "located" in table else None,
            bursts=table["burst"].to_numpy(int) if "burst" in table else None,
            temperatures=table["temperature"].to_numpy(float) if calibrated else None,
            confidences=table["confidence"].to_numpy(float) if calibrated else None,
            accepted=np.stack([_as_numbers(table[f"accepted:{risk}"]) for risk in RISKS], axis=1)
            if calibrated
            else None,
            set_sizes=table[[f"candidates:{level}" for level in LEVELS]].to_numpy(int)
            if calibrated
            else None,
            familiar=_as_numbers(table["familiar"]) == 1 if "familiar" in table else None,
            ood_scores=table["unknown"].to_numpy(float) if "unknown" in table else None,
            occlusion=occlusion,
        )


def yes_or_no(accepted: np.ndarray) -> np.ndarray:
    """(photos,) 1, 0 and nan as True, False and None; None where nothing is guaranteed."""
    yes = np.empty(len(accepted), dtype=object)
    yes[:] = [None if np.isnan(one) else bool(one) for one in accepted]
    return yes


def _as_numbers(column: "pd.Series[Any]") -> np.ndarray:
    """True, False and empty as 1, 0 and nan, in whichever type pandas has read them."""
    numbers = {"True": 1.0, "False": 0.0}
    return np.array([numbers.get(str(value), np.nan) for value in column])
