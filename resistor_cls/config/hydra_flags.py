"""The flags of Hydra's command line, and where configs besides ours are searched.

Hydra has no public parser of them. This one knows the same flags, so that a wrong one gets one
sentence, and flags may stand anywhere among the `key=value` words.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from resistor_cls.config.command_line import SEARCHED, Parser, escaped, key_of, parsed, quoted
from resistor_cls.errors import ConfigError

_SWITCHES = ("multirun", "run", "resolve", "hydra_help", "shell_completion")
_WITH_VALUE = ("cfg", "package", "info")
# They would leave the configs of the command.
_REFUSED = ("config_name", "config_path", "experimental_rerun")
_INFO = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")
# Each is something else to do instead of a run.
_EXCLUSIVE = ("run", "multirun", "cfg", "info", "shell_completion")


def _parser() -> Parser:
    import hydra

    parser = Parser(add_help=False)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--version", action="version", version=f"Hydra {hydra.__version__}")
    short = {"multirun": "-m", "run": "-r", "shell_completion": "-sc", "package": "-p"}
    short |= {"config_name": "-cn", "config_path": "-cp", "config_dir": "-cd"}
    for name in _SWITCHES:
        parser.add_argument(*_names(name, short), action="store_true")
    for name in ("package", "config_dir", *_REFUSED):
        parser.add_argument(*_names(name, short))
    parser.add_argument("--cfg", "-c", choices=["job", "hydra", "all"])
    parser.add_argument("--info", "-i", const="all", nargs="?", choices=_INFO)
    return parser


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _names(name: str, short: dict[str, str]) -> list[str]:
    return [_flag(name), *([short[name]] if name in short else [])]


def read_arguments(words: Sequence[str]) -> argparse.Namespace:
    """Reads flags and `key=value` words, in any order.

    Returns:
        A value for each flag, and `overrides`: the `key=value` words.

    Raises:
        ConfigError: an unknown flag, one that would leave the configs of this command, or several
            that exclude each other.
    """
    arguments = _parser().parse_intermixed_args(list(words))
    for name in _REFUSED:
        if getattr(arguments, name) is not None:
            raise ConfigError(
                f"{_flag(name)}: each command reads its own config; "
                "--config-dir FOLDER adds a folder of yours, such as one with experiment/mine.yaml"
            )
    if arguments.config_dir is not None:
        folder = Path(arguments.config_dir).expanduser().absolute()
        if not folder.is_dir():
            raise ConfigError(f"--config-dir {arguments.config_dir}: no such folder")
        arguments.overrides = [*arguments.overrides, _searching([f"file://{folder}"])]
    arguments.overrides = _searching_all(arguments.overrides)
    if arguments.resolve and arguments.cfg is None:
        raise ConfigError("--resolve needs --cfg job")
    if len(given := [_flag(name) for name in _EXCLUSIVE if getattr(arguments, name)]) > 1:
        raise ConfigError(f"{' and '.join(given)} do not go together: give one of them")
    return arguments


def flags_of(arguments: argparse.Namespace) -> list[str]:
    """The flags of `read_arguments` as words for Hydra."""
    words = [_flag(name) for name in _SWITCHES if getattr(arguments, name)]
    for name in _WITH_VALUE:
        if getattr(arguments, name) is not None:
            words += [_flag(name), getattr(arguments, name)]
    return words


def _searching(places: Sequence[str]) -> str:
    return f"{SEARCHED}=[{','.join(quoted(escaped(place)) for place in places)}]"


def _searching_all(words: Sequence[str]) -> list[str]:
    """The words, with one that names all places of configs; of several, Hydra takes the last.

    Raises:
        ConfigError: a folder that does not exist.
    """
    places = searched_places(words)
    for place in places:
        folder = Path(place.removeprefix("file://"))
        if not place.startswith("pkg://") and not folder.is_dir():
            raise ConfigError(f"{SEARCHED}={place}: no such folder")
    rest = [word for word in words if key_of(word) != SEARCHED]
    return [*rest, _searching(places)] if places else rest


def searched_places(words: Sequence[str]) -> list[str]:
    """Where the words say that there are configs besides ours: folders and `pkg://` packages."""
    places: list[str] = []
    for word in words:
        if key_of(word) == SEARCHED:
            found = parsed(word)
            places += map(str, found if isinstance(found, list) else [found] if found else [])
    return places
