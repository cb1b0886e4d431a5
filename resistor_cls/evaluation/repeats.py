"""Repeats of a setting: how much its scores depend on the fold or the seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from resistor_cls.evaluation.predictions import Predictions
from resistor_cls.evaluation.scores import SCORES, scores

# Scores of a repeat → words for people.
REPEAT_SCORES = {**SCORES, "loss": "loss"}


@dataclass(frozen=True)
class Repeats:
    """Scores of the repeats of one or more settings.

    Attributes:
        jobs: a row per repeat: its `setting` (empty where there is only one), and a column per
            score of `REPEAT_SCORES`, nan where it is undefined.
    """

    jobs: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """A row per setting and score.

        Columns: `setting`, `score`; `mean`, `std` (of the sample, with n - 1), `least` and `most`
        (minimum and maximum) of the repeats that define the score; how many `repeats` these are.
        """
        long = self.jobs.melt("setting", list(REPEAT_SCORES), "score", "value")
        grouped = long.groupby(["setting", "score"], sort=False)["value"]
        found = grouped.agg(["mean", "std", "min", "max", "count"]).reset_index()
        names = {"min": "least", "max": "most", "count": "repeats"}
        settings = list(dict.fromkeys(self.jobs["setting"]))  # each with all of its scores
        order = {setting: place for place, setting in enumerate(settings)}
        return (
            found.rename(columns=names)
            .sort_values("setting", key=lambda column: column.map(order), kind="stable")
            .reset_index(drop=True)
        )

    def short_table(self) -> pd.DataFrame:
        """A row per setting, each score as `mean ± std`."""
        rows = self.table()
        rows["text"] = [
            spread_text(mean, std) for mean, std in zip(rows["mean"], rows["std"], strict=True)
        ]
        wide = rows.pivot(index="setting", columns="score", values="text")
        counts = self.jobs["setting"].value_counts()
        ordered = wide.loc[list(dict.fromkeys(rows["setting"])), list(REPEAT_SCORES)]
        ordered.insert(0, "repeats", counts)
        named = ordered.rename(columns=REPEAT_SCORES).rename_axis(columns=None).reset_index()
        return named if named["setting"].any() else named.drop(columns="setting")

    def sentence(self, keys: Sequence[str]) -> str:
        """The accuracies in words."""
        counts = self.jobs["setting"].value_counts()
        rows = self.table().query("score == 'accuracy'").to_dict("records")
        texts = "; ".join(
            f"{spread_text(row['mean'], row['std'])}"
            f"{' with ' if row['setting'] else ''}{row['setting']} "
            f"({counts[row['setting']]} repeats)"
            for row in rows
        )
        words = SCORES["accuracy"].capitalize()
        return f"{words} over {', '.join(keys)}, mean ± standard deviation: {texts}."


def spread_text(mean: float, std: float) -> str:
    """`mean ± std`; a dash stands for what is undefined."""
    if pd.isna(mean):
        return "–"
    return f"{mean:.3f} ± –" if pd.isna(std) else f"{mean:.3f} ± {std:.3f}"


def repeat_scores(predictions: Predictions) -> dict[str, float]:
    """The scores of one repeat."""
    return {**scores(predictions), "loss": float(predictions.losses.mean())}


def out_of_fold(parts: Sequence[Predictions]) -> Predictions | None:
    """The predictions of several folds as one: each photo by the model that was not trained on it.

    Columns that only some of the parts have, such as calibrated confidence, are left out.

    Returns:
        None where the parts are not folds of one split: a photo is in several of them, or their
        categories differ.
    """
    names = [name for part in parts for name in part.names]
    labels = {part.categories.names for part in parts}
    if len(set(names)) < len(names) or len(labels) > 1:
        return None
    tables = [part.table() for part in parts]
    return Predictions.of_table(pd.concat(tables, join="inner", ignore_index=True))
