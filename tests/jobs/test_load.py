"""Models are loaded by file, by name, and from MLflow."""

import shutil
from pathlib import Path

import pytest

import resistor_cls
from resistor_cls.errors import ModelError
from resistor_cls.model import build_trainer
from resistor_cls.tracking import open_run
from tests.helpers.opened import opened, tiny


def test_a_model_is_loaded_from_a_file_and_from_a_run(
    photos: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = opened(photos, workplace)
    trainer = build_trainer(workplace / "t", accelerator="cpu", precision="32-true")
    trainer.validate(tiny(data), data, verbose=False)
    trainer.save_checkpoint(workplace / "model.ckpt")
    uri = f"sqlite:///{workplace / 'mlflow.db'}"

    def copy(path: Path) -> None:
        shutil.copy("model.ckpt", path)

    with open_run("out", uri=uri, system_metrics=False) as run:
        run.save_file("kept/a.ckpt", copy)
    reference = f"runs:/{run.run_id}/kept/a.ckpt"
    monkeypatch.delenv("MLFLOW_TRACKING_URI")  # the store of the working folder
    for one in (
        resistor_cls.load("model.ckpt"),
        resistor_cls.load(workplace / "model.ckpt"),
        resistor_cls.load(reference),
        resistor_cls.load(reference, uri),
    ):
        assert one.categories.names == data.categories.names
    with pytest.raises(ModelError, match=r"teacher=gone.ckpt does not exist"):
        resistor_cls.load("gone.ckpt", key="teacher")


def test_the_model_of_the_package_has_a_name() -> None:
    named, default = resistor_cls.load("rendered"), resistor_cls.Predictor()
    assert named.metadata == default.metadata
    assert named.categories.names == default.categories.names
