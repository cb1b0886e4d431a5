"""Parallel coordinates of the jobs of a sweep."""

import numpy as np
import pandas as pd
import pytest

from resistor_cls.evaluation.figures import parallel_coordinates_figure
from resistor_cls.evaluation.figures.parallel_coordinates import _placed


def test_numbers_are_placed_by_size_and_names_by_alphabet() -> None:
    heights, ticks = _placed(["1e-4", "1e-3", "1e-2"])  # logarithmic
    assert heights.tolist() == pytest.approx([0, 0.5, 1])
    assert [text for _, text in ticks] == ["0.0001", "0.001", "0.01"]
    heights, _ = _placed([1, 2, 5])
    assert heights.tolist() == pytest.approx([0, 0.25, 1])
    heights, ticks = _placed(["soft", "none", "soft"])
    assert heights.tolist() == [1, 0, 1]
    assert ticks == [(0, "none"), (1, "soft")]
    heights, _ = _placed([3, 3])
    assert heights.tolist() == [0.5, 0.5]


def test_each_job_is_a_line() -> None:
    values = pd.DataFrame({"lr": ["0.1", "0.2"], "model": ["a$b$", None]})
    figure = parallel_coordinates_figure(values, pd.Series([0.5, 0.7]), "val/accuracy")
    lines = [line for line in figure.axes[0].lines if np.size(line.get_xdata()) == 3]
    assert len(lines) == 2
    figure.canvas.draw()
