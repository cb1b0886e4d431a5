"""Who may use the service, and the headers of every response."""

import hmac

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resistor_cls.serving.hosts import is_loopback, without_port
from resistor_cls.serving.limits import Refused
from resistor_cls.serving.static_page import POLICY

_HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",  # no other page may frame it
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def refused_response(refused: Refused) -> JSONResponse:
    """The response to a request that is refused."""
    return JSONResponse({"detail": refused.detail}, refused.status, refused.headers)


class Access:
    """Refuses requests that may not use the service, and adds the headers of every response.

    Args:
        app: the application.
        token: that requests have to carry; None for none.
        open_paths: that need no token.
        open_folders: whose paths need none either, such as `/page/`.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str | None,
        open_paths: frozenset[str],
        open_folders: tuple[str, ...],
    ) -> None:
        self._app, self._token = app, token
        self._open_paths, self._open_folders = open_paths, open_folders

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        is_open = self._is_open(scope["path"])

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-cache" if is_open else "no-store")
            await send(message)

        try:
            self._check(scope["path"], Headers(scope=scope))
        except Refused as refused:
            await refused_response(refused)(scope, receive, with_headers)
            return
        await self._app(scope, receive, with_headers)

    def _check(self, path: str, headers: Headers) -> None:
        """Checks origin, host and token.

        Raises:
            Refused: 401 or 403.
        """
        host, origin = headers.get("host", ""), headers.get("origin")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            raise Refused(403, "a page of another site may not use this service")
        if self._token is None:
            # A foreign name that leads to this machine (DNS rebinding) would make a foreign page
            # one of the same origin.
            if not is_loopback(without_port(host)):
                raise Refused(
                    403,
                    "without a token this service is for its own machine only: open it as "
                    "http://127.0.0.1, or start it with a token",
                )
            return
        if not self._is_open(path):
            self._check_token(headers.get("authorization", ""))

    def _is_open(self, path: str) -> bool:
        return path in self._open_paths or path.startswith(self._open_folders)

    def _check_token(self, authorization: str) -> None:
        kind, _, given = authorization.partition(" ")
        right = hmac.compare_digest(given.strip().encode(), (self._token or "").encode())
        if kind.lower() == "bearer" and right:
            return
        error = ' error="invalid_token"' if authorization else ""  # RFC 6750, 3
        found = "the token is wrong" if authorization else "a token is missing"
        raise Refused(
            401,
            f"{found}: expected the header Authorization: Bearer TOKEN",
            {"WWW-Authenticate": f'Bearer realm="resistor_cls"{"," if error else ""}{error}'},
        )
