"""Photos whose body fills the frame, photos of several parts, and photos without one.

Each function yields photos with what is known of them; `run.py frames` measures the locator on
them. Drawn ones depend on the seed alone; the frames of real photos are cut out by their boxes.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from resistor_cls.data.geometry import OrientedBox, body_in_box
from resistor_cls.model.detector.views import categories_to_draw
from resistor_cls.synthetic import Scene, Window, draw, draw_empty, sample_scene

Box = tuple[float, float, float, float]  # x and y of the centre, width, height, in pixels

# The longer side of the body's upright box over that of the frame; above 1 its ends are cut off.
FILLS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25)
SIDE = 480  # of the drawn frames in pixels


@dataclass(frozen=True)
class Frame:
    """A photo and what it shows.

    Attributes:
        photo: (height, width, 3) uint8 RGB.
        fill: one of `FILLS`; 0 of others.
        bodies: where they lie in pixels, as far as they are known.
        boxes: upright boxes round them.
    """

    photo: np.ndarray
    fill: float = 0.0
    bodies: tuple[OrientedBox, ...] = ()
    boxes: tuple[Box, ...] = ()

    def body(self, angle: float) -> OrientedBox:
        """The only body; of a box alone, the one that fits it and lies nearer to an angle."""
        return self.bodies[0] if self.bodies else body_in_box(self.boxes[0], angle)


def scene_by_lot(number: int, seed: int) -> tuple[Scene, np.random.Generator]:
    """A scene of any part, and the source of chance for what is done to it."""
    rng = np.random.default_rng(np.random.SeedSequence((seed, number)))
    kinds = categories_to_draw()
    return sample_scene(kinds[rng.integers(len(kinds))], rng), rng


def drawn_frames(count: int, seed: int) -> Iterator[Frame]:
    """Drawn bodies at every angle, as large in the frame as `FILLS` says in turn."""
    for number in range(count):
        scene, rng = scene_by_lot(number, seed)
        fill = FILLS[number % len(FILLS)]
        body = _drawn_body(scene)
        width, height = body.box()[2:]
        side = max(width, height) / fill
        x, y = (
            middle + max(0.0, side - extent) * rng.uniform(-0.4, 0.4) * (fill <= 1)
            for middle, extent in ((body.x, width), (body.y, height))
        )
        yield _near(scene, Window(x - side / 2, y - side / 2, side), fill)


def cut_outs(count: int, seed: int) -> Iterator[Frame]:
    """Frames that are the body's own rectangle, level or upright: 0.8 to 1.1 as full both ways."""
    for number in range(count):
        scene, rng = scene_by_lot(number, seed)
        upright = bool(rng.random() < 0.5)
        angle = (math.pi / 2 if upright else 0.0) + rng.normal(0, 0.05)
        scene = replace(scene, body=replace(scene.body, angle=angle))
        fill = (0.8, 0.9, 1.0, 1.1)[number % 4]
        body = _drawn_body(scene)
        side = body.length / fill
        frame = _near(scene, Window(body.x - side / 2, body.y - side / 2, side), fill)
        thick = round(SIDE * body.width / body.length)
        first = (SIDE - thick) // 2
        part = slice(first, first + thick)
        (shown,) = frame.bodies
        if upright:
            photo, shown = frame.photo[:, part], replace(shown, x=shown.x - first)
        else:
            photo, shown = frame.photo[part], replace(shown, y=shown.y - first)
        yield Frame(np.ascontiguousarray(photo), fill, (shown,))


def _drawn_body(scene: Scene) -> OrientedBox:
    body = scene.body
    return OrientedBox(body.x, body.y, body.angle % math.pi, body.length, body.diameter, 1.0)


def _near(scene: Scene, window: Window, fill: float) -> Frame:
    """A window of a scene at `SIDE` pixels, as sharp as a photo that was taken from near."""
    size = SIDE / window.side
    photo = draw(_sharp(scene, size), round(size), window).photo
    scale = photo.shape[0] / window.side
    body = _drawn_body(scene)
    shown = OrientedBox(
        (body.x - window.left) * scale, (body.y - window.top) * scale, body.angle,
        body.length * scale, body.width * scale, 1.0,
    )  # fmt: skip
    return Frame(photo, fill, (shown,))


def _sharp(scene: Scene, size: float) -> Scene:
    """Blur is a fraction of the photo: as many pixels as in one of 700."""
    camera, less = scene.camera, 700 / size
    return replace(
        scene, camera=replace(camera, blur=camera.blur * less, motion=camera.motion * less)
    )


def frame_of(photo: np.ndarray, box: Box, number: int, seed: int) -> Frame | None:
    """A part of a photo that the body in a box fills as `FILLS` says; None where it has no room.

    Frames are square, wide (4:3) and high (3:4) in turn.
    """
    rng = np.random.default_rng(np.random.SeedSequence((seed, number)))
    fill = FILLS[number % len(FILLS)]
    aspect = (1.0, 4 / 3, 3 / 4)[number // len(FILLS) % 3]
    x, y, wide, high = box
    width = max(wide, high * aspect) / fill
    height = width / aspect
    if fill <= 1:
        x += (width - wide) * rng.uniform(-0.4, 0.4)
        y += (height - high) * rng.uniform(-0.4, 0.4)
    left, top = round(x - width / 2), round(y - height / 2)
    right, low = round(left + width), round(top + height)
    if left < 0 or top < 0 or right > photo.shape[1] or low > photo.shape[0]:
        return None
    moved = (box[0] - left, box[1] - top, wide, high)
    return Frame(np.ascontiguousarray(photo[top:low, left:right]), fill, boxes=(moved,))


def beside(photo: np.ndarray, box: Box) -> Frame:
    """The largest part of a photo that shows nothing of the body: its table and its wires."""
    x, y, wide, high = box
    left, right, top, low = (
        round(edge)
        for edge in (x - wide / 2 - 12, x + wide / 2 + 12, y - high / 2 - 12, y + high / 2 + 12)
    )
    parts = [photo[:, : max(left, 0)], photo[:, right:], photo[: max(top, 0)], photo[low:]]
    return Frame(np.ascontiguousarray(max(parts, key=lambda part: part.size)))


def tables(count: int, seed: int, *, near: bool = False) -> Iterator[Frame]:
    """Drawn tables without a part: whole, or from as near as a body that fills the frame is."""
    for number in range(count):
        scene, rng = scene_by_lot(number, seed)
        if not near:
            yield Frame(draw_empty(scene))
            continue
        side = math.exp(rng.uniform(math.log(0.06), math.log(0.5)))
        left, top = rng.uniform(0, 1 - side, 2)
        size = SIDE / side
        yield Frame(draw_empty(_sharp(scene, size), round(size), Window(left, top, side)))


def several(rows: int, cell: int, seed: int) -> Frame:
    """Drawn photos cut to `cell` pixels round the body and laid side by side, `rows` by `rows`."""
    lines, boxes = [], []
    for row in range(rows):
        line = []
        for column in range(rows):
            scene, _ = scene_by_lot(row * rows + column, seed)
            drawing = draw(scene)
            x, y, wide, high = (700 * value for value in drawing.box)
            left, top = (round(min(max(at - cell / 2, 0), 700 - cell)) for at in (x, y))
            line.append(drawing.photo[top : top + cell, left : left + cell])
            boxes.append((x - left + column * cell, y - top + row * cell, wide, high))
        lines.append(np.hstack(line))
    return Frame(np.vstack(lines), boxes=tuple(boxes))
