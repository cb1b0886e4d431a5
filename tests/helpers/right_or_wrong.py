"""Predictions of which it is known beforehand which are right, and runs that hold them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mlflow.entities import LoggedModelOutput

from resistor_cls.categories import Categories
from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.results import DataSet
from resistor_cls.tracking import open_run
from resistor_cls.tracking.run.delivery import Delivery
from resistor_cls.tracking.store.connection import connect

CATEGORIES = Categories(["1K_1-4W", "2K2_1-4W"])
PHOTOS = DataSet("folder photos", "0123456789abcdef", "/photos", photos=40, categories=2)


def predictions_of(
    right: Sequence[int] | np.ndarray,
    bursts: np.ndarray | None = None,
    labels: Sequence[int] | None = None,
) -> Predictions:
    """Predictions that are right where `right` is 1."""
    count = len(right)
    targets = np.arange(count) % 2 if labels is None else np.array(labels)
    likely = np.where(np.array(right, bool), targets, 1 - targets)
    return Predictions(
        tuple(f"{place}.jpg" for place in range(count)),
        np.arange(count),
        targets,
        np.eye(2, dtype=np.float32)[likely] * 0.8 + 0.1,
        np.zeros(count, np.float32),
        CATEGORIES,
        bursts=bursts,
    )


def trained(
    uri: str,
    output: Path,
    right: Sequence[int],
    photos: DataSet = PHOTOS,
    *,
    registered: bool = True,
    tags: dict[str, str] | None = None,
) -> str:
    """The id of a run as a training leaves it; its logged model has no files."""
    client = connect(uri)
    with open_run(output, uri=uri, system_metrics=False, tags=tags) as run:
        stored = client.get_run(run.run_id).info
        model = client.create_logged_model(stored.experiment_id, "model", run.run_id)
        client.log_outputs(run.run_id, [LoggedModelOutput(model.model_id, 0)])
        client.finalize_logged_model(model.model_id, "READY")
        run.save_table("predictions", predictions_of(right).table())
        run.log_data(photos, "validation")
        run.log_scores({"best/val/accuracy": float(np.mean(right))}, photos)
    if registered:
        Delivery(client, run.run_id, str(stored.artifact_uri), output)({"call": "register"})
    return run.run_id


def evaluated(uri: str, output: Path, model: str, right: Sequence[int], photos: DataSet) -> str:
    """The id of a run as `evaluate` leaves it."""
    with open_run(output, uri=uri, system_metrics=False) as run:
        run.log_evaluated(model)
        run.set_tags({"data.seen_in_training": f"0 of {len(right)}"})
        run.save_table("predictions", predictions_of(right).table())
        run.log_data(photos, "evaluation")
        run.log_scores({"test/accuracy": float(np.mean(right))}, photos)
    return run.run_id
