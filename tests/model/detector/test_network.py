import csv
import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.categories import resistor37
from resistor_cls.data.crops import View
from resistor_cls.data.geometry import OrientedBox, body_in_box, overlap
from resistor_cls.data.images.decode import read_photo
from resistor_cls.errors import DataError, ModelError
from resistor_cls.model.detector.decoding import decode
from resistor_cls.model.detector.network import Detector, encode
from resistor_cls.model.detector.training import (
    detector_loss,
    train_detector,
)
from resistor_cls.model.detector.views import BoxedViews, SyntheticViews
from resistor_cls.synthetic import Scene, draw, draw_empty, sample_scene
from tests.helpers import REAL_PHOTOS


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Batches are tiny: threads that wait for each other cost more than they give."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@given(
    st.floats(0, 255.9), st.floats(0, 255.9), st.floats(0, 3.14),
    st.floats(6, 200), st.floats(0.2, 0.6),
)  # fmt: skip
def test_decoding_gives_back_what_was_encoded(
    x: float, y: float, angle: float, length: float, share: float
) -> None:
    body = torch.tensor([[x, y, angle, length, length * share, 1.0]])
    heatmap, geometry = encode(body, 256)
    assert heatmap.shape == (1, 64, 64)
    assert (heatmap == 1).sum() == 1
    decoded = decode(heatmap[0].numpy(), geometry[0].numpy())[0].tolist()
    assert decoded[:2] == pytest.approx([x, y], abs=1e-2)
    assert math.cos(2 * decoded[2]) == pytest.approx(math.cos(2 * angle), abs=1e-4)
    assert math.sin(2 * decoded[2]) == pytest.approx(math.sin(2 * angle), abs=1e-4)
    assert decoded[3:] == pytest.approx([length, length * share, 1.0], rel=1e-3)


def test_no_body_and_a_body_outside_give_an_empty_heatmap() -> None:
    bodies = torch.tensor([[10.0, 10, 0, 20, 8, 0], [-3.0, 10, 0, 20, 8, 1], [10, 160, 0, 9, 3, 1]])
    heatmap, geometry = encode(bodies, 160)
    assert heatmap.max() == 0
    assert geometry.shape == (3, 6, 40, 40)


def test_views_depend_on_seed_and_index_alone() -> None:
    one, other = SyntheticViews(5, seed=3)[2], SyntheticViews(9, seed=3)[2]
    assert one.keys() == {"wide", "wide_body", "close", "close_body"}
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert not torch.equal(one["wide"], SyntheticViews(5, seed=4)[2]["wide"])
    assert one["wide"].shape == (3, 256, 256)
    assert one["close"].shape == (3, 160, 160)


def test_a_few_steps_on_synthetic_views_lower_the_loss() -> None:
    torch.manual_seed(0)
    items = [SyntheticViews(4, seed=0)[index] for index in range(4)]
    views = torch.stack([item["close"] for item in items]).float() / 255
    bodies = torch.stack([item["close_body"] for item in items])
    net = Detector().train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = torch.stack(list(detector_loss(net, views, bodies).values())).sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


@pytest.fixture(scope="module")
def trained() -> Detector:
    return train_detector(2, batch_size=2, workers=0, precision="float32")


def test_training_repeats(trained: Detector) -> None:
    again = train_detector(2, batch_size=2, workers=0, precision="float32")
    for one, other in zip(trained.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)
    assert trained.metadata["steps"] == 2


def test_photos_with_boxes_train_the_detector(
    photos: Path, trained: Detector, tmp_path: Path
) -> None:
    for item in (BoxedViews(photos, trained, 3, seed=0)[index] for index in range(3)):
        assert item["wide"].shape == (3, 256, 256)
        assert item["close"].shape == (3, 160, 160)
        for name, size in (("wide", 256), ("close", 160)):
            x, y, angle, length, width, there = item[f"{name}_body"].tolist()
            assert there == 1
            assert 0 <= angle <= math.pi
            assert 0.15 * size < x < 0.85 * size
            assert 0.15 * size < y < 0.85 * size
            assert width == pytest.approx(0.36 * length)
    start = Detector()
    start.load_state_dict(trained.state_dict())
    start.metadata = {"steps": 2}
    taught = train_detector(
        2, batch_size=2, workers=0, precision="float32", seed=1, start=start, photos=photos
    )
    assert taught.metadata["before"] == {"steps": 2}
    assert taught.metadata["photos"] == photos.name
    with pytest.raises(DataError, match=r"has no boxes\.csv"):
        train_detector(1, batch_size=1, workers=0, photos=tmp_path)


@pytest.mark.parametrize("degrees", range(5, 180, 25))
def test_the_body_in_a_box_is_the_synthetic_one(degrees: int) -> None:
    angle = math.radians(degrees)
    body = OrientedBox(200, 150, angle, 70, 0.36 * 70, 1.0)
    found = body_in_box(body.box(), angle + 0.08)
    assert abs(math.sin(found.angle - angle)) < 0.05
    assert found.length == pytest.approx(body.length, rel=0.03)


