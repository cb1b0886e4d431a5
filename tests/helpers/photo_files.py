"""Small files to read: plain photos, and rare kinds that Pillow does not write."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resistor_cls.data.images.decode import decode_photo
from resistor_cls.data.images.metadata import ImageMetadata, grey_levels, image_metadata

NAMES = ("10R", "4K7", "left")


def write_photo(path: Path, colour: tuple[int, int, int] = (120, 80, 40)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 40), colour).save(path)
    return path


def write_folder(root: Path, names: Iterable[str] = NAMES, each: int = 4) -> Path:
    """A folder per category; every photo is of one colour, and no two are alike."""
    for number, name in enumerate(names):
        for copy in range(each):
            write_photo(root / name / f"{copy}.jpg", (60 * number % 256, 10 * copy, 90))
    return root


def refuse_closed_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets no folder of the name `closed` be listed; permissions would not stop tests of root."""
    listed = Path.iterdir

    def refused(path: Path) -> Iterator[Path]:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", refused)


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def metadata_of(
    photo: np.ndarray, exif: Image.Exif | None = None, form: str = "PNG"
) -> ImageMetadata:
    """What is measured of a photo that was written to a file and read."""
    file = BytesIO()
    Image.fromarray(photo).save(file, form, exif=exif or Image.Exif(), quality=80)
    decoded = decode_photo(file.getvalue())
    return image_metadata(file.getvalue(), decoded, grey_levels(decoded))


def png(
    size: tuple[int, int], bits: int, kind: int, pixels: bytes = b"", hidden: bytes = b""
) -> bytes:
    """A PNG of any depth, whose header may claim any size.

    Args:
        size: width and height.
        bits: of each channel.
        kind: 0 is grey, 2 is RGB (PNG specification, 11.2.1).
        pixels: of one line.
        hidden: the transparent colour, 2 bytes a channel.
    """

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", *size, bits, kind, 0, 0, 0)),
            chunk(b"tRNS", hidden) if hidden else b"",
            chunk(b"IDAT", zlib.compress(b"\0" + pixels)),
            chunk(b"IEND", b""),
        )
    )
