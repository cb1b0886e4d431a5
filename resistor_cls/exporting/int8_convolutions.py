"""Convolutions in 8 bits in a graph that else computes in single precision."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx

from resistor_cls.errors import ModelError

PHOTOS = "photos"  # name of the input
_CONVOLUTION = "Conv"


def with_int8_convolutions(model: onnx.ModelProto, photos: Iterable[np.ndarray]) -> onnx.ModelProto:
    """Quantizes the weights and the inputs of convolutions (static, QDQ).

    Each output channel has its own scale. The first convolution stays in single precision: it takes
    the least time, and rounding its input, the colours, moves the most predictions. Transformers
    and heads stay too: in 8 bits they are slower on CPUs, and more predictions differ
    (experiments/int8).

    Args:
        model: the graph; its input is (batch, rows, columns, channels) uint8.
        photos: batches of such inputs, whose values set the ranges of activations.

    Raises:
        ModelError: a graph without a second convolution.
    """
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with TemporaryDirectory(prefix="resistor_cls-") as folder, _quiet():
        whole, simple, small = (
            Path(folder) / f"{name}.onnx" for name in ("whole", "simple", "small")
        )
        # From a file: of a model in memory, the preparation moves the weights out and loses them.
        onnx.save(model, whole)
        # Normalizations become part of the convolutions before them.
        quant_pre_process(str(whole), str(simple), skip_symbolic_shape=True)
        first, *others = _convolutions(onnx.load(simple))
        if not others:
            raise ModelError(
                "--precision int8 stores convolutions in 8 bits, and this model has none that "
                "could be: export with --precision float16"
            )
        quantize_static(
            str(simple),
            str(small),
            Batches(photos),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=[_CONVOLUTION],
            nodes_to_exclude=[first],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return onnx.load(small)


class Batches:
    """Photos as ONNX Runtime's calibration takes them."""

    def __init__(self, photos: Iterable[np.ndarray]) -> None:
        self._photos: Iterator[np.ndarray] = iter(photos)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next batch; None at the end."""
        batch = next(self._photos, None)
        return None if batch is None else {PHOTOS: batch}


def _convolutions(model: onnx.ModelProto) -> list[str]:
    """Names of the convolutions in their order; a single empty one where there are none."""
    return [node.name for node in model.graph.node if node.op_type == _CONVOLUTION] or [""]


@contextmanager
def _quiet() -> Iterator[None]:
    """Drops what ONNX Runtime logs of normalizations that have one scale for all channels."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
