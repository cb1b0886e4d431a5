"""Walks through folders: which photos lie there, what is left out, and why.

Sources, external splits, pseudo-labels, the audit and `predict` all find their photos by it, so
that they agree on what is a photo.
"""

import errno
import logging
import os
import re
import stat
from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from resistor_cls.data.images.decode import SUFFIXES
from resistor_cls.errors import DataError, printable

log = logging.getLogger(__name__)

# Why something is left out.
SUFFIX = "not a photo by its suffix"
HIDDEN = "hidden"
OUTSIDE = "outside of the folders of categories"
BROKEN_LINK = "a link that leads nowhere"
REPEATED_LINK = "a link to a folder that is listed already"
UNREADABLE = "that may not be read"
SPECIAL = "neither a file nor a folder"
EMPTY = "an empty folder"
SYSTEM = "made by a system"
# Reasons that are not reported each time: no photo of the user is concerned.
_QUIET = frozenset({SYSTEM, EMPTY})
_SILENT = "ignored"  # hidden files, and what this program writes beside photos
_OURS = frozenset({"boxes.csv", "scenes.csv", "dataset.json", "dataset_card.md", "croissant.json"})

# What file managers, zips and network storage put beside photos; by lower-case name.
_SYSTEM_FOLDERS = frozenset(
    {"__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found"}
)
_SYSTEM_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})
_APPLE_DOUBLE = "._"  # macOS adds ._1.jpg, which holds no picture, to 1.jpg
_ZONE = ":zone.identifier"  # Windows adds 1.jpg:Zone.Identifier to what was fetched

# Pictures that are not decoded here. HEIC has no decoder under a permissive licence: libheif is
# LGPL. Camera raw files need an interpretation that their makers do not publish.
_PICTURES = re.compile(
    r"\.(heic|heif|hif|avif|gif|jp2|j2k|jpx|jxl|jxr|p[pgbn]m|tga|psd|xcf|svg|pdf|eps|ico|icns|dds|exr"
    r"|hdr|dng|cr[23w]|nef|nrw|arw|srf|sr2|raf|orf|rw2|pef|srw|raw|3fr|x3f|mp4|mov|avi|mkv)"
)
_LONGEST_SUFFIX = 12  # characters; more is a sentence with a full stop in it
_GROUPS = 8  # kinds named in one line
_EXAMPLES = 3  # names in one line


@dataclass(frozen=True)
class LeftOut:
    """Something that is left out.

    Attributes:
        name: of the file or folder, with `/` between folders.
        reason: one of the reasons above.
    """

    name: str
    reason: str


@dataclass(frozen=True)
class Walked:
    """What lies below a folder.

    Attributes:
        photos: names of the photos below it, with `/` between folders, sorted.
        left_out: everything else, sorted by name; a folder that is left out stands for all in it.
    """

    photos: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()


