"""Names of saved models, turned into files."""

import re
from pathlib import Path

from resistor_cls.errors import ModelError
from resistor_cls.tracking.store import check_store, connect

_FORMS = "expected a checkpoint file, runs:/RUN_ID/model, models:/NAME@ALIAS or rendered"


_STORED = ("runs:/", "models:/")


def check_reference(reference: str, uri: str, key: str = "model") -> None:
    """Checks in milliseconds what can be known of a reference, and makes no store to look it up in.

    Args:
        reference: see `resolve_model`.
        uri: of the MLflow store.
        key: that the reference was given by, for messages.

    Raises:
        ConfigError: an address of a kind that MLflow cannot use.
        ModelError: no such file, no reference, no store that could hold it.
        TrackingError: a store that cannot be used.
    """
    if reference == "rendered":
        return
    if reference.startswith(_STORED):
        if not re.fullmatch(r"runs:/[^/]+/.+|models:/[^/]+", reference):
            raise ModelError(f"{key}={reference} is not complete: {_FORMS}")
        check_store(uri)
        _require_store(reference, uri, key)
        return
    path = Path(reference).expanduser()
    if not reference or not path.is_file():
        found = "is a folder" if reference and path.is_dir() else "does not exist"
        raise ModelError(f"{key}={reference} {found}: {_FORMS}")


def _require_store(reference: str, uri: str, key: str) -> None:
    """Requires that a SQLite file is there: opening it would make one."""
    scheme, _, place = uri.partition(":///")
    file = Path(place.partition("?")[0])
    if scheme.startswith("sqlite") and not (file.is_file() and file.stat().st_size):
        raise ModelError(
            f"{key}={reference}: no store at {uri}: {file.absolute()} does not exist or is empty; "
            "go to the folder that the training was started in, or name its store by "
            "tracking.uri=… (of predict: --tracking-uri)"
        )


def resolve_model(reference: str, uri: str, key: str = "model") -> Path:
    """The checkpoint that a reference means.

    Args:
        reference: a file, `runs:/RUN_ID/model`, another artifact of a run
            (`runs:/RUN_ID/checkpoints/last.ckpt`), `models:/NAME@ALIAS`, or `rendered` for the
            model that comes with the package.
        uri: of the MLflow store that runs and models are looked up in.
        key: that the reference was given by, for messages.

    Raises:
        ConfigError: an address of a kind that MLflow cannot use.
        ModelError: nothing is there, or it holds no checkpoint.
        TrackingError: the store cannot be used.
    """
    if reference == "rendered":
        from resistor_cls.model.weights import RENDERED

        return RENDERED
    check_reference(reference, uri, key)
    if not reference.startswith(_STORED):
        return Path(reference).expanduser()
    connect(uri)
    import mlflow

    try:
        place = Path(mlflow.artifacts.download_artifacts(reference))
    except Exception as error:  # MLflow, network and file errors share no base class
        raise ModelError(
            f"{key}={reference} is not in {uri} ({str(error).strip().splitlines()[0]}): {_FORMS}; "
            "a run that was stopped early may still have runs:/RUN_ID/checkpoints/last.ckpt"
        ) from error
    checkpoints = [place] if place.is_file() else sorted(place.rglob("*.ckpt"))
    if not checkpoints:
        raise ModelError(f"{key}={reference} holds no checkpoint: {_FORMS}")
    return checkpoints[0]
