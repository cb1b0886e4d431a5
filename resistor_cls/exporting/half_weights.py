"""Weights in half precision in a graph that computes in single precision."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from resistor_cls.errors import ModelError

# Smaller tensors, such as biases and the statistics of normalizations, stay in single precision:
# together they are a few kilobytes, and rounding them costs the most.
MIN_VALUES = 1024


def with_half_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Stores the weights of a graph as float16, each with a node that casts it to float32.

    ONNX Runtime casts them once, when it loads the graph.

    Args:
        model: the graph; it is changed in place.

    Raises:
        ModelError: weights that half precision cannot hold.
    """
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < MIN_VALUES:
            continue
        name = tensor.name
        with np.errstate(over="ignore"):
            half = numpy_helper.to_array(tensor).astype(np.float16)
        if not np.isfinite(half).all():
            raise ModelError(
                f"{name} has weights above 65,504, the largest number of half precision: export "
                "with --precision float32"
            )
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(
            helper.make_node("Cast", [tensor.name], [name], f"cast_{name}", to=TensorProto.FLOAT)
        )
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model
