import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from resistor_cls.errors import ConfigError, DataError, ModelError
from resistor_cls.model import ResistorNetwork
from resistor_cls.model.detector.network import Detector
from tests.helpers.tiny_training import TINY, Training, network, train


def make(**changes: Any) -> ResistorNetwork:
    return network(**({"categories": ["10R", "4K7", "left"]} | changes))


@pytest.mark.parametrize("backbone", [TINY, "test_vit.r160_in1k"])
@pytest.mark.parametrize("size", [(32, 32), (31, 64), (200, 150)])
def test_photos_of_any_size_get_a_logit_per_category(backbone: str, size: tuple[int, int]) -> None:
    logits = make(backbone=backbone).eval()(torch.rand(2, 3, *size))
    assert logits.shape == (2, 3)
    assert logits.dtype == torch.float32


@pytest.mark.parametrize("loss", ["bce", "cross_entropy"])
def test_probabilities_belong_to_the_loss(loss: str) -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0]])
    expected = {"bce": 1 / 2, "cross_entropy": 1 / 3}[loss]
    probabilities = make(loss=loss).probabilities(logits.bfloat16())
    assert torch.allclose(probabilities, torch.full((1, 3), expected))


def test_normalization_is_part_of_the_model() -> None:
    photos = torch.rand(1, 3, 32, 32)
    simple, imagenet = make().preprocessing, make(normalization="imagenet").preprocessing
    assert torch.allclose(simple(photos), photos * 2 - 1)
    mean = torch.tensor([0.485, 0.456, 0.406])
    assert imagenet(mean.view(1, 3, 1, 1).expand(1, 3, 32, 32)).abs().max() < 1e-6


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"categories": ["10R"]}, DataError, "at least two"),
        ({"categories": ["10R", "10R"]}, DataError, "named twice: 10R"),
        ({"loss": "bse"}, ConfigError, "loss=bse: no such loss"),
        ({"normalization": "imagnet"}, ConfigError, "normalization=imagnet: did you mean imagenet"),
        ({"image_size": 0}, ConfigError, "model.image_size=0"),
        ({"views": 3}, ConfigError, "model.views=3: expected 1, 2, 4, 8"),
        ({"views": 0}, ConfigError, "model.views=0: expected 1, 2, 4, 8"),
        (
            {"views": 8, "image_size": (32, 48)},
            ConfigError,
            "model.views=8 takes quarter turns, but model.image_size gives 32×48",
        ),
        (
            {"views": 8, "locate": Detector()},
            ConfigError,
            "model.views=8 takes quarter turns, but model.locate=true gives 16×32",
        ),
        ({"probability_threshold": 2}, ConfigError, "model.probability_threshold=2: expected 0 to"),
    ],
)
def test_an_argument_that_cannot_be_used_is_named(
    changes: dict[str, Any], error: type, message: str
) -> None:
    with pytest.raises(error, match=message):
        make(**changes)


def test_eight_views_are_all_rotations_and_mirrorings_of_a_square_photo() -> None:
    torch.manual_seed(0)
    one = make().eval()
    photos = torch.rand(2, 3, 32, 32)
    ways = [flipped.rot90(k, (2, 3)) for flipped in (photos, photos.flip(3)) for k in range(4)]
    with torch.inference_mode():
        mean = torch.stack([one(way) for way in ways]).mean(0)
        one.set_inference(views=8)
        assert all(torch.allclose(one(way), mean, atol=1e-6) for way in ways)


def test_predictions_are_in_half_precision_only_where_that_is_asked_for() -> None:
    model, photos = make().eval(), torch.rand(2, 3, 32, 32)
    with torch.inference_mode():
        full = model(photos)
        with torch.autocast("cpu"):  # as in a training
            half = model(photos).float()
            assert torch.equal(model.predict(photos)[0], full)
        model.set_inference(mixed_precision_inference=True)
        assert torch.equal(model.predict(photos)[0], half)
    assert not torch.equal(full, half)
    assert torch.allclose(full, half, atol=0.05)


def test_settings_of_inference_are_saved(tmp_path: Path, photos: Path) -> None:
    settings = {"views": 8, "mixed_precision_inference": True, "probability_threshold": 0.4}
    done = train(photos, tmp_path / "run", model={**settings, "pool": "gem", "drop_path": 0.1})
    loaded = ResistorNetwork.load(done.folder / "checkpoints" / "best.ckpt")
    for name, value in settings.items():
        assert getattr(loaded, name) == value
    batch = next(iter(done.data.val_dataloader()))["photos"].float().div(255)
    with torch.inference_mode():
        assert torch.equal(loaded.predict(batch)[0], done.network.predict(batch)[0])
    found = done.trainer.callback_metrics
    likely = done.model.predictions["probabilities"].max(1).values
    assert float(found["val/coverage"]) == pytest.approx(float((likely >= 0.4).float().mean()))


