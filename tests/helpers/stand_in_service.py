"""An HTTP service with given predictions, which serves the page as the real one does."""

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.helpers import ROOT

PAGE = ROOT / "resistor_cls" / "serving" / "page"
POLICY = "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:"
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
NAME = re.compile(rb'name="photos"; filename="([^"]*)"')
VALUE = re.compile(rb'name="value"\r\n\r\n([^\r]*)')


class StandInService(ThreadingHTTPServer):
    """Serves the page, and a prediction for each name of a photo.

    Args:
        predictions: what is sent for a photo, by its file name; a text is a refusal (422).
        token: that requests must carry; empty for none.
        review: whether corrections are stored.
        max_bytes: limit that it states.
    """

    daemon_threads = True

    def __init__(
        self,
        predictions: Mapping[str, Sequence[Mapping[str, Any]] | str],
        token: str = "",
        review: bool = True,
        max_bytes: int = 20_000_000,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.predictions, self.token, self.review = predictions, token, review
        self.max_bytes = max_bytes
        self.corrections: list[tuple[str, bytes]] = []

    @property
    def address(self) -> str:
        """Of the page."""
        return f"http://127.0.0.1:{self.server_port}/"


@contextmanager
def served(service: StandInService) -> Iterator[StandInService]:
    """Serves while the block runs."""
    thread = threading.Thread(target=service.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        thread.join()
        service.server_close()


def _found(pattern: re.Pattern[bytes], body: bytes) -> str:
    """The text of a field of a form."""
    match = pattern.search(body)
    assert match is not None
    return match[1].decode()


class _Handler(BaseHTTPRequestHandler):
    server: StandInService

    def do_GET(self) -> None:
        if self.path == "/model":
            if self._is_allowed():
                self._send_json(200, self._model())
            return
        name = "index.html" if self.path == "/" else self.path.removeprefix("/page/")
        file = PAGE / name
        if file.parent != PAGE or not file.is_file():
            self._send_json(404, {"detail": "not found"})
            return
        self._send(200, TYPES[file.suffix], file.read_bytes())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._is_allowed():
            return
        if self.path.startswith("/predict?all=true"):
            self._predict(_found(NAME, body))
        elif self.path == "/corrections":
            value = _found(VALUE, body)
            if value == "nonsense":
                self._send_json(422, {"detail": "'nonsense' is not a resistance."})
                return
            self.server.corrections.append((value, body))
            self._send_json(201, {})

    def _predict(self, name: str) -> None:
        found = self.server.predictions.get(name, "The photo is not known.")
        if isinstance(found, str):
            self._send_json(422, {"detail": found})
        else:
            self._send_json(200, {"predictions": found})

    def _model(self) -> dict[str, Any]:
        limits = {"bytes": self.server.max_bytes, "pixels": 50_000_000, "photos": 16}
        return {
            "model": "stand-in", "version": "1.0", "reads": "values", "categories": None,
            "threshold": 0.9, "limits": limits, "review": self.server.review,
        }  # fmt: skip

    def _is_allowed(self) -> bool:
        allowed = self.server.token in ("", self.headers.get("Authorization", "")[len("Bearer ") :])
        if not allowed:
            self._send_json(401, {"detail": "The token is wrong or missing."})
        return allowed

    def _send_json(self, status: int, value: Any) -> None:
        self._send(status, "application/json", json.dumps(value).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Prints nothing."""
