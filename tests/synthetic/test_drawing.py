import dataclasses
import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from resistor_cls.categories import Categories, parse_name, resistor37
from resistor_cls.errors import DataError
from resistor_cls.synthetic import Scene, background, draw, leads, parts, sample_scene
from resistor_cls.synthetic.body import radius
from resistor_cls.synthetic.imaging import linear


def scene_of(name: str, seed: int = 0) -> Scene:
    return sample_scene(parse_name(name), np.random.default_rng(seed))


def paint_of(band: str) -> tuple[float, float, float]:
    red, green, blue = linear(parts.BAND_COLOURS[band])
    return float(red), float(green), float(blue)


def plain(scene: Scene, *, angle: float = 0.0) -> Scene:
    """The same part on grey paper in even light, before a perfect camera, seen from above."""
    body = dataclasses.replace(
        scene.body, x=0.5, y=0.5, angle=angle, length=0.5, diameter=0.18, bulge=0.0, gloss=0.0,
        mottle=0.0, smear=0.0,
        paint=tuple(paint_of(band) for band in scene.body.bands),
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


# sRGB as seen on real parts, typed here so that no table of the generator is compared with itself.
COLOURS = {
    "black": (15, 15, 15), "brown": (90, 40, 20), "red": (135, 25, 25), "orange": (190, 60, 20),
    "yellow": (175, 135, 20), "green": (25, 70, 40), "blue": (25, 60, 90), "violet": (95, 70, 100),
    "grey": (123, 115, 106), "white": (193, 189, 174), "gold": (132, 93, 50),
    "silver": (160, 157, 145),
}  # fmt: skip


def lab_of(colour: NDArray[np.float64]) -> NDArray[np.float32]:
    pixel = (colour / 255).astype(np.float32).reshape(1, 1, 3)
    return np.asarray(cv2.cvtColor(pixel, cv2.COLOR_RGB2LAB), np.float32).reshape(3)


def along_line(photo: NDArray[np.uint8], step: tuple[int, int]) -> NDArray[np.float64]:
    """Colours on a line through the centre of a photo, each averaged over 21 pixels across it.

    Args:
        photo: (size, size, 3).
        step: x and y, of which one is 0 and the other 1 or -1.

    Returns:
        (size, 3), in the direction of the step.
    """
    x, y = step
    level = photo if x else photo.transpose(1, 0, 2)
    middle = len(photo) // 2
    line: NDArray[np.float64] = level[middle - 10 : middle + 11, :: x + y].mean(axis=0)
    return line


def read_bands(scene: Scene, step: tuple[int, int]) -> list[str]:
    """Finds bands where the photo differs from one of the bare body, and names their colours."""
    # A coating of a colour that no band has.
    scene = dataclasses.replace(scene, body=dataclasses.replace(scene.body, colour=(0.0, 0.7, 0.7)))
    bare = dataclasses.replace(scene.body, bands=(), centres=(), widths=(), paint=())
    line = along_line(draw(scene, 700).photo, step)
    differs = line - along_line(draw(dataclasses.replace(scene, body=bare), 700).photo, step)
    painted = np.abs(differs).max(axis=1) > 12
    edges = np.flatnonzero(np.diff(painted.astype(int), prepend=0, append=0))
    names = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        third = (last - first) // 3
        colour = lab_of(line[first + third : last - third].mean(axis=0))
        away = {
            name: np.linalg.norm(colour - lab_of(np.array(rgb))) for name, rgb in COLOURS.items()
        }
        names.append(min(away, key=lambda name: away[name]))
    return names


@pytest.mark.parametrize(
    ("name", "bands"),
    [
        ("4K7_1-4W", "yellow violet red gold"),
        ("11M_1-2W", "brown brown black green brown"),
        ("5K61_1-4W", "green blue red gold"),
        ("68K_1W", "blue grey orange gold"),
        ("33K_2W", "orange orange orange gold"),
        ("7K5_1-4W", "violet green red gold"),
        ("180K_1-2W", "brown grey yellow gold"),
        ("3R9K_1-4W", "orange white red gold"),
        ("2R_1W", "red black gold gold"),
    ],
)
def test_the_photo_shows_the_bands_of_the_value_in_their_order(name: str, bands: str) -> None:
    for angle, step in ((0.0, (1, 0)), (math.pi / 2, (0, 1)), (math.pi, (-1, 0))):
        scene = plain(scene_of(name), angle=angle)
        assert read_bands(scene, step) == bands.split(), angle


@pytest.mark.parametrize("seed", range(6))
def test_the_box_encloses_the_body_closely(seed: int) -> None:
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


def test_a_scene_is_the_same_picture_at_any_size() -> None:
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


def test_drawing_twice_gives_the_same_photo() -> None:
    scene = scene_of("1K_2W", 5)
    assert scene == scene_of("1K_2W", 5)
    assert scene != scene_of("1K_2W", 6)
    assert (draw(scene, 128).photo == draw(scene, 128).photo).all()


def test_parts_of_more_watts_are_larger() -> None:
    def median_length(name: str) -> float:
        return float(np.median([scene_of(name, seed).body.length for seed in range(40)]))

    lengths = [median_length(f"47K_{watts}W") for watts in ("1-8", "1-4", "1-2", "1", "2")]
    assert lengths == sorted(lengths)
    assert lengths[-1] > 2 * lengths[0]


def test_the_place_does_not_depend_on_the_category() -> None:
    # The same chance, another category: all but the part is the same.
    for seed in range(5):
        one, other = scene_of("4K7_1-4W", seed), scene_of("620R_1-4W", seed)
        assert one.background.place == other.background.place
        assert one.camera == other.camera
        assert one.light == other.light
        assert one.body.angle == other.body.angle
        assert (one.body.x, one.body.y) == (other.body.x, other.body.y)


def test_mixed_categories_show_both_designs() -> None:
    kinds = {scene_of("5K1_1-4W", seed).body.kind for seed in range(30)}
    assert kinds == {"carbon film", "metal film"}


def test_any_category_can_be_drawn_and_distinguished() -> None:
    names = ("left", "right", "cracked", "4K99_1-4W", "0R22_3W", "47K", "10M_1-8W", "r", "Ω_5W")
    bands = {name: scene_of(name).body.bands for name in names}
    assert len(set(bands.values())) == len(names)
    assert bands["4K99_1-4W"] == ("yellow", "white", "white", "brown", "brown")
    assert bands["0R22_3W"] == ("red", "red", "silver", "gold")
    assert bands["left"] == scene_of("left", seed=9).body.bands
    with pytest.raises(DataError, match="category '12345R' cannot be drawn"):
        scene_of("12345R")


def test_every_category_of_the_37_has_designs_with_its_markings() -> None:
    for category in resistor37():
        assert tuple(design.bands for design in parts.designs(category)) == category.markings


def test_the_body_is_narrow_in_the_middle_and_closed_at_the_ends() -> None:
    body = scene_of("4K7_1-4W").body
    ends, cap, middle = radius(body, np.array([-0.01, 0.17, 0.5]))
    assert ends == 0
    assert 0.95 < cap <= 1
    assert middle == pytest.approx(body.waist)


def test_categories_given_in_another_order_give_the_same_scenes() -> None:
    forward = Categories(["left", "right"])
    rng = np.random.default_rng(1)
    assert sample_scene(forward[0], rng).category == "left"


@pytest.mark.parametrize("seed", range(12))
def test_wires_in_their_window_are_those_on_the_whole_photo(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = scene_of("4K7_1-4W", seed)
    found = leads.paint_leads(scene.body, scene.leads, scene.light, 301)
    whole = (slice(0, 301), slice(0, 301))
    monkeypatch.setattr(leads, "_window", lambda *_: whole)
    everything = leads.paint_leads(scene.body, scene.leads, scene.light, 301)
    assert everything.cover.max() > 0.9
    inside, visible = found.overlap(*whole)
    for one, other in zip(
        (found.cover, *found.layers), (everything.cover, *everything.layers), strict=True
    ):
        assert (one[inside] == other[visible]).all()
        assert np.count_nonzero(one) == np.count_nonzero(other)


def test_levels_of_a_texture_are_looked_up_as_they_are_computed() -> None:
    surface = dataclasses.replace(scene_of("4K7_1-4W").background, grain=1.3)
    texture = background._texture(background._wood_tile("pores"), surface, 64)
    shown = texture.astype(np.float32) * np.float32(1 / 255)
    grain = np.minimum(shown * np.float32(1.3), 1.0)
    assert (cv2.LUT(texture, background._grain_levels(surface)) == grain).all()
    fibres = background._texture(background._paper_tile(), surface, 64)
    shown = fibres.astype(np.float32) * np.float32(1 / 255)
    sheet = cv2.addWeighted(shown, 0.05 * 1.3, shown, 0.0, 1 - 0.025 * 1.3)
    # OpenCV may or may not round between product and sum, by the length of a row.
    paper = background._paper(surface, 64)
    np.testing.assert_allclose(cv2.LUT(paper.levels, paper.values), sheet, rtol=0, atol=2e-7)
