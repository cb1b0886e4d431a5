import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from resistor_cls.errors import ModelError
from resistor_cls.exporting.half_weights import MIN_VALUES, with_half_weights


def graph(weights: np.ndarray) -> onnx.ModelProto:
    """One product with weights, plus a bias."""
    tensors = [
        numpy_helper.from_array(weights, "weights"),
        numpy_helper.from_array(np.full(len(weights[0]), 1 / 3, np.float32), "bias"),
    ]
    nodes = [
        helper.make_node("MatMul", ["x", "weights"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["y"]),
    ]
    inputs, outputs = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size])]
        for name, size in (("x", len(weights)), ("y", len(weights[0])))
    )
    made = helper.make_graph(nodes, "g", inputs, outputs, tensors)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def test_large_weights_are_halved_and_small_ones_kept() -> None:
    weights = np.random.default_rng(0).normal(size=(MIN_VALUES // 8, 16)).astype(np.float32)
    model = with_half_weights(graph(weights))
    onnx.checker.check_model(model)
    stored = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    assert stored["weights.half"].dtype == np.float16
    assert np.array_equal(stored["weights.half"], weights.astype(np.float16))
    assert stored["bias"].dtype == np.float32
    assert [node.op_type for node in model.graph.node] == ["Cast", "MatMul", "Add"]


def test_weights_that_half_precision_cannot_hold_are_named() -> None:
    with pytest.raises(ModelError, match=r"weights has weights above 65,504.*--precision float32"):
        with_half_weights(graph(np.full((MIN_VALUES, 1), 1e5, np.float32)))
