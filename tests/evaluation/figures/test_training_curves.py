from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from resistor_cls.evaluation.figures import curves_figure
from resistor_cls.evaluation.figures.training_curves import y_limits

STEPS = [(step, 1 / (step + 1)) for step in range(100)]
ENDS = [(50, 0.5), (100, 0.25)]


def panels(figure: Figure) -> dict[str, Axes]:
    """Title → panel, of those that are shown."""
    figure.savefig(BytesIO(), format="png", dpi=40)
    return {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_visible()}


def test_the_charts_of_hydrogen_torch_come_first_then_every_other_score() -> None:
    history = {
        "epoch": ENDS,
        "val/accuracy": ENDS,
        "val/roc_auc": [(50, float("nan")), (100, 0.9)],
        "val/loss": ENDS,
        "train/accuracy": ENDS,
        "train/bands": STEPS,
        "train/loss": STEPS,
        "lr": STEPS,
        "test/loss": ENDS,
    }
    found = panels(curves_figure(history, "val/roc_auc"))
    assert list(found) == [
        "Learning rate",
        "Train batch loss",
        "Validation loss",
        "Validation metric: val/roc_auc",
        "val/accuracy",
        "train/bands",
    ]
    (loss,) = found["Train batch loss"].lines
    assert [tuple(point) for point in np.asarray(loss.get_xydata())] == STEPS
    twins = found["val/accuracy"]
    shown = [text.get_text() for text in twins.get_legend().get_texts()]
    assert shown == ["val/accuracy", "train/accuracy"]
    assert found["Validation loss"].get_legend() is None


def test_what_was_not_logged_has_no_panel() -> None:
    assert list(panels(curves_figure({"val/loss": ENDS, "lr": []}, "val/accuracy"))) == [
        "Validation loss"
    ]
    assert list(panels(curves_figure({"val/loss": ENDS}, "val/loss"))) == [
        "Validation loss (watched)"
    ]
    assert panels(curves_figure({})) == {}


def test_rates_of_several_layers_share_a_panel() -> None:
    (axes,) = panels(curves_figure({"lr": STEPS, "lr/head": STEPS})).values()
    assert len(axes.lines) == 2


def test_noise_does_not_fill_an_axis() -> None:
    noise = [(50, 0.982), (100, 0.980), (150, 0.984)]
    found = panels(curves_figure({"val/accuracy": noise, "val/loss": noise}, "val/loss", 400))
    for title in ("val/accuracy", "Validation loss (watched)"):
        low, high = found[title].get_ylim()
        assert 0.1 * (high - low) > 0.004
    (bars,) = found["val/accuracy"].collections
    assert isinstance(bars, LineCollection)
    ends = bars.get_segments()[0][:, 1]
    assert ends[0] < 0.972  # wider than the steps of the curve
    assert ends[1] > 0.988
    assert "400 photos" in found["val/accuracy"].texts[0].get_text()


def test_axes_end_where_a_metric_does() -> None:
    assert y_limits(["val/accuracy"], [0.3, 0.8])[0] == 0
    assert y_limits(["val/accuracy"], [0.91, 0.95]) == (0.9, 1.004)
    assert y_limits(["val/roc_auc"], [0.6, float("nan")])[0] == 0.5
    assert y_limits(["val/mcc"], [-0.2, 0.4])[0] == -1
    assert y_limits(["val/loss"], [0.5, 2.0])[0] == 0
    assert y_limits(["lr"], [1e-5, 1e-3])[0] == 0
    assert y_limits(["mine/gain"], [-3.0, 40.0])[0] == -3
    assert y_limits(["train/loss"], [float("nan")]) == (0, 1.08)
