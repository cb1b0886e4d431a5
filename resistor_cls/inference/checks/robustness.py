"""Robustness check: how accuracy and coverage fall under changed light, blur, noise and the like.

Columns and keys call the severity of a corruption `strength`, and the check `stress`.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.calibration import RISKS, CalibratedPredictions
from resistor_cls.evaluation.predictions import yes_or_no
from resistor_cls.evaluation.report import robustness_report
from resistor_cls.inference.batches import probabilities_and_features
from resistor_cls.inference.checks.bodies import body_mask, known_bodies
from resistor_cls.inference.checks.corruptions import CORRUPTIONS, SEVERITIES
from resistor_cls.model.torch_network import TorchNetwork

if TYPE_CHECKING:
    from resistor_cls.data import PhotoDataModule
    from resistor_cls.model import ResistorNetwork


def check_robustness(
    model: "ResistorNetwork",
    data: "PhotoDataModule",
    predictions: Predictions,
    calibrated: CalibratedPredictions | None,
) -> pd.DataFrame:
    """Predicts the photos again under each corruption and severity.

    Args:
        model: that predicted.
        data: the photos, RGB.
        predictions: of the model.
        calibrated: the same predictions calibrated; None where they are not.

    Returns:
        A row per corruption, severity and photo: `photo`, `kind` (the corruption), `strength` (the
        severity, 1 to 5), `prediction`, `correct`; of calibrated predictions `confidence` and
        `accepted:RISK` (empty where that risk is not guaranteed) too.
    """
    parts = []
    for kind, corruption in CORRUPTIONS.items():
        places = list(range(len(predictions.names)))
        if corruption.needs_body:
            places = list(known_bodies(data, predictions))
        for severity in range(1, len(SEVERITIES) + 1):
            corrupted = (
                corruption(
                    data.photo(int(predictions.indices[place])),
                    severity,
                    place,
                    body_mask(data, predictions, place) if corruption.needs_body else None,
                )
                for place in places
            )
            likely, features = probabilities_and_features(TorchNetwork(model), corrupted)
            rows = _rows(predictions, np.array(places, dtype=int), likely, features, calibrated)
            rows.insert(1, "kind", kind)
            rows.insert(2, "strength", severity)
            parts.append(rows)
    return pd.concat(parts, ignore_index=True)


def _rows(
    predictions: Predictions,
    places: np.ndarray,
    likely: np.ndarray,
    features: np.ndarray | None,
    calibrated: CalibratedPredictions | None,
) -> pd.DataFrame:
    """The rows of one corruption and severity; `likely` are the new probabilities."""
    predicted = likely.argmax(axis=1)
    rows = pd.DataFrame(
        {
            "photo": [predictions.names[place] for place in places],
            "prediction": np.array(predictions.categories.names, dtype=object)[predicted],
            "correct": predicted == predictions.targets[places],
        }
    )
    if calibrated is not None:
        located = None if predictions.located is None else predictions.located[places]
        confidences, accepted = calibrated.select(places).apply_to_corrupted(
            likely, located, features
        )
        rows["confidence"] = confidences
        for risk, one in zip(RISKS, accepted.T, strict=True):
            rows[f"accepted:{risk}"] = yes_or_no(one)
    return rows


def report_robustness(
    table: pd.DataFrame, predictions: Predictions, risk: float | None
) -> dict[str, Any]:
    """Accuracy and coverage under each corruption and severity, beside those without.

    Args:
        table: see `check_robustness`.
        predictions: of the photos as they are.
        risk: level that "accepted" stands for; None where none is guaranteed.

    Returns:
        See `robustness_report`; each row also has the `name` and the `amount` of its severity.
    """
    report = robustness_report(table, predictions, risk)
    for row in report["rows"]:
        row["name"] = SEVERITIES[row["strength"] - 1]
        row["amount"] = CORRUPTIONS[row["kind"]].amount(row["strength"])
    return report
