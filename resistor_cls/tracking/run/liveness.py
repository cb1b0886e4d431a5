"""Tags that show other processes whether a run is alive."""

import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import psutil

HOST_TAG, FOLDER_TAG, PROCESS_TAG = "run.host", "run.folder", "run.process"
HEARTBEAT_TAG = "run.heartbeat"
# Seconds without a heartbeat, which is sent every half a minute, after which a run of another
# machine counts as dead. Unsynchronized clocks of two machines differ by minutes, and a server that
# is unavailable for a while delays heartbeats too.
LONGEST_SILENCE = 3600.0


def signs_of_life(folder: Path) -> dict[str, str]:
    """The tags of a run that this process opens."""
    return {
        HOST_TAG: socket.gethostname(),
        FOLDER_TAG: str(folder.absolute()),
        PROCESS_TAG: _process(os.getpid()),
        HEARTBEAT_TAG: heartbeat(),
    }


def heartbeat() -> str:
    """The time now, as `HEARTBEAT_TAG` holds it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def is_here(tags: Mapping[str, str]) -> bool:
    """Whether a run was opened on this machine."""
    return tags.get(HOST_TAG) == socket.gethostname()


def is_silent(tags: Mapping[str, str]) -> bool:
    """Whether the last heartbeat of a run is too old."""
    try:
        last = datetime.fromisoformat(tags[HEARTBEAT_TAG])
        return (datetime.now(UTC) - last).total_seconds() >= LONGEST_SILENCE
    except (KeyError, ValueError, TypeError):  # a tag of another program
        return False


def process_lives(tags: Mapping[str, str]) -> bool:
    """Whether the process of a run of this machine lives."""
    process = tags.get(PROCESS_TAG, "")
    try:
        return _process(int(process.partition(" ")[0])) == process
    except (ValueError, psutil.Error):
        return False


def _process(pid: int) -> str:
    """Names a process of this machine by id and start time: ids are used again."""
    return f"{pid} {psutil.Process(pid).create_time():.2f}"
