from typing import Any

import numpy as np
from matplotlib.patches import StepPatch

from resistor_cls.evaluation.figures import ood_figure
from tests.helpers.figures import legend_texts, pixels


def ood_part(kinds: dict[str, list[int]], known: list[int]) -> dict[str, Any]:
    return {
        "score": "1 - confidence",
        "known": sum(known),
        "kinds": [{"kind": kind, "photos": sum(kinds[kind]), "auroc": None} for kind in kinds],
        "histogram": {"edges": [0, 0.5, 1], "known": known, "kinds": kinds},
    }


def test_each_kind_of_ood_photos_has_a_panel() -> None:
    part = ood_part({"$empty$ tables": [1, 9], "noise": [0, 0]}, [20, 0])
    part["kinds"][0]["auroc"] = 0.95
    figure = ood_figure(part)
    pixels(figure)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["$empty$ tables (10), AUROC 0.950", "noise (0)"]
    steps = [
        np.asarray(patch.get_data()[0]).tolist()
        for patch in figure.axes[0].patches
        if isinstance(patch, StepPatch)
    ]
    assert steps == [[1, 0], [0.1, 0.9]]


def test_without_photos_a_sentence_stands_instead() -> None:
    for part in (None, ood_part({}, []), ood_part({"noise": [0, 1]}, [0, 0])):
        figure = ood_figure(part)
        pixels(figure)
        assert legend_texts(figure) == ["No out-of-distribution photos were evaluated."]
