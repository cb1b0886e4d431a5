"""Stores photos with the value that a person has seen on them, for `data=folder` to train on."""

import hashlib
import os
import secrets
import threading
import unicodedata
from contextlib import suppress
from pathlib import Path

from resistor_cls.categories import Categories, name_of_value, parse_value
from resistor_cls.colour_code import CODES, has_code
from resistor_cls.data.images.decode import decode_photo, photo_header
from resistor_cls.errors import DataError, some_names

_MAX_NAME = 200  # bytes; file systems allow 255
# One correction at a time: one may remove the folder that another is about to write into.
_STORING = threading.Lock()


def corrected_category(value: str, categories: Categories | None) -> str:
    """The category that a correction names.

    Args:
        value: of a person: the name of a category, or a resistance such as `4k7`.
        categories: of the model; None of one that reads values.

    Returns:
        A category of the model; where none has the value, a name such as `4K7`.

    Raises:
        DataError: neither a category nor a resistance; several categories have the value; or no
            colour code shows it.
    """
    text = value.strip()
    if categories is not None and text in categories.names:
        return _folder_name(text)
    try:
        ohms = parse_value(text)
    except DataError as error:
        known = "" if categories is None else f", or one of {some_names(categories.names)}"
        raise DataError(f"value {error}{known}") from None
    same = [one.name for one in categories or () if one.ohms == ohms]
    if len(same) > 1:
        raise DataError(f"value {text} is that of {some_names(same)}: name one of them")
    if not same and ohms and not has_code(ohms):  # 0 ohms is a wire with one black band
        raise DataError(f"value {text} is one that no colour code shows ({CODES}): correct it")
    return _folder_name(same[0] if same else name_of_value(ohms))


def _folder_name(name: str) -> str:
    """A name of a category that can name a folder.

    Raises:
        DataError: it cannot.
    """
    hidden = any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name)
    if hidden or name.startswith(".") or set(name) & set("/\\") or len(name.encode()) > _MAX_NAME:
        raise DataError("value: this category has a name that no folder can have")
    return name


def store_correction(folder: Path, category: str, encoded: bytes) -> str:
    """Stores a photo as `CATEGORY/SHA256.jpg`.

    A photo that is there already stays as it is; one that an earlier correction has put under
    another category is moved, and a folder that becomes empty is removed.

    Args:
        folder: of the corrections.
        category: from `corrected_category`.
        encoded: the bytes of a photo.

    Returns:
        The name of the file without its folder.

    Raises:
        DataError: the bytes are not a photo.
        OSError: the folder cannot be written.
    """
    name = hashlib.sha256(encoded).hexdigest() + photo_header(encoded).suffix
    decode_photo(encoded)  # training would leave out a damaged photo
    place = folder / category
    with _STORING:
        place.mkdir(parents=True, exist_ok=True)
        earlier = [path for path in folder.glob(f"*/{name}") if path.parent != place]
        if not (place / name).exists():
            _write(place, name, encoded)
        for path in earlier:
            path.unlink()
            with suppress(OSError):  # it holds other photos
                path.parent.rmdir()
    return name


def _write(place: Path, name: str, encoded: bytes) -> None:
    """Writes a whole file or none."""
    # Neither a photo by its suffix nor visible, so that training never reads half of one.
    part = place / f".{secrets.token_hex(8)}.part"
    try:
        with part.open("xb") as file:
            file.write(encoded)
            file.flush()
            os.fsync(file.fileno())
        part.replace(place / name)  # one that appeared meanwhile has the same bytes by its name
    finally:
        part.unlink(missing_ok=True)
