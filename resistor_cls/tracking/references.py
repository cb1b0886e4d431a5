"""Names of saved models, turned into files."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resistor_cls.errors import ModelError, without_passwords
from resistor_cls.tracking.dead_runs import close_dead_runs
from resistor_cls.tracking.store import connect

_FORMS = "expected a checkpoint file, runs:/RUN_ID/model, models:/NAME@ALIAS or rendered"


@contextmanager
def model_file(reference: str, uri: str, key: str = "model") -> Iterator[Path]:
    """The checkpoint that a reference means, as a file that lasts as long as the context.

    Args:
        reference: a file, `runs:/RUN_ID/model`, another artifact of a run
            (`runs:/RUN_ID/checkpoints/last.ckpt`), `models:/NAME@ALIAS`, or `rendered` for the
            model that comes with the package.
        uri: of the MLflow store that runs and models are looked up in.
        key: that the reference was given by, for messages.

    Yields:
        The file; what was copied or fetched for it is removed afterwards.

    Raises:
        ModelError: nothing is there, or it holds no checkpoint.
        TrackingError: the store cannot be used.
    """
    if reference.startswith(("runs:/", "models:/")):
        with tempfile.TemporaryDirectory(prefix="resistor_cls-") as folder:
            yield _fetched(reference, uri, key, Path(folder))
    else:
        yield _file(reference, key)


def _file(reference: str, key: str) -> Path:
    if reference == "rendered":
        from resistor_cls.model.weights import RENDERED

        return RENDERED
    path = Path(reference).expanduser()
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise ModelError(f"{key}={reference} {found}: {_FORMS}")
    return path


def _fetched(reference: str, uri: str, key: str, folder: Path) -> Path:
    close_dead_runs(connect(uri), uri)
    import mlflow

    try:
        place = Path(mlflow.artifacts.download_artifacts(reference, dst_path=str(folder)))
    except Exception as error:  # MLflow, network and file errors share no base class
        raise ModelError(
            f"{key}={reference} is not in {without_passwords(uri)} "
            f"({str(error).strip().splitlines()[0]}): {_FORMS}; "
            "a run that was stopped early may still have runs:/RUN_ID/checkpoints/last.ckpt"
        ) from error
    checkpoints = [place] if place.is_file() else sorted(place.rglob("*.ckpt"))
    if not checkpoints:
        raise ModelError(f"{key}={reference} holds no checkpoint: {_FORMS}")
    return checkpoints[0]
