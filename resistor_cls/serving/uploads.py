"""Reads photos from the body of a request."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import PureWindowsPath
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

import numpy as np
import python_multipart  # noqa: F401, Starlette would miss it at the first form only
from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from resistor_cls.data.images.decode import PhotoHeader, decode_photo, photo_header
from resistor_cls.errors import DataError, as_text, many, printable
from resistor_cls.serving.limits import Limits, Refused

# Bytes of a photo that are kept in memory while it waits; more are kept in a temporary file.
_IN_MEMORY = MultiPartParser.spool_max_size
_MAX_FIELDS = 8
FORM = "multipart/form-data"  # content type
_EXPECTED = (
    "expected multipart/form-data with photos in the field {field}, or one image as the body with "
    "a content type such as image/jpeg"
)


class TooManyPixels(DataError):
    """A photo of more pixels than the service decodes."""


@dataclass(frozen=True)
class Unreadable:
    """Why a photo cannot be read.

    Attributes:
        reason: in words.
        is_large: whether it has too many pixels.
    """

    reason: str
    is_large: bool = False


@dataclass(frozen=True)
class Upload:
    """A photo that a client has sent.

    Attributes:
        name: of the client's file, without folders; None where it has none.
        file: its bytes; at the begin.
    """

    name: str | None
    file: BinaryIO

    def encoded(self) -> bytes:
        """The bytes of the photo."""
        self.file.seek(0)
        return self.file.read()

    def header(self, max_pixels: int) -> PhotoHeader:
        """Checks the header, without decoding a pixel.

        Raises:
            TooManyPixels: it claims more than `max_pixels`.
            DataError: see `decode_photo`.
        """
        header = photo_header(self.encoded())
        if header.pixels > max_pixels:
            raise TooManyPixels(
                f"{header.width} × {header.height} pixels: at most {max_pixels:,} are read, send "
                "the photo smaller"
            )
        return header

    def checked(self, max_pixels: int) -> PhotoHeader | Unreadable:
        """See `header`; the reason where it cannot be read."""
        # An error that is kept would keep the bytes too, which the frames of its traceback hold.
        try:
            return self.header(max_pixels)
        except DataError as error:
            return Unreadable(str(error), isinstance(error, TooManyPixels))

    def decoded(self) -> np.ndarray | Unreadable:
        """The upright pixels, see `decode_photo`; the reason where it cannot be read."""
        try:
            return decode_photo(self.encoded())
        except DataError as error:
            return Unreadable(str(error))

    def close(self) -> None:
        """Removes the bytes."""
        self.file.close()


def content_type(request: Request) -> str:
    """The content type of a request without its parameters, in lower case; empty without one."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_photos(request: Request, field: str, limits: Limits) -> list[Upload]:
    """Reads the photos of a request: files of a form, or one image as the body.

    Args:
        request: whose body has not been read.
        field: of the form, that holds the photos.
        limits: of the service.

    Returns:
        One photo or more, in order; they have to be closed.

    Raises:
        Refused: 413 beyond a limit, 415 for another content type, 422 for a form that cannot be
            read or holds no photo.
    """
    kind = content_type(request)
    if kind.startswith("image/"):
        return [await _read_body(request, limits)]
    if kind == FORM:
        uploads, _ = await read_form(request, field, limits)
        return uploads
    raise Refused(415, f"the content type is {_shown(kind)}: {_EXPECTED.format(field=field)}")


async def read_form(
    request: Request, field: str, limits: Limits
) -> tuple[list[Upload], dict[str, str]]:
    """Reads a form with photos in one field.

    Args:
        request: with a body of the type multipart/form-data.
        field: that holds the photos.
        limits: of the service.

    Returns:
        One photo or more, in order, which have to be closed; and the texts of the other fields.

    Raises:
        Refused: see `read_photos`.
    """
    form = await _parsed(request, limits)
    items = form.multi_items()
    files = [(name, one) for name, one in items if isinstance(one, UploadFile)]
    try:
        wrong = next((name for name, _ in files if name != field), None)
        if wrong is not None:
            raise Refused(422, f"a file in the field {_shown(wrong)}: expected the field {field}")
        if not files:
            raise Refused(422, f"no file in the field {field}: send one photo or more in it")
    except Refused:
        await form.close()
        raise
    uploads = [Upload(_base_name(one.filename), one.file) for _, one in files]
    return uploads, {name: text for name, text in items if isinstance(text, str)}


async def _parsed(request: Request, limits: Limits) -> FormData:
    body = _limited(request, limits.bytes)
    parser = MultiPartParser(request.headers, body, max_files=limits.photos, max_fields=_MAX_FIELDS)
    try:
        return await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            raise Refused(
                413,
                f"more than {many(limits.photos, 'photo')} in one request: send fewer at a time",
            ) from None
        raise Refused(
            422, f"the form cannot be read: {printable(error.message).rstrip('.')}; send it again"
        ) from None
    except (UnicodeError, ValueError):  # headers of parts that are not text
        raise Refused(
            422, "the form cannot be read: its headers are damaged; send it again"
        ) from None


async def _read_body(request: Request, limits: Limits) -> Upload:
    file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115, closed by the caller
    try:
        async for part in _limited(request, limits.bytes):
            # A large file is written to the disk, which may take long.
            await asyncio.to_thread(file.write, part)
    except BaseException:
        file.close()
        raise
    return Upload(None, cast(BinaryIO, file))


async def _limited(request: Request, maximum: int) -> AsyncGenerator[bytes, None]:
    """The parts of a body, up to a limit in bytes.

    Raises:
        Refused: 413, the body is longer.
    """
    refused = Refused(
        413, f"the request has more than {maximum:,} bytes: send fewer photos, or smaller ones"
    )
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > maximum:
        raise refused
    received = 0
    async for part in request.stream():
        received += len(part)
        if received > maximum:
            raise refused
        yield part


def _base_name(name: str | None) -> str | None:
    """The name of a file without folders, whichever separator the client uses."""
    return as_text(PureWindowsPath(name or "").name)[:255] or None


def _shown(text: str) -> str:
    return printable(text)[:80] or "missing"
