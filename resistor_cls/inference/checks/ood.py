"""OOD check: does a model abstain on photos that show none of its categories?

Columns, files and keys call such photos `unknown`, and higher scores mean less like a category.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resistor_cls.categories import Categories
from resistor_cls.data.images.decode import RGB
from resistor_cls.data.images.preprocessed import PreprocessedImage
from resistor_cls.data.images.threads import one_torch_thread
from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.calibration import RISKS, CalibratedPredictions, apply_calibration
from resistor_cls.evaluation.ood import ood_report
from resistor_cls.evaluation.predictions import yes_or_no
from resistor_cls.inference.batches import batched, probabilities_and_features
from resistor_cls.inference.checks.ood_cache import kept_ood_photos, ood_cache_file
from resistor_cls.inference.checks.ood_photos import KINDS, OOD_VERSION, ood_photos
from resistor_cls.model.torch_network import TorchNetwork
from resistor_cls.synthetic import GENERATOR_VERSION

if TYPE_CHECKING:
    from resistor_cls.data import PhotoDataModule
    from resistor_cls.model import ResistorNetwork

log = logging.getLogger("resistor_cls")


def check_ood(
    model: "ResistorNetwork", data: "PhotoDataModule", calibrated: CalibratedPredictions, count: int
) -> pd.DataFrame | None:
    """Predicts synthetic OOD photos, and the photos of categories that the model does not have.

    Args:
        model: in eval mode.
        data: photos of the model's categories, and of others where there are any.
        calibrated: predictions of the photos of the model's categories.
        count: synthetic photos of each kind; models whose photos are not RGB get none.

    Returns:
        A row per photo: `photo`, `kind`, `prediction`, `confidence`, `accepted` (empty where no
        risk is guaranteed), `located`, `unknown` (the OOD score), and `accepted:RISK` (empty where
        that risk is not guaranteed). None where there are no OOD photos.
    """
    if count and data.preprocess.channels != RGB:
        log.info("No synthetic OOD photos are evaluated: they are RGB, these photos are not")
        count = 0
    parts = []
    for kind in KINDS if count else ():
        names = [f"drawn {number}" for number in range(count)]
        photos = _synthetic(data, kind, count, model.categories)
        parts.append(_rows(model, kind, names, photos, calibrated))
    others = data.ood_indices
    if len(others):
        names = [data.photo_set.names[index] for index in others]
        found = (PreprocessedImage(data.photo(index), _located(data, index)) for index in others)
        parts.append(_rows(model, "other categories", names, found, calibrated))
    return pd.concat(parts, ignore_index=True) if parts else None


def report_ood(table: pd.DataFrame, predictions: Predictions) -> dict[str, Any] | None:
    """How well the OOD score separates OOD photos from those of the model's categories.

    Args:
        table: see `check_ood`.
        predictions: of the photos of the model's categories, calibrated.
    """
    assert predictions.ood_scores is not None
    parts = {str(kind): part for kind, part in table.groupby("kind", sort=False)}

    def accepted(column: str) -> dict[str, np.ndarray] | None:
        if not table[column].notna().any():
            return None
        return {kind: part[column].eq(True).to_numpy() for kind, part in parts.items()}

    located = None
    if predictions.located is not None:
        located = {kind: part["located"].to_numpy(bool) for kind, part in parts.items()}
    score = "1 - calibrated confidence; 1 where no body was found"
    if predictions.familiar is not None:
        score = (
            "distance to the nearest calibration photo, 1 at the limit; 3 where it is three "
            "times the limit or more, or no body was found"
        )
    return ood_report(
        predictions.ood_scores,
        {kind: part["unknown"].to_numpy(float) for kind, part in parts.items()},
        accepted("accepted"),
        located,
        score,
        accepted_at={str(risk): accepted(f"accepted:{risk}") for risk in RISKS},
    )


def _synthetic(
    data: "PhotoDataModule", kind: str, count: int, categories: Categories
) -> Iterator[PreprocessedImage]:
    """Synthetic OOD photos of a kind, preprocessed for the model."""
    contents = OOD_VERSION, GENERATOR_VERSION, kind, count, data.preprocess.key, *categories.names
    return kept_ood_photos(
        ood_cache_file(data.cache_folder, *contents),
        (count, *data.preprocess.shape, data.preprocess.channels),
        lambda: _preprocessed(data, ood_photos(kind, count, categories, seed=0)),
    )


def _preprocessed(
    data: "PhotoDataModule", photos: Iterator[np.ndarray]
) -> Iterator[PreprocessedImage]:
    """Photos preprocessed for the model, a batch at a time on all cores."""
    with one_torch_thread(), ThreadPoolExecutor(cpu_count()) as pool:
        for group in batched(photos):
            yield from pool.map(data.preprocess, group)


def _located(data: "PhotoDataModule", index: int) -> bool:
    return data.located is None or bool(data.located[index])


def _rows(
    model: "ResistorNetwork",
    kind: str,
    names: list[str],
    photos: Iterator[PreprocessedImage],
    calibrated: CalibratedPredictions,
) -> pd.DataFrame:
    located: list[bool] = []

    def preprocessed() -> Iterator[np.ndarray]:
        for one in photos:
            located.append(one.located)
            yield one.photo

    likely, features = probabilities_and_features(TorchNetwork(model), preprocessed())
    found = apply_calibration(likely, calibrated.calibration, np.array(located), features)
    risk = calibrated.calibration.guaranteed_risk
    accepted = np.full(len(names), np.nan)
    if risk is not None:
        accepted = found.accepted[:, RISKS.index(risk)]
    return pd.DataFrame(
        {
            "photo": names,
            "kind": kind,
            "prediction": np.array(model.categories.names, dtype=object)[likely.argmax(axis=1)],
            "confidence": found.confidences,
            "accepted": yes_or_no(accepted),
            "located": located,
            "unknown": found.ood_scores(np.array(located)),
            **{
                f"accepted:{level}": yes_or_no(one)
                for level, one in zip(RISKS, found.accepted.T, strict=True)
            },
        }
    )
