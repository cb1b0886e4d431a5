"""Scores of exports, in the runs that have made their models."""

import re
from pathlib import Path

from resistor_cls.errors import TrackingError
from resistor_cls.tracking.store.connection import connect

FOLDER = "export"  # of a run's artifacts


def keep_scores(scores: Path, reference: str, uri: str) -> None:
    """Adds the scores of an export to the run that has made the model, as `export/NAME`.

    Args:
        scores: the file, which exists already and stays.
        reference: of the model, see `model_file`, an alias resolved by `version_reference`. One
            that names no run has none to add to.
        uri: of the MLflow store.

    Raises:
        TrackingError: the store does not take them.
    """
    named = re.match(r"runs:/([^/]+)/|models:/([^/]+)/(\d+)$", reference)
    if named is None:
        return
    try:
        client = connect(uri)
        run_id = named[1] or client.get_model_version(named[2], named[3]).run_id
        if run_id:  # a version may have been registered without one
            client.log_artifact(run_id, str(scores), FOLDER)
    except Exception as error:  # MLflow, network and file errors share no base class
        raise TrackingError(
            f"{scores} is written, but the run of {reference} does not take a copy: "
            f"{(str(error).strip() or type(error).__name__).splitlines()[0]}"
        ) from error
