import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import albumentations
import numpy as np
import pytest
import torch
from PIL import Image

from resistor_cls.categories import parse_name
from resistor_cls.data import FolderSource, PhotoDataModule, SplitConfig
from resistor_cls.data.crops import MARGIN, crop_upright
from resistor_cls.data.geometry import OrientedBox
from resistor_cls.data.images.decode import read_photo
from resistor_cls.data.images.resize import Resize, resize_image
from resistor_cls.data.images.threads import one_torch_thread
from resistor_cls.errors import ModelError
from resistor_cls.inference.checks.occlusion_fill import paint_body
from resistor_cls.model import (
    ResistorNetwork,
    ResistorTask,
    build_trainer,
    fit,
    image_preprocessing,
    preprocessing,
    seed_everything,
)
from resistor_cls.model.detector.crop import DetectorCrop
from resistor_cls.model.detector.network import Detector
from resistor_cls.synthetic import draw, sample_scene
from tests.helpers.model_files import save_checkpoint
from tests.helpers.tiny_training import network

SIZE = 32


def make(**changes: Any) -> ResistorNetwork:
    return network(["10R", "4K7", "left", "right"], **({"locate": True} | changes))


def decoded(photos: Path) -> list[np.ndarray]:
    return [read_photo(path) for path in sorted(photos.rglob("*.jpg"))]


def test_a_body_is_cut_out_and_else_the_photo_is_whole(detector: Detector, photos: Path) -> None:
    preprocess = image_preprocessing(True, SIZE)
    flags = []
    for photo in decoded(photos):
        preprocessed = preprocess(photo)
        with one_torch_thread():  # of more threads, some pixels differ by a level
            detection = detector.detect(photo)
        assert preprocessed.located == (detection is not None) == (preprocessed.body is not None)
        if detection is None:
            expected = resize_image(photo, preprocess.shape)
            assert (preprocessed.place == np.eye(2, 3)).all()
        else:
            expected = crop_upright(photo, detection, preprocess.shape)
            centre = preprocessed.place @ (0.5, 0.5, 1) * photo.shape[1::-1]
            assert centre == pytest.approx((detection.x, detection.y))
        assert np.array_equal(preprocessed.photo, expected)
        flags.append(preprocessed.located)
    assert 0 < sum(flags) < len(flags)


def side_by_side(numbers: range) -> np.ndarray:
    """Synthetic parts side by side in one photo, 350 px of each."""
    tiles = []
    for number in numbers:
        scene = sample_scene(parse_name("4K7_1-4W"), np.random.default_rng(number))
        drawing = draw(scene)
        x, y = (int(np.clip(700 * at - 175, 0, 350)) for at in drawing.box[:2])
        tiles.append(drawing.photo[y : y + 350, x : x + 350])
    return np.hstack(tiles)


