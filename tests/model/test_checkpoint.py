"""Model files that are damaged or malformed: refused in one line, or loaded unchanged."""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from resistor_cls import evaluate, predict, train
from resistor_cls.errors import ModelError
from resistor_cls.inference import Predictor
from resistor_cls.model import ResistorNetwork
from resistor_cls.model.checkpoint.checkpoints import (
    add_to_metadata,
    read_checkpoint,
)
from resistor_cls.model.checkpoint.lightning_io import WholeCheckpointIO
from resistor_cls.model.detector.network import Detector
from tests.helpers.model_files import (
    bad_checkpoints,
    bad_detectors,
    bad_weights,
    bytes_of,
    detector,
    save_checkpoint,
    tiny,
)
from tests.helpers.tiny_training import TINY

FLIPS = 200


class Files(NamedTuple):
    """The content of whole files."""

    checkpoint: bytes
    locating: bytes
    weights: bytes
    detector: bytes


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder, model = tmp_path_factory.mktemp("whole"), tiny()
    locating = tiny(locate=detector(), image_size=32)
    return Files(
        bytes_of(lambda path: save_checkpoint(model, path), folder / "a.ckpt"),
        bytes_of(lambda path: save_checkpoint(locating, path), folder / "b.ckpt"),
        bytes_of(model.save_weights, folder / "c.safetensors"),
        bytes_of(detector().save, folder / "d.safetensors"),
    )


def refusals(contents: dict[str, bytes], file: Path, load: Callable[[Path], Any]) -> dict[str, str]:
    """What is wrong with the refusal of each content; empty where all are as they should be."""
    wrong = {}
    for name, content in contents.items():
        file.write_bytes(content)
        try:
            load(file)
            wrong[name] = "loaded"
        except ModelError as error:
            message = str(error)
            if "\n" in message or file.name not in message or "weights_only" in message:
                wrong[name] = message
        except BaseException as error:  # a panic in native code is no Exception
            wrong[name] = repr(error)[:200]
    return wrong


def test_malformed_checkpoints_are_refused_in_one_line(whole: Files, tmp_path: Path) -> None:
    contents = bad_checkpoints(whole.checkpoint, whole.locating)
    assert len(contents) > 140
    assert refusals(contents, tmp_path / "odd.ckpt", ResistorNetwork.load) == {}


def test_malformed_weights_are_refused_in_one_line(whole: Files, tmp_path: Path) -> None:
    contents = bad_weights(whole.weights)
    assert len(contents) > 100
    assert refusals(contents, tmp_path / "odd.safetensors", ResistorNetwork.load) == {}


def test_malformed_weights_start_no_training(whole: Files, tmp_path: Path) -> None:
    contents = bad_weights(whole.weights)
    # What is done to photos is no part of a starting point: a training says that for itself.
    others = ("views", "steps", "loss", "normalization")
    contents = {
        name: content
        for name, content in contents.items()
        if not name.startswith(tuple(f"settings.{other}" for other in others))
    }
    file = tmp_path / "odd.safetensors"
    assert refusals(contents, file, lambda path: tiny(pretrained=str(path))) == {}


def test_malformed_detectors_are_refused_in_one_line(whole: Files, tmp_path: Path) -> None:
    contents, file = bad_detectors(whole.detector), tmp_path / "odd.safetensors"
    assert len(contents) > 35
    assert refusals(contents, file, Detector.load) == {}
    some = {name: contents[name] for name in ("nan", "deep JSON", "threshold=low")}
    assert refusals(some, file, lambda path: tiny(locate=str(path))) == {}


def flipped(content: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(content)
    place = chance.randrange(len(damaged))
    damaged[place] ^= 1 << chance.randrange(8)
    return bytes(damaged)


@pytest.mark.parametrize("kind", ["checkpoint", "weights"])
def test_a_flipped_bit_is_refused_or_harmless(kind: str, whole: Files, tmp_path: Path) -> None:
    content, chance = getattr(whole, kind), random.Random(0)
    file = tmp_path / ("flipped.ckpt" if kind == "checkpoint" else "flipped.safetensors")
    file.write_bytes(content)
    good = ResistorNetwork.load(file)
    refused = 0
    for _ in range(FLIPS):
        file.write_bytes(flipped(content, chance))
        try:
            loaded = ResistorNetwork.load(file)
        except ModelError:
            refused += 1
            continue
        assert loaded.metadata == good.metadata
        assert loaded.settings == good.settings
        ours, theirs = good.state_dict(), loaded.state_dict()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours | theirs)
    assert refused > 0.9 * FLIPS


