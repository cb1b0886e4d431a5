import numpy as np

from resistor_cls.evaluation.figures import pairs_figure
from tests.helpers.figures import pixels


def test_pairs_show_photos_of_both_categories() -> None:
    grey = [np.full((8, 8, 3), level, np.uint8) for level in range(0, 250, 50)]
    rows = [("$a$\n3 photos", grey, "b" * 200, grey[:1]), ("c", [], "d", grey[:2])] * 5
    figure = pairs_figure(rows, "pairs")
    pixels(figure)
    shown = [len([axes for axes in figure.axes if axes.images])]
    assert shown == [4 * (3 + 1) + 4 * 2]  # eight rows, three photos a side at most
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]
    assert titles[0] == "$a$\n3 photos"
    assert titles[1].startswith("bbb") and "…" in titles[1] and len(titles[1]) < 60
    assert titles[2:4] == ["c", "d"]
    boxes = [axes._left_title.get_window_extent() for axes in figure.axes]  # type: ignore[attr-defined]
    boxes = [box for box in boxes if box.width > 1]
    assert not any(box.overlaps(other) for at, box in enumerate(boxes) for other in boxes[:at])


def test_without_a_pair_a_sentence_stands_instead() -> None:
    figure = pairs_figure([])
    pixels(figure)
    assert "No photo" in figure.texts[0].get_text()
