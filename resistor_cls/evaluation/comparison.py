"""Values of a swept key side by side: their scores, the gaps, and how sure they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

# Scores as a run's metrics name them → words for people.
SCORES = {"accuracy": "top-1 accuracy", "f1_macro": "macro F1", "roc_auc": "ROC AUC"}
DRAWS = 1000
INTERVAL = (2.5, 97.5)  # percentiles: 95 %
_AT_ONCE = 100  # draws weighed together: memory stays at some hundred numbers a photo
_PROBABILITY = "p:"  # begins the columns of probabilities in `Predictions.table`
_COLUMNS = ["value", "score", "mean", "std", "low", "high", "seeds", "photos", "bursts"]


@dataclass(frozen=True)
class Comparison:
    """What the jobs of a sweep have shown of the values of one key.

    Attributes:
        values: a row per value and score: `value`, `score`; `mean` and `std` over jobs (nan for a
            single job); `low` and `high` of the 95 % interval of the mean (nan where photos of
            fewer than two bursts leave it undefined); how many `seeds` (jobs), `photos` and
            `bursts` are behind it.
        gaps: the same for the first value minus each other: `value` is `FIRST - OTHER`, `std` is
            nan, `seeds` the fewer of both, `photos` and `bursts` those of both together.
        jobs: a row per job: its `value`, and a column per score.
    """

    values: pd.DataFrame
    gaps: pd.DataFrame
    jobs: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """All rows; `kind` tells a `value` from a `gap`."""
        rows = [self.values.assign(kind="value"), self.gaps.assign(kind="gap")]
        return pd.concat(rows, ignore_index=True)[["kind", *_COLUMNS]]

    def short_table(self, key: str) -> pd.DataFrame:
        """A row per value and gap, each score as `mean [low, high]`.

        Args:
            key: that was swept; the name of the first column.
        """
        rows = self.table()
        rows[key] = np.where(rows["kind"] == "gap", "gap " + rows["value"], rows["value"])
        rows["text"] = [estimate_text(row) for row in rows.to_dict("records")]
        wide = rows.pivot(index=key, columns="score", values="text")
        ordered = wide.loc[list(dict.fromkeys(rows[key])), list(SCORES)]
        return ordered.rename(columns=SCORES).rename_axis(columns=None).reset_index()

    def sentence(self, key: str) -> str:
        """The accuracies and their gaps in words.

        Args:
            key: that was swept.
        """
        values = self.values[self.values["score"] == "accuracy"].to_dict("records")
        gaps = self.gaps[self.gaps["score"] == "accuracy"].to_dict("records")
        means = ", ".join(
            f"{row['mean']:.3f} with {row['value']} ({counts_text(row)})" for row in values
        )
        told = "; ".join(f"gap {row['value']} {estimate_text(row)}" for row in gaps)
        return f"{SCORES['accuracy'].capitalize()} by {key}: {means}; {told}. {self.basis}."

    @property
    def basis(self) -> str:
        """What the intervals are."""
        if (self.values["bursts"] < 2).any():
            return "Photos of a single burst leave the interval [–] undefined"
        alone = (self.values["bursts"] == self.values["photos"]).all()
        return f"In brackets the 95 % interval over {'photos' if alone else 'bursts of photos'}"


def counts_text(row: Mapping[Any, Any]) -> str:
    """How much is behind a row of a `Comparison`."""
    parts = [(row["seeds"], "job"), (row["photos"], "photo"), (row["bursts"], "burst")]
    return ", ".join(f"{count:.0f} {name}{'s' * (count != 1)}" for count, name in parts)


def estimate_text(row: Mapping[Any, Any]) -> str:
    """`mean [low, high]` of a row of a `Comparison`; a dash stands for what is undefined."""
    if not np.isfinite(row["mean"]):
        return "–"
    if not np.isfinite(row["low"]):
        return f"{row['mean']:.3f} [–]"
    return f"{row['mean']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"


def scores(table: pd.DataFrame) -> dict[str, float]:
    """The scores of a table of predictions; they equal the metrics of the run that made it.

    Macro F1 leaves out categories that were neither there nor predicted; ROC AUC, one category
    against the rest, leaves out those without photos or without photos of any other category.

    Args:
        table: as `Predictions.table` makes it.
    """
    judged = _judged(table)
    (row,) = _weighted_scores(judged, np.ones((1, len(judged.photos))))
    return dict(zip(SCORES, row.tolist(), strict=True))


def compare(
    by_value: Mapping[str, Sequence[pd.DataFrame]],
    bursts: Mapping[str, int],
    draws: int = DRAWS,
    seed: int = 0,
) -> Comparison:
    """Sets the values of a key side by side.

    Intervals are percentiles of a cluster bootstrap (Field and Welsh 2007, "Bootstrapping
    clustered data", J. R. Statist. Soc. B 69; Cameron, Gelbach and Miller 2008, "Bootstrap-based
    improvements for inference with clustered errors", Rev. Econ. Stat. 90): whole bursts are drawn
    with replacement, because photos of a burst show the same part in the same light and are right
    or wrong together. Every job is judged on the same drawn bursts, so that what makes a photo
    hard cancels out of the gaps; scores are averaged over jobs within a draw. The intervals thus
    tell how much depends on the photos, `std` how much depends on the seed.

    Args:
        by_value: value → tables of predictions of its jobs, as `Predictions.table` makes them.
        bursts: photo → the burst that it was taken in; a photo without one stands for itself.
        draws: of the bootstrap.
        seed: of the drawing.
    """
    judged = {value: [_judged(table) for table in tables] for value, tables in by_value.items()}
    photos = dict.fromkeys(name for jobs in judged.values() for one in jobs for name in one.photos)
    burst_of = _numbered({photo: bursts.get(photo, photo) for photo in photos})
    count = len(set(burst_of.values()))
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)
    first, *others = ((value, _measure(jobs, burst_of, times)) for value, jobs in judged.items())
    values = [row for value, found in (first, *others) for row in found.rows(value)]
    gaps = [
        row
        for value, found in others
        for row in first[1].minus(found).rows(f"{first[0]} - {value}")
    ]
    jobs = [
        {"value": value, **dict(zip(SCORES, row, strict=True))}
        for value, found in (first, *others)
        for row in found.jobs.tolist()
    ]
    return Comparison(
        pd.DataFrame(values, columns=_COLUMNS),
        pd.DataFrame(gaps, columns=_COLUMNS),
        pd.DataFrame(jobs, columns=["value", *SCORES]),
    )


@dataclass(frozen=True)
class _Judged:
    """A table of predictions as arrays: (photos,) names and indices, (photos, categories)."""

    photos: tuple[str, ...]
    targets: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray


def _judged(table: pd.DataFrame) -> _Judged:
    columns = [name for name in table.columns if name.startswith(_PROBABILITY)]
    index = pd.Index([name.removeprefix(_PROBABILITY) for name in columns])
    return _Judged(
        tuple(table["photo"]),
        index.get_indexer(pd.Index(table["label"])),
        index.get_indexer(pd.Index(table["prediction"])),
        table[columns].to_numpy(dtype=float),
    )


def _numbered(names: Mapping[str, Any]) -> dict[str, int]:
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names.values()))}
    return {key: numbers[name] for key, name in names.items()}


@dataclass(frozen=True)
class _Measured:
    """Scores of one value, or of a gap: of each job and, averaged over jobs, of each draw.

    Attributes:
        mean: (scores,).
        jobs: (jobs, scores).
        drawn: (draws, scores).
        bursts: photo → number of its burst.
        fewest_bursts: of any value that takes part.
    """

    mean: np.ndarray
    jobs: np.ndarray
    drawn: np.ndarray
    bursts: Mapping[str, int]
    fewest_bursts: int

    def minus(self, other: "_Measured") -> "_Measured":
        fewer = min(len(self.jobs), len(other.jobs))
        return _Measured(
            self.mean - other.mean,
            np.full((fewer, len(SCORES)), np.nan),  # jobs of two values need be no pairs
            self.drawn - other.drawn,
            {**self.bursts, **other.bursts},
            min(self.fewest_bursts, other.fewest_bursts),
        )

    def rows(self, value: str) -> list[dict[str, Any]]:
        several = len(self.jobs) > 1
        return [
            {
                "value": value,
                "score": name,
                "mean": self.mean[place],
                "std": self.jobs[:, place].std(ddof=1) if several else np.nan,
                **dict(zip(("low", "high"), self._interval(place), strict=True)),
                "seeds": len(self.jobs),
                "photos": len(self.bursts),
                "bursts": len(set(self.bursts.values())),
            }
            for place, name in enumerate(SCORES)
        ]

    def _interval(self, place: int) -> tuple[float, float]:
        drawn = self.drawn[:, place]
        # A draw may hold no photo that a score is defined for.
        drawn = drawn[np.isfinite(drawn)]
        if self.fewest_bursts < 2 or len(drawn) == 0:
            return np.nan, np.nan
        low, high = np.percentile(drawn, INTERVAL)
        return float(low), float(high)


def _measure(jobs: Sequence[_Judged], burst_of: Mapping[str, int], times: np.ndarray) -> _Measured:
    """Scores the jobs of one value on all photos, and on the bursts of each draw.

    Args:
        jobs: of the value.
        burst_of: photo → number of its burst.
        times: (draws, bursts) how often each burst was drawn.
    """
    single, drawn = [], []
    for one in jobs:
        single.append(_weighted_scores(one, np.ones((1, len(one.photos)))))
        burst = np.array([burst_of[photo] for photo in one.photos])
        parts = [
            _weighted_scores(one, times[start : start + _AT_ONCE, burst].astype(float))
            for start in range(0, len(times), _AT_ONCE)
        ]
        drawn.append(np.concatenate(parts))
    scored = np.concatenate(single)
    bursts = {photo: burst_of[photo] for one in jobs for photo in one.photos}
    return _Measured(
        scored.mean(axis=0), scored, np.mean(drawn, axis=0), bursts, len(set(bursts.values()))
    )


def _weighted_scores(judged: _Judged, weights: np.ndarray) -> np.ndarray:
    """(draws, scores) as if each photo were there as often as its weight says.

    Args:
        judged: the predictions.
        weights: (draws, photos) 0 or more.
    """
    return np.stack(
        [score(judged, weights) for score in (_accuracy, _f1_macro, _roc_auc)],
        axis=1,
    )


def _accuracy(judged: _Judged, weights: np.ndarray) -> np.ndarray:
    right = (judged.targets == judged.predicted).astype(float)
    return _divide(weights @ right, weights.sum(axis=1))


def _f1_macro(judged: _Judged, weights: np.ndarray) -> np.ndarray:
    every = np.eye(judged.probabilities.shape[1])
    labels, answers = every[judged.targets], every[judged.predicted]
    hits, support = weights @ (labels * answers), weights @ labels
    f1 = _divide(2 * hits, support + weights @ answers)
    # A draw without a category's bursts says nothing of it: the wrong answers that name it would
    # count as an F1 of 0, and pull every draw below the score of all photos.
    return _mean_of_defined(np.where((support == 0) & labels.any(axis=0), np.nan, f1))


def _roc_auc(judged: _Judged, weights: np.ndarray) -> np.ndarray:
    areas = [
        _area(judged.probabilities[:, index], judged.targets == index, weights)
        for index in np.unique(judged.targets)
    ]
    return _mean_of_defined(np.stack(areas, axis=1))


def _area(probabilities: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(draws,) weighted area under the ROC curve of one category.

    It is the share of pairs of a positive and a negative in which the positive is the more
    probable one, a tie counted half (Hanley and McNeil 1982, Radiology 143).
    """
    if not np.isfinite(probabilities).all():  # a training that diverged
        return np.full(len(weights), np.nan)
    order = np.argsort(probabilities)
    probabilities, positive, weights = probabilities[order], positive[order], weights[:, order]
    # Weight of the negatives among the least probable 0, 1, 2 … photos.
    negatives = np.zeros((weights.shape[0], weights.shape[1] + 1))
    np.cumsum(weights * ~positive, axis=1, out=negatives[:, 1:])
    below = np.searchsorted(probabilities, probabilities[positive], side="left")
    up_to = np.searchsorted(probabilities, probabilities[positive], side="right")
    beaten = (negatives[:, below] + negatives[:, up_to]) / 2
    weight = weights[:, positive]
    return _divide((weight * beaten).sum(axis=1), weight.sum(axis=1) * negatives[:, -1])


def _divide(numerators: np.ndarray, denominators: np.ndarray) -> np.ndarray:
    """Quotients, nan where there is nothing to divide by."""
    undefined = np.full(numerators.shape, np.nan)
    return np.divide(numerators, denominators, out=undefined, where=denominators > 0)


def _mean_of_defined(values: np.ndarray) -> np.ndarray:
    """(draws,) the mean over the second axis of all that is not nan."""
    return _divide(np.nansum(values, axis=1), np.isfinite(values).sum(axis=1))
