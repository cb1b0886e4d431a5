"""The command `resistor-cls`: runs the subcommand that its first word names."""

import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

from resistor_cls import __version__
from resistor_cls.config.calling import called, program, show
from resistor_cls.errors import ConfigError, end_process, nearest, run_command

# Each is a module of this package with a `main`.
SUBCOMMANDS = {
    "predict": "read the resistors in photos",
    "train": "train a classifier on labelled photos",
    "evaluate": "write the report of a saved model on labelled photos",
    "audit": "find what is wrong or risky in a set of photos",
    "export": "write a model as one ONNX file, which predicts without PyTorch",
    "serve": "serve a model over HTTP, with a page for people",
    "describe": "write the card of a model or of a set of synthetic photos, from files",
    "render": "generate a data set of synthetic photos",
    "promote": "make a model the champion of the registry, if it is better",
    "relocate": "tell an MLflow store that was moved where its artifacts are now",
    "sync": "send what runs could not send while their MLflow store was unavailable",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a subcommand; returns its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help"):
        return run_command(lambda: show(_listing()))
    if words[0] == "--version":
        return run_command(lambda: show(f"resistor_cls {__version__}"))
    if words[0] not in SUBCOMMANDS:
        return run_command(lambda: _refuse(words[0]))
    # No import of the others, so that a wrong word is refused at once.
    module = importlib.import_module(f"resistor_cls.{words[0]}")
    status: int = module.main(words[1:])
    return status


def command() -> NoReturn:
    """Runs a subcommand as a process, and ends the process."""
    end_process(main())


def _listing() -> str:
    width = max(map(len, SUBCOMMANDS))
    lines = [f"  {name:<{width}}  {what}" for name, what in SUBCOMMANDS.items()]
    return "\n".join(
        [
            f"usage: {program()} SUBCOMMAND …",
            "",
            "Reads resistors in photos, and trains, evaluates and tracks the models that do.",
            "",
            "subcommands:",
            *lines,
            "",
            f"{called('SUBCOMMAND')} --help says what each takes; --version prints the version.",
        ]
    )


def _refuse(word: str) -> None:
    if not word.strip():
        raise ConfigError(
            f"{program()}: expected a subcommand, found an empty word; --help lists them"
        )
    what = "option" if word.startswith("-") else "subcommand"
    raise ConfigError(f"{program()} has no {what} {word}: {nearest(word, SUBCOMMANDS, maximum=1)}")


if __name__ == "__main__":
    command()
