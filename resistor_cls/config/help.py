"""What `--help` of a command shows: what it does, and what can be chosen."""

import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path

from resistor_cls.config.choices import groups, options_in
from resistor_cls.config.command_line import CONF

_LEAST, _MOST = 80, 100  # columns
_FLAGS = {
    "-m": "runs every combination of several values, such as optimizer.lr=1e-3,3e-4",
    "--config-dir FOLDER": "adds options of your own, such as FOLDER/experiment/mine.yaml",
    "--allow-code PACKAGE": "lets models use code of your own from a package: docs/extend.md",
    "--cfg job": "prints the composed config with every key, and runs nothing",
    "--hydra-help": "explains Hydra's own flags",
}


def help_of(name: str, doc: str, own: Path | None = None) -> str:
    """The help of a command that Hydra configures.

    Args:
        name: of its config in `conf/`.
        doc: what the command does.
        own: a folder with options of the user's own.
    """
    width = min(max(shutil.get_terminal_size((_MOST, 24)).columns, _LEAST), _MOST)
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
        mark = "*" if option == default else " "
        yield f"{mark} {option}", summary(folder / f"{option}.yaml")


def _wrapped(before: str, text: str, width: int) -> str:
    """A text behind a heading, in as many lines as it takes."""
    if not text:
        return before.rstrip()
    inner = " " * len(before)
    return textwrap.fill(
        text, width, initial_indent=before, subsequent_indent=inner, break_on_hyphens=False
    )
