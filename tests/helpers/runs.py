"""Runs in the MLflow store of the working folder."""

import os
from pathlib import Path
from typing import Any

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


def metrics_of(run: Run) -> dict[str, list[tuple[int, str]]]:
    """Every logged value with its step; those of the machine are left out."""
    client, run_id = mlflow.MlflowClient(os.environ["MLFLOW_TRACKING_URI"]), run.info.run_id
    return {
        name: sorted((one.step, repr(one.value)) for one in client.get_metric_history(run_id, name))
        for name in run.data.metrics
        if not name.startswith("system/")
    }


def weights_of(run: Run) -> dict[str, Any]:
    import torch  # takes longer than all that a run in another process does

    return {
        name: torch.load(artifact(run, f"checkpoints/{name}"), weights_only=True)["state_dict"]
        for name in ("best.ckpt", "last.ckpt")
    }


def assert_equal(run: Run, expected: Run) -> None:
    """Two trainings that have finished with the same metrics, files and weights."""
    import torch

    assert run.info.status == expected.info.status == "FINISHED"
    assert metrics_of(run) == metrics_of(expected)
    assert artifacts(run) - {"logs/error.txt"} == artifacts(expected)
    for name, weights in weights_of(expected).items():
        found = weights_of(run)[name]
        assert all(torch.equal(found[key], value) for key, value in weights.items()), name
