"""The modules of the page's engine in headless Chromium, compared with Python; without a model."""

import base64
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from resistor_cls.bands import BandScores
from resistor_cls.data.crops import CROP_SHAPE, View, sample_view
from resistor_cls.data.images.decode import decode_photo
from resistor_cls.evaluation.calibration import RISKS, Calibration
from resistor_cls.evaluation.calibration.familiarity import Familiarity
from resistor_cls.evaluation.calibration.prediction_sets import LEVELS
from resistor_cls.exporting.web.folder import page_files
from resistor_cls.exporting.web.runtime import FILES
from resistor_cls.exporting.web.values import page_values
from resistor_cls.inference.predictor import Predictor
from resistor_cls.inference.read_options import ReadOptions
from resistor_cls.inference.reading_calibration import ReadingCalibration
from resistor_cls.inference.value_reader import ValueReader
from resistor_cls.model.activations import ARRAY_ACTIVATIONS, activation_name
from resistor_cls.model.detector import search
from resistor_cls.model.detector.decoding import decode
from resistor_cls.model.exported.files import RENDERED_ONNX, read_exported
from tests.helpers.browser import CHROMIUM, Browser
from tests.helpers.made_up_bodies import (
    FIND,
    GivenCategories,
    GivenScores,
    find,
    random_bodies,
    random_scores,
)
from tests.helpers.static_host import static_host

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

