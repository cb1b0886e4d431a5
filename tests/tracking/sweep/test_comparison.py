"""Sweeps that set the values of a key side by side at their end."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from resistor_cls.config import compose
from tests.helpers.ended_jobs import ended, swept
from tests.helpers.runs import runs

Train = Callable[..., int]
NAMES = ("accuracy", "f1_macro", "roc_auc")


def test_values_are_compared_in_the_order_of_the_sweep(tmp_path: Path) -> None:
    jobs = [
        (f"seed={seed} lr=1 +augment={value}", ended(tmp_path / f"{value}{seed}", wrong + seed))
        for seed in (0, 1)
        for value, wrong in (("soft", 0), ("none", 6))
    ]
    text, output = swept(tmp_path, jobs, "augment")
    table = pd.read_csv(output / "tables" / "comparison.csv").set_index(["value", "score"])
    assert table.index.unique("value").tolist() == ["soft", "none", "soft - none"]
    assert table.loc[("soft", "accuracy"), "mean"] == pytest.approx(1 - 0.5 / 16)
    assert table.loc[("soft - none", "accuracy"), "mean"] == pytest.approx(6 / 16)
    assert table["bursts"].eq(4).all()
    assert (output / "figures" / "comparison.png").stat().st_size > 10_000
    assert len(pd.read_csv(output / "tables" / "comparison_jobs.csv")) == 4
    assert "gap soft - none" in text
    assert f"folder: {output}" in text


def test_a_setting_that_failed_with_one_value_is_left_out_with_all(tmp_path: Path) -> None:
    jobs = [
        ("augment=soft seed=0", ended(tmp_path / "a", 0)),
        ("augment=soft seed=1", ended(tmp_path / "b", 8)),
        ("augment=none seed=0", ended(tmp_path / "c", 4)),
        ("augment=none seed=1", None),
    ]
    text, output = swept(tmp_path, jobs, "augment")
    table = pd.read_csv(output / "tables" / "comparison.csv").set_index(["value", "score"])
    assert table.loc[("soft", "accuracy"), "mean"] == 1
    assert table["seeds"].eq(1).all()
    assert table["std"].isna().all()
    assert "Left out, not finished with every augment: seed=1." in text


@pytest.mark.parametrize(
    ("finished", "message"),
    [
        ("", "no job with augment=soft or augment=none has finished"),
        ("soft0 soft1", "no job with augment=none has finished"),
        ("soft0 none1", "no setting of the other keys finished with all of it"),
    ],
)
def test_what_cannot_be_compared_is_named(finished: str, message: str, tmp_path: Path) -> None:
    names = [(value, seed) for value in ("soft", "none") for seed in (0, 1)]
    jobs = [
        (
            f"augment={value} seed={seed}",
            ended(tmp_path / f"{value}{seed}", 1) if f"{value}{seed}" in finished.split() else None,
        )
        for value, seed in names
    ]
    text, output = swept(tmp_path, jobs, "augment")
    assert f"No comparison by augment: {message}." in text
    assert not (output / "figures" / "comparison.png").exists()


def test_without_bursts_photos_count_alone(tmp_path: Path) -> None:
    folders = [ended(tmp_path / name, 2, bursts=None) for name in ("a", "b")]
    (folders[1] / "tables" / "split.csv").unlink()
    words = ("augment=soft seed=0", "augment=none seed=0")
    text, output = swept(tmp_path, zip(words, folders, strict=True), "augment")
    assert "interval over photos." in text
    assert pd.read_csv(output / "tables" / "comparison.csv")["bursts"].eq(16).all()


def test_jobs_that_disagree_about_bursts_are_named(tmp_path: Path) -> None:
    folders = [ended(tmp_path / "a", 2), ended(tmp_path / "b", 2, shift=1)]
    words = ("augment=soft seed=0", "augment=none seed=0")
    text, _ = swept(tmp_path, zip(words, folders, strict=True), "augment")
    assert "The jobs know different bursts of the same photos" in text


@pytest.mark.usefixtures("blank_figures")
def test_a_sweep_keeps_its_comparison_in_the_parent(
    train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("optimizer.lr=1e-3,1e-2", "compare=optimizer.lr", "trainer.max_epochs=1")
    assert train("-m", *words) == 0
    *children, parent = runs()
    assert len(children) == 2
    place = Path(parent.info.artifact_uri.removeprefix("file://"))
    assert (place / "figures" / "comparison.png").exists()
    table = pd.read_csv(place / "tables" / "comparison.csv", dtype={"value": str})
    means = table.set_index(["value", "score"])["mean"]
    for value in ("0.001", "0.01"):
        (own,) = [run for run in children if run.info.run_name == f"optimizer.lr={value}"]
        for name in NAMES:
            assert means[value, name] == pytest.approx(own.data.metrics[f"val/{name}"], abs=1e-6)
            assert parent.data.metrics[f"compare/{value}/{name}"] == means[value, name]
    gap = parent.data.metrics["compare/gap/accuracy"]
    assert gap == pytest.approx(means["0.001", "accuracy"] - means["0.01", "accuracy"])
    assert "Top-1 accuracy by optimizer.lr: " in parent.data.tags["mlflow.note.content"]
    assert parent.data.tags["sweep.compare"] == "optimizer.lr"
    (folder,) = Path("outputs").glob("*/*")
    assert (folder / "figures" / "comparison.png").exists()
    shown = capsys.readouterr().err
    assert "gap 0.001 - 0.01" in shown
    assert f"folder: {folder.absolute()}" in shown


@pytest.mark.usefixtures("blank_figures")
def test_the_leak_check_is_a_sweep_without_m(
    train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("experiment=leak_check", "seed=0", "trainer.max_epochs=1", "tracking=none")
    assert train(*words) == 0
    (folder,) = Path("outputs").glob("*/*")
    assert sorted(path.name for path in folder.glob("[0-9]")) == ["0", "1"]
    assert (folder / "figures" / "comparison.png").exists()
    assert "gap stratified - capture" in capsys.readouterr().err


def test_the_leak_check_has_fixed_settings() -> None:
    config = compose("train", ["experiment=leak_check", "data=folder", "data.root=photos"])
    assert config.compare == "data.split"
    assert (config.data.image_size, config.trainer.max_epochs) == (128, 15)
    assert (config.model.backbone[:8], config.model.pretrained) == ("resnet18", False)
    assert (config.loss.name, config.data.source) == ("cross_entropy", "folder")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["compare=seed"], "compare=seed needs a sweep: add -m seed="),
        (["-m", "compare=augment", "seed=0,1"], "compare=augment: it has one value here; "),
        (["experiment=leak_check", "data.split=stratified"], "swept is seed"),
        (["experiment=leak_check", "hydra.mode=RUN"], "experiment=leak_check names several runs"),
    ],
)
def test_a_comparison_of_nothing_is_refused_before_any_training(
    words: list[str], message: str, train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(*words) == 2
    assert message in capsys.readouterr().err
    assert runs() == []
