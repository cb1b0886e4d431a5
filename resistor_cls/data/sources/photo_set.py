"""A set of labelled photos, as every source returns it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from resistor_cls.categories import Categories, check_labels
from resistor_cls.data.sources.part_labels import PartLabels
from resistor_cls.data.sources.walk import LeftOut
from resistor_cls.errors import DataError


@dataclass(frozen=True)
class PhotoSet:
    """Labelled photos, sorted by name, so that the order of a file system does not matter.

    Attributes:
        root: the folder that `names` are relative to.
        names: file names, with `/` between folders, sorted.
        targets: class index of each photo.
        categories: the label space.
        left_out: files and folders that are not photos, sorted by name, each with the reason.
        groups: name of each photo's group, which a split keeps together; None if none are known.
        part_labels: what is stated about the part in each photo; None where nothing is.
        by_value: whether the categories are the values in `part_labels`, for lack of labels.
    """

    root: Path
    names: tuple[str, ...]
    targets: tuple[int, ...]
    categories: Categories
    left_out: tuple[LeftOut, ...] = ()
    groups: tuple[str, ...] | None = None
    part_labels: PartLabels | None = None
    by_value: bool = False

    def __len__(self) -> int:
        return len(self.names)

    @property
    def labels(self) -> tuple[str, ...]:
        """Category name of each photo."""
        return tuple(self.categories.names[target] for target in self.targets)

    @property
    def ignored(self) -> tuple[str, ...]:
        """Names of what was left out."""
        return tuple(one.name for one in self.left_out)

    def path(self, index: int) -> Path:
        """The file of a photo."""
        return self.root / self.names[index]

    def select(self, indices: Sequence[int]) -> "PhotoSet":
        """The photos at some positions, in that order."""
        return PhotoSet(
            self.root,
            tuple(self.names[index] for index in indices),
            tuple(self.targets[index] for index in indices),
            self.categories,
            self.left_out,
            None if self.groups is None else tuple(self.groups[index] for index in indices),
            None if self.part_labels is None else self.part_labels.select(indices),
            self.by_value,
        )

    def sorted_by_name(self) -> "PhotoSet":
        """The same photos, sorted by name."""
        return self.select(sorted(range(len(self)), key=self.names.__getitem__))


def labelled(root: Path, labels: Mapping[str, str]) -> PhotoSet:
    """Makes a set of photos whose labels are known: what a custom source returns.

    Args:
        root: a folder.
        labels: file name of each photo, relative to `root`, → its label.

    Raises:
        DataError: no photos, or labels that cannot be categories.
    """
    if not labels:
        raise DataError(f"no photos in {root}: expected at least two categories of them")
    check_labels(set(labels.values()), f"the labels of the photos in {root}")
    categories = Categories(sorted(set(labels.values())))
    targets = tuple(categories.index(label) for label in labels.values())
    return PhotoSet(root, tuple(labels), targets, categories).sorted_by_name()
