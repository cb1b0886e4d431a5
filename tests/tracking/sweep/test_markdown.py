"""Tables in descriptions."""

import numpy as np
import pandas as pd

from resistor_cls.tracking.sweep.markdown import markdown_table


def test_tables_are_markdown() -> None:
    table = pd.DataFrame({"job": ["a|b", "c"], "score": [0.5, np.nan]})
    shown = markdown_table(table).replace("\N{NO-BREAK SPACE}", "")
    assert shown.splitlines() == [
        "| job | score |",
        "| --- | ---: |",
        r"| a\|b | 0.5000 |",
        "| c | – |",
    ]
