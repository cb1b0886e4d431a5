"""Scores of exports, in the runs that have made their models."""

import logging
from pathlib import Path

from resistor_cls.errors import first_line, without_passwords
from resistor_cls.tracking.references import STORED, run_of
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
    if not reference.startswith(STORED):
        return
    try:
        client = connect(uri)
        if run_id := run_of(client, reference):
            client.log_artifact(run_id, str(scores), FOLDER)
    except Exception as error:  # MLflow, network and file errors share no base class
        log.warning(
            "%s is written, but the run of %s does not take a copy: %s",
            scores, reference, without_passwords(first_line(error)),
        )  # fmt: skip
