import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession

from resistor_cls.errors import ModelError
from resistor_cls.exporting.int8_convolutions import with_int8_convolutions

SIDE = 12


def graph(convolutions: int) -> onnx.ModelProto:
    """Some convolutions of 8-bit photos, one behind the other."""
    rng = np.random.default_rng(0)
    nodes = [
        helper.make_node("Cast", ["photos"], ["floats"], "cast", to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["out_0"], "turn", perm=[0, 3, 1, 2]),
    ]
    weights = []
    for number in range(convolutions):
        name = f"weights_{number}"
        values = rng.normal(0, 0.3, (8, 8 if number else 3, 3, 3)).astype(np.float32)
        weights.append(numpy_helper.from_array(values, name))
        out = f"out_{number + 1}"
        nodes.append(helper.make_node("Conv", [f"out_{number}", name], [out], f"conv_{number}"))
    inputs = helper.make_tensor_value_info("photos", TensorProto.UINT8, ["batch", SIDE, SIDE, 3])
    last = helper.make_tensor_value_info(
        f"out_{convolutions}", TensorProto.FLOAT, ["batch", None, None, None]
    )
    made = helper.make_graph(nodes, "g", [inputs], [last], weights)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def photos(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)


def computed(model: onnx.ModelProto, batch: np.ndarray) -> np.ndarray:
    session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"photos": batch})[0])


def test_all_convolutions_but_the_first_have_weights_of_8_bits() -> None:
    small = with_int8_convolutions(graph(3), [photos(4), photos(3, seed=1)])
    onnx.checker.check_model(small)
    kinds = {one.name: one.data_type for one in small.graph.initializer if len(one.dims) == 4}
    assert sorted(kinds.values()) == [TensorProto.FLOAT, TensorProto.INT8, TensorProto.INT8]
    for count in (1, 5):  # batches of any size
        batch = photos(count, seed=2)
        exact, found = computed(graph(3), batch), computed(small, batch)
        assert found.shape == exact.shape
        assert 0 < np.abs(found - exact).max() < 0.03 * np.abs(exact).max()


@pytest.mark.parametrize("convolutions", [0, 1])
def test_a_graph_without_a_second_convolution_is_refused(convolutions: int) -> None:
    with pytest.raises(ModelError, match="has none that could be: export with --precision float16"):
        with_int8_convolutions(graph(convolutions), [photos(1)])
