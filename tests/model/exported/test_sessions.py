from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from resistor_cls.errors import ModelError
from resistor_cls.model.exported.sessions import Session


def graph(weights: TensorProto, kind: int = TensorProto.UINT8) -> bytes:
    """Adds weights (4, 4, 3) to photos, as float32."""
    nodes = [
        helper.make_node("Add", ["photos", "weights"], ["sum"]),
        helper.make_node("Cast", ["sum"], ["y"], to=TensorProto.FLOAT),
    ]
    inputs = [helper.make_tensor_value_info("photos", kind, ["batch", 4, 4, 3])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 4, 4, 3])]
    made = helper.make_graph(nodes, "g", inputs, outputs, [weights])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    content: bytes = model.SerializeToString()
    return content


def ones(kind: type = np.uint8) -> TensorProto:
    return numpy_helper.from_array(np.ones((4, 4, 3), kind), "weights")


def test_a_graph_is_run_on_batches() -> None:
    session = Session(Path("a.onnx"), graph(ones()), (4, 4, 3), ["y"])
    (found,) = session(np.full((5, 4, 4, 3), 2, np.uint8)[:, ::-1])
    assert np.array_equal(found, np.full((5, 4, 4, 3), 3, np.float32))
    with pytest.raises(ModelError, match=r"a\.onnx: its graph fails on photos of \(1, 5, 5, 3\)"):
        session(np.zeros((1, 5, 5, 3), np.uint8))


def test_a_graph_with_another_input_or_output_is_refused() -> None:
    with pytest.raises(ModelError, match=r"expected one input of uint8, and the outputs \['z'\]"):
        Session(Path("a.onnx"), graph(ones()), (4, 4, 3), ["z"])
    floats = graph(ones(np.float32), TensorProto.FLOAT)
    with pytest.raises(ModelError, match="expected one input of uint8"):
        Session(Path("a.onnx"), floats, (4, 4, 3), ["y"])


@pytest.mark.parametrize("name", ["secret", "../secret", "/etc/hostname"])
def test_no_other_file_is_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_bytes(bytes(48))
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below" if name.startswith("..") else tmp_path)
    weights = onnx.TensorProto(
        name="weights", data_type=TensorProto.UINT8, dims=[4, 4, 3],
        data_location=TensorProto.EXTERNAL,
    )  # fmt: skip
    for key, value in (("location", name), ("offset", "0"), ("length", "48")):
        weights.external_data.add(key=key, value=value)
    with pytest.raises(ModelError, match=r"a\.onnx does not fit .* its graph cannot be run"):
        Session(Path("a.onnx"), graph(weights), (4, 4, 3), ["y"])
