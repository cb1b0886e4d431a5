"""Files of tiny models, changed in every place: what the tests of malformed files share."""

import io
import json
import struct
import zipfile
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from resistor_cls.model import ResistorNetwork, ResistorTask, build_trainer
from resistor_cls.model.detector.network import Detector
from tests.helpers.tiny_training import TINY

Values = dict[str, Any]
GONE = object()  # instead of a value: the key is absent
ENDLESS = float("inf")


def tiny(**changes: Any) -> ResistorNetwork:
    """An untrained model, with all that metadata may hold."""
    torch.manual_seed(0)
    settings: dict[str, Any] = {"backbone": TINY, "pretrained": "false", "image_size": 32} | changes
    model = ResistorNetwork(["10R", "4K7", "left"], **settings)
    model.metadata = {
        "data": {"root": "/photos", "source": "folder", "image_size": 32, "folds": 5},
        "fingerprint": "0123",
        "seed": 0,
        "trained_on": ["00ff", "11ff"],
        "calibration": {
            "temperature": 1.5,
            "thresholds": {"0.001": None, "0.01": 0.9, "0.05": 0.5},
            "cuts": {"0.9": 0.1, "0.95": 0.05, "0.99": 0.0},
            "confidence": 0.95,
            "photos": 40,
            "pixels": ["22ff"],
        },
    }
    return model


def save_checkpoint(model: ResistorNetwork, path: Path) -> None:
    trainer = build_trainer(path.parent, accelerator="cpu")
    trainer.strategy.connect(ResistorTask(model))
    trainer.save_checkpoint(path, weights_only=True)


def nested(depth: int) -> Any:
    """Lists within lists."""
    inner: Any = []
    for _ in range(depth):
        inner = [inner]
    return inner


def repeated() -> Any:
    """2^60 values in a few bytes of pickle: lists that hold the list before twice."""
    inner: Any = [0]
    for _ in range(60):
        inner = [inner, inner]
    return inner


def put(values: Values, place: str, value: Any) -> Values:
    """A copy with another value at a.place.like.this."""
    key, _, inner = place.partition(".")
    if inner:
        value = put(values[key], inner, value)
    kept = {name: one for name, one in values.items() if name != key}
    return kept if value is GONE else {**kept, key: value}


# Place and value, for both kinds of files.
SETTINGS: list[tuple[str, Any]] = [
    ("categories", GONE), ("categories", 3), ("categories", None), ("categories", []),
    ("categories", ["10R"]), ("categories", ["10R", "10R", "left"]), ("categories", ["10R", 5, 6]),
    ("categories", "abc"), ("categories", {"10R": 1, "4K7": 2, "left": 3}),
    ("categories", ["10R", "4K7"]), ("backbone", GONE), ("backbone", 7), ("backbone", None),
    ("backbone", "no_such_net"), ("backbone", "vit_giant_patch14_224"), ("pool", 1),
    ("pool", "most"), ("pool", "catavgmax"), ("dropout", "much"), ("dropout", 2.0),
    ("dropout", float("nan")), ("drop_path", -1), ("image_size", 0), ("image_size", "big"),
    ("image_size", [32]), ("image_size", [32, -1]), ("image_size", 10**9), ("image_size", 32.5),
    ("channels", 5), ("channels", "3"), ("channels", 10**12), ("normalization", []),
    ("normalization", "odd"), ("steps", "file.json"), ("steps", {"transform": 1}),
    ("steps", {"transform": {"__class_fullname__": "Lambda", "p": 1}}), ("steps", nested(60)),
    ("locate", "file.safetensors"), ("views", 3), ("views", "2"), ("views", True),
    ("mixed_precision_inference", "yes"), ("probability_threshold", 7), ("loss", 2),
    ("loss", "odd"), ("focal_gamma", -1), ("focal_gamma", ENDLESS), ("band_weight", "none"),
    ("band_weight", 10**400), ("colour", "blue"),
]  # fmt: skip


