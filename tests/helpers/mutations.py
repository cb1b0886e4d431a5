"""Damaged and hostile photos, made from sound ones by a number: the same number gives the same.

As a program it reads a range of them as the photo cache does, in a separate process, and prints
what that cost: `python mutations.py FIRST COUNT FOLDER`.
"""

import json
import resource
import struct
import sys
import time
import warnings
import zlib
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from tests.helpers.photo_files import noise

EXTREMES = (0, 1, 2, 255, 256, 32767, 32768, 65535, 11_300, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
MAKER, MODEL, TAKEN, EXIF_DIRECTORY = 0x010F, 0x0110, 0x9003, 0x8769
TIFF_KINDS = ("tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits", "zstd")
PNG = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG."""
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def interlaced(side: int = 8) -> bytes:
    """A grey PNG in the seven passes of Adam7, which Pillow does not write."""
    passes = "0088 4088 0448 2044 0224 1022 0112"  # first column and row, steps of both
    lines = b"".join(
        b"\0" + bytes(range(left, side, right))
        for left, top, right, down in (map(int, one) for one in passes.split())
        for _ in range(top, side, down)
        if left < side
    )
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 1)
    picture = chunk(b"IDAT", zlib.compress(lines))
    return PNG + chunk(b"IHDR", header) + picture + chunk(b"IEND", b"")


def encoded(image: Image.Image, kind: str, **how: Any) -> bytes:
    """A picture as the bytes of a file."""
    file = BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def run_lengths() -> bytes:
    """A BMP in run lengths of 8 bits, which Pillow does not write."""
    pixels = b"\x08\x01\x00\x00" * 8 + b"\x00\x01"
    header = struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, 8, 1, len(pixels), 0, 0, 256, 0)
    palette = bytes(range(256)) * 4
    start = 14 + len(header) + len(palette)
    return (
        struct.pack("<2sIHHI", b"BM", start + len(pixels), 0, 0, start) + header + palette + pixels
    )


@cache
def sound() -> tuple[bytes, ...]:
    """A small picture in every kind of file that is read."""
    photo = Image.fromarray(np.kron(noise(6, 8), np.ones((8, 8, 1), np.uint8)))
    exif = Image.Exif()
    exif[0x0112], exif[MAKER], exif[MODEL] = 6, "Maker", "Model"
    exif[EXIF_DIRECTORY] = {TAKEN: "2024:01:02 03:04:05"}
    notes = PngImagePlugin.PngInfo()
    notes.add_text("plain", "words")
    notes.add_text("packed", "words " * 50, zip=True)
    notes.add_itxt("international", "Wörter", zip=True)
    deep = Image.fromarray(noise(9, 8)[..., 0].astype(np.uint16) * 257)
    clear = Image.fromarray(np.dstack([noise(9, 8), noise(9, 8)[..., 0]]))
    array = BytesIO()
    np.save(array, noise(5, 6))
    return (
        encoded(photo, "JPEG"),
        encoded(photo, "JPEG", progressive=True, exif=exif, icc_profile=b"profile" * 30),
        encoded(photo.convert("CMYK"), "JPEG", progressive=True),
        encoded(photo, "MPO", save_all=True, append_images=[photo]),
        encoded(photo, "PNG", pnginfo=notes, exif=exif, icc_profile=b"profile" * 30, dpi=(72, 72)),
        encoded(deep, "PNG"),
        encoded(photo.quantize(7), "PNG", bits=4, transparency=1),
        encoded(clear, "PNG"),
        interlaced(),
        encoded(photo, "TIFF", exif=exif.tobytes()),
        *(encoded(photo, "TIFF", compression=how) for how in TIFF_KINDS),
        encoded(photo, "TIFF", big_tiff=True),
        encoded(photo.convert("1"), "TIFF", compression="group4"),
        encoded(deep, "TIFF"),
        encoded(photo, "WEBP", exif=exif),
        encoded(clear, "WEBP", lossless=True),
        encoded(photo, "WEBP", save_all=True, append_images=[clear.resize(photo.size)]),
        encoded(photo, "BMP"),
        encoded(photo.quantize(7), "BMP"),
        run_lengths(),
        array.getvalue(),
    )


def mutated(number: int) -> bytes:
    """A sound photo, damaged in one way or two."""
    rng = np.random.default_rng(number)
    files = sound()
    content = bytearray(files[number % len(files)])
    for _ in range(rng.integers(1, 3)):
        content = bytearray(_WAYS[rng.integers(len(_WAYS))](content, rng)) or bytearray(b"\0")
    return _with_checks(bytes(content)) if content.startswith(PNG) else bytes(content)


def _flipped(content: bytearray, rng: np.random.Generator) -> bytearray:
    for place in rng.integers(0, len(content), rng.integers(1, 20)):
        content[place] ^= 1 << rng.integers(8)
    return content


def _cut(content: bytearray, rng: np.random.Generator) -> bytearray:
    return content[: rng.integers(1, len(content) + 1)]


def _spliced(content: bytearray, rng: np.random.Generator) -> bytearray:
    other = sound()[rng.integers(len(sound()))]
    return content[: rng.integers(4, 400)] + other[rng.integers(len(other)) :]


def _extreme(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Numbers at any place, above all in the header, as a length or size might be."""
    for _ in range(rng.integers(1, 4)):
        place = rng.integers(2, min(len(content), 200 if rng.random() < 0.8 else 10**6) + 2)
        value, width = int(rng.choice(EXTREMES)), int(rng.choice((1, 2, 4, 8)))
        number = (value % 256**width).to_bytes(width, "little" if rng.random() < 0.5 else "big")
        content[place : place + width] = number
    return content


def _larger(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Another width and height, where the kind of file keeps them."""
    width, height = (int(side) for side in rng.choice(EXTREMES, 2))
    if content.startswith(PNG):
        content[16:24] = struct.pack(">II", width, height)
    elif content.startswith(b"BM"):
        content[18:26] = struct.pack("<II", width, height)
    elif content.startswith(b"\xff\xd8"):
        place = max(content.find(b"\xff\xc0"), content.find(b"\xff\xc2"))
        content[place + 5 : place + 9] = struct.pack(">HH", height % 65536, width % 65536)
    elif content.startswith(b"RIFF"):
        content[24:30] = struct.pack("<I", width)[:3] + struct.pack("<I", height)[:3]
    elif content.startswith(b"\x93NUMPY"):
        return bytearray(content.replace(b"(5, 6, 3)", b"(%d, %d, 3)" % (height, width)))
    elif content.startswith((b"II", b"MM")):
        for tag, value in ((256, width), (257, height), (278, height)):
            entry = content.find(struct.pack("<HH", tag, 4))
            entry = content.find(struct.pack("<HH", tag, 3)) if entry < 0 else entry
            content[entry + 8 : entry + 12] = struct.pack("<I", value)
    return content


def _repeated(content: bytearray, rng: np.random.Generator) -> bytearray:
    first = int(rng.integers(len(content)))
    last = first + int(rng.integers(1, 200))
    return content[:last] + content[first:last] * int(rng.integers(1, 300)) + content[last:]


_WAYS = (_flipped, _cut, _spliced, _extreme, _larger, _repeated)


def _with_checks(content: bytes) -> bytes:
    """The chunks of a PNG with sums that are right, so that damage gets past them."""
    place, parts = 8, [PNG]
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4])
        kind, rest = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        parts.append(content[place : place + 4] + kind + rest)
        parts.append(struct.pack(">I", zlib.crc32(kind + rest)))
        place += 12 + length
    return b"".join(parts) + content[place:]


def peak() -> int:
    """MiB of memory that this process has had at most."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20  # macOS counts in bytes
    # What `getrusage` says on Linux includes the process that started this one.
    lines = status.read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) >> 10


def cost(files: dict[str, bytes], folder: Path) -> dict[str, Any]:
    """Reads photos as the cache and as `predict` do.

    Returns:
        How many were `read`, the `reasons` of the others by name, the `slowest` with its `seconds`
        on the processor, and the `peak` of the process's memory in MiB.
    """
    from resistor_cls.data.images.cache import _read
    from resistor_cls.data.images.preprocessed import read_preprocessed
    from resistor_cls.data.images.resize import Resize
    from resistor_cls.errors import DataError

    prepare, path = Resize(64), folder / "photo"
    reasons, seconds = {}, {}
    for name, content in files.items():
        path.write_bytes(content)
        begun = time.process_time()
        found = _read(path, prepare)
        seconds[name] = time.process_time() - begun
        try:
            read_preprocessed(path, prepare)
        except DataError as error:
            assert isinstance(found, str), "predict refuses what the cache takes"
            assert str(path) in str(error)
            reasons[name] = found
        else:
            assert not isinstance(found, str), f"predict takes what the cache refuses: {found}"
    slowest = max(seconds, key=lambda name: seconds[name])
    return {
        "read": len(files) - len(reasons),
        "reasons": reasons,
        "slowest": slowest,
        "seconds": seconds[slowest],
        "peak": peak(),
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # Pillow's, of damage that it can do with
    first, count = int(sys.argv[1]), int(sys.argv[2])
    numbers = range(first, first + count)
    print(json.dumps(cost({str(one): mutated(one) for one in numbers}, Path(sys.argv[3]))))
