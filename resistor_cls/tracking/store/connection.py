"""The MLflow store: where runs are kept, whether it can be used, how a new one is made."""

import logging
import os
import socket
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from resistor_cls.errors import ConfigError, TrackingError, first_line, without_passwords
from resistor_cls.tracking.store.drivers import check_driver
from resistor_cls.tracking.store.views import best_first

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Run

# MLflow's UI shows an experiment of this kind with training runs in front.
_KIND = {"mlflow.experimentKind": "custom_model_development"}
PATIENCE = 5.0  # seconds for a server to accept a connection; MLflow itself retries for minutes
REPLY = 20.0  # seconds for its first reply
SCHEMES = ("sqlite", "postgresql", "mysql", "mssql", "http", "https", "databricks")
SERVED = ("http", "https", "databricks")
# MLflow reads these when it is imported or calls a server. The outbox of a run tries again by
# itself, so that one call need not last for minutes (MLflow's own: 7 retries, 120 s each).
_ENVIRONMENT = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",  # bars would only scroll the epochs away
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # commands say where a run is themselves
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}
# What these log is raised too, and reported once.
_SILENCED = ("mlflow", "alembic", "urllib3")
# Advice of MLflow when a model is saved: type hints, and an input example made of private photos.
_UNASKED = r"(?s).*([Tt]ype hint|input example)"


def check_store(uri: str) -> None:
    """Checks, in seconds, that a tracking store can be used.

    Raises:
        ConfigError: an address of a kind that MLflow cannot use.
        TrackingError: a server that does not answer, a database that cannot be written.
    """
    parts = urlsplit(uri)
    if parts.scheme.partition("+")[0] not in SCHEMES:
        raise ConfigError(
            f"tracking.uri={uri}: expected sqlite:///FILE.db or http://HOST:PORT "
            "(MLflow no longer takes a plain folder)"
        )
    check_driver(uri)
    if parts.scheme in ("http", "https"):
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            socket.create_connection((parts.hostname or "", port), PATIENCE).close()
        except OSError as error:
            raise TrackingError(
                f"tracking.uri={uri}: nothing answers there ({error}); start the server with "
                f"`mlflow server --port {port}`, or train with tracking=none"
            ) from error
    if (database := database_file(uri)) is not None:
        folder = database.parent
        writable = database if database.exists() else folder
        if not folder.is_dir() or not os.access(writable, os.W_OK):
            raise TrackingError(
                f"tracking.uri={uri}: {writable.absolute()} cannot be written; choose another "
                "place, or train with tracking=none"
            )


def database_file(uri: str) -> Path | None:
    """The file of a SQLite store; None for a store of another kind."""
    if urlsplit(uri).scheme.partition("+")[0] != "sqlite":
        return None
    return Path(unquote(uri.partition(":///")[2].partition("?")[0]))  # as SQLAlchemy reads it


def require_store(uri: str) -> None:
    """Requires that a SQLite file is there: opening it would make one.

    Raises:
        TrackingError: it is absent or empty.
    """
    file = database_file(uri)
    if file is not None and not (file.is_file() and file.stat().st_size):
        raise TrackingError(f"no store at {uri}: {file.absolute()} does not exist or is empty")


def connect(uri: str) -> "MlflowClient":
    """A client of a store that was checked; sets up the database of a new one.

    Raises:
        ConfigError: see `check_store`.
        TrackingError: a store that cannot be used.
    """
    for key, value in _ENVIRONMENT.items():
        os.environ.setdefault(key, value)
    import mlflow

    for name in _SILENCED:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", message=_UNASKED)
    check_store(uri)
    try:
        with _one_at_a_time(uri):
            if (database := database_file(uri)) is not None:
                from resistor_cls.tracking.store.database import make_database

                make_database(database)
            mlflow.set_tracking_uri(uri)
            mlflow.set_registry_uri(uri)
            client = mlflow.MlflowClient(uri, uri)
            _require_reply(client, uri)
    except TrackingError:
        raise
    except Exception as error:  # every database driver has its own errors
        raise TrackingError(f"tracking.uri={uri} cannot be used: {first_line(error)}") from error
    return client


def _require_reply(client: "MlflowClient", uri: str) -> None:
    """Asks a store for something small; of a server, waits no longer than `REPLY`.

    Raises:
        TrackingError: a server that takes connections, and does not reply.
        Exception: whatever MLflow raises.
    """
    if urlsplit(uri).scheme not in SERVED:
        client.search_experiments(max_results=1)
        return
    failures: list[Exception] = []

    def ask() -> None:
        try:
            client.search_experiments(max_results=1)
        except Exception as error:  # raised below, in the thread that waits
            failures.append(error)

    # One that sends a byte a second would never run into the time limit of a request.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(REPLY)
    if asking.is_alive():
        raise TrackingError(
            f"tracking.uri={uri}: it takes connections, but does not reply within {REPLY:g} "
            "seconds; start the server again, or train with tracking=none"
        )
    if failures:
        raise failures[0]


