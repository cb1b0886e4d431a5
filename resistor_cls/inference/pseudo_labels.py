"""Labels for photos that have none: the confident predictions of a model."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from resistor_cls.data.pseudo_labels import PseudoLabels
from resistor_cls.data.sources.names import check_names, check_root
from resistor_cls.data.sources.walk import kind_of, log_left_out
from resistor_cls.errors import ConfigError, DataError, some_names
from resistor_cls.inference.photo_paths import look_for_photos
from resistor_cls.inference.predictor import Predictor
from resistor_cls.inference.read_options import ReadOptions

if TYPE_CHECKING:
    from resistor_cls.data import PhotoDataModule

log = logging.getLogger(__name__)


def label_photos(teacher: Predictor, folder: Path, confidence: float) -> PseudoLabels:
    """Labels photos of a folder that a model predicts with confidence and finds a body in.

    Args:
        teacher: the model. Its calibrated confidence counts; of a model without calibration, the
            probability.
        folder: of the photos, at any depth.
        confidence: minimum confidence of a label.

    Raises:
        ConfigError: a confidence that is none.
        DataError: no such folder, no photos in it, or names that are not UTF-8.
    """
    if not 0 < confidence <= 1:
        raise ConfigError(f"pseudo.confidence={confidence}: expected more than 0 and at most 1")
    check_root(folder, "pseudo.photos")
    if kind_of(folder) != "folder":
        raise DataError(f"pseudo.photos={folder}: expected a folder of photos")
    files, left_out = look_for_photos([folder])
    log_left_out(left_out, len(files), folder)
    check_names(folder, [file.relative_to(folder).as_posix() for file in files])
    if teacher.reads_any_value:  # labels are categories
        teacher.set_read_options(ReadOptions(categories=teacher.categories))
    names, labels, confidences, unreadable = [], [], [], []
    for file, prediction in zip(files, teacher.predict(files, top=1), strict=True):
        name = file.relative_to(folder).as_posix()
        if prediction.error is not None:
            unreadable.append(name)
            continue
        if not prediction.accepted:
            continue
        category = prediction.candidates[0].category
        if category is not None and prediction.candidates[0].confidence >= confidence:
            names.append(name)
            labels.append(category)
            confidences.append(prediction.candidates[0].confidence)
    if unreadable:
        log.warning(
            "pseudo.photos=%s: %d of %d photos cannot be read: %s",
            folder,
            len(unreadable),
            len(files),
            some_names(unreadable),
        )
    return PseudoLabels(
        root=folder,
        names=tuple(names),
        labels=tuple(labels),
        confidences=tuple(confidences),
        count=len(files),
        threshold=confidence,
    )


def check_teacher(teacher: Predictor, data: "PhotoDataModule") -> None:
    """Refuses a teacher that was trained on photos that validate or test.

    Args:
        teacher: that labelled photos of `data`.
        data: whose validation and test photos are evaluated (after `setup`).

    Raises:
        ConfigError: it was trained on some of these.
    """
    known = set(teacher.metadata.get("trained_on", ()))
    held_out = [
        image.pixel_hash
        for image, role in zip(data.metadata, data.split.role_of, strict=True)
        if role in ("validation", "test")
    ]
    overlap = sum(pixel_hash in known for pixel_hash in held_out)
    if overlap:
        raise ConfigError(
            f"pseudo.teacher was trained on {overlap} of the {len(held_out)} photos that validate "
            "or test: take a model of the same data.split and data.fold, or pseudo.teacher=rendered"
        )
