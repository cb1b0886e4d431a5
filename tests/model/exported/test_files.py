"""Files of exported models that are damaged or malformed: refused in one line."""

import functools
import random
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from resistor_cls.errors import ModelError
from resistor_cls.model import ResistorNetwork
from resistor_cls.model.exported.files import (
    DETECTOR,
    HEADER,
    exported_bytes,
    parse_exported,
    read_exported,
)
from resistor_cls.model.exported.network import ExportedNetwork
from tests.helpers.exports import content, exported
from tests.helpers.model_files import GONE, RECORDS, SETTINGS, put

FLIPS = 200


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "a.onnx"
    file.write_bytes(content())
    found = read_exported(file)
    assert found.header == exported().header
    assert found.detector == exported().detector
    assert found.header["license"] == "CC0-1.0"
    # Written again, it is the same file.
    assert exported_bytes(found) == content()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda whole: b"", "is not an exported model"),
        (lambda whole: b"\x80\x04\x95 a pickle", "as an ONNX file|is not an exported model"),
        (lambda whole: whole[:1000], "as an ONNX file: the field at byte .* is cut short"),
        (lambda whole: whole[:-1000], "cut short|is damaged"),
        (lambda whole: whole.replace(HEADER.encode(), b"r" * 12), "is not an exported model"),
        (lambda whole: whole.replace(b'"format": 1', b'"format": 7'), "has export format 7"),
        (lambda whole: whole.replace(b'"10R"', b'"11R"'), "is damaged: its content has the"),
        (lambda whole: whole.replace(DETECTOR.encode(), b"x" * len(DETECTOR)), "is damaged"),
    ],
)
def test_a_damaged_file_is_named(
    change: Callable[[bytes], bytes], message: str, tmp_path: Path
) -> None:
    file = tmp_path / "odd.onnx"
    file.write_bytes(change(content()))
    with pytest.raises(ModelError, match=message) as raised:
        ExportedNetwork.load(file)
    assert "odd.onnx" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_absent_or_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"absent.onnx does not exist: expected a model that"):
        read_exported(tmp_path / "absent.onnx")
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(ModelError, match=r"folder.onnx is a folder"):
        read_exported(tmp_path / "folder.onnx")


def refusal(header: dict[str, Any]) -> str | None:
    """The message about a header; None where it is loaded."""
    file = Path("odd.onnx")
    try:
        whole = exported_bytes(replace(exported(), header=header))
        ExportedNetwork(file, parse_exported(file, whole))
    except ModelError as error:
        return str(error)
    return None


# What is done in training alone, and the backbone, which is in the graph.
HARMLESS = ("settings.backbone", "settings.pool", "settings.normalization", "settings.channels=5")


def test_malformed_headers_are_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    # The detector is the same in each file: compressing it takes a tenth of a second.
    monkeypatch.setattr(zlib, "compress", functools.cache(zlib.compress))
    header = dict(exported().header)
    places = [(f"settings.{place}", value) for place, value in SETTINGS]
    places += [(f"card.{place}", value) for place, value in RECORDS]
    places += [
        ("settings", GONE), ("settings", []), ("card", GONE), ("card", 3), ("format", GONE),
        ("format", "1"), ("format", 2), ("more", 1), ("detector", None), ("detector", 3),
        ("detector.threshold", 2), ("detector.shape", [3, 4]), ("reads_bands", True),
        ("features", 3), ("license", 4), ("precision", GONE),
    ]  # fmt: skip
    wrong = {}
    for place, value in places:
        message = refusal(put(header, place, value))
        if message is None and not place.startswith(HARMLESS):
            wrong[f"{place}={str(value)[:40]}"] = "loaded"
        if message is not None and ("\n" in message or len(message) > 700):
            wrong[f"{place}={str(value)[:40]}"] = message
    assert wrong == {}


@pytest.mark.parametrize("part", ["network", "detector"])
def test_graphs_that_do_not_fit_are_refused(part: str) -> None:
    file, model = Path("odd.onnx"), exported()
    graphs = {
        "no graph": b"\x08\x0a",  # the version of ONNX alone
        "the graph of another": model.detector if part == "network" else model.network,
    }
    for graph in graphs.values():
        changes: dict[str, Any] = {part: graph}
        whole = exported_bytes(replace(model, **changes))
        with pytest.raises(ModelError, match=r"odd\.onnx"):
            ExportedNetwork(file, parse_exported(file, whole))


def test_a_flipped_bit_is_refused_or_harmless() -> None:
    whole, chance, file = content(), random.Random(0), Path("flipped.onnx")
    expected, refused = exported(), 0
    for _ in range(FLIPS):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        try:
            found = parse_exported(file, bytes(damaged))
        except ModelError:
            refused += 1
            continue
        assert (found.header, found.detector) == (expected.header, expected.detector)
    assert refused > 0.95 * FLIPS


def test_pytorch_does_not_read_an_exported_model(tmp_path: Path) -> None:
    file = tmp_path / "a.onnx"
    file.write_bytes(content())
    with pytest.raises(ModelError, match=r"a\.onnx is an exported model, which has no weights"):
        ResistorNetwork.load(file)
