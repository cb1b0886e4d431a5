"""What is wrong or risky in a set of photos, as plain values."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
from tqdm import tqdm

from resistor_cls.data.audit import sections
from resistor_cls.data.audit.features import gather_features
from resistor_cls.data.audit.findings import SEVERITIES, findings_of
from resistor_cls.data.audit.shortcuts import shortcut_scores
from resistor_cls.data.images.metadata import ImageMetadata
from resistor_cls.data.sources.photo_set import PhotoSet

VERSION = 1  # counts changes of what the report holds


def audit_photos(
    photo_set: PhotoSet,
    metadata: Sequence[ImageMetadata],
    edge_descriptors: np.ndarray,
    unreadable: Mapping[str, str],
    *,
    fingerprint: str = "",
    image_size: int | Sequence[int] = 224,
    seed: int = 0,
    progress: bool = True,
) -> dict[str, Any]:
    """Audits labelled photos.

    Args:
        photo_set: the readable photos.
        metadata: of the photos.
        edge_descriptors: (photos, 64, 64) int8, of the photos.
        unreadable: file name → why it cannot be read.
        fingerprint: of the labelled photos.
        image_size: side in pixels that a model gets the photos at, or their rows and columns.
        seed: of clusters, folds and samples.
        progress: whether to show a progress bar.

    Returns:
        What `audit.json` holds, JSON values only; shares are 0 to 1, lengths pixels of the upright
        photo at full size, `null` stands for what does not exist:

        - `version`, `name` and `folder` of the set, `made` (ISO 8601), `fingerprint`, `image_size`;
        - `counts`: `photos` (readable), `categories`, `unreadable`, `ignored`, `problem`, `risk`,
          `note`;
        - `findings`: see `Finding`, the most severe first;
        - `categories`: a row each with `name`, `photos`, `timed` (photos with a capture time),
          `days` (that it was taken on), `cameras` and `backgrounds` (photos, in the order of the
          lists below), `bursts` (`camera`, `photos`, `first` and `last` time, `from` and `to`, its
          places in `timeline`), `largest_burst` (share of the timed photos), `brightness`,
          `clipped`, `sharpness` and `body` (`low` 5%, `lower` 25%, `median`, `upper` 75%, `high`
          95%), and `samples`, photos evenly spaced in capture order;
        - `photos`: a row each with `photo`, `category`, `width`, `height`, `mode`, `orientation`
          (EXIF), `camera`, `taken`, `brightness`, `clipped`, `sharpness`, `background`, `burst`,
          `body` (longer side of its box);
        - `files`: `unreadable` (`photo`, `reason`), `ignored` (names), and `sizes`, `modes`,
          `orientations`, the commonest first, each with `photos` (how many) and `names` (but not
          of the commonest);
        - `duplicates`: `exact` (groups of names), `near` (`first`, `second`, `bits`, the
          Hamming distance of their hashes of 256 bits, `likeness`, the correlation of their edge
          descriptors, `group`, `across` categories), without exact ones; if many photos are
          similar only some pairs, see `resistor_cls.data.splits.near_duplicates.near_duplicates`;
        - `cameras`: `name` (empty: EXIF names none), `photos`;
        - `backgrounds`: `photos`, `colours` of the border (dark, median and light, as #rrggbb),
          `samples`;
        - `timeline`: `photos` that have a time, `days` (`date`, `from`, the place of its first
          photo among all timed ones in order);
        - `shortcuts`: see `resistor_cls.data.audit.shortcuts.shortcut_scores`;
        - `light`: names in `blank`, `exposure` and `soft`;
        - `bodies`: `boxes` (photos that have one), `error`, `median`, `at_image_size` (the median
          there), `cut` and `in_border` (names);
        - `labels`: null; a model's doubts, where one was asked.
    """
    features = gather_features(photo_set, metadata, unreadable, seed)
    makers: dict[str, Callable[[], Any]] = {
        "files": lambda: sections.file_section(features),
        "duplicates": lambda: sections.duplicate_section(features, edge_descriptors),
        "cameras": lambda: sections.camera_section(features),
        "backgrounds": lambda: sections.background_section(features),
        "timeline": lambda: sections.timeline_section(features),
        "categories": lambda: sections.category_section(features),
        "shortcuts": lambda: shortcut_scores(photo_set, metadata, features.in_border, seed),
        "light": lambda: sections.light_section(features),
        "bodies": lambda: sections.body_section(features, image_size),
        "photos": lambda: sections.photo_section(features),
    }
    steps = tqdm(makers.items(), desc="Auditing", leave=False, disable=None if progress else True)
    shown = {}
    for name, make in steps:
        steps.set_postfix_str(name)
        shown[name] = make()
    audit = {
        "version": VERSION,
        "name": photo_set.root.name,
        "folder": str(photo_set.root.absolute()),
        "made": datetime.now().astimezone().isoformat(timespec="seconds"),
        "fingerprint": fingerprint,
        "image_size": image_size,
        "counts": {
            "photos": len(photo_set),
            "categories": len(photo_set.categories),
            "unreadable": len(unreadable),
            "ignored": len(photo_set.ignored),
        },
        "findings": [],
        **shown,
        "labels": None,
    }
    return with_findings(audit, [asdict(finding) for finding in findings_of(shown)])


def with_findings(audit: Mapping[str, Any], more: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The audit with more findings, sorted and counted."""
    found = [*audit["findings"], *more]
    found.sort(
        key=lambda finding: SEVERITIES.index(finding["severity"])
    )  # keeps equal ones in order
    numbers = Counter(finding["severity"] for finding in found)
    counts = {**audit["counts"], **{severity: numbers[severity] for severity in SEVERITIES}}
    return {**audit, "counts": counts, "findings": found}