def test_glare_beside_a_body_gets_a_close_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    net = Detector()
    wide = [OrientedBox(50, 50, 0, 40, 14, 0.9), OrientedBox(150, 90, 0, 40, 14, 0.4)]

    def found(photo: np.ndarray, view: View, size: int, count: int) -> list[OrientedBox]:
        if count > 1:
            return wide
        return [OrientedBox(view.x, view.y, 0.1, 42, 14, 0.9 if view.x == 150 else 0.1)]

    monkeypatch.setattr(net, "_detect_in_view", found)
    best = net.best(np.zeros((200, 200, 3), np.uint8))
    assert (best.x, best.length) == (150, 42)
    assert best.score == pytest.approx(math.sqrt(0.4 * 0.9))


def test_a_saved_detector_gives_the_same_detections(trained: Detector, tmp_path: Path) -> None:
    trained.threshold = 0.25
    trained.save(tmp_path / "locator.safetensors")
    once = Detector.load(tmp_path / "locator.safetensors")
    once.save(tmp_path / "again.safetensors")
    twice = Detector.load(tmp_path / "again.safetensors")
    photo = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    assert once.best(photo) == twice.best(photo)
    assert once.metadata == trained.metadata
    assert once.threshold == 0.25
    # Half precision moves a detection by less than a pixel.
    exact, half = (dataclasses.astuple(net.best(photo, views=1)) for net in (trained, once))
    assert half[5] == pytest.approx(exact[5], abs=0.01)
    assert (tmp_path / "locator.safetensors").stat().st_size < 2_000_000


def test_a_file_that_is_not_a_detector_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"absent\.safetensors"):
        Detector.load(tmp_path / "absent.safetensors")
    (tmp_path / "odd.safetensors").write_bytes(b"odd")
    with pytest.raises(ModelError, match=r"odd\.safetensors: the locator cannot be read"):
        Detector.load(tmp_path / "odd.safetensors")


def test_a_low_score_is_not_found(trained: Detector) -> None:
    photo = np.full((200, 300, 3), 120, np.uint8)
    trained.threshold = 1.1
    assert trained.detect(photo) is None
    trained.threshold = 0.0
    location = trained.detect(photo)
    assert location is not None
    assert 0 <= location.angle < math.pi
    trained.threshold = 0.25


@pytest.fixture(scope="module")
def shipped() -> Detector:
    return Detector.load()


def drawn(number: int) -> Scene:
    categories = list(resistor37())
    return sample_scene(categories[number % 37], np.random.default_rng(1000 + number))


def test_the_shipped_detector_finds_synthetic_bodies_and_nothing_on_empty_tables(
    shipped: Detector,
) -> None:
    overlaps, mistaken = [], []
    for number in range(0, 37, 2):
        scene = drawn(number)
        drawing = draw(scene)
        location = shipped.best(drawing.photo)
        overlaps.append(overlap(location.box(), tuple(700 * value for value in drawing.box)))
        mistaken.append(shipped.detect(draw_empty(scene)) is not None)
    assert np.mean(overlaps) > 0.8
    assert np.mean(mistaken) < 0.1


def test_a_detection_rotates_with_its_photo(shipped: Detector) -> None:
    photo = draw(drawn(3)).photo
    there = shipped.best(photo)
    turned = shipped.best(np.ascontiguousarray(np.rot90(photo)))
    assert (turned.x, turned.y) == pytest.approx((there.y, 700 - there.x), abs=4)
    assert math.cos(2 * turned.angle) == pytest.approx(-math.cos(2 * there.angle), abs=0.2)
    assert turned.length == pytest.approx(there.length, rel=0.1)


def test_photos_of_any_shape_are_searched(shipped: Detector) -> None:
    scene = drawn(5)
    photo = draw(scene).photo
    there = shipped.best(photo)
    top = int(max(0, there.y - 150))
    part = shipped.best(photo[top : top + 300])
    assert (part.x, part.y + top) == pytest.approx((there.x, there.y), abs=4)


def test_nothing_is_found_on_a_blank_photo(shipped: Detector) -> None:
    for level in (0, 120, 255):
        assert shipped.detect(np.full((300, 500, 3), level, np.uint8)) is None


@pytest.mark.real_photos
def test_the_shipped_detector_finds_real_bodies(shipped: Detector) -> None:
    with (REAL_PHOTOS / "boxes.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[::60]
    overlaps = []
    for row in rows:
        photo = read_photo(REAL_PHOTOS / row["file"])
        sides = (photo.shape[1], photo.shape[0]) * 2
        labelled = (float(row[key]) for key in ("x_center", "y_center", "width", "height"))
        box = tuple(share * side for share, side in zip(labelled, sides, strict=True))
        overlaps.append(overlap(shipped.best(photo).box(), box))
    assert np.mean(overlaps) > 0.7