def familiarity(values: bytes, size: list[int]) -> dict[str, Any]:
    """The test for unfamiliar photos as a file holds it."""
    return {"references": b64encode(values).decode(), "size": size, "limit": 0.1}


HALVES = {value: np.full(8, value, "<f2").tobytes() for value in (0.0, 1.0)}
RECORDS: list[tuple[str, Any]] = [
    ("calibration.familiarity", familiarity(HALVES[0.0], [2, 3])),  # 8 values
    ("calibration.familiarity", familiarity(HALVES[1.0], [2, 4])),  # longer than 1
    ("calibration.familiarity", familiarity(HALVES[0.0], [2, 4])),  # the backbone has more features
    ("calibration.familiarity", {"references": "x", "size": [2, 4], "limit": 0.1}),
    ("data", 3), ("data", {}), ("data.image_size", "x"), ("data.folds", "five"), ("data.root", 5),
    ("data.source", None), ("trained_on", "00ff"), ("trained_on", [1, 2]), ("trained_on", {}),
    ("calibration", 3), ("calibration", []), ("calibration", {}),
    ("calibration.temperature", "hot"), ("calibration.temperature", 0),
    ("calibration.temperature", float("nan")), ("calibration.temperature", GONE),
    ("calibration.thresholds", [0.1, 0.2, 0.3]),
    ("calibration.thresholds", {"0.01": "high"}), ("calibration.thresholds", {"0.01": 3.0}),
    ("calibration.cuts", None), ("calibration.cuts", {"0.9": [0.1]}), ("calibration.cuts", GONE),
    ("calibration.confidence", "sure"), ("calibration.photos", -1), ("calibration.photos", "many"),
    ("calibration.pixels", 3), ("calibration.pixels", [4]), ("notes", nested(100)),
    ("notes", 10**1000),
]  # fmt: skip


def changed_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """Weights that are none, or not those of the net; by what is wrong."""
    name, one = next(item for item in tensors.items() if item[1].dim() == 4)
    counter = next(name for name, value in tensors.items() if not value.dim())
    own = dict(tensors)
    return {
        "no weights": {},
        "a missing weight": {key: value for key, value in own.items() if key != name},
        "an unknown weight": own | {"more": torch.zeros(2)},
        "another shape": own | {name: one[:1].clone()},
        "another order of axes": own | {name: one.flatten()},
        "another type": own | {name: torch.ones(one.shape, dtype=torch.int32)},
        "a counter of floats": own | {counter: torch.tensor(0.5)},
        "nan": own | {name: one * float("nan")},
        "one infinite weight": own | {name: one.index_fill(0, torch.tensor(0), ENDLESS)},
    }


def torch_saved(content: Any) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def rezipped(content: bytes, *, packed: bool = False, twice: str = "", **parts: bytes) -> bytes:
    """A zip with the same parts, but for some of other content, or packed, or named twice."""
    made = io.BytesIO()
    how = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", how) as new:
        for name in old.namelist():
            short = name.partition("/")[2]
            new.writestr(name, parts.get(short.replace("/", "_").replace(".", "_"), old.read(name)))
            if short == twice:
                new.writestr(name.upper(), old.read(name))
    return made.getvalue()


