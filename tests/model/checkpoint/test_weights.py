from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from resistor_cls.decoding import read_values
from resistor_cls.errors import ConfigError, ModelError
from resistor_cls.model import ResistorNetwork
from resistor_cls.model.checkpoint.weights import RENDERED, read_weights
from resistor_cls.model.detector.network import SHIPPED
from resistor_cls.model.torch_network import as_batch
from resistor_cls.synthetic import any_part, draw, sample_scene
from tests.helpers.tiny_training import network


def make(categories: str = "abc", **changes: Any) -> ResistorNetwork:
    return network(list(categories), **changes)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    model = make()
    model.metadata = {"trained_on": []}
    model.save_weights(tmp_path / "own.safetensors")
    return tmp_path / "own.safetensors"


def test_a_file_of_weights_is_a_whole_model(tmp_path: Path) -> None:
    model = make(pool="max", views=4, normalization="imagenet").eval()
    model.metadata = {"trained_on": []}
    model.save_weights(tmp_path / "own.safetensors")
    loaded = ResistorNetwork.load(tmp_path / "own.safetensors")
    assert loaded.settings == model.settings
    assert loaded.metadata == model.metadata
    photos = torch.rand(3, 3, 40, 40)
    with torch.inference_mode():  # half precision holds three digits
        assert torch.allclose(loaded(photos), model(photos), atol=2e-2)


def test_known_categories_keep_their_logits_wherever_they_stand(file: Path) -> None:
    weights = read_weights(file).tensors
    model = make("xbya", pretrained=str(file))
    assert model.weights_from == "own.safetensors"
    own = model.backbone.state_dict()
    for name, value in weights.items():
        if name.startswith("fc."):
            assert torch.equal(own[name][[1, 3]], value[[1, 0]])
            assert not torch.equal(own[name][[0, 2]], value[[0, 2]])
        else:
            assert torch.equal(own[name], value), name


def test_weights_that_cannot_be_used_are_named(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"model.backbone=test_vit.*was trained with test_resnet"):
        make(backbone="test_vit.r160_in1k", pretrained=str(file))
    with pytest.raises(ConfigError, match=r"model.normalization=imagenet, but own.safetensors"):
        make(normalization="imagenet", pretrained=str(file))
    with pytest.raises(ConfigError, match=r"model.channels=1, but own.safetensors was trained wi"):
        make(channels=1, pretrained=str(file))
    with pytest.raises(
        ConfigError, match=r"model.pool=catavgmax and .* do not fit own.safetensors"
    ):
        make(pool="catavgmax", pretrained=str(file))
    with pytest.raises(ModelError, match=r"absent.safetensors: the weights cannot be read"):
        make(pretrained=str(tmp_path / "absent.safetensors"))
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ModelError, match=r"own.safetensors: the weights cannot be read"):
        ResistorNetwork.load(file)
    save_file({"fc.weight": torch.zeros(2)}, file)
    with pytest.raises(ModelError, match="format None, expected 1"):
        ResistorNetwork.load(file)


def test_the_shipped_weights_are_small_say_how_they_were_made_and_read_any_part() -> None:
    assert RENDERED.stat().st_size + SHIPPED.stat().st_size <= 15e6
    metadata = read_weights(RENDERED).metadata
    assert metadata["recipe"]["model.backbone"] == "band_reader"
    assert metadata["trained_on"] == []  # no real photo
    network = ResistorNetwork.load(RENDERED)
    assert network.reads_any_value
    rng = np.random.default_rng(2**40)
    parts = [any_part(rng) for _ in range(20)]
    prepare = network.image_preprocessing()
    crops = [prepare(draw(sample_scene(part, rng)).photo).photo for part in parts]
    found = read_values(network.read_bands(as_batch(crops, network.device)))
    right = [
        readings[0].ohms == pytest.approx(part.ohms)
        for readings, part in zip(found, parts, strict=True)
    ]
    assert sum(right) >= 15
