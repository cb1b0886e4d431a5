"""How a command was called, and how it shows its help."""

import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resistor_cls.errors import ResistorClsError


def program() -> str:
    """`resistor-cls`, or `python -m resistor_cls` where Python was given a module."""
    return "resistor-cls" if Path(sys.argv[0]).stem == "resistor-cls" else "python -m resistor_cls"


def called(command: str) -> str:
    """How the user calls a command.

    Args:
        command: its name, such as `predict`.

    Returns:
        `resistor-cls predict`, `python -m resistor_cls predict` or, where its module was called,
        `python -m resistor_cls.predict`.
    """
    by_package = Path(sys.argv[0]).parts[-2:] == ("resistor_cls", "__main__.py")
    between = " " if by_package or program() == "resistor-cls" else "."
    return f"{program()}{between}{command}"


def as_called(text: str | None) -> str:
    """A help text whose `python -m resistor_cls.COMMAND` is written as the user calls commands."""
    return (text or "").replace("python -m resistor_cls.", called(""))


def show(text: str) -> None:
    """Prints a help text at once; letters that the terminal cannot write become similar ones.

    Raises:
        BrokenPipeError: the reader has gone away, as `… | head -1` does.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"  # None where stdout is closed
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = unicodedata.normalize("NFKD", text).encode(encoding, "replace").decode(encoding)
    print(text, flush=True)


@contextmanager
def named_as_given(key: str, option: str) -> Iterator[None]:
    """Errors name an option of the command instead of the key that stands for it in a config.

    Args:
        key: such as `tracking.uri`.
        option: such as `--tracking-uri`.

    Raises:
        ResistorClsError: of the same kind, with the other name.
    """
    try:
        yield
    except ResistorClsError as error:
        if f"{key}=" not in str(error):
            raise
        raise type(error)(str(error).replace(f"{key}=", f"{option} ")) from error
