"""The ONNX graphs of a network and of its detector."""

import logging
import warnings
from collections.abc import Mapping, Sequence

import onnx
import torch
from torch import Tensor, nn

from resistor_cls.data.images.decode import RGB
from resistor_cls.errors import ModelError
from resistor_cls.model.band_reader import BandReader
from resistor_cls.model.detector.network import Detector
from resistor_cls.model.detector.search import CLOSE
from resistor_cls.model.exported.network import BAND_OUTPUTS, DETECTOR_OUTPUTS, FEATURES, LOGITS
from resistor_cls.model.features import logits_and_features
from resistor_cls.model.network import ResistorNetwork

OPSET = 20  # ONNX 1.15; ONNX Runtime reads it since 1.17
_BATCH = 2  # of the example: a single photo would be taken for a fixed size


def network_graph(network: ResistorNetwork) -> tuple[onnx.ModelProto, bool]:
    """The graph of a network, with its normalization.

    Its input is (batch, rows, columns, channels) uint8, preprocessed, of any batch. Its outputs are
    `BAND_OUTPUTS` of a band reader, as log-probabilities, then `LOGITS`, then `FEATURES` of a
    network that gives them.

    Args:
        network: in eval mode, on the CPU.

    Returns:
        The graph, and whether it gives features.

    Raises:
        ModelError: a backbone with operations that ONNX does not have.
    """
    channels = network.preprocessing.channels
    photo = (*network.preprocessing.shape, RGB if channels == 1 else channels)
    example = torch.zeros((_BATCH, *photo), dtype=torch.uint8)
    module = _BandGraph(network) if network.reads_bands else _LogitsGraph(network)
    with torch.inference_mode():
        features = len(module(example)) > (len(BAND_OUTPUTS) if network.reads_bands else 0) + 1
    outputs = [*(BAND_OUTPUTS if network.reads_bands else ()), LOGITS]
    outputs += [FEATURES] if features else []
    shapes = {0: torch.export.Dim("batch")}
    name = network.settings["backbone"]
    return _exported(module, example, shapes, outputs, f"model.backbone={name}"), features


def detector_graph(detector: Detector) -> onnx.ModelProto:
    """The graph of a detector: (batch, size, size, 3) uint8 to `DETECTOR_OUTPUTS`.

    Args:
        detector: in eval mode, on the CPU.
    """
    example = torch.zeros((_BATCH, CLOSE, CLOSE, RGB), dtype=torch.uint8)
    size = 32 * torch.export.Dim("cells32")
    shapes = {0: torch.export.Dim("batch"), 1: size, 2: size}
    return _exported(_DetectorGraph(detector), example, shapes, DETECTOR_OUTPUTS, "the detector")


class _BandGraph(nn.Module):
    def __init__(self, network: ResistorNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, photos: Tensor) -> tuple[Tensor, ...]:
        reader: BandReader = self.network.backbone
        reading = reader.forward_features(self.network.preprocessing(_as_floats(photos)))
        logs = (
            logits.log_softmax(dim=-1)
            for logits in (reading.slots, reading.direction, reading.watts)
        )
        return (*logs, reader.forward_head(reading), reading.features)


class _LogitsGraph(nn.Module):
    def __init__(self, network: ResistorNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, photos: Tensor) -> tuple[Tensor, ...]:
        preprocessed = self.network.preprocessing(_as_floats(photos))
        logits, features = logits_and_features(self.network.backbone, preprocessed)
        return (logits,) if features is None else (logits, features)


class _DetectorGraph(nn.Module):
    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, views: Tensor) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = self.detector(_as_floats(views))
        return found


def _as_floats(photos: Tensor) -> Tensor:
    """(batch, channels, rows, columns) float32 in [0, 1], as networks take photos."""
    return photos.permute(0, 3, 1, 2).float().div(255)


def _exported(
    module: nn.Module,
    example: Tensor,
    shapes: Mapping[int, object],
    outputs: Sequence[str],
    what: str,
) -> onnx.ModelProto:
    """The graph of a module.

    Raises:
        ModelError: operations that ONNX does not have, or a batch that the module fixes.
    """
    # What is not folded is no concern of the user, and neither are names of sizes that are equal.
    logging.getLogger("onnxscript").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module.eval(),
                (example,),
                dynamo=True,
                verbose=False,
                input_names=["photos"],
                output_names=list(outputs),
                dynamic_shapes=(shapes,),
                opset_version=OPSET,
            )
    except Exception as error:  # the exporter's errors share no base class
        line = str(error).strip().partition("\n")[0][:200]
        raise ModelError(
            f"{what} cannot be written as an ONNX graph: {line}; choose another backbone"
        ) from error
    assert program is not None
    graph: onnx.ModelProto = program.model_proto
    if not graph.graph.input[0].type.tensor_type.shape.dim[0].dim_param:
        raise ModelError(
            f"{what} fixes the size of a batch, so its graph cannot take another one: use "
            "photos.shape[0] instead of len(photos) in its code"
        )
    return _bare(graph)


def _bare(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph without what PyTorch notes about where each node comes from."""
    del model.metadata_props[:], model.graph.metadata_props[:], model.graph.value_info[:]
    for part in (*model.graph.node, *model.graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    for value in (*model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    return model
