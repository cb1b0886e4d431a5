"""Which model is that of a run."""

from types import SimpleNamespace
from typing import Any

import pytest

from resistor_cls.tracking.model.outputs import model_made_by


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        (None, None),
        (SimpleNamespace(model_outputs=[]), None),
        (
            SimpleNamespace(
                model_outputs=[
                    SimpleNamespace(model_id="m-2", step=9),
                    SimpleNamespace(model_id="m-1", step=3),
                ]
            ),
            "m-2",
        ),
    ],
)
def test_the_model_of_the_last_step_counts(outputs: Any, expected: str | None) -> None:
    run: Any = SimpleNamespace(outputs=outputs)
    assert model_made_by(run) == expected
