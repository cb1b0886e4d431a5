import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from resistor_cls.categories import resistor37
from resistor_cls.data.crops import View
from resistor_cls.data.geometry import OrientedBox, oriented_overlap
from resistor_cls.data.images.decode import read_photo
from resistor_cls.data.images.threads import one_torch_thread
from resistor_cls.model.detector import detector, search
from resistor_cls.model.detector.crop import DetectorCrop
from resistor_cls.model.detector.network import Detector
from resistor_cls.model.detector.search import find_all, find_best
from resistor_cls.synthetic import Scene, Window, draw, draw_empty, sample_scene
from tests.helpers import REAL_PHOTOS

PIXELS = 400


@pytest.fixture(scope="module")
def shipped() -> Detector:
    return Detector.load()


def scene_of(number: int) -> Scene:
    categories = list(resistor37())
    return sample_scene(categories[(7 * number) % 37], np.random.default_rng(500 + number))


def framed(number: int, fill: float) -> tuple[np.ndarray, OrientedBox]:
    """A synthetic body whose box is `fill` times as long as the frame, and where it lies."""
    scene = scene_of(number)
    body = scene.body
    level = OrientedBox(0, 0, body.angle % math.pi, body.length, body.diameter, 1.0)
    side = max(level.box()[2:]) / fill
    sharp = replace(scene.camera, blur=scene.camera.blur * 700 * side / PIXELS, motion=0.0)
    window = Window(body.x - side / 2, body.y - side / 2, side)
    photo = draw(replace(scene, camera=sharp), round(PIXELS / side), window).photo
    scale = photo.shape[0] / side
    middle = photo.shape[0] / 2
    return photo, replace(
        level, x=middle, y=middle, length=level.length * scale, width=level.width * scale
    )


@pytest.mark.parametrize("fill", [0.5, 0.8, 1.0, 1.15])
def test_a_body_that_fills_the_frame_is_found_whole(shipped: Detector, fill: float) -> None:
    with one_torch_thread():
        for number in range(4):
            photo, body = framed(number, fill)
            found = shipped.detect(photo)
            assert found is not None
            assert oriented_overlap(found, body) > 0.6
            (alone,) = shipped.detect_all(photo)
            assert oriented_overlap(alone, body) > 0.6


def cut_out(number: int, upright: bool) -> tuple[np.ndarray, OrientedBox]:
    """A synthetic body in a frame that is smaller than the body, and where it lies."""
    scene = scene_of(number)
    angle = math.pi / 2 if upright else 0.0
    body = replace(scene.body, angle=angle)
    side = body.length / 1.1
    sharp = replace(scene.camera, blur=scene.camera.blur * 700 * side / PIXELS, motion=0.0)
    window = Window(body.x - side / 2, body.y - side / 2, side)
    photo = draw(replace(scene, body=body, camera=sharp), round(PIXELS / side), window).photo
    size = photo.shape[0]
    length, width = 1.1 * size, body.diameter * size / side
    thick = round(min(width / 1.1, size / 2.4))
    first = (size - thick) // 2
    photo = photo[:, first : first + thick] if upright else photo[first : first + thick]
    x, y = photo.shape[1] / 2, photo.shape[0] / 2
    return np.ascontiguousarray(photo), OrientedBox(x, y, angle, length, width, 1.0)


def test_a_body_that_all_four_sides_of_the_frame_cut_off_is_found_whole(shipped: Detector) -> None:
    found = []
    with one_torch_thread():
        for number in range(8):
            photo, body = cut_out(number, upright=number % 2 == 1)
            found.append(oriented_overlap(shipped.best(photo), body) > 0.6)
    assert sum(found) >= 7


def test_a_body_that_is_small_in_the_photo_keeps_its_crop(shipped: Detector) -> None:
    with one_torch_thread():
        for number in range(8):
            photo = draw(scene_of(number)).photo
            assert shipped.best(photo) == shipped.best(photo, views=2)


def test_nothing_is_found_on_close_ups_of_tables(shipped: Detector) -> None:
    found = []
    with one_torch_thread():
        for number in range(6):
            window = Window(0.1 + 0.04 * number, 0.3, 0.2)
            table = draw_empty(scene_of(number), 1500, window)
            found += [shipped.detect(table), *shipped.detect_all(table)]
    assert sum(one is not None for one in found) <= 1


