"""The numbers of an evaluation that its page, figures and tables state, as plain values.

Every number is computed from `Predictions` alone, which can be read back from `predictions.csv`.
"""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from resistor_cls.evaluation.calibration import RISKS, Calibration, calibrated, chunks
from resistor_cls.evaluation.electrical import cost_of_predictions, evaluate_electrical
from resistor_cls.evaluation.predictions import Predictions, yes_or_no
from resistor_cls.evaluation.report_calibration import calibration_report
from resistor_cls.evaluation.scores import DRAWS, SCORES, Bootstrap, accuracy, f1_macro, roc_auc
from resistor_cls.evaluation.tables import (
    confused_pairs,
    confusion_counts,
    confusion_order,
    per_category,
)
from resistor_cls.evaluation.wording import percent

VERSION = 1  # of the keys
# Additions that an interval may take: about ten minutes. With more photos it is negligibly narrow.
_MAX_ADDITIONS = 20_000_000_000


def report_of(
    predictions: Predictions,
    calibration: Calibration | None = None,
    basis: str = "",
    costs: tuple[str, np.ndarray] | None = None,
) -> dict[str, Any]:
    """The numbers of a report that follow from predictions.

    Args:
        predictions: at least one photo.
        calibration: see `CalibratedPredictions`; None without a calibration.
        basis: see `CalibratedPredictions`.
        costs: name and (categories, categories) costs of errors; None without costs.

    Returns:
        Plain values under the keys of `report.json`; None where something is undefined.
    """
    bursts = predictions.bursts
    groups = np.arange(len(predictions.names)) if bursts is None else bursts
    bootstrap = Bootstrap.of(groups)
    table = per_category(predictions)
    located = predictions.located
    report = {
        "version": VERSION,
        "categories": list(predictions.categories.names),
        "counts": {
            "photos": len(predictions.names),
            "categories": len(predictions.categories),
            "right": int(predictions.right.sum()),
            "bursts": len(np.unique(groups)),
            "not_located": None if located is None else int((~located).sum()),
        },
        "metrics": _metrics(predictions, bootstrap),
        "per_category": table.to_dict("records"),
        "empty": table["category"][table["support"] == 0].tolist(),
        "confusion": _confusion(confusion_counts(predictions)),
        "pairs": confused_pairs(
            predictions.targets, predictions.predicted, predictions.categories, predictions.names
        ),
        "trade": _electrical(predictions, bootstrap, costs),
        "calibration": None
        if calibration is None
        else calibration_report(predictions, calibration, basis),
        "attention": _occlusion(predictions),
    }
    found: dict[str, Any] = plain(report)
    return found


def _confusion(counts: np.ndarray) -> dict[str, Any]:
    cells = [
        [int(row), int(column), int(counts[row, column])]
        for row, column in zip(*np.nonzero(counts), strict=True)
    ]
    return {"cells": cells, "order": confusion_order(counts)}


