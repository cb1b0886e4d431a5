"""Arguments of a command line: how Hydra reads paths and free text as they are.

Hydra reads a value by its own grammar, in which commas, brackets, quotes, spaces and letters
beyond ASCII have a meaning. In a path or a free text they mean themselves.
"""

import argparse
import functools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from resistor_cls.config.calling import show
from resistor_cls.config.keys import KEYS
from resistor_cls.config.values import Values
from resistor_cls.errors import ConfigError

_PACKAGE = Path(__file__).parents[1]
# Beside the package in a checkout, inside it in an installed wheel; the copy of the package that a
# model of MLflow carries has none, and needs none.
CONF = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else _PACKAGE.parent / "conf"

SEARCHED = "hydra.searchpath"  # where there are configs besides ours

_NODE = re.compile(r"\{.*_target_.*\}", re.DOTALL)
# What ~KEY may remove: options that are null by default, and arguments of objects.
_REMOVABLE = re.compile(r"~(sweep|experiment|(data\.)?augment\.|optimizer\.|scheduler\.|hydra[./])")
_SWEPT = re.compile(r"(choice|range|interval|glob|shuffle|sort|tag)\(.*\)", re.DOTALL)
_INTERPOLATION = re.compile(r"\$\{\s*([A-Za-z_][\w.]*)\s*([:.\[}])")
# Resolvers of OmegaConf and of Hydra.
_RESOLVERS = re.compile(r"oc\.\w+(\.\w+)?|now|hydra|python_version")


class Parser(argparse.ArgumentParser):
    """A parser whose errors are those of a user: one line, like all others."""

    def error(self, message: str) -> NoReturn:
        """Raises a `ConfigError` where argparse would print its usage and exit."""
        raise ConfigError(f"{message}; --help shows what can be given")

    def print_help(self, file: Any = None) -> None:
        """Prints the help to standard output, whatever letters the terminal can write."""
        show(self.format_help().rstrip("\n"))


def path(text: str) -> Path:
    """A path of a command line; an empty word would mean the working folder."""
    if not text:
        raise argparse.ArgumentTypeError("expected a name, found an empty word")
    return Path(text)


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
        ConfigError: a word that is not `key=value`, one without a value that needs one, or one
            that takes out what is needed.
    """
    for word in words:
        _check_word(word)
    return [_read(word, multirun) for word in words]


def _check_word(word: str) -> None:
    key, sign, value = word.partition("=")
    if not word.startswith("~") and (not sign or not key.strip("+ ")):
        raise ConfigError(f"{word!r} is not key=value: for example data.fold=1")
    if sign and (values := text_values(key_of(word))) is not None:
        empty = not value.strip() and not values.may_be_empty
        if empty or (value.lower() == "null" and not values.accepts(None)):
            raise ConfigError(f"{word} is not a value: expected {key}=…, or leave it out")
    if word.startswith("~") and not _REMOVABLE.match(word):
        raise ConfigError(f"{word}: the command needs it; set another value, or leave {word} out")


def text_values(key: str) -> Values | None:
    """The values of a key that takes paths, names or other free text; None of another key."""
    values = KEYS[key].values if key in KEYS else None
    return values if values is not None and values.is_text else None


def _read(word: str, multirun: bool) -> str:
    key, sign, value = word.partition("=")
    if not sign or word.startswith("~") or text_values(key_of(word)) is None:
        return word
    if multirun and not Path(value).expanduser().exists():
        if _SWEPT.fullmatch(value) and parsed(word) is not None:
            return word
        return f"{key}={','.join(_value(key, one.strip()) for one in _elements(value))}"
    return f"{key}={_value(key, value)}"


def _value(key: str, value: str) -> str:
    """One value as Hydra shall read it."""
    values = text_values(key_of(key))
    switch = values is not None and values.accepts(True)
    if value.lower() == "null" or (switch and value.lower() in ("true", "false")):
        return value
    read = parsed(f"{key}={value}")
    if switch and read is not None and (isinstance(read, int | float) or _NODE.fullmatch(value)):
        return value
    if value[:1] in ("'", '"') and value[:1] == value[-1:] and read is not None:
        return value
    if read == value and "${" not in value:
        return value  # the shortest: it is shown in the names of a sweep's runs
    return quoted(_as_interpolation(value))


def parsed(word: str) -> object:
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