@pytest.mark.real_photos
@pytest.mark.parametrize("name", ["330R_1-4W/330R_1-4W_(6)", "33K_2W/33K_2W_(98)"])
def test_in_a_real_photo_without_a_part_nothing_is_found(shipped: Detector, name: str) -> None:
    photo = read_photo(REAL_PHOTOS / f"{name}.jpg")
    prepare = DetectorCrop(64, shipped)
    preprocessed = prepare(photo)
    assert not preprocessed.located
    assert preprocessed.box is None
    assert prepare.every(photo) == []


def test_bodies_that_are_small_in_a_large_photo_are_found_in_its_parts(shipped: Detector) -> None:
    photo = np.full((1500, 2000, 3), 150, np.uint8)
    corners = [(100, 150), (1600, 80), (900, 1200), (300, 900)]
    for number, (left, top) in enumerate(corners):
        drawing = draw(scene_of(number))
        x, y = (round(700 * at) for at in drawing.box[:2])
        photo[top : top + 240, left : left + 240] = drawing.photo[
            y - 120 : y + 120, x - 120 : x + 120
        ]
    with one_torch_thread():
        found = shipped.detect_all(photo)
    places = sorted((int(one.x - 120), int(one.y - 120)) for one in found)
    for place, corner in zip(places, sorted(corners), strict=True):
        assert place == pytest.approx(corner, abs=8)


def seeing(
    far: list[OrientedBox], ordinary: list[OrientedBox], spans: list[float]
) -> Callable[[np.ndarray, View, int, int], list[OrientedBox]]:
    """A detector that finds what it is given, and the same again in close-ups."""

    def find(photo: np.ndarray, view: View, size: int, count: int) -> list[OrientedBox]:
        spans.append(view.span)
        if size == search.FAR:
            return far[:count]
        if size == search.WIDE:
            return ordinary[:count]
        known = [*far, *ordinary]
        return [min(known, key=lambda one: math.hypot(one.x - view.x, one.y - view.y))]

    return find


PHOTO = np.zeros((200, 200, 3), np.uint8)
FILLS = OrientedBox(100, 100, 0.2, 150, 50, 0.9)


@pytest.mark.parametrize(
    ("score", "wins"), [(0.95, "ordinary"), (0.74, "large"), (0.3, "large"), (0.88, "ordinary")]
)
def test_the_view_with_the_higher_score_wins_and_a_high_score_ends_the_search(
    score: float, wins: str
) -> None:
    ordinary = OrientedBox(70, 90, 0.0, 30, 10, score)
    found = find_best(seeing([FILLS], [ordinary], []), PHOTO)
    assert found == (FILLS if wins == "large" else ordinary)


def test_a_high_score_away_from_the_edge_needs_no_further_view() -> None:
    spans: list[float] = []
    find_best(seeing([FILLS], [OrientedBox(70, 90, 0.0, 30, 10, 0.9)], spans), PHOTO)
    assert spans == [200, 75]
    spans.clear()
    find_best(seeing([], [OrientedBox(14, 90, 0.0, 30, 10, 0.9)], spans), PHOTO)
    assert 400 in spans


def test_detections_on_parts_of_a_large_body_are_suppressed() -> None:
    piece, other = OrientedBox(60, 95, 0.1, 30, 12, 0.5), OrientedBox(170, 20, 0.0, 30, 10, 0.6)
    assert find_all(seeing([FILLS], [piece, other], []), PHOTO, 0.2) == [FILLS, other]
    likelier = replace(piece, score=0.95)
    assert find_all(seeing([FILLS], [likelier, other], []), PHOTO, 0.2) == [likelier, other]


def test_a_body_in_two_views_is_found_once() -> None:
    one, again = OrientedBox(60, 95, 0.1, 30, 12, 0.9), OrientedBox(62, 96, 0.15, 31, 12, 0.8)
    beside = OrientedBox(60, 110, 0.1, 30, 12, 0.8)
    found = find_all(seeing([], [one, again, beside], []), PHOTO, 0.2)
    assert found == [one, beside]


def test_a_doubtful_body_alone_is_found_as_it_is_without_the_others() -> None:
    doubtful = OrientedBox(60, 95, 0.1, 30, 12, 0.3)
    assert find_all(seeing([], [doubtful], []), PHOTO, 0.2) == [doubtful]
    assert find_all(seeing([], [doubtful], []), PHOTO, 0.35) == []


def test_the_key_of_a_crop_depends_on_the_version_of_the_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net = Detector()
    before = DetectorCrop(32, net).key
    assert DetectorCrop(32, net).key == before
    monkeypatch.setattr(detector, "SEARCH_VERSION", search.SEARCH_VERSION + 1)
    assert DetectorCrop(32, net).key != before
