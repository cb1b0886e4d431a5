"""Figures as SVG for pages."""

import re
import warnings
from io import StringIO

from matplotlib import rc_context
from matplotlib.figure import Figure


def svg(figure: Figure) -> str:
    """A figure as an `<svg>` element for a page; the same figure gives the same text.

    Text stays text, so that it can be searched and read aloud. Groups lose their ids, which would
    be the same in every figure of a page.
    """
    file = StringIO()
    with (
        rc_context({"svg.fonttype": "none", "svg.hashsalt": "resistor_cls"}),
        warnings.catch_warnings(),
    ):
        # The browser has fonts of its own.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        # Transparent, for light and dark pages.
        figure.savefig(file, format="svg", metadata=nothing, transparent=True)
    text = file.getvalue()
    return re.sub(r'<g id="[^"]*"', "<g", text[text.index("<svg") :])