def bad_checkpoints(whole: bytes, locating: bytes) -> dict[str, bytes]:
    """Malformed checkpoints, by what is wrong.

    Args:
        whole: a checkpoint of `tiny`.
        locating: one with a detector.
    """
    good = torch.load(io.BytesIO(whole), weights_only=True)
    del good["resistor_cls"]["digest"]  # which would refuse any change
    tensors = good["state_dict"]
    first = next(iter(tensors))
    with_detector = torch.load(io.BytesIO(locating), weights_only=True)
    del with_detector["resistor_cls"]["digest"]
    places: list[tuple[str, Any]] = [
        *((f"hyper_parameters.{place}", value) for place, value in SETTINGS),
        *((f"resistor_cls.record.{place}", value) for place, value in RECORDS),
        ("hyper_parameters.locate", True),
        ("hyper_parameters", GONE), ("hyper_parameters", []), ("hyper_parameters", None),
        ("resistor_cls", GONE), ("resistor_cls", 3), ("resistor_cls.format", GONE),
        ("resistor_cls.format", "1"), ("resistor_cls.format", 99), ("resistor_cls.format", [1]),
        ("resistor_cls.format", torch.zeros(2)),
        ("resistor_cls.weights_from", 3), ("resistor_cls.weights_from", GONE),
        ("resistor_cls.record", GONE), ("resistor_cls.record", 3), ("resistor_cls.more", 1),
        ("resistor_cls.digest", "sha256:0"), ("resistor_cls.digest", 7),
        ("resistor_cls.record.notes", {1: 2}), ("resistor_cls.record.notes", torch.zeros(2)),
        ("state_dict", GONE), ("state_dict", 3), ("state_dict", [torch.zeros(2)]),
        ("state_dict", {1: torch.zeros(2)}),
    ]  # fmt: skip
    contents: dict[str, Any] = {
        f"{place}={str(value)[:20] if value is not GONE else 'gone'}": put(good, place, value)
        for place, value in places
    }
    contents["values repeated 2^60 times"] = {**good, "hyper_parameters": {"steps": repeated()}}
    for place, value in [
        ("threshold", "low"), ("threshold", float("nan")), ("margin", -1), ("shape", 3),
        ("shape", [1, 2]), ("shape", [16]), ("record", 3), ("threshold", GONE), ("more", 1),
    ]:  # fmt: skip
        name = f"locator.{place}={str(value)[:20]}"
        contents[name] = put(with_detector, f"resistor_cls.locator.{place}", value)
    contents["locator=None"] = put(with_detector, "resistor_cls.locator", None)
    of_detector = next(key for key in with_detector["state_dict"] if ".locator." in key)
    lost = {key: one for key, one in with_detector["state_dict"].items() if key != of_detector}
    contents["a missing weight of the detector"] = {**with_detector, "state_dict": lost}
    broken = {**with_detector["state_dict"], of_detector: torch.full((16, 3, 3, 3), ENDLESS)}
    contents["a detector of no numbers"] = {**with_detector, "state_dict": broken}
    wrong = changed_tensors(tensors) | {
        "text for a weight": {**tensors, first: "text"},
        "a sparse weight": {**tensors, first: tensors[first].to_sparse()},
        "a weight without memory": {**tensors, first: tensors[first].to("meta")},
        "a weight that repeats 4 bytes": {**tensors, first: torch.ones(1).expand(10**12)},
        "double precision": {**tensors, first: tensors[first].double()},
    }
    contents |= {name: {**good, "state_dict": weights} for name, weights in wrong.items()}
    contents |= {"a list": [1], "a number": 5, "a tensor": torch.zeros(3)}
    made = {name: torch_saved(content) for name, content in contents.items()}
    return made | {
        "nothing": b"",
        "text": b"hello\n",
        "an empty zip": b"PK\5\6" + bytes(18),
        "cut short": whole[:-1],
        "half": whole[: len(whole) // 2],
        "no pickle": rezipped(whole, data_pkl=b""),
        "another pickle": rezipped(whole, data_pkl=b"\x80\x02}q\x00."),
        "a pickle of other code": rezipped(whole, data_pkl=b"\x80\x02cposix\nsystem\nq\x00."),
        "a deep pickle": rezipped(whole, data_pkl=b"\x80\x02" + b"(" * 9999 + b"t" * 9999 + b"."),
        "a shorter weight": rezipped(whole, data_0=b"1234"),
        "an unknown byte order": rezipped(whole, byteorder=b"odd"),
        "packed": rezipped(whole, packed=True),
        "a zip bomb": rezipped(whole, packed=True, data_0=bytes(10**7)),
        "a weight named twice": rezipped(whole, twice="data/0"),
        "an absurd size": _with_size(whole, 2**31),
        "a file of weights": weights_file({}, {}),
        "a pipe's worth of zeros": bytes(10_000),
    }  # fmt: skip


def _with_size(content: bytes, size: int) -> bytes:
    """A zip whose list of parts declares another size of the first one."""
    place = content.index(b"PK\1\2")
    return content[: place + 24] + struct.pack("<I", size) + content[place + 28 :]


def weights_file(header: Any, tensors: Mapping[str, Tensor], kind: str = "weights") -> bytes:
    text = header if isinstance(header, str) else json.dumps(header)
    return save(dict(tensors), {kind: text})


def split_file(content: bytes, kind: str) -> tuple[Values, dict[str, Tensor]]:
    """Header and tensors of a file of weights, without the digest, which refuses any change."""
    from safetensors.torch import load

    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][kind])
    del header["digest"]
    return header, load(content)


