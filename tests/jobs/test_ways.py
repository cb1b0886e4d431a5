"""One model gives one prediction, whichever way a photo takes to it."""

import base64
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import pytest
from PIL import Image

import resistor_cls
from resistor_cls.data.images.decode import RGB
from resistor_cls.errors import ConfigError
from resistor_cls.export import main as export
from resistor_cls.exporting.photos import drawn_photos
from resistor_cls.exporting.web.runtime import runtime_files
from resistor_cls.inference import Predictor
from resistor_cls.inference.prediction import Prediction
from resistor_cls.inference.samples import input_example
from resistor_cls.model import ResistorNetwork
from resistor_cls.tracking.model.logged_model import write_model
from tests.helpers import ROOT
from tests.helpers.browser import CHROMIUM, Browser
from tests.helpers.mlflow_server import environment, predictions, serving
from tests.helpers.model_files import save_checkpoint
from tests.helpers.runs import store_uri
from tests.helpers.static_host import static_host

pytestmark = pytest.mark.slow

Fields = dict[str, Any]
PHOTOS = 200
AT_ONCE = 16  # photos of a request, the limit of the service


@dataclass(frozen=True)
class Model:
    """One model in all its forms.

    Attributes:
        ref: names it in commands.
        exported: the same as an ONNX file.
        service: address of `resistor-cls serve`.
        invocations: address of `mlflow models serve`.
        page: the same as a static page, or why there is none.
        profile: an empty folder for a browser.
    """

    ref: str
    exported: Path
    service: str
    invocations: str
    page: Path | str
    profile: Path


def by_command_line(model: Model, photos: Sequence[Path]) -> list[Fields]:
    words = ["predict", *map(str, photos), "--model", model.ref, "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "resistor_cls", *words], cwd=ROOT, capture_output=True, check=True
    )
    return list(json.loads(done.stdout))


def by_python(model: Model, photos: Sequence[Path]) -> list[Fields]:
    return [_plain(one) for one in resistor_cls.load(model.ref).predict(photos)]


def by_onnx(model: Model, photos: Sequence[Path]) -> list[Fields]:
    return [_plain(one) for one in Predictor.load(model.exported).predict(photos)]


def _plain(prediction: Prediction) -> Fields:
    """A prediction as JSON has it: with lists instead of tuples."""
    return dict(json.loads(json.dumps(prediction.as_json())))


def by_mlflow(model: Model, photos: Sequence[Path]) -> list[Fields]:
    texts = [base64.b64encode(photo.read_bytes()).decode() for photo in photos]
    return list(predictions(model.invocations, {"inputs": {"photo": texts}}))


def by_service(model: Model, photos: Sequence[Path]) -> list[Fields]:
    found = []
    for start in range(0, len(photos), AT_ONCE):
        request = _form(f"{model.service}/predict", photos[start : start + AT_ONCE])
        with urllib.request.urlopen(request, timeout=120) as response:
            found += json.load(response)["predictions"]
    return found


def by_page(model: Model, photos: Sequence[Path]) -> list[Fields]:
    return _shown(model.service, model.profile, photos)


def by_static_page(model: Model, photos: Sequence[Path]) -> list[Fields]:
    if isinstance(model.page, str):
        pytest.skip(f"the runtime of the page is needed: {model.page}")
    with static_host(model.page) as address:
        return _shown(address, model.profile, photos)


def _shown(address: str, profile: Path, photos: Sequence[Path]) -> list[Fields]:
    """What a page shows of photos."""
    with Browser(profile) as browser:
        browser.open(address)
        browser.choose_files("#files", photos)
        browser.wait_for(
            f"document.querySelectorAll('.result').length === {len(photos)} && "
            "!document.querySelector('.waiting')",
            seconds=120,
        )
        rows = browser.run("JSON.parse(sessionStorage.getItem('resistor_cls.history'))")
        assert browser.errors() == []
    return [row["prediction"] for row in rows]


# The ways that a photo can take to a model.
WAYS: dict[str, Callable[[Model, Sequence[Path]], list[Fields]]] = {
    "command line": by_command_line,
    "Python": by_python,
    "exported ONNX file": by_onnx,
    "mlflow models serve": by_mlflow,
    "HTTP service": by_service,
    "page in Chromium": by_page,
    "static page in Chromium": by_static_page,
}
IN_BROWSER = {"page in Chromium", "static page in Chromium"}


def _form(address: str, photos: Sequence[Path]) -> urllib.request.Request:
    """A request with photos in a form."""
    parts = [
        b'--border\r\nContent-Disposition: form-data; name="photos"; filename="'
        + photo.name.encode()
        + b'"\r\nContent-Type: image/jpeg\r\n\r\n'
        + photo.read_bytes()
        + b"\r\n"
        for photo in photos
    ]
    kind = {"Content-Type": "multipart/form-data; boundary=border"}
    return urllib.request.Request(address, b"".join([*parts, b"--border--\r\n"]), kind)


