"""An exported model predicts what its original predicts."""

from pathlib import Path

import numpy as np
import pytest

from resistor_cls.exporting.export_model import exported_model
from resistor_cls.inference import Predictor
from resistor_cls.model import ResistorNetwork
from resistor_cls.model.checkpoint.weights import RENDERED
from resistor_cls.model.exported.files import RENDERED_ONNX, exported_bytes, parse_exported
from resistor_cls.model.exported.network import ExportedNetwork
from resistor_cls.model.torch_network import TorchNetwork
from resistor_cls.synthetic import draw_crops
from tests.helpers.exports import band_reader, loaded, original

RENEW = (
    "python -m resistor_cls.export --model rendered --precision float16 "
    f"--output {RENDERED_ONNX} --replace"
)


def noise(count: int, rows: int, columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, rows, columns, 3), np.uint8)


@pytest.mark.parametrize("views", [1, 2, 4])
@pytest.mark.parametrize(("precision", "allowed"), [("float32", 1e-5), ("float16", 0.02)])
def test_probabilities_and_features_are_those_of_the_original(
    views: int, precision: str, allowed: float
) -> None:
    network, torch_network = loaded(precision), TorchNetwork(original())
    assert network.shape == original().preprocessing.shape
    photos = noise(5, *network.shape)
    for one in (network, torch_network):
        one.set_inference(views, None)
    try:
        likely, features = network.predict_photos(photos)
        expected, their_features = torch_network.predict_photos(photos)
    finally:
        torch_network.set_inference(1, None)
    assert likely.dtype == np.float32
    assert np.abs(likely - expected).max() < allowed
    assert features is not None and their_features is not None
    assert features.dtype == their_features.dtype == np.float16
    assert np.allclose(features, their_features, atol=50 * allowed, rtol=0.01)
    assert network.metadata == torch_network.metadata


def test_bodies_are_found_where_the_original_finds_them() -> None:
    photos = [noise(1, 90, 120, seed)[0] for seed in range(3)]
    ours, theirs = (one.image_preprocessing() for one in (loaded(), TorchNetwork(original())))
    for photo in photos:
        box, expected = ours(photo).box, theirs(photo).box
        assert box is not None and expected is not None
        assert (box.x, box.y, box.length) == pytest.approx(
            (expected.x, expected.y, expected.length), abs=0.1
        )
    assert len(ours.every(photos[0])) == len(theirs.every(photos[0]))


def test_an_exported_band_reader_reads_bands() -> None:
    model = exported_model(band_reader(), "float32", "0.0")
    file = Path("reader.onnx")
    network = ExportedNetwork(file, parse_exported(file, exported_bytes(model)))
    original_network = TorchNetwork(band_reader())
    assert (network.reads_bands, network.reads_any_value, network.locates) == (True, True, False)
    photos = noise(3, 32, 96)
    found, expected = network.read_photos(photos), original_network.read_photos(photos)
    assert found.turned is not None and expected.turned is not None
    for one, other in ((found, expected), (found.turned, expected.turned)):
        assert np.allclose(one.slots, other.slots, atol=1e-4)
        assert np.allclose(one.direction, other.direction, atol=1e-4)
        assert np.allclose(one.watts, other.watts, atol=1e-4)
    likely = network.predict_photos(photos)[0]
    assert np.allclose(likely, original_network.predict_photos(photos)[0], atol=1e-5)
    assert Predictor(network).reads_any_value


def test_a_prediction_is_the_same_in_a_batch_and_alone() -> None:
    network = loaded()
    photos = noise(7, *network.shape)
    together = network.predict_photos(photos)[0]
    alone = np.concatenate([network.predict_photos(one[None])[0] for one in photos])
    assert np.allclose(together, alone, atol=1e-6)


def test_the_exported_model_of_the_package_is_that_of_its_weights() -> None:
    renew = f"renew it: {RENEW}"
    assert RENDERED_ONNX.stat().st_size <= 7 * 2**20
    network = ExportedNetwork.load(RENDERED_ONNX)
    weights = ResistorNetwork.load(RENDERED)
    assert network.metadata == weights.metadata, renew
    assert network.categories.names == weights.categories.names, renew
    torch_network = TorchNetwork(weights)
    crops = draw_crops(16, network.shape, np.random.default_rng(3)).photos
    found, expected = network.read_photos(crops), torch_network.read_photos(crops)
    assert np.abs(np.exp(found.slots) - np.exp(expected.slots)).max() < 0.02, renew
    assert np.abs(np.exp(found.direction) - np.exp(expected.direction)).max() < 0.02, renew
    detector, own = weights.preprocessing.detector, network.detector
    assert detector is not None and own is not None
    assert own.threshold == detector.threshold, renew
    view = view_of(crops[0])
    for ours, theirs in zip(own.score_view(view), detector.score_view(view), strict=True):
        assert np.abs(ours - theirs).max() < 0.3, renew


def view_of(crop: np.ndarray) -> np.ndarray:
    """A view of 160 pixels with a crop in its middle."""
    view = np.full((160, 160, 3), 120, np.uint8)
    rows, columns = crop.shape[:2]
    columns = min(columns, 160)
    view[40 : 40 + rows, :columns] = crop[:, :columns]
    return view