def test_a_flipped_bit_in_a_detector_is_refused(whole: Files, tmp_path: Path) -> None:
    chance, file = random.Random(0), tmp_path / "flipped.safetensors"
    contents = {str(number): flipped(whole.detector, chance) for number in range(20)}
    assert refusals(contents, file, Detector.load) == {}


def test_files_of_earlier_versions_have_no_digest_and_are_loaded(
    whole: Files, tmp_path: Path
) -> None:
    file = tmp_path / "old.ckpt"
    file.write_bytes(whole.checkpoint)
    expected = ResistorNetwork.load(file)
    old = torch.load(file, weights_only=True)
    del old["resistor_cls"]["digest"]
    torch.save(old, file)
    loaded = ResistorNetwork.load(file)
    assert loaded.metadata == expected.metadata
    pairs = zip(loaded.state_dict().values(), expected.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    old["state_dict"]["backbone.fc.bias"][0] = float("nan")
    torch.save(old, file)
    with pytest.raises(ModelError, match=r"old.ckpt holds weights that are not finite numbers"):
        Predictor.load(file)


def test_the_digest_follows_what_is_added_to_a_checkpoint(whole: Files, tmp_path: Path) -> None:
    file = tmp_path / "own.ckpt"
    file.write_bytes(whole.checkpoint)
    before = read_checkpoint(file)["resistor_cls"]
    add_to_metadata(file, notes=["as a user wrote them"])
    after = read_checkpoint(file)["resistor_cls"]
    assert after["record"] == {**before["record"], "notes": ["as a user wrote them"]}
    assert after["digest"] != before["digest"]
    # Changed by other software, and whole as a zip.
    changed = torch.load(file, weights_only=True)
    changed["state_dict"]["backbone.fc.bias"] += 1
    torch.save(changed, file)
    with pytest.raises(ModelError, match=r"own.ckpt is damaged: .* digest .*: ?.*copy it again"):
        ResistorNetwork.load(file)


def test_a_training_resumes_only_from_undamaged_checkpoints(whole: Files, tmp_path: Path) -> None:
    file = tmp_path / "last.ckpt"
    file.write_bytes(whole.checkpoint)
    assert WholeCheckpointIO().load_checkpoint(file)["hyper_parameters"]["backbone"]
    file.write_bytes(flipped(whole.checkpoint, random.Random(1)))
    with pytest.raises(ModelError, match=r"last.ckpt"):
        WholeCheckpointIO().load_checkpoint(file)


def test_a_power_cut_leaves_the_old_file_or_the_new_one(
    whole: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content is on the disk before the name is."""
    done: list[str] = []

    def recorded(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            done.append(name)
            return call(*given)

        return run

    monkeypatch.setattr(os, "fsync", recorded("sync", os.fsync))
    monkeypatch.setattr(Path, "replace", recorded("name", Path.replace))
    (tmp_path / "best.ckpt").write_bytes(whole.checkpoint)
    add_to_metadata(tmp_path / "best.ckpt", notes="more")
    assert done == ["sync", "name", "sync"]  # the file, its name, and the folder that holds it
    tiny().save_weights(tmp_path / "weights.safetensors")
    assert done == ["sync", "name", "sync"] * 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.ckpt", "weights.safetensors"]


def test_weights_too_large_for_half_precision_are_not_written(tmp_path: Path) -> None:
    model = tiny()
    model.backbone.fc.bias.data[0] = 1e6
    with pytest.raises(ModelError, match=r"own.safetensors: fc.bias has weights above 65,504"):
        model.save_weights(tmp_path / "own.safetensors")
    assert not list(tmp_path.iterdir())


def test_commands_refuse_a_damaged_model_in_one_line(
    whole: Files,
    tmp_path: Path,
    photos: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in (
        ("best.ckpt", whole.checkpoint),
        ("weights.safetensors", whole.weights),
        ("locator.safetensors", whole.detector),
    ):
        damaged = bytearray(content)
        damaged[len(damaged) // 2] ^= 4  # among the weights
        Path(name).write_bytes(damaged)
    data = ["data=folder", f"data.root={photos}", "tracking=none", f"paths.cache={tmp_path}"]
    training = [*data, "trainer=cpu", f"model.backbone={TINY}", "data.image_size=32"]
    for command, words in (
        (predict.main, [str(photos), "--model", "best.ckpt"]),
        (evaluate.main, ["model=best.ckpt", *data]),
        (train.main, [*training, "model.pretrained=weights.safetensors"]),
        (train.main, [*training, "model.locate=locator.safetensors"]),
    ):
        assert command(words) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ")
        assert "is damaged" in line
