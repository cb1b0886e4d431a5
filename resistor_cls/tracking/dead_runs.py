"""Runs whose process has died without a word: found, completed and closed by the next command.

A run carries where it runs and when it gave its last sign of life. On its own machine the lock of
its outbox tells whether its process lives, whatever the clock says; from elsewhere only the time
does.
"""

import logging
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from resistor_cls.errors import TrackingError, without_passwords
from resistor_cls.tracking.delivery import Delivery
from resistor_cls.tracking.outbox import GRACE, NAME, Outbox
from resistor_cls.tracking.store import connect

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run as StoredRun

log = logging.getLogger("resistor_cls")

HOST_TAG, FOLDER_TAG, PROCESS_TAG = "run.host", "run.folder", "run.process"
HEARTBEAT_TAG = "run.heartbeat"
ROOM_FILE = ".room"  # see `resistor_cls.tracking.run`
NOTES_FILE = ".jobs.jsonl"  # see `resistor_cls.tracking.sweep`
# Seconds without a sign of life, given every half a minute, after which a run elsewhere counts as
# dead. A server that is away for a while holds signs back, too.
LONGEST_SILENCE = 600.0


def signs_of_life(folder: Path) -> dict[str, str]:
    """Tags by which other processes find out whether a run is alive.

    Args:
        folder: of the run.
    """
    return {
        HOST_TAG: socket.gethostname(),
        FOLDER_TAG: str(folder.absolute()),
        PROCESS_TAG: _process(os.getpid()),
        HEARTBEAT_TAG: heartbeat(),
    }