@contextmanager
def served(ref: str) -> Iterator[str]:
    """The address of `resistor-cls serve`."""
    words = ["serve", "--model", ref, "--port", "0"]
    command = [sys.executable, "-m", "resistor_cls", *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found is not None, line
        try:
            yield found[0]
        finally:
            server.terminate()


def model_of_the_package(place: Path) -> tuple[str, Path]:
    """The weights of the package as a checkpoint of a training, and as MLflow has it."""
    checkpoint, logged = place / "best.ckpt", place / "logged"
    save_checkpoint(ResistorNetwork.load("rendered"), checkpoint)
    write_model(logged, checkpoint, input_example(RGB))
    return str(checkpoint), logged


def model_of_make_train(place: Path) -> tuple[str, Path]:
    """The model of the run that `make train` makes: its reference, and what the run holds."""
    recipe = re.search(r"-m (resistor_cls\.train .*)", (ROOT / "Makefile").read_text("utf-8"))
    assert recipe is not None
    command = [sys.executable, "-m", *recipe[1].split()]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=place, env=environment, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr
    ref = re.search(r"^model: +(\S+)$", done.stderr, re.MULTILINE)
    assert ref is not None
    return ref[1], Path(mlflow.artifacts.download_artifacts(ref[1], dst_path=str(place / "logged")))


def exported_page(ref: str, page: Path) -> Path | str:
    try:
        runtime_files(None)
    except ConfigError as error:
        return str(error)
    words = ["--model", ref, "--format", "web", "--output", str(page)]
    assert export([*words, "--count", "20"]) == 0
    return page


@pytest.fixture(scope="module", params=[model_of_the_package, model_of_make_train])
def model(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Model]:
    """A model, and all that the commands make of it."""
    place = tmp_path_factory.mktemp("ways")
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    with ExitStack() as running:
        variables = running.enter_context(pytest.MonkeyPatch.context())
        variables.setenv("MLFLOW_TRACKING_URI", store_uri(place))
        ref, logged = request.param(place)
        exported = place / "best.onnx"
        assert export(["--model", ref, "--output", str(exported), "--count", "20"]) == 0
        page = exported_page(ref, place / "page")
        service = running.enter_context(served(ref))
        programs = environment(place / "environment")
        invocations = running.enter_context(serving(logged, programs, elsewhere))
        yield Model(ref, exported, service, invocations, page, place / "profile")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Synthetic photos of any value, as JPEG files."""
    folder = tmp_path_factory.mktemp("photos")
    network = ResistorNetwork.load("rendered")
    shape = network.preprocessing.shape
    drawn = drawn_photos(network.categories, range(PHOTOS), RGB, shape, any_value=True)
    files = []
    for number, one in enumerate(drawn):
        files.append(folder / f"{number:03}.jpg")
        Image.fromarray(one.photo).save(files[-1], quality=95)  # type: ignore[arg-type]
    return files


def assert_same(found: Fields, wanted: Fields) -> None:
    """Compares predictions: what is said exactly, numbers as two runtimes compute them."""
    for name in ("text", "ohms", "tolerance", "watts", "category", "accepted", "located"):
        assert found[name] == wanted[name], (name, found, wanted)
    for name in ("bands", "reason", "familiar", "calibrated", "error"):
        assert found[name] == wanted[name], (name, found, wanted)
    assert found["confidence"] == pytest.approx(wanted["confidence"], abs=2e-3)
    for name, value in (wanted["box"] or {}).items():
        assert found["box"][name] == pytest.approx(value, abs=0.5)


@pytest.mark.filterwarnings("ignore:.*type hint")  # MLflow warns of its own types
@pytest.mark.parametrize("way", WAYS)
def test_a_photo_gives_one_prediction_by_every_way(
    way: str, model: Model, photos: list[Path]
) -> None:
    if way in IN_BROWSER and CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    wanted = by_python(model, photos[:1])
    assert wanted[0]["accepted"] is not None
    (found,) = WAYS[way](model, photos[:1])
    assert_same(found, wanted[0])


@pytest.mark.filterwarnings("ignore:.*type hint")
def test_200_photos_give_the_same_predictions_by_every_way_without_a_browser(
    model: Model, photos: list[Path]
) -> None:
    wanted = by_python(model, photos)
    assert {one["accepted"] for one in wanted} == {True, False}
    for way in WAYS.keys() - IN_BROWSER - {"Python"}:
        found = WAYS[way](model, photos)
        assert len(found) == PHOTOS
        for one, other in zip(found, wanted, strict=True):
            assert_same(one, other)
