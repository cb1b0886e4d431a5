"""MLflow serves a logged model over HTTP where this package is not."""

import base64
import json
import subprocess
from pathlib import Path

import pytest

from resistor_cls.inference import Predictor
from resistor_cls.inference.samples import input_example
from resistor_cls.tracking.model.logged_model import write_model
from tests.helpers.exports import original
from tests.helpers.mlflow_server import BARE, environment, predictions, serving
from tests.helpers.model_files import save_checkpoint


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*type hint")  # MLflow warns of its own types
def test_mlflow_serves_a_model_without_this_package(tmp_path: Path, photos: Path) -> None:
    checkpoint, model, elsewhere = (tmp_path / name for name in ("best.ckpt", "model", "elsewhere"))
    save_checkpoint(original(), checkpoint)
    write_model(model, checkpoint, input_example(3))
    checkpoint.rename(tmp_path / "moved.ckpt")  # the model has its own
    elsewhere.mkdir()
    programs = environment(tmp_path / "environment")
    find = "import importlib.util as u; print(getattr(u.find_spec('resistor_cls'), 'origin', None))"
    words = [str(programs / "python"), "-c", find]
    found = subprocess.run(
        words, cwd=elsewhere, env=BARE, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "None"

    files = sorted(photos.rglob("*.jpg"))[::16]
    here = Predictor.load(tmp_path / "moved.ckpt")
    wanted = json.loads(json.dumps([one.as_json() for one in here.predict(map(str, files))]))
    in_memory = [one | {"photo": None} for one in wanted]
    texts = [base64.b64encode(file.read_bytes()).decode() for file in files]
    with serving(model, programs, elsewhere) as address:
        assert (
            predictions(address, {"dataframe_records": [{"photo": one} for one in texts]})
            == in_memory
        )
        assert predictions(address, {"inputs": {"photo": texts}}) == in_memory
        assert predictions(address, {"inputs": [str(file) for file in files]}) == wanted
        (failed,) = predictions(address, {"inputs": ["gone.jpg"]})
        assert failed["error"].startswith("gone.jpg")
        example = (model / "serving_input_example.json").read_bytes()
        (shown,) = predictions(address, example)
        assert shown == json.loads(json.dumps(here.predict(input_example(3)[0]).as_json()))
