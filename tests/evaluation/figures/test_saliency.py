import numpy as np

from resistor_cls.evaluation.figures import saliency_figure
from tests.helpers.figures import pixels


def test_a_saliency_map_lies_on_a_grey_copy_of_its_photo() -> None:
    photo = np.full((40, 60, 3), 120, np.uint8)
    saliency = np.zeros((4, 6))
    saliency[:, :2] = 1.0
    saliency[0, 5] = np.nan
    figure = saliency_figure([photo], [saliency], ["a\nread as b"], [False], "why")
    pixels(figure)
    (shown,) = [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]
    assert np.array_equal(shown[:40], photo)
    overlay = shown[-40:].astype(int)
    assert overlay[20, 5].sum() > overlay[20, 55].sum() + 100
    assert np.ptp(overlay[20, 55]) < np.ptp(overlay[20, 5])  # grey where the map is low


def test_a_figure_of_no_photo_is_drawn() -> None:
    pixels(saliency_figure([], [], []))
