import numpy as np

from resistor_cls.categories import Categories
from resistor_cls.evaluation.figures import confusion_figure, svg


def test_a_figure_goes_into_a_page_as_text() -> None:
    odd = ["$a$ <b> & c", "名"]  # of a script that the font does not have
    one, two = (svg(confusion_figure(np.eye(2, dtype=int), Categories(odd))) for _ in range(2))
    assert one == two
    assert one.startswith("<svg") and one.rstrip().endswith("</svg>")
    assert "$a$ &lt;b&gt; &amp; c" in one and "名" in one
    assert "<g id=" not in one and "<dc:date>" not in one
