"""A served model gives what `Predictor` gives, whatever way the photos come."""

import base64
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from resistor_cls.data.images.decode import read_photo
from resistor_cls.inference import Predictor
from resistor_cls.tracking.model.signature import model_signature
from tests.helpers.exports import original
from tests.helpers.model_files import save_checkpoint

Values = dict[str, Any]
# MLflow warns of its own types at its first import.
pytestmark = pytest.mark.filterwarnings("ignore:.*type hint")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "best.ckpt"
    save_checkpoint(original(), path)
    return path


@pytest.fixture(scope="module")
def served(checkpoint: Path) -> Callable[[Any], list[Values]]:
    """Predictions for what MLflow makes of an input."""
    from mlflow.models.utils import _enforce_schema

    from resistor_cls.tracking.model.served_model import ServedModel

    model, inputs = ServedModel(), model_signature().inputs
    model.load_context(SimpleNamespace(artifacts={"checkpoint": str(checkpoint)}))
    return lambda given: model.predict(None, _enforce_schema(given, inputs))


def text_of(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def test_photos_come_as_files_bytes_text_and_arrays(
    served: Callable[[Any], list[Values]], checkpoint: Path, photos: Path
) -> None:
    files = sorted(photos.rglob("*.jpg"))[::12]
    arrays = [read_photo(file) for file in files]
    wanted = [one.as_json() for one in Predictor.load(checkpoint).predict(arrays)]
    assert len(wanted) == 3 and all(one["candidates"] for one in wanted)
    names, contents = [str(file) for file in files], [file.read_bytes() for file in files]
    texts = [text_of(file) for file in files]
    lists = [array.tolist() for array in arrays]
    addresses = [f"data:image/jpeg;base64,{text}" for text in texts]
    lines = [base64.encodebytes(content).decode() for content in contents]
    for given in (contents, arrays, lists, texts, addresses, lines):
        for table in (
            pd.DataFrame({"photo": given}),
            {"photo": given},
            [{"photo": one} for one in given],
        ):
            assert served(table) == wanted
    assert served({"photo": np.stack(arrays)}) == wanted
    assert served({"photo": texts[0]}) == wanted[:1]
    of_files = [one | {"photo": name} for one, name in zip(wanted, names, strict=True)]
    assert served({"photo": names}) == of_files
    assert served({"photo": names[0]}) == of_files[:1]
    mixed = pd.DataFrame({"photo": [names[0], contents[1], lists[2]]})
    assert served(mixed) == [of_files[0], *wanted[1:]]


@pytest.mark.parametrize("key", ["inputs", "instances", "dataframe_records", "dataframe_split"])
def test_requests_hold_photos_in_every_way_of_mlflow(
    key: str, served: Callable[[Any], list[Values]], checkpoint: Path, photos: Path
) -> None:
    from mlflow.pyfunc.scoring_server import infer_and_parse_data

    files = sorted(photos.rglob("*.jpg"))[::12]
    wanted = [one.as_json() for one in Predictor.load(checkpoint).predict(map(read_photo, files))]
    texts, inputs = [text_of(file) for file in files], model_signature().inputs
    rows = [{"photo": text} for text in texts]
    split = {"columns": ["photo"], "data": [[text] for text in texts]}
    arrays = [read_photo(file).tolist() for file in files]
    ways: list[Any] = [split] if key == "dataframe_split" else [rows]
    ways += [texts, arrays, {"photo": texts}] if key in ("inputs", "instances") else []
    for way in ways:
        request = json.loads(json.dumps({key: way}))
        assert served(infer_and_parse_data(request, inputs)) == wanted


def test_a_photo_that_cannot_be_read_has_an_error_and_the_others_a_prediction(
    served: Callable[[Any], list[Values]], photos: Path
) -> None:
    (file, *_) = sorted(photos.rglob("*.jpg"))
    animation = io.BytesIO()
    Image.new("L", (40, 40)).save(animation, "GIF")
    given = [
        str(file), "gone.jpg", b"", animation.getvalue(), text_of(file)[:400], "?" * 5000, 3.5,
        None, np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), [[[300, 0, 0]]],
        [[1], [1, 2]], {"a": 1}, file.read_bytes(), "a\0b",
    ]  # fmt: skip
    found = served(pd.DataFrame({"photo": given}))
    errors = [one["error"] for one in found]
    assert errors[0] is None and errors[13] is None and found[0]["box"] == found[13]["box"]
    wanted = [
        "gone.jpg", "the file is empty", "a GIF", ".", "a text of 5,000 characters", "type float",
        "type NoneType", r"shape \(4, 4\) and type uint8", "type float32", "from 0 to 255",
        "differ in length", "type dict",
    ]  # fmt: skip
    for error, words in zip(errors[1:13], wanted, strict=True):
        assert re.search(words, str(error))
    assert "null character" in errors[14]
