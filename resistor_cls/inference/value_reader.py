"""Predictions of a model that reads any value: the bands alone decide."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from resistor_cls.bands import BandScores
from resistor_cls.category_codes import CodeTable, category_log_probabilities, code_table
from resistor_cls.data.images.preprocessed import PreprocessedImage
from resistor_cls.decoding import ValueReading, legal_share, read_values
from resistor_cls.inference.batches import batched
from resistor_cls.inference.expectation import with_verdict
from resistor_cls.inference.prediction import Box, Candidate, Prediction, ambiguous, reading_of
from resistor_cls.inference.quality import (
    MIN_COLOUR,
    NO_COLOUR,
    CropQuality,
    band_reason,
    crop_quality,
    photo_reason,
)
from resistor_cls.inference.ranking import Ranked, both_ways, ranked_categories, ranked_values
from resistor_cls.inference.read_options import ReadOptions, equal_ohms, in_series
from resistor_cls.inference.reading_calibration import ReadingCalibration
from resistor_cls.inference.wording import (
    BOTH_WAYS,
    DONT_KNOW,
    EITHER,
    Wording,
    close_readings,
    no_resistor,
    not_listed,
)
from resistor_cls.model.photo_network import PhotoNetwork

# Readings of a photo that are looked at: each takes some milliseconds to decode.
READINGS, _READINGS_OF_A_LIST = 5, 10
# Share of the probability on codes that exist, below which the bands form none.
_MIN_LEGAL_SHARE = 0.05
# A second reading is close where it is at least this many times as probable as the first.
_CLOSE = 0.2
_MIN_TOGETHER = 0.3  # probability of both together, below which neither is worth a word


@dataclass(frozen=True)
class _Read:
    """What is known of one photo.

    Attributes:
        ranked: the possible predictions, the most probable first; empty where nothing is read.
        readings: of its value.
        scores: of its bands, of a batch.
        place: of the photo in that batch.
    """

    ranked: list[Ranked]
    readings: list[ValueReading]
    scores: BandScores
    place: int


class ValueReader:
    """Reads values of bodies.

    Args:
        network: reads bands.
        calibration: of its readings.
        options: what the user says about the values, checked.
    """

    def __init__(
        self, network: PhotoNetwork, calibration: ReadingCalibration, options: ReadOptions
    ) -> None:
        self._network, self._calibration, self._options = network, calibration, options
        categories = options.categories
        self._table: CodeTable | None = None if categories is None else code_table(categories)
        self._ambiguous = frozenset() if categories is None else ambiguous(categories)
        # A list may hold values that the series lacks: they exist.
        listed = [one.ohms for one in categories or () if one.ohms is not None]
        series = options.used_series
        self._series = series if all(in_series(one, series) for one in listed) else "any"

    def predict(
        self, bodies: Sequence[PreprocessedImage], top: int, threshold: float
    ) -> list[Prediction]:
        """Reads preprocessed photos.

        Args:
            bodies: crops of bodies.
            top: number of candidates of each prediction.
            threshold: probability below which the text is "don't know".
        """
        found = []
        for group in batched(bodies):
            photos = np.stack([one.photo for one in group])
            scores = self._calibration.apply(self._network.read_photos(photos))
            for body, read in zip(group, self._rank(scores, top), strict=True):
                found.append(self._prediction(body, read, top, threshold))
        return found

    def _rank(self, scores: BandScores, top: int) -> list[_Read]:
        options = self._options
        several = options.categories is not None or options.expected is not None
        count = max(top, _READINGS_OF_A_LIST if several else READINGS)
        readings = read_values(scores, self._series, count)
        if options.categories is None:
            ranked = [ranked_values(one) for one in readings]
        else:
            logs = category_log_probabilities(scores, options.categories, self._table)
            ranked = [
                ranked_categories(one, log, options.categories)
                for one, log in zip(readings, logs, strict=True)
            ]
        return [
            _Read(one, values, scores, place)
            for place, (one, values) in enumerate(zip(ranked, readings, strict=True))
        ]

    def _prediction(
        self, body: PreprocessedImage, read: _Read, top: int, threshold: float
    ) -> Prediction:
        located = body.located if self._network.locates else None
        ranked = read.ranked
        best = self._best(ranked, threshold)
        wording = self._worded(body, read, best, threshold, located)
        prediction = Prediction(
            None,
            text=wording.text,
            confidence=None if best is None or located is False else best.probability,
            calibrated=self._calibration.fitted,
            accepted=wording.accepted,
            reason=wording.reason,
            located=located,
            box=None if body.box is None else Box.of(body.box),
            candidates=tuple(_candidate(one) for one in ranked[:top]),
            **(self._fields(best) if best is not None and wording.accepted else {}),
        )
        expected = self._options.expected
        if expected is None:
            return prediction
        likely = sum(one.probability for one in ranked if equal_ohms(one.ohms, expected))
        # Of a value that is not listed too, or of one of two values.
        first = ranked[:2] if wording.reason == BOTH_WAYS else [best] if best else []
        certain = sum(one.probability for one in first) >= threshold
        return with_verdict(prediction, expected, likely, threshold, certain=certain)

    def _best(self, ranked: list[Ranked], threshold: float) -> Ranked | None:
        """The most probable prediction; None where there is none.

        Where no category is certain, but the value that several of them share is, it is this value.
        """
        if not ranked or ranked[0].probability >= threshold or ranked[0].category is None:
            return ranked[0] if ranked else None
        first = ranked[0]
        total = sum(one.probability for one in ranked if one.ohms == first.ohms)
        return Ranked(total, first.reading) if first.reading and total >= threshold else first

    def _worded(
        self,
        body: PreprocessedImage,
        read: _Read,
        best: Ranked | None,
        threshold: float,
        located: bool | None,
    ) -> Wording:
        if located is False:
            return no_resistor()
        quality = None if body.body is None else crop_quality(body.photo, body.body)
        of_photo = _photo_reason(body, quality)
        if quality is not None and quality.colour < MIN_COLOUR:
            return Wording(DONT_KNOW, False, of_photo or NO_COLOUR)
        ranked = read.ranked
        certain = best is not None and best.probability >= threshold
        if best is not None and certain and self._is_listed(best):
            return Wording(_text(best), True)
        if both_ways(ranked, read.readings):
            first, second = ranked[:2]
            text = EITHER.format(first=first.text, second=second.text)
            return Wording(text, False, BOTH_WAYS)
        if best is not None and certain:
            return not_listed(best.text, self._options.source)
        return Wording(DONT_KNOW, False, of_photo or self._reason(read))

    def _is_listed(self, ranked: Ranked) -> bool:
        """Whether it may be accepted: any value, or one that a category of the list has."""
        categories = self._options.categories
        return categories is None or any(
            equal_ohms(one.ohms, ranked.ohms or 0) for one in categories
        )

    def _reason(self, read: _Read) -> str:
        """Why nothing is certain in a photo that nothing is wrong with; in the documented order."""
        if not read.ranked:
            return close_readings([])
        if reason := band_reason(read.scores, read.place, read.readings[0]):
            return reason
        best = read.ranked[0]
        if self._options.categories is not None and best.category is None:
            return str(not_listed(best.text, self._options.source, "probably reads").reason)
        if legal_share(read.scores.of_photo(read.place), self._series)[0] < _MIN_LEGAL_SHARE:
            return close_readings([])
        least = _CLOSE * best.probability
        close = [one for one in read.ranked[:2] if one.probability >= least]
        if sum(one.probability for one in close) < _MIN_TOGETHER:
            return close_readings([])
        return close_readings([one.text for one in close])

    def _fields(self, ranked: Ranked) -> dict[str, Any]:
        """The attributes of a `Prediction` that follow from an accepted one."""
        fields: dict[str, Any] = {}
        category, reading = ranked.category, ranked.reading
        if category is not None:
            fields = reading_of(category)
            if not category.words_say_all or category.in_words in self._ambiguous:
                fields["label"] = category.name
        if reading is not None and (category is None or ranked.fits_category):
            fields |= {
                "ohms": reading.ohms,
                "tolerance": reading.tolerance,
                "bands": reading.bands,
                "markings": (reading.bands,),
            }
        return fields


def _photo_reason(body: PreprocessedImage, quality: CropQuality | None) -> str | None:
    if body.box is None or quality is None:
        return None
    return photo_reason(body.box.length, quality)


def _text(ranked: Ranked) -> str:
    watts = None if ranked.category is None else ranked.category.watts
    return ranked.text if watts is None else f"{ranked.text}, {watts:.12g} W"


def _candidate(ranked: Ranked) -> Candidate:
    name = None if ranked.category is None else ranked.category.name
    return Candidate(ranked.text, ranked.ohms, name, ranked.probability, ranked.probability)
