"""Photos in one folder per category."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from resistor_cls.categories import Categories
from resistor_cls.data.sources.folder_listing import list_folders, log_nested, photos_of
from resistor_cls.data.sources.labels import label_space, labels_of, prefix_of
from resistor_cls.data.sources.photo_set import PhotoSet
from resistor_cls.data.sources.source import BuiltIn
from resistor_cls.errors import DataError, some_names


@dataclass(frozen=True)
class FolderSource(BuiltIn):
    """A folder of categories: `root/CATEGORY/photo.jpg`.

    Links in it are followed. Photos in folders within a category's folder are of that category.

    Args:
        root: the folder.
        categories: a file with one name per line that fixes the categories and their order;
            without it they are the folder names, sorted.
        label_prefix: stripped from folder names (and from those of the file) to make labels;
            `auto` is one of `labels.PREFIXES` that every folder name begins with. Names of photos
            keep it.
    """

    root: str | Path
    categories: str | Path | None = None
    label_prefix: str | None = "auto"

    name: ClassVar[str] = "folder"

    def read(self) -> PhotoSet:
        """Finds the photos; what is not a photo is in `PhotoSet.left_out`.

        Raises:
            DataError: no such folder, no categories in it, an empty one, folders that differ from
                the list or look like one another, links that lead nowhere, names that are not
                UTF-8, or folders that are not categories: see `folder_listing.list_folders`.
        """
        root, file = Path(self.root), None if self.categories is None else Path(self.categories)
        listed = () if file is None else Categories.from_file(file).names
        listing = list_folders(root, "data.root", listed)
        inside = listing.inside
        prefix = prefix_of(inside, self.label_prefix)
        folder_of = {label: folder for folder, label in labels_of(inside, prefix).items()}
        labels = label_space(folder_of, file, prefix)
        unexpected = [folder_of[label] for label in sorted(folder_of) if label not in labels.names]
        if unexpected:
            raise DataError(
                f"{root} has folders that are not in {file}: "
                f"{some_names(unexpected)}; add them to the file or move them away"
            )
        names: list[str] = []
        targets: list[int] = []
        left_out = list(listing.beside)
        for target, label in enumerate(labels.names):
            folder = folder_of.get(label, label)
            photos = photos_of(label, root / folder, inside.get(folder))
            names += photos
            targets += [target] * len(photos)
            left_out += inside[folder].left_out
        log_nested(names)
        left_out.sort(key=lambda one: one.name)
        return PhotoSet(
            root, tuple(names), tuple(targets), labels, tuple(left_out)
        ).sorted_by_name()
