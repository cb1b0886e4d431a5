"""How each entry of an outbox gets into MLflow."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import requires
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resistor_cls.errors import TrackingError
from resistor_cls.tracking.outbox import Entry, Refused
from resistor_cls.tracking.store import local_folder

if TYPE_CHECKING:
    from mlflow import MlflowClient

MOST = 1000  # metrics that MLflow takes at once
MOST_PARAMS = 100
# What ends by itself, in contrast to a value that MLflow cannot keep.
_PASSING = frozenset(
    {
        "INTERNAL_ERROR",
        "TEMPORARILY_UNAVAILABLE",
        "IO_ERROR",
        "DEADLINE_EXCEEDED",
        "RESOURCE_EXHAUSTED",
        "REQUEST_LIMIT_EXCEEDED",
        "UNAUTHENTICATED",
        "PERMISSION_DENIED",
        "ENDPOINT_NOT_FOUND",
        "UNPARSEABLE_HTTP_ERROR",
    }
)


class Delivery:
    """Hands the entries of a run to MLflow.

    Args:
        client: of the store.
        run_id: of the run.
        artifacts: address of the run's artifacts.
        folder: of the run, which names of files are relative to.
    """

    def __init__(self, client: "MlflowClient", run_id: str, artifacts: str, folder: Path) -> None:
        self._client, self._run_id, self._folder = client, run_id, folder
        self._place = local_folder(artifacts)
        self._model_id: str | None = None
        # By name, as they stand in files: a file names nothing else.
        self._calls: dict[str, Callable[..., None]] = {
            "params": self._params,
            "metrics": self._metrics,
            "tags": self._tags,
            "data": self._data,
            "file": self._file,
            "model": self._model,
            "checkpoint": self._checkpoint,
            "end": self._end,
        }

    def __call__(self, entry: Entry) -> None:
        """Hands an entry over.

        Raises:
            Refused: MLflow will never take it.
            TrackingError: the run was deleted.
            OSError: no room, no permission, or a server that cannot be reached.
            MlflowException: a server or a database that has trouble.
        """
        call = self._calls.get(str(entry["call"]))
        if call is None:
            raise Refused("there is no such call")
        try:
            call(**{key: value for key, value in entry.items() if key != "call"})
        except FileNotFoundError as error:
            raise Refused(f"{error.filename} is gone") from error
        except Exception as error:
            # Servers, networks and disks come back; their errors are of these kinds.
            if isinstance(error, OSError) or getattr(error, "error_code", None) in _PASSING:
                raise
            self._require_active()
            reason = str(error).strip().splitlines()[0] if str(error).strip() else ""
            raise Refused(reason or type(error).__name__) from error

    def _require_active(self) -> None:
        if self._client.get_run(self._run_id).info.lifecycle_stage != "active":
            raise TrackingError(
                f"the run was deleted; `mlflow runs restore --run-id {self._run_id}` brings it back"
            )

    def _own(self, name: str) -> Path:
        """A file of the run.

        Raises:
            Refused: it lies elsewhere. The file of an outbox may be anybody's.
        """
        folder = self._folder.resolve()
        path = (folder / name).resolve()
        if not path.is_relative_to(folder):
            raise Refused(f"{name} is not in the folder of the run")
        return path

    def _params(self, values: Mapping[str, str]) -> None:
        from mlflow.entities import Param

        entries = [Param(key, value) for key, value in values.items()]
        for start in range(0, len(entries), MOST_PARAMS):
            self._client.log_batch(self._run_id, params=entries[start : start + MOST_PARAMS])

    def _metrics(self, values: Sequence[tuple[str, float, int, int]]) -> None:
        from mlflow.entities import Metric

        entries = [Metric(*value) for value in values]
        for start in range(0, len(entries), MOST):
            self._client.log_batch(self._run_id, metrics=entries[start : start + MOST])

    def _tags(self, values: Mapping[str, str]) -> None:
        from mlflow.entities import RunTag

        self._client.log_batch(self._run_id, tags=[RunTag(*item) for item in values.items()])

    def _data(self, name: str, fingerprint: str, source: str) -> None:
        from mlflow.entities import Dataset, DatasetInput

        dataset = Dataset(name, fingerprint, source_type="local", source=source)
        self._client.log_inputs(self._run_id, [DatasetInput(dataset)])

    def _file(self, name: str, folder: str | None) -> None:
        self._client.log_artifact(self._run_id, str(self._own(name)), folder)

    def _checkpoint(self, name: str) -> None:
        """Moves a checkpoint; one that is absent was moved before."""
        path = self._own(name)
        if not path.exists():
            return
        if self._place is not None:
            # A rename takes no room, and a disk is never fuller than after a training.
            kept = self._place / "checkpoints" / path.name
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, kept)
        else:
            self._client.log_artifact(self._run_id, str(path), "checkpoints")
            path.unlink()
        with suppress(OSError):  # there are others yet
            path.parent.rmdir()

    def _model(self, checkpoint: str, record: Mapping[str, Any], channels: int) -> None:
        import mlflow
        import numpy as np
        from mlflow.models import Model, ModelSignature
        from mlflow.types import Schema, TensorSpec

        package = Path(__file__).parents[1]
        photos = TensorSpec(np.dtype(np.uint8), (-1, -1, -1, channels))
        if self._model_id is None:  # else a try before has made it
            # By name and run: MLflow itself would take the experiment that a process has set.
            run = self._client.get_run(self._run_id)
            made = self._client.create_logged_model(
                run.info.experiment_id, "model", self._run_id, params=run.data.params
            )
            self._model_id = made.model_id
        Model.log(
            None,
            model_id=self._model_id,
            flavor=mlflow.pyfunc,
            flavor_name="pyfunc.ModelFromCode",
            run_id=self._run_id,
            # A script instead of an object: nothing is pickled.
            python_model=str(package / "tracking" / "served_model.py"),
            artifacts={"checkpoint": str(self._own(checkpoint))},
            code_paths=[str(package)],
            pip_requirements=[
                line for line in requires("resistor_cls") or [] if "extra ==" not in line
            ],
            signature=ModelSignature(inputs=Schema([photos])),
            metadata=dict(record),
        )

    def _end(self, status: str, time: int) -> None:
        self._client.set_terminated(self._run_id, status, time)
