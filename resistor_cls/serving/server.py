"""Listens on a port, and serves an application until it is asked to stop."""

import errno
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from resistor_cls.errors import ConfigError
from resistor_cls.serving.hosts import EXPECTED, addresses_of

_BACKLOG = 2048  # connections that wait until they are accepted
_REMEDIES = {
    errno.EADDRINUSE: "give another port, or end the program that uses it",
    errno.EACCES: "ports below 1024 are for the administrator; give a port from 1024 on",
}


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Args:
        host: name or address of this machine.
        port: 0 for any that is free.

    Raises:
        ConfigError: the host is not one of this machine, or the port in use or not allowed.
    """
    family, kind, protocol, _, address = addresses_of(host, port)[0]
    listening = socket.socket(family, kind, protocol)
    try:
        # A port that a stopped service has just left can be used at once.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise ConfigError(f"--host {host}: this is not an address here; {EXPECTED}") from error
        remedy = _REMEDIES.get(error.errno or 0, "give another port")
        raise ConfigError(f"--host {host} --port {port}: {error.strerror}; {remedy}") from error
    return listening


def url_of(listening: socket.socket) -> str:
    """The address that a browser on this machine opens."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class _Server(uvicorn.Server):
    """A server that says when it is ready, and keeps the signals that ask it to stop."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start
        self.asked: list[int] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.asked.append(sig)
        super().handle_exit(sig, frame)


def serve(
    app: ASGIApp, listening: socket.socket, seconds: float, on_start: Callable[[], None]
) -> None:
    """Serves until SIGTERM or SIGINT; requests that run are finished first.

    Args:
        app: the application.
        listening: from `listening_socket`.
        seconds: that requests may take to finish.
        on_start: is called once requests are served.

    Raises:
        KeyboardInterrupt: it was stopped by SIGINT (Ctrl-C).
    """
    config = uvicorn.Config(
        app,
        lifespan="on",
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=max(1, round(seconds)),
    )
    server = _Server(config, on_start)
    try:
        server.run([listening])
    except KeyboardInterrupt:  # uvicorn raises each signal once more at its end
        if server.asked != [signal.SIGTERM]:
            raise
