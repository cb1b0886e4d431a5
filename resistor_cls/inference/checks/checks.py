"""What a model is put through beside its test photos: hidden parts, unknown things, bad photos."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from os import cpu_count

import numpy as np
import pandas as pd
import torch

from resistor_cls.data import PhotoDataModule
from resistor_cls.data.images.preprocessed import PreprocessedImage
from resistor_cls.data.images.threads import one_torch_thread
from resistor_cls.errors import ModelError
from resistor_cls.evaluation import OcclusionResult, Predictions
from resistor_cls.evaluation.calibration import RISKS, CalibratedPredictions
from resistor_cls.evaluation.predictions import yes_or_no
from resistor_cls.inference.batches import (
    as_batch,
    batched,
    predict_batches,
    probabilities_and_features,
)
from resistor_cls.inference.checks.corruptions import CORRUPTIONS, SEVERITIES
from resistor_cls.inference.checks.occlusion_fill import paint_background, paint_body
from resistor_cls.inference.checks.ood_photos import KINDS, unknown_photos
from resistor_cls.inference.checks.saliency import saliency, share_on
from resistor_cls.model import ResistorNetwork

MAX_LOOKED_AT = 256  # photos: the mean share of saliency on the body then strays by 0.02


def saliency_of(
    model: ResistorNetwork, data: PhotoDataModule, predictions: Predictions, chosen: np.ndarray
) -> Iterator[tuple[int, np.ndarray]]:
    """What in each photo speaks for its prediction.

    Args:
        model: that predicted.
        data: the photos.
        predictions: of the model.
        chosen: positions in `predictions`.

    Yields:
        A position, and its saliency (rows, columns) float32 in [0, 1].
    """
    for places in batched(chosen.tolist()):
        photos = [data.photo(int(predictions.indices[place])) for place in places]
        targets = torch.from_numpy(predictions.predicted[list(places)])
        heat = saliency(model, as_batch(photos, model.device), targets)
        yield from zip(places, heat.cpu().numpy(), strict=True)


def check_occlusion(
    model: ResistorNetwork,
    data: PhotoDataModule,
    predictions: Predictions,
    look: bool = True,
) -> OcclusionResult | None:
    """What becomes of predictions when the body, or all but the body, is painted over.

    Args:
        model: that predicted.
        data: the photos.
        predictions: of the model.
        look: measure too how much of the saliency lies on the body.

    Returns:
        None where it is known of no photo where its body lies.
    """
    known_by, count = _known_bodies(data, predictions), len(predictions.names)
    if not known_by:
        return None
    on_body, area = np.full(count, np.nan), np.full(count, np.nan)
    answers = []
    for paint in (paint_body, paint_background):
        painted = (
            paint(data.photo(int(predictions.indices[place])), _pixels(data, predictions, place))
            for place in known_by
        )
        said = np.full(count, -1)
        said[list(known_by)] = np.concatenate(
            [likely.argmax(axis=1) for likely, _ in predict_batches(model, painted)]
        )
        answers.append(said)
    # A locator may have erred, and would then be the judge of its own cause.
    boxed = np.array([place for place, how in known_by.items() if look and how == "box"], dtype=int)
    looked = np.sort(np.random.default_rng(0).permutation(boxed)[:MAX_LOOKED_AT])
    with suppress(ModelError):  # a backbone without maps: the galleries say so
        for place, heat in saliency_of(model, data, predictions, looked):
            pixels = _pixels(data, predictions, place)
            on_body[place], area[place] = share_on(heat, pixels), pixels.mean()
    return OcclusionResult(on_body, area, *answers)


def _known_bodies(data: PhotoDataModule, predictions: Predictions) -> dict[int, str]:
    """Position in predictions → how it is known where the body lies, where it is in the picture.

    Without the pixels: those of a hundred thousand photos are gigabytes.
    """
    found = ((place, data.body(int(index))) for place, index in enumerate(predictions.indices))
    return {place: body.known_by for place, body in found if body and body.pixels.any()}


def _pixels(data: PhotoDataModule, predictions: Predictions, place: int) -> np.ndarray:
    """The pixels of a known body: (rows, columns) bool."""
    body = data.body(int(predictions.indices[place]))
    assert body is not None
    return body.pixels


def check_ood(
    model: ResistorNetwork, data: PhotoDataModule, answers: CalibratedPredictions, count: int
) -> pd.DataFrame:
    """Judges photos that show none of the model's categories.

    Args:
        model: the model.
        data: whose photos of other categories are judged too, where there are any.
        answers: of the photos of known categories.
        count: photos that are drawn of each kind.

    Returns:
        A row per photo: `photo`, `kind`, what it was taken for (`prediction`), `confidence`,
        `accepted` (empty where no risk is guaranteed), `located`, `unknown`, and `accepted:RISK`
        (empty where that risk is not guaranteed).
    """
    parts = []
    for kind in KINDS if count else ():
        drawn = unknown_photos(kind, count, model.categories, seed=0)
        names = [f"drawn {number}" for number in range(count)]
        parts.append(_unknown_rows(model, kind, names, _preprocessed(data, drawn), answers))
    others = data.ood_indices
    if len(others):
        names = [data.photo_set.names[index] for index in others]
        photos = (PreprocessedImage(data.photo(index), _located(data, index)) for index in others)
        parts.append(_unknown_rows(model, "other categories", names, photos, answers))
    return pd.concat(parts, ignore_index=True)


def _preprocessed(
    data: PhotoDataModule, photos: Iterator[np.ndarray]
) -> Iterator[PreprocessedImage]:
    """Photos as the model needs them, a few at a time on all cores."""
    with one_torch_thread(), ThreadPoolExecutor(cpu_count()) as pool:
        for group in batched(photos):
            yield from pool.map(data.preprocess, group)


def _located(data: PhotoDataModule, index: int) -> bool:
    return data.located is None or bool(data.located[index])


def _unknown_rows(
    model: ResistorNetwork,
    kind: str,
    names: list[str],
    photos: Iterator[PreprocessedImage],
    answers: CalibratedPredictions,
) -> pd.DataFrame:
    located: list[bool] = []

    def pixels() -> Iterator[np.ndarray]:
        for one in photos:
            located.append(one.located)
            yield one.photo

    likely, features = probabilities_and_features(model, pixels())
    found = answers.to_other_photos(likely, np.array(located), features)
    risk = answers.calibration.guaranteed_risk
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
            "unknown": found.unknown(np.array(located)),
            **{
                f"accepted:{level}": yes_or_no(one)
                for level, one in zip(RISKS, found.accepted.T, strict=True)
            },
        }
    )


def check_robustness(
    model: ResistorNetwork,
    data: PhotoDataModule,
    predictions: Predictions,
    answers: CalibratedPredictions | None,
) -> pd.DataFrame:
    """Judges the photos again under each kind and strength of stress.

    Returns:
        A row per photo, kind and strength: `photo`, `kind`, `strength`, `prediction`, `correct`,
        `confidence`, and `accepted:RISK` (empty where nothing is guaranteed_risk).
    """
    names = np.array(model.categories.names, dtype=object)
    parts = []
    for kind, stress in CORRUPTIONS.items():
        places = list(range(len(predictions.names)))
        if stress.needs_body:
            places = list(_known_bodies(data, predictions))
        for strength in range(1, len(SEVERITIES) + 1):
            photos = (
                stress(
                    data.photo(int(predictions.indices[place])),
                    strength,
                    place,
                    _pixels(data, predictions, place) if stress.needs_body else None,
                )
                for place in places
            )
            likely, features = probabilities_and_features(model, photos)
            rows = pd.DataFrame(
                {
                    "photo": [predictions.names[place] for place in places],
                    "kind": kind,
                    "strength": strength,
                    "prediction": names[likely.argmax(axis=1)],
                    "correct": likely.argmax(axis=1) == predictions.targets[places],
                }
            )
            if answers is not None:
                again = answers.select(np.array(places, dtype=int))
                confidences, accepted = again.to_the_same_photos(
                    likely,
                    None if predictions.located is None else predictions.located[places],
                    features,
                )
                rows["confidence"] = confidences
                for risk, one in zip(RISKS, accepted.T, strict=True):
                    rows[f"accepted:{risk}"] = yes_or_no(one)
            parts.append(rows)
    return pd.concat(parts, ignore_index=True)
