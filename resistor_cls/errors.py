"""Errors that the user can mend, and the one place that prints them."""

import difflib
import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable

DONE, DEFECT, USER_ERROR, INTERRUPTED = 0, 1, 2, 130


class ResistorClsError(Exception):
    """Something that the user can mend.

    The message names the file or key, what was found, what was expected, and what to do.
    """


class ConfigError(ResistorClsError):
    """A key, or a value of one, that cannot be used."""


class DataError(ResistorClsError):
    """Photos, tables or folders that cannot be used."""


class ModelError(ResistorClsError):
    """A saved model, or weights, that cannot be used."""


class TrackingError(ResistorClsError):
    """A tracking store that cannot be reached or written."""


def nearest(name: str, valid: Iterable[str], most: int = 3) -> str:
    """The names that were probably meant, as words for a message."""
    valid = sorted(valid)
    close = difflib.get_close_matches(name, valid, n=most, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    shown = ", ".join(valid[:20]) + (", …" if len(valid) > 20 else "")
    return f"valid: {shown}"


# What a machine refuses for want of room or permission; its user can mend it, we cannot.
_ENVIRONMENT = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
}

_NO_HOME = "Could not determine home directory"
NO_HOME = (
    "~ stands for a home directory, but none is known (HOME is not set, or there is no such user): "
    "set HOME to a folder that can be written, and RESISTOR_CLS_CACHE (paths.cache) to where "
    "photos are kept"
)

_interruption = threading.Event()


def interruption_requested() -> bool:
    """Whether somebody asked this command to stop (SIGINT or SIGTERM).

    Native code can turn the KeyboardInterrupt of a signal into another error.
    """
    return _interruption.is_set()


def _interrupt(signum: int, frame: object) -> None:
    _interruption.set()
    raise KeyboardInterrupt


def run_command(job: Callable[[], object]) -> int:
    """Runs a command and returns its exit status.

    Args:
        job: the whole command.

    Returns:
        0 when done; 2 with one `error: …` line on stderr for a `ResistorClsError`, a full disk,
        a missing permission or home directory; 130 when interrupted (SIGINT or SIGTERM). Any other
        exception is a defect of ours: it is raised on, so that Python prints the traceback and
        exits with 1.
        `RESISTOR_CLS_DEBUG=1` prints the traceback of user errors too.
    """
    _interruption.clear()
    # Only the main thread gets signals; a command in another one is ended by whoever started it.
    heard = threading.current_thread() is threading.main_thread()
    signals = (signal.SIGINT, signal.SIGTERM) if heard else ()
    before = {name: signal.signal(name, _interrupt) for name in signals}
    try:
        job()
    except ResistorClsError as error:
        if os.environ.get("RESISTOR_CLS_DEBUG") == "1":
            raise
        print(f"error: {error}", file=sys.stderr)
        return USER_ERROR
    except BrokenPipeError:  # the reader of our output went away, as `… | head` does
        sys.stderr.close()
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
    except RuntimeError as error:  # of pathlib, whoever asked it
        if _NO_HOME not in str(error) or os.environ.get("RESISTOR_CLS_DEBUG") == "1":
            raise
        print(f"error: {NO_HOME}", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
    return DONE
