"""What `--help` of a command shows: what it does, what can be chosen, and what keys mean."""

import re
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from resistor_cls.config.choices import groups, options_in
from resistor_cls.config.command_line import CONF
from resistor_cls.config.keys import KEYS
from resistor_cls.errors import ConfigError, nearest

_MIN_WIDTH, _MAX_WIDTH = 80, 100  # columns
_MAX_INDENT = 32
_A_KEY = re.compile(r"[a-z_]+(\.\w+)*")
_YAML_KEY = re.compile(r"( *)([\w.-]+):(?: (.*))?$")
_FLAGS = {
    "--help KEY": "explains a key and those below it, such as --help data.split or --help mix",
    "-m": "runs every combination of several values, such as optimizer.lr=1e-3,3e-4",
    "--config-dir FOLDER": "adds your options, such as FOLDER/experiment/mine.yaml",
    "--allow-code PACKAGE": "lets models use your code from a package: docs/extend.md",
    "--cfg job": "prints the composed config with the meaning of every key, and runs nothing",
    "--hydra-help": "explains Hydra's flags",
}


def help_of(name: str, doc: str, words: Sequence[str] = (), own: Path | None = None) -> str:
    """The help of a command that Hydra configures.

    Args:
        name: of its config in `conf/`.
        doc: what the command does.
        words: of the command line; where keys are among them, these are explained instead.
        own: a folder with options of the user's.

    Raises:
        ConfigError: `--help` is followed by a word that looks like a key and is not one.
    """
    width = min(max(shutil.get_terminal_size((_MAX_WIDTH, 24)).columns, _MIN_WIDTH), _MAX_WIDTH)
    asked = [key for key in KEYS if any(f"{key}.".startswith(f"{word}.") for word in words)]
    for flag, word in pairwise(words):
        asked_for = flag in ("-h", "--help") and _A_KEY.fullmatch(word)
        if asked_for and not any(f"{key}.".startswith(f"{word}.") for key in asked):
            raise ConfigError(f"--help {word}: no such key; {nearest(word, KEYS)}")
    if asked:
        return "\n".join(_explained(key, width) for key in asked)
    defaults = defaults_in(CONF / f"{name}.yaml")
    lines = [f"Choices, as group=option; * is the default; files in {CONF}:"]
    for group, default in defaults.items():
        rows = list(_rows(CONF / group, groups()[group], default))
        if own is not None:
            rows += _rows(own / group, options_in(own / group))
        lines.append("")
        for number, (option, text) in enumerate(rows):
            lines.append(_wrapped(f"  {'' if number else group:<10}{option:<20}", text, width))
    lines += ["", "Flags:"]
    for flag, text in _FLAGS.items():
        if flag != "-m" or "sweep" in defaults:
            lines.append(_wrapped(f"  {flag:<20}  ", text, width))
    return "\n".join([doc.strip(), "", *lines])


def _explained(key: str, width: int) -> str:
    values, meaning = KEYS[key]
    return _wrapped(f"{key}: ", f"{values.words}. {meaning}", width)


def defaults_in(file: Path) -> dict[str, str | None]:
    """The groups that a config chooses from → what it chooses; None for nothing."""
    import yaml

    listed = yaml.safe_load(file.read_text(encoding="utf-8"))["defaults"]
    chosen = [item for one in listed if isinstance(one, dict) for item in one.items()]
    return {group: option for group, option in chosen if group in groups()}


def summary(file: Path) -> str:
    """The first line of the comment that a config begins with; empty where it has none."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("# @package"):
            return line.lstrip("# ").rstrip(".") if line.startswith("#") else ""
    return ""


def _rows(
    folder: Path, options: list[str], default: str | None = None
) -> Iterator[tuple[str, str]]:
    for option in options:
        star = "*" if option == default else " "
        yield f"{star} {option}", summary(folder / f"{option}.yaml")


def _wrapped(before: str, text: str, width: int) -> str:
    """A text behind a heading, in as many lines as it takes."""
    if not text:
        return before.rstrip()
    inner = " " * min(len(before), _MAX_INDENT)
    return textwrap.fill(
        text, width, initial_indent=before, subsequent_indent=inner, break_on_hyphens=False
    )


def annotated(text: str, package: str | None = None) -> str:
    """A composed config as YAML, with the meaning of each key behind its value.

    Args:
        text: as `--cfg` prints it.
        package: the node that the text shows; None for the whole config.
    """
    lines = text.splitlines()
    above: list[tuple[int, str]] = []  # indentation and name of the nodes around a line
    for number, line in enumerate(lines):
        if (found := _YAML_KEY.match(line)) is None:
            continue
        indent = len(found[1])
        above = [*(one for one in above if one[0] < indent), (indent, found[2])]
        key = ".".join([*([package] if package else []), *(name for _, name in above)])
        following = lines[number + 1] if number + 1 < len(lines) else ""
        # Not within a text of several lines.
        folded = found[3] and len(following) - len(following.lstrip()) > indent
        if key in KEYS and not folded:
            lines[number] = f"{line}  # {KEYS[key].meaning}"
    return "\n".join(lines)
