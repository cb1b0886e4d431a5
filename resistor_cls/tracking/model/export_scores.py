"""Scores of exports, in the runs that have made their models."""

import re
from pathlib import Path

from resistor_cls.errors import TrackingError
from resistor_cls.tracking.references import version_reference
from resistor_cls.tracking.store.connection import connect

FOLDER = "export"  # of a run's artifacts


def keep_scores(scores: Path, reference: str, uri: str) -> None:
    """Adds the scores of an export to the run that has made the model, as `export/NAME`.

    Args:
        scores: the file, which exists already and stays.
        reference: of the model, see `model_file`; one that names no run has none to add to.
        uri: of the MLflow store.

    Raises:
        TrackingError: the store does not take them.
    """
    named = re.match(r"runs:/([^/]+)/|models:/", reference)
    if named is None:
        return
    try:
        run_id = named[1] or _run_of_version(version_reference(reference, uri), uri)
        if run_id:
            connect(uri).log_artifact(run_id, str(scores), FOLDER)
    except Exception as error:  # MLflow, network and file errors share no base class
        raise TrackingError(
            f"{scores} is written, but the run of {reference} does not take a copy: "
            f"{str(error).strip().splitlines()[0]}"
        ) from error


def _run_of_version(reference: str, uri: str) -> str | None:
    """The run of a registered version; None of one that was registered without a run."""
    name, version = reference.removeprefix("models:/").rsplit("/", 1)
    run_id: str | None = connect(uri).get_model_version(name, version).run_id
    return run_id
