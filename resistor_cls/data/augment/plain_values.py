"""Plain values from untrusted JSON or YAML: read within limits, never run."""

import json
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from resistor_cls.errors import ConfigError

# 20 transforms have 10 kB, 300 values and a depth of 6. YAML takes a second for these limits.
MAX_BYTES = 256 * 1024
MAX_VALUES = 10_000
MAX_DEPTH = 50
_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """Plain values alone, without merge keys: of merged merges, each doubles the one before."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        if any(key.tag == _MERGE for key, _ in node.value):
            raise yaml.constructor.ConstructorError(
                None, None, "merge keys (<<) are not read", node.start_mark
            )
        super().flatten_mapping(node)


def read_text(path: Path, key: str) -> str:
    """The text of a small file.

    Args:
        path: of the file.
        key: that names it, for messages.

    Raises:
        ConfigError: it is missing, not a file, too long or not text.
    """
    path = path.expanduser()
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigError(f"{key}: this is a folder, a device or a pipe: expected a file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{key}: {error.strerror or error}") from error
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{key}: it has more than {MAX_BYTES:,} bytes: no pipeline is that long")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{key}: expected JSON or YAML, this is not text") from error


def parse(text: str, key: str) -> Any:
    """The plain values of JSON or YAML.

    Args:
        text: of the file.
        key: that names the file, for messages.

    Raises:
        ConfigError: it is neither, or holds more than `check_bounded` allows.
    """
    try:
        # JSON first: YAML 1.1 takes 1e-3 for text.
        values = _json(text)
        # SafeLoader's subclass: it makes plain values only. An alias of a list is still one list;
        # written out, it may be a billion.
        values = yaml.load(text, _Loader) if values is None else values
        check_bounded(values, key)
        # Once more as JSON: dates of YAML, and what contains itself, are not plain values.
        return json.loads(json.dumps(values))
    # RecursionError: brackets in brackets in brackets.
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        why = " ".join(str(error).split("\n", 1)[0].split()) or type(error).__name__
        raise ConfigError(
            f"{key}: expected JSON or YAML as albumentations.save writes it: {why.rstrip('.')}"
        ) from error


def check_bounded(values: Any, key: str) -> None:
    """Refuses plain values that are more, or deeper, than any pipeline once they are written out.

    Args:
        values: mappings, lists and what is in them; the same list may stand at many places.
        key: that named them, for messages.

    Raises:
        ConfigError: more than `MAX_VALUES` values, or more than `MAX_DEPTH` within each other.
    """
    count = length = 0
    waiting = [(values, 1)]
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if isinstance(value, Mapping):
            length += sum(len(name) for name in value if isinstance(name, str))
            value = list(value.values())
        if isinstance(value, str | bytes):
            length += len(value)
        elif isinstance(value, Sequence):
            waiting.extend((one, depth + 1) for one in value)
        if count + len(waiting) > MAX_VALUES or depth > MAX_DEPTH or length > MAX_BYTES:
            raise ConfigError(
                f"{key}: more than {MAX_VALUES:,} values, {MAX_DEPTH} within each other or "
                f"{MAX_BYTES:,} letters, once its aliases are written out: no pipeline has as many"
            )


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