@contextmanager
def _one_at_a_time(uri: str) -> Iterator[None]:
    """Holds all other processes of ours back while one makes the tables of a new database.

    Two that make them at once each find columns that the other has just added.
    """
    scheme = urlsplit(uri).scheme
    if (database := database_file(uri)) is not None:
        import fcntl

        # The folder itself is locked: a file for it would be left behind.
        folder = os.open(database.absolute().parent, os.O_RDONLY)
        try:
            with suppress(OSError):  # some network file systems lock no folders
                fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)
    elif scheme.startswith(("postgresql", "mysql")):
        from sqlalchemy import create_engine, text

        lock = "pg_advisory_lock(20260)" if scheme[0] == "p" else "GET_LOCK('resistor_cls', 300)"
        engine = create_engine(uri)
        try:
            with engine.connect() as connection:  # its end gives the lock back
                connection.execute(text(f"SELECT {lock}"))
                yield
        finally:
            engine.dispose()
    else:  # a server makes its tables before it answers
        yield


def experiment_id(client: "MlflowClient", uri: str, name: str, artifacts: str) -> str:
    """The experiment of a name, created where it is absent.

    Args:
        client: of the store.
        uri: of the store.
        name: of the experiment.
        artifacts: folder for the artifacts of a new experiment; a server keeps its own.

    Raises:
        TrackingError: an experiment that was deleted, or whose artifacts cannot be kept.
    """
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return client.create_experiment(
                name, artifact_location=_new_place(uri, artifacts), tags=_KIND | best_first()
            )
        except MlflowException:  # another job created it meanwhile
            found = client.get_experiment_by_name(name)
    if found is None or found.lifecycle_stage != "active":
        raise TrackingError(
            f"tracking.experiment={name} was deleted in {uri}: restore it, or choose another name"
        )
    check_place(client, uri, found)
    number = str(found.experiment_id)
    for key, value in (_KIND | best_first()).items():
        if key not in found.tags:  # made by another version, or by another program
            with suppress(MlflowException):  # may be read alone
                client.set_experiment_tag(number, key, value)
    return number


def children_of(uri: str, experiment: str, parent: str) -> "Sequence[Run]":
    """The runs of a sweep's jobs, the first that began first.

    Raises:
        TrackingError: see `connect`.
        MlflowException: the store does not reply.
    """
    client = connect(uri)
    found = client.get_experiment_by_name(experiment)
    return client.search_runs(
        [found.experiment_id] if found else [],
        f"tags.`mlflow.parentRunId` = '{parent}'",
        order_by=["attributes.start_time ASC"],
    )


def _new_place(uri: str, artifacts: str) -> str | None:
    """The address of a new experiment's artifacts, made and tried before MLflow notes it for ever.

    Raises:
        TrackingError: a folder that cannot be written.
    """
    if urlsplit(uri).scheme in SERVED:
        return None
    if urlsplit(artifacts).scheme not in ("", "file"):  # such as s3://BUCKET/FOLDER
        return artifacts
    # Absolute: the UI may be started from another folder than the training.
    place = local_folder(artifacts) or Path(artifacts)
    place = place.expanduser().absolute()
    _require_writable(place, f"tracking.artifacts={artifacts}", "choose another folder")
    return place.as_uri()


def check_place(client: "MlflowClient", uri: str, experiment: "Experiment") -> None:
    """Refuses to write artifacts where the store has been once, and is no more.

    Raises:
        TrackingError: the folder is gone, or cannot be written.
    """
    require_place(client, uri, experiment)
    place = local_folder(experiment.artifact_location)
    if urlsplit(uri).scheme not in SERVED and place is not None:
        what = f"tracking.experiment={experiment.name} keeps its artifacts in {place}"
        _require_writable(place, what, _remedy(uri))


def require_place(client: "MlflowClient", uri: str, experiment: "Experiment") -> None:
    """Requires that the artifacts of an experiment are where the store says.

    Raises:
        TrackingError: their folder is gone.
    """
    place = local_folder(experiment.artifact_location)
    if urlsplit(uri).scheme in SERVED or place is None or place.is_dir():
        return
    if not _is_new(client, uri, experiment, place):
        remedy = _remedy(uri)
        raise TrackingError(
            f"tracking.experiment={experiment.name} keeps its artifacts in {place}, which is gone: "
            f"was the store in {uri} moved? {remedy[0].upper()}{remedy[1:]}"
        )


def _remedy(uri: str) -> str:
    return (
        "tell the store where the artifacts are now (python -m resistor_cls.relocate "
        f"--tracking-uri {without_passwords(uri)}), bring the folder back, or choose another "
        "experiment by tracking.experiment=…"
    )


def _is_new(client: "MlflowClient", uri: str, experiment: "Experiment", place: Path) -> bool:
    """Whether a folder of artifacts that is absent may be made: nothing can have been in it.

    A folder beside the database, where it was from the beginning, was removed by its owner.
    """
    database = database_file(uri)
    if database is not None and database.absolute().parent == place.parent:
        return True
    return not client.search_runs([experiment.experiment_id], max_results=1)


def _require_writable(place: Path, what: str, remedy: str) -> None:
    """Makes a folder where it is absent.

    Raises:
        TrackingError: it cannot be made or written.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrackingError(
            f"{what}: {place} cannot be made ({error.strerror}); {remedy}"
        ) from error
    if not os.access(place, os.W_OK):
        raise TrackingError(f"{what}: {place} cannot be written; {remedy}")


def local_folder(address: str) -> Path | None:
    """The folder of an artifact address; None for one that is not on this machine."""
    parts = urlsplit(address)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return Path(address) if parts.scheme == "" else None
