"""Errors that the user can fix, and the one place that prints them."""

import atexit
import difflib
import errno
import logging
import os
import re
import signal
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

DONE, DEFECT, USER_ERROR, INTERRUPTED = 0, 1, 2, 130
EXPENDABLE = "expendable"  # begins the names of threads whose work nobody waits for


class ResistorClsError(Exception):
    """An error that the user can fix.

    The message names the file or key, what was found, what was expected, and the remedy.
    """


class ConfigError(ResistorClsError):
    """A key, or a value of one, that cannot be used."""


class DataError(ResistorClsError):
    """Photos, tables or folders that cannot be used."""


class ModelError(ResistorClsError):
    """A saved model, or weights, that cannot be used."""


class ProcessError(ResistorClsError):
    """A process of a distributed training that died."""


class TrackingError(ResistorClsError):
    """A tracking store that cannot be reached or written."""


MAX_LISTED = 10  # names in one message; a terminal shows them without scrolling


def nearest(name: str, valid: Iterable[str], maximum: int = 3) -> str:
    """Returns the names that were probably meant, as words for a message."""
    valid = sorted(valid)
    close = difflib.get_close_matches(name, valid, n=maximum, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    shown = ", ".join(valid[:20]) + (", …" if len(valid) > 20 else "")
    return f"valid: {shown}"


def as_text(name: str) -> str:
    r"""Makes text that can be written anywhere from a name that may hold bytes that are not UTF-8.

    Python reads such bytes of file names as lone surrogates, which no encoding can write; here
    they become `\xNN`.
    """
    escaped = re.sub("[\udc80-\udcff]", lambda byte: f"\\x{ord(byte[0]) - 0xDC00:02x}", name)
    return escaped.encode("utf-8", "backslashreplace").decode()


def printable(text: str) -> str:
    r"""Escapes control characters, which could move the cursor or change colours of a terminal.

    Line breaks are escaped too, and characters that reverse the writing direction (category Cf).
    """
    return "".join(
        letter.encode("unicode_escape").decode()
        if unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp"}
        else letter
        for letter in as_text(text)
    )


def first_line(error: BaseException) -> str:
    """The first line of an error that says something, its cause's where it says nothing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if lines:
        return lines[0]
    return first_line(error.__cause__) if error.__cause__ else type(error).__name__


def many(count: int, noun: str) -> str:
    """A count with its noun, such as `1 photo` or `37 categories`."""
    if count == 1:
        return f"1 {noun}"
    ends_in_y = noun.endswith("y") and noun[-2] not in "aeiou"
    return f"{count:,} {noun[:-1]}ies" if ends_in_y else f"{count:,} {noun}s"


def some_names(names: Sequence[str]) -> str:
    """Returns the first of some names, and how many more there are, for a message."""
    shown = ", ".join(map(printable, names[:MAX_LISTED]))
    return shown + (f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else "")


# In an address: what follows `user:` up to the last @ (a number and a slash are a port); a user
# without a password, which is a token; and values of the keys by which databases take secrets.
_SECRETS = re.compile(
    r"""(?P<before>://[^\s/:@"'<>]*:)(?![0-9]*(?:[/?\s"'<>]|$))[^\s"'<>]+(?=@)"""
    r"""|(?P<token>https?://)[^\s/:@"'<>?]+(?=@)"""
    r"""|(?P<key>[?&](?:password|passwd|pwd|token|secret|key|odbc_connect)=)[^&\s"'<>]+""",
    re.IGNORECASE,
)


def without_passwords(text: str) -> str:
    """Replaces the secrets in addresses (scheme://user:password@host) by `***`.

    Every text that is written to a file, a run or a terminal and may name the tracking store
    passes through here.
    """
    return _SECRETS.sub(lambda found: f"{next(filter(None, found.groups()), '')}***", text)


def plain_without_passwords(value: Any) -> Any:
    """Replaces the secrets in plain values, nested or not; see `without_passwords`."""
    if isinstance(value, str):
        return without_passwords(value)
    if isinstance(value, Mapping):
        return {key: plain_without_passwords(entry) for key, entry in value.items()}
    return [plain_without_passwords(entry) for entry in value] if isinstance(value, list) else value


class FormatterWithoutPasswords(logging.Formatter):
    """Formats log lines for terminals and files; see `without_passwords`."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line of a record."""
        return without_passwords(super().format(record))


# Lack of space or permission, which only the user can fix.
_ENVIRONMENT = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS}

_NO_HOME = "Could not determine home directory"
NO_HOME = (
    "~ stands for a home directory, but none is known (HOME is not set, or there is no such user): "
    "set HOME to a folder that can be written, and RESISTOR_CLS_CACHE (paths.cache) to where "
    "photos are kept"
)

