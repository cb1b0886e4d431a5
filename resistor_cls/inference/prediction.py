"""What a model says of one photo, or of one body in it."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from resistor_cls.categories import Category
from resistor_cls.data.geometry import OrientedBox
from resistor_cls.errors import as_text


@dataclass(frozen=True)
class Candidate:
    """One of the categories that a body may be of.

    Attributes:
        text: ohms and tolerance in words; the category's name where its ohms are not known.
        ohms: resistance in ohms; None where not known.
        category: its name.
        probability: that the model gives it.
        confidence: its calibrated probability; of a model without calibration, the probability.
    """

    text: str
    ohms: float | None
    category: str
    probability: float
    confidence: float

    @classmethod
    def of(cls, category: Category, probability: float, confidence: float) -> "Candidate":
        """The candidate that a category is."""
        return cls(category.value_in_words, category.ohms, category.name, probability, confidence)


@dataclass(frozen=True)
class Box:
    """Where a body lies in the upright photo.

    Attributes:
        x: of its centre, in pixels.
        y: the same.
        length: along its axis, in pixels.
        width: across its axis, in pixels.
        degrees: of its axis against the horizontal, clockwise, at least 0 and less than 180.
    """

    x: float
    y: float
    length: float
    width: float
    degrees: float

    @classmethod
    def of(cls, location: OrientedBox) -> "Box":
        """The box of a location."""
        degrees = math.degrees(location.angle) % 180
        return cls(location.x, location.y, location.length, location.width, degrees)

    @property
    def location(self) -> OrientedBox:
        """The location of the box, its score unknown."""
        return OrientedBox(
            self.x, self.y, math.radians(self.degrees), self.length, self.width, math.nan
        )


@dataclass(frozen=True)
class Prediction:
    """What a model says of one photo, or of one body in it.

    Attributes:
        photo: the file; None of a photo in memory.
        text: the reading in words, "don't know" or "no resistor found"; None of a photo that
            cannot be read.
        ohms: resistance in ohms; like the next four None where it is not known, and where the
            prediction is not accepted.
        tolerance: as a fraction; None too where parts of the category have several.
        watts: power rating in watts.
        bands: the colours, first digit first; None too where parts of the category have several
            markings.
        category: the name of the category.
        confidence: probability that the best guess is right: calibrated where the model has a
            calibration. None where no body was found.
        calibrated: whether the model has a calibration.
        accepted: whether the text is a reading; None of a photo that cannot be read.
        reason: a sentence that says why it is not accepted.
        located: whether the body was found; None where the model does not look for it.
        familiar: whether the photo is like those that calibrated the model; None where that is not
            tested.
        box: where it lies; None where it was not found.
        candidates: the best guesses, the most probable first, accepted or not.
        error: why the photo cannot be read.
        markings: all band sequences of parts of the category; empty where they are not known.
        body: the number of the body, from 1; None where only one is looked for.
        label: the category, where `text` does not say all that its name says.
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

    def as_json(self) -> dict[str, Any]:
        """Plain values under the names of the attributes; lengths of the box to a tenth."""
        fields = asdict(self)
        del fields["label"]
        if self.photo is not None:
            fields["photo"] = as_text(str(self.photo))
        if self.error is not None:
            fields["error"] = as_text(self.error)
        if self.box is not None:
            fields["box"] = {name: round(value, 1) for name, value in fields["box"].items()}
            fields["box"]["degrees"] %= 180  # where it was rounded up to them
        return fields


def reading_of(category: Category) -> dict[str, Any]:
    """The attributes of a `Prediction` that an accepted category sets."""
    tolerances, markings = category.tolerances, category.markings
    return {
        "ohms": category.ohms,
        "tolerance": tolerances[0] if len(tolerances) == 1 else None,
        "watts": category.watts,
        "bands": markings[0] if len(markings) == 1 else None,
        "category": category.name,
        "markings": markings,
    }
