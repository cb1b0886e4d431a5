"""Names of saved models, turned into files."""

from pathlib import Path

from resistor_cls.errors import ModelError
from resistor_cls.tracking.store import connect

_FORMS = "expected a checkpoint file, runs:/RUN_ID/model, models:/NAME@ALIAS or rendered"


def resolve_model(reference: str, uri: str, key: str = "model") -> Path:
    """The checkpoint that a reference means.

    Args:
        reference: a file, `runs:/RUN_ID/model`, another artifact of a run
            (`runs:/RUN_ID/checkpoints/last.ckpt`), `models:/NAME@ALIAS`, or `rendered` for the
            model that comes with the package.
        uri: of the MLflow store that runs and models are looked up in.
        key: that the reference was given by, for messages.

    Raises:
        ModelError: nothing is there, or it holds no checkpoint.
        TrackingError: the store cannot be used.
    """
    if reference == "rendered":
        from resistor_cls.model.weights import RENDERED

        return RENDERED
    if not reference.startswith(("runs:/", "models:/")):
        path = Path(reference).expanduser()
        if not path.is_file():
            found = "is a folder" if path.is_dir() else "does not exist"
            raise ModelError(f"{key}={reference} {found}: {_FORMS}")
        return path
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
