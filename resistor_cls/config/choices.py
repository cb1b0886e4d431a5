"""What can be chosen: the groups and options below `conf/`."""

import functools
from collections.abc import Sequence

from resistor_cls.config.words import CONF, SEARCHED, key_of

# Not Hydra's own groups, and not what only other files of a group build upon.
_HIDDEN = ("_", ".")


@functools.cache
def groups() -> dict[str, list[str]]:
    """What can be chosen: config group → its options, both sorted."""
    return {
        folder.name: sorted(
            path.stem for path in folder.glob("*.yaml") if not path.stem.startswith(_HIDDEN)
        )
        for folder in sorted(CONF.iterdir())
        if folder.is_dir() and folder.name != "hydra"
    }


def choices_of(words: Sequence[str]) -> list[str]:
    """The words that choose from groups, and where else there are options of them."""
    return [word for word in words if is_choice(word) or key_of(word) == SEARCHED]


def is_choice(word: str) -> bool:
    """Whether a word chooses from a group, such as `model=resnet18`."""
    return key_of(word).lstrip("~").partition("@")[0] in groups()