def test_every_body_of_a_photo_gets_a_crop_and_its_box() -> None:
    preprocess = image_preprocessing(True, SIZE)
    photo = side_by_side(range(3))
    bodies = preprocess.every(photo)
    boxes = [body.box for body in bodies if body.box]
    assert sorted(int(box.x // 350) for box in boxes) == [0, 1, 2]
    assert [box.score for box in boxes] == sorted((box.score for box in boxes), reverse=True)
    for body, box in zip(bodies, boxes, strict=True):
        assert np.array_equal(body.photo, crop_upright(photo, box, preprocess.shape))
    one = preprocess(photo[:, :350])
    assert one.box is not None and one.place is not None
    assert (one.box.x, one.box.y) == pytest.approx(tuple(one.place @ (0.5, 0.5, 1) * 350), abs=1e-6)
    assert preprocess.every(np.full((300, 400, 3), 120, np.uint8)) == []


def test_every_body_of_a_photo_goes_through_the_fixed_transforms() -> None:
    photo = side_by_side(range(2))
    steps = albumentations.to_dict(albumentations.InvertImg(p=1))
    plain, inverted = image_preprocessing(True, SIZE), image_preprocessing(True, SIZE, steps=steps)
    for one, other in zip(plain.every(photo), inverted.every(photo), strict=True):
        assert np.array_equal(255 - one.photo, other.photo)
        assert one.box == other.box


def test_preprocessing_without_a_detector_gives_the_photo_as_one_body() -> None:
    photo = np.full((30, 40, 3), 120, np.uint8)
    (whole,) = image_preprocessing(False, SIZE).every(photo)
    assert whole.photo.shape == (SIZE, SIZE, 3)
    assert whole.box is None


def test_without_a_detector_photos_are_resized(photos: Path) -> None:
    preprocess = image_preprocessing(False, SIZE)
    assert isinstance(preprocess, Resize)
    assert make(locate=False).image_preprocessing().key == preprocess.key


def test_the_same_crop_in_threads_under_autocast_and_whatever_the_threads(
    detector: Detector, photos: Path
) -> None:
    preprocess, pictures = image_preprocessing(True, SIZE), decoded(photos)[:8]
    with one_torch_thread():
        expected = [preprocess(photo).photo for photo in pictures]
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with torch.autocast("cpu", torch.bfloat16):
            again = [preprocess(photo).photo for photo in pictures]
        assert torch.get_num_threads() == 3
        with ThreadPoolExecutor(3) as pool:
            together = list(pool.map(lambda photo: preprocess(photo).photo, pictures))
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(expected, again)
    assert np.array_equal(expected, together)


def test_a_key_distinguishes_preprocessings(detector: Detector, tmp_path: Path) -> None:
    keys = [image_preprocessing(False, 32).key, image_preprocessing(False, 64).key]
    keys += [image_preprocessing(True, 32).key, image_preprocessing(True, 64).key]
    keys.append(DetectorCrop(32, detector, margin=0.4).key)
    detector.threshold += 0.1
    keys.append(image_preprocessing(detector, 32).key)
    with torch.no_grad():
        next(detector.parameters()).add_(1e-3)
    keys.append(image_preprocessing(detector, 32).key)
    assert len(set(keys)) == len(keys)
    detector.to(memory_format=torch.contiguous_format)
    assert (
        image_preprocessing(detector, 32).key == keys[-1]
    )  # of the values, not of how they lie in memory
    assert image_preprocessing(True, 32).key == make().image_preprocessing().key == keys[2]


def test_a_missing_detector_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preprocessing, "SHIPPED", tmp_path / "locator.safetensors")
    for ask in (make, lambda: image_preprocessing(True, SIZE)):
        with pytest.raises(ModelError, match=r"model.locate=true needs .*locator.safetensors"):
            ask()


def test_a_seed_gives_the_same_backbone_with_a_detector(detector: Detector) -> None:
    backbones = []
    for locate in (False, True):
        torch.manual_seed(0)
        backbones.append(make(locate=locate).backbone.state_dict())
    assert all(torch.equal(backbones[0][name], value) for name, value in backbones[1].items())


@pytest.fixture
def fitted(detector: Detector, photos: Path, tmp_path: Path) -> Callable[[], tuple[Any, ...]]:
    """Trains an epoch; returns the model, its data and its checkpoint."""

    def run(**changes: Any) -> tuple[ResistorTask, PhotoDataModule, Path]:
        seed_everything(0)
        how: dict[str, Any] = {"batch_size": 8, "workers": 0, "cache": tmp_path / "cache"}
        data = PhotoDataModule(
            FolderSource(photos),
            SplitConfig(folds=4),
            **how | {"preprocess": image_preprocessing(True, SIZE)} | changes,
        )
        task = ResistorTask(make())
        trainer = build_trainer(tmp_path / "run", max_epochs=1, accelerator="cpu")
        fit(trainer, task, data)
        return task, data, tmp_path / "run" / "checkpoints" / "last.ckpt"

    return run


def test_a_detector_is_not_trained_and_is_saved_with_the_model(
    fitted: Callable[[], tuple[Any, ...]],
    detector: Detector,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    task, data, checkpoint = fitted()
    model = task.network
    assert 0 < data.located.sum() < len(data.located)
    learned = {id(p) for group in task.optimizers().param_groups for p in group["params"]}
    assert learned == {id(parameter) for parameter in model.backbone.parameters()}
    assert model.train().backbone.training
    assert not any(module.training for module in model.preprocessing.detector.modules())
    for name, value in detector.state_dict().items():
        assert torch.equal(model.preprocessing.detector.state_dict()[name], value)

    monkeypatch.setattr(preprocessing, "SHIPPED", tmp_path / "absent")
    loaded = ResistorNetwork.load(checkpoint)
    assert loaded.image_preprocessing().key == data.preprocess.key
    kept = loaded.preprocessing.detector_values()
    assert kept == {
        "threshold": detector.threshold,
        "margin": MARGIN,
        "shape": [16, SIZE],
        "record": detector.metadata,
    }
    photo = data.photo(0)
    batch = torch.from_numpy(photo).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        assert torch.equal(loaded(batch), model.eval()(batch))


def test_photos_of_another_preprocessing_are_refused(
    fitted: Callable[..., tuple[Any, ...]],
) -> None:
    with pytest.raises(ModelError, match=r"by 'shrink 48', the model needs 'crop 16x48 "):
        fitted(preprocess=Resize(48))


def test_a_checkpoint_from_before_detectors_predicts_from_whole_photos(tmp_path: Path) -> None:
    save_checkpoint(make(locate=False), tmp_path / "new.ckpt")
    checkpoint = torch.load(tmp_path / "new.ckpt", weights_only=True)
    del checkpoint["hyper_parameters"]["locate"], checkpoint["resistor_cls"]["digest"]
    torch.save(checkpoint, tmp_path / "old.ckpt")
    assert ResistorNetwork.load(tmp_path / "old.ckpt").image_preprocessing().key == f"shrink {SIZE}"
    checkpoint["hyper_parameters"]["locate"] = True
    torch.save(checkpoint, tmp_path / "odd.ckpt")
    with pytest.raises(ModelError, match="does not fit its own model"):
        ResistorNetwork.load(tmp_path / "odd.ckpt")


class Shifted(Detector):
    """Knows where the body of each photo lies, with a small error."""

    def __init__(self, bodies: dict[bytes, OrientedBox]) -> None:
        super().__init__()
        self.bodies = bodies

    def detect(self, photo: np.ndarray) -> OrientedBox | None:
        body = self.bodies[photo.tobytes()]
        return replace(body, x=body.x + 4, angle=(body.angle + 0.06) % math.pi)


def test_the_body_in_a_crop_is_where_its_box_says(tmp_path: Path) -> None:
    size, bodies, lines = 300, {}, ["file,x_center,y_center,width,height"]
    for number in range(6):
        scene = sample_scene(parse_name("4K7_1-4W"), np.random.default_rng(number))
        drawn, body = draw(scene, size), scene.body
        name = f"{'ab'[number % 2]}/{number}.png"
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawn.photo).save(tmp_path / "photos" / name)
        lines.append(",".join([name, *map(str, drawn.box)]))
        bodies[drawn.photo.tobytes()] = OrientedBox(
            body.x * size, body.y * size, body.angle % math.pi,
            body.length * size, body.diameter * size, 1.0,
        )  # fmt: skip
    (tmp_path / "photos" / "boxes.csv").write_text("\n".join(lines))
    preprocess = DetectorCrop(192, Shifted(bodies))
    data = PhotoDataModule(
        FolderSource(tmp_path / "photos"),
        preprocess=preprocess,
        cache=tmp_path / "cache",
        workers=0,
        subset="all",
    )
    data.setup()
    for index in range(6):
        original, crop = read_photo(data.photo_set.path(index)), data.photo(index)
        known = data.body(index)
        assert known is not None
        assert known.known_by == "box"
        box = bodies[original.tobytes()]
        # The exact body, by way of the pixels of the crop in the photo.
        rows, columns = np.indices(preprocess.shape) + 0.5
        there = np.stack([columns / 192, rows / preprocess.shape[0], np.ones(preprocess.shape)])
        x, y = np.tensordot(data.places[index], there, 1) * size
        exact = box.pixels((size, size))[
            y.astype(int).clip(0, size - 1), x.astype(int).clip(0, size - 1)
        ]
        assert (known.pixels & exact).sum() > 0.8 * (known.pixels | exact).sum()
        changed = (paint_body(crop, known.pixels) != crop).any(axis=2)
        assert changed[exact].mean() > 0.95
        assert not changed[:5, :5].any()
        assert not changed[-5:, -5:].any()
