import numpy as np
import pytest

from resistor_cls.evaluation.figures import augmentation_figure


@pytest.mark.parametrize("shape", [(20, 20, 3), (16, 40, 3)])
def test_each_row_shows_a_photo_and_its_draws(shape: tuple[int, int, int]) -> None:
    rows = [[np.full(shape, 40 * row + place, np.uint8) for place in range(6)] for row in range(3)]
    figure = augmentation_figure(rows, ["10R", "a $ b $", "4K7\nodd"], "Augmented")
    shown = [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]
    assert [int(photo[0, 0, 0]) for photo in shown] == [
        40 * r + p for r in range(3) for p in range(6)
    ]
    figure.canvas.draw()
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["10R", "a $ b $", "4K7\nodd"]
    width, height = figure.get_size_inches()
    assert (height < width / 2) == (shape[0] < shape[1])


def test_without_photos_a_sentence_stands_instead() -> None:
    assert "No photo" in augmentation_figure([], []).texts[0].get_text()