def _bad_safetensors(content: bytes, kind: str, places: list[tuple[str, Any]]) -> dict[str, bytes]:
    header, tensors = split_file(content, kind)
    made = {
        f"{place}={str(value)[:20] if value is not GONE else 'gone'}": weights_file(
            put(header, place, value), tensors, kind
        )
        for place, value in places
    }
    made |= {
        name: weights_file(header, weights, kind)
        for name, weights in changed_tensors(tensors).items()
    }
    length = struct.unpack("<Q", content[:8])[0]
    deep = f'{{"format": {header["format"]}, "notes": {"[" * 100_000}{"]" * 100_000}}}'
    return made | {
        "nothing": b"",
        "text": b"hello, this is not a file of weights\n",
        "cut short": content[:-1],
        "half": content[: len(content) // 2],
        "a longer file": content + b"0",
        "a huge header": struct.pack("<Q", 2**62) + content[8:],
        "a header that is cut": struct.pack("<Q", length // 2) + content[8:],
        "deep JSON": weights_file(deep, tensors, kind),
        "no JSON": weights_file("{", tensors, kind),
        "a list": weights_file([1], tensors, kind),
        "a number": weights_file(1, tensors, kind),
        "no header": save(tensors),
        "another kind": save(tensors, {"other": json.dumps(header)}),
        "a number of 10,000 digits": weights_file(f'{{"format": {"1" * 10_000}}}', tensors, kind),
        "a checkpoint": torch_saved({"state_dict": tensors}),
        "an unknown type": content.replace(b'"F16"', b'"F17"', 1),
        "weights in one place": content.replace(b'"data_offsets":[0', b'"data_offsets":[2', 1),
    }  # fmt: skip


def bad_weights(content: bytes) -> dict[str, bytes]:
    """Malformed files of weights, by what is wrong."""
    return _bad_safetensors(content, "weights", [
        *((f"settings.{place}", value) for place, value in SETTINGS),
        *((f"card.{place}", value) for place, value in RECORDS),
        ("settings", GONE), ("settings", []), ("card", GONE), ("card", 3), ("format", GONE),
        ("format", "1"), ("format", 2), ("more", 1), ("digest", "sha256:0"), ("digest", 7),
    ])  # fmt: skip


def bad_detectors(content: bytes) -> dict[str, bytes]:
    """Malformed files of detectors, by what is wrong."""
    return _bad_safetensors(content, "locator", [
        ("threshold", GONE), ("threshold", "low"), ("threshold", 2), ("threshold", float("nan")),
        ("threshold", None), ("record", GONE), ("record", []), ("record", 3), ("format", GONE),
        ("format", "2"), ("format", 1), ("more", 1), ("digest", "sha256:0"), ("digest", 7),
    ])  # fmt: skip


def bytes_of(write: Callable[[Path], None], path: Path) -> bytes:
    write(path)
    return path.read_bytes()


def detector() -> Detector:
    torch.manual_seed(0)
    return Detector().eval()
