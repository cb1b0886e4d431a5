"""Draws photos of resistors for any list of categories, with boxes and bands known."""

from resistor_cls.rendering.dataset import DRAWING_VERSION, counts_to_draw, render_dataset
from resistor_cls.rendering.drawing import Drawing, draw, draw_empty
from resistor_cls.rendering.other_things import THINGS, draw_other
from resistor_cls.rendering.sampling import any_part, sample_scene
from resistor_cls.rendering.scene import Scene
from resistor_cls.rendering.window import Window, close_up

__all__ = [
    "DRAWING_VERSION",
    "THINGS",
    "Drawing",
    "Scene",
    "Window",
    "any_part",
    "close_up",
    "counts_to_draw",
    "draw",
    "draw_empty",
    "draw_other",
    "render_dataset",
    "sample_scene",
]
