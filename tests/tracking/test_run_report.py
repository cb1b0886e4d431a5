"""What a training leaves in its run."""

import shutil
from pathlib import Path
from typing import Any

import albumentations
import mlflow
import pandas as pd
import pytest
import torch
from PIL import Image
from resistor_cls.tracking.given_test import save_test
from resistor_cls.tracking.judgement import judged
from resistor_cls.tracking.report import RunReport, describe

from resistor_cls.csv_tables import read_csv
from resistor_cls.data import PhotoDataModule
from resistor_cls.data.augment.mixing import Mix
from resistor_cls.data.pseudo_labels import PseudoLabels
from resistor_cls.inference.samples import augmentation_sheet, train_samples
from resistor_cls.model import ResistorClassifier, build_trainer, fit
from resistor_cls.tracking import Run, open_run


@pytest.fixture
def module(photos: Path, tmp_path: Path) -> PhotoDataModule:
    return opened(photos, tmp_path)


def opened(photos: Path, tmp_path: Path, **options: Any) -> PhotoDataModule:
    """24 training photos and 8 for validation: three batches an epoch."""
    given = {"image_size": 32, "batch_size": 8, "folds": 4, "workers": 0}
    data = PhotoDataModule(photos, cache=tmp_path / "cache", **(given | options))
    data.setup()
    return data


def tiny(data: PhotoDataModule) -> ResistorClassifier:
    how = {"backbone": "test_resnet.r160_in1k", "pretrained": "false", "image_size": 32}
    return ResistorClassifier(data.categories.names, **how)


def trained(run: Run, data: PhotoDataModule, monitor: str | None, **options: Any) -> RunReport:
    """The report of a tiny training."""
    report = RunReport(run, data, monitor)
    model = tiny(data)
    how = {"accelerator": "cpu", "precision": "32-true"} | options
    trainer = build_trainer(
        run.output, **how, logger=run.logger, callbacks=[report], log_every_n_steps=1
    )
    fit(trainer, model, data)
    return report


def test_validations_within_an_epoch_are_named_by_its_share(
    module: PhotoDataModule, tmp_path: Path
) -> None:
    run = Run(tmp_path / "run")
    report = trained(run, module, None, max_epochs=2, val_check_interval=2)
    tables = sorted(path.name for path in (run.output / "tables/confusion_matrix").iterdir())
    assert tables == ["epoch_000.67.csv", "epoch_001.67.csv"]
    assert (report.best_epoch, report.title) == (1.67, "Epoch 1.67, the last")
    assert (run.output / "figures" / "curves.png").exists()


def test_the_history_holds_every_step_and_every_validation(
    module: PhotoDataModule, tmp_path: Path
) -> None:
    run = Run(tmp_path / "run")
    report = trained(run, module, "val/loss", max_epochs=2)
    history = run.logger.history
    assert [step for step, _ in history["train/loss"]] == [0, 1, 2, 3, 4, 5]
    assert [step for step, _ in history["lr"]] == [0, 1, 2, 3, 4, 5]
    losses = [value for _, value in history["val/loss"]]
    assert report.best_epoch == 1 + losses.index(min(losses))
    assert report.best_metrics["val/loss"] == pytest.approx(min(losses))


