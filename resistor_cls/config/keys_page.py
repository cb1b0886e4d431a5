"""Writes the table of all keys: `python -m resistor_cls.config.keys_page > docs/keys.md`."""

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from resistor_cls.config.choices import groups
from resistor_cls.config.command_line import CONF
from resistor_cls.config.keys import PARITY, SECTIONS, Key
from resistor_cls.config.plain import leaves

_INTRODUCTION = """\
# Keys

Every key that `train`, `evaluate` and `audit` take as `key=value`. `--help KEY` shows the same on a
terminal, `--cfg job` the composed values. `*` stands for any name.

This page is written by `python -m resistor_cls.config.keys_page > docs/keys.md` from
`resistor_cls/config/keys.py`, with the defaults of `conf/`."""
_PARITY_NOTE = """\
Settings of H2O Hydrogen Torch that resistors do not need; [hydrogen_torch.md](hydrogen_torch.md)
names the setting behind each."""


def page() -> str:
    """The whole page, as Markdown."""
    values = defaults()
    lines = [_INTRODUCTION]
    for title, keys in SECTIONS.items():
        lines += ["", f"## {title}", *(["", _PARITY_NOTE] if title == PARITY else []), ""]
        lines += _table(keys, values)
    return "\n".join(lines)


def _table(keys: Mapping[str, Key], values: Mapping[str, Any]) -> Iterator[str]:
    yield "| key | default | values | meaning |"
    yield "|---|---|---|---|"
    for name, key in keys.items():
        default = f"`{_shown(values[name])}`" if name in values else ""
        yield f"| `{name}` | {default} | {_prose(key.values.words)} | {_prose(key.meaning)} |"


def _prose(text: str) -> str:
    """A text in which Markdown sees no emphasis outside of code."""
    parts = text.split("`")
    return "`".join(part if n % 2 else part.replace("_", r"\_") for n, part in enumerate(parts))


def _shown(value: Any) -> str:
    """A default as it is written in YAML."""
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    return "required" if value == "???" else str(value)


@functools.cache
def defaults() -> dict[str, Any]:
    """Each key of all configs, with the first of: the commands' defaults, the options' values."""
    from hydra import compose, initialize_config_dir

    chosen = [("train", []), ("evaluate", ["data=rendered"]), ("audit", [])]
    chosen += [
        ("train", [f"{group}={option}"])
        for group, options in groups().items()
        for option in options
    ]
    found: dict[str, Any] = {}
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for name, words in chosen:
            config = compose(name, words, return_hydra_config=True)
            found = {**leaves(config), **found}
    return found


if __name__ == "__main__":
    print(page())
