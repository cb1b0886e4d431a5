"""What the bytes of a photo claim, compared with limits before a pixel is decoded.

A file of a few kilobytes can ask an image library for gigabytes or for minutes. Every limit here is
far above what cameras and programs write, and together they bound the time and the memory that
one photo can cost.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import (
    BITSPERSAMPLE,
    PHOTOMETRIC_INTERPRETATION,
    PREFIXES,
    TILELENGTH,
    TILEWIDTH,
    TiffImageFile,
)

from resistor_cls.errors import DataError

GREY_16_BIT = frozenset({"I;16", "I;16B", "I;16L"})
DEEPER = frozenset({"I", "F"})  # 32 bits a pixel, for whose white there is no standard
# Pixels of one photo. The largest phone cameras give 108 megapixels.
MAX_PIXELS = 128_000_000
# Pixels of one side: a JPEG holds no more (ITU-T T.81, B.2.2), and a resize of more costs
# gigabytes where the other side is short.
MAX_SIDE = 65_535
# Bytes of one file: 128 megapixels of 4 channels with 16 bits, uncompressed.
MAX_BYTES = 1 << 30
# Pixels below which what a header claims is not compared with the length of the file: decoding
# costs at most 0.2 GB and some tenths of a second then, whatever the file holds.
MIN_COMPARED = 16_000_000
# Pixels that one byte can stand for. Huffman-coded JPEGs need at least a bit for each block of
# 8 × 8 pixels and scan; plain ones of one colour reach 341. Deflate makes at most 1,032 bytes of
# one, each of 8 pixels of one bit. Other encodings have no such bound, but no photo reaches this.
PIXELS_PER_BYTE = {"JPEG": 1024, "MPO": 1024}
OTHER_PIXELS_PER_BYTE = 8 * 1032
# Scans of one JPEG: encoders write 10 for RGB and 18 for CMYK. Each is a walk over all pixels,
# about 0.7 ns a pixel even where it holds no data.
MAX_SCANS = 100
MAX_SCANNED = 20 * MAX_PIXELS  # scans × pixels
# Segments before the picture of a JPEG, and chunks of a PNG beside the picture's. A colour profile
# may take 255 segments, a depth map some dozens.
MAX_SEGMENTS = 1000
# Chunks of a PNG: libpng writes 8,192 bytes in each, which makes 47,000 of 128 megapixels.
MAX_CHUNKS = 100_000
# Bytes between the segments of a JPEG: a few may fill up. Pillow skips them one by one.
MAX_FILLING = 65_536
# Bytes of a BMP in run lengths, a form of 1990: Pillow decodes it in Python, 0.2 s for each MB.
MAX_RUN_LENGTHS = 8_000_000
# Entries of a TIFF directory, or of EXIF; cameras write below 100.
MAX_ENTRIES = 4096
# Numbers in a directory: where each of 65,535 strips of two channels lies, and how long it is.
MAX_NUMBERS = 4 * MAX_SIDE
# Pixels of one tile of a TIFF: programs write up to 4,096 × 4,096.
MAX_TILE = 4096 * 4096
# How often the tiles of a file may cover its picture: once for each channel.
MAX_COVERS = 6

_MARKER = re.compile(rb"\xff[^\x00\xff]")
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # D0 to D7 only structure a scan
_SOS, _EOI = 0xDA, 0xD9
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_PNG = b"\x89PNG\r\n\x1a\n"
_PICTURE_CHUNKS = frozenset({b"IDAT", b"fdAT", b"fcTL"})
_BYTES = frozenset({1, 2, 7})  # types of TIFF that Pillow keeps as bytes
_POINTERS = {3: "H", 4: "L", 13: "L", 16: "Q"}  # types of TIFF that can say a place
_EXIF_POINTER = 34665


@dataclass(frozen=True)
class Bounds:
    """What was found in the bytes of a photo before they were opened.

    Attributes:
        length: of the file, in bytes.
        scans: of a JPEG; 1 of other files.
    """

    length: int
    scans: int


def check_bytes(encoded: bytes) -> Bounds:
    """Refuses, before an image library opens it, a file whose header alone takes long to parse.

    Args:
        encoded: the file's bytes.

    Raises:
        DataError: says what was found and what to do.
    """
    if len(encoded) > MAX_BYTES:
        raise DataError(f"it has more than {MAX_BYTES >> 20} MiB: save the photo smaller")
    scans = 1
    if encoded.startswith(b"\xff\xd8"):
        scans = _jpeg_scans(encoded)
    elif encoded.startswith(_PNG):
        _check_chunks(encoded)
    elif encoded.startswith(tuple(PREFIXES)):
        _check_directories(encoded)
    elif encoded.startswith(b"BM"):
        _check_run_lengths(encoded)
    return Bounds(len(encoded), scans)


def check_header(image: ImageFile, bounds: Bounds) -> None:
    """Refuses, before any pixel is decoded, what cannot become one photo of 8 bits.

    Args:
        image: as Pillow opened it.
        bounds: from `check_bytes`.

    Raises:
        DataError: says what was found and what to do.
    """
    _check_size(image, bounds)
    # To count the pages of a TIFF, Pillow would walk through all of them.
    several = isinstance(image, TiffImageFile) and image.is_animated
    frames = 2 if several else getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        found = "at least 2" if several else frames
        raise DataError(f"{found} frames or pages: save one of them as a separate photo")
    if image.mode in DEEPER or _is_misread(image):
        raise DataError(
            f"{image.format} pixels of mode {image.mode} have a depth that is not read: "
            "save the photo with 8 bits a channel"
        )
    _check_tiles(image)
    exif = image.info.get("exif")
    if isinstance(exif, bytes):
        _check_directories(re.sub(rb"^(Exif\x00\x00){1,2}", b"", exif))


def check_sides(width: int, height: int) -> None:
    """Refuses a photo that is longer or higher than any.

    Raises:
        DataError: says how many pixels there are and what to do.
    """
    if max(width, height) > MAX_SIDE:
        raise DataError(
            f"{width} × {height} pixels: no side may have more than {MAX_SIDE:,}: "
            "save the photo smaller"
        )


def _check_size(image: ImageFile, bounds: Bounds) -> None:
    width, height = image.size
    check_sides(width, height)
    pixels = width * height
    if pixels > MAX_PIXELS:
        raise DataError(
            f"{width} × {height} pixels are more than {MAX_PIXELS // 10**6} megapixels: "
            "save the photo smaller"
        )
    possible = bounds.length * PIXELS_PER_BYTE.get(image.format or "", OTHER_PIXELS_PER_BYTE)
    if pixels > max(MIN_COMPARED, possible):
        raise DataError(
            f"it claims {width} × {height} pixels in {bounds.length:,} bytes, which no photo fits "
            "into: the file is damaged; save the photo anew"
        )
    if bounds.scans * pixels > MAX_SCANNED:
        raise DataError(
            f"a JPEG of {bounds.scans} scans and {width} × {height} pixels takes too long to "
            f"decode: at most {MAX_SCANNED // pixels} scans of this size are read; save the photo "
            "anew"
        )


def _check_tiles(image: ImageFile) -> None:
    """Refuses tiles that are decoded into far more than the picture.

    Raises:
        DataError: they are larger than any program writes, or cover the picture many times.
    """
    places = [tile.extents for tile in image.tile if tile.extents is not None]
    covered = sum((right - left) * (low - top) for left, top, right, low in places)
    tile = 0
    if isinstance(image, TiffImageFile):
        tile = image.tag_v2.get(TILEWIDTH, 0) * image.tag_v2.get(TILELENGTH, 0)
    if covered > MAX_COVERS * image.width * image.height or tile > MAX_TILE:
        raise DataError(
            "its tiles hold far more pixels than the picture: the file is damaged; save the photo "
            "anew"
        )


def _is_misread(image: ImageFile) -> bool:
    """Whether Pillow (13.0) would make other colours of this image than are meant.

    Of grey TIFFs it gives 12 bits the mode of 16, and ignores that some of 16 bits count from
    white. In PNGs of fewer or more than 8 bits it compares the one transparent colour with pixels
    that are already scaled to 8, and so shows what should be transparent.
    """
    if isinstance(image, TiffImageFile) and image.mode in GREY_16_BIT:
        meaning = (image.tag_v2.get(BITSPERSAMPLE), image.tag_v2.get(PHOTOMETRIC_INTERPRETATION))
        return meaning != ((16,), 1)  # 1: zero is black
    scaled = any(tile.args in {"L;2", "L;4", "RGB;16B"} for tile in image.tile)
    return scaled and "transparency" in image.info


def _jpeg_scans(encoded: bytes) -> int:
    """Counts the scans of a JPEG as libjpeg meets them: up to the end of its first picture.

    Raises:
        DataError: too many scans or segments, or too much between them.
    """
    place, scans, segments, filling, marker = 2, 0, 0, 0, _MARKER
    while found := marker.search(encoded, place):
        if marker is _MARKER:
            filling += found.start() - place
            segments += 1
        code = encoded[found.end() - 1]
        place, marker = found.end(), _MARKER
        if code == _EOI:
            break
        if code not in _WITHOUT_LENGTH:
            place += max(2, int.from_bytes(encoded[place : place + 2]))
        if code == _SOS:
            scans, marker = scans + 1, _MARKER_IN_SCAN
            if scans > MAX_SCANS:
                raise DataError(
                    f"a JPEG of more than {MAX_SCANS} scans takes too long to decode: save the "
                    "photo anew"
                )
        if segments > MAX_SEGMENTS + scans * 4 or filling > MAX_FILLING:
            raise DataError(
                f"a JPEG of more than {MAX_SEGMENTS:,} segments or {MAX_FILLING:,} bytes between "
                "them: the file is damaged; save the photo anew"
            )
    return scans


def _check_chunks(encoded: bytes) -> None:
    """Refuses a PNG of very many chunks."""
    place, chunks, others = len(_PNG), 0, 0
    while place + 8 <= len(encoded):
        kind = encoded[place + 4 : place + 8]
        if kind == b"IEND":
            return
        chunks, others = chunks + 1, others + (kind not in _PICTURE_CHUNKS)
        if chunks > MAX_CHUNKS or others > MAX_SEGMENTS:
            raise DataError(
                f"a PNG of more than {MAX_CHUNKS:,} chunks, or {MAX_SEGMENTS:,} beside the "
                "picture: save the photo anew"
            )
        place += 12 + int.from_bytes(encoded[place : place + 4])


def _check_run_lengths(encoded: bytes) -> None:
    """Refuses a long BMP in run lengths."""
    compression = int.from_bytes(encoded[30:34], "little")
    if compression in (1, 2) and len(encoded) > MAX_RUN_LENGTHS:  # RLE8 and RLE4
        raise DataError(
            f"a BMP of {len(encoded):,} bytes in run lengths takes too long to decode: save the "
            "photo as PNG"
        )


def _check_directories(block: bytes) -> None:
    """Refuses a TIFF, or EXIF, whose first directory or the one of EXIF is longer than any real.

    What is truncated or points out of the block is left to Pillow, which skips it.

    Args:
        block: begins with the header of a TIFF.
    """
    order = "<" if block[:2] == b"II" else ">"
    big = block[2:3] == b"\x2b" or block[3:4] == b"\x2b"
    start, form = (8, "Q") if big else (4, "L")
    try:
        (place,) = struct.unpack_from(order + form, block, start)
        numbers = 0
        for _ in range(2):
            following = None
            for tag, kind, count, value in _entries(block, place, order, big):
                # Pillow skips what is longer than the block.
                numbers += 0 if kind in _BYTES or count > len(block) else count
                if numbers > MAX_NUMBERS:
                    raise DataError(
                        f"a directory of more than {MAX_NUMBERS:,} numbers: the file is damaged; "
                        "save the photo anew"
                    )
                if tag == _EXIF_POINTER and following is None and kind in _POINTERS:
                    (following,) = struct.unpack_from(
                        order + _POINTERS[kind], value.ljust(8, b"\0")
                    )
            if following is None:
                return
            place = following
    except (struct.error, OverflowError):  # a place beyond the end, or beyond any address
        return


def _entries(
    block: bytes, place: int, order: str, big: bool
) -> Iterator[tuple[int, int, int, bytes]]:
    """The entries of one directory: tag, type, count, and the bytes of the value or its place."""
    head, entry = ("Q", "HHQ8s") if big else ("H", "HHL4s")
    (count,) = struct.unpack_from(order + head, block, place)
    first, size = place + struct.calcsize(order + head), struct.calcsize(order + entry)
    count = min(count, (len(block) - first) // size)
    if count > MAX_ENTRIES:
        raise DataError(
            f"a directory of {count:,} entries: at most {MAX_ENTRIES:,} are read; save the photo "
            "anew"
        )
    for number in range(count):
        yield struct.unpack_from(order + entry, block, first + number * size)
