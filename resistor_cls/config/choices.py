"""What can be chosen: the groups and options below `conf/`."""

import functools
from collections.abc import Sequence
from pathlib import Path

from resistor_cls.config.command_line import CONF, SEARCHED, key_of
from resistor_cls.config.hydra_flags import searched_places

# Files that only other files of a group build upon, and hidden files, are not options.
_HIDDEN = ("_", ".")


@functools.cache
def groups() -> dict[str, list[str]]:
    """What can be chosen: config group → its options, both sorted."""
    return {
        folder.name: options_in(folder)
        for folder in sorted(CONF.iterdir())
        if folder.is_dir() and folder.name != "hydra"
    }


def options_in(folder: Path) -> list[str]:
    """The options in the folder of a group, sorted."""
    names = [path.stem for path in folder.glob("*.yaml")]
    return sorted(name for name in names if not name.startswith(_HIDDEN))


def options_of(group: str, words: Sequence[str]) -> list[str]:
    """The options of a group, those in folders that the words name among them."""
    folders = [Path(place.removeprefix("file://")) for place in searched_places(words)]
    added = [option for folder in folders for option in options_in(folder / group)]
    return sorted({*groups().get(group, ()), *added})


def choices_of(words: Sequence[str]) -> list[str]:
    """The words that choose from groups, and where else there are options of them."""
    return [word for word in words if is_choice(word) or key_of(word) == SEARCHED]


def is_choice(word: str) -> bool:
    """Whether a word chooses from a group, such as `model=resnet18`."""
    return key_of(word).lstrip("~").partition("@")[0] in groups()
