"""What the service counts, for Prometheus."""

import time
from collections.abc import Callable, Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resistor_cls.inference.prediction import Prediction

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_BATCHES = (1, 2, 4, 8, 16, 32)


class Metrics:
    """Counters of one service.

    Args:
        waiting: tells how many photos wait.
    """

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)  # memory, time on the processor, open files
        self._requests = Counter(
            "resistor_cls_requests", "Requests.", ["path", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "resistor_cls_request_seconds",
            "Seconds from the head of a request to the end of its response.",
            ["path"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._photos = Counter(
            "resistor_cls_photos",
            "Photos: read, not accepted by the model (dont_know), or not readable.",
            ["outcome"],
            registry=self._registry,
        )
        self._batches = Histogram(
            "resistor_cls_batch_photos",
            "Photos that were predicted together.",
            buckets=_BATCHES,
            registry=self._registry,
        )
        gauge = Gauge("resistor_cls_waiting_photos", "Photos that wait.", registry=self._registry)
        gauge.set_function(waiting)

    def count_batch(self, photos: int) -> None:
        """Counts a batch."""
        self._batches.observe(photos)

    def count_photos(self, predictions: Iterable[list[Prediction]]) -> None:
        """Counts photos by their most probable body."""
        for first, *_ in predictions:
            read = "read" if first.accepted else "dont_know"
            self._photos.labels("unreadable" if first.error is not None else read).inc()

    def count_request(self, path: str, status: int, seconds: float) -> None:
        """Counts a request."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def text(self) -> bytes:
        """All counters in the text format of Prometheus."""
        return generate_latest(self._registry)


class CountedRequests:
    """Counts the requests of an application.

    Args:
        app: the application.
        metrics: that count.
        paths: that are counted by name; others are `other`, so that the number of counters is
            bounded.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: frozenset[str]) -> None:
        self._app, self._metrics, self._paths = app, metrics, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.monotonic(), 500

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            path = scope["path"] if scope["path"] in self._paths else "other"
            self._metrics.count_request(path, status, time.monotonic() - begun)