def plain(value: Any) -> Any:
    """The same in values of JSON: without NumPy types, and with None instead of nan."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _metrics(predictions: Predictions, bootstrap: Bootstrap) -> list[dict[str, Any]]:
    rows = []
    once = np.ones((1, len(predictions.names)))
    for (name, words), score in zip(SCORES.items(), (accuracy, f1_macro, roc_auc), strict=True):
        bound = partial(score, predictions)
        low, high = bootstrap.interval(bound) if _affordable(name, predictions) else (None, None)
        value = float(bound(once)[0])
        rows.append({"name": name, "words": words, "value": value, "low": low, "high": high})
    means = {"loss": ("loss", predictions.losses.astype(float))}
    if len(predictions.categories) > 3:
        means["top3_accuracy"] = ("top-3 accuracy", (predictions.ranks <= 3).astype(float))
    for name, (words, values) in means.items():
        low, high = bootstrap.interval_of_mean(values)
        rows.append(
            {"name": name, "words": words, "value": values.mean(), "low": low, "high": high}
        )
    order = ["accuracy", "top3_accuracy", "f1_macro", "roc_auc", "loss"]
    return sorted(rows, key=lambda row: order.index(row["name"]))


def _affordable(name: str, predictions: Predictions) -> bool:
    return name != "roc_auc" or predictions.probabilities.size * DRAWS <= _MAX_ADDITIONS


def _electrical(
    predictions: Predictions, bootstrap: Bootstrap, costs: tuple[str, np.ndarray] | None
) -> dict[str, Any]:
    result = evaluate_electrical(
        predictions.targets, predictions.predicted, predictions.categories, predictions.names
    )
    metrics = result.summary(bootstrap.interval_of_mean)
    if costs is None:
        return {**metrics, "cost": None}
    name, matrix = costs
    targets, predicted = predictions.targets, predictions.predicted
    likely = None
    if predictions.temperatures is not None:
        likely = (
            calibrated(predictions.probabilities[rows], predictions.temperatures[rows])
            for rows in chunks(len(targets))
        )
    return {**metrics, "cost": cost_of_predictions(matrix, targets, predicted, likely, name)}


def _occlusion(predictions: Predictions) -> dict[str, Any] | None:
    found = predictions.occlusion
    if found is None:
        return None
    on_body = np.isfinite(found.on_body)
    targets = predictions.targets
    chance = float(np.bincount(targets).max() / len(targets))
    painted = {
        name: _accuracy(predicted, targets)
        for name, predicted in (
            ("body_painted", found.body_painted),
            ("background_painted", found.background_painted),
        )
    }
    hidden = painted["body_painted"]["accuracy"]
    warning = ""
    # Chance, and three standard deviations of it with so few photos.
    count = max(painted["body_painted"]["photos"], 1)
    if hidden is not None and hidden > chance + 3 * math.sqrt(chance * (1 - chance) / count):
        warning = (
            f"With the body painted over, {percent(hidden)} of the predictions are still right, "
            f"where always naming the most frequent category gives {percent(chance)}: the model "
            "relies on the background instead of the resistor"
        )
    return {
        "on_body": {
            "photos": int(on_body.sum()),
            "mean": found.on_body[on_body].mean() if on_body.any() else None,
            "area": found.body_area[on_body].mean() if on_body.any() else None,
        },
        "accuracy": predictions.right.mean(),
        **painted,
        "most_frequent": chance,
        "warning": warning,
    }


def _accuracy(predicted: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    known = predicted >= 0
    share = (predicted == targets)[known].mean() if known.any() else None
    return {"photos": int(known.sum()), "accuracy": share}


def accepted_at(predictions: Predictions, risk: float | None) -> np.ndarray | None:
    """(photos,) 1 or 0, nan where the risk level is not guaranteed; None where none is."""
    if risk is None or predictions.accepted is None:
        return None
    return predictions.accepted[:, RISKS.index(risk)]


def rows_of(
    predictions: Predictions, most: int | None = None, risk: float | None = None
) -> list[dict[str, Any]]:
    """A row per photo for the page.

    Args:
        predictions: the predictions.
        most: maximum of rows: half of them of the highest loss, a quarter of the lowest, the
            others at random; None for all. They are in the order of the photos.
        risk: risk level that `accepted` stands for; None where none is guaranteed.
    """
    chosen = np.arange(len(predictions.names))
    if most is not None and len(chosen) > most:
        order = np.argsort(-predictions.losses, kind="stable")
        worst, rest = order[: most // 2], order[most // 2 :]
        best, rest = rest[len(rest) - most // 4 :], rest[: len(rest) - most // 4]
        some = np.random.default_rng(0).permutation(rest)[: most - len(worst) - len(best)]
        chosen = np.sort(np.concatenate([worst, best, some]))
    part = predictions.select(chosen)
    accepted = accepted_at(part, risk)
    names, places = part.categories.names, np.arange(len(chosen))
    columns = {
        "photo": list(part.names),
        "label": [names[index] for index in part.targets],
        "prediction": [names[index] for index in part.predicted],
        "correct": part.right,
        "probability": part.probabilities[places, part.predicted],
        "label_probability": part.probabilities[places, part.targets],
        "loss": part.losses,
        "confidence": part.confidences,
        "accepted": None if accepted is None else yes_or_no(accepted),
        "candidates": None if part.set_sizes is None else part.set_sizes[:, -1],
        "unknown": part.ood_scores,
        "located": part.located,
    }
    return [
        plain({name: None if one is None else one[place] for name, one in columns.items()})
        for place in places
    ]


def robustness_report(
    table: pd.DataFrame, predictions: Predictions, risk: float | None
) -> dict[str, Any]:
    """Accuracy and coverage under each corruption and severity, beside those of the plain photos.

    Args:
        table: a row per photo, corruption and severity: `kind`, `strength` (the severity),
            `correct` and, for calibrated predictions, `accepted:RISK` (None where that risk level
            is not guaranteed).
        predictions: of the same photos without corruption.
        risk: risk level that "accepted" stands for; None where none is guaranteed.

    Returns:
        `risk`, `plain` (without corruption) and `rows`, one per corruption and severity.
    """
    rows = []
    for (kind, severity), part in table.groupby(["kind", "strength"], sort=False):
        column = None if risk is None else part[f"accepted:{risk}"]
        taken = None if column is None or column.isna().all() else column.eq(True).to_numpy(bool)
        rows.append(
            {
                "kind": kind,
                "strength": severity,
                "photos": len(part),
                **_accuracy_and_coverage(part["correct"].to_numpy(bool), taken),
            }
        )
    taken = accepted_at(predictions, risk)
    taken = None if taken is None or np.isnan(taken).all() else taken == 1
    whole = _accuracy_and_coverage(predictions.right, taken)
    found: dict[str, Any] = plain({"risk": risk, "plain": whole, "rows": rows})
    return found


def _accuracy_and_coverage(right: np.ndarray, taken: np.ndarray | None) -> dict[str, Any]:
    if taken is None:
        return {"accuracy": right.mean(), "coverage": None, "wrong_accepted": None}
    wrong = (taken & ~right).sum() / taken.sum() if taken.any() else None
    return {"accuracy": right.mean(), "coverage": taken.mean(), "wrong_accepted": wrong}
