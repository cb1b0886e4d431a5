"""The prediction of a model that knows its categories, from their probabilities."""

import numpy as np

from resistor_cls.categories import Categories
from resistor_cls.data.images.preprocessed import PreprocessedImage
from resistor_cls.inference.prediction import Box, Candidate, Prediction, ambiguous, reading_of
from resistor_cls.inference.wording import worded


def category_prediction(
    body: PreprocessedImage,
    likely: np.ndarray,
    confidences: np.ndarray,
    categories: Categories,
    top: int,
    *,
    located: bool | None,
    familiar: bool | None,
    missed_limit: str | None,
    calibrated: bool,
) -> Prediction:
    """Puts the probabilities of categories into a prediction, without the file of the photo.

    Args:
        body: the crop of the body, or the whole photo.
        likely: (categories,) probabilities of the model.
        confidences: (categories,) calibrated; the probabilities of a model without calibration.
        categories: of the model.
        top: number of candidates.
        located: see `Prediction`, as are `familiar` and `calibrated`.
        familiar: see there.
        missed_limit: see `worded`.
        calibrated: see there.
    """
    order = np.argsort(-likely, kind="stable")
    best = categories[int(order[0])]
    wording = worded(best, located=located, familiar=familiar, missed_limit=missed_limit)
    label = None
    if wording.accepted and (not best.words_say_all or best.in_words in ambiguous(categories)):
        label = best.name
    return Prediction(
        None,
        text=wording.text,
        **(reading_of(best) if wording.accepted else {}),
        confidence=None if located is False else float(confidences[order[0]]),
        calibrated=calibrated,
        accepted=wording.accepted,
        reason=wording.reason,
        located=located,
        familiar=familiar,
        box=None if body.box is None else Box.of(body.box),
        candidates=tuple(
            Candidate.of(categories[int(one)], float(likely[one]), float(confidences[one]))
            for one in order[:top]
        ),
        label=label,
    )
