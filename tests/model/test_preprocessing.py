"""What a backbone sees: shapes, channels and normalisations."""

import io
from typing import Any

import albumentations
import numpy as np
import pytest
import torch
from torch import Tensor

from resistor_cls.data.crops import crop_shape
from resistor_cls.data.images.resize import resize_image
from resistor_cls.errors import ConfigError, DataError
from resistor_cls.model import image_preprocessing
from resistor_cls.model.detector.network import Detector
from resistor_cls.model.preprocessing import NORMALIZATIONS, Preprocessing

PHOTO = np.random.default_rng(0).integers(0, 200, (24, 40, 3), dtype=np.uint8)


def batch(*photos: np.ndarray) -> Tensor:
    return torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2).float() / 255


@pytest.mark.parametrize("size", [32, [32, 80], (32, 80)])
@pytest.mark.parametrize("locate", [False, True])
def test_a_size_is_a_number_or_rows_and_columns(
    size: Any, locate: bool, detector: Detector
) -> None:
    model, prepare = Preprocessing(size, "simple", locate), image_preprocessing(locate, size)
    by_number = crop_shape(32) if locate else (32, 32)
    expected = by_number if size == 32 else (32, 80)
    assert model.shape == prepare.shape == prepare(PHOTO).photo.shape[:2] == expected
    assert model(batch(PHOTO)).shape == (1, 3, *expected)
    # Plain values, which are saved and make the same again.
    assert model.image_size == prepare.size == (32 if size == 32 else [32, 80])
    assert (
        model.image_preprocessing().key
        == model.image_preprocessing(prepare.size).key
        == prepare.key
    )
    if locate and size != 32:
        values = model.detector_values()
        assert values is not None
        model.restore_detector({**values, "shape": [32, 80]})


def test_bad_sizes_and_channels_are_refused() -> None:
    for size in (0, [32], [32, 0], "32", 1.5):
        with pytest.raises(ConfigError, match=r"model.image_size=.*: expected 1 or more pixels"):
            Preprocessing(size, "simple")  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match=r"data.image_size=.*: expected 1 or more pixels"):
            image_preprocessing(False, size)  # type: ignore[arg-type]
    for make in (
        lambda n: Preprocessing(32, "simple", channels=n),
        lambda n: image_preprocessing(False, 32, n),
    ):
        for channels in (0, -1, 2.0, True):
            with pytest.raises(
                ConfigError, match=r"model.channels=.*expected a whole number, 1 or"
            ):
                make(channels)
    with pytest.raises(ConfigError, match=r"model.locate=true, but model.channels=5"):
        image_preprocessing(True, 32, 5)
    with pytest.raises(ConfigError, match=r"model.normalization=imagenet, but model.channels=2"):
        Preprocessing(32, "imagenet", channels=2)
    with pytest.raises(ConfigError, match=r"model.normalization=chanel: did you mean channel"):
        Preprocessing(32, "chanel")


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_photos_of_other_channels_are_refused(channels: int) -> None:
    prepare = image_preprocessing(False, 16, channels)
    taken = 3 if channels == 1 else channels
    assert prepare.channels == taken
    for found in (1, 2, 3, 5):
        photo = np.tile(PHOTO, 2)[..., :found]
        if found == taken:
            assert np.array_equal(prepare(photo).photo, resize_image(photo, (16, 16)))
        else:
            with pytest.raises(DataError, match=rf"has {found} channels, model.channels={taken}"):
                prepare(photo)


def test_grey_is_the_luma_of_rgb() -> None:
    model = Preprocessing([24, 40], "simple", channels=1)
    seen = model(batch(PHOTO))
    luma = PHOTO @ np.array([0.299, 0.587, 0.114])
    assert seen.shape == (1, 1, 24, 40)
    assert np.abs(seen[0, 0].numpy() - (luma / 127.5 - 1)).max() < 1e-5
    # A photo without colours is itself, by whichever statistics.
    grey = np.repeat(PHOTO[..., :1], 3, axis=2)
    assert torch.allclose(model(batch(grey)), batch(grey)[:, :1] * 2 - 1, atol=1e-6)
    scaled = Preprocessing([24, 40], "imagenet", channels=1)
    assert scaled.mean.item() == pytest.approx(0.4589, abs=1e-4)
    assert 0.224 < scaled.std.item() < 0.229


@pytest.mark.parametrize(
    ("name", "theirs"),
    [("image", "image"), ("channel", "image_per_channel"), ("min_max", "min_max")],
)
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_each_photo_is_scaled_by_itself_as_albumentations_does(
    name: str, theirs: Any, channels: int
) -> None:
    photos = [np.tile(photo, 2)[..., : max(channels, 3)] for photo in (PHOTO, PHOTO // 4 + 90)]
    seen = Preprocessing([24, 40], name, channels=channels)(batch(*photos))
    scale = albumentations.Normalize(normalization=theirs, p=1)
    for photo, ours in zip(photos, seen, strict=True):
        luma = (photo[..., :3] @ np.array([0.299, 0.587, 0.114])).astype(np.float32)
        given = luma[..., None] if channels == 1 else photo
        expected = scale(image=given)["image"].reshape(24, 40, channels)
        assert np.abs(ours.permute(1, 2, 0).numpy() - expected).max() < 1e-4


@pytest.mark.parametrize("name", NORMALIZATIONS)
@pytest.mark.parametrize("level", [0, 1, 128, 255])
def test_flat_photos_stay_numbers(name: str, level: int) -> None:
    flat = np.full((24, 40, 3), level, np.uint8)
    seen = Preprocessing([24, 40], name)(batch(flat, PHOTO))
    assert seen.isfinite().all()
    assert seen.abs().max() < 20
    if name in ("image", "channel", "min_max"):
        assert seen[0].abs().max() < 0.01


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_photos_that_scale_themselves_are_the_same_in_less_light(name: str) -> None:
    model = Preprocessing([24, 40], name)
    together = model(batch(PHOTO, PHOTO // 3))
    assert torch.allclose(together[:1], model(batch(PHOTO)), atol=1e-6)
    alike = torch.allclose(together[0], together[1], atol=0.1)
    assert alike == (name in ("image", "channel", "min_max"))


def test_fixed_transforms_belong_to_the_preprocessing(detector: Detector) -> None:
    darker = albumentations.RandomBrightnessContrast((-0.5, -0.5), (0, 0), p=1)
    steps = albumentations.to_dict(darker)
    for locate in (False, True):
        model = Preprocessing(32, "simple", locate, steps=steps)
        prepare, plain = (
            image_preprocessing(locate, 32, steps=steps),
            image_preprocessing(locate, 32),
        )
        assert model.image_preprocessing().key == prepare.key != plain.key
        assert prepare.locates == locate
        expected = darker(image=plain(PHOTO).photo)["image"]
        assert np.array_equal(prepare(PHOTO).photo, expected)
        assert expected.mean() < plain(PHOTO).photo.mean()
        # Kept as plain values, which make the same model.
        file = io.BytesIO()
        torch.save(model.steps, file)
        file.seek(0)
        again = Preprocessing(32, "simple", locate, steps=torch.load(file, weights_only=True))
        assert again.image_preprocessing().key == prepare.key
