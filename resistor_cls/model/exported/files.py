"""The file of an exported model: an ONNX graph, and beside it in its metadata all else.

ONNX Runtime and any viewer of ONNX read the file. Its `metadata_props` hold two texts: `HEADER`,
plain values as JSON, and `DETECTOR`, the ONNX graph of the detector, compressed by zlib, in base64.
"""

import base64
import hashlib
import json
import reprlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resistor_cls.errors import ModelError
from resistor_cls.model.checkpoint.schema import ExportedHeader, check_plain, check_values, misfit
from resistor_cls.model.checkpoint.whole_files import COPY_AGAIN, DIGEST, require_file

# The package's model, written by `python -m resistor_cls.export`; see docs/rendered_weights.md.
RENDERED_ONNX = Path(__file__).parents[1] / "checkpoint" / "rendered.onnx"
ONNX_SUFFIX = ".onnx"
EXPORT_FORMAT = 1  # counts changes that older or newer code cannot read
HEADER, DETECTOR = "resistor_cls", "resistor_cls.detector"  # keys of `metadata_props`
MAX_DETECTOR_BYTES = 64_000_000  # unpacked; ours has 2 MB
# Numbers of fields and types of values in onnx.proto (ONNX) and in the encoding of protobuf.
_METADATA_PROPS, _KEY, _VALUE = 14, 1, 2
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5
_REMEDY = "export the model again with this version: python -m resistor_cls.export"


@dataclass(frozen=True)
class ExportedModel:
    """What the file of an exported model holds.

    Attributes:
        header: plain values as `ExportedHeader` says, without the digest.
        network: the ONNX graph of the network.
        detector: that of the detector; None of a model without one.
    """

    header: Mapping[str, Any]
    network: bytes
    detector: bytes | None


def exported_bytes(model: ExportedModel) -> bytes:
    """The content of the file of an exported model.

    Raises:
        ModelError: a header of more than plain values.
    """
    check_plain(model.header)
    graph = without_metadata(model.network)
    texts = {}
    if model.detector is not None:
        texts[DETECTOR] = base64.b64encode(zlib.compress(model.detector, 9))
    digest = _digest(model.header, graph, texts.get(DETECTOR, b""))
    texts[HEADER] = json.dumps({**model.header, DIGEST: digest}).encode()
    # Messages of protobuf that stand one behind the other are one message.
    return b"".join([graph, *(_entry(key.encode(), text) for key, text in texts.items())])


def read_exported(path: Path) -> ExportedModel:
    """Reads the file of an exported model; nothing in it is executed.

    Raises:
        ModelError: a file that is absent, damaged, of another format, or no exported model.
    """
    require_file(path, "a model that python -m resistor_cls.export wrote")
    return parse_exported(path, path.read_bytes())


def parse_exported(path: Path, content: bytes) -> ExportedModel:
    """The same from the content of a file; `path` is for messages.

    Raises:
        ModelError: see `read_exported`.
    """
    try:
        texts = _texts(content)
        header = json.loads(texts[HEADER]) if HEADER in texts else None
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"{path} cannot be read as an ONNX file: {error}; {COPY_AGAIN}, or {_REMEDY}"
        ) from error
    if not isinstance(header, dict) or "format" not in header:
        raise ModelError(
            f"{path} is not an exported model of resistor_cls: expected an ONNX file with the "
            f"metadata {HEADER!r}; {_REMEDY}"
        )
    if type(header["format"]) is not int or header["format"] != EXPORT_FORMAT:
        raise ModelError(
            f"{path} has export format {reprlib.repr(header['format'])}, this version reads "
            f"{EXPORT_FORMAT}: {_REMEDY}"
        )
    check_values(header, ExportedHeader, path)
    packed = texts.get(DETECTOR, b"")
    saved = header.pop(DIGEST)
    found = _digest(header, without_metadata(content), packed)
    if found != saved:
        raise ModelError(
            f"{path} is damaged: its content has the digest {found[:19]}…, but was saved with "
            f"{saved[:19]}…; {COPY_AGAIN}"
        )
    if (header["detector"] is None) != (not packed):
        raise misfit(path, f"{DETECTOR} and the detector of its header do not go together")
    detector = None if not packed else _unpacked(path, packed)
    return ExportedModel(header, content, detector)


def _unpacked(path: Path, packed: bytes) -> bytes:
    try:
        unpacking = zlib.decompressobj()
        graph = unpacking.decompress(base64.b64decode(packed, validate=True), MAX_DETECTOR_BYTES)
    except (ValueError, zlib.error) as error:
        raise misfit(path, f"{DETECTOR} cannot be unpacked: {error}") from error
    if not unpacking.eof:
        raise misfit(path, f"{DETECTOR} is cut short, or above {MAX_DETECTOR_BYTES:,} bytes")
    return graph


def _digest(header: Mapping[str, Any], graph: bytes, detector: bytes) -> str:
    """Identifies a header and graphs: `sha256:` and 64 hexadecimal digits."""
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    digest.update(graph)
    digest.update(detector)
    return f"sha256:{digest.hexdigest()}"


def _texts(content: bytes) -> dict[str, bytes]:
    """The metadata of an ONNX file by their keys.

    Raises:
        ValueError: bytes that are not fields of protobuf.
    """
    found = {}
    for number, value, _ in _fields(content):
        if number == _METADATA_PROPS:
            entry = {number: one for number, one, _ in _fields(value)}
            found[bytes(entry.get(_KEY, b"")).decode("utf-8", "replace")] = bytes(
                entry.get(_VALUE, b"")
            )
    return found


def without_metadata(content: bytes) -> bytes:
    """The graph of the network alone, without header and detector."""
    return b"".join(whole for number, _, whole in _fields(content) if number != _METADATA_PROPS)


def _fields(content: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The fields of a message: the number of each, its bytes (empty for numbers), and all of it.

    Raises:
        ValueError: bytes that are not fields of protobuf.
    """
    at = 0
    while at < len(content):
        start = at
        tag, at = _varint(content, at)
        value = at, at
        kind = tag & 7
        if kind == _VARINT:
            _, at = _varint(content, at)
        elif kind == _BYTES:
            size, at = _varint(content, at)
            value = at, at + size
            at += size
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            at += 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"byte {start} begins no field")
        if at > len(content):
            raise ValueError(f"the field at byte {start} is cut short")
        yield tag >> 3, content[slice(*value)], content[start:at]


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number of 7 bits a byte, the lowest first, and where the next field begins."""
    value = 0
    for place in range(10):
        if at + place >= len(content):
            raise ValueError("it is cut short")
        byte = content[at + place]
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, at + place + 1
    raise ValueError(f"the number at byte {at} has more than 10 bytes")


def _entry(key: bytes, text: bytes) -> bytes:
    """A field `metadata_props`."""
    return _field(_METADATA_PROPS, _field(_KEY, key) + _field(_VALUE, text))


def _field(number: int, value: bytes) -> bytes:
    return _number(number << 3 | _BYTES) + _number(len(value)) + value


def _number(value: int) -> bytes:
    digits = bytearray()
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])
