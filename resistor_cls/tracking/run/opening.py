"""The life of a run: opened, and closed on every outcome."""

import logging
import os
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from resistor_cls.errors import ConfigError, TrackingError, nearest, without_passwords
from resistor_cls.processes import is_first
from resistor_cls.tracking.run.commit import code_tags
from resistor_cls.tracking.run.dead_runs import RESERVE_FILE, close_dead_runs, identity
from resistor_cls.tracking.run.delivery import Delivery
from resistor_cls.tracking.run.liveness import HEARTBEAT_TAG, heartbeat, signs_of_life
from resistor_cls.tracking.run.outbox import Outbox
from resistor_cls.tracking.run.reopening import Logged, reopened
from resistor_cls.tracking.run.run import Run, milliseconds
from resistor_cls.tracking.run.system_metrics import measuring
from resistor_cls.tracking.run.unfinished import has_finished, has_stopped
from resistor_cls.tracking.store.connection import connect, experiment_id

if TYPE_CHECKING:
    from mlflow import MlflowClient

log = logging.getLogger("resistor_cls")

KINDS = ("mlflow", "none")
# Names the parent run of a sweep. Launchers may run jobs in other processes: the environment
# reaches them all.
PARENT = "RESISTOR_CLS_PARENT_RUN"
# Bytes that are freed at the end, so that even on a full disk the store can say how a run ended.
RESERVE = 1 << 20
KILLED_GRACE = 5.0  # seconds; see `resistor_cls.tracking.run.outbox.GRACE`


@contextmanager
def open_run(
    output: str | Path,
    *,
    kind: str = "mlflow",
    uri: str = "sqlite:///mlflow.db",
    experiment: str = "resistor_cls",
    artifacts: str = "mlartifacts",
    name: str | None = None,
    system_metrics: bool = True,
    log_model: bool = True,
    register: bool = False,
    tags: Mapping[str, str] | None = None,
    run_id: str | None = None,
) -> Iterator[Run]:
    """Opens a run, and closes it on every outcome.

    What is needed to continue a training goes once it has finished.

    Args:
        output: folder of the results.
        kind: `mlflow`, or `none` for the folder alone.
        uri: of the MLflow store.
        experiment: name of the experiment.
        artifacts: folder of a new experiment's artifacts, for a store that is a database.
        name: of the run; by default MLflow invents one.
        system_metrics: keep the use of processor, memory, disk and GPU.
        log_model: keep the best weights as an MLflow model too, beside the checkpoints.
        register: register that model as the next version of `resistor_cls`.
        tags: labels of the run from its beginning.
        run_id: of an interrupted run that is continued in its folder `output`; None opens a new
            one.

    Raises:
        ConfigError: an unknown kind.
        TrackingError: a store that cannot be used when the run begins; later ones are reported,
            and end no run. A run that cannot be continued, see `reopened`.
    """
    if kind not in KINDS:
        raise ConfigError(f"tracking.kind={kind}: {nearest(kind, KINDS)}")
    if not is_first():  # the first of several processes keeps the run; the others train along
        with tempfile.TemporaryDirectory(prefix="resistor_cls-") as folder:
            yield Run(Path(folder))
        return
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    if kind == "none":
        with _continuable(output):
            yield Run(output)
        return
    client = connect(uri)
    close_dead_runs(client, uri)
    logged = Logged()
    if run_id is None:
        number = experiment_id(client, uri, experiment, artifacts)
        tags = {**(tags or {}), **_child_tags(), **signs_of_life(output)}
        outbox = _opened(client, number, name, tags, output)
    else:
        outbox, logged = reopened(client, run_id, output)
    _start(client, outbox, output)
    with _continuable(output):
        run = Run(output, outbox, log_model, register, logged)
        yield from _kept(run, outbox, uri, system_metrics)


