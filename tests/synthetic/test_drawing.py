import dataclasses
import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from resistor_cls.categories import Categories, parse_name, resistor37
from resistor_cls.errors import DataError
from resistor_cls.synthetic import Scene, draw, parts, sample_scene
from resistor_cls.synthetic.body import radius
from resistor_cls.synthetic.sampling import linear


def scene_of(name: str, seed: int = 0) -> Scene:
    return sample_scene(parse_name(name), np.random.default_rng(seed))


def plain(scene: Scene, *, angle: float = 0.0) -> Scene:
    """The same part on grey paper in even light, before a perfect camera, seen from above."""
    body = dataclasses.replace(
        scene.body, x=0.5, y=0.5, angle=angle, length=0.5, diameter=0.18, bulge=0.0, gloss=0.0,
        mottle=0.0, smear=0.0,
        paint=tuple(linear(parts.BAND_COLOURS[band]) for band in scene.body.bands),
    )  # fmt: skip
    background = dataclasses.replace(scene.background, place="grey paper", edge_offset=2.0)
    light = dataclasses.replace(
        scene.light, ambient=1.0, falloff=0.0, glare=0.0, shadow=0.0, height=math.pi / 2
    )
    camera = dataclasses.replace(
        scene.camera, exposure=(0.8, 0.8, 0.8), saturation=1.0, lift=1.0, contrast=0.0, blur=0.0,
        motion=0.0, sharpening=0.0, noise=0.0, vignette=0.0,
    )  # fmt: skip
    return dataclasses.replace(scene, body=body, background=background, light=light, camera=camera)


def lab_of(colour: NDArray[np.float64]) -> NDArray[np.float64]:
    pixel = (colour / 255).astype(np.float32).reshape(1, 1, 3)
    return cv2.cvtColor(pixel, cv2.COLOR_RGB2LAB).reshape(3)


@pytest.mark.parametrize(
    "name", ["4K7_1-4W", "11M_1-2W", "5K61_1-4W", "68K_1W", "33K_2W", "7K5_1-4W", "180K_1-2W"]
)
def test_bands_stand_in_the_order_of_the_scene_in_their_hues(name: str):
    scene = plain(scene_of(name))
    photo = draw(scene, 700).photo
    body = scene.body
    for band, centre in zip(body.bands, body.centres, strict=True):
        column = round((body.x + (centre - 0.5) * body.length) * 700)
        seen = photo[340:361, column].mean(axis=0)
        # Light and coating shift a colour a little; it stays the nearest of all twelve.
        away = {
            other: np.linalg.norm(lab_of(seen) - lab_of(np.array(colour, np.float64)))
            for other, colour in parts.BAND_COLOURS.items()
        }
        assert min(away, key=lambda other: away[other]) == band, (name, band, seen)


def test_the_first_band_lies_at_the_first_end():
    scene = plain(scene_of("2K2_1-4W"))
    marked = dataclasses.replace(
        scene, body=dataclasses.replace(scene.body, paint=((0.0, 0.0, 0.6),) + ((0.6, 0, 0),) * 3)
    )
    for angle, side in ((0.0, "left"), (math.pi, "right")):
        turned = dataclasses.replace(marked, body=dataclasses.replace(marked.body, angle=angle))
        photo = draw(turned, 350).photo.astype(int)
        blue = np.argwhere((photo[..., 2] > 150) & (photo[..., 0] < 60))
        assert len(blue) > 50
        assert (blue[:, 1].mean() < 175) == (side == "left")


@pytest.mark.parametrize("seed", range(6))
def test_the_box_encloses_the_body_closely(seed: int):
    scene = scene_of("33K_2W", seed)
    # A glowing body in the dark: what is bright is the body.
    glowing = dataclasses.replace(
        plain(scene),
        body=dataclasses.replace(
            scene.body, colour=(9.0, 9.0, 9.0), paint=((9.0, 9.0, 9.0),) * len(scene.body.bands)
        ),
        camera=dataclasses.replace(plain(scene).camera, exposure=(0.02, 0.02, 0.02)),
    )
    drawing = draw(glowing, 700)
    rows, columns = np.nonzero(drawing.photo[..., 1] > 75)
    x, y, width, height = drawing.box
    found = columns.min(), columns.max() + 1, rows.min(), rows.max() + 1
    said = x - width / 2, x + width / 2, y - height / 2, y + height / 2
    assert np.abs(np.array(said) * 700 - found).max() < 3  # pixels


def test_a_scene_is_the_same_picture_at_any_size():
    scene = scene_of("4K7_1-4W", 3)
    large = draw(scene, 700)
    for size in (64, 224, 1100):
        drawing = draw(scene, size)
        assert drawing.photo.shape == (size, size, 3)
        assert drawing.photo.dtype == np.uint8
        assert drawing.box == large.box
        coarse = [
            cv2.resize(photo, (32, 32), interpolation=cv2.INTER_AREA).astype(float)
            for photo in (large.photo, drawing.photo)
        ]
        assert np.abs(coarse[0] - coarse[1]).mean() < 3


def test_drawing_twice_gives_the_same_photo():
    scene = scene_of("1K_2W", 5)
    assert scene == scene_of("1K_2W", 5)
    assert scene != scene_of("1K_2W", 6)
    assert (draw(scene, 128).photo == draw(scene, 128).photo).all()


def test_parts_of_more_watts_are_larger():
    def median_length(name: str) -> float:
        return float(np.median([scene_of(name, seed).body.length for seed in range(40)]))

    lengths = [median_length(f"47K_{watts}W") for watts in ("1-8", "1-4", "1-2", "1", "2")]
    assert lengths == sorted(lengths)
    assert lengths[-1] > 2 * lengths[0]


def test_the_place_does_not_depend_on_the_category():
    # The same chance, another category: all but the part is the same.
    for seed in range(5):
        one, other = scene_of("4K7_1-4W", seed), scene_of("620R_1-4W", seed)
        assert one.background.place == other.background.place
        assert one.camera == other.camera
        assert one.light == other.light
        assert one.body.angle == other.body.angle
        assert (one.body.x, one.body.y) == (other.body.x, other.body.y)


def test_mixed_categories_show_both_designs():
    kinds = {scene_of("5K1_1-4W", seed).body.kind for seed in range(30)}
    assert kinds == {"carbon film", "metal film"}


def test_any_category_can_be_drawn_and_told_apart():
    names = ("left", "right", "cracked", "4K99_1-4W", "0R22_3W", "47K", "10M_1-8W", "r", "Ω_5W")
    bands = {name: scene_of(name).body.bands for name in names}
    assert len(set(bands.values())) == len(names)
    assert bands["4K99_1-4W"] == ("yellow", "white", "white", "brown", "brown")
    assert bands["0R22_3W"] == ("red", "red", "silver", "gold")
    assert bands["left"] == scene_of("left", seed=9).body.bands
    with pytest.raises(DataError, match="category '12345R' cannot be drawn"):
        scene_of("12345R")


def test_every_category_of_the_37_has_designs_with_its_markings():
    for category in resistor37():
        assert tuple(design.bands for design in parts.designs(category)) == category.markings


def test_the_body_is_narrow_in_the_middle_and_closed_at_the_ends():
    body = scene_of("4K7_1-4W").body
    ends, cap, middle = radius(body, np.array([-0.01, 0.17, 0.5]))
    assert ends == 0
    assert 0.95 < cap <= 1
    assert middle == pytest.approx(body.waist)


def test_categories_given_in_another_order_give_the_same_scenes():
    forward = Categories(["left", "right"])
    rng = np.random.default_rng(1)
    assert sample_scene(forward[0], rng).category == "left"
