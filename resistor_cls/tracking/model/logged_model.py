"""The model of a run as MLflow keeps it: its files, its signature and an input example."""

import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import requires
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from resistor_cls.tracking.model.example import as_request
from resistor_cls.tracking.model.signature import INPUT, model_signature

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import Model

_PACKAGE = Path(__file__).parents[2]
# A logged model carries the code of the package, and its own weights instead of the package's.
_LEFT_OUT = ("__pycache__", "*.safetensors", "*.onnx")
# What a served model imports of the libraries that the package requires.
LIBRARIES = frozenset(
    {
        "mlflow", "numpy", "onnxruntime", "opencv-python-headless", "pandas", "pillow", "pydantic",
        "safetensors", "timm", "torch", "torchvision",
    }
)  # fmt: skip


def save_logged_model(
    client: "MlflowClient",
    run_id: str,
    model_id: str,
    checkpoint: Path,
    *,
    metadata: Mapping[str, Any],
    example: np.ndarray | None,
) -> None:
    """Uploads the files of a logged model; what an earlier attempt has uploaded is replaced.

    `mlflow.models.Model.log` would first read every value of every metric of the run, to link those
    of one step to the model.

    Args:
        client: of the store.
        run_id: of the run that has made the model.
        model_id: of the model.
        checkpoint: the file.
        metadata: plain values that describe the model.
        example: (1, height, width, channels) uint8, a photo as the model takes it.
    """
    from mlflow.models import Model

    model = client.get_logged_model(model_id)
    described = Model(
        artifact_path=model.artifact_location,
        run_id=run_id,
        model_uuid=model_id,
        model_id=model_id,
        metadata=dict(metadata),
    )
    try:
        with tempfile.TemporaryDirectory(prefix="resistor_cls-") as folder:
            place = Path(folder) / "model"
            write_model(place, checkpoint, example, described)
            client.log_model_artifacts(model_id, str(place))
    except Exception:
        with suppress(Exception):  # the first one says more
            client.finalize_logged_model(model_id, "FAILED")
        raise
    client.finalize_logged_model(model_id, "READY")


def write_model(
    place: Path,
    checkpoint: Path,
    example: np.ndarray | None = None,
    described: "Model | None" = None,
) -> None:
    """Writes the files of a model, which MLflow loads and serves.

    Args:
        place: the folder; it must not exist.
        checkpoint: the file.
        example: see `save_logged_model`.
        described: what MLflow is to know of the model besides.
    """
    import mlflow

    with tempfile.TemporaryDirectory(prefix="resistor_cls-") as folder:
        code = Path(folder) / _PACKAGE.name
        shutil.copytree(_PACKAGE, code, ignore=shutil.ignore_patterns(*_LEFT_OUT))
        mlflow.pyfunc.save_model(
            str(place),
            mlflow_model=described,
            # A script instead of an object: nothing is pickled.
            python_model=str(Path(__file__).with_name("served_model.py")),
            artifacts={"checkpoint": str(checkpoint)},
            code_paths=[str(code)],
            pip_requirements=requirements(),
            signature=model_signature(),
            input_example=None if example is None else {INPUT: as_request(example[0])},
        )


def requirements() -> list[str]:
    """The lines of the package's requirements that name `LIBRARIES`."""
    lines = [line for line in requires("resistor_cls") or [] if "extra ==" not in line]
    return [line for line in lines if re.split(r"[^\w.-]", line)[0].lower() in LIBRARIES]
