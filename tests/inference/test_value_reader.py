"""Predictions of a model that reads any value."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from resistor_cls.bands import BandScores
from resistor_cls.categories import Categories, resistor37
from resistor_cls.data.geometry import OrientedBox
from resistor_cls.data.images.preprocessed import PreprocessedImage
from resistor_cls.errors import ConfigError, ModelError
from resistor_cls.inference import Prediction, Predictor
from resistor_cls.inference.read_options import ReadOptions
from resistor_cls.inference.reading_calibration import ReadingCalibration
from resistor_cls.inference.value_reader import ValueReader
from resistor_cls.model import ResistorNetwork
from resistor_cls.model.torch_network import TorchNetwork
from tests.helpers.band_scores import certain

CODE = ("yellow", "violet", "red", "gold")
THIRD = ("orange", "orange", "red", "gold")  # 3.3 kΩ
BODY = OrientedBox(96, 32, 0, 113, 40, 1)
# Red, green and blue stripes: light enough, and as sharp as pixels are.
STRIPES = np.where(np.arange(192)[:, None] // 8 % 3 == np.arange(3), 180, 60).astype(np.uint8)
CROP = np.repeat(STRIPES[None], 64, 0)

Read = Callable[..., Prediction]


@pytest.fixture(scope="module")
def network() -> ResistorNetwork:
    torch.manual_seed(0)
    return ResistorNetwork(
        resistor37().names, backbone="band_reader", pretrained="false", image_size=[64, 192],
        locate=True, loss="cross_entropy",
    ).eval()  # fmt: skip


@pytest.fixture
def read(network: ResistorNetwork, monkeypatch: pytest.MonkeyPatch) -> Read:
    """The prediction of one crop with chosen scores."""

    def run(
        scores: BandScores,
        options: ReadOptions | None = None,
        length: float = 300.0,
        located: bool = True,
        crop: np.ndarray = CROP,
    ) -> Prediction:
        monkeypatch.setattr(network, "read_bands", lambda batch: scores)
        box = OrientedBox(200, 200, 0.5, length, length / 3, 1)
        body = PreprocessedImage(crop, located, body=BODY, box=box if located else None)
        reader = ValueReader(TorchNetwork(network), ReadingCalibration(), options or ReadOptions())
        return reader.predict([body], 3, 0.9)[0]

    return run


def test_a_certain_value_has_bands_and_no_category(read: Read) -> None:
    one = read(certain([CODE]))
    assert (one.text, one.ohms, one.tolerance, one.bands) == ("4.7 kΩ ±5 %", 4700, 0.05, CODE)
    assert (one.category, one.watts, one.accepted, one.reason) == (None, None, True, None)
    assert one.confidence is not None and one.confidence > 0.99
    assert {candidate.category for candidate in one.candidates} == {None}
    assert "verdict" not in one.as_json()


def test_no_body_has_no_value(read: Read) -> None:
    one = read(certain([CODE]), located=False)
    assert (one.text, one.ohms, one.confidence) == ("no resistor found", None, None)


def test_a_code_that_reads_both_ways_yields_both_values(read: Read) -> None:
    one = read(certain([("brown", "black", "black", "red", "brown")], backward=None))
    assert one.text == "10 kΩ ±1 % or 120 Ω ±1 %: the code reads both ways"
    assert (one.accepted, one.reason) == (False, "the code reads both ways")
    assert [candidate.ohms for candidate in one.candidates[:2]] == [10000, 120]


@pytest.mark.parametrize(
    ("crop", "length", "reason"),
    [
        (CROP, 14.4, "the body is 14 pixels long; come closer"),
        (CROP // 9, 300, "the photo is too dark; more light"),
        (np.full_like(CROP, 255), 300, "the photo is too bright: the body is blown out; less "
         "exposure"),
        (CROP, 300, "the bands form no usual code"),
    ],
)  # fmt: skip
def test_the_reason_is_what_was_measured(
    crop: np.ndarray, length: float, reason: str, read: Read
) -> None:
    one = read(certain([CODE], sharpness=0.0), length=length, crop=crop)
    assert one.text == "don't know"
    assert one.reason == reason


def test_no_value_is_read_without_colour(read: Read) -> None:
    grey = read(certain([CODE]), crop=np.repeat(CROP[..., :1], 3, 2))
    assert (grey.text, grey.accepted) == ("don't know", False)
    assert grey.reason == "the photo has no colour, or a single tint; take it in colour"


def test_a_band_of_two_colours_is_named_in_reading_order(read: Read) -> None:
    red, orange = (certain([(*CODE[:2], third, "gold")], True) for third in ("red", "orange"))
    mixed = np.logaddexp(red.slots, orange.slots) - np.log(2)
    one = read(BandScores(mixed, red.direction, red.watts))
    assert one.reason == "the third band is red or orange"


def test_a_list_restricts_readings(read: Read) -> None:
    options = ReadOptions(categories=Categories(["4k7", "4K3", "10R_1W"]), source="my.txt")
    one = read(certain([CODE]), options)
    assert (one.text, one.category, one.bands) == ("4.7 kΩ ±5 %", "4k7", CODE)
    other = read(certain([THIRD]), options)
    assert other.reason == "reads 3.3 kΩ ±5 %, which is not in my.txt"
    expecting = ReadOptions(categories=options.categories, expected=4700.0)
    assert read(certain([THIRD]), expecting).verdict == "no"
    assert not other.accepted and other.candidates[0].category is None


def test_a_value_is_certain_where_its_power_rating_is_not(read: Read) -> None:
    options = ReadOptions(categories=Categories(["4K7_1-4W", "4K7_1W"]))
    scores = certain([CODE])
    even = BandScores(scores.slots, scores.direction, np.full((1, 5), np.log(0.2)))
    one = read(even, options)
    assert (one.text, one.category, one.watts) == ("4.7 kΩ ±5 %", None, None)
    assert {candidate.category for candidate in one.candidates[:2]} == {"4K7_1-4W", "4K7_1W"}


@pytest.mark.parametrize(("ohms", "verdict"), [(4700.0, "yes"), (3300.0, "no")])
def test_the_verdict_on_an_expected_value(ohms: float, verdict: str, read: Read) -> None:
    one = read(certain([CODE]), ReadOptions(expected=ohms))
    assert (one.verdict, one.as_json()["expected"]) == (verdict, ohms)
    unsure = read(certain([CODE], sharpness=0.0), ReadOptions(expected=ohms))
    assert unsure.verdict == "unsure"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ReadOptions(series="E12"), "series E12: expected one of any, E24, E96"),
        (ReadOptions(expected=1234.0), "1.234 kΩ is a value that no colour code shows"),
        (ReadOptions(expected=4770.0), "4.77 kΩ is not a value of E96: correct it, or add series"),
        (ReadOptions(categories=Categories(["1k", "2k"]), expected=3e3), "is not in the list"),
    ],
)
def test_invalid_options_are_named(
    options: ReadOptions, message: str, network: ResistorNetwork
) -> None:
    with pytest.raises(ConfigError, match=message):
        Predictor(network, options)


def test_no_risk_and_no_views(network: ResistorNetwork) -> None:
    predictor = Predictor(network)
    with pytest.raises(ConfigError, match=r"risk 0.05: no risk is guaranteed"):
        predictor.check_risk(0.05)
    with pytest.raises(ConfigError, match=r"views 4: this model reads bands"):
        predictor.set_inference(views=4)


def test_a_temperature_softens_and_a_broken_calibration_is_named() -> None:
    soft = ReadingCalibration.of({"reading_calibration": {"temperature": 10, "threshold": 0.8}})
    scores = soft.apply(certain([CODE]))
    assert np.exp(scores.slots).sum(axis=2) == pytest.approx(1)
    assert scores.slots.max() < -0.1
    assert (soft.threshold, soft.fitted) == (0.8, True)
    with pytest.raises(ModelError, match="reading_calibration"):
        ReadingCalibration.of({"reading_calibration": {"temperature": 0, "threshold": 0.8}})
