from io import BytesIO

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from resistor_cls.categories import Categories, resistor37
from resistor_cls.evaluation import confusion_figure, curves_figure, gallery_figure


def png(figure: Figure) -> np.ndarray:
    file = BytesIO()
    figure.savefig(file, format="png", dpi=40)
    return np.asarray(Image.open(file).convert("RGB"))


@pytest.mark.parametrize("size", [2, 37, 150])
def test_a_confusion_matrix_of_any_size_names_both_axes(size: int):
    names = resistor37().names if size == 37 else [f"R{index}_1-4W" for index in range(size)]
    counts = np.zeros((size, size), int)
    counts[range(size), range(size)] = 10
    counts[0, 1] = 4
    figure = confusion_figure(counts, Categories(names), "epoch 3")
    assert np.ptp(png(figure)) > 0
    for axes in figure.axes:
        assert [tick.get_text() for tick in axes.get_xticklabels()] == list(names)
        assert [tick.get_text() for tick in axes.get_yticklabels()] == list(names)
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("Prediction", "Label")
    if size < 60:
        cells = {text.get_position(): text.get_text() for text in figure.axes[0].texts}
        assert cells[(1, 0)] == "4"  # column 1: prediction, row 0: label
        shares = {text.get_position(): text.get_text() for text in figure.axes[1].texts}
        assert shares[(1, 0)] == "29"  # percent of 14


def test_nothing_judged_can_be_drawn():
    png(confusion_figure(np.zeros((2, 2), int), Categories(["a", "b"])))
    png(gallery_figure([], []))


def test_names_are_text_and_no_formula():
    odd = ["$a_$", "$\\frac$ 5 Ω"]
    figure = confusion_figure(np.eye(2, dtype=int), Categories(odd), odd[0])
    png(figure)
    png(gallery_figure([np.zeros((4, 4, 3), np.uint8)], [odd[0]], title=odd[1]))


def test_curves_get_a_panel_each():
    history = {
        "train/loss": [(step, 1 / (step + 1)) for step in range(100)],
        "val/loss": [(10, 0.5)],
        "val/roc_auc": [(10, float("nan")), (20, 0.9)],
        "lr": [],
    }
    figure = curves_figure(history)
    png(figure)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in shown] == list(history)
    assert shown[0].lines[0].get_xdata().tolist() == list(range(100))
    png(curves_figure({}))


def test_a_gallery_marks_what_is_wrong():
    photos = [np.full((8, 8, 3), level, np.uint8) for level in range(0, 160, 20)]
    captions = [f"10R\n{index}" for index in range(8)]
    figure = gallery_figure(photos, captions, [True] * 7 + [False], "worst")
    png(figure)
    titles = [axes.title for axes in figure.axes if axes.images]
    assert [title.get_text() for title in titles] == captions
    assert len({title.get_color() for title in titles[:7]}) == 1
    assert titles[7].get_color() != titles[0].get_color()
