"""The outbox of a run: entries are written to a file at once, and sent in order by a thread.

A training never waits for a server, and never fails because of one. The file also shows other
processes whether the run is alive: its process holds a lock on it, which the kernel releases when
the process ends.

The first line of the file is the position of the first entry that is not sent, the second what
names the run, each other line an entry: `{"call": …, …}`.
"""

import fcntl
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

log = logging.getLogger("resistor_cls")

NAME = ".outbox.jsonl"  # in the folder of a run; removed when all is sent
_PLACES = 20  # digits of the first line
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0  # seconds before an entry is sent again
MAX_TOGETHER = 1000  # metrics that are sent at once; MLflow takes no more
HEARTBEAT = 30.0  # seconds between heartbeats
# Seconds that the end of a run waits for a store that does not respond; and for one that is busy
# with a single large file.
GRACE, LONGEST_CALL = 30.0, 600.0

Entry = Mapping[str, Any]
# Forked processes, such as loader workers, inherit locks, and outlive their parent for seconds.
_descriptors: set[int] = set()


def _close_in_child() -> None:
    for descriptor in _descriptors:
        os.close(descriptor)
    _descriptors.clear()


os.register_at_fork(after_in_child=_close_in_child)


class Refused(Exception):
    """The store will never accept an entry."""


