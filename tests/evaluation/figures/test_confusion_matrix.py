from io import BytesIO

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm, rgb_to_hsv
from matplotlib.figure import Figure
from PIL import Image

from resistor_cls.categories import Categories, resistor37
from resistor_cls.evaluation.figures import confusion_figure
from resistor_cls.evaluation.figures.confusion_matrix import RIGHT, WRONG, draw_cells

PAGE = 880  # pixels that a page gives a figure


def drawn(figure: Figure) -> np.ndarray:
    file = BytesIO()
    figure.savefig(file, format="png", dpi=50)
    return np.asarray(Image.open(file).convert("RGB"))


def named(axes: Axes) -> list[str]:
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Prediction", "Label")
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    assert names == [tick.get_text() for tick in axes.get_xticklabels()]
    return names


def numbers(axes: Axes) -> dict[tuple[float, float], str]:
    return {text.get_position(): text.get_text() for text in axes.texts}


@pytest.mark.parametrize("size", [2, 37, 150])
def test_a_confusion_matrix_of_any_size_names_both_axes(size: int) -> None:
    names = resistor37().names if size == 37 else [f"{index + 1}R_1-4W" for index in range(size)]
    counts = np.zeros((size, size), int)
    counts[range(size), range(size)] = 10
    counts[0, 1] = 4
    figure = confusion_figure(counts, Categories(names), "epoch 3")
    assert np.ptp(drawn(figure)) > 0
    (axes,) = figure.axes
    assert len(set(named(axes))) == size
    if size == 2:
        assert numbers(axes) == {(0, 0): "10", (1, 1): "10", (1, 0): "4"}  # column 1, row 0


def test_axes_are_in_ohms_and_in_their_order() -> None:
    names = ["4K7_1-4W", "10R_2W", "10R_1W", "4700Mohm", "cracked", "47R_1W", "47_1W"]
    figure = confusion_figure(np.eye(7, dtype=int), Categories(names))
    assert named(figure.axes[0]) == [
        *("0.47 Ω", "10 Ω, 1 W", "10 Ω, 2 W"),
        *("47R_1W", "47_1W"),  # the same ohms and watts: the labels tell them apart
        *("4.7 kΩ, 0.25 W", "cracked"),
    ]


def test_the_matrix_of_37_categories_can_be_read_on_a_page() -> None:
    figure = confusion_figure(np.full((37, 37), 88), resistor37(), "epoch 3")
    drawn(figure)
    scale = PAGE / figure.get_size_inches()[0] / 72  # pixels on the page of a point
    (axes,) = figure.axes
    texts = [*axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels()]
    assert min(text.get_fontsize() for text in texts) * scale > 10
    widest = max(text.get_window_extent().width for text in axes.texts)
    assert widest < axes.bbox.width / 37


def test_right_ones_are_blue_and_wrong_ones_orange() -> None:
    counts = np.array([[5, 5], [0, 5]])
    figure = confusion_figure(counts, Categories(["1R", "2R"]))
    (image,) = figure.axes[0].images
    cells = np.asarray(image.get_array())
    assert rgb_to_hsv(cells[1, 1, :3] / 255)[0] == pytest.approx(0.57, abs=0.05)
    assert rgb_to_hsv(cells[0, 1, :3] / 255)[0] == pytest.approx(0.06, abs=0.05)
    assert cells[1, 0, 3] == 0  # no photo: transparent


def coloured_by_matplotlib(axes: Axes, counts: np.ndarray) -> None:
    """The cells of a matrix, each scale of colours an image of shares."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    diagonal = np.eye(len(counts), dtype=bool)
    for mask, colours, power, top in (
        (diagonal, RIGHT, 1.0, 1.0),
        (~diagonal, WRONG, 0.5, max(float(shares[~diagonal].max(initial=0)), 0.01)),
    ):
        shown = np.ma.masked_where(~mask | (counts == 0), shares)
        axes.imshow(shown, cmap=colours, norm=PowerNorm(power, vmin=0, vmax=top))


@pytest.mark.parametrize("size", [2, 37, 150])
def test_cells_are_coloured_as_matplotlib_colours_shares(size: int) -> None:
    random = np.random.default_rng(size)
    counts = np.diag(random.integers(0, 9, size)) + random.integers(0, 3, (size, size))
    shown = []
    for draw in (draw_cells, coloured_by_matplotlib):
        figure = Figure(figsize=(16, 16))  # cells of 3 pixels, smaller ones are smoothed
        axes = figure.subplots()
        draw(axes, counts)
        for text in axes.texts:
            text.set_visible(False)
        shown.append(drawn(figure))
    assert np.array_equal(shown[0], shown[1])


def test_a_confusion_matrix_can_be_put_into_another_order() -> None:
    counts = np.diag([5, 6, 7])
    counts[0, 2] = 4
    figure = confusion_figure(counts, Categories(["a", "b", "c"]), order=[2, 0, 1])
    assert named(figure.axes[0]) == ["c", "a", "b"]
    assert numbers(figure.axes[0]) == {(0, 0): "7", (1, 1): "5", (2, 2): "6", (0, 1): "4"}


def test_more_categories_get_no_larger_figure() -> None:
    names = [f"part {index}" for index in range(1000)]
    figure = confusion_figure(np.eye(1000, dtype=int), Categories(names), order=range(1000))
    assert max(figure.get_size_inches()) < 60
    named = [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    assert 100 < len(named) <= 160
    assert [names[int(place)] for place in figure.axes[0].get_xticks()] == named


def test_names_are_text_and_not_formulas() -> None:
    odd = ["$a_$", "$\\frac$ 5 Ω"]
    drawn(confusion_figure(np.eye(2, dtype=int), Categories(odd), odd[0]))


def test_a_matrix_of_no_photo_is_drawn() -> None:
    drawn(confusion_figure(np.zeros((2, 2), int), Categories(["a", "b"])))
