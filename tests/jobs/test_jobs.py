"""Whole jobs on small synthetic photos: train, look at the run, use the model again."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pytest
import torch

from resistor_cls.audit import main as audit
from resistor_cls.evaluate import main as evaluate
from resistor_cls.model import ResistorNetwork, preprocessing
from resistor_cls.model.checkpoint.weights import read_weights
from resistor_cls.model.detector.network import Detector
from resistor_cls.predict import main as predict
from resistor_cls.render import main as render
from tests.helpers.registered import check_registry
from tests.helpers.runs import artifact, artifacts, runs
from tests.helpers.tiny import CATEGORIES

Train = Callable[..., int]
QUICK = ("tracking.system_metrics=false", "unknown=0", "gallery=2")


def test_a_run_holds_every_metric_figure_and_table(
    train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train() == 0
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert {
        "config/resolved.yaml",
        "figures/confusion_matrix.png",
        "figures/confusion_matrix/epoch_001.png",
        "figures/confusion_matrix/epoch_002.png",
        "figures/curves.png",
        "figures/train_samples.png",
        "figures/predictions_best.png",
        "figures/predictions_worst.png",
        "figures/predictions_random.png",
        "tables/confusion_matrix.csv",
        "tables/confusion_matrix/epoch_002.csv",
        "tables/per_category.csv",
        "tables/predictions.csv",
        "tables/split.csv",
        "tables/unknown.csv",
        "report.html",
        "report.json",
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
        "logs/train.log",
    } <= artifacts(run)
    assert {"data.fingerprint", "pretrained", "precision", "device"} <= set(run.data.tags)
    assert run.data.tags["threads"] == str(torch.get_num_threads())
    assert run.data.tags["pretrained"] == "scratch"
    assert run.data.params["optimizer.lr"] == "0.001"
    assert run.data.params["data.source"] == "folder"

    client = mlflow.MlflowClient(os.environ["MLFLOW_TRACKING_URI"])
    history = {
        name: client.get_metric_history(run.info.run_id, name)
        for name in ("train/loss", "lr", "val/loss", "val/accuracy", "val/f1_macro", "val/roc_auc")
    }
    # 24 training photos in batches of 8: 3 steps an epoch, 2 epochs.
    assert len(history["train/loss"]) == len(history["lr"]) == 6
    assert [len(history[name]) for name in list(history)[2:]] == [2, 2, 2, 2]
    rates = [point.value for point in sorted(history["lr"], key=lambda point: point.step)]
    assert rates == pytest.approx([1e-3 * (1 + np.cos(np.pi * i / 6)) / 2 for i in range(6)])

    with artifact(run, "tables/confusion_matrix.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["label", *CATEGORIES]
    counts = np.array([[int(cell) for cell in row[1:]] for row in rows[1:]])
    assert counts.sum(axis=1).tolist() == [2, 2, 2, 2]
    best = max(point.value for point in history["val/roc_auc"])
    assert run.data.metrics["best/val/roc_auc"] == best
    last_lines = capsys.readouterr().err
    assert re.search(rf"val/roc_auc +{best:.4f}\n", last_lines)
    assert f"runs:/{run.info.run_id}/model" in last_lines
    address = f"http://127.0.0.1:5000/#/experiments/1/runs/{run.info.run_id}?"
    assert f"open:   {address}" in last_lines
    report = re.search(r"^report: (.*)$", last_lines, re.MULTILINE)
    assert report is not None
    assert Path(report[1]).read_text() == artifact(run, "report.html").read_text()


@pytest.mark.usefixtures("blank_figures")
def test_adapting_to_a_few_photos_shows_the_scores_before_and_after(
    train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    # The smallest net instead of the band reader: 8 photos of each category, of which 2 train.
    words = (
        "model.locate=false",
        "model.views=1",
        "model.layer_lr=null",
        "data.shots=2",
        "unknown=0",
    )
    assert train("experiment=adapt", *words) == 0
    (run,) = runs()
    metrics, shown = run.data.metrics, capsys.readouterr().err
    assert run.data.params["trainer.evaluation_epochs"] == "2"
    assert run.data.params["photos.train"] == "8"
    before, after = metrics["before/accuracy"], metrics["best/val/accuracy"]
    assert {"before/f1_macro", "before/roc_auc", "before/loss"} <= set(metrics)
    assert f"Before training: {before:.3f} accuracy on " in shown
    assert f"best epoch: 2, accuracy {before:.3f} before, {after:.3f} after" in shown
    assert shown.count("\nEpoch ") == 1
    with artifact(run, "tables/split.csv").open() as file:
        roles = [row["role"] for row in csv.DictReader(file)]
    assert roles.count("train") == 8 and roles.count("dropped") >= 12


@pytest.mark.usefixtures("blank_figures")
def test_a_run_shows_its_best_epoch_and_only_chosen_parameters(train: Train) -> None:
    assert train("trainer.max_epochs=3", "optimizer.lr=0.03", "trainer.monitor=val/accuracy") == 0
    (run,) = runs()
    assert run.info.run_name == "test_resnet on folder photos"
    assert not [
        key for key in run.data.params if key.startswith(("tracking", "paths", "data.root"))
    ]
    assert {key: run.data.params[key] for key in ("optimizer", "augment")} == {
        "optimizer": "adamw",
        "augment": "soft",
    }
    best = {key: value for key, value in run.data.metrics.items() if key.startswith("best/val/")}
    report = json.loads(artifact(run, "report.json").read_text())
    for row in report["metrics"]:
        assert best[f"best/val/{row['name']}"] == pytest.approx(row["value"], abs=1e-5)
    assert best["best/val/value_right"] == report["trade"]["value"]["share"]
    note = run.data.tags["mlflow.note.content"]
    assert f"val/accuracy {best['best/val/accuracy']:.4f}" in note
    link = f"#/experiments/1/runs/{run.info.run_id}/artifacts/report.html"
    assert f"[report.html]({link}?" in note

    inputs = {one.tags[0].value: one.dataset for one in run.inputs.dataset_inputs}
    counts = {use: json.loads(str(one.profile))["num_rows"] for use, one in inputs.items()}
    assert counts == {"training": 24, "validation": 8}
    assert {one.name for one in inputs.values()} == {"folder photos"}
    client = mlflow.MlflowClient(os.environ["MLFLOW_TRACKING_URI"])
    (output,) = run.outputs.model_outputs
    model = client.get_logged_model(output.model_id)
    assert model.status == "READY"
    assert {one.key: one.value for one in model.metrics} == best
    assert {one.dataset_digest for one in model.metrics} == {inputs["validation"].digest}
    card = mlflow.models.get_model_info(f"runs:/{run.info.run_id}/model")
    assert card.signature.inputs.input_names() == ["photo"]
    assert "candidates" in card.signature.outputs.input_names()
    assert card.saved_input_example_info is not None
    assert f"runs:/{run.info.run_id}/model" in note


@pytest.mark.usefixtures("blank_figures")
@pytest.mark.parametrize(
    ("monitor", "best"), [("val/accuracy", np.argmax), ("val/loss", np.argmin)]
)
def test_the_best_epoch_is_the_one_of_the_watched_metric(
    monitor: str, best: Callable[[list[float]], int], train: Train
) -> None:
    assert train(f"trainer.monitor={monitor}", "trainer.max_epochs=3", "optimizer.lr=0.03") == 0
    (run,) = runs()
    client = mlflow.MlflowClient(os.environ["MLFLOW_TRACKING_URI"])
    history = client.get_metric_history(run.info.run_id, monitor)
    values = [point.value for point in sorted(history, key=lambda point: point.step)]
    epoch = int(best(values))
    kept = torch.load(artifact(run, "checkpoints/best.ckpt"), weights_only=True)
    assert kept["epoch"] == epoch
    assert f"Best epoch {epoch + 1} of 3 by {monitor}" in run.data.tags["mlflow.note.content"]
    of_that_epoch = artifact(run, f"tables/confusion_matrix/epoch_{epoch + 1:03d}.csv")
    assert artifact(run, "tables/confusion_matrix.csv").read_text() == of_that_epoch.read_text()


@pytest.mark.usefixtures("blank_figures")
@pytest.mark.parametrize("locate", [False, True], ids=["whole", "located"])
def test_a_model_predicts_the_same_wherever_it_is_used(  # noqa: PLR0917
    locate: bool,
    train: Train,
    photos: Path,
    detector: Detector,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert train(f"model.locate={locate}") == 0
    monkeypatch.setattr(preprocessing, "SHIPPED", Path("gone"))  # a model carries its own
    (trained,) = runs()
    reference = f"runs:/{trained.info.run_id}/model"
    wanted = artifact(trained, "tables/predictions.csv").read_text()

    for model in (reference, str(artifact(trained, "checkpoints/best.ckpt"))):
        assert evaluate([f"model={model}", *QUICK]) == 0
        evaluation = runs()[0]
        short = f"run {trained.info.run_id[:8]}" if model == reference else "best.ckpt"
        name = f"evaluate {short} on 8 validation photos of folder photos"
        assert evaluation.info.run_name == name
        assert artifact(evaluation, "tables/predictions.csv").read_text() == wanted
        (used,) = evaluation.inputs.dataset_inputs
        assert used.dataset in [one.dataset for one in trained.inputs.dataset_inputs]
        client = mlflow.MlflowClient(os.environ["MLFLOW_TRACKING_URI"])
        for name in ("loss", "accuracy", "f1_macro", "roc_auc"):
            history = client.get_metric_history(trained.info.run_id, f"val/{name}")
            assert evaluation.data.metrics[f"test/{name}"] in [point.value for point in history]

    rows = list(csv.DictReader(wanted.splitlines()))
    capsys.readouterr()
    files = [str(photos / row["photo"]) for row in rows]
    assert predict([*files, "--model", reference, "--format", "json"]) == 0
    predictions = json.loads(capsys.readouterr().out)
    for row, prediction in zip(rows, predictions, strict=True):
        first = prediction["candidates"][0]
        assert first["category"] == row["prediction"]
        assert first["probability"] == pytest.approx(float(row["probability"]), abs=1e-6)
        assert str(prediction.get("located")) == str(row.get("located"))
    assert ("located" in rows[0]) == locate

    monkeypatch.setattr(sys, "path", [*sys.path])  # MLflow adds the code of the model
    served = mlflow.pyfunc.load_model(reference)
    contents = [Path(file).read_bytes() for file in files]
    for photos_given, names in ((files, files), (contents, [None] * len(files))):
        found = json.loads(json.dumps(served.predict({"photo": photos_given})))
        assert found == [
            one | {"photo": name} for one, name in zip(predictions, names, strict=True)
        ]


@pytest.mark.usefixtures("blank_figures")
def test_weights_of_synthetic_training_start_another_run(
    train: Train, photos: Path, detector: Detector, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = (
        "data.stream={_target_: resistor_cls.model.SyntheticCrops, _partial_: true, length: 16}"
    )
    reader = ["model.backbone=band_reader", "model.locate=true"]
    generated = [stream, *reader, "model.band_weight=0.5", "augment=crop"]
    assert train(*generated, "trainer.max_epochs=1", "loss=cross_entropy") == 0
    (run,) = runs()
    assert run.data.params["photos.train"] == "16"
    assert run.data.params["photos.validation"] == "32"
    files = {name: artifact(run, f"{name}.safetensors") for name in ("weights", "locator")}
    metadata = read_weights(files["weights"]).metadata
    assert metadata["recipe"]["data.stream.length"] == 16
    assert metadata["trained_on"] == []
    assert str(Path.cwd().parent).encode() not in files["weights"].read_bytes()

    words = [
        f"model.pretrained={files['weights']}", "model.backbone=band_reader",
        f"model.locate={files['locator']}",
    ]  # fmt: skip
    assert train(*words, "trainer.max_epochs=1") == 0
    assert runs()[0].data.tags["pretrained"] == "weights.safetensors"
    photo = str(next(photos.rglob("*.jpg")))
    capsys.readouterr()
    assert predict([photo, "--model", str(files["weights"]), "--format", "json"]) == 0
    (prediction,) = json.loads(capsys.readouterr().out)
    assert {one["category"] for one in prediction["candidates"]} == {None}  # it reads any value

    assert evaluate([f"model={files['weights']}"]) == 2
    assert "has no photos of its own: add data=" in capsys.readouterr().err
    assert train("model.backbone=test_vit.r160_in1k", words[0]) == 2
    assert "was trained with band_reader" in capsys.readouterr().err


def test_without_a_model_the_shipped_one_predicts(
    photos: Path, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict([str(next(photos.rglob("*.jpg")))]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.usefixtures("blank_figures")
def test_photos_without_a_detection_are_reported(
    train: Train, photos: Path, detector: Detector, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("model.locate=true", "trainer.max_epochs=1") == 0
    (run,) = runs()
    assert run.data.tags["data.located"] == "16 of 32"
    assert "No body was found in 16 of 32 photos" in capsys.readouterr().err
    absent = artifact(run, "tables/not_located.csv").read_text().splitlines()[1:]
    assert len(absent) == 16
    checkpoint = str(artifact(run, "checkpoints/best.ckpt"))
    files = [str(photos / name) for name in absent]
    there = next(str(path) for path in photos.rglob("*.jpg") if str(path) not in files)
    assert predict([files[0], there, "--model", checkpoint]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("no resistor found")
    assert "%" in second
    assert predict([files[0], "--model", checkpoint, "--top", "1", "--format", "csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["text"], row["located"], row["category"]) == ("no resistor found", "False", "")
    assert row["candidate_1"] in CATEGORIES

    words = ["data=folder", f"data.root={photos}", "data.workers=0", "trainer=cpu"]
    assert audit([*words, f"model={checkpoint}"]) == 0


@pytest.mark.usefixtures("blank_figures")
def test_photos_that_trained_the_model_are_reported(
    workplace: Path, trained_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for subset, seen in (("validation", "0 of 8"), ("all", "24 of 32")):
        capsys.readouterr()
        words = [f"model={trained_file}", f"subset={subset}", *QUICK]
        assert evaluate(words) == 0
        tags = runs()[0].data.tags
        assert tags["data.seen_in_training"] == seen
        mark = f"{seen} photos were TRAINED ON"
        loud = subset == "all"
        assert (mark in tags.get("mlflow.note.content", "")) == loud
        assert (mark in capsys.readouterr().err) == loud


@pytest.mark.usefixtures("blank_figures")
def test_a_run_is_repeated_from_the_table_of_its_split(train: Train, tmp_path: Path) -> None:
    assert train("data.split=capture", "data.fold=2", "data.gap=1") == 0
    (first,) = runs()
    assert first.data.params["photos.train"] == "16"  # 8 a category: 2 validate, 2 are dropped
    table = artifact(first, "tables/split.csv")
    assert train(f"data.split={table}") == 0
    again = runs()[0]
    key = "data.split_fingerprint"
    assert again.data.tags[key] == first.data.tags[key]
    for name in ("tables/split.csv", "tables/predictions.csv"):
        assert artifact(again, name).read_text() == artifact(first, name).read_text()


@pytest.mark.usefixtures("blank_figures")
def test_without_tracking_everything_is_in_the_folder(train: Train) -> None:
    assert train("tracking=none") == 0
    assert runs() == []
    (output,) = Path("outputs").glob("*/*")
    found = {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}
    assert {"checkpoints/best.ckpt", "figures/confusion_matrix.png", "train.log"} <= found


@pytest.mark.usefixtures("blank_figures")
def test_each_run_has_a_separate_folder(train: Train) -> None:
    """Runs that begin in the same second must not share checkpoints."""
    words = ("tracking=none", "trainer.max_epochs=1", "unknown=0", "hydra.run.dir=outputs/same")
    for name in ("same", "same-2"):
        assert train(*words) == 0
        assert (Path("outputs") / name / "checkpoints" / "best.ckpt").exists()
    assert len(list(Path("outputs").rglob("best.ckpt"))) == 2


@pytest.mark.usefixtures("blank_figures")
def test_a_seed_repeats_a_run_to_the_bit(train: Train) -> None:
    weights, words = [], ("tracking=none", "saliency=false", "unknown=0")
    for seed in (0, 0, 1):
        assert train(*words, f"seed={seed}", "data.workers=1") == 0
        newest = max(Path("outputs").rglob("last.ckpt"), key=lambda path: path.stat().st_mtime_ns)
        weights.append(ResistorNetwork.load(newest).state_dict())
        newest.unlink()
    same, other = (
        all(torch.equal(weights[0][name], state[name]) for name in state) for state in weights[1:]
    )
    assert same
    assert not other


def test_help_appears_within_a_second() -> None:
    for command in ("train", "evaluate", "audit", "predict", "render", "serve"):
        began = time.perf_counter()
        words = [sys.executable, "-m", f"resistor_cls.{command}", "--help"]
        shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        assert time.perf_counter() - began < 1
        assert "examples" in shown.lower()
        assert ("--strict" in shown) == (command == "audit")


def test_no_command_leaves_temporary_files(
    train: Train, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model of 32 MB was left by each `--model runs:/…`, and filled a disk in a day."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    assert train("trainer.max_epochs=1") == 0
    (run,) = runs()
    model = f"runs:/{run.info.run_id}/model"
    photo = str(next(photos.rglob("*.jpg")))
    for name in ("best", "last"):
        checkpoint = f"runs:/{run.info.run_id}/checkpoints/{name}.ckpt"
        assert predict([photo, "--model", checkpoint]) == 0
    assert predict([photo, "--model", model]) == 0
    assert evaluate([f"model={model}", *QUICK]) == 0
    words = ["data=folder", f"data.root={photos}", "data.workers=0", "trainer=cpu"]
    assert audit([*words, f"model={model}"]) == 0
    assert render([str(tmp_path / "drawn"), "--per-category", "1", "--size", "64"]) == 0
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_a_training_is_registered_promoted_and_used(
    train: Train, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = os.environ["MLFLOW_TRACKING_URI"]
    check_registry(mlflow.MlflowClient(uri, uri), train, photos, capsys)
