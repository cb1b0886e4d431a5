"""What the file of a model says of itself, without building its network."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from resistor_cls.model.band_reader import NAME as BAND_READER
from resistor_cls.model.checkpoint.checkpoints import METADATA, read_checkpoint
from resistor_cls.model.checkpoint.weights import RENDERED, SUFFIX, read_weights
from resistor_cls.model.detector.network import SHIPPED
from resistor_cls.model.exported.files import ONNX_SUFFIX, RENDERED_ONNX, read_exported

PACKAGE_LICENSE = "Apache-2.0"
_BACKBONE = "backbone."  # of the names of its tensors in a checkpoint
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")  # of batch normalization


@dataclass(frozen=True)
class ModelFile:
    """A model as its file describes it.

    Attributes:
        reference: that the user gave.
        settings: arguments of the `ResistorNetwork`.
        metadata: plain values that are saved with the model.
        reads_any_value: whether its bands alone decide; see `ResistorNetwork.reads_any_value`.
        parameters: of the network without its detector; None where the file holds a graph.
        files: name of each file → its size in bytes.
        sha256: of the first file.
        weights_from: what the training started from; empty where the file does not say.
        version: of the package that wrote the file; empty where the file does not say.
        license: of the weights, as SPDX writes it; empty where nobody has said.
    """

    reference: str
    settings: Mapping[str, Any]
    metadata: Mapping[str, Any]
    reads_any_value: bool
    parameters: int | None
    files: Mapping[str, int]
    sha256: str
    weights_from: str = ""
    version: str = ""
    license: str = ""

    @property
    def reads_bands(self) -> bool:
        """Whether the network reads the colour bands."""
        return bool(self.settings["backbone"] == BAND_READER)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """Dotted keys of the config that trained it; empty where the file does not say."""
        return self.metadata.get("recipe") or {}


def read_model(file: str | Path, reference: str, version: str) -> ModelFile:
    """Reads a checkpoint, a file of weights or an exported model.

    Args:
        file: as `resistor_cls.tracking.model_file` gives it; `rendered` is that of the package.
        reference: that the user gave.
        version: of this package, which is that of its model.

    Raises:
        ModelError: a file that is absent, damaged, or no model.
    """
    if file == "rendered":
        found = _weights(RENDERED, reference)
        files = _sizes(RENDERED, SHIPPED, RENDERED_ONNX)
        return replace(found, files=files, version=version, license=PACKAGE_LICENSE)
    file = Path(file)
    if file.suffix == SUFFIX:
        return _weights(file, reference)
    if file.suffix == ONNX_SUFFIX:
        header = read_exported(file).header
        return ModelFile(
            reference, header["settings"], header["card"], header["reads_any_value"], None,
            _sizes(file), _sha256(file), header["weights_from"], header["version"],
            header["license"] or "",
        )  # fmt: skip
    checkpoint = read_checkpoint(file)
    settings, ours = checkpoint["hyper_parameters"], checkpoint[METADATA]
    tensors = {
        name.removeprefix(_BACKBONE): value
        for name, value in checkpoint["state_dict"].items()
        if name.startswith(_BACKBONE)
    }
    any_value, parameters = _of_tensors(settings, tensors)
    return ModelFile(
        reference, settings, ours["record"], any_value, parameters, _sizes(file), _sha256(file),
        ours["weights_from"],
    )  # fmt: skip


def _weights(file: Path, reference: str) -> ModelFile:
    weights = read_weights(file)
    any_value, parameters = _of_tensors(weights.settings, weights.tensors)
    return ModelFile(
        reference, weights.settings, weights.metadata, any_value, parameters, _sizes(file),
        _sha256(file),
    )  # fmt: skip


def _of_tensors(settings: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> tuple[bool, int]:
    """Whether a network reads any value, and the number of its parameters."""
    head = [value for name, value in tensors.items() if name in ("head.weight", "head.bias")]
    any_value = settings["backbone"] == BAND_READER and not any(bool(one.any()) for one in head)
    counted = [value.numel() for name, value in tensors.items() if not name.endswith(_BUFFERS)]
    return any_value, sum(counted)


def _sizes(*files: Path) -> dict[str, int]:
    return {file.name: file.stat().st_size for file in files}


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
