"""Small files that ask an image library for gigabytes or minutes, each by the limit that stops it.

As a program it reads them as the photo cache does and prints what that cost; see `mutations.py`.
"""

import json
import struct
import sys
import warnings
import zlib
from pathlib import Path

from PIL import Image

from tests.helpers.mutations import PNG, chunk, cost, encoded

LONG, SHORT = 4, 3  # types of TIFF


def directory(entries: dict[int, tuple[int, int, int]], following: int = 0) -> bytes:
    """A TIFF directory: tag → (type, count, value or place)."""
    rows = b"".join(
        struct.pack("<HHLHxx" if (kind, count) == (SHORT, 1) else "<HHLL", tag, kind, count, value)
        for tag, (kind, count, value) in sorted(entries.items())
    )
    return struct.pack("<H", len(entries)) + rows + struct.pack("<L", following)


def tiff(entries: dict[int, tuple[int, int, int]], rest: bytes = b"") -> bytes:
    """A grey TIFF of 64 × 64 pixels, with other entries; what follows it begins at 4096."""
    usual = {
        256: (LONG, 1, 64), 257: (LONG, 1, 64), 258: (SHORT, 1, 8), 259: (SHORT, 1, 1),
        262: (SHORT, 1, 1), 273: (LONG, 1, 4096), 277: (SHORT, 1, 1), 278: (LONG, 1, 64),
        279: (LONG, 1, 4096),
    }  # fmt: skip
    used = {tag: entry for tag, entry in (usual | entries).items() if entry[1]}
    return (b"II*\0" + struct.pack("<L", 8) + directory(used)).ljust(4096, b"\0") + rest


def directories(count: int) -> bytes:
    """A TIFF of one page, whose directory is followed by others."""
    start = len(tiff({}, bytes(4096)))
    one = directory({256: (LONG, 1, 64), 257: (LONG, 1, 64)})
    first = tiff({}, bytes(4096))
    place = first.index(b"\0\0\0\0", 8 + 2 + 9 * 12)
    first = first[:place] + struct.pack("<L", start) + first[place + 4 :]
    return first + b"".join(
        one[:-4] + struct.pack("<L", start + number * len(one)) for number in range(1, count)
    )


def tiled(tags: dict[int, tuple[int, int, int]], tiles: int) -> bytes:
    """A TIFF of tiles that are all the same one."""
    tags = {273: (0, 0, 0), 278: (0, 0, 0), 279: (0, 0, 0)} | tags
    return tiff(tags | {324: (LONG, tiles, 4096), 325: (LONG, tiles, 4096)}, bytes(4 * tiles))


def many_numbers() -> bytes:
    """EXIF that says the same thousand times, each time from the same place."""
    entries = {tag: (SHORT, 30_000, 60_000) for tag in range(40_000, 41_000)}
    return b"II*\0" + struct.pack("<L", 8) + directory(entries) + bytes(120_000)


def png(*chunks: bytes, size: tuple[int, int] = (8, 8)) -> bytes:
    header = struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0)
    lines = zlib.compress(bytes((size[0] + 1) * size[1]) if size[0] * size[1] < 2**28 else b"")
    parts = (chunk(b"IHDR", header), *chunks, chunk(b"IDAT", lines), chunk(b"IEND", b""))
    return PNG + b"".join(parts)


def array(shape: str) -> bytes:
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + bytes(60)


def hostile() -> dict[str, tuple[bytes, str]]:
    """Name → content, and words of the reason that it is refused for."""
    grey = Image.new("L", (64, 64), 120)
    plain = encoded(grey, "JPEG")
    scans = encoded(grey.convert("RGB"), "JPEG", progressive=True)
    last = scans[scans.rindex(b"\xff\xda") : -2]
    size = plain.index(b"\xff\xc0") + 5
    huge = plain[:size] + struct.pack(">HH", 11_300, 11_300) + plain[size + 4 :]
    runs = encoded(grey, "BMP")
    bomb = zlib.compress(bytes(2**24))
    return {
        "thin png": (png(size=(1, 127_000_000)), "no side may have more than 65,535"),
        "thin array": (array("(1, 127_000_000, 3)"), "no side may have more than 65,535"),
        "scans": (scans[:-2] + last * 2000 + scans[-2:], "more than 100 scans"),
        "claim": (huge, "it claims 11300 × 11300 pixels in"),
        "segments": (
            plain[:2] + b"\xff\xfe\0\2" * 100_000 + plain[2:],
            "JPEG of more than 1,000 seg",
        ),
        "filling": (plain[:2] + bytes(10**6) + plain[2:], "or 65,536 bytes between them"),
        "chunks": (png(chunk(b"tEXt", b"") * 101_000), "PNG of more than 100,000 chunks"),
        "parts": (png(chunk(b"IDAT", b"") * 101_000), "PNG of more than 100,000 chunks"),
        "profiles": (png(*[chunk(b"iCCP", b"a\0\0" + bomb)] * 900), "cannot be decoded"),
        "texts": (png(*[chunk(b"zTXt", b"a\0\0" + bomb)] * 900), "cannot be decoded"),
        "exif": (png(chunk(b"eXIf", many_numbers())), "a directory of more than 262,140 numbers"),
        "pages": (directories(100_000), "at least 2 frames or pages"),
        "entries": (b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**60) + bytes(10**6), "entries"),
        "strips": (
            tiff({273: (LONG, 10**6, 4096)}, bytes(4 * 10**6)),
            "a directory of more than 262,140 numbers",
        ),
        "large tile": (
            tiled({322: (LONG, 1, 60_000), 323: (LONG, 1, 30_000)}, 1),
            "far more pixels than the picture",
        ),
        "many tiles": (
            tiled({322: (LONG, 1, 32), 323: (LONG, 1, 64)}, 60_000),
            "far more pixels than the picture",
        ),
        "runs": (runs[:30] + b"\1" + runs[31:] + b"\1\5" * 4 * 10**6, "in run lengths takes"),
        "truth": (array("(True, 4, 3)"), "an array of the shape"),
        "digits": (array("(0x" + "f" * 5000 + ", 4, 3)"), "cannot be decoded"),
        "brackets": (array("(" * 3000), "cannot be decoded"),
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    files = {name: content for name, (content, _) in hostile().items()}
    print(json.dumps(cost(files, Path(sys.argv[1]))))
