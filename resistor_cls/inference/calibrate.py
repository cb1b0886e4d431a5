"""Calibrates the predictions of a model on labelled photos."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from resistor_cls.errors import ModelError
from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.calibration import (
    CalibratedPredictions,
    Calibration,
    apply_calibration,
    cross_fitted,
    fit_calibration,
)

if TYPE_CHECKING:
    from resistor_cls.data import PhotoDataModule


def require_finite(predictions: Predictions) -> None:
    """Checks that probabilities can be evaluated.

    Raises:
        ModelError: probabilities that are not finite numbers.
    """
    broken = int((~np.isfinite(predictions.probabilities).all(axis=1)).sum())
    if broken:
        raise ModelError(
            f"the model's probabilities of {broken} of {len(predictions.names)} photos are not "
            "numbers, because its training diverged: lower optimizer.lr, or set "
            "trainer.gradient_clip_val=1"
        )


def calibration_metadata(predictions: Predictions, data: "PhotoDataModule") -> dict[str, Any]:
    """A calibration on held-out photos, as plain values that are saved with the model.

    Args:
        predictions: of photos that did not train the model.
        data: the photos.

    Returns:
        The calibration, and under `pixels` the pixel hashes of the photos that it was fitted on.

    Raises:
        ModelError: see `require_finite`.
    """
    require_finite(predictions)
    fitted = fit_calibration(
        predictions.probabilities, predictions.targets, predictions.located, predictions.features
    )
    hashes = sorted({data.metadata[index].pixel_hash for index in predictions.indices})
    return {**fitted.to_dict(), "pixels": hashes}


def calibrate_predictions(
    metadata: Mapping[str, Any], predictions: Predictions, data: "PhotoDataModule"
) -> CalibratedPredictions | None:
    """Calibrates predictions by the model's own calibration, or by cross-fitting.

    Cross-fitting is used where the model has no calibration, and where one of these photos fitted
    it: a calibration looks better than it is on the photos that it was fitted on.

    Args:
        metadata: of the model.
        predictions: of the model, with bursts.
        data: the photos.

    Returns:
        None where the model has no usable calibration and the photos are too few to fit one.
    """
    saved = metadata.get("calibration")
    if saved is not None:
        used = set(saved["pixels"])
        if not any(data.metadata[index].pixel_hash in used for index in predictions.indices):
            return apply_calibration(
                predictions.probabilities,
                Calibration.from_dict(saved),
                predictions.located,
                predictions.features,
            )
    assert predictions.bursts is not None
    return cross_fitted(
        predictions.probabilities,
        predictions.targets,
        predictions.bursts,
        predictions.located,
        predictions.features,
    )
