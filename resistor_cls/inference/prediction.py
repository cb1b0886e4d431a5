"""A prediction for one photo, or for one body in it."""

import math
from collections import Counter
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from resistor_cls.categories import Categories, Category
from resistor_cls.data.geometry import OrientedBox
from resistor_cls.errors import as_text

OF_EXPECTED = ("expected", "expected_probability", "verdict")


@dataclass(frozen=True)
class Candidate:
    """One of the ranked categories or values of a prediction.

    Attributes:
        text: ohms and tolerance in words; the category's name where its ohms are not known.
        ohms: resistance in ohms; None where not known.
        category: its name; None for a value that belongs to no category.
        probability: of the model.
        confidence: calibrated probability; for a model without calibration, the probability.
    """

    text: str
    ohms: float | None
    category: str | None
    probability: float
    confidence: float

    @classmethod
    def of(cls, category: Category, probability: float, confidence: float) -> "Candidate":
        """The candidate for a category."""
        return cls(category.value_in_words, category.ohms, category.name, probability, confidence)


@dataclass(frozen=True)
class Box:
    """The oriented box of a body in the upright photo.

    Attributes:
        x: of the centre, in pixels from the left.
        y: of the centre, in pixels from the top.
        length: along its axis, in pixels.
        width: across its axis, in pixels.
        degrees: angle of its axis against the horizontal, clockwise, at least 0 and less than 180.
    """

    x: float
    y: float
    length: float
    width: float
    degrees: float

    @classmethod
    def of(cls, box: OrientedBox) -> "Box":
        """The same box with the angle in degrees."""
        degrees = math.degrees(box.angle) % 180
        return cls(box.x, box.y, box.length, box.width, degrees)

    @property
    def oriented(self) -> OrientedBox:
        """The same box with the angle in radians; its score is nan."""
        return OrientedBox(
            self.x, self.y, math.radians(self.degrees), self.length, self.width, math.nan
        )


@dataclass(frozen=True)
class Prediction:
    """A prediction for one photo, or for one body in it.

    Attributes:
        photo: the file, as the caller named it; None for a photo in memory.
        text: the reading in words, "don't know" or "no resistor found"; None for a photo that
            cannot be read.
        ohms: resistance in ohms; None where it is not known or the prediction is not accepted.
        tolerance: as a fraction; None where it is not known, the prediction is not accepted, or
            parts of the category differ in it.
        watts: power rating in watts; None where it is not known or the prediction is not accepted.
        bands: the colours, first digit first; None where they are not known, the prediction is not
            accepted, or parts of the category differ in them.
        category: the name of the category; None where there is none or the prediction is not
            accepted.
        confidence: probability that the best guess is right, accepted or not: calibrated where the
            model has a calibration; None where no body was found.
        calibrated: whether the model has a calibration.
        accepted: whether the text is a reading; None for a photo that cannot be read.
        reason: a sentence that says why it is not accepted; None where it is.
        located: whether the body was found; None for a model without a detector.
        familiar: whether the photo is like the calibration photos; None where that is not tested.
        box: of the body; None where it was not found.
        candidates: the most probable categories or values in order, accepted or not.
        error: why the photo cannot be read; None where it can.
        markings: all band sequences of parts of the category; empty where they are not known.
        body: number of the body, from 1; None where only one body is read.
        label: the category, where its name states more than `text`.
        expected: value that was expected, in ohms; None where none was, as are the next two.
        expected_probability: of this value; None also where no body was found.
        verdict: `yes`, `no` or `unsure`.
    """

    photo: Path | None
    text: str | None = None
    ohms: float | None = None
    tolerance: float | None = None
    watts: float | None = None
    bands: tuple[str, ...] | None = None
    category: str | None = None
    confidence: float | None = None
    calibrated: bool = False
    accepted: bool | None = None
    reason: str | None = None
    located: bool | None = None
    familiar: bool | None = None
    box: Box | None = None
    candidates: tuple[Candidate, ...] = ()
    error: str | None = None
    markings: tuple[tuple[str, ...], ...] = ()
    body: int | None = None
    label: str | None = None
    expected: float | None = None
    expected_probability: float | None = None
    verdict: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values under the names of the attributes; lengths of the box to a tenth.

        The verdict is there where a value was expected.
        """
        fields = asdict(self)
        del fields["label"]
        if self.expected is None:
            for name in OF_EXPECTED:
                del fields[name]
        if self.photo is not None:
            fields["photo"] = as_text(str(self.photo))
        if self.error is not None:
            fields["error"] = as_text(self.error)
        if self.box is not None:
            fields["box"] = {name: round(value, 1) for name, value in fields["box"].items()}
            fields["box"]["degrees"] %= 180  # where it was rounded up to 180
        return fields


def reading_of(category: Category) -> dict[str, Any]:
    """The attributes of a `Prediction` that follow from an accepted category."""
    tolerances, markings = category.tolerances, category.markings
    return {
        "ohms": category.ohms,
        "tolerance": tolerances[0] if len(tolerances) == 1 else None,
        "watts": category.watts,
        "bands": markings[0] if len(markings) == 1 else None,
        "category": category.name,
        "markings": markings,
    }


@lru_cache(maxsize=8)
def ambiguous(categories: Categories) -> frozenset[str]:
    """The words that several categories of a list share."""
    counts = Counter(category.in_words for category in categories)
    return frozenset(words for words, count in counts.items() if count > 1)
