"""Figures of a user's own, beside ours in a run."""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from resistor_cls.evaluation import Predictions
from resistor_cls.tracking.run.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger("resistor_cls")


def save_custom_figures(
    run: Run, makers: Mapping[str, Callable[..., "Figure"]], predictions: Predictions
) -> None:
    """Draws each figure and keeps it as `figures/NAME.png`.

    A figure that fails costs no run: what went wrong is logged.

    Args:
        run: that gets them.
        makers: name → what makes a figure of the argument `predictions`.
        predictions: of the model, beside the labels.
    """
    for name, make in makers.items():
        try:
            run.save_figure(name, make(predictions=predictions))
        except Exception as error:  # whatever the code of a user raises
            log.warning("figures.%s was not drawn: %s: %s", name, type(error).__name__, error)
