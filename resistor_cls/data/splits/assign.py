"""Assigns photos to training, validation and test, as a `SplitConfig` says."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from resistor_cls.data.images.cache import PhotoCache
from resistor_cls.data.splits.config import SAMPLED, SplitConfig
from resistor_cls.data.splits.external import MAIN, ExternalSplits
from resistor_cls.data.splits.folds import split_photos
from resistor_cls.data.splits.split import ALWAYS_TRAINS, Split


def assign(
    config: SplitConfig, photos: ExternalSplits, cache: PhotoCache, *, undivided: bool = False
) -> Split:
    """Gives each photo its role.

    Args:
        config: how.
        photos: the readable photos.
        cache: of the photos.
        undivided: all photos of the main source validate.

    Raises:
        DataError: photos that cannot be split in this way.
    """
    metadata, edge_descriptors = cache.metadata, cache.edge_descriptors
    main = np.flatnonzero(photos.role_of == MAIN)
    only_main = len(main) == len(photos.role_of)
    if undivided or config.validation is not None:
        split = Split(
            np.full(len(main), "validation" if undivided else "train", dtype="<U10"),
            np.full(len(main), 0 if undivided else ALWAYS_TRAINS),
        )
    else:
        split = split_photos(
            config,
            photos.photo_set if only_main else photos.photo_set.select(main.tolist()),
            metadata if only_main else [metadata[index] for index in main.tolist()],
            edge_descriptors if only_main else edge_descriptors[main],
            beside=[] if only_main else np.delete(photos.photo_set.names, main).tolist(),
        )
    if not only_main:
        split = _with_external(split, main, photos.role_of)
    targets = np.asarray(photos.photo_set.targets)
    return replace(split, role_of=_final_roles(config, split.role_of, targets))


def role_labels(config: SplitConfig, split: Split) -> tuple[str, ...]:
    """The role of each photo as text that distinguishes one split from another."""
    both = "train and validation" if config.train_on_validation else "validation"
    return tuple(both if role == "validation" else str(role) for role in split.role_of)


def _final_roles(config: SplitConfig, role_of: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Roles after `train_on_validation` and `sample`."""
    if config.train_on_validation:  # the embargo protects a score that is not measured here
        role_of = np.where(role_of == "dropped", "train", role_of)
    if config.sample == 1:
        return role_of
    roles = SAMPLED[:2] if config.sample_of == "both" else (config.sample_of,)
    return sample_roles(role_of, targets, config.sample, roles, config.split_seed)


def sample_roles(
    role_of: np.ndarray, targets: np.ndarray, share: float, roles: Sequence[str], seed: int
) -> np.ndarray:
    """Drops all but a share of the photos, drawn evenly from each category and role.

    Args:
        role_of: (photos,) role of each.
        targets: (photos,) class indices.
        share: that stays, above 0 and at most 1; at least one photo of a category and role does.
        roles: that are sampled.
        seed: of the sample. A smaller share is part of a larger one.

    Returns:
        (photos,) roles, `dropped` where a photo is not in the sample.
    """
    role_of = role_of.copy()
    rng = np.random.default_rng(seed)
    for role in roles:
        for target in np.unique(targets):
            members = rng.permutation(np.flatnonzero((role_of == role) & (targets == target)))
            role_of[members[max(1, round(share * len(members))) :]] = "dropped"
    return role_of


def _with_external(split: Split, main: np.ndarray, external_role: np.ndarray) -> Split:
    """A split of the photos of the main source as one of all photos."""
    role_of = external_role.copy()
    fold_of = np.where(external_role == "validation", 0, ALWAYS_TRAINS)
    role_of[main], fold_of[main] = split.role_of, split.fold_of
    group_of = split.group_of
    if group_of is not None:  # each external photo is a group by itself
        group_of = group_of.max() + 1 + np.arange(len(external_role))
        group_of[main] = split.group_of
    return Split(role_of, fold_of, group_of)
