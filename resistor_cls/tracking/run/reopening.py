"""Opens the run of an interrupted training again, so that it continues in the same run."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from resistor_cls.errors import TrackingError, without_passwords
from resistor_cls.tracking.run.dead_runs import finish, identity
from resistor_cls.tracking.run.liveness import signs_of_life
from resistor_cls.tracking.run.outbox import NAME, Outbox
from resistor_cls.tracking.run.unfinished import has_finished

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run as StoredRun

CONTINUED_TAG = "run.continued"  # how often


@dataclass(frozen=True)
class Logged:
    """What the store has of a run that is continued.

    A training that continues repeats some steps, and each is logged once. MLflow refuses a
    parameter that changes.

    Attributes:
        steps: metric → steps.
        params: names of parameters.
    """

    steps: dict[str, set[int]] = field(default_factory=dict)
    params: frozenset[str] = frozenset()


def reopened(client: "MlflowClient", run_id: str, output: Path) -> tuple[Outbox, Logged]:
    """Opens a run again, in which no process works any more.

    Args:
        client: of the store; runs that died are closed in it.
        run_id: of the run.
        output: its folder.

    Returns:
        A new outbox, not started, and what the store has.

    Raises:
        TrackingError: a run that is absent, deleted, finished or alive, or a store that does not
            take what was left to be sent.
    """
    from mlflow.exceptions import MlflowException

    uri = without_passwords(client.tracking_uri)
    try:
        _send_rest(client, output)
        run = client.get_run(run_id)
        _require_idle(run, output)
        logged = _logged(client, run)
        client.update_run(run_id, status="RUNNING")
        if "error" in run.data.tags:
            client.delete_tag(run_id, "error")
        again = {CONTINUED_TAG: str(int(run.data.tags.get(CONTINUED_TAG, "0")) + 1)}
        for name, value in {**signs_of_life(output), **again}.items():
            client.set_tag(run_id, name, value)
    except MlflowException as error:
        raise TrackingError(f"run {run_id} cannot be continued in {uri}: {error}") from error
    return Outbox(output, identity(client, run_id, run.info.experiment_id)), logged


def _send_rest(client: "MlflowClient", output: Path) -> None:
    """Sends what an earlier process has left in the outbox."""
    try:
        outbox = Outbox(output)
    except FileNotFoundError:
        return
    except BlockingIOError as error:
        raise TrackingError(f"{output}: its run goes on in another process") from error
    except ValueError as error:
        raise TrackingError(
            f"{output / NAME} is damaged ({error}): remove it to continue without it"
        ) from error
    if left := finish(client, outbox):
        raise TrackingError(
            f"{output}: {left} entries of the run could not be sent to "
            f"{without_passwords(client.tracking_uri)}; try again when it is back"
        )


def _require_idle(run: "StoredRun", output: Path) -> None:
    name = f"run {run.info.run_id}"
    if run.info.lifecycle_stage != "active":
        raise TrackingError(
            f"{name} was deleted; `mlflow runs restore --run-id {run.info.run_id}` brings it back"
        )
    if run.info.status == "FINISHED":
        has_finished(output)
        raise TrackingError(f"{name} has finished: there is nothing to continue")
    if run.info.status == "RUNNING":
        raise TrackingError(f"{name} goes on in another process: wait until it has ended")


def _logged(client: "MlflowClient", run: "StoredRun") -> Logged:
    steps = {
        name: {point.step for point in client.get_metric_history(run.info.run_id, name)}
        for name in run.data.metrics
    }
    return Logged(steps, frozenset(run.data.params))
