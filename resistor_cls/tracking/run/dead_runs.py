"""Runs whose process has died: the next command finds, completes and closes them.

On the machine of a run, the lock of its outbox shows whether its process lives; on other machines
only its last heartbeat does.
"""

import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from resistor_cls.errors import TrackingError, without_passwords
from resistor_cls.tracking.run.delivery import Delivery
from resistor_cls.tracking.run.liveness import FOLDER_TAG, is_here, is_silent, process_lives
from resistor_cls.tracking.run.outbox import NAME, Outbox
from resistor_cls.tracking.store.connection import (
    check_place,
    connect,
    database_file,
    require_store,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run as StoredRun

log = logging.getLogger("resistor_cls")

RESERVE_FILE = ".room"  # see `resistor_cls.tracking.run.opening`
_ERROR = "its process ended without a word"


def close_dead_runs(client: "MlflowClient", uri: str) -> None:
    """Closes the runs of a store whose processes have died.

    Each gets what it had written and not sent, its checkpoints and logs, and the status KILLED; a
    run that had ended while the store was unavailable gets the status that it ended with. Other
    leftovers of the process are removed from its folder. Never raises: it must not stop the command
    that calls it.
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
    tags, folder = run.data.tags, Path(run.data.tags[FOLDER_TAG])
    if not is_here(tags) or not folder.is_dir():
        if is_silent(tags):
            _kill(client, run)
        return
    try:
        outbox = Outbox(folder)
    except (BlockingIOError, PermissionError):
        return  # alive, or another user's
    except (FileNotFoundError, ValueError):  # ended, killed before it had an outbox, or damaged
        if process_lives(tags) or not _is_running(client, run):
            return
        outbox = _new_outbox(client, run, folder)
    if outbox.run.get("run_id") != run.info.run_id:  # of another run in the same folder
        outbox.close()
        _kill(client, run)
        return
    try:
        left = finish(client, outbox)
    except TrackingError:  # its artifacts have no place any more: what it wrote stays with it
        _kill(client, run)
        raise
    log.warning(
        "Run %s (%s) had died, or ended while the store was away: it is %s now%s",
        run.info.run_name,
        run.info.run_id,
        client.get_run(run.info.run_id).info.status,
        f", and {left} entries wait in {folder}" if left else "",
    )


def _is_running(client: "MlflowClient", run: "StoredRun") -> bool:
    """Whether the store still says that a run goes on: it may have ended since it was found."""
    return bool(client.get_run(run.info.run_id).info.status == "RUNNING")


def _kill(client: "MlflowClient", run: "StoredRun") -> None:
    if not _is_running(client, run):
        return
    client.set_tag(run.info.run_id, "error", _ERROR)
    client.set_terminated(run.info.run_id, "KILLED")
    log.warning("Run %s (%s) had died: it is KILLED now", run.info.run_name, run.info.run_id)


def identity(client: "MlflowClient", run_id: str, experiment: str) -> dict[str, str]:
    """What names a run in its outbox: ids of the run and of its experiment, and the store.

    The store is named without its password.
    """
    uri = without_passwords(client.tracking_uri)
    if (database := database_file(uri)) is not None:  # it may be read from another folder
        uri = f"sqlite:///{quote(str(database.absolute()))}"
    return {"run_id": run_id, "experiment_id": experiment, "uri": uri}


def _new_outbox(client: "MlflowClient", run: "StoredRun", folder: Path) -> Outbox:
    """An outbox for a run that has none; a damaged one is renamed."""
    with suppress(FileNotFoundError):
        (folder / NAME).replace(folder / "outbox.damaged.jsonl")
    return Outbox(folder, identity(client, run.info.run_id, run.info.experiment_id))


def finish(client: "MlflowClient", outbox: Outbox) -> int:
    """Sends what a run has left in its outbox, closes the run, and ends the outbox.

    Args:
        client: of the store.
        outbox: that the process of the run has left.

    Returns:
        How many entries could not be sent.

    Raises:
        TrackingError: the run goes on elsewhere, or its artifacts have no place any more.
        MlflowException: there is no such run, or the store has trouble.
    """
    folder = outbox.file.parent
    try:
        run = client.get_run(str(outbox.run["run_id"]))
        check_place(client, client.tracking_uri, client.get_experiment(run.info.experiment_id))
        ended = any(entry["call"] == "end" for entry in outbox.entries())
        if not ended and run.info.status == "RUNNING":
            _require_dead(run, folder)
            _complete(outbox, folder)
    except BaseException:
        outbox.close()
        raise
    delivery = Delivery(client, run.info.run_id, run.info.artifact_uri, folder)
    outbox.start(delivery, lambda: None, without_passwords(client.tracking_uri))
    return outbox.close()


def _require_dead(run: "StoredRun", folder: Path) -> None:
    """Requires that a folder is not the copy of a living run's."""
    tags = run.data.tags
    own = Path(tags.get(FOLDER_TAG, ""))
    if own == folder or not is_here(tags):
        return
    if process_lives(tags):
        raise TrackingError(f"{folder} is a copy of {own}, whose run goes on")


def _complete(outbox: Outbox, folder: Path) -> None:
    """Adds the entries that the process of a run would have written at its end."""
    remove_leftovers(folder)
    outbox.put("tags", values={"error": _ERROR})
    put_files(outbox, folder)
    outbox.put("end", status="KILLED", time=int(time.time() * 1000))


def put_files(outbox: Outbox, folder: Path) -> None:
    """Adds the last files of a run: its checkpoints, which are moved, and its logs."""
    for path in sorted(folder.glob("checkpoints/*.ckpt")):
        outbox.put("checkpoint", name=path.relative_to(folder).as_posix())
    for path in sorted(folder.glob("*.log")):
        outbox.put("file", name=path.name, folder="logs")


def remove_leftovers(folder: Path) -> None:
    """Removes temporary files of the process of a run."""
    parts = [*folder.glob(".*.part"), *folder.glob("checkpoints/.*.part")]
    with suppress(OSError):
        for path in (folder / RESERVE_FILE, *parts):
            path.unlink(missing_ok=True)


def sync(folder: Path, uri: str | None = None) -> str:
    """Sends what a run has left in its outbox.

    Args:
        folder: of the run.
        uri: of the store; None for the one that the run was opened in.

    Raises:
        TrackingError: no such folder, a run that goes on, or a store that does not take
            everything.
    """
    if not folder.is_dir():
        raise TrackingError(f"{folder} is not a folder: expected the folder of a run")
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
    count = outbox.waiting
    try:
        client = _connected(uri or _address(outbox))
    except BaseException:
        outbox.close()
        raise
    store = without_passwords(client.tracking_uri)
    if left := finish(client, outbox):
        raise TrackingError(
            f"{folder}: {left} entries could not be sent to {store}; try again when it is back"
        )
    return f"sent {count} entries of run {outbox.run['run_id']} to {store}"


def _connected(uri: str) -> "MlflowClient":
    """A client of a store that is there.

    Raises:
        TrackingError: it is not, or cannot be used.
    """
    try:
        require_store(uri)
        return connect(uri)
    except TrackingError as error:
        why = str(error).partition(";")[0]  # the rest is advice for trainings
        raise TrackingError(f"{why}; name another store by --tracking-uri") from error


def _address(outbox: Outbox) -> str:
    """The store that a run was opened in.

    Raises:
        TrackingError: the outbox does not name it, or not its password.
    """
    if not {"run_id", "uri"} <= set(outbox.run):
        raise TrackingError(f"{outbox.file} does not name its run: its first lines are damaged")
    address = str(outbox.run["uri"])
    if "***" in address:
        raise TrackingError(
            f"{address} needs its password, which no run keeps: give it by --tracking-uri or "
            "MLFLOW_TRACKING_URI"
        )
    return address
