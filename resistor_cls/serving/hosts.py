"""Names and addresses of machines."""

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

from resistor_cls.errors import ConfigError

EXPECTED = (
    "expected an address of this machine: 127.0.0.1 serves this machine alone, 0.0.0.0 every "
    "network that it is in"
)


def addresses_of(host: str, port: int) -> list[tuple[Any, ...]]:
    """Where to listen, as `socket.getaddrinfo` gives it: one address or more.

    Args:
        host: name or address of this machine.
        port: 0 for any that is free.

    Raises:
        ConfigError: a name or an address that does not exist.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise ConfigError(f"--host {host}: no machine has this name; {EXPECTED}") from None
    return list(found)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is of this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def without_port(host: str) -> str:
    """The host of a `Host` header; empty where it cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
