"""Sends the entries of an outbox to MLflow."""

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resistor_cls.errors import TrackingError, first_line
from resistor_cls.tracking.model.outputs import model_made_by
from resistor_cls.tracking.run.outbox import MAX_TOGETHER, Entry, Refused
from resistor_cls.tracking.store.connection import local_folder

if TYPE_CHECKING:
    from mlflow import MlflowClient

MAX_PARAMS = 100
# Errors that pass, in contrast to those of a value that MLflow cannot store.
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
# Pages that SQLAlchemy names in messages of errors that pass: a lost connection, a full pool, a
# transaction that was broken off. A server reports them as BAD_REQUEST, as it does a wrong value.
_PASSING_PAGE = re.compile(r"sqlalche\.me/e/\w+/(rvf5|e3q8|4xp6|2j85|3o7r|8s2b|dbapi)\b")
# A row that another run has made since MLflow looked for it, such as that of a data set that two
# runs use: the next attempt finds it.
_DUPLICATE_PAGE = re.compile(r"sqlalche\.me/e/\w+/gkpj\b")
RACES = 3  # attempts after which a duplicate is an error of the entry itself


class Delivery:
    """Sends the entries of a run to MLflow.

    Args:
        client: of the store.
        run_id: of the run.
        artifacts: address of the run's artifacts.
        folder: of the run, which names of files are relative to.
    """

    def __init__(self, client: "MlflowClient", run_id: str, artifacts: str, folder: Path) -> None:
        self._client, self._run_id, self._folder = client, run_id, folder
        self._place = local_folder(artifacts)
        self._model_id: str | None = None  # of the model that the run has made or evaluates
        self._begun: str | None = None  # of a model that this process has begun to save
        # The calls that a file may name.
        self._calls: dict[str, Callable[..., None]] = {
            "params": self._params,
            "metrics": self._metrics,
            "scores": self._scores,
            "tags": self._tags,
            "name": self._name,
            "data": self._data,
            "file": self._file,
            "model": self._model,
            "register": self._registered,
            "evaluated": self._evaluated,
            "checkpoint": self._checkpoint,
            "end": self._end,
        }

    def __call__(self, entry: Entry) -> None:
        """Sends an entry.

        Raises:
            Refused: MLflow will never take it.
            TrackingError: the run was deleted.
            OSError: disk full, no permission, or a server that cannot be reached.
            MlflowException: a failure of a server or a database.
        """
        call = self._calls.get(str(entry["call"]))
        if call is None:
            raise Refused("there is no such call")
        values = {key: value for key, value in entry.items() if key not in ("call", "together")}
        try:
            _despite_races(call, values)
        except FileNotFoundError as error:
            raise Refused(f"{error.filename} is gone") from error
        except Exception as error:
            # Failures of servers, networks and disks pass; their errors are of these kinds.
            if _passes(error):
                raise
            self._require_active()
            raise Refused(first_line(error)) from error

    def _require_active(self) -> None:
        if self._client.get_run(self._run_id).info.lifecycle_stage != "active":
            raise TrackingError(
                f"the run was deleted; `mlflow runs restore --run-id {self._run_id}` brings it back"
            )

    def _own(self, name: str) -> Path:
        """A file of the run.

        Raises:
            Refused: it is elsewhere. The file of an outbox may come from anyone.
        """
        folder = self._folder.resolve()
        path = (folder / name).resolve()
        if not path.is_relative_to(folder):
            raise Refused(f"{name} is not in the folder of the run")
        return path

    def _params(self, values: Mapping[str, str]) -> None:
        from mlflow.entities import Param

        entries = [Param(key, value) for key, value in values.items()]
        for start in range(0, len(entries), MAX_PARAMS):
            self._client.log_batch(self._run_id, params=entries[start : start + MAX_PARAMS])

    def _metrics(self, values: Sequence[tuple[str, float, int, int]]) -> None:
        from mlflow.entities import Metric

        entries = [Metric(*value) for value in values]
        for start in range(0, len(entries), MAX_TOGETHER):
            self._client.log_batch(self._run_id, metrics=entries[start : start + MAX_TOGETHER])

    def _tags(self, values: Mapping[str, str]) -> None:
        from mlflow.entities import RunTag

        self._client.log_batch(self._run_id, tags=[RunTag(*item) for item in values.items()])

    def _name(self, name: str) -> None:
        self._client.update_run(self._run_id, name=name)

    def _data(
        self,
        *,
        name: str,
        digest: str,
        photos: int,
        categories: int,
        use: str,
        source: str = "",
        folder: str = "",  # the source in outboxes up to version 0.2.0
    ) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag
        from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

        source = source or folder
        # MLflow's classes of sources differ in the key.
        kind, key = ("http", "url") if "://" in source else ("local", "uri")
        dataset = Dataset(
            name,
            digest,
            source_type=kind,
            source=json.dumps({key: source}),
            profile=json.dumps({"num_rows": photos, "categories": categories}),
        )
        tags = [InputTag(MLFLOW_DATASET_CONTEXT, use)]
        self._client.log_inputs(self._run_id, [DatasetInput(dataset, tags)])

    def _scores(
        self, values: Sequence[tuple[str, float, int, int]], name: str, digest: str
    ) -> None:
        """Metrics of the run's model, or of the model that it evaluates, on one data set."""
        from mlflow.entities import Metric

        model = self._known_model()
        metrics = [
            Metric(*value, model, dataset_name=name, dataset_digest=digest, run_id=self._run_id)
            for value in values
        ]
        self._client.log_batch(self._run_id, metrics=metrics)

    def _known_model(self) -> str | None:
        """The MLflow model that the run has made or evaluates, in any process."""
        if self._model_id is None:
            run = self._client.get_run(self._run_id)
            evaluated = run.inputs.model_inputs if run.inputs else ()
            self._model_id = evaluated[-1].model_id if evaluated else model_made_by(run)
        return self._model_id

    def _evaluated(self, run: str = "", model: str = "") -> None:
        """Links the model of a run, or a registered or logged model (`models:/…`)."""
        from mlflow.entities import LoggedModelInput

        from resistor_cls.tracking.registry.versions import model_id_of

        if model:
            name, _, version = model.removeprefix("models:/").partition("/")
            version_of_it = self._client.get_model_version(name, version) if version else None
            found = name if version_of_it is None else model_id_of(version_of_it)
        else:
            found = model_made_by(self._client.get_run(run))
        inputs = self._client.get_run(self._run_id).inputs
        linked = [one.model_id for one in inputs.model_inputs] if inputs else []
        if found and found not in linked:  # a second link of the same model would be an error
            self._client.log_inputs(self._run_id, models=[LoggedModelInput(found)])

    def _file(self, name: str, folder: str | None) -> None:
        self._client.log_artifact(self._run_id, str(self._own(name)), folder)

    def _checkpoint(self, name: str) -> None:
        """Moves a checkpoint; one that is missing was moved before."""
        path = self._own(name)
        if not path.exists():
            return
        if self._place is not None:
            # A rename needs no space, and a disk is never fuller than after a training.
            kept = self._place / "checkpoints" / path.name
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, kept)
        else:
            self._client.log_artifact(self._run_id, str(path), "checkpoints")
            path.unlink()
        with suppress(OSError):  # others are left
            path.parent.rmdir()

    def _model(
        self,
        *,
        checkpoint: str,
        record: Mapping[str, Any],
        step: int,
        example: Mapping[str, Any] | None = None,  # outboxes of version 0.1.0 have none
        categories: object = None,  # unused; outboxes up to version 0.2.0 have both
        channels: object = None,
    ) -> None:
        from resistor_cls.tracking.model.example import decoded
        from resistor_cls.tracking.model.logged_model import save_logged_model

        if self._begun is None:
            self._begun = self._unfinished_model() or self._new_model(step)
        self._model_id = self._begun
        save_logged_model(
            self._client,
            self._run_id,
            self._begun,
            self._own(checkpoint),
            metadata=record,
            example=None if example is None else decoded(example),
        )
        self._begun = None

    def _unfinished_model(self) -> str | None:
        """The model that another process, which has died, has begun to save."""
        outputs = self._client.get_run(self._run_id).outputs
        made = [one.model_id for one in outputs.model_outputs] if outputs else []
        ready = "READY"
        unfinished = (one for one in made if self._client.get_logged_model(one).status != ready)
        return next(unfinished, None)

    def _new_model(self, step: int) -> str:
        """Makes a model of the run; a second link of the same model would be an error."""
        from mlflow.entities import LoggedModelOutput

        # Explicitly: MLflow would use the experiment that the process has set.
        run = self._client.get_run(self._run_id)
        made = self._client.create_logged_model(
            run.info.experiment_id, "model", self._run_id, params=run.data.params
        )
        self._client.log_outputs(self._run_id, [LoggedModelOutput(made.model_id, step)])
        return str(made.model_id)

    def _registered(self) -> None:
        from resistor_cls.tracking.registry.versions import register

        model = self._known_model()
        if model is None:
            raise Refused("the run has no model")
        register(self._client, model, self._run_id)

    def _end(self, status: str, time: int) -> None:
        self._client.set_terminated(self._run_id, status, time)


def _passes(error: Exception) -> bool:
    """Whether an entry is sent again after an error, unchanged."""
    if isinstance(error, OSError):  # of networks and disks
        return True
    code = getattr(error, "error_code", None)
    return code in _PASSING or bool(_PASSING_PAGE.search(str(error)))


def _despite_races(call: Callable[..., None], values: Mapping[str, Any]) -> None:
    """Calls again where another run was faster."""
    for left in range(RACES, -1, -1):
        try:
            call(**values)
        except Exception as error:
            if not left or not _DUPLICATE_PAGE.search(str(error)):
                raise
        else:
            return
