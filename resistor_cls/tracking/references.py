"""References to saved models, resolved to files."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from resistor_cls.errors import ModelError, TrackingError, first_line, without_passwords
from resistor_cls.tracking.store.connection import (
    check_store,
    connect,
    require_place,
    require_store,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

_FORMS = (
    "expected a checkpoint or ONNX file, runs:/RUN_ID/model, models:/NAME@ALIAS, "
    "models:/NAME/VERSION or rendered"
)
STORED = ("runs:/", "models:/")  # how references begin that a store resolves


def check_reference(reference: str, uri: str, key: str = "model") -> None:
    """Checks in milliseconds what can be checked without opening a store or a file.

    Args:
        reference: see `model_file`.
        uri: of the MLflow store.
        key: that the reference was given by, for messages.

    Raises:
        ConfigError: an address of a kind that MLflow cannot use.
        ModelError: a file that does not exist, an incomplete reference, or no store for it.
        TrackingError: a store that cannot be used.
    """
    if reference == "rendered":
        return
    if reference.startswith(STORED):
        if not re.fullmatch(r"runs:/[^/]+/.+|models:/[^/]+(/\d+)?", reference):
            raise ModelError(f"{key}={reference} is not complete: {_FORMS}")
        check_store(uri)
        try:
            require_store(uri)
        except TrackingError as error:
            raise ModelError(
                f"{key}={reference}: {error}; go to the folder that the training was started in, "
                "or name its store by tracking.uri=…"
            ) from error
        return
    path = Path(reference).expanduser()
    # Methods of Path raise where a name is longer than any file's.
    if not reference or not os.path.isfile(path):  # noqa: PTH113
        found = "is a folder" if reference and os.path.isdir(path) else "does not exist"  # noqa: PTH112
        raise ModelError(f"{key}={reference} {found}: {_FORMS}")


@contextmanager
def model_file(reference: str, uri: str, key: str = "model") -> Iterator[str | Path]:
    """The checkpoint that a reference names, as a file that exists as long as the context.

    Args:
        reference: a file, `runs:/RUN_ID/model`, another artifact of a run
            (`runs:/RUN_ID/checkpoints/last.ckpt`), `models:/NAME@ALIAS`, `models:/NAME/VERSION`, or
            `rendered` for the model of the package.
        uri: of the MLflow store that runs and models are looked up in.
        key: that the reference was given by, for messages.

    Yields:
        The file, or `rendered` as it is: models are loaded by it. What was copied or downloaded is
        removed afterwards.

    Raises:
        ConfigError: an address of a kind that MLflow cannot use.
        ModelError: nothing is there, or it holds no checkpoint.
        TrackingError: the store cannot be used.
    """
    check_reference(reference, uri, key)
    if reference.startswith(STORED):
        with tempfile.TemporaryDirectory(prefix="resistor_cls-") as folder:
            yield _fetched(reference, uri, key, Path(folder))
    else:
        yield reference if reference == "rendered" else Path(reference).expanduser()


def version_reference(reference: str, uri: str, key: str = "model") -> str:
    """The version that an alias names now, as a reference; any other reference as it is.

    An alias may be moved while a command runs: its version is resolved once.

    Args:
        reference: see `model_file`.
        uri: of the MLflow store.
        key: that the reference was given by, for messages.

    Raises:
        ModelError: no version has the alias.
        TrackingError: the store cannot be used.
    """
    found = re.fullmatch(r"(models:/([^/@]+))@(.+)", reference)
    if not found:
        return reference
    client = connect(uri)
    try:
        version = client.get_model_version_by_alias(found[2], found[3]).version
    except Exception as error:  # MLflow and network errors share no base class
        raise _not_found(reference, uri, key, error) from error
    return f"{found[1]}/{version}"


def run_of(client: "MlflowClient", reference: str) -> str:
    """The id of the run that has made a model; empty of a version that was registered without one.

    Args:
        client: of the store.
        reference: `runs:/…` or `models:/…`, see `model_file`.

    Raises:
        MlflowException: a failure of the store, or no such model.
    """
    if reference.startswith("runs:/"):
        return reference.removeprefix("runs:/").partition("/")[0]
    name = reference.removeprefix("models:/")
    if alias := re.fullmatch(r"(.+)@(.+)", name):
        return str(client.get_model_version_by_alias(*alias.groups()).run_id or "")
    if version := re.fullmatch(r"(.+)/(\d+)", name):
        return str(client.get_model_version(*version.groups()).run_id or "")
    return str(client.get_logged_model(name).source_run_id or "")


def _fetched(reference: str, uri: str, key: str, folder: Path) -> Path:
    from resistor_cls.tracking.run.dead_runs import close_dead_runs

    client = connect(uri)
    close_dead_runs(client, uri)
    import mlflow

    try:
        place = Path(mlflow.artifacts.download_artifacts(reference, dst_path=str(folder)))
    except Exception as error:  # MLflow, network and file errors share no base class
        _require_places(client, uri)
        raise _not_found(reference, uri, key, error) from error
    models = [place] if place.is_file() else _models(place)
    if not models:
        _require_places(client, uri)
        raise ModelError(f"{key}={reference} holds neither a checkpoint nor an ONNX file: {_FORMS}")
    return models[0]


def _models(folder: Path) -> list[Path]:
    """Checkpoints, then exported models; but not those of the package in the code of a model."""
    found = [*sorted(folder.rglob("*.ckpt")), *sorted(folder.rglob("*.onnx"))]
    return [path for path in found if "code" not in path.relative_to(folder).parts]


def _require_places(client: "MlflowClient", uri: str) -> None:
    """Requires that the store was not moved: of what is gone, MLflow may download nothing.

    Raises:
        TrackingError: the artifacts of an experiment are gone.
    """
    for experiment in client.search_experiments():
        require_place(client, uri, experiment)


def _not_found(reference: str, uri: str, key: str, error: Exception) -> ModelError:
    return ModelError(
        f"{key}={reference} is not in {without_passwords(uri)} "
        f"({first_line(error)}): {_FORMS}; "
        "a run that was stopped early may still have runs:/RUN_ID/checkpoints/last.ckpt"
    )
