"""Scores an exported model beside the model that it was made of, on the same photos.

An export is scored and not only loaded: exporters have written files that load and predict
nonsense (pytorch#169178).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
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
# its own detector finds, and a confidence beside the threshold falls to either side.
MIN_AGREEMENT = {"float32": 0.995, "float16": 0.995, "int8": 0.95}
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
    original: PhotoNetwork, exported: PhotoNetwork, photos: Iterable[Labelled], precision: str
) -> Parity:
    """Predicts photos by both models, a few at a time.

    Args:
        original: the model.
        exported: the same, exported.
        photos: those that cannot be read are left out.
        precision: of the exported weights.

    Raises:
        DataError: none of them can be read.
    """
    every = list(_compared(original, exported, photos))
    found = [one for one in every if one.original.error is None]
    if not found:
        raise DataError(
            f"none of the {many(len(every), 'photo')} that score the export can be read: name "
            "other photos"
        )
    differing = [one for one in found if one.texts[0] != one.texts[1]]
    known = [one for one in found if _is_known(one.photo, original)]
    return Parity(
        precision=precision,
        photos=len(found),
        unreadable=len(every) - len(found),
        max_difference=_largest(one.difference for one in found),
        max_end_to_end_difference=_largest(
            _confidence_difference(one.original, one.exported) for one in found
        ),
        agreement=1 - len(differing) / len(found),
        differing=tuple((one.photo.name, *one.texts) for one in differing[:MAX_LISTED]),
        labelled=len(known),
        original=_scores([(one.original, one.photo) for one in known], original),
        exported=_scores([(one.exported, one.photo) for one in known], original),
    )


@dataclass(frozen=True)
class _Compared:
    """What two models predict of a photo.

    Attributes:
        photo: what is known of it; not its pixels.
        original: prediction of the one.
        exported: prediction of the other.
        difference: largest of a probability for photos that were preprocessed together.
    """

    photo: Labelled
    original: Prediction
    exported: Prediction
    difference: float

    @property
    def texts(self) -> tuple[str, str]:
        return str(self.original.text), str(self.exported.text)


def _compared(
    original: PhotoNetwork, exported: PhotoNetwork, photos: Iterable[Labelled]
) -> Iterator[_Compared]:
    ours, theirs = Predictor(original), Predictor(exported)
    for group in batched(photos):
        files = [one.photo for one in group]
        pairs = list(zip(ours.predict(files), theirs.predict(files), strict=True))
        difference = _max_difference(
            original,
            exported,
            [file for file, (one, _) in zip(files, pairs, strict=True) if one.error is None],
        )
        for one, pair in zip(group, pairs, strict=True):
            yield _Compared(replace(one, photo=one.name), *pair, difference)


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
    original: PhotoNetwork, exported: PhotoNetwork, photos: Sequence[Photo]
) -> float:
    """The largest difference of a probability for the same preprocessed photo; 0 without photos."""
    if not photos:
        return 0.0
    prepare = exported.image_preprocessing()  # as good as the other, and faster
    batch = np.stack([prepare(pixels_of(photo)).photo for photo in photos])
    ours, theirs = (one.predict_photos(batch)[0] for one in (original, exported))
    pairs = [(ours, theirs)]
    if original.reads_bands:
        read = (_shares(one.read_photos(batch)) for one in (original, exported))
        pairs += zip(*read, strict=True)
    return _largest(np.abs(one - other).max() for one, other in pairs)


def _largest(values: Iterable[float]) -> float:
    """NaN where one of them is NaN, which `max` may pass over."""
    return float(np.max(list(values)))


def _shares(scores: BandScores) -> list[np.ndarray]:
    """All probabilities of a reading."""
    own = [np.exp(one) for one in (scores.slots, scores.direction, scores.watts)]
    return own if scores.turned is None else own + _shares(scores.turned)


def _is_known(photo: Labelled, network: PhotoNetwork) -> bool:
    if network.reads_any_value:
        return photo.ohms is not None
    return photo.category in network.categories.names


def _scores(known: Sequence[tuple[Prediction, Labelled]], network: PhotoNetwork) -> Scores | None:
    if not known:
        return None
    right = np.array([_is_right(*pair, network) for pair in known])
    accepted = np.array([bool(one.accepted) for one, _ in known])
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