def _kept(run: Run, outbox: Outbox, uri: str, system_metrics: bool) -> Iterator[Run]:
    """Yields a run, and closes it on every outcome."""
    output = run.output
    reserve = output / RESERVE_FILE
    status, kept = "FAILED", False
    try:
        with measuring(outbox, run.system_steps) if system_metrics else nullcontext():
            reserve.write_bytes(bytes(RESERVE))
            run.set_tags(code_tags())
            yield run
        reserve.unlink(missing_ok=True)
        run.keep_files()
        status = "FINISHED"
    except BaseException as error:
        status = "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"
        reserve.unlink(missing_ok=True)
        with best_effort():
            run.set_tags({"error": f"{type(error).__name__}: {error}"})
            run.save_text("logs/error.txt", "".join(traceback.format_exception(error)))
        with best_effort():
            kept = (output / "checkpoints" / "last.ckpt").exists()
            run.keep_files()
        raise
    finally:
        _close(outbox, status, uri)
        if status == "KILLED" and kept:
            log.warning("Kept: runs:/%s/checkpoints/last.ckpt", run.run_id)


def _opened(
    client: "MlflowClient", number: str, name: str | None, tags: Mapping[str, str], output: Path
) -> Outbox:
    """Opens a run in the store, and its outbox, which is not started."""
    from mlflow.exceptions import MlflowException
    from mlflow.tracking.context.registry import resolve_tags

    uri = without_passwords(client.tracking_uri)
    try:
        info = client.create_run(number, run_name=name, tags=resolve_tags(dict(tags))).info
    except MlflowException as error:
        raise TrackingError(f"tracking.uri={uri} cannot open a run: {error}") from error
    try:
        return Outbox(output, identity(client, info.run_id, number))
    except FileExistsError as error:
        client.set_terminated(info.run_id, "FAILED")
        raise TrackingError(
            f"{output} holds what another run has not sent yet: send it by "
            f"`python -m resistor_cls.sync {output}`, or choose another folder"
        ) from error


def _start(client: "MlflowClient", outbox: Outbox, output: Path) -> None:
    """Lets an outbox send to its run."""
    run_id = str(outbox.run["run_id"])

    def beat() -> None:
        client.set_tag(run_id, HEARTBEAT_TAG, heartbeat())

    artifacts = client.get_run(run_id).info.artifact_uri
    store = without_passwords(client.tracking_uri)
    outbox.start(Delivery(client, run_id, artifacts, output), beat, store)


@contextmanager
def _continuable(output: Path) -> Iterator[None]:
    """Says how a training that stops is continued; removes what that needs once it has finished."""
    try:
        yield
    except BaseException:
        left = has_stopped(output)
        if left is not None and any(left.states.glob("[0-9]*")):
            log.warning("Continue it by the same command and trainer.resume=%s", left.name)
        raise
    has_finished(output)


def _close(outbox: Outbox, status: str, uri: str) -> None:
    """Sends what is left, and says what could not be sent and how it will be."""
    left = None
    try:
        with best_effort():
            outbox.put("end", status=status, time=milliseconds())
        if status == "KILLED":  # who interrupts a run wants it to end now
            left = outbox.close(KILLED_GRACE, busy=KILLED_GRACE)
        else:
            left = outbox.close()
    finally:
        if left != 0:
            folder = outbox.file.parent
            log.warning(
                "Not everything of the run is in %s yet: %s in %s. Any later command of ours on "
                "that store sends it, or: python -m resistor_cls.sync %s",
                without_passwords(uri),
                "the rest waits" if left is None else f"{left} entries wait",
                folder,
                folder,
            )


def _child_tags() -> dict[str, str]:
    parent = os.environ.get(PARENT)
    return {"mlflow.parentRunId": parent} if parent else {}


@contextmanager
def best_effort() -> Iterator[None]:
    """While an error is on its way to the user, a second one must not hide it."""
    try:
        yield
    except Exception as error:
        logging.getLogger(__name__).warning("the run could not be closed completely: %s", error)
