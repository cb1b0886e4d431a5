"""Runs in the MLflow store of the working folder."""

import os
from pathlib import Path

import mlflow
from mlflow.entities import Run


def store_uri(place: Path) -> str:
    """The address of the database in a folder."""
    return f"sqlite:///{place / 'mlflow.db'}"


def runs() -> list[Run]:
    """The runs of the experiment `resistor_cls`, the newest first."""
    client = mlflow.MlflowClient(os.environ["MLFLOW_TRACKING_URI"])
    found = client.get_experiment_by_name("resistor_cls")
    return client.search_runs([found.experiment_id]) if found else []


def artifact(run: Run, name: str = ".") -> Path:
    return Path(run.info.artifact_uri.removeprefix("file://")) / name


def artifacts(run: Run) -> set[str]:
    root = artifact(run)
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
