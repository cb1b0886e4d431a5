"""Tiny exported models; tracing a graph takes seconds, so each is traced once a process."""

import functools
from pathlib import Path
from unittest.mock import patch

import onnx
import torch

from resistor_cls.exporting import export_model, graphs
from resistor_cls.model import ResistorNetwork
from resistor_cls.model.detector.network import Detector
from resistor_cls.model.exported.files import ExportedModel, exported_bytes, parse_exported
from resistor_cls.model.exported.network import ExportedNetwork
from tests.helpers.model_files import detector, tiny

FILE = Path("tiny.onnx")


@functools.cache
def original() -> ResistorNetwork:
    """An untrained classifier of crops, with a detector that finds something everywhere."""
    network = tiny(locate=detector(), image_size=64)
    found = network.preprocessing.detector
    assert found is not None
    found.threshold = 0.0
    return network.eval()


@functools.cache
def exported(precision: str = "float32") -> ExportedModel:
    """The same, exported."""
    with patch.multiple(export_model, network_graph=_network_graph, detector_graph=_detector_graph):
        return export_model.exported_model(original(), precision, "0.0", license="CC0-1.0")


@functools.cache
def _traced() -> tuple[tuple[bytes, bool], bytes]:
    """The graphs of `original`, the first as `network_graph` returns it."""
    detector = original().preprocessing.detector
    assert detector is not None
    graph, features = graphs.network_graph(original())
    detector_graph = graphs.detector_graph(detector.for_crops())
    return (graph.SerializeToString(), features), detector_graph.SerializeToString()


def _network_graph(_: ResistorNetwork) -> tuple[onnx.ModelProto, bool]:
    graph, features = _traced()[0]
    return onnx.load_from_string(graph), features


def _detector_graph(_: Detector) -> onnx.ModelProto:
    return onnx.load_from_string(_traced()[1])


@functools.cache
def content() -> bytes:
    """The file of it."""
    return exported_bytes(exported())


def loaded(precision: str = "float32") -> ExportedNetwork:
    model = parse_exported(FILE, exported_bytes(exported(precision)))
    return ExportedNetwork(FILE, model)


@functools.cache
def band_reader() -> ResistorNetwork:
    """An untrained band reader of whole photos."""
    torch.manual_seed(0)
    return ResistorNetwork(
        ["10R_1W", "4K7_1-4W", "left"], backbone="band_reader", pretrained="false",
        image_size=[32, 96], loss="cross_entropy", normalization="imagenet",
    ).eval()  # fmt: skip
