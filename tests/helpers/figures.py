"""What tests read off a figure."""

from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image


def pixels(figure: Figure) -> np.ndarray:
    """The figure as a picture, (height, width, 3) uint8; drawing it must raise no warning."""
    file = BytesIO()
    figure.savefig(file, format="png", dpi=40)
    return np.asarray(Image.open(file).convert("RGB"))


def legend_texts(figure: Figure) -> list[str]:
    """The texts of the legend; those of the figure itself where it has none."""
    texts = figure.legends[0].get_texts() if figure.legends else figure.texts
    return [text.get_text() for text in texts]


def lines(figure: Figure, colour: str) -> list[Any]:
    """The lines of a colour in the first panel."""
    return [line for line in figure.axes[0].lines if line.get_color() == colour]
