"""What one request, and all requests together, may cost."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from resistor_cls.errors import many


@dataclass(frozen=True)
class Limits:
    """The limits of the service.

    Attributes:
        bytes: of the body of one request: 32 MiB hold any photo of a phone.
        pixels: of one photo, half as many as files may have. A decoded photo takes 3 bytes a pixel,
            and others may send several at once.
        photos: in one request.
        seconds: until a request is given up.
        waiting: photos of all requests that may wait at a time.
    """

    bytes: int = 32 << 20
    pixels: int = 64_000_000
    photos: int = 16
    seconds: float = 30.0
    waiting: int = 256


class Refused(Exception):
    """A request that is refused.

    Args:
        status: of the HTTP response.
        detail: a sentence that says what was found and what was expected.
        headers: of the response, beside the usual ones.
    """

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}


class Capacity:
    """Counts the photos that wait; used by one thread, that of the event loop.

    Args:
        photos: how many may wait.
    """

    def __init__(self, photos: int) -> None:
        self._photos = photos
        self.waiting = 0

    @contextmanager
    def taken(self, photos: int = 1) -> Iterator[None]:
        """Counts some photos as waiting as long as the context.

        Raises:
            Refused: 503, there would be too many.
        """
        if self.waiting + photos > self._photos:
            raise Refused(
                503,
                f"{many(self.waiting, 'photo')} wait already, and at most {self._photos} may: send "
                "the request again in a second",
                {"Retry-After": "1"},
            )
        self.waiting += photos
        try:
            yield
        finally:
            self.waiting -= photos