def heartbeat() -> str:
    """The time now, as `HEARTBEAT_TAG` holds it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def close_dead_runs(client: "MlflowClient", uri: str) -> None:
    """Closes the runs of a store whose processes have died.

    Each gets what it had written and not sent, its checkpoints and logs, and the status KILLED; a
    run that had ended while the store was away gets the status that it ended with. What else such
    a process left in its folder is removed. Never raises: the command that calls it has work of
    its own.

    Args:
        client: of the store.
        uri: of the store.
    """
    try:
        experiments = [found.experiment_id for found in client.search_experiments()]
        running = client.search_runs(
            experiments, f"attributes.status = 'RUNNING' AND tags.`{FOLDER_TAG}` != ''"
        )
    except Exception as error:  # of servers and databases
        log.warning("Runs of %s that died cannot be found: %s", without_passwords(uri), error)
        return
    for run in running:
        try:
            _close_if_dead(client, run)
        except Exception as error:  # of servers, databases and disks
            log.warning("Run %s died and cannot be closed: %s", run.info.run_id, error)


def _close_if_dead(client: "MlflowClient", run: "StoredRun") -> None:
    folder = Path(run.data.tags[FOLDER_TAG])
    if run.data.tags.get(HOST_TAG) != socket.gethostname() or not folder.is_dir():
        if _silence(run.data.tags) >= LONGEST_SILENCE:
            _kill(client, run)
        return
    try:
        outbox = Outbox(folder)
    except (BlockingIOError, PermissionError):
        return  # alive, or another user's
    except (FileNotFoundError, ValueError):  # killed before it had one, or damaged
        if _lives(run.data.tags.get(PROCESS_TAG, "")):
            return
        outbox = _new_outbox(folder, run, without_passwords(client.tracking_uri))
    if outbox.run.get("run_id") != run.info.run_id:  # of another run in the same folder
        outbox.close()
        _kill(client, run)
        return
    left = finish(client, outbox)
    log.warning(
        "Run %s (%s) had died, or ended while the store was away: it is %s now%s",
        run.info.run_name,
        run.info.run_id,
        client.get_run(run.info.run_id).info.status,
        f", and {left} entries wait in {folder}" if left else "",
    )


def _new_outbox(folder: Path, run: "StoredRun", uri: str) -> Outbox:
    """An outbox for a run that has none; one that is damaged is kept aside."""
    with suppress(FileNotFoundError):
        (folder / NAME).replace(folder / "outbox.damaged.jsonl")
    info = run.info
    return Outbox(folder, {"run_id": info.run_id, "uri": uri, "artifacts": info.artifact_uri})


def finish(client: "MlflowClient", outbox: Outbox) -> int:
    """Sends what a run has left in its outbox, and closes the run.

    Args:
        client: of the store.
        outbox: that the process of the run has left.

    Returns:
        How many entries could not be sent.

    Raises:
        KeyError: the outbox does not name its run.
    """
    folder = outbox.file.parent
    run_id = str(outbox.run["run_id"])
    if not any(entry["call"] == "end" for entry in outbox.entries()):
        remove_leftovers(folder)
        outbox.put("tags", values={"error": "its process ended without a word"})
        for path in sorted(folder.glob("checkpoints/*.ckpt")):
            outbox.put("checkpoint", name=path.relative_to(folder).as_posix())
        for path in sorted(folder.glob("*.log")):
            outbox.put("file", name=path.name, folder="logs")
        outbox.put("end", status="KILLED", time=int(time.time() * 1000))
    delivery = Delivery(client, run_id, outbox.run["artifacts"], folder)
    outbox.start(delivery, lambda: None, without_passwords(client.tracking_uri))
    return outbox.close(GRACE)


def remove_leftovers(folder: Path) -> None:
    """Removes what only the process of a run could use.

    Args:
        folder: of the run.
    """
    with suppress(OSError):
        for path in (folder / ROOM_FILE, folder / NOTES_FILE, *folder.glob("checkpoints/.*.part")):
            path.unlink(missing_ok=True)


def _kill(client: "MlflowClient", run: "StoredRun") -> None:
    client.set_tag(run.info.run_id, "error", "its process ended without a word")
    client.set_terminated(run.info.run_id, "KILLED")
    log.warning("Run %s (%s) had died: it is KILLED now", run.info.run_name, run.info.run_id)


def _silence(tags: Mapping[str, str]) -> float:
    """Seconds since the last sign of life."""
    try:
        last = datetime.fromisoformat(tags[HEARTBEAT_TAG])
        return (datetime.now(UTC) - last).total_seconds()
    except (KeyError, ValueError, TypeError):  # somebody else's tag
        return 0.0


def _process(pid: int) -> str:
    """Names a process of this machine: numbers are used again, times of birth are not."""
    return f"{pid} {psutil.Process(pid).create_time():.2f}"


def _lives(process: str) -> bool:
    try:
        return _process(int(process.partition(" ")[0])) == process
    except (ValueError, psutil.Error):
        return False


def sync(folder: Path, uri: str | None = None) -> str:
    """Sends what a run has left in its outbox.

    Args:
        folder: of the run.
        uri: of the store; None for the one that the run was opened in.

    Returns:
        What became of it, for people.

    Raises:
        TrackingError: the run goes on, or the store still does not take everything.
    """
    try:
        outbox = Outbox(folder)
    except FileNotFoundError:
        return "nothing is left to be sent"
    except BlockingIOError as error:
        raise TrackingError(f"{folder}: its run goes on, and sends by itself") from error
    except ValueError as error:
        raise TrackingError(
            f"{folder / NAME} is not the outbox of a run ({error}): any command of ours on its "
            "store closes the run without it"
        ) from error
    try:
        address = uri or _address(outbox)
        try:
            client = connect(address)
        except TrackingError as error:
            why = str(error).partition(";")[0]  # what follows is for who trains
            raise TrackingError(f"{why}; name another store by --tracking-uri") from error
    except BaseException:
        outbox.close()
        raise
    store, count = without_passwords(client.tracking_uri), outbox.waiting
    if left := finish(client, outbox):
        raise TrackingError(
            f"{folder}: {left} of {count} entries could not be sent to {store}; "
            "send them again when it is back"
        )
    return f"sent {count} entries of run {outbox.run['run_id']} to {store}"


def _address(outbox: Outbox) -> str:
    """The store that a run was opened in.

    Raises:
        TrackingError: the outbox does not name it, or not its password.
    """
    if not {"run_id", "artifacts", "uri"} <= set(outbox.run):
        raise TrackingError(f"{outbox.file} does not name its run: its first lines are damaged")
    address = str(outbox.run["uri"])
    if ":***@" in address:
        raise TrackingError(
            f"{address} needs its password, which no run keeps: give it by --tracking-uri or "
            "MLFLOW_TRACKING_URI"
        )
    return address
