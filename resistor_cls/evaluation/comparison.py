"""Values of a swept key side by side: their scores, their gaps, and the intervals of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from resistor_cls.evaluation.predictions import Predictions
from resistor_cls.evaluation.scores import DRAWS, SCORES, Bootstrap, percentiles, weighted_scores

_COLUMNS = ["value", "score", "mean", "std", "low", "high", "seeds", "photos", "bursts"]


@dataclass(frozen=True)
class Comparison:
    """Scores of the jobs of a sweep by the values of one key.

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
        """The accuracies and their gaps in words."""
        values = self.values[self.values["score"] == "accuracy"].to_dict("records")
        gaps = self.gaps[self.gaps["score"] == "accuracy"].to_dict("records")
        means = ", ".join(
            f"{row['mean']:.3f} with {row['value']} ({counts_text(row)})" for row in values
        )
        differences = "; ".join(f"gap {row['value']} {estimate_text(row)}" for row in gaps)
        return f"{SCORES['accuracy'].capitalize()} by {key}: {means}; {differences}. {self.basis}."

    @property
    def basis(self) -> str:
        """A sentence that says what the intervals are."""
        if (self.values["bursts"] < 2).any():
            return "Photos of a single burst leave the interval [–] undefined"
        alone = (self.values["bursts"] == self.values["photos"]).all()
        return f"In brackets the 95 % interval over {'photos' if alone else 'bursts of photos'}"


def counts_text(row: Mapping[Any, Any]) -> str:
    """How many jobs, photos and bursts a row of a `Comparison` rests on."""
    parts = [(row["seeds"], "job"), (row["photos"], "photo"), (row["bursts"], "burst")]
    return ", ".join(f"{count:.0f} {name}{'s' * (count != 1)}" for count, name in parts)


def estimate_text(row: Mapping[Any, Any]) -> str:
    """`mean [low, high]` of a row of a `Comparison`; a dash stands for what is undefined."""
    if not np.isfinite(row["mean"]):
        return "–"
    if not np.isfinite(row["low"]):
        return f"{row['mean']:.3f} [–]"
    return f"{row['mean']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"


def compare(
    by_value: Mapping[str, Sequence[Predictions]],
    bursts: Mapping[str, int],
    draws: int = DRAWS,
) -> Comparison:
    """Compares the values of a key.

    Intervals are percentiles of a `Bootstrap` of bursts. Every job is evaluated on the same drawn
    bursts, so that the difficulty of a photo cancels out of the gaps; scores are averaged over jobs
    within a draw. The intervals thus show how much depends on the photos, `std` how much depends
    on the seed.

    Args:
        by_value: value → predictions of its jobs.
        bursts: photo → the burst that it was taken in; a photo without one is a burst of its own.
        draws: of the bootstrap.
    """
    photos = dict.fromkeys(name for jobs in by_value.values() for one in jobs for name in one.names)
    burst_of = _numbered({photo: bursts.get(photo, photo) for photo in photos})
    count = len(set(burst_of.values()))
    times = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), size=draws)
    first, *others = ((value, _measure(jobs, burst_of, times)) for value, jobs in by_value.items())
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
        fewest_bursts: minimum over the values that take part.
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
            np.full((fewer, len(SCORES)), np.nan),  # jobs of two values are not paired
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
        return (np.nan, np.nan) if self.fewest_bursts < 2 else percentiles(self.drawn[:, place])


def _measure(
    jobs: Sequence[Predictions], burst_of: Mapping[str, int], times: np.ndarray
) -> _Measured:
    """Scores the jobs of one value on all photos, and on the bursts of each draw.

    Args:
        jobs: of the value.
        burst_of: photo → number of its burst.
        times: (draws, bursts) how often each burst was drawn.
    """
    single, drawn = [], []
    for one in jobs:
        single.append(weighted_scores(one, np.ones((1, len(one.names)))))
        burst = np.array([burst_of[photo] for photo in one.names])
        drawn.append(Bootstrap(burst, times).drawn(partial(weighted_scores, one)))
    scored = np.concatenate(single)
    bursts = {photo: burst_of[photo] for one in jobs for photo in one.names}
    return _Measured(
        scored.mean(axis=0), scored, np.mean(drawn, axis=0), bursts, len(set(bursts.values()))
    )