class Outbox:
    """The outbox of a run.

    Args:
        folder: of the run.
        run: plain values that name the run. None opens the outbox that another process left.

    Raises:
        FileNotFoundError: no outbox was left.
        FileExistsError: one was left, and another run is to begin.
        BlockingIOError: another process, or this one, holds it.
        ValueError: the file of another program.
        OSError: disk full or no permission.

    Attributes:
        run: see above.
    """

    def __init__(self, folder: Path, run: Mapping[str, Any] | None = None) -> None:
        self.file = folder.absolute() / NAME
        flags = os.O_RDWR | (0 if run is None else os.O_CREAT | os.O_EXCL)
        self._descriptor = os.open(self.file, flags, 0o644)
        _descriptors.add(self._descriptor)
        try:
            self._lock(own=run is not None)
            if run is not None:
                header = f"{0:0{_PLACES}d}\n{json.dumps(dict(run))}\n".encode()
                os.pwrite(self._descriptor, header, 0)
                self._move_to(len(header))
            content = os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)
            first, second, *_ = content.split(b"\n", 2)
            self.run: dict[str, Any] = json.loads(second)
            self._sent = int(first)
            self._end = content.rfind(b"\n") + 1  # what follows was cut short
            if not isinstance(self.run, dict) or content[self._sent - 1 : self._sent] != b"\n":
                raise ValueError("its first lines are damaged")
            if not len(first) + len(second) < self._sent <= self._end:
                raise ValueError("its first line is damaged")
        except BaseException:
            self._close_file()
            raise
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._released, self._left = False, 0
        self._one_by_one_until = 0  # position in the file
        self._failing_since: float | None = None
        self._last_success = time.monotonic()

    def _lock(self, *, own: bool) -> None:
        # Not of POSIX (lockf), which any other use of the file in this process would free.
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError as error:  # a file system without locks: the process may still live
            if not own:
                raise BlockingIOError(str(error)) from error
        # The process that had the lock may have sent everything and removed the file.
        opened = os.fstat(self._descriptor)
        there = os.stat(self.file)  # noqa: PTH116
        if (opened.st_dev, opened.st_ino) != (there.st_dev, there.st_ino):
            raise FileNotFoundError(f"{self.file} is another file now")

    def _close_file(self) -> None:
        _descriptors.discard(self._descriptor)
        os.close(self._descriptor)

    @property
    def waiting(self) -> int:
        """How many entries are not sent."""
        with self._changed:
            return os.pread(self._descriptor, self._end - self._sent, self._sent).count(b"\n")

    @property
    def unsent(self) -> int:
        """How many entries are not sent, when the outbox is closed too."""
        with self._changed:
            return self._left if self._released else self.waiting

    def entries(self) -> list[dict[str, Any]]:
        """The entries that are not sent."""
        with self._changed:
            content = os.pread(self._descriptor, self._end - self._sent, self._sent)
        return [_read(line) for line in content.split(b"\n")[:-1]]

    def put(self, call: str, **values: Any) -> None:
        """Writes an entry.

        Raises:
            OSError: disk full.
        """
        line = json.dumps({"call": call, **values}).encode() + b"\n"
        with self._changed:
            if self._released:
                return
            written = 0
            while written < len(line):
                written += os.pwrite(self._descriptor, line[written:], self._end + written)
            self._end += len(line)
            self._changed.notify()

    def start(self, send: Callable[[Entry], None], beat: Callable[[], None], store: str) -> None:
        """Starts to send.

        Args:
            send: sends an entry; raises `Refused` where it must not be sent again.
            beat: sends a heartbeat; called every `HEARTBEAT` seconds.
            store: names the store, for people.
        """
        self._send, self._beat, self._store = send, beat, store
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)
        self._thread.start()

    def close(self, grace: float | None = None, busy: float | None = None) -> int:
        """Waits until everything is sent, or the store does not respond; closes the outbox.

        Args:
            grace: seconds to wait for a store that does not respond, in total; `GRACE`.
            busy: seconds to wait for a single call that neither ends nor fails;
                `LONGEST_CALL`.

        Returns:
            How many entries are not sent; the file is kept where there are any.
        """
        if self._thread is None:
            self._release()
        else:
            with self._changed:
                self._closing.set()
                self._changed.notify()
            deadline = time.monotonic() + (GRACE if grace is None else grace)
            self._wait(deadline, LONGEST_CALL if busy is None else busy)
        return self.unsent

    def _wait(self, deadline: float, busy: float) -> None:
        assert self._thread is not None
        while self._thread.is_alive():
            self._thread.join(0.1)
            now = time.monotonic()
            failing = self._failing_since is not None
            if now > deadline and (failing or now - self._last_success > busy):
                return

    def _work(self) -> None:
        try:
            self._send_all()
        finally:
            self._release()

    def _release(self) -> None:
        """Releases the file, and removes it where everything is sent."""
        with self._changed:
            self._left = self.waiting
            if not self._left:
                self.file.unlink(missing_ok=True)
            self._released = True
            self._close_file()

    def _send_all(self) -> None:
        pause, next_beat = _FIRST_PAUSE, time.monotonic() + HEARTBEAT
        while True:
            entry, length = self._next(next_beat - time.monotonic())
            if entry is None and self._closing.is_set():
                return
            try:
                if time.monotonic() >= next_beat:
                    self._beat()
                    next_beat = time.monotonic() + HEARTBEAT
                if entry is not None and not self._deliver(entry, length):
                    continue
            except Exception as error:  # of servers, databases and disks
                self._report_failure(error)
                # Closing ends the pause, once: the last attempts follow quickly.
                self._closing.wait(pause) if not self._closing.is_set() else time.sleep(1)
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            pause = _FIRST_PAUSE
            self._report_success()
            if entry is not None:
                with self._changed:
                    self._move_to(self._sent + length)

    def _deliver(self, entry: Entry, length: int) -> bool:
        """Sends an entry; False where it was several, which must be sent one by one."""
        try:
            self._send(entry)
        except Refused as error:
            if entry.get("together"):
                self._one_by_one_until = self._sent + length
                return False
            log.warning("%s does not take %s of the run: %s", self._store, entry["call"], error)
        return True

    def _next(self, patience: float) -> tuple[Entry | None, int]:
        """The first entry that is not sent, and its length in bytes; None after a while.

        Entries with metrics that follow each other are one: a server takes as long for one as for
        many, and a training writes some every step.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._sent < self._end or self._closing.is_set(), max(0.0, patience)
            )
            if self._sent == self._end:
                return None, 0
            begin, chunk = self._sent, b""
            while b"\n" not in chunk:  # there is one before the end
                size = min(1 << 16, self._end - begin - len(chunk))
                chunk += os.pread(self._descriptor, size, begin + len(chunk))
        lines = chunk.split(b"\n")[:-1]
        return _together(lines if begin >= self._one_by_one_until else lines[:1])

    def _move_to(self, position: int) -> None:
        os.pwrite(self._descriptor, b"%0*d" % (_PLACES, position), 0)
        self._sent = position

    def _report_failure(self, error: Exception) -> None:
        if self._failing_since is None:
            self._failing_since = time.monotonic()
            log.warning(
                "%s takes nothing (%s): the work goes on, and what belongs there waits in %s",
                self._store,
                _reason(error),
                self.file.parent,
            )

    def _report_success(self) -> None:
        if self._failing_since is not None:
            log.warning("%s is back", self._store)
        self._failing_since, self._last_success = None, time.monotonic()


def _read(line: bytes) -> dict[str, Any]:
    """An entry; for a damaged line, one that no store accepts."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        entry = None
    return entry if isinstance(entry, dict) and "call" in entry else {"call": "a damaged entry"}


def _together(lines: Sequence[bytes]) -> tuple[Entry, int]:
    """The first entry, with the metrics of those that follow it; and the length of all in bytes."""
    first, length = _read(lines[0]), len(lines[0]) + 1
    if first["call"] != "metrics" or not isinstance(first.get("values"), list):
        return first, length
    values, count = list(first["values"]), 1
    for line in lines[1:]:
        entry = _read(line)
        if entry["call"] != "metrics" or not isinstance(entry.get("values"), list):
            break
        if len(values) + len(entry["values"]) > MAX_TOGETHER:
            break
        values += entry["values"]
        length, count = length + len(line) + 1, count + 1
    return (
        (first, length) if count == 1 else ({**first, "values": values, "together": count}, length)
    )


def _reason(error: BaseException) -> str:
    """Why something failed, in few words: the error of the system where libraries wrap it."""
    innermost: BaseException | None = error
    while innermost is not None:
        if isinstance(innermost, OSError) and innermost.strerror:
            return innermost.strerror
        innermost = innermost.__cause__ or innermost.__context__
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
