from pathlib import Path

import numpy as np
import pytest
import torch

from resistor_cls.bands import BANDS
from resistor_cls.categories import Categories, resistor37
from resistor_cls.category_codes import category_log_probabilities
from resistor_cls.errors import ConfigError, ModelError
from resistor_cls.model import ResistorNetwork
from resistor_cls.model.band_reader import CategoryCodes, Reading
from tests.helpers.band_scores import certain

NAMES = resistor37().names
SHAPE = [32, 96]


def reader(names: tuple[str, ...] = NAMES, **changes: object) -> ResistorNetwork:
    torch.manual_seed(0)
    given = {
        "backbone": "band_reader", "pretrained": "false", "image_size": SHAPE,
        "loss": "cross_entropy", **changes,
    }  # fmt: skip
    return ResistorNetwork(names, **given).eval()  # type: ignore[arg-type]


def crops(count: int = 3) -> torch.Tensor:
    return torch.rand(count, 3, *SHAPE, generator=torch.Generator().manual_seed(1))


def reading_of(scores: object) -> Reading:
    slots, direction, watts = (
        torch.from_numpy(getattr(scores, name)) for name in ("slots", "direction", "watts")
    )
    photos = len(slots)
    return Reading(slots, direction, watts, torch.zeros(photos, 1, 1), torch.zeros(photos, 1))


def test_logits_of_categories_are_their_probabilities_by_the_bands() -> None:
    codes = [category.markings[0] for category in resistor37()]
    scores = certain(codes, sharpness=4.0)  # likely, yet not alone
    found = CategoryCodes(resistor37())(reading_of(scores)).numpy()
    expected = category_log_probabilities(scores, resistor37())
    clear = expected > -12  # far from the floor
    assert clear.any()
    np.testing.assert_allclose(found[clear], expected[clear], atol=1e-3)


def test_names_without_a_value_have_no_probability_by_the_bands() -> None:
    names = Categories(["left", "4K7", "right"])
    code = ("yellow", "violet", "red", "gold")
    found = CategoryCodes(names)(reading_of(certain([code])))[0]
    assert found.argmax() == 1
    assert found[0] == found[2] == pytest.approx(-20)


def test_a_reader_predicts_categories_that_it_was_never_trained_on() -> None:
    network = reader()
    assert network.reads_bands
    assert network.reads_any_value
    logits, features = network.predict(crops())
    assert logits.shape == (3, len(NAMES))
    assert features is not None and features.shape == (3, network.backbone.num_features)
    with torch.no_grad():
        network.backbone.head.bias[0] = 1.0  # as photos with labels do
    assert not network.reads_any_value


def test_bands_are_scored_in_two_views() -> None:
    network = reader()
    scores, turned = network.read_bands(crops()), network.read_bands(crops().flip(2, 3))
    assert scores.turned is not None and turned.turned is not None
    assert scores.slots.shape == (3, 6, len(BANDS))
    np.testing.assert_allclose(np.exp(scores.slots).sum(axis=2), 1, rtol=1e-5)
    np.testing.assert_allclose(scores.slots, turned.turned.slots, atol=1e-4)
    np.testing.assert_allclose(scores.turned.slots, turned.slots, atol=1e-4)


def test_a_file_of_weights_gives_the_same_scores_and_starts_other_categories(
    tmp_path: Path,
) -> None:
    network = reader(band_weight=1.0)
    file = tmp_path / "reader.safetensors"
    network.save_weights(file)
    loaded = ResistorNetwork.load(file)
    np.testing.assert_allclose(
        loaded.read_bands(crops()).slots, network.read_bands(crops()).slots, atol=0.05
    )
    other = reader(("10R", "4K7", "left"), pretrained=str(file))
    assert other.reads_any_value
    np.testing.assert_allclose(
        other.read_bands(crops()).slots, loaded.read_bands(crops()).slots, atol=1e-5
    )


def test_settings_that_do_not_go_with_it_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"model\.dropout=0\.1 with model\.backbone=band_reader"):
        reader(dropout=0.1)
    with pytest.raises(ModelError, match="no ImageNet weights"):
        reader(pretrained="true")
    with pytest.raises(ConfigError, match=r"reads no bands: take model=band_reader"):
        reader(backbone="test_resnet.r160_in1k", band_weight=0.5)
