"""Scores of exports, in the runs that have made their models."""

import logging
import re
from pathlib import Path

from resistor_cls.errors import without_passwords
from resistor_cls.tracking.store.connection import connect

log = logging.getLogger(__name__)

FOLDER = "export"  # of a run's artifacts


def keep_scores(scores: Path, reference: str, uri: str) -> None:
    """Adds the scores of an export to the run that has made the model, as `export/NAME`.

    A store that does not take them gets a warning: the export itself is done.

    Args:
        scores: the file, which exists already and stays.
        reference: of the model, see `model_file`, an alias resolved by `version_reference`. One
            that names no run has none to add to.
        uri: of the MLflow store.
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
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        log.warning(
            "%s is written, but the run of %s does not take a copy: %s",
            scores, reference, without_passwords(reason),
        )  # fmt: skip
