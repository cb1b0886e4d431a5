"""What 8 bits cost and bring: the model of the package in several quantizations.

python experiments/int8/run.py RESISTOR37 OTHER_PHOTOS [--count 1000] [--repeat 5]

RESISTOR37 is a folder per category, OTHER_PHOTOS a folder with labels.csv (columns file and ohms).
Writes reader.csv and detector.csv beside this file. Run it while nothing else does.
"""

import argparse
import csv
import math
import random
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import onnx
from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from resistor_cls.categories import parse_name
from resistor_cls.data.geometry import OrientedBox
from resistor_cls.data.images.preprocessed import PreprocessedImage
from resistor_cls.exporting.export_model import exported_model
from resistor_cls.exporting.int8_convolutions import Batches
from resistor_cls.exporting.photos import CALIBRATING, drawn_photos
from resistor_cls.inference.photo_input import pixels_of
from resistor_cls.inference.prediction import Prediction
from resistor_cls.inference.predictor import Predictor
from resistor_cls.inference.read_options import equal_ohms
from resistor_cls.model import ResistorNetwork
from resistor_cls.model.exported.files import ExportedModel
from resistor_cls.model.exported.network import ExportedDetector, ExportedNetwork

HERE = Path(__file__).parent
FILE = Path("model.onnx")  # for messages
BATCH = 100  # crops at a time
FAR = 0.1  # of the length of a body: a box that lies so far elsewhere is another crop
ALL = None  # operators
CONV, PRODUCTS = ["Conv"], ["Conv", "MatMul", "Gemm"]
# Name → operators in 8 bits, one scale for each channel, first convolution left out.
READERS: dict[str, tuple[list[str] | None, bool, bool]] = {
    "everything, one scale for a tensor": (ALL, False, False),
    "everything": (ALL, True, False),
    "convolutions and products": (PRODUCTS, True, False),
    "convolutions": (CONV, True, False),
    "convolutions but the first": (CONV, True, True),
}