def kind_of(place: Path) -> str:
    """`folder`, `file`, or in words what else a place is.

    Raises:
        DataError: a place that may not be read.
    """
    try:
        mode = place.stat().st_mode
    except ValueError:  # an impossible name
        return "does not exist"
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP):
            return "is a link that leads nowhere" if _is_link(place) else "does not exist"
        raise DataError(f"{place} cannot be read: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "is neither a file nor a folder"


def walk(folder: Path, above: Collection[Path] = ()) -> Walked:
    """Finds the photos below a folder, at any depth.

    Links are followed, after everything else; a folder that was met before is not listed again, so
    that circles end and no photo is counted twice.

    Args:
        folder: where to look.
        above: folders that the walk has come through, to which no link leads back.
    """
    photos: list[str] = []
    left_out: list[LeftOut] = []
    met = {_identity(place) for place in above}
    waiting, links = deque([(folder, "")]), deque[tuple[Path, str]]()
    while waiting or links:
        place, begin = (waiting or links).popleft()
        name = begin.rstrip("/")
        identity = _identity(place)
        if identity in met:
            left_out.append(LeftOut(name or ".", REPEATED_LINK))
            continue
        met.add(identity)
        try:
            paths = sorted(place.iterdir())
        except OSError:
            left_out.append(LeftOut(name or ".", UNREADABLE))
            continue
        if begin and not paths:
            left_out.append(LeftOut(name, EMPTY))
        for path in paths:
            reason, is_folder = _look(path)
            if reason is not None:
                left_out += [] if reason == _SILENT else [LeftOut(begin + path.name, reason)]
            elif is_folder:
                (links if _is_link(path) else waiting).append((path, f"{begin}{path.name}/"))
            else:
                photos.append(begin + path.name)
    return Walked(tuple(sorted(photos)), tuple(sorted(left_out, key=lambda one: one.name)))


def look_beside(folder: Path) -> tuple[list[str], list[LeftOut]]:
    """What lies directly in a folder of folders.

    Returns:
        Names of the folders in it, sorted, and what else lies there, with the reason.

    Raises:
        OSError: it cannot be listed.
    """
    folders: list[str] = []
    others: list[LeftOut] = []
    for path in sorted(folder.iterdir()):
        reason, is_folder = _look(path)
        if reason is None and is_folder:
            folders.append(path.name)
        elif reason is None:
            others.append(LeftOut(path.name, OUTSIDE))
        elif reason != _SILENT:
            others.append(LeftOut(path.name, reason))
    return folders, others


def folders_below(root: Path) -> list[Path]:
    """A folder and all folders below it, sorted; without hidden ones and those of systems."""
    found = [root]
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.is_dir() and not any(
            part.startswith(".") or part.lower() in _SYSTEM_FOLDERS for part in parts
        ):
            found.append(path)
    return found


def below(walked: Walked, begin: str) -> Walked:
    """The same with names that begin with `begin`."""
    return Walked(
        tuple(begin + name for name in walked.photos),
        tuple(replace(one, name=begin + one.name) for one in walked.left_out),
    )


def left_out_line(left_out: Sequence[LeftOut], photos: int) -> str:
    """One line on what was left out, such as `left out 2 of 36 files: 2 .heic (convert …)`.

    Args:
        left_out: everything.
        photos: how many photos are beside them.

    Returns:
        The line; empty if there is nothing to report.
    """
    named = [one for one in left_out if one.reason not in _QUIET]
    if not named:
        return ""
    groups = Counter(_group(one) for one in named)
    words = [f"{count} {group}" for group, count in groups.most_common(_GROUPS)]
    rest = len(named) - sum(count for _, count in groups.most_common(_GROUPS))
    words += [f"{rest} others"] if rest else []
    # Pictures first: they may be missed.
    shown = sorted(named, key=lambda one: not is_picture(one.name))[:_EXAMPLES]
    names = ", ".join(printable(one.name) for one in shown)
    remedy = ""
    if any(one.reason == SUFFIX and is_picture(one.name) for one in named):
        remedy = "; convert pictures to JPEG or PNG"
    kinds = f"{', '.join(words)} ({names}){remedy}"
    return f"left out {len(named)} of {photos + len(named)} files: {kinds}"


def log_left_out(left_out: Sequence[LeftOut], photos: int, root: Path) -> None:
    """Logs what was left out, as a warning if a photo may be among it.

    Args:
        left_out: everything.
        photos: how many photos are beside them.
        root: where all this is.
    """
    line = left_out_line(left_out, photos)
    if not line:
        return
    missed = any(
        is_picture(one.name) if one.reason == SUFFIX else one.reason not in _QUIET
        for one in left_out
    )
    level = logging.WARNING if missed else logging.INFO
    log.log(level, "%s: %s", printable(str(root)), line)


def is_picture(name: str) -> bool:
    """Whether a name has the suffix of a picture or film, of any format."""
    suffix = PurePosixPath(name).suffix.lower()
    return suffix in SUFFIXES or _PICTURES.fullmatch(suffix) is not None


def _group(one: LeftOut) -> str:
    """Words for everything that is left out for the same reason."""
    if one.reason != SUFFIX:
        return one.reason
    suffix = PurePosixPath(one.name).suffix.lower()
    if not suffix:
        return "without a suffix"
    return printable(suffix) if len(suffix) <= _LONGEST_SUFFIX else "of other suffixes"


def _look(path: Path) -> tuple[str | None, bool]:
    """Why a path is left out (None: it is not), and whether it is a folder."""
    name = path.name.lower()
    if name.startswith(_APPLE_DOUBLE) or name in _OURS:
        return _SILENT, False
    if name in _SYSTEM_FILES or name.endswith(_ZONE):
        return SYSTEM, False
    try:
        mode = path.stat().st_mode
    except OSError:
        why = BROKEN_LINK if _is_link(path) else UNREADABLE
        return _SILENT if name.startswith(".") else why, False
    if stat.S_ISDIR(mode):
        return _why_no_folder(path), True
    return _why_no_photo(path, mode), False


def _why_no_folder(path: Path) -> str | None:
    if path.name.startswith("."):
        return HIDDEN if _holds_photos(path) else _SILENT
    return SYSTEM if path.name.lower() in _SYSTEM_FOLDERS else None


def _why_no_photo(path: Path, mode: int) -> str | None:
    is_photo = path.suffix.lower() in SUFFIXES
    if path.name.startswith("."):
        return HIDDEN if is_photo else _SILENT
    if not is_photo:
        return SUFFIX
    return None if stat.S_ISREG(mode) else SPECIAL


def _holds_photos(folder: Path) -> bool:
    """Whether photos lie directly in a folder."""
    try:
        return any(
            path.suffix.lower() in SUFFIXES and not path.name.startswith(_APPLE_DOUBLE)
            for path in folder.iterdir()
        )
    except OSError:
        return False


def _is_link(path: Path) -> bool:
    # `Path.is_symlink` raises OSError where the folder above is closed, or a name too long.
    return os.path.islink(path)  # noqa: PTH114


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode: the same for all paths to one folder."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