def test_a_model_of_all_photos_is_marked_and_its_last_epoch_is_the_best(
    photos: Path, workplace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = opened(photos, workplace, train_on_validation=True)
    uri = f"sqlite:///{workplace / 'mlflow.db'}"
    with open_run("out", uri=uri, system_metrics=False, log_model=False) as run:
        report = trained(run, data, "val/loss", max_epochs=2)
        run.save_model(Path("x.ckpt"), {}, data.categories.names)
    mark = "8 of 8 photos were TRAINED ON"
    assert report.title == f"Epoch 2, the last · {mark}"
    tags = _tags(uri, run.run_id)
    assert tags["data.seen_in_training"] == "8 of 8"
    assert f"**{mark}.**" in tags["mlflow.note.content"]
    assert f"{mark}: validation scores flatter the model" in caplog.text
    # No MLflow model was asked for: the checkpoint is what there is.
    assert run.model_reference == f"runs:/{run.run_id}/checkpoints/best.ckpt"
    assert run.model_reference in tags["mlflow.note.content"]
    assert f"model:  {run.model_reference}" in run.summary({}, "")


def _tags(uri: str, run_id: str) -> dict[str, str]:
    return dict(mlflow.MlflowClient(uri).get_run(run_id).data.tags)


def test_samples_shift_no_random_number_of_the_training(photos: Path, tmp_path: Path) -> None:
    steps = [albumentations.SquareSymmetry(p=1.0)]
    data = opened(photos, tmp_path, augment=steps, mix=Mix("mixup"))
    torch.manual_seed(0)
    wanted = torch.rand(3)
    torch.manual_seed(0)
    mixed, sheet = train_samples(data, 5), augmentation_sheet(data)
    assert torch.equal(torch.rand(3), wanted)
    captions = [axes.get_title() for axes in mixed.axes if axes.images]
    assert len(captions) == 5
    for caption in captions:
        shares = [int(line.split()[-2]) for line in caption.replace("%", " %").splitlines()]
        assert sum(shares) in (99, 100, 101)
    assert any("\n" in caption for caption in captions)
    assert sum(bool(axes.images) for axes in sheet.axes) == 6 * 6


def test_a_given_test_set_is_kept_beside_the_validation(
    module: PhotoDataModule, tmp_path: Path
) -> None:
    run = Run(tmp_path / "run")
    model = tiny(module)
    trainer = build_trainer(tmp_path / "t", accelerator="cpu", precision="32-true")
    trainer.test(model, module, verbose=False)
    save_test(run, model, module, judged(model, module))
    table = pd.read_csv(run.output / "tables" / "test_predictions.csv")
    assert len(table) == len(module.test_indices)
    counts = pd.read_csv(run.output / "tables" / "test_confusion_matrix.csv", index_col=0)
    assert counts.to_numpy().sum() == len(table)
    assert (run.output / "figures" / "test_confusion_matrix.png").exists()
    assert (run.output / "tables" / "test_per_category.csv").exists()


def test_pseudo_labels_are_marked_as_such(photos: Path, workplace: Path) -> None:
    names = ("a.png", "b.png")
    for path, name in zip(sorted(photos.rglob("*.jpg")), names, strict=False):
        Image.open(path).rotate(180).save(workplace / name)  # a picture that has no label
    labels = ("1K_2W", "10R_2W")
    pseudo = PseudoLabels(workplace, names, labels, (0.99, 0.97), looked_at=5, bar=0.95)
    data = opened(photos, workplace, pseudo=pseudo)
    uri = f"sqlite:///{workplace / 'mlflow.db'}"
    with open_run("out", uri=uri, system_metrics=False) as run:
        trainer = build_trainer(run.output, accelerator="cpu", precision="32-true")
        describe(run, data, tiny(data), trainer)
        sheet = augmentation_sheet(data)  # of labelled photos alone
    assert _tags(uri, run.run_id)["data.pseudo"] == "2 of 5 at 0.95"
    params = mlflow.MlflowClient(uri).get_run(run.run_id).data.params
    assert (params["photos.pseudo"], params["photos.train"]) == ("2", "26")
    table = pd.read_csv(run.output / "tables" / "pseudo_labels.csv")
    assert table["photo"].tolist() == list(names)
    assert sum(bool(axes.images) for axes in sheet.axes) == 6 * 6


def test_copies_and_what_was_left_out_are_said_at_training(
    photos: Path, workplace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = workplace / "photos"
    shutil.copytree(photos, root)
    for first in sorted((root / "1K_2W").glob("*.jpg")):
        shutil.copy(first, first.with_name(f"=copy of {first.name}"))
    (root / "1K_2W/4.heic").touch()
    (root / "10R_2W").rename(root / "=10R_2W")
    data = opened(root, workplace)
    uri = f"sqlite:///{workplace / 'mlflow.db'}"
    with open_run("out", uri=uri, system_metrics=False) as run:
        trainer = build_trainer(run.output, accelerator="cpu", precision="32-true")
        describe(run, data, tiny(data), trainer)
    copies = data.copies_table()
    flattered = copies[copies.role == "validation"]
    tags = _tags(uri, run.run_id)
    assert len(flattered) > 0
    shown = f"{len(flattered)} of {len(data.validation_indices)} validation"
    assert tags["data.copies_across_split"] == shown
    assert tags["data.left_out"] == "1"
    (warning,) = [text for text in caplog.messages if "COPIES" in text]
    assert all(name in warning for name in flattered.photo)
    assert read_csv(run.output / "tables/left_out.csv").to_numpy().tolist() == [
        ["1K_2W/4.heic", "not a photo by its suffix"]
    ]
    kept = read_csv(run.output / "tables/copies_across_split.csv")
    assert kept.photo.tolist() == copies.photo.tolist()
    # The table of the split is taken back, names that look like formulas among its rows.
    again = opened(root, workplace, split=str(run.output / "tables/split.csv"))
    assert again.split.role_of.tolist() == data.split.role_of.tolist()
