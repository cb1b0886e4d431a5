"""A thread predicts the photos of all requests, a batch at a time."""

import asyncio
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from resistor_cls.inference.prediction import Prediction
from resistor_cls.serving.uploads import Unreadable, Upload

if TYPE_CHECKING:
    from resistor_cls.inference.predictor import Predictor

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Waiting:
    """A photo that waits for its predictions.

    Attributes:
        photo: that was sent.
        pixels: that it has.
        every: whether each of its bodies is read.
        top: number of candidates.
        result: its predictions, once they are there.
    """

    photo: Upload
    pixels: int
    every: bool
    top: int
    result: Future[list[Prediction]] = field(default_factory=Future)

    @property
    def options(self) -> tuple[bool, int]:
        """Photos with the same ones are predicted together."""
        return self.every, self.top


_Batch = list[tuple[_Waiting, Future[np.ndarray | Unreadable]]]


class BatchedPredictor:
    """Predicts photos of several requests together, in one thread that owns the predictor.

    While a batch is predicted, the next one is decoded, and others gather. A photo that comes while
    nothing is predicted waits for no others: under load there are enough, and alone it would only
    be late.

    Args:
        predictor: used by no one else.
        workers: threads that predict, 1 or more. A second one gains where the prediction of a batch
            uses one core alone; the predictor must allow it.
        max_photos: of a batch, 1 or more.
        max_pixels: of a batch, which bounds the memory; a photo of more is a batch by itself.
        on_batch: is called with the number of photos of each batch.
    """

    def __init__(
        self,
        predictor: "Predictor",
        *,
        workers: int = 1,
        max_photos: int = 16,
        max_pixels: int = 64_000_000,
        on_batch: Callable[[int], None] = lambda photos: None,
    ) -> None:
        self._predictor = predictor
        self._max_photos, self._max_pixels = max_photos, max_pixels
        self._on_batch = on_batch
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._idle = 0  # threads that wait for photos
        self._threads = [
            threading.Thread(target=self._run, name="predictor", daemon=True)
            for _ in range(workers)
        ]

    def start(self) -> None:
        """Starts the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Predicts what waits, and ends the threads."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    async def predict(
        self, photos: Sequence[tuple[Upload, int]], *, every: bool, top: int
    ) -> list[list[Prediction]]:
        """Predicts photos; a photo whose request is cancelled is left out.

        Args:
            photos: each with its number of pixels.
            every: whether each body of a photo is read, and not only the most probable one.
            top: number of candidates of each prediction.

        Returns:
            The predictions of each photo. One that cannot be decoded has an `error`.
        """
        waiting = [_Waiting(photo, pixels, every, top) for photo, pixels in photos]
        with self._changed:
            self._queue += waiting
            self._changed.notify_all()
        return await asyncio.gather(*(asyncio.wrap_future(one.result) for one in waiting))

    def _run(self) -> None:
        with ThreadPoolExecutor(os.cpu_count() or 1, "decoder") as decoders:

            def decoding(batch: Sequence[_Waiting]) -> _Batch:
                return [(one, decoders.submit(one.photo.decoded)) for one in batch]

            batch: _Batch = []
            while batch or self._wait():
                batch = batch or decoding(self._take())
                following = decoding(self._take_ahead())
                if batch:  # another thread may have been faster
                    self._on_batch(len(batch))
                    self._predict_batch(batch)
                batch = following

    def _wait(self) -> bool:
        """Waits for photos; False where the thread shall end."""
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._queue or self._stopping)
            self._idle -= 1
            return bool(self._queue) or not self._stopping

    def _take_ahead(self) -> list[_Waiting]:
        """Takes a batch to decode it early, unless another thread can predict it now."""
        with self._changed:
            return [] if self._idle else self._take()

    def _take(self) -> list[_Waiting]:
        """Takes the photos of the next batch from the queue; none where none waits."""
        taken: list[_Waiting] = []
        pixels = 0
        with self._changed:
            share = -(-len(self._queue) // (self._idle + 1))
            while self._queue and len(taken) < min(share, self._max_photos):
                pixels += self._queue[0].pixels
                if taken and pixels > self._max_pixels:
                    break
                one = self._queue.popleft()
                if one.result.set_running_or_notify_cancel():
                    taken.append(one)
        return taken

    def _predict_batch(self, batch: _Batch) -> None:
        decoded: list[tuple[_Waiting, np.ndarray]] = []
        for one, decoding in batch:
            if error := decoding.exception():  # a defect, or a request that has closed its files
                one.result.set_exception(error)
                continue
            photo = decoding.result()
            if isinstance(photo, Unreadable):
                one.result.set_result([Prediction(None, error=photo.reason)])
            else:
                decoded.append((one, photo))
        decoded.sort(key=lambda pair: pair[0].options)
        for _, group in groupby(decoded, key=lambda pair: pair[0].options):
            self._predict_group(list(group))

    def _predict_group(self, group: Sequence[tuple[_Waiting, np.ndarray]]) -> None:
        """Predicts photos with the same options; one that fails does not fail the others."""
        try:
            found = list(self._predictions([photo for _, photo in group], *group[0][0].options))
        except Exception as error:
            if len(group) == 1:
                group[0][0].result.set_exception(error)
                return
            _logger.exception("a batch failed; its photos are predicted one by one")
            for pair in group:
                self._predict_group([pair])
            return
        for (one, _), predictions in zip(group, found, strict=True):
            one.result.set_result(predictions)

    def _predictions(
        self, photos: Sequence[np.ndarray], every: bool, top: int
    ) -> Iterator[list[Prediction]]:
        if every:
            return self._predictor.predict_bodies(photos, top)
        return ([one] for one in self._predictor.predict(photos, top))