def quantized(
    graph: bytes,
    batches: Iterable[np.ndarray],
    operators: list[str] | None,
    per_channel: bool,
    leave_first: bool,
) -> bytes:
    """A graph in 8 bits."""
    with TemporaryDirectory() as folder:
        whole, simple, small = (
            Path(folder) / f"{name}.onnx" for name in ("whole", "simple", "small")
        )
        whole.write_bytes(graph)
        quant_pre_process(str(whole), str(simple), skip_symbolic_shape=True)
        nodes = onnx.load(simple).graph.node
        first = next(node.name for node in nodes if node.op_type == "Conv")
        quantize_static(
            str(simple),
            str(small),
            Batches(batches),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=operators,
            nodes_to_exclude=[first] if leave_first else [],
            per_channel=per_channel,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return small.read_bytes()


def labelled(resistor37: Path, others: Path, count: int) -> list[tuple[Path, float]]:
    """Photos with their ohms, half of each collection."""
    rng = random.Random(0)
    files = sorted(resistor37.glob("*/*.jpg"))
    rng.shuffle(files)
    with (others / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    rng.shuffle(rows)
    ours = [(file, parse_name(file.parent.name).ohms or math.nan) for file in files[: count // 2]]
    return ours + [(others / row["file"], float(row["ohms"])) for row in rows[: count // 2]]


def milliseconds(network: ExportedNetwork, crops: np.ndarray, repeat: int) -> float:
    """Median time of a crop on one core, with its half turn."""
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        network.read_photos(crops[:BATCH])
        times.append((time.perf_counter() - began) / BATCH * 1000)
    return sorted(times)[repeat // 2]


def scores(found: Sequence[Prediction], ohms: Sequence[float]) -> dict[str, float]:
    """Accuracy, coverage and wrong ones among the accepted, as shares of the photos."""
    right = np.array(
        [
            bool(one.candidates) and equal_ohms(one.candidates[0].ohms, true)
            for one, true in zip(found, ohms, strict=True)
        ]
    )
    accepted = np.array([bool(one.accepted) for one in found])
    wrong = accepted & ~right
    return {
        "accuracy": float(right.mean()),
        "coverage": float(accepted.mean()),
        "read_wrongly": float(wrong.mean()),
    }


def measure_reader(
    model: ExportedModel,
    calibrating: np.ndarray,
    bodies: Sequence[PreprocessedImage],
    ohms: Sequence[float],
    repeat: int,
) -> list[dict[str, Any]]:
    """A row for each quantization of the network behind the detector; crops are always the same."""
    rows: list[dict[str, Any]] = []
    crops = np.stack([one.photo for one in bodies])
    exact: list[Prediction] = []
    for name, how in {"float32": None, **READERS}.items():
        parts = [calibrating[at : at + 20] for at in range(0, len(calibrating), 20)]
        graph = model.network if how is None else quantized(model.network, parts, *how)
        network = ExportedNetwork(FILE, ExportedModel(model.header, graph, model.detector))
        predictor = Predictor(network)
        found = predictor._of_bodies(bodies, 3, None)
        exact = exact or found
        same = [one.text == other.text for one, other in zip(found, exact, strict=True)]
        rows.append(
            {
                "quantized": name,
                "megabytes": len(graph) / 1e6,
                "milliseconds": milliseconds(network, crops, repeat),
                "agreement": float(np.mean(same)),
                **scores(found, ohms),
            }
        )
        print(rows[-1], flush=True)
    return rows


def measure_detector(
    model: ExportedModel, views: Sequence[np.ndarray], photos: Sequence[np.ndarray]
) -> list[dict[str, Any]]:
    """A row for each quantization of the detector."""
    assert model.detector is not None
    threshold, rows = model.header["detector"]["threshold"], []
    exact: list[OrientedBox] = []
    for name, how in {
        "float32": None,
        "convolutions": (CONV, True, False),
        "convolutions but the first": (CONV, True, True),
    }.items():
        batches = [view[None] for view in views]
        graph = model.detector if how is None else quantized(model.detector, batches, *how)
        detector = ExportedDetector(FILE, graph, threshold)
        began = time.perf_counter()
        found = [detector.best(photo) for photo in photos]
        took = time.perf_counter() - began
        exact = exact or found
        pairs = [
            (one, two) for one, two in zip(exact, found, strict=True) if one.score >= threshold
        ]
        far = [math.hypot(a.x - b.x, a.y - b.y) > FAR * a.length for a, b in pairs]
        longer = [abs(a.length - b.length) > FAR * a.length for a, b in pairs]
        decided = [
            (a.score < threshold) == (b.score < threshold)
            for a, b in zip(exact, found, strict=True)
        ]
        rows.append(
            {
                "quantized": name,
                "megabytes": len(graph) / 1e6,
                "milliseconds": took / len(photos) * 1000,
                "same_found": float(np.mean(decided)),
                "elsewhere": float(np.mean(far)),
                "other_length": float(np.mean(longer)),
            }
        )
        print(rows[-1], flush=True)
    return rows


def write(name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Writes a table beside this file."""
    with (HERE / name).open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        for row in rows:
            table.writerow(
                {key: f"{one:.4g}" if isinstance(one, float) else one for key, one in row.items()}
            )


def main() -> None:
    """Measures and writes both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("resistor37", type=Path)
    parser.add_argument("others", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    network = ResistorNetwork.load("rendered")
    model = exported_model(network, "float32", "0.0")
    exact = ExportedNetwork(FILE, model)
    prepare, views = exact.image_preprocessing(), []
    assert exact.detector is not None
    score_view = exact.detector.score_view

    def kept(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        views.append(pixels.copy())
        return score_view(pixels)

    exact.detector.score_view = kept  # type: ignore[method-assign]
    drawn = drawn_photos(
        network.categories, range(CALIBRATING), 3, network.preprocessing.shape, any_value=True
    )
    calibrating = np.stack([prepare(pixels_of(one.photo)).photo for one in drawn])
    exact.detector.score_view = score_view  # type: ignore[method-assign]
    chosen = labelled(arguments.resistor37, arguments.others, arguments.count)
    bodies = [prepare(pixels_of(file)) for file, _ in chosen]
    ohms = [true for _, true in chosen]
    write("reader.csv", measure_reader(model, calibrating, bodies, ohms, arguments.repeat))
    photos = [pixels_of(file) for file, _ in chosen[::4]]
    write("detector.csv", measure_detector(model, views, photos))


if __name__ == "__main__":
    main()
