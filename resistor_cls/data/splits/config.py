"""The keys of `data` that decide which photos train and which validate."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from resistor_cls.errors import ConfigError, nearest

SPLITS = ("stratified", "grouped", "capture", "background", "camera", "few")
HOLDOUTS = ("stratified", "grouped", "capture")  # splits that can assign one share
SAMPLED = ("train", "validation", "both")


@dataclass(frozen=True)
class SplitConfig:
    """How photos are assigned to training, validation and test.

    Args:
        split: how photos are assigned to folds: `stratified` (at random), `grouped`
            (near-duplicates and named groups stay together), `capture` (blocks in time),
            `background` or `camera` (one is left out), `few` (a few photos of each category train,
            all others validate); or the path of a `.csv`, the table of an earlier split.
        folds: number of folds.
        fold: the one that validates.
        split_seed: of whatever is random about the split; apart from the training seed, so that
            several seeds are compared on the same validation photos.
        gap: embargo of `capture`, in photos: so many on either side of a validated block are
            dropped; of `few`, so many after the training photos of each category.
        shots: training photos of each category under `few`.
        validation_size: share of the photos that validates, instead of a fold; None for folds.
        validation: an external split: photos that validate, so that all others train. A folder of
            categories, or a `.csv`, `.parquet` or `.pq` table.
        test: photos that neither train nor validate, likewise.
        sample: share of the photos that is used, drawn from each category and role; for a quick
            look.
        sample_of: what is sampled: `train`, `validation` or `both`.
        train_on_validation: validation photos train too, and so do those in the embargo: for the
            final model, whose validation scores then mean nothing.

    Raises:
        ConfigError: a value that cannot be used, or two that do not go together.
    """

    split: str = "stratified"
    folds: int = 5
    fold: int = 0
    split_seed: int = 0
    gap: int = 3
    shots: int = 3
    validation_size: float | None = None
    validation: str | Path | None = None
    test: str | Path | None = None
    sample: float = 1.0
    sample_of: str = "both"
    train_on_validation: bool = False

    def __post_init__(self) -> None:
        if self.gap < 0:
            raise ConfigError(f"data.gap={self.gap}: expected 0 or more")
        if isinstance(self.shots, bool) or not isinstance(self.shots, int) or self.shots < 1:
            raise ConfigError(f"data.shots={self.shots}: expected a whole number, 1 or more")
        check_split(self.split)
        check_fold(self.fold, self.folds)
        if self.split == "few" and self.fold != 0:
            raise ConfigError(
                f"data.split=few has no folds, but data.fold={self.fold}: leave data.fold out"
            )
        if self.validation_size is not None:
            self._check_size(self.validation_size)
        if self.validation is not None:
            self._check_validation()
        if not (_is_number(self.sample) and 0 < self.sample <= 1):
            raise ConfigError(
                f"data.sample={self.sample}: expected a share above 0, at most 1, such as 0.1"
            )
        if self.sample_of not in SAMPLED:
            raise ConfigError(
                f"data.sample_of={self.sample_of}: {nearest(self.sample_of, SAMPLED)}"
            )

    @property
    def train_roles(self) -> tuple[str, ...]:
        """Roles of the photos that train."""
        return ("train", "validation") if self.train_on_validation else ("train",)

    @property
    def external(self) -> dict[str, str | Path | None]:
        """The external splits: role → folder or table, None where there is none."""
        return {"validation": self.validation, "test": self.test}

    def absolute(self) -> "SplitConfig":
        """The same with absolute paths as text, which hold in any working folder."""
        return replace(
            self,
            split=_absolute(self.split) if self.split.endswith(".csv") else self.split,
            validation=None if self.validation is None else _absolute(self.validation),
            test=None if self.test is None else _absolute(self.test),
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

    def _check_validation(self) -> None:
        for key in ("split", "fold", "validation_size"):
            value = getattr(self, key)
            if value != getattr(SplitConfig, key):
                raise ConfigError(
                    f"data.validation={self.validation} and data.{key}={value} both say what "
                    f"validates: leave one of them out"
                )


def check_split(name: str) -> None:
    """Checks the name of a split.

    Raises:
        ConfigError: it is neither one of `SPLITS` nor the path of a table.
    """
    if name not in SPLITS and not name.endswith(".csv"):
        raise ConfigError(
            f"data.split={name}: {nearest(name, SPLITS)}; or the tables/split.csv of a run"
        )


def check_fold(fold: int, folds: int) -> None:
    """Checks that a fold is one of the folds.

    Raises:
        ConfigError: it is not, or there are fewer than two.
    """
    if folds < 2:
        raise ConfigError(f"data.folds={folds}: expected 2 or more")
    if not 0 <= fold < folds:
        raise ConfigError(f"data.fold={fold}: expected 0 to {folds - 1}, as data.folds={folds}")


def _absolute(path: str | Path) -> str:
    return str(Path(path).expanduser().absolute())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
