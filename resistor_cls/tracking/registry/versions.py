"""Versions of the registered model `resistor_cls`, and their aliases."""

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from resistor_cls.errors import ModelError
from resistor_cls.tracking.model.outputs import model_made_by

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

NAME = "resistor_cls"
CHAMPION, CHALLENGER = "champion", "challenger"
_FORMS = (r"runs:/([^/]+)/model", rf"models:/{NAME}/(\d+)", rf"models:/{NAME}@([^/@]+)")
_EXPECTED = f"expected runs:/RUN_ID/model, models:/{NAME}/VERSION or models:/{NAME}@ALIAS"


def check_candidate(reference: str, key: str = "model") -> None:
    """Checks the form of a reference to a model that may become the champion.

    Raises:
        ModelError: a file, or a model of another name.
    """
    if not any(re.fullmatch(form, reference) for form in _FORMS):
        raise ModelError(f"{key}={reference} cannot become the champion: {_EXPECTED}")


def register(client: "MlflowClient", model_id: str, run_id: str) -> "ModelVersion":
    """Registers a logged model as the next version of `resistor_cls`.

    A model that is registered already keeps its version: an entry of an outbox may be sent twice.

    Args:
        client: of the store.
        model_id: of the logged model.
        run_id: of the run that has made it.

    Raises:
        MlflowException: a failure of the store.
    """
    from mlflow.exceptions import MlflowException

    with suppress(MlflowException):  # it exists; another trouble is met again below
        client.create_registered_model(NAME)
    # Whatever the number of versions, few are of one run.
    for found in client.search_model_versions(f"name = '{NAME}' and run_id = '{run_id}'"):
        if model_id_of(found) == model_id:
            return found
    return client.create_model_version(
        NAME, f"models:/{model_id}", run_id=run_id, model_id=model_id
    )


def model_id_of(version: "ModelVersion") -> str | None:
    """The logged model that a version is; None of one that was registered from other files."""
    # MLflow's databases keep the source alone.
    source = str(version.source)
    return source.removeprefix("models:/") if source.startswith("models:/m-") else None


def aliases(client: "MlflowClient") -> dict[str, str]:
    """Alias → version of `resistor_cls`; empty where no model is registered."""
    found = client.search_registered_models(f"name = '{NAME}'")
    return {alias: str(version) for one in found for alias, version in one.aliases.items()}


def version_of(client: "MlflowClient", reference: str, key: str = "model") -> "ModelVersion":
    """The version that a reference names; the model of a run is registered where it is not yet.

    Args:
        client: of the store.
        reference: `runs:/RUN_ID/model`, `models:/resistor_cls/VERSION` or
            `models:/resistor_cls@ALIAS`.
        key: that the reference was given by, for messages.

    Raises:
        ModelError: a reference of another form, or one that names no model of the store.
        MlflowException: a failure of the store.
    """
    check_candidate(reference, key)
    run, version, alias = (re.fullmatch(form, reference) for form in _FORMS)
    if run:
        return _version_of_run(client, run[1], f"{key}={reference}")
    number = version[1] if version else aliases(client).get(alias[1] if alias else "")
    known = client.search_model_versions(f"name = '{NAME}'") if number else ()
    for found in known:
        if str(found.version) == number:
            return found
    raise ModelError(f"{key}={reference} is not registered: {_EXPECTED}")


def _version_of_run(client: "MlflowClient", run_id: str, named: str) -> "ModelVersion":
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise ModelError(f"{named}: the store has no such run; {_EXPECTED}") from error
    model_id = model_made_by(run)
    if model_id is None:
        raise ModelError(
            f"{named}: the run has logged no model; train with tracking.log_model=true"
        )
    return register(client, model_id, run_id)
