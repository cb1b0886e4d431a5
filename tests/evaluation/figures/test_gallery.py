import numpy as np

from resistor_cls.evaluation.figures import gallery_figure
from tests.helpers.figures import pixels


def test_a_gallery_of_no_photo_is_drawn() -> None:
    pixels(gallery_figure([], []))


def test_names_are_text_and_not_formulas() -> None:
    odd = ["$a_$", "$\\frac$ 5 Ω"]
    pixels(gallery_figure([np.zeros((4, 4, 3), np.uint8)], [odd[0]], title=odd[1]))


def test_a_gallery_marks_wrong_predictions() -> None:
    photos = [np.full((8, 8, 3), level, np.uint8) for level in range(0, 160, 20)]
    captions = [f"10R\n{index}" for index in range(8)]
    figure = gallery_figure(photos, captions, [True] * 7 + [False], "worst")
    pixels(figure)
    titles = [axes.title for axes in figure.axes if axes.images]
    assert [title.get_text() for title in titles] == captions
    assert len({title.get_color() for title in titles[:7]}) == 1
    assert titles[7].get_color() != titles[0].get_color()
