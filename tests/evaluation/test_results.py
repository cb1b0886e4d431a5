"""Results as values: merged, and custom figures among them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from resistor_cls.categories import Categories
from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.results import Results, confusion_results, custom_figures
from resistor_cls.evaluation.scores import LOSSES, is_loss
from resistor_cls.model.training.metrics import MODES

PREDICTIONS = Predictions(
    names=("a.jpg", "b.jpg"),
    indices=np.arange(2),
    targets=np.array([0, 1]),
    probabilities=np.array([[0.9, 0.1], [0.8, 0.2]], np.float32),
    losses=np.array([0.1, 1.6], np.float32),
    categories=Categories(["1R", "2R"]),
)


def test_results_are_merged_by_name() -> None:
    first = Results(metrics={"a": 1.0, "b": 2.0}, texts={"x.txt": "x"})
    second = Results(metrics={"b": 3.0}, tags={"t": 1})
    both = first | second
    assert (both.metrics, both.texts, both.tags) == ({"a": 1.0, "b": 3.0}, {"x.txt": "x"}, {"t": 1})


def test_a_confusion_matrix_is_a_figure_and_a_table() -> None:
    found = confusion_results(PREDICTIONS, "matrix", "Epoch 1")
    assert found.tables["matrix"].to_numpy().tolist() == [[1, 0], [1, 0]]
    assert found.tables["matrix"].index.name == "label"
    title = found.figures["matrix"].get_suptitle()
    assert title == "Epoch 1 · 1 of 2 photos right"


def test_custom_figures_that_fail_are_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def wrong(**_: Any) -> Figure:
        raise ValueError("no such column")

    def unreadable(**_: Any) -> Figure:
        figure = Figure()
        figure.text(0, 0, r"$\frac{$")  # matplotlib finds out when it draws
        return figure

    makers: dict[str, Callable[..., Figure]] = {
        "right": lambda predictions: Figure(),
        "wrong": wrong,
        "unreadable": unreadable,
    }
    found = custom_figures(makers, PREDICTIONS)
    assert list(found.files) == ["figures/right.png"]
    found.files["figures/right.png"](tmp_path / "right.png")
    assert (tmp_path / "right.png").read_bytes().startswith(b"\x89PNG")
    first, second = caplog.messages
    assert first == "figures.wrong was not drawn: ValueError: no such column"
    assert second.startswith("figures.unreadable was not drawn: ")


def test_losses_are_those_that_training_minimizes() -> None:
    assert {name for name, mode in MODES.items() if mode == "min"} == LOSSES
    assert is_loss("val/log_loss")
    assert not is_loss("test/accuracy")