@pytest.mark.parametrize(("views", "axes"), [(2, [(2, 3)]), (4, [(2, 3), (2,), (3,)])])
def test_views_are_averaged_in_evaluation_only(views: int, axes: list[tuple[int, ...]]) -> None:
    torch.manual_seed(0)
    one = make().eval()
    torch.manual_seed(0)
    several = make(views=views).eval()
    photos = torch.rand(2, 3, 32, 32)
    with torch.inference_mode():
        mean = torch.stack([one(photos.flip(flipped)) for flipped in [(), *axes]]).mean(0)
        assert torch.allclose(several(photos), mean, atol=1e-6)
        assert torch.allclose(several(photos.flip(2, 3)), mean, atol=1e-6)


def test_a_loaded_model_gives_the_same_logits(trained: Training) -> None:
    photos = torch.rand(3, 3, 40, 40)
    loaded = ResistorNetwork.load(trained.folder / "checkpoints" / "last.ckpt")
    assert not loaded.training
    with torch.inference_mode():
        assert torch.equal(loaded(photos), trained.model(photos))
    assert loaded.categories == trained.data.categories
    assert loaded.metadata == {"data": trained.data.settings, "seed": 0}


Change = Callable[[dict[str, Any]], object]
FOREIGN: dict[str, tuple[Change, str]] = {
    "a foreign dict": (lambda _: {"state_dict": {}}, "is not a checkpoint of resistor_cls"),
    "a tensor": (lambda _: torch.zeros(3), "is not a checkpoint of resistor_cls"),
    "another format": (
        lambda c: c | {"resistor_cls": {"format": 99}},
        "has checkpoint format 99, this version reads 1: use the version",
    ),
    "no weights": (
        lambda c: {key: value for key, value in c.items() if key != "state_dict"},
        "does not fit its own model",
    ),
    "weights of another net": (
        lambda c: c | {"hyper_parameters": c["hyper_parameters"] | {"categories": ["a", "b"]}},
        "does not fit its own model",
    ),
    "an unknown hyper-parameter": (
        lambda c: c | {"hyper_parameters": c["hyper_parameters"] | {"colour": "blue"}},
        "does not fit its own model",
    ),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_another_checkpoint_is_refused(trained: Training, tmp_path: Path, case: str) -> None:
    change, message = FOREIGN[case]
    checkpoint = torch.load(trained.folder / "checkpoints" / "best.ckpt", weights_only=True)
    del checkpoint["resistor_cls"]["digest"]  # which would refuse any change
    torch.save(change(checkpoint), tmp_path / "other.ckpt")
    with pytest.raises(ModelError, match=rf"other.ckpt.*{message}"):
        ResistorNetwork.load(tmp_path / "other.ckpt")


def test_a_file_that_is_not_a_checkpoint_is_named(trained: Training, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"absent.ckpt does not exist: expected a checkpoint"):
        ResistorNetwork.load(tmp_path / "absent.ckpt")
    with pytest.raises(ModelError, match="is a folder: expected a checkpoint"):
        ResistorNetwork.load(tmp_path)
    whole = (trained.folder / "checkpoints" / "best.ckpt").read_bytes()
    for content in (b"", b"hello\n", whole[: len(whole) // 2], whole[:-1]):
        (tmp_path / "broken.ckpt").write_bytes(content)
        with pytest.raises(ModelError, match=r"broken.ckpt is not a complete checkpoint"):
            ResistorNetwork.load(tmp_path / "broken.ckpt")
    for inside in ("notes.txt", "archive/data.pkl"):
        with zipfile.ZipFile(tmp_path / "zip.ckpt", "w") as archive:
            archive.writestr(inside, "")
            archive.writestr("archive/version", "3\n")
        with pytest.raises(ModelError, match=r"zip.ckpt cannot be loaded as plain values.*: \S"):
            ResistorNetwork.load(tmp_path / "zip.ckpt")


class Bomb:
    """Makes a folder as soon as it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.trace),)


def test_code_in_a_checkpoint_is_never_run(trained: Training, tmp_path: Path) -> None:
    trace = tmp_path / "executed"
    checkpoint = torch.load(trained.folder / "checkpoints" / "best.ckpt", weights_only=True)
    file = tmp_path / "bomb.ckpt"
    file.write_bytes(pickle.dumps(Bomb(trace)))
    with pytest.raises(ModelError, match=r"bomb.ckpt is not a complete checkpoint"):
        ResistorNetwork.load(file)
    for content in (Bomb(trace), checkpoint | {"extra": Bomb(trace)}):
        torch.save(content, file)
        with pytest.raises(ModelError, match=r"bomb.ckpt .* nothing in it was executed"):
            ResistorNetwork.load(file)
    assert not trace.exists()
    torch.load(file, weights_only=False)  # the bomb is a real one
    assert trace.exists()
