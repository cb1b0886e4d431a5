"""Whole jobs on photos that are not square or not RGB, and with custom pipelines."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import albumentations
import numpy as np
import pytest
import torch
from PIL import Image

from resistor_cls.audit import main as audit
from resistor_cls.data import FolderSource, PhotoDataModule
from resistor_cls.data.images.resize import Resize
from resistor_cls.errors import ConfigError
from resistor_cls.evaluate import main as evaluate
from resistor_cls.model import ResistorNetwork, SyntheticCrops
from resistor_cls.train import main as train_main
from tests.helpers.model_files import save_checkpoint
from tests.helpers.tiny import CATEGORIES, TINY


def newest(workplace: Path, name: str) -> Path:
    return max(workplace.rglob(name), key=lambda path: path.stat().st_mtime_ns)


@pytest.fixture
def arrays(photos: Path, tmp_path: Path) -> Callable[[int], Path]:
    """The synthetic photos as arrays of some channels: those of RGB, again and again."""

    def write(channels: int) -> Path:
        root = tmp_path / f"arrays{channels}"
        for path in sorted(photos.rglob("*.jpg")):
            rgb = np.asarray(Image.open(path))
            place = root / path.parent.name / path.name
            place.parent.mkdir(parents=True, exist_ok=True)
            np.save(place.with_suffix(".npy"), np.tile(rgb, 2)[..., :channels])
        return root

    return write


@pytest.mark.parametrize("channels", [2, 5])
def test_arrays_train_and_are_reported(
    arrays: Callable[[int], Path], workplace: Path, channels: int
) -> None:
    words = ["data=folder", f"data.root={arrays(channels)}", f"model.channels={channels}", *TINY]
    words += ["trainer.max_epochs=1", "tracking=none", "model.normalization=channel"]
    assert train_main(words) == 0
    report = json.loads(newest(workplace, "report.json").read_text())
    assert report["unknown"] is None  # nothing is drawn that the model could not see
    assert newest(workplace, "report.html").stat().st_size > 10_000
    model = ResistorNetwork.load(newest(workplace, "best.ckpt"))
    assert model(torch.rand(2, channels, 32, 32)).shape == (2, len(CATEGORIES))


def test_a_wrong_number_of_channels_is_named(
    arrays: Callable[[int], Path],
    train: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert train("model.channels=5", "tracking=none") == 2
    assert "it has 3 channels, model.channels=5: choose other photos" in capsys.readouterr().err
    assert train(f"data.root={arrays(5)}", "tracking=none") == 2
    assert "it has 5 channels, model.channels=3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["stress=true"], "stress=true, but model.channels=5"),
        (["augment=medium"], "augment: PlanckianJitter, but model.channels=5"),
        (["model.locate=true"], "model.locate=true, but model.channels=5"),
        (["model.normalization=imagenet"], "model.normalization=imagenet, but model.channels=5"),
    ],
)
def test_what_needs_colours_is_refused_before_training(
    arrays: Callable[[int], Path],
    train: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    assert train(f"data.root={arrays(5)}", "model.channels=5", "tracking=none", *words) == 2
    assert message in capsys.readouterr().err
    assert not list(Path.cwd().rglob("*.ckpt"))


@pytest.mark.usefixtures("blank_figures")
def test_every_setting_of_preprocessing_is_saved_with_the_model(
    train: Callable[..., int], workplace: Path, tmp_path: Path
) -> None:
    """Not square, grey, scaled by itself, with fixed transforms; with a custom pipeline."""
    fixed, random = tmp_path / "fixed.yaml", tmp_path / "random.json"
    albumentations.save(albumentations.CLAHE([4, 4], p=1), fixed, data_format="yaml")
    albumentations.save(albumentations.Compose([albumentations.HorizontalFlip()]), random)
    words = ["data.image_size=[24,40]", "model.channels=1", "model.normalization=min_max"]
    words += [f"model.steps={fixed}", "augment=custom", f"augment.pipeline.file={random}"]
    assert train(*words, "tracking=none", "trainer.max_epochs=1") == 0
    fixed.unlink()
    checkpoint = newest(workplace, "best.ckpt")
    model = ResistorNetwork.load(checkpoint)
    prepare = model.image_preprocessing()
    assert (prepare.size, prepare.shape, prepare.channels) == ([24, 40], (24, 40), 3)
    assert " then " in prepare.key
    assert model.metadata["data"]["image_size"] == [24, 40]
    assert evaluate([f"model={checkpoint}", "tracking=none", "unknown=0"]) == 0


def test_the_online_generator_does_not_go_with_other_channels(photos: Path) -> None:
    with pytest.raises(ConfigError, match=r"data.stream draws RGB photos, but model.channels=5"):
        PhotoDataModule(
            FolderSource(photos),
            preprocess=Resize(16, 5),
            online_generator=partial(SyntheticCrops, length=1),
        )


def test_an_audit_takes_the_channels_of_a_model(
    arrays: Callable[[int], Path], workplace: Path
) -> None:
    model = ResistorNetwork(
        CATEGORIES, backbone="test_resnet.r160_in1k", pretrained="false", image_size=32, channels=5
    )
    model.metadata = {"trained_on": []}
    save_checkpoint(model, workplace / "five.ckpt")
    words = ["data=folder", f"data.root={arrays(5)}", "data.image_size=[24,32]", "data.workers=0"]
    assert audit([*words, "tracking=none", f"model={workplace / 'five.ckpt'}"]) == 0
    report = json.loads(newest(workplace, "audit.json").read_text())
    assert [row["mode"] for row in report["files"]["modes"]] == ["5 channels"]
    assert report["image_size"] == 32
