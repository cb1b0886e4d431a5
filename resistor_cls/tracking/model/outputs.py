"""Which logged model a run has made."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.entities import Run


def model_made_by(run: "Run") -> str | None:
    """The id of the model that a run has made, that of the last step; None of no model."""
    made = run.outputs.model_outputs if run.outputs else ()
    return max(made, key=lambda one: one.step).model_id if made else None
