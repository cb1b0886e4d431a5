"""Scores an exported model beside the model that it was made of, on the same photos.

An export is scored and not only loaded: exporters have written files that load and predict
nonsense (pytorch#169178).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from resistor_cls.bands import BandScores
from resistor_cls.errors import DataError, ModelError, many
from resistor_cls.inference.batches import batched
from resistor_cls.inference.photo_input import Photo, pixels_of
from resistor_cls.inference.prediction import Prediction
from resistor_cls.inference.predictor import Predictor
from resistor_cls.inference.read_options import equal_ohms
from resistor_cls.model.photo_network import PhotoNetwork

# Largest difference of a probability for the same preprocessed photo. In float32 two runtimes add
# in another order; half precision has 11 bits. Of 8 bits the scores below decide: a probability
# near one half can move by as much, and the prediction stays or becomes "don't know".
MAX_DIFFERENCE = {"float32": 1e-4, "float16": 0.02, "int8": 0.75}
# Smallest share of photos whose predictions have the same text. Each model cuts out the body that
# its own detector finds.
MIN_AGREEMENT = {"float32": 1.0, "float16": 0.995, "int8": 0.95}
# See `Parity.loss`.
MAX_LOSS = {"float32": 0.005, "float16": 0.005, "int8": 0.02}
MAX_LISTED = 20  # photos with another text that are named


@dataclass(frozen=True)
class Labelled:
    """A photo and what is known of it.

    Attributes:
        photo: a file or an array.
        name: for lists.
        category: name of the category, or None.
        ohms: of the part, or None.
    """

    photo: Photo
    name: str
    category: str | None = None
    ohms: float | None = None


@dataclass(frozen=True)
class Scores:
    """How a model predicts the photos whose labels are known.

    Attributes:
        accuracy: share whose first candidate is right.
        coverage: share that is accepted.
        accepted_wrong: share of the accepted ones that is wrong; None where none is accepted.
    """

    accuracy: float
    coverage: float
    accepted_wrong: float | None

    @property
    def read_wrongly(self) -> float:
        """Share of all photos that is accepted and wrong."""
        return self.coverage * (self.accepted_wrong or 0.0)


@dataclass(frozen=True)
class Parity:
    """How an exported model compares with its original.

    Attributes:
        precision: of the exported weights.
        photos: number of those that can be read.
        unreadable: number of the others, which count for nothing.
        max_difference: of a probability for the same preprocessed photo.
        max_end_to_end_difference: of the confidence in the same text, each model with its own
            detector.
        agreement: share of the photos whose predictions have the same text.
        differing: name and both texts of the first photos whose texts differ.
        labelled: number of photos whose label is known.
        original: scores on these; None without any.
        exported: the same.
    """

    precision: str
    photos: int
    unreadable: int
    max_difference: float
    max_end_to_end_difference: float
    agreement: float
    differing: tuple[tuple[str, str, str], ...]
    labelled: int
    original: Scores | None
    exported: Scores | None

    def check(self, path: Path) -> None:
        """Compares the scores with `MAX_DIFFERENCE`, `MIN_AGREEMENT` and `MAX_LOSS`.

        Raises:
            ModelError: an export that misses a bound.
        """
        largest, least = MAX_DIFFERENCE[self.precision], MIN_AGREEMENT[self.precision]
        loss, allowed = self.loss, MAX_LOSS[self.precision]
        if self.max_difference <= largest and self.agreement >= least and loss <= allowed:
            return
        raise ModelError(
            f"{path} is not written: on {self.photos} photos the export differs by up to "
            f"{self.max_difference:.2g} in a probability (allowed: {largest:g}) and agrees in "
            f"{self.agreement:.2%} of the texts (needed: {least:.1%}), and of {self.labelled} "
            f"photos with labels {max(loss, 0):.1%} more are wrong (allowed: {allowed:.1%}); "
            + (
                f"try --precision {'float16' if self.precision == 'int8' else 'float32'}"
                if self.precision != "float32"
                else "report the backbone, which ONNX Runtime runs otherwise than PyTorch"
            )
        )

    @property
    def loss(self) -> float:
        """By how much the accuracy falls, or the share of photos read wrongly rises.

        Of the photos with known labels; 0 without any. Wrong is what is accepted and wrong.
        """
        before, after = self.original, self.exported
        if before is None or after is None:
            return 0.0
        return max(before.accuracy - after.accuracy, after.read_wrongly - before.read_wrongly)

    def as_json(self) -> dict[str, Any]:
        """Plain values, with the bounds beside."""
        return {
            "precision": self.precision,
            "photos": self.photos,
            "unreadable": self.unreadable,
            "max_difference": self.max_difference,
            "max_difference_allowed": MAX_DIFFERENCE[self.precision],
            "max_end_to_end_difference": self.max_end_to_end_difference,
            "agreement": self.agreement,
            "agreement_needed": MIN_AGREEMENT[self.precision],
            "loss": self.loss,
            "loss_allowed": MAX_LOSS[self.precision],
            "differing": [
                {"photo": name, "original": original, "exported": exported}
                for name, original, exported in self.differing
            ],
            "labelled": self.labelled,
            "original": None if self.original is None else vars(self.original),
            "exported": None if self.exported is None else vars(self.exported),
        }


def score_export(
    original: PhotoNetwork, exported: PhotoNetwork, photos: Sequence[Labelled], precision: str
) -> Parity:
    """Predicts photos by both models.

    Args:
        original: the model.
        exported: the same, exported.
        photos: those that cannot be read are left out.
        precision: of the exported weights.

    Raises:
        DataError: none of them can be read.
    """
    every = list(_predictions(Predictor(original), Predictor(exported), photos))
    readable = [place for place, (one, _) in enumerate(every) if one.error is None]
    unreadable = len(photos) - len(readable)
    if not readable:
        raise DataError(
            f"none of the {many(len(photos), 'photo')} that score the export can be read: name "
            "other photos"
        )
    photos, pairs = [photos[place] for place in readable], [every[place] for place in readable]
    texts = [(str(one.text), str(other.text)) for one, other in pairs]
    differing = [
        (labelled.name, *both)
        for labelled, both in zip(photos, texts, strict=True)
        if both[0] != both[1]
    ]
    known = [place for place, one in enumerate(photos) if _is_known(one, original)]
    of_known = [photos[place] for place in known]
    return Parity(
        precision=precision,
        photos=len(photos),
        unreadable=unreadable,
        max_difference=_max_difference(original, exported, photos),
        max_end_to_end_difference=max(
            (_confidence_difference(*pair) for pair in pairs), default=0.0
        ),
        agreement=1 - len(differing) / len(photos),
        differing=tuple(differing[:MAX_LISTED]),
        labelled=len(known),
        original=_scores([pairs[place][0] for place in known], of_known, original),
        exported=_scores([pairs[place][1] for place in known], of_known, original),
    )


def _predictions(
    original: Predictor, exported: Predictor, photos: Sequence[Labelled]
) -> Iterator[tuple[Prediction, Prediction]]:
    for group in batched(photos):
        files = [one.photo for one in group]
        yield from zip(original.predict(files), exported.predict(files), strict=True)


def _confidence_difference(one: Prediction, other: Prediction) -> float:
    """The largest difference of the confidence in a candidate that both have."""
    theirs = {(each.text, each.category): each.confidence for each in other.candidates}
    shared = (
        abs(each.confidence - theirs[each.text, each.category])
        for each in one.candidates
        if (each.text, each.category) in theirs
    )
    return max(shared, default=0.0)


def _max_difference(
    original: PhotoNetwork, exported: PhotoNetwork, photos: Sequence[Labelled]
) -> float:
    """The largest difference of a probability for the same preprocessed photo."""
    prepare, largest = original.image_preprocessing(), 0.0
    for group in batched(pixels_of(one.photo) for one in photos):
        batch = np.stack([prepare(pixels).photo for pixels in group])
        ours, theirs = (one.predict_photos(batch)[0] for one in (original, exported))
        largest = max(largest, float(np.abs(ours - theirs).max()))
        if original.reads_bands:
            both = zip(
                _shares(original.read_photos(batch)),
                _shares(exported.read_photos(batch)),
                strict=True,
            )
            largest = max(largest, *(float(np.abs(a - b).max()) for a, b in both))
    return largest


def _shares(scores: BandScores) -> list[np.ndarray]:
    """All probabilities of a reading."""
    own = [np.exp(one) for one in (scores.slots, scores.direction, scores.watts)]
    return own if scores.turned is None else own + _shares(scores.turned)


def _is_known(photo: Labelled, network: PhotoNetwork) -> bool:
    if network.reads_any_value:
        return photo.ohms is not None
    return photo.category in network.categories.names


def _scores(
    predictions: Sequence[Prediction], photos: Sequence[Labelled], network: PhotoNetwork
) -> Scores | None:
    if not photos:
        return None
    right = np.array([_is_right(*pair, network) for pair in zip(predictions, photos, strict=True)])
    accepted = np.array([bool(one.accepted) for one in predictions])
    return Scores(
        accuracy=float(right.mean()),
        coverage=float(accepted.mean()),
        accepted_wrong=float((~right[accepted]).mean()) if accepted.any() else None,
    )


def _is_right(prediction: Prediction, photo: Labelled, network: PhotoNetwork) -> bool:
    if not prediction.candidates:
        return False
    first = prediction.candidates[0]
    if network.reads_any_value:
        return photo.ohms is not None and equal_ohms(first.ohms, photo.ohms)
    return first.category == photo.category
