"""The generator: draws photos of resistors of any category, with boxes and bands known."""

from resistor_cls.synthetic.crop_window import Window, close_up
from resistor_cls.synthetic.crops.drawing import Crops, draw_crops
from resistor_cls.synthetic.dataset.generate import counts_to_draw, generate_dataset
from resistor_cls.synthetic.dataset.request import GENERATOR_VERSION
from resistor_cls.synthetic.distractors import DISTRACTORS, draw_distractor
from resistor_cls.synthetic.drawing import Drawing, draw, draw_empty
from resistor_cls.synthetic.sampling import any_part, sample_scene
from resistor_cls.synthetic.scene import Scene

__all__ = [
    "DISTRACTORS", "GENERATOR_VERSION", "Crops", "Drawing", "Scene", "Window", "any_part",
    "close_up", "counts_to_draw", "draw", "draw_crops", "draw_distractor", "draw_empty",
    "generate_dataset", "sample_scene",
]  # fmt: skip
