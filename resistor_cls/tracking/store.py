"""The MLflow store: where runs are kept, whether it can be used."""

import logging
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from resistor_cls.errors import ConfigError, TrackingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow's UI shows an experiment of this kind with training runs in front.
_EXPERIMENT = {"mlflow.experimentKind": "custom_model_development"}
PATIENCE = 5.0  # seconds for a server to accept a connection; MLflow itself retries for minutes
SCHEMES = ("sqlite", "postgresql", "mysql", "mssql", "http", "https", "databricks")


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
    if parts.scheme == "sqlite":
        database = Path(uri.removeprefix("sqlite:///"))
        folder = database.parent
        writable = database if database.exists() else folder
        if not folder.is_dir() or not os.access(writable, os.W_OK):
            raise TrackingError(
                f"tracking.uri={uri}: {writable.absolute()} cannot be written; choose another "
                "place, or train with tracking=none"
            )


def connect(uri: str) -> "MlflowClient":
    """A client of a store that was checked; sets up the database of a new one."""
    # MLflow reads these once, when it is imported.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # what a run does is its owner's
    # Bars for single small files would only scroll the epochs away.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow

    for name in ("mlflow", "alembic"):  # what matters is raised, and told once
        logging.getLogger(name).setLevel(logging.CRITICAL)
    check_store(uri)
    try:
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        client = mlflow.MlflowClient(uri)
        client.search_experiments(max_results=1)
    except Exception as error:  # every database driver has errors of its own
        raise TrackingError(
            f"tracking.uri={uri} cannot be used: {str(error).strip().splitlines()[0]}"
        ) from error
    return client


def experiment_id(client: "MlflowClient", uri: str, name: str, artifacts: str) -> str:
    """The experiment of a name, created where it is absent.

    Args:
        client: of the store.
        uri: of the store.
        name: of the experiment.
        artifacts: folder for the artifacts of a new experiment; a server keeps its own.
    """
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        local = urlsplit(uri).scheme not in ("http", "https", "databricks")
        # Absolute: the UI may be started from another folder than the training.
        location = Path(artifacts).expanduser().absolute().as_uri() if local else None
        try:
            return client.create_experiment(name, artifact_location=location, tags=_EXPERIMENT)
        except MlflowException:  # another job created it meanwhile
            found = client.get_experiment_by_name(name)
    if found is None or found.lifecycle_stage != "active":
        raise TrackingError(
            f"tracking.experiment={name} was deleted in {uri}: restore it, or choose another name"
        )
    return str(found.experiment_id)


# Databases that MLflow can use, and the address whose driver our extra of the same name installs.
_DRIVERS = {
    "postgresql": "postgresql://",
    "mysql": "mysql+pymysql://",
    "mssql": "mssql+pyodbc://",
}


def check_driver(uri: str) -> None:
    """Checks that the driver of a database is installed.

    Raises:
        TrackingError: it is not; names what installs it, and nothing of the address but its kind.
    """
    scheme = urlsplit(uri).scheme
    database = scheme.partition("+")[0]
    if database not in _DRIVERS:
        return
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        make_url(f"{scheme}://").get_dialect().import_dbapi()
    except (ImportError, ArgumentError) as error:
        raise TrackingError(
            f"tracking.uri={scheme}://… needs a driver that is not installed ({error}): "
            f"pip install 'resistor_cls[{database}]', and write {_DRIVERS[database]}…"
        ) from error