_interruption, _deferring = threading.Event(), threading.Event()
_handled: set[signal.Signals] = set()  # signals that ask the command that runs to stop


def interruption_requested() -> bool:
    """Tells whether this command was asked to stop (SIGINT, SIGTERM or SIGHUP).

    Native code can turn the KeyboardInterrupt of a signal into another error.
    """
    return _interruption.is_set()


def _interruptions() -> list[signal.Signals]:
    """The signals that ask a command to stop; under `nohup` a closed terminal does not."""
    if threading.current_thread() is not threading.main_thread():
        return []  # only the main thread receives signals
    asked = [signal.SIGINT, signal.SIGTERM]
    hangup = getattr(signal, "SIGHUP", None)  # absent on Windows
    if hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN:
        asked.append(hangup)
    return asked


@contextmanager
def interruption_deferred() -> Iterator[None]:
    """Lets a job end by itself: the first request to stop is only noted, a second one interrupts.

    The job asks `interruption_requested` wherever it can stop.

    Raises:
        KeyboardInterrupt: at the end, where the job was done before it asked.
    """
    _deferring.set()
    try:
        yield
    finally:
        _deferring.clear()
    if interruption_requested():
        raise KeyboardInterrupt


def take_sigterm() -> None:
    """Lets the command that runs handle SIGTERM again, where a library has put its own handler."""
    if signal.SIGTERM in _handled and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(signum: int, frame: object) -> None:
    again = _interruption.is_set()
    _interruption.set()
    if again or not _deferring.is_set():
        raise KeyboardInterrupt
    # Not by print: the signal may come while Python writes to the same stream.
    os.write(2, b"\nstopping after this step; a second request stops at once\n")


def end_process(status: int) -> NoReturn:
    """Ends the process of a command, and leaves its memory to the system.

    As at the end of Python, threads are waited for and exit functions run. Only the
    million objects of the libraries of a training are not destroyed, which takes seconds. An
    interrupted command does not wait where a thread is `EXPENDABLE`: a photo may take it seconds.

    Args:
        status: from `run_command`.
    """
    if sys.gettrace() or sys.getprofile() or sys.flags.inspect:
        sys.exit(status)  # a debugger or profiler goes on
    names = [thread.name for thread in threading.enumerate()]
    with suppress(KeyboardInterrupt):  # of somebody who does not want to wait
        if status != INTERRUPTED or not any(name.startswith(EXPENDABLE) for name in names):
            threading._shutdown()  # type: ignore[attr-defined]
    with suppress(KeyboardInterrupt):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # it is closed, or its reader is gone
            stream.flush()
    os._exit(status)


def _flush_output() -> None:
    try:
        print(end="", flush=True)
    except OSError as error:
        raise OSError(error.errno, error.strerror, "the output") from error


def run_command(job: Callable[[], object]) -> int:
    """Runs a command and returns its exit status.

    Returns:
        0 when done; 2 with one `error: …` line on stderr for a `ResistorClsError`, a full disk,
        a missing permission or home directory; 130 when interrupted (SIGINT, SIGTERM, or SIGHUP of
        a terminal that is closed). Any other exception is a defect of this package: it is raised
        again, so that Python prints the traceback and exits with 1.
        `RESISTOR_CLS_DEBUG=1` prints the traceback of user errors too.
    """
    _interruption.clear()
    before = {name: signal.signal(name, _interrupt) for name in _interruptions()}
    _handled.update(before)
    try:
        job()
        _flush_output()
    except ResistorClsError as error:
        if os.environ.get("RESISTOR_CLS_DEBUG") == "1":
            raise
        message = "\n".join(printable(line) for line in str(error).split("\n"))
        print(f"error: {without_passwords(message)}", file=sys.stderr)
        return USER_ERROR
    except BrokenPipeError:  # the reader of the output is gone, as with `… | head`
        return DONE
    except OSError as error:
        if error.errno not in _ENVIRONMENT or os.environ.get("RESISTOR_CLS_DEBUG") == "1":
            raise
        place = error.filename2 or error.filename or "a file"
        print(
            f"error: {place} cannot be written: {error.strerror}; "
            "free some room, or choose a place that can be written",
            file=sys.stderr,
        )
        return USER_ERROR
    except RuntimeError as error:  # raised by pathlib
        if _NO_HOME not in str(error) or os.environ.get("RESISTOR_CLS_DEBUG") == "1":
            raise
        print(f"error: {NO_HOME}", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    finally:
        _interruption.clear()
        _handled.difference_update(before)
        for name, handler in before.items():
            signal.signal(name, handler)
    return DONE
