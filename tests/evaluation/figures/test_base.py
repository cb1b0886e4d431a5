from io import BytesIO

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from resistor_cls.categories import Categories
from resistor_cls.evaluation import (
    confusion_figure,
    gallery_figure,
    pairs_figure,
    saliency_figure,
    svg,
)


def png(figure: Figure) -> np.ndarray:
    file = BytesIO()
    figure.savefig(file, format="png", dpi=40)
    return np.asarray(Image.open(file).convert("RGB"))


def test_no_photo_can_be_drawn():
    png(confusion_figure(np.zeros((2, 2), int), Categories(["a", "b"])))
    png(gallery_figure([], []))
    png(saliency_figure([], [], []))
    figure = pairs_figure([])
    png(figure)
    assert "No photo" in figure.texts[0].get_text()


def test_names_are_text_and_no_formula():
    odd = ["$a_$", "$\\frac$ 5 Ω"]
    figure = confusion_figure(np.eye(2, dtype=int), Categories(odd), odd[0])
    png(figure)
    png(gallery_figure([np.zeros((4, 4, 3), np.uint8)], [odd[0]], title=odd[1]))


def test_a_gallery_marks_what_is_wrong():
    photos = [np.full((8, 8, 3), level, np.uint8) for level in range(0, 160, 20)]
    captions = [f"10R\n{index}" for index in range(8)]
    figure = gallery_figure(photos, captions, [True] * 7 + [False], "worst")
    png(figure)
    titles = [axes.title for axes in figure.axes if axes.images]
    assert [title.get_text() for title in titles] == captions
    assert len({title.get_color() for title in titles[:7]}) == 1
    assert titles[7].get_color() != titles[0].get_color()


def test_pairs_show_photos_of_both_categories():
    grey = [np.full((8, 8, 3), level, np.uint8) for level in range(0, 250, 50)]
    rows = [("$a$\n3 photos", grey, "b" * 200, grey[:1]), ("c", [], "d", grey[:2])] * 5
    figure = pairs_figure(rows, "pairs")
    png(figure)
    shown = [len([axes for axes in figure.axes if axes.images])]
    assert shown == [4 * (3 + 1) + 4 * 2]  # eight rows, three photos a side at most
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]
    assert titles[0] == "$a$\n3 photos"
    assert titles[1].startswith("bbb") and "…" in titles[1] and len(titles[1]) < 60
    assert titles[2:4] == ["c", "d"]
    boxes = [axes._left_title.get_window_extent() for axes in figure.axes]
    boxes = [box for box in boxes if box.width > 1]
    assert not any(box.overlaps(other) for at, box in enumerate(boxes) for other in boxes[:at])


def test_a_map_of_what_decided_lies_on_its_photo():
    photo = np.full((40, 60, 3), 120, np.uint8)
    heat = np.zeros((4, 6))
    heat[:, :2] = 1.0
    heat[0, 5] = np.nan
    figure = saliency_figure([photo], [heat], ["a\nread as b"], [False], "why")
    png(figure)
    (shown,) = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert np.array_equal(shown[:40], photo)
    overlay = shown[-40:].astype(int)
    assert overlay[20, 5].sum() > overlay[20, 55].sum() + 100
    assert np.ptp(overlay[20, 55]) < np.ptp(overlay[20, 5])  # grey where nothing decided


def test_a_figure_goes_into_a_page_as_text():
    odd = ["$a$ <b> & c", "名"]  # of a script that the font does not have
    one, two = (svg(confusion_figure(np.eye(2, dtype=int), Categories(odd))) for _ in range(2))
    assert one == two
    assert one.startswith("<svg") and one.rstrip().endswith("</svg>")
    assert "$a$ &lt;b&gt; &amp; c" in one and "名" in one
    assert "<g id=" not in one and "<dc:date>" not in one
