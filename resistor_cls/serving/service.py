"""What the service does with requests."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Query, Request
from fastapi.responses import JSONResponse, Response

import resistor_cls
from resistor_cls.data.images.decode import PhotoHeader
from resistor_cls.errors import MAX_LISTED, DataError, many
from resistor_cls.inference.prediction import Prediction
from resistor_cls.inference.reading_calibration import ReadingCalibration
from resistor_cls.serving.batching import BatchedPredictor
from resistor_cls.serving.limits import Capacity, Limits, Refused
from resistor_cls.serving.metrics import CONTENT_TYPE, Metrics
from resistor_cls.serving.review import corrected_category, store_correction
from resistor_cls.serving.uploads import (
    FORM,
    TooManyPixels,
    Unreadable,
    Upload,
    content_type,
    read_form,
    read_photos,
)

if TYPE_CHECKING:
    from resistor_cls.categories import Categories
    from resistor_cls.inference.predictor import Predictor

MAX_TOP = 10  # candidates: a reader of values decodes no more
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Options:
    """How a model is served.

    Attributes:
        model: the name that clients are shown.
        threshold: that was chosen instead of the model's; None for the model's.
        listed: whether a list restricts the values that are read.
        limits: of requests.
        token: that requests have to carry; None for none.
        review: folder of corrections; None where none are stored.
        workers: threads that predict.
    """

    model: str = "rendered"
    threshold: float | None = None
    listed: bool = False
    limits: Limits = field(default_factory=Limits)
    token: str | None = None
    review: Path | None = None
    workers: int = 1


class Service:
    """Handles the requests for one model.

    Args:
        predictor: of the model; used by no one else.
        options: how it is served.
    """

    def __init__(self, predictor: "Predictor", options: Options) -> None:
        self._predictor, self._options = predictor, options
        self._capacity = Capacity(options.limits.waiting)
        self.metrics = Metrics(lambda: self._capacity.waiting)
        self.batched = BatchedPredictor(
            predictor,
            workers=options.workers,
            max_pixels=options.limits.pixels,
            on_batch=self.metrics.count_batch,
        )

    async def predict(
        self,
        request: Request,
        every: Annotated[
            bool, Query(alias="all", description="a prediction for each body that is found")
        ] = False,
        top: Annotated[int, Query(ge=1, le=MAX_TOP, description="number of candidates")] = 3,
    ) -> JSONResponse:
        """Reads the resistor in each photo."""
        limits = self._options.limits
        with self._capacity.taken():
            uploads = await self._in_time(read_photos(request, "photos", limits), 408)
            try:
                with self._capacity.taken(len(uploads) - 1):
                    found = await self._in_time(self._predictions(uploads, every, top), 503)
            finally:
                _close(uploads)
        return JSONResponse(
            {
                "predictions": [
                    one.as_json() | {"photo": upload.name}
                    for upload, predictions in zip(uploads, found, strict=True)
                    for one in predictions
                ]
            }
        )

    async def correct(self, request: Request) -> JSONResponse:
        """Stores a photo with the value that a person has seen on it, to be trained on."""
        folder = self._options.review
        if folder is None:
            raise Refused(404, "corrections are not stored: start the service with --review FOLDER")
        if content_type(request) != FORM:
            raise Refused(415, "expected multipart/form-data with the fields photo and value")
        one = replace(self._options.limits, photos=1)
        with self._capacity.taken():
            (photo,), fields = await self._in_time(read_form(request, "photo", one), 408)
            try:
                if "value" not in fields:
                    raise Refused(422, "the field value is missing: expected one such as 4k7")
                stored = await asyncio.to_thread(self._store, folder, photo, fields["value"])
            finally:
                photo.close()
        return JSONResponse(stored, 201)

    def model(self) -> dict[str, Any]:
        """Describes the model and the limits of requests."""
        predictor, limits = self._predictor, self._options.limits
        categories = self._categories()
        return {
            "model": self._options.model,
            "version": resistor_cls.__version__,
            "reads": "values" if predictor.reads_any_value else "categories",
            "categories": None if categories is None else list(categories.names),
            "threshold": self._threshold(),
            "limits": {"bytes": limits.bytes, "pixels": limits.pixels, "photos": limits.photos},
            "review": self._options.review is not None,
        }

    def health(self) -> dict[str, str]:
        """Says that the service runs."""
        return {"status": "ok"}

    def prometheus(self) -> Response:
        """Counts of requests, photos and batches, in the text format of Prometheus."""
        return Response(self.metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    async def _predictions(
        self, uploads: Sequence[Upload], every: bool, top: int
    ) -> list[list[Prediction]]:
        """The predictions of each photo, at least one of which can be read.

        Raises:
            Refused: 413 or 422, none can be read.
        """
        headers = await asyncio.to_thread(self._headers, uploads)
        readable = [
            (upload, header.pixels)
            for upload, header in zip(uploads, headers, strict=True)
            if isinstance(header, PhotoHeader)
        ]
        # Without a detector the whole photo is read, as where no body is found.
        every = every and self._predictor.locates
        predicted = iter(await self.batched.predict(readable, every=every, top=top))
        found = [
            next(predicted) if isinstance(header, PhotoHeader)
            else [Prediction(None, error=header.reason)]
            for header in headers
        ]  # fmt: skip
        self.metrics.count_photos(found)
        if all(one[0].error is not None for one in found):
            large = any(isinstance(header, Unreadable) and header.is_large for header in headers)
            raise Refused(413 if large else 422, _none_readable(uploads, found))
        return found

    def _headers(self, uploads: Sequence[Upload]) -> list[PhotoHeader | Unreadable]:
        return [upload.checked(self._options.limits.pixels) for upload in uploads]

    def _store(self, folder: Path, photo: Upload, value: str) -> dict[str, str]:
        """Stores a correction.

        Raises:
            Refused: 413, 422 or 503.
        """
        try:
            category = corrected_category(value, self._categories())
            photo.header(self._options.limits.pixels)
            name = store_correction(folder, category, photo.encoded())
        except DataError as error:
            raise Refused(413 if isinstance(error, TooManyPixels) else 422, str(error)) from None
        except OSError as error:  # its message names the folder
            raise Refused(
                503, f"the review folder cannot be written: {error.strerror}; tell its owner"
            ) from error
        return {"category": category, "photo": name}

    def _categories(self) -> "Categories | None":
        """The categories that are predicted; None where any value is read."""
        any_value = self._predictor.reads_any_value and not self._options.listed
        return None if any_value else self._predictor.categories

    def _threshold(self) -> float | None:
        if self._options.threshold is not None:
            return self._options.threshold
        if self._predictor.reads_any_value:
            return ReadingCalibration.of(self._predictor.metadata).threshold
        return None

    async def _in_time(self, work: Awaitable[_Result], status: int) -> _Result:
        """Waits for something no longer than the limit.

        Raises:
            Refused: with the status, it takes longer.
        """
        seconds = self._options.limits.seconds
        try:
            return await asyncio.wait_for(work, seconds)
        except TimeoutError:
            retry = {"Retry-After": "10"} if status == 503 else {}
            raise Refused(
                status,
                f"the request took longer than {seconds:g} s: send it again, with fewer or "
                "smaller photos",
                retry,
            ) from None


def _none_readable(uploads: Sequence[Upload], found: Sequence[list[Prediction]]) -> str:
    errors = [str(predictions[0].error) for predictions in found]
    if len(errors) == 1:
        return f"the photo cannot be read: {errors[0]}"
    names = [upload.name or f"photo {place}" for place, upload in enumerate(uploads, start=1)]
    shown = [f"{name}: {error}" for name, error in zip(names, errors, strict=True)]
    return f"none of {many(len(errors), 'photo')} can be read: {'; '.join(shown[:MAX_LISTED])}"


def _close(uploads: Sequence[Upload]) -> None:
    for upload in uploads:
        upload.close()