HEADER = read_exported(RENDERED_ONNX).header
THRESHOLD = HEADER["detector"]["threshold"]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A page of the same host, which loads modules and nothing else."""
    folder = tmp_path_factory.mktemp("page")
    runtime = {name: b"" for name in FILES}
    for path, content in page_files(read_exported(RENDERED_ONNX), "rendered", runtime).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)
    profile = tmp_path_factory.mktemp("profile")
    with static_host(folder) as address, Browser(profile) as browser:
        browser.open(f"{address}licences.txt")
        browser.run(
            """globalThis.levels = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt());
            globalThis.text = (data) =>
              btoa(Array.from(data, (one) => String.fromCharCode(one)).join(""));
            globalThis.values = await (await fetch("/model/model.json")).json(); 1"""
        )
        yield browser


def photo_of(pixels: np.ndarray) -> str:
    """A photo as the engine takes it, as a script."""
    height, width = pixels.shape[:2]
    packed = base64.b64encode(pixels.tobytes()).decode()
    return f'{{data: levels("{packed}"), width: {width}, height: {height}}}'


def pixels_of(found: dict[str, Any]) -> np.ndarray:
    levels = np.frombuffer(base64.b64decode(found["data"]), np.uint8)
    return levels.reshape(found["height"], found["width"], 3)


def test_views_are_resampled_alike(engine: Browser) -> None:
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (150, 210, 3), np.uint8)
    for view in (
        View(105, 75, 0.0, 210),  # the whole photo
        View(60, 40, 0.7, 40),  # enlarged, rotated
        View(10, 140, 2.9, 90),  # beyond two edges
        View(105, 75, 0.3, 64.02),  # hardly reduced
        View(105, 75, 0.3, 130),  # averages of two pixels
        View(105, 75, 1.1, 205),  # of three
        View(105, 75, 0.0, 420),  # from far away
    ):
        expected = sample_view(photo, view, (32, 64))
        found = engine.run(
            f"""{{
            const {{ sampleView }} = await import("/engine/views.js");
            const view = {json.dumps(asdict(view))};
            const found = sampleView({photo_of(photo)}, view, 32, 64);
            ({{ ...found, data: text(found.data) }});
            }}"""
        )
        difference = np.abs(pixels_of(found).astype(int) - expected)
        assert difference.max() <= 1, view
        assert (difference > 0).mean() < 0.01, view


def test_photos_are_decoded_alike(engine: Browser, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 255, 40 * 60 * 3).reshape(40, 60, 3) + rng.normal(0, 20, (40, 60, 3))
    photo = Image.fromarray(smooth.clip(0, 255).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    photo.save(tmp_path / "turned.jpg", exif=exif, quality=90)
    photo.save(tmp_path / "subsampled.jpg", quality=75, subsampling=2, progressive=True)
    photo.convert("L").save(tmp_path / "grey.jpg")
    photo.save(tmp_path / "plain.png")
    photo.putalpha(Image.fromarray(rng.integers(0, 256, (40, 60), np.uint8)))
    photo.save(tmp_path / "transparent.png")
    for file in sorted(tmp_path.iterdir()):
        packed = base64.b64encode(file.read_bytes()).decode()
        found = engine.run(
            f"""{{
            const {{ decodePhoto }} = await import("/engine/photo.js");
            const found = await decodePhoto(new Blob([levels("{packed}")]));
            ({{ ...found, data: text(found.data) }});
            }}"""
        )
        expected = decode_photo(file.read_bytes())
        allowed = 2 if file.name == "transparent.png" else 0  # canvases multiply by opacity
        assert np.abs(pixels_of(found).astype(int) - expected).max() <= allowed, file.name


def test_what_is_not_a_photo_is_refused_in_a_sentence(engine: Browser) -> None:
    found = engine.run(
        """{
        const { decodePhoto, PhotoError } = await import("/engine/photo.js");
        let found;
        try { await decodePhoto(new Blob(["no photo"])); }
        catch (error) { found = [error instanceof PhotoError, error.message]; }
        found;
        }"""
    )
    assert found[0]
    assert "Save it as JPEG or PNG." in found[1]


def test_peaks_are_decoded_alike(engine: Browser) -> None:
    rng = np.random.default_rng(0)
    scores = rng.random((24, 24), np.float32).round(1)  # with equal ones
    geometry = rng.normal(size=(6, 24, 24)).astype(np.float32)
    found = engine.run(
        f"""{{
        const {{ decoded }} = await import("/engine/detections.js");
        const scores = new Float32Array({json.dumps(scores.ravel().tolist())});
        const geometry = new Float32Array({json.dumps(geometry.ravel().tolist())});
        decoded(scores, geometry, 9, values.constants.peaks);
        }}"""
    )
    names = ("x", "y", "angle", "length", "width", "score")
    rows = np.array([[one[name] for name in names] for one in found])
    np.testing.assert_allclose(rows, decode(scores, geometry, 9), rtol=1e-5)


def test_photos_are_searched_alike(engine: Browser) -> None:
    shapes = [(240, 320), (700, 700), (300, 900), (90, 260), (1200, 900), (64, 64), (181, 377)]
    shapes += [(200 + 7 * number, 300 + 11 * number) for number in range(40)]
    found = engine.run(
        f"""{{
        const {{ Search }} = await import("/engine/search.js");
        const search = new Search({FIND}, values.constants.search, {THRESHOLD});
        const found = [];
        for (const [height, width] of {json.dumps(shapes)}) {{
          const photo = {{ data: new Uint8Array(3 * height * width).fill(90), width, height }};
          found.push([await search.findBest(photo), await search.all(photo)]);
        }}
        found;
        }}"""
    )
    several = 0
    for (height, width), (best, every) in zip(shapes, found, strict=True):
        photo = np.full((height, width, 3), 90, np.uint8)
        expected = search.find_best(find, photo)
        assert best == pytest.approx(asdict(expected), rel=1e-6), (height, width)
        bodies = search.find_all(find, photo, THRESHOLD)
        several += len(bodies) > 1
        assert len(every) == len(bodies)
        for one, other in zip(every, bodies, strict=True):
            assert one == pytest.approx(asdict(other), rel=1e-6), (height, width)
    assert several > 10


def test_bodies_are_read_alike(engine: Browser) -> None:
    rng, count = np.random.default_rng(0), 60
    scores, bodies = random_scores(rng, count), random_bodies(rng, count)
    calibration = ReadingCalibration.of(HEADER["card"])
    reader = ValueReader(GivenScores(scores), calibration, ReadOptions())  # type: ignore[arg-type]
    expected = [one.as_json() for one in reader.predict(bodies, 3, calibration.threshold)]
    assert scores.turned is not None
    arguments = [
        {
            "outputs": [scores_of(scores, place), scores_of(scores.turned, place)],
            "box": asdict(body.box),
            "inCrop": asdict(body.body),
            "crop": base64.b64encode(body.photo.tobytes()).decode(),
        }
        for place, body in enumerate(bodies)
        if body.box is not None and body.body is not None
    ]
    rows, columns = CROP_SHAPE
    found = engine.run(
        f"""{{
        const {{ ValueReader }} = await import("/engine/reader.js");
        const reader = new ValueReader(values);
        {json.dumps(arguments)}.map(({{ outputs, crop, ...body }}) => {{
          const photo = {{ data: levels(crop), width: {columns}, height: {rows} }};
          return reader.predict({{ crop: photo, ...body }}, outputs, 3);
        }});
        }}"""
    )
    for ours, theirs in zip(expected, found, strict=True):
        assert theirs == _nearly(ours)
    reasons = {one["reason"] for one in expected}
    assert None in reasons
    assert len(reasons) > 8


@pytest.mark.parametrize("loss", ["bce", "cross_entropy"])
@pytest.mark.parametrize("is_calibrated", [False, True])
def test_categories_are_predicted_alike(engine: Browser, loss: str, is_calibrated: bool) -> None:
    rng, count, names = np.random.default_rng(0), 30, HEADER["settings"]["categories"]
    settings = {**HEADER["settings"], "loss": loss, "views": 2, "probability_threshold": 0.4}
    references = rng.normal(size=(20, 8))
    references /= np.linalg.norm(references, axis=1, keepdims=True)
    familiarity = Familiarity(references.astype(np.float16), 0.2)
    calibration = Calibration(1.7, (None,) * len(RISKS), (0.0,) * len(LEVELS), 20, familiarity)
    card = {"calibration": calibration.to_dict()} if is_calibrated else {}
    header = {**HEADER, "reads_any_value": False, "settings": settings, "card": card}
    logits = rng.normal(0, 1, (count, 2, len(names))) - 4
    logits[np.arange(count), :, np.arange(count)] += np.linspace(0, 8, count)[:, None]
    features = references[rng.integers(0, 20, count), None] + rng.normal(0, 0.3, (count, 2, 8))
    likely = ARRAY_ACTIVATIONS[activation_name(loss)](logits.mean(axis=1))
    model = GivenCategories(likely, features.mean(axis=1), header)
    bodies = random_bodies(rng, count)
    expected = [one.as_json() for one in Predictor(model)._of_bodies(bodies, 3, None)]
    outputs = [
        [{"logits": row.tolist(), "features": own.tolist()} for row, own in zip(*both, strict=True)]
        for both in zip(logits, features, strict=True)
    ]
    boxes = [asdict(body.box) for body in bodies if body.box is not None]
    found = engine.run(
        f"""{{
        const {{ CategoryReader }} = await import("/engine/categories.js");
        const given = {json.dumps(page_values(header, "mine"))};
        const references = new Float32Array({json.dumps(familiarity.references.ravel().tolist())});
        const reader = new CategoryReader(given, references);
        const boxes = {json.dumps(boxes)};
        {json.dumps(outputs)}.map((one, place) => reader.predict({{ box: boxes[place] }}, one, 3));
        }}"""
    )
    for ours, theirs in zip(expected, found, strict=True):
        assert theirs == _nearly(ours)
    reasons = {str(one["reason"]).partition(";")[0] for one in expected}
    wanted = {"None", "confidence too low for the model's probability threshold 0.4"}
    assert reasons == wanted | ({"unlike the photos I know"} if is_calibrated else set())


def scores_of(scores: BandScores, place: int) -> dict[str, Any]:
    names = ("slots", "direction", "watts")
    return {name: getattr(scores, name)[place].ravel().tolist() for name in names}


def _nearly(value: Any) -> Any:
    """The same with numbers that may differ by rounding."""
    if isinstance(value, dict):
        return {key: _nearly(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_nearly(one) for one in value]
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-5, abs=1e-9)
    return value
