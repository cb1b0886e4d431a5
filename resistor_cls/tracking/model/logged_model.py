"""The model of a run as MLflow keeps it: its files, its signature and an input example."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import requires
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import ModelSignature

_PACKAGE = Path(__file__).parents[2]


def save_logged_model(
    client: "MlflowClient",
    run_id: str,
    model_id: str,
    checkpoint: Path,
    *,
    metadata: Mapping[str, Any],
    categories: Sequence[str],
    channels: int,
    example: np.ndarray | None,
    step: int,
) -> None:
    """Uploads the files of a logged model, and names the run that made it.

    `mlflow.models.Model.log` would first read every value of every metric of the run, to link those
    of one step to the model.

    Args:
        client: of the store.
        run_id: of the run that has made the model.
        model_id: of the model.
        checkpoint: the file.
        metadata: plain values that describe the model.
        categories: of the model.
        channels: of the photos that it takes.
        example: (1, height, width, channels) uint8, a photo as the model takes it.
        step: of the training, that its weights are of.
    """
    import mlflow
    from mlflow.entities import LoggedModelOutput
    from mlflow.models import Model

    model = client.get_logged_model(model_id)
    client.log_outputs(run_id, [LoggedModelOutput(model_id, step)])
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
            mlflow.pyfunc.save_model(
                str(place),
                mlflow_model=described,
                # A script instead of an object: nothing is pickled.
                python_model=str(Path(__file__).with_name("served_model.py")),
                artifacts={"checkpoint": str(checkpoint)},
                code_paths=[str(_PACKAGE)],
                pip_requirements=[
                    line for line in requires("resistor_cls") or [] if "extra ==" not in line
                ],
                signature=signature(categories, channels),
                input_example=example,
            )
            client.log_model_artifacts(model_id, str(place))
    except Exception:
        with suppress(Exception):  # the first one says more
            client.finalize_logged_model(model_id, "FAILED")
        raise
    client.finalize_logged_model(model_id, "READY")


def signature(categories: Sequence[str], channels: int) -> "ModelSignature":
    """Inputs and outputs of the served model; see `resistor_cls.tracking.model.served_model`.

    Args:
        categories: of the model.
        channels: of the photos that it takes.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    columns = {"category": "string", "confidence": "double", "calibrated": "boolean"}
    columns |= {"located": "boolean", "familiar": "boolean"}
    columns |= {f"p:{name}": "double" for name in categories}
    return ModelSignature(
        inputs=Schema([TensorSpec(np.dtype(np.uint8), (-1, -1, -1, channels))]),
        outputs=Schema([ColSpec(kind, name) for name, kind in columns.items()]),
    )
