"""Figures as SVG for pages."""

import re
import warnings
from io import StringIO

from matplotlib import rc_context
from matplotlib.figure import Figure


def svg(figure: Figure) -> str:
    """A figure as an `<svg>` element that a page takes in: the same figure, the same text.

    Text stays text, so that it can be searched and read aloud. Groups lose their ids, of which
    every figure of a page would have the same.
    """
    file = StringIO()
    with (
        rc_context({"svg.fonttype": "none", "svg.hashsalt": "resistor_cls"}),
        warnings.catch_warnings(),
    ):
        # The page's reader has fonts of his own.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        # Without a ground of its own, it lies on a light page and on a dark one.
        figure.savefig(file, format="svg", metadata=nothing, transparent=True)
    text = file.getvalue()
    return re.sub(r'<g id="[^"]*"', "<g", text[text.index("<svg") :])
