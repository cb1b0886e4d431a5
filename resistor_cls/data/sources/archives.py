"""Unpacks untrusted zips: within limits, and never outside their folder."""

import shutil
import stat
import struct
import unicodedata
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from resistor_cls.errors import DataError

# The published data set has 2,400 files and 150 MB.
MAX_FILES = 200_000
MAX_UNPACKED = 64 << 30  # bytes
# Photos are compressed already; synthetic ones as BMP, which is not, to a hundredth at most.
MAX_RATIO = 100
MIN_COMPARED = 256 << 20  # bytes below which the ratio does not matter
RESERVE = 256 << 20  # bytes of the disk that are left free
CHUNK = 1 << 20  # bytes
# Bytes of the table of contents: 200,000 entries of 46 bytes (zip specification, 4.3.12), their
# names and further fields.
_MAX_TABLE = MAX_FILES * 512
_END, _END_64, _PLACE_64 = b"PK\5\6", b"PK\6\6", b"PK\6\7"
_LEFT_OUT = "__MACOSX"  # what the Finder adds: forks of files, which do not hold photos


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks a zip into a folder.

    Args:
        archive: the zip.
        folder: that exists and is empty.

    Raises:
        DataError: not a zip, a damaged one, or one that holds too much: says what was found and
            what to do.
        OSError: the folder cannot be written.
    """
    try:
        _check_table(archive)
        with zipfile.ZipFile(archive) as content:
            entries = [one for one in content.infolist() if _parts(one)[:1] != (_LEFT_OUT,)]
            if not entries:
                raise zipfile.BadZipFile("it holds no files")
            for entry in entries:
                _check_entry(entry, archive)
            _check_names(entries, archive)
            _check_sizes(entries, archive, folder)
            for entry in entries:
                _write(content, entry, folder.joinpath(*_parts(entry)))
    # zipfile raises all of these for damage, depending on where it is.
    except (
        zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, struct.error,
        UnicodeError, MemoryError, OverflowError,
    ) as error:  # fmt: skip
        raise DataError(
            f"{archive} is not a complete zip ({error}): remove it, and it is fetched again"
        ) from error


def _parts(entry: zipfile.ZipInfo) -> tuple[str, ...]:
    return tuple(part for part in entry.filename.split("/") if part not in ("", "."))


def _check_entry(entry: zipfile.ZipInfo, archive: Path) -> None:
    """Refuses what would be written elsewhere, or is not a plain file or folder."""
    name, windows = entry.filename, PureWindowsPath(entry.filename)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if (
        PurePosixPath(name).is_absolute()
        or windows.drive
        or windows.root
        or ".." in windows.parts
        or not _parts(entry)
        or any(ord(letter) < 32 for letter in name)
    ):
        what = "leads out of the folder that it is unpacked into"
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "is a link or a device"
    elif entry.flag_bits & 1:
        what = "is encrypted"
    else:
        return
    raise DataError(f"{archive}: {name!r} {what}: do not trust this zip; fetch it elsewhere")


def _check_names(entries: list[zipfile.ZipInfo], archive: Path) -> None:
    """Refuses names of which one file would hide another, here or on another system."""
    name_of: dict[tuple[str, ...], str] = {}
    folders: set[tuple[str, ...]] = set()
    for entry in entries:
        key = tuple(unicodedata.normalize("NFC", part).lower() for part in _parts(entry))
        folders |= {key[:depth] for depth in range(1, len(key))}
        if entry.is_dir():
            folders.add(key)
        elif key in name_of:
            raise DataError(
                f"{archive} holds two files of one name, {name_of[key]!r} and {entry.filename!r} "
                "(upper and lower case are the same to some systems): rename one of them"
            )
        else:
            name_of[key] = entry.filename
    if both := folders & name_of.keys():
        raise DataError(
            f"{archive}: {name_of[min(both)]!r} is both a file and a folder: rename one"
        )


def _check_sizes(entries: list[zipfile.ZipInfo], archive: Path, folder: Path) -> None:
    """Refuses more than fits on the disk, or than a set of photos has."""
    size, packed = sum(entry.file_size for entry in entries), archive.stat().st_size
    if len(entries) > MAX_FILES or size > MAX_UNPACKED:
        raise DataError(
            f"{archive} holds {len(entries):,} files of {size:,} bytes together: at most "
            f"{MAX_FILES:,} and {MAX_UNPACKED:,} are unpacked"
        )
    if size > max(MIN_COMPARED, MAX_RATIO * packed):
        raise DataError(
            f"{archive} has {packed:,} bytes and claims to hold {size:,}: photos cannot be packed "
            "like that; do not trust this zip"
        )
    free = shutil.disk_usage(folder).free
    if size + RESERVE > free:
        raise DataError(
            f"{archive} holds {size:,} bytes, but {folder.parent} has room for {free:,}, of which "
            f"{RESERVE:,} stay free: free some room or set data.root to another disk"
        )


def _write(content: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> None:
    """Writes one file; zipfile checks its sum, and gives no more bytes than it claims."""
    if entry.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with content.open(entry) as source, path.open("xb") as target:
        shutil.copyfileobj(source, target, CHUNK)
    if path.stat().st_size != entry.file_size:
        raise zipfile.BadZipFile(f"{entry.filename!r} is shorter than it claims")


def _check_table(archive: Path) -> None:
    """Refuses a table of contents that would take gigabytes to be read.

    Raises:
        DataError: it is longer than that of any data set.
        BadZipFile: there is none.
    """
    length = archive.stat().st_size
    with archive.open("rb") as file:
        file.seek(max(0, length - 22 - 65_535))  # 22 bytes and a comment (specification, 4.3.16)
        tail = file.read()
        plain = tail[-22:].startswith(_END) and tail[-2:] == b"\0\0"
        place = len(tail) - 22 if plain else tail.rfind(_END)
        if place < 0:
            raise zipfile.BadZipFile("File is not a zip file")
        (size,) = struct.unpack_from("<L", tail, place + 12)
        if tail[place - 20 : place - 16] == _PLACE_64 and place >= 20:
            (start,) = struct.unpack_from("<Q", tail, place - 12)
            # zipfile looks right before this, wherever it is said to be.
            for at in {start, length - len(tail) + place - 20 - 56}:
                file.seek(min(at, length))
                end = file.read(56)
                if end.startswith(_END_64) and len(end) == 56:
                    size = max(size % 0xFFFFFFFF, struct.unpack_from("<Q", end, 40)[0])
    if size > _MAX_TABLE and size != 0xFFFFFFFF:
        raise DataError(
            f"{archive}: its table of contents has {size:,} bytes: at most {MAX_FILES:,} files are "
            "unpacked"
        )
