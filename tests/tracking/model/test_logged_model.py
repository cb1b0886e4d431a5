"""The files of a logged model."""

import re
import tomllib
from pathlib import Path

import mlflow
import numpy as np
import pytest

from resistor_cls.inference import Predictor
from resistor_cls.inference.samples import input_example
from resistor_cls.tracking.model.logged_model import LIBRARIES, requirements, write_model
from tests.helpers import ROOT
from tests.helpers.exports import original
from tests.helpers.model_files import save_checkpoint


@pytest.mark.filterwarnings("ignore:.*type hint")  # MLflow warns of its own types
def test_a_model_carries_its_own_weights_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint, place = tmp_path / "best.ckpt", tmp_path / "model"
    save_checkpoint(original(), checkpoint)
    write_model(place, checkpoint, input_example(3))
    assert (place / "artifacts" / "best.ckpt").read_bytes() == checkpoint.read_bytes()
    assert (place / "code" / "resistor_cls" / "inference" / "predictor.py").is_file()
    kinds = {path.suffix for path in place.rglob("*") if path.is_file()}
    assert not kinds & {".safetensors", ".onnx", ".pkl", ".pyc"}
    largest = max(path.stat().st_size for path in place.rglob("*") if path.suffix != ".ckpt")
    assert largest < 150_000

    monkeypatch.syspath_prepend(str(tmp_path))  # and taken back, with what MLflow adds
    served = mlflow.pyfunc.load_model(str(place))
    (prediction,) = served.predict(served.input_example)
    (example,) = input_example(3)
    assert prediction == Predictor.load(checkpoint).predict(np.asarray(example)).as_json()


def test_requirements_name_what_predicting_imports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[^\w.-]", line)[0].lower() for line in project["dependencies"]}
    assert names >= LIBRARIES
    assert all(line.startswith(tuple(LIBRARIES)) for line in requirements())
    assert any(line.startswith("torch>=") for line in requirements())
