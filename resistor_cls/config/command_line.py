"""Words of a command line: which values are paths or free text, and how Hydra takes them as such.

Hydra reads a value by a grammar of its own, in which commas, brackets, quotes, spaces and letters
beyond ASCII mean something or nothing. A path means itself. Only this file knows the difference.
"""

import argparse
import functools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from resistor_cls.errors import ConfigError

_PACKAGE = Path(__file__).parents[1]
# Beside the package in a checkout, inside it in an installed wheel; the copy of the package that a
# model of MLflow carries has none, and needs none.
CONF = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else _PACKAGE.parent / "conf"

SEARCHED = "hydra.searchpath"  # where there are configs besides ours

# Every key whose value is a path, a name or other free text. `null` keeps its meaning for all.
TEXT_KEYS = frozenset(
    {
        "augment.pipeline.file",
        "costs",
        "data.augment.pipeline.file",
        "data.cache",
        "data.categories",
        "data.category_column",
        "data.group_column",
        "data.image_column",
        "data.label_prefix",
        "data.root",
        "data.split",
        "data.table",
        "data.test",
        "data.url",
        "data.validation",
        "hydra.job.name",
        "hydra.output_subdir",
        "hydra.run.dir",
        "hydra.sweep.dir",
        "hydra.sweep.subdir",
        "model.backbone",
        "model.locate",
        "model.pretrained",
        "model.steps",
        "paths.cache",
        "paths.output",
        "pseudo.photos",
        "pseudo.teacher",
        "reference",
        "tracking.artifacts",
        "tracking.experiment",
        "tracking.name",
        "tracking.uri",
    }
)
# Those that take true and false, or a node that describes the making of an object, too.
_SWITCHES = frozenset({"model.locate", "model.pretrained"})
_NODE = re.compile(r"\{.*_target_.*\}", re.DOTALL)
# Those that always need a value.
_NEVER_NULL = TEXT_KEYS - {
    "costs",
    "data.augment.pipeline.file",
    "data.categories",
    "data.group_column",
    "data.label_prefix",
    "data.root",
    "data.test",
    "data.validation",
    "hydra.output_subdir",
    "model.steps",
    "pseudo.photos",
    "reference",
    "tracking.name",
}
# Those whose empty text means something: no prefix, the usual name.
MAY_BE_EMPTY = frozenset({"data.label_prefix", "tracking.name", "hydra.sweep.subdir"})
# What can be taken out: choices that are none by default, arguments of what is made, steps.
_MAY_GO = re.compile(r"~(sweep|experiment|(data\.)?augment\.|optimizer\.|scheduler\.|hydra[./])")
_SWEPT = re.compile(r"(choice|range|interval|glob|shuffle|sort|tag)\(.*\)", re.DOTALL)
_INTERPOLATION = re.compile(r"\$\{\s*([A-Za-z_][\w.]*)\s*([:.\[}])")
# Resolvers of OmegaConf and of Hydra.
_RESOLVERS = re.compile(r"oc\.\w+(\.\w+)?|now|hydra|python_version")


class Parser(argparse.ArgumentParser):
    """A parser whose errors are those of a user: one line, like all others."""

    def error(self, message: str) -> NoReturn:
        """Raises a `ConfigError` where argparse would print its usage and exit."""
        raise ConfigError(f"{message}; --help shows what can be given")


def path(text: str) -> Path:
    """A path of a command line; an empty word would mean the working folder."""
    if not text:
        raise argparse.ArgumentTypeError("expected a name, found an empty word")
    return Path(text)


