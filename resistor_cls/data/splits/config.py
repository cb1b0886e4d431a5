"""What each photo does: the keys that decide on it, and what they come to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from resistor_cls.data.images.metadata import ImageMetadata
from resistor_cls.data.splits.external import MAIN, ExternalSplits
from resistor_cls.data.splits.folds import (
    ALWAYS_TRAINS,
    Split,
    check_fold,
    check_split,
    split_photos,
)
from resistor_cls.errors import ConfigError, nearest

SAMPLED = ("train", "validation", "both")
HOLDOUTS = ("stratified", "grouped", "capture")  # splits that can deal one share


@dataclass(frozen=True)
class SplitConfig:
    """How photos are dealt; see `resistor_cls.data.PhotoDataModule` for each key."""

    split: str = "stratified"
    folds: int = 5
    fold: int = 0
    split_seed: int = 0
    gap: int = 3
    validation_size: float | None = None
    validation: str | None = None
    test: str | None = None
    sample: float = 1.0
    sample_of: str = "both"
    train_on_validation: bool = False

    @property
    def given(self) -> dict[str, str | None]:
        """The given sets: role → folder or table."""
        return {"validation": self.validation, "test": self.test}

    def absolute(self) -> "SplitConfig":
        """The same with absolute paths, which hold in any working folder."""
        return replace(
            self,
            split=_absolute(self.split) if self.split.endswith(".csv") else self.split,
            validation=None if self.validation is None else _absolute(self.validation),
            test=None if self.test is None else _absolute(self.test),
        )

    def check(self) -> None:
        """Checks each key, and what does not go together.

        Raises:
            ConfigError: names the key, or both of them.
        """
        if self.gap < 0:
            raise ConfigError(f"data.gap={self.gap}: expected 0 or more")
        check_split(self.split)
        check_fold(self.fold, self.folds)
        if self.validation_size is not None:
            self._check_size(self.validation_size)
        if self.validation is not None:
            for key in ("split", "fold", "validation_size"):
                value = getattr(self, key)
                if value != getattr(SplitConfig, key):
                    raise ConfigError(
                        f"data.validation={self.validation} and data.{key}={value} both say what "
                        f"validates: leave one of them out"
                    )
        if not (_is_number(self.sample) and 0 < self.sample <= 1):
            raise ConfigError(
                f"data.sample={self.sample}: expected a share above 0, at most 1, such as 0.1"
            )
        if self.sample_of not in SAMPLED:
            raise ConfigError(
                f"data.sample_of={self.sample_of}: {nearest(self.sample_of, SAMPLED)}"
            )

    def _check_size(self, size: Any) -> None:
        if not (_is_number(size) and 0 < size < 1):
            raise ConfigError(
                f"data.validation_size={size}: expected a share above 0 and below 1, such as 0.2"
            )
        if self.split not in HOLDOUTS:
            raise ConfigError(
                f"data.validation_size={size} does not go with data.split={self.split}: choose "
                f"{', '.join(HOLDOUTS)}, or leave data.validation_size out"
            )
        if self.fold != 0:
            raise ConfigError(
                f"data.validation_size={size} is one share without folds, but data.fold="
                f"{self.fold}: leave one of them out"
            )

    def assign(
        self,
        sets: ExternalSplits,
        metadata: Sequence[ImageMetadata],
        edge_descriptors: np.ndarray,
        *,
        undivided: bool = False,
    ) -> Split:
        """Gives each photo its role.

        Args:
            sets: the readable photos.
            metadata: of the photos.
            edge_descriptors: of the photos.
            undivided: all photos of the main source validate.

        Raises:
            DataError: photos that cannot be dealt in this way.
        """
        main = np.flatnonzero(sets.role_of == MAIN)
        own = len(main) == len(sets.role_of)
        if undivided or self.validation is not None:
            role = "validation" if undivided else "train"
            assigned = Split(
                np.full(len(main), role, dtype="<U10"),
                np.full(len(main), 0 if undivided else ALWAYS_TRAINS),
            )
        else:
            assigned = split_photos(
                self.split,
                sets.photo_set if own else sets.photo_set.select(main.tolist()),
                metadata if own else [metadata[index] for index in main.tolist()],
                edge_descriptors if own else edge_descriptors[main],
                folds=self.folds,
                fold=self.fold,
                seed=self.split_seed,
                gap=self.gap,
                size=self.validation_size,
                beside=[] if own else np.delete(sets.photo_set.names, main).tolist(),
            )
        if not own:
            assigned = _among_external(assigned, main, sets.role_of)
        return replace(assigned, role_of=self._last_say(assigned.role_of, sets.photo_set.targets))

    def marks(self, split: Split) -> tuple[str, ...]:
        """What each photo does, as text that tells one split from another."""
        both = "train and validation" if self.train_on_validation else "validation"
        return tuple(both if role == "validation" else str(role) for role in split.role_of)

    def _last_say(self, role_of: np.ndarray, targets: Sequence[int]) -> np.ndarray:
        """Roles after `train_on_validation` and `sample`."""
        if self.train_on_validation:  # what was dropped for the sake of an honest score trains too
            role_of = np.where(role_of == "dropped", "train", role_of)
        if self.sample == 1:
            return role_of
        sampled = SAMPLED[:2] if self.sample_of == "both" else (self.sample_of,)
        return sample_roles(role_of, np.asarray(targets), self.sample, sampled, self.split_seed)


def sample_roles(
    role_of: np.ndarray, targets: np.ndarray, share: float, roles: Sequence[str], seed: int
) -> np.ndarray:
    """Drops all but a share of the photos, drawn evenly from each category and role.

    Args:
        role_of: (photos,) role of each.
        targets: (photos,) class indices.
        share: that stays, above 0 and at most 1; at least one photo of a category and role does.
        roles: that are drawn from.
        seed: of the drawing. A smaller share is part of a larger one.

    Returns:
        (photos,) roles, `dropped` where a photo was not drawn.
    """
    role_of = role_of.copy()
    rng = np.random.default_rng(seed)
    for role in roles:
        for target in np.unique(targets):
            members = rng.permutation(np.flatnonzero((role_of == role) & (targets == target)))
            role_of[members[max(1, round(share * len(members))) :]] = "dropped"
    return role_of


def _among_external(assigned: Split, main: np.ndarray, external_role: np.ndarray) -> Split:
    """A split of the photos of the main source as one of all photos."""
    role_of, fold_of = (
        external_role.copy(),
        np.where(external_role == "validation", 0, ALWAYS_TRAINS),
    )
    role_of[main], fold_of[main] = assigned.role_of, assigned.fold_of
    group_of = assigned.group_of
    if group_of is not None:  # each given photo stands for itself
        group_of = group_of.max() + 1 + np.arange(len(external_role))
        group_of[main] = assigned.group_of
    return Split(role_of, fold_of, group_of)


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
