"""Writes a trained model as one ONNX file."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import onnx

from resistor_cls.errors import ConfigError, DataError
from resistor_cls.exporting.graphs import detector_graph, network_graph
from resistor_cls.exporting.half_weights import with_half_weights
from resistor_cls.exporting.int8_convolutions import with_int8_convolutions
from resistor_cls.exporting.parity import Labelled, Parity, score_export
from resistor_cls.inference.batches import batched
from resistor_cls.inference.photo_input import pixels_of
from resistor_cls.model.checkpoint.whole_files import write_whole
from resistor_cls.model.exported.files import (
    EXPORT_FORMAT,
    ONNX_SUFFIX,
    ExportedModel,
    exported_bytes,
    parse_exported,
)
from resistor_cls.model.exported.network import ExportedNetwork
from resistor_cls.model.network import ResistorNetwork
from resistor_cls.model.torch_network import TorchNetwork

PRECISIONS = ("float32", "float16", "int8")


def parity_file(path: Path) -> Path:
    """Where the scores of an exported file are written."""
    return path.with_suffix(".parity.json")


def check_target(path: Path, replace: bool = False) -> None:
    """Checks the name of a file that is to be written.

    Args:
        path: the file.
        replace: whether one that exists may be replaced.

    Raises:
        ConfigError: another suffix, a file that exists, or a folder that cannot be written.
    """
    if path.suffix != ONNX_SUFFIX:
        raise ConfigError(f"--output {path}: expected a name that ends in {ONNX_SUFFIX}")
    for file in (path, parity_file(path)):
        if file.is_dir() or (file.exists() and not replace):
            raise ConfigError(
                f"--output {path}: {file} exists, and nothing is overwritten; name another file, "
                "or add --replace"
            )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise ConfigError(
            f"--output {path}: its folder cannot be written: {error.strerror}; name another file"
        ) from error


def export_model(
    network: ResistorNetwork,
    path: Path,
    photos: Iterable[Labelled],
    *,
    version: str,
    precision: str = "float32",
    license: str | None = None,
    calibrating: Iterable[Labelled] = (),
) -> Parity:
    """Writes a model and the scores of the export, unless it differs from the model too much.

    Args:
        network: the model, on the CPU.
        path: the file; its name ends in `.onnx`. The scores go into `parity_file`.
        photos: that both are scored on.
        version: of this package, for the file.
        precision: of the weights, a name in `PRECISIONS`. With `int8` most convolutions are
            computed in 8 bits; all else is computed in float32.
        license: of the weights, as SPDX writes it; None where it is not known.
        calibrating: photos that set the ranges of activations in 8 bits; others than `photos`.

    Raises:
        DataError: no photo to calibrate with.
        ModelError: a model that cannot be exported, or an export that misses the bounds of
            `Parity`; nothing is written.
        OSError: no room or no permission.
    """
    batches = list(_batches(network, calibrating)) if precision == "int8" else []
    content = exported_bytes(exported_model(network, precision, version, license, batches))
    exported = ExportedNetwork(path, parse_exported(path, content))
    parity = score_export(TorchNetwork.ready(network), exported, photos, precision)
    parity.check(path)
    write_whole(path, content)
    text = json.dumps(parity.as_json(), indent=2, ensure_ascii=False)
    write_whole(parity_file(path), f"{text}\n".encode())
    return parity


def _batches(network: ResistorNetwork, photos: Iterable[Labelled]) -> Iterator[np.ndarray]:
    """Photos as the graph of the network takes them, preprocessed.

    Raises:
        DataError: none of them can be read.
    """
    prepare = network.eval().image_preprocessing()

    def each() -> Iterator[np.ndarray]:
        for one in photos:
            with suppress(DataError):  # scoring counts what cannot be read
                yield prepare(pixels_of(one.photo)).photo

    count = 0
    for count, group in enumerate(batched(each()), start=1):  # noqa: B007, how many there were
        yield np.stack(group)
    if not count:
        raise DataError("--precision int8 needs photos to calibrate with, and none can be read")


def exported_model(
    network: ResistorNetwork,
    precision: str,
    version: str,
    license: str | None = None,
    calibrating: Sequence[np.ndarray] = (),
) -> ExportedModel:
    """The graphs of a model, and plain values that say the rest.

    Args:
        network: see `export_model`, as are the next three.
        precision: of the weights.
        version: of this package.
        license: of the weights.
        calibrating: batches of preprocessed photos, for `int8`.

    Raises:
        ModelError: see `export_model`.
    """
    network = network.eval()
    detector = network.preprocessing.detector
    graph, features = network_graph(network)
    if precision == "int8":
        graph = with_int8_convolutions(graph, calibrating)
    header: dict[str, Any] = {
        "format": EXPORT_FORMAT,
        "version": version,
        "license": license,
        "precision": precision,
        **model_header(network),
        "features": features,
    }
    return ExportedModel(
        header,
        _bytes(graph, precision),
        None if detector is None else _bytes(detector_graph(detector.for_crops()), precision),
    )


def model_header(network: ResistorNetwork) -> dict[str, Any]:
    """The values of the header that are the model's own."""
    return {
        "settings": network.settings,
        "card": dict(network.metadata),
        "weights_from": network.weights_from,
        "reads_bands": network.reads_bands,
        "reads_any_value": network.reads_any_value,
        "detector": network.preprocessing.detector_values(),
    }


def _bytes(graph: onnx.ModelProto, precision: str) -> bytes:
    if precision != "float32":  # the detector of an int8 export too, see docs/export.md
        graph = with_half_weights(graph)
    content: bytes = graph.SerializeToString(deterministic=True)
    return content
