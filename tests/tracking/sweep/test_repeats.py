"""Sweeps whose jobs repeat a setting: what their parent says of mean and spread."""

import json
from pathlib import Path

import pandas as pd
import pytest

from resistor_cls.evaluation import Predictions
from tests.helpers.ended_jobs import ended, swept


def files(output: Path) -> set[str]:
    """The files of a sweep, without the table of its jobs, which every sweep has."""
    found = {path.relative_to(output).as_posix() for path in output.rglob("*.*")}
    return found - {"tables/sweep.csv"}


def test_folds_give_mean_spread_and_every_photo_once(tmp_path: Path) -> None:
    text, output = swept(
        tmp_path,
        [
            (f"data.fold={fold}", ended(tmp_path / str(fold), wrong, first_photo=16 * fold))
            for fold, wrong in enumerate((0, 2, 4))
        ],
    )
    assert files(output) == {
        "figures/repeats.png",
        "figures/confusion_matrix.png",
        "tables/repeats.csv",
        "tables/predictions.csv",
        "tables/confusion_matrix.csv",
    }
    table = pd.read_csv(output / "tables" / "repeats.csv").set_index("score")
    row = table[["mean", "std", "least", "most", "repeats"]].loc["accuracy"]
    assert list(row) == pytest.approx([14 / 16, 2 / 16, 12 / 16, 1, 3])
    found = Predictions.read(output / "tables" / "predictions.csv")
    assert set(found.names) == {f"{index}.jpg" for index in range(48)}
    assert len(found.names) == 48
    assert "0.875 ± 0.125" in text
    assert "Out of fold: 42 of 48 photos right (0.875)" in text


def test_repeats_of_several_settings_are_kept_apart(tmp_path: Path) -> None:
    jobs = {
        f"model={model} data.fold={fold}": ended(
            tmp_path / f"{model}{fold}", wrong, first_photo=16 * fold
        )
        for model, wrong in (("a", 0), ("b", 8))
        for fold in (0, 1)
    }
    _, output = swept(tmp_path, jobs.items())
    table = pd.read_csv(output / "tables" / "repeats.csv").set_index(["setting", "score"])
    assert table.loc[("model=a", "accuracy"), "mean"] == 1
    assert table.loc[("model=b", "accuracy"), "mean"] == 0.5
    for setting, right in (("model_a", 32), ("model_b", 16)):
        found = Predictions.read(output / "tables" / "predictions" / f"{setting}.csv")
        assert found.right.sum() == right
        assert (output / "figures" / "confusion_matrix" / f"{setting}.png").exists()


def test_seeds_are_repeats_but_no_folds(tmp_path: Path) -> None:
    jobs: dict[str, Path | None] = {
        f"data.fold={fold} seed={seed}": ended(tmp_path / f"{fold}{seed}", seed)
        for fold in (0, 1)
        for seed in (0, 1)
    }
    jobs["data.fold=1 seed=1"] = None
    text, output = swept(tmp_path, jobs.items())
    assert files(output) == {"figures/repeats.png", "tables/repeats.csv"}
    assert pd.read_csv(output / "tables" / "repeats.csv")["repeats"].eq(3).all()
    assert "Left out, not finished: data.fold=1 seed=1." in text


def test_folds_that_share_photos_are_not_put_together(tmp_path: Path) -> None:
    jobs = {f"data.fold={fold}": ended(tmp_path / str(fold), 1) for fold in (0, 1)}
    text, output = swept(tmp_path, jobs.items())
    assert "The folds share photos: their predictions are not put together." in text
    assert not (output / "tables" / "predictions.csv").exists()


def test_models_that_trained_on_their_validation_photos_are_named(tmp_path: Path) -> None:
    folders = [ended(tmp_path / str(fold), 0, first_photo=16 * fold) for fold in (0, 1)]
    mark = "16 of 16 photos were TRAINED ON"
    (folders[1] / "report.json").write_text(json.dumps({"data": {"seen": mark}}))
    jobs = {f"data.fold={fold}": folder for fold, folder in enumerate(folders)}
    text, output = swept(tmp_path, jobs.items())
    assert f"{mark}: these scores are optimistic." in text
    assert not (output / "tables" / "predictions.csv").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("seed=0", "seed=1"), "No spread over seed: of no setting have two repeats finished."),
        (("model=a", "model=b"), ""),
    ],
)
def test_without_repeats_there_is_no_spread(
    words: tuple[str, str], message: str, tmp_path: Path
) -> None:
    text, output = swept(tmp_path, [(words[0], ended(tmp_path / "a", 1)), (words[1], None)])
    assert message in text
    assert ("spread" in text) == bool(message)
    assert files(output) == set()
