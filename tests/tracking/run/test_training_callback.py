"""What a training leaves in its run."""

from pathlib import Path
from typing import Any

import mlflow
import pytest

from resistor_cls.data import PhotoDataModule
from resistor_cls.inference.describe import data_set, validation_overlap
from resistor_cls.inference.evaluate_model import predictions_of
from resistor_cls.inference.samples import input_example, sample_figures
from resistor_cls.model import build_trainer, fit
from resistor_cls.model.training.trainer import epochs_trained
from resistor_cls.tracking import Run, open_run
from resistor_cls.tracking.run.training_callback import RunCallback, Training
from tests.helpers.opened import opened, tiny

pytestmark = pytest.mark.usefixtures("blank_figures")


@pytest.fixture
def module(photos: Path, tmp_path: Path) -> PhotoDataModule:
    return opened(photos, tmp_path)


def trained(run: Run, data: PhotoDataModule, monitor: str | None, **options: Any) -> RunCallback:
    """The callback of a tiny training."""
    training = Training(
        predictions_of=lambda task: predictions_of(task.predictions, data, task.network.categories),
        samples=lambda: sample_figures(data, 6),
        epochs_of=epochs_trained,
        photos="validation photos of folder photos",
        validation_photos=len(data.validation_indices),
        overlap=validation_overlap(data).warning,
        monitor=monitor,
    )
    callback = RunCallback(run, training)
    model = tiny(data)
    how = {"accelerator": "cpu", "precision": "32-true"} | options
    trainer = build_trainer(
        run.output, **how, logger=run.logger, callbacks=[callback], log_every_n_steps=1
    )
    fit(trainer, model, data)
    return callback


def test_validations_within_an_epoch_are_named_by_its_share(
    module: PhotoDataModule, tmp_path: Path
) -> None:
    run = Run(tmp_path / "run")
    callback = trained(run, module, None, max_epochs=2, val_check_interval=2)
    tables = sorted(path.name for path in (run.output / "tables/confusion_matrix").iterdir())
    assert tables == ["epoch_000.67.csv", "epoch_001.67.csv"]
    assert (callback.best_epoch, callback.title) == (1.67, "Epoch 1.67, the last")
    assert (run.output / "figures" / "curves.png").exists()


def test_the_history_holds_every_step_and_every_validation(
    module: PhotoDataModule, tmp_path: Path
) -> None:
    run = Run(tmp_path / "run")
    callback = trained(run, module, "val/loss", max_epochs=2)
    history = run.logger.history
    assert [step for step, _ in history["train/loss"]] == [0, 1, 2, 3, 4, 5]
    assert [step for step, _ in history["lr"]] == [0, 1, 2, 3, 4, 5]
    losses = [value for _, value in history["val/loss"]]
    assert callback.best_epoch == 1 + losses.index(min(losses))
    assert callback.best_metrics["val/loss"] == pytest.approx(min(losses))


@pytest.mark.parametrize("before", [False, True])
def test_the_starting_network_is_scored_where_the_trainer_is_asked_to(
    module: PhotoDataModule, workplace: Path, before: bool
) -> None:
    uri = f"sqlite:///{workplace / 'mlflow.db'}"
    with open_run("out", uri=uri, system_metrics=False) as run:
        callback = trained(run, module, "val/loss", max_epochs=1, score_before=before)
        client = mlflow.MlflowClient(uri)
    metrics = client.get_run(run.run_id).data.metrics
    found = {name.removeprefix("before/") for name in metrics if name.startswith("before/")}
    validated = {name.removeprefix("val/") for name in callback.best_metrics}
    assert {"loss", "accuracy", "f1_macro", "roc_auc"} <= validated
    assert found == (validated if before else set())
    note = _tags(uri, run.run_id)["mlflow.note.content"]
    assert ("Accuracy before training: 0." in note) == before
    if before:
        (point,) = client.get_metric_history(run.run_id, "before/loss")
        assert (point.step, point.value) == (0, callback.before_metrics["val/loss"])
        assert len(client.get_metric_history(run.run_id, "val/loss")) == 1


def test_overlap_is_in_titles_and_the_note_and_the_last_epoch_is_kept(
    photos: Path, workplace: Path
) -> None:
    data = opened(photos, workplace, train_on_validation=True)
    uri = f"sqlite:///{workplace / 'mlflow.db'}"
    with open_run("out", uri=uri, system_metrics=False, log_model=False) as run:
        callback = trained(run, data, "val/loss", max_epochs=2)
        run.save_model(Path("x.ckpt"), {}, example=input_example(3))
    overlap = "8 of 8 photos were TRAINED ON"
    assert callback.title == f"Epoch 2, the last · {overlap}"
    tags = _tags(uri, run.run_id)
    assert f"**{overlap}.**" in tags["mlflow.note.content"]
    # No MLflow model was asked for: the checkpoint is what there is.
    assert run.model_reference == f"runs:/{run.run_id}/checkpoints/best.ckpt"
    assert run.model_reference in tags["mlflow.note.content"]
    assert f"model:  {run.model_reference}" in run.summary({}, "")


def _tags(uri: str, run_id: str) -> dict[str, str]:
    return dict(mlflow.MlflowClient(uri).get_run(run_id).data.tags)


def test_the_scores_of_the_best_epoch_are_logged_with_its_photos(
    module: PhotoDataModule, workplace: Path
) -> None:
    uri = f"sqlite:///{workplace / 'mlflow.db'}"
    with open_run("out", uri=uri, system_metrics=False) as run:
        callback = trained(run, module, "val/accuracy", max_epochs=1)
        photos = data_set(module, module.validation_indices)
        callback.keep_scores({"val/ece": 0.25, "other": 1.0}, photos)
    metrics = mlflow.MlflowClient(uri).get_run(run.run_id).data.metrics
    assert metrics["best/val/ece"] == 0.25
    assert metrics["best/val/accuracy"] == callback.best_metrics["val/accuracy"]
    assert not [name for name in metrics if "other" in name]
