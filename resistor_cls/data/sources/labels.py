"""Labels of photos: stripped of a common prefix, and made a label space."""

import logging
from collections.abc import Collection
from pathlib import Path

from resistor_cls.categories import Categories, check_labels
from resistor_cls.errors import DataError

log = logging.getLogger(__name__)

PREFIXES = ("class_", "label_", "category_")  # what `auto` strips from labels


def prefix_of(labels: Collection[str], asked: str | None) -> str:
    """The prefix to strip from labels: what was asked for, or found where that is `auto`."""
    if asked != "auto":
        return str(asked or "")
    for prefix in PREFIXES:
        if all(label.startswith(prefix) and label != prefix for label in labels):
            log.info("Labels without their common %s (data.label_prefix='' keeps it)", prefix)
            return prefix
    return ""


def labels_of(names: Collection[str], prefix: str) -> dict[str, str]:
    """Each name with its label, which is the name without the prefix.

    Raises:
        DataError: two names with the same label.
    """
    name_of: dict[str, str] = {}
    for name in sorted(names):
        label = name.removeprefix(prefix) or name
        if label in name_of:
            raise DataError(
                f"{name_of[label]!r} and {name!r} are one label by data.label_prefix={prefix}: "
                "rename one, or keep the prefix by data.label_prefix=''"
            )
        name_of[label] = name
    return {name: label for label, name in name_of.items()}


def label_space(labels: Collection[str], file: Path | None, prefix: str) -> Categories:
    """The label space of a file of categories, or of the labels if there is no file.

    Args:
        labels: of the photos, without their prefix.
        file: one category per line, with the prefix or without.
        prefix: stripped from the lines.
    """
    if file is None:
        check_labels(labels, "the labels of the photos")
        return Categories(sorted(labels))
    listed = Categories.from_file(file).names
    check_labels({*listed, *labels}, f"the labels of the photos and {file}")
    label_of = labels_of(listed, prefix)
    return Categories(label_of[name] for name in listed)
