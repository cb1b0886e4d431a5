"""A static host on loopback."""

import functools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

# A worker takes its policy from the host: with this one, it reaches no other host either.
POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:"


@contextmanager
def static_host(
    folder: Path, receive: Callable[[Any], object] | None = None, host: str = "127.0.0.1"
) -> Iterator[str]:
    """Serves a folder while the block runs; yields its address.

    Args:
        folder: of the page.
        receive: takes what pages post as JSON; without it, they can post nothing.
        host: address of this machine that it listens on.
    """
    handler = functools.partial(_Handler, receive, directory=str(folder))
    server = ThreadingHTTPServer((host, 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, receive: Callable[[Any], object] | None, *given: Any, **named: Any) -> None:
        self._receive = receive  # before the request, which the next line handles
        super().__init__(*given, **named)

    def do_POST(self) -> None:
        if self._receive is None:
            self.send_error(HTTPStatus.NOT_IMPLEMENTED)
            return
        self._receive(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(HTTPStatus.NO_CONTENT)
        self.end_headers()

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Prints nothing."""
