"""What a logged model takes and gives, in MLflow's words."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

INPUT = "photo"  # name of the only column of the input
# Fields of `Prediction.as_json` with their types; a "?" means that the value may be absent.
_BOX = {"x": "double", "y": "double", "length": "double", "width": "double", "degrees": "double"}
_CANDIDATE = {
    "text": "string",
    "ohms": "double?",
    "category": "string?",
    "probability": "double",
    "confidence": "double",
}
_FIELDS: dict[str, Any] = {
    "photo": "string?",
    "text": "string?",
    "ohms": "double?",
    "tolerance": "double?",
    "watts": "double?",
    "bands": ["string"],
    "category": "string?",
    "confidence": "double?",
    "calibrated": "boolean",
    "accepted": "boolean?",
    "reason": "string?",
    "located": "boolean?",
    "familiar": "boolean?",
    "box": _BOX,
    "candidates": [_CANDIDATE],
    "error": "string?",
    "markings": [["string"]],
    "body": "long?",
}


def model_signature() -> "ModelSignature":
    """Inputs and outputs of `resistor_cls.tracking.model.served_model`.

    The input is one column of any type, because photos come as bytes, text and arrays.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema
    from mlflow.types.schema import AnyType

    outputs: list[Any] = [
        ColSpec(_type(kind), name, required=not _may_be_absent(kind))
        for name, kind in _FIELDS.items()
    ]
    return ModelSignature(inputs=Schema([ColSpec(AnyType(), INPUT)]), outputs=Schema(outputs))


def _may_be_absent(kind: Any) -> bool:
    """Whether a field may be null; lists and objects always may."""
    return not isinstance(kind, str) or kind.endswith("?")


def _type(kind: Any) -> Any:
    from mlflow.types.schema import Array, DataType, Object, Property

    if isinstance(kind, list):
        return Array(_type(kind[0]))
    if isinstance(kind, dict):
        return Object(
            [
                Property(name, _type(one), required=not _may_be_absent(one))
                for name, one in kind.items()
            ]
        )
    return DataType[kind.removesuffix("?")]
