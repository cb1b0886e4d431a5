"""What a run says of its photos: their name, parts, split, and overlap with the training."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from resistor_cls.data.images.cache import fingerprint
from resistor_cls.data.splits.overlap import overlap_with_training
from resistor_cls.errors import some_names, without_passwords
from resistor_cls.evaluation.results import DataSet, Results

if TYPE_CHECKING:
    from resistor_cls.data import PhotoDataModule

log = logging.getLogger("resistor_cls")


def photos_name(source: str, root: str | None = None, table: str | None = None) -> str:
    """Names a source of photos: `rendered`, `folder my_photos`, `table labels.csv`.

    Args:
        source: of the photos.
        root: the folder, for a source that is one.
        table: the file, for a source that is one.
    """
    place = {"folder": root, "table": table}.get(source)
    return source if place is None else f"{source} {Path(place).expanduser().absolute().name}"


def name_of(data: "PhotoDataModule") -> str:
    """Names the source of the photos; see `photos_name`."""
    settings = data.settings
    return photos_name(settings["source"], settings.get("root"), settings.get("table"))


def photos_of(subset: str, photos: str) -> str:
    """Names a part of the photos: `validation photos of rendered`.

    Args:
        subset: `all` for all.
        photos: see `photos_name`.
    """
    return f"photos of {photos}" if subset == "all" else f"{subset} photos of {photos}"


def data_set(data: "PhotoDataModule", indices: np.ndarray) -> DataSet:
    """Identifies some of the photos.

    Args:
        data: the photos, after `setup`.
        indices: positions in `photo_set`.
    """
    labels = tuple(data.photo_set.labels[index] for index in indices)
    contents = tuple(data.metadata[index].content for index in indices)
    return DataSet(
        name=name_of(data),
        digest=fingerprint(contents, labels),
        source=_source(data),
        photos=len(indices),
        categories=len(set(labels)),
    )


def _source(data: "PhotoDataModule") -> str:
    """Where photos come from; no folder of this machine where another name says as much."""
    root = data.photo_set.root.absolute()
    if data.settings["source"] == "rendered":
        return root.name  # states version, size and seed of the generator
    if data.settings["source"] == "resistor37":
        return without_passwords(str(data.settings["url"]))
    if root.is_relative_to(Path.cwd()):
        return root.relative_to(Path.cwd()).as_posix()
    return str(root)


def training_sets(data: "PhotoDataModule") -> dict[str, DataSet]:
    """`training`, `validation` and `test` → the photos of that part; empty parts are left out."""
    parts = {
        "training": data.train_indices,
        "validation": data.validation_indices,
        "test": np.flatnonzero(data.split.role_of == "test"),
    }
    return {use: data_set(data, indices) for use, indices in parts.items() if len(indices)}


@dataclass(frozen=True)
class TrainingOverlap:
    """How many of the evaluated photos trained the model.

    Attributes:
        trained_on: photos that trained it; None where the model does not say.
        photos: photos that are evaluated.
    """

    trained_on: int | None
    photos: int

    @property
    def tag(self) -> str:
        """The tag `data.seen_in_training`: `12 of 453`, or `unknown`."""
        return "unknown" if self.trained_on is None else f"{self.trained_on} of {self.photos}"

    @property
    def warning(self) -> str:
        """For titles: `12 of 453 photos were TRAINED ON`; empty where none is known to overlap."""
        return f"{self.tag} photos were TRAINED ON" if self.trained_on else ""


def training_overlap(data: "PhotoDataModule", metadata: Mapping[str, Any]) -> TrainingOverlap:
    """Compares the test photos with those that trained a model, and warns of an overlap.

    Args:
        data: the photos, after `setup`.
        metadata: of the model.
    """
    count = len(data.test_indices)
    if "trained_on" not in metadata:
        log.warning(
            "The model does not say which photos it was trained on: these may be among them"
        )
        return TrainingOverlap(None, count)
    overlap = TrainingOverlap(data.count_overlap(metadata["trained_on"]), count)
    if overlap.warning:
        log.warning("%s: these scores are optimistic", overlap.warning)
    return overlap


def validation_overlap(data: "PhotoDataModule") -> TrainingOverlap:
    """The overlap of a training: all validation photos train too, as for a final model, or none."""
    count = len(data.validation_indices)
    return TrainingOverlap(count if data.settings["train_on_validation"] else 0, count)


def describe(
    data: "PhotoDataModule", weights_from: str, precision: str, device: torch.device
) -> Results:
    """What decides about the scores of a run and stands in no config; warns of what is wrong.

    Args:
        data: the photos, after `setup`.
        weights_from: see `ResistorNetwork`.
        precision: of the trainer.
        device: that the model is trained or evaluated on.

    Returns:
        Tags, parameters and tables.
    """
    tags = {
        "data.fingerprint": data.fingerprint,
        "data.split": data.settings["split"],
        "data.split_fingerprint": data.split_fingerprint,
        "pretrained": weights_from,
        "precision": precision,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        # Sums over threads differ in their last digits with the number of threads.
        "threads": torch.get_num_threads(),
    }
    params = {
        "photos.train": data.train_length,
        "photos.validation": len(data.validation_indices),
        "photos.categories": len(data.categories),
    }
    if tested := int((data.split.role_of == "test").sum()):
        params["photos.test"] = tested
    found = Results(tags=tags, params=params, tables={"split": data.split_table()})
    for part in (_left_out, _copies, _unreadable, _not_located, _pseudo_labels):
        found |= part(data)
    return found


def _left_out(data: "PhotoDataModule") -> Results:
    """Files beside the photos that are not photos; `setup` has logged them."""
    left_out = data.photo_set.left_out
    if not left_out:
        return Results()
    rows = [(one.name, one.reason) for one in left_out]
    table = pd.DataFrame(rows, columns=["file", "reason"])
    return Results(tags={"data.left_out": len(left_out)}, tables={"left_out": table})


def _copies(data: "PhotoDataModule") -> Results:
    """Photos that are scored although copies of them train."""
    copies = data.overlap_table()
    if not len(copies):
        return Results()
    counts = []
    for role, names in overlap_with_training(copies).items():
        counts.append(f"{len(names)} of {(data.split.role_of == role).sum()} {role}")
        log.warning(
            "%s photos are COPIES of photos that train: scores are optimistic "
            "(tables/copies_across_split.csv; data.split=grouped keeps copies together): %s",
            counts[-1],
            some_names(names),
        )
    tags = {"data.copies_across_split": ", ".join(counts)} if counts else {}
    return Results(tags=tags, tables={"copies_across_split": copies})


def _unreadable(data: "PhotoDataModule") -> Results:
    """Photos that were skipped because they cannot be read."""
    unreadable = data.unreadable
    if not unreadable:
        return Results()
    log.warning(
        "Went on without %d photos that cannot be read (tables/unreadable.csv): %s",
        len(unreadable),
        some_names(list(unreadable)),
    )
    table = pd.DataFrame(unreadable.items(), columns=["photo", "reason"])
    return Results(tags={"data.unreadable": len(unreadable)}, tables={"unreadable": table})


def _not_located(data: "PhotoDataModule") -> Results:
    """In how many photos the body was found, and the names of the others."""
    located = data.located
    if located is None:
        return Results()
    tags = {"data.located": f"{located.sum()} of {len(located)}"}
    absent = [data.photo_set.names[index] for index in np.flatnonzero(~located)]
    if not absent:
        return Results(tags=tags)
    log.warning(
        "No body was found in %d of %d photos, which are evaluated whole "
        "(tables/not_located.csv): %s",
        len(absent),
        len(located),
        some_names(absent),
    )
    return Results(tags=tags, tables={"not_located": pd.DataFrame({"photo": absent})})


def _pseudo_labels(data: "PhotoDataModule") -> Results:
    """Photos that another model has labelled for this training."""
    if data.pseudo is None:
        return Results()
    table = data.pseudo_table()
    used = int(table["used"].sum())
    return Results(
        params={"photos.pseudo": used},
        tags={"data.pseudo": f"{used} of {data.pseudo.count} at {data.pseudo.threshold}"},
        tables={"pseudo_labels": table},
    )