def read_arguments(words: Sequence[str]) -> argparse.Namespace:
    """What Hydra's parser makes of the words, in any order of flags and `key=value`.

    Raises:
        ConfigError: an unknown flag, or one that would leave the configs of this command.
    """
    from hydra._internal.utils import get_args_parser

    def refuse(message: str) -> NoReturn:
        raise ConfigError(f"{message}; --help shows what can be given")

    parser = get_args_parser()
    parser.error = refuse  # type: ignore[method-assign]
    arguments = parser.parse_intermixed_args(list(words))
    for flag in ("config_name", "config_path", "experimental_rerun"):
        if getattr(arguments, flag) is not None:
            raise ConfigError(
                f"--{flag.replace('_', '-')}: each command reads its own config; "
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
    asked = ("run", "multirun", "cfg", "info", "shell_completion")
    if len(given := [f"--{flag}" for flag in asked if getattr(arguments, flag)]) > 1:
        raise ConfigError(f"{' and '.join(given)} do not go together: give one of them")
    return arguments


def _searching(places: Sequence[str]) -> str:
    return f"{SEARCHED}=[{','.join(quoted(escaped(place)) for place in places)}]"


def _searching_all(words: Sequence[str]) -> list[str]:
    """The words with one that names all places of configs; of several, Hydra takes the last.

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
            found = _parsed(word)
            places += map(str, found if isinstance(found, list) else [found] if found else [])
    return places


def flags_of(arguments: argparse.Namespace) -> list[str]:
    """The flags of `read_arguments` as words."""
    switches = ("multirun", "run", "resolve", "hydra_help", "shell_completion")
    words = [f"--{flag.replace('_', '-')}" for flag in switches if getattr(arguments, flag)]
    for flag in ("cfg", "package", "info"):
        if getattr(arguments, flag) is not None:
            words += [f"--{flag}", getattr(arguments, flag)]
    return words


def key_of(word: str) -> str:
    """The key of `key=value`, `+key=value` or `++key=value`."""
    return word.partition("=")[0].lstrip("+").strip()


def read_words(words: Sequence[str], multirun: bool = False) -> list[str]:
    """Words for Hydra in which paths and free text mean themselves.

    A value in quotes is left to Hydra, and so are `null`, interpolations such as
    `${oc.env:HOME}`, and in a sweep several values with commas between them, unless a file is
    called so.

    Args:
        words: as they were given.
        multirun: whether they ask for a sweep.

    Raises:
        ConfigError: a word that is no `key=value`, one without a value that needs one, or one
            that takes out what is needed.
    """
    for word in words:
        key, sign, value = word.partition("=")
        if not word.startswith("~") and (not sign or not key.strip("+ ")):
            raise ConfigError(f"{word!r} is no key=value: for example data.fold=1")
        empty = not value.strip() and key_of(word) in TEXT_KEYS - MAY_BE_EMPTY
        if sign and (empty or (value.lower() == "null" and key_of(word) in _NEVER_NULL)):
            raise ConfigError(f"{word} is no value: expected {key}=…, or leave it out")
        if word.startswith("~") and not _MAY_GO.match(word):
            raise ConfigError(
                f"{word}: the command needs it; set another value, or leave {word} out"
            )
    return [_read(word, multirun) for word in words]


def _read(word: str, multirun: bool) -> str:
    key, sign, value = word.partition("=")
    if not sign or word.startswith("~") or key_of(word) not in TEXT_KEYS:
        return word
    if multirun and not Path(value).expanduser().exists():
        if _SWEPT.fullmatch(value) and _parsed(word) is not None:
            return word
        return f"{key}={','.join(_value(key, one.strip()) for one in _elements(value))}"
    return f"{key}={_value(key, value)}"


def _value(key: str, value: str) -> str:
    """One value as Hydra shall read it."""
    switch = key_of(key) in _SWITCHES
    if value.lower() == "null" or (switch and value.lower() in ("true", "false")):
        return value
    parsed = _parsed(f"{key}={value}")
    if (
        switch
        and (isinstance(parsed, int | float) or _NODE.fullmatch(value))
        and parsed is not None
    ):
        return value
    if value[:1] in ("'", '"') and value[:1] == value[-1:] and parsed is not None:
        return value
    if parsed == value and "${" not in value:
        return value  # the shortest: it is shown in the names of a sweep's runs
    return quoted(_as_interpolation(value))


def _parsed(word: str) -> object:
    """What Hydra makes of a word as it stands; None where it cannot read it."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        return OverridesParser.create().parse_override(word).value()
    except HydraException:
        return None


def _elements(value: str) -> Iterator[str]:
    """A value, split at the commas outside of quotes and brackets."""
    start = depth = 0
    quote = ""
    for position, sign in enumerate(value):
        if quote:
            quote = "" if sign == quote and value[position - 1] != "\\" else quote
        elif sign in "'\"" and not value[start:position].strip():
            quote = sign  # at the begin of an element; elsewhere it is an apostrophe
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth = max(depth - 1, 0)
        elif sign == "," and not depth:
            yield value[start:position]
            start = position + 1
    yield value[start:]


def quoted(text: str) -> str:
    """Text in quotes that Hydra's grammar reads as it is."""
    # Backslashes count only where a quote follows them.
    return "'" + re.sub(r"(\\*)('|$)", _escaped_quote, text) + "'"


def _escaped_quote(found: re.Match[str]) -> str:
    backslashes, quote = found.groups()
    return backslashes * 2 + ("\\'" if quote else "")


def escaped(text: str) -> str:
    """Text in which OmegaConf sees no interpolation."""
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", text)


def _as_interpolation(value: str) -> str:
    """A value in which `${…}` stands for what the config or the environment says, where it can."""
    from omegaconf.errors import GrammarParseError
    from omegaconf.grammar_parser import parse

    meant = [_is_known(*found.groups()) for found in _INTERPOLATION.finditer(value)]
    if not all(meant) or len(meant) < value.count("${") or Path(value).exists():
        return escaped(value)
    try:
        parse(value)
    except GrammarParseError:
        return escaped(value)
    return value


def _is_known(name: str, after: str) -> bool:
    if after == ":":
        return _RESOLVERS.fullmatch(name) is not None
    return name.partition(".")[0] in _top_keys()


@functools.cache
def _top_keys() -> frozenset[str]:
    from omegaconf import OmegaConf

    folders = {path.name for path in CONF.iterdir() if path.is_dir()}
    files = {str(key) for path in CONF.glob("*.yaml") for key in OmegaConf.load(path)}
    return frozenset(folders | files)


def taken_out(words: Sequence[str], flag: str) -> tuple[list[str], list[str]]:
    """The other words, and the values of a flag: of `--flag A` and of `--flag=B`."""
    rest, values = [], []
    waiting = iter(words)
    for word in waiting:
        name, sign, value = word.partition("=")
        if name == flag:
            values.append(value if sign else next(waiting, ""))
        else:
            rest.append(word)
    return rest, values


def as_reference(word: str) -> str:
    """`model=REF` as the key `reference`: to Hydra, `model` is a group of nets to train."""
    key, sign, value = word.partition("=")
    return f"reference={quoted(escaped(value))}" if key == "model" and sign else word
