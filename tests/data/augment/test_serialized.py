"""Pipelines that albumentations has written: as random transforms, and as fixed ones of a model."""

import json
import os
import time
from pathlib import Path
from typing import Any

import albumentations
import numpy as np
import pytest
import torch
import yaml

from resistor_cls.data import read_pipeline
from resistor_cls.data.augment.augmentation import Augmentation
from resistor_cls.data.augment.fixed import serialised
from resistor_cls.data.augment.serialized import VERSION
from resistor_cls.errors import ConfigError
from tests.helpers.photo_files import noise

PHOTO = noise(24, 40)
RANDOM = albumentations.Compose(
    [
        albumentations.Affine(rotate=(-5, 5), p=0.7),
        albumentations.OneOf([albumentations.GaussNoise(), albumentations.HorizontalFlip()], p=0.5),
        albumentations.SafeRotate((3, 4), p=0.3),  # writes arguments that it does not take
    ]
)
DARKER = albumentations.RandomBrightnessContrast((-0.2, -0.2), (0, 0), p=1)


def node(name: str, **arguments: Any) -> dict[str, Any]:
    return {"__class_fullname__": name, "p": 1.0, **arguments}


def pipeline(*steps: Any) -> dict[str, Any]:
    """As version 1.1 wrote it, which Hydrogen Torch uses."""
    nothing: dict[str, Any] = {
        "bbox_params": None,
        "keypoint_params": None,
        "additional_targets": {},
    }
    return {"__version__": "1.1.0", "transform": node("Compose", transforms=list(steps), **nothing)}


@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_what_albumentations_saves_is_read(tmp_path: Path, kind: Any) -> None:
    albumentations.save(RANDOM, tmp_path / "file", data_format=kind)
    read = read_pipeline(tmp_path / "file")
    assert albumentations.to_dict(read) == albumentations.to_dict(RANDOM)
    for steps in ([read], [RANDOM]):
        Augmentation(steps).check(PHOTO.shape[:2])
    torch.manual_seed(0)
    changed = Augmentation([read])(PHOTO)
    torch.manual_seed(0)
    assert np.array_equal(changed, Augmentation([RANDOM])(PHOTO))


def test_old_files_say_always_apply(tmp_path: Path) -> None:
    steps = [node("HorizontalFlip", always_apply=True, p=0.1), node("ToGray", always_apply=False)]
    (tmp_path / "old.json").write_text(json.dumps(pipeline(*steps)))
    read = read_pipeline(tmp_path / "old.json")
    assert [step.p for step in read.transforms] == [1.0, 1.0]


HYDROGEN_TORCH = json.dumps(
    pipeline(node("Resize", always_apply=True, height="@", width="@", interpolation=1))
).replace('"@"', "IMAGE_HEIGHT")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "expected JSON or YAML as albumentations.save writes it"),
        ("a: [", "expected JSON or YAML as albumentations.save writes it"),
        ("!!python/object/apply:os.system ['touch pwned']", "could not determine a constructor"),
        ("just words", "not a serialized pipeline: expected what albumentations.save writes"),
        (json.dumps({"steps": []}), "not a serialized pipeline"),
        (json.dumps(pipeline(3)), "'3' is not a transform: it has no __class_fullname__"),
        (json.dumps(pipeline(node("HorizontalFlp"))), "did you mean HorizontalFlip"),
        (json.dumps(pipeline(node("os.system", command="ls"))), "has no transform os.system"),
        (json.dumps(pipeline(node("Lambda"))), "Lambda stands for code"),
        (json.dumps(pipeline({"__class_fullname__": "ToGray"})), "ToGray has no p"),
        (json.dumps(pipeline(node("OneOf", transforms=None))), "OneOf has no list of transforms"),
        (
            json.dumps(pipeline(node("Affine", cval=0))),
            rf"Affine cannot be made: it has no arguments cval \(written by albumentations 1.1.0, "
            rf"read by {VERSION}",
        ),
        (
            json.dumps(pipeline(node("ToGray", num_output_channels="x"))),
            "ToGray cannot be made: num_output_channels: Input should be a valid integer",
        ),
        (HYDROGEN_TORCH, "IMAGE_HEIGHT is a placeholder .* resizing belongs to the model"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "file.json"
    file.write_text(content)
    with pytest.raises(ConfigError, match=rf"augment.pipeline.file={file}: .*{message}"):
        read_pipeline(file)
    assert not Path("pwned").exists()
    with pytest.raises(ConfigError, match=rf"model.steps={file}: .*{message}"):
        serialised(file)


def bomb(first: str, line: str) -> str:
    """YAML whose every line means ten times the one before: 10^9 times the first."""
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{n}: &a{n} {line.format(', '.join([f'*a{n - 1}'] * 10))}" for n in range(1, 10)]
    return "\n".join([*lines, "transform: *a9"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (bomb("[1, 2]", "[{}]"), "more than 10,000 values, 50 within each other or"),
        (bomb("{k: 1}", "{{<<: [{}]}}"), r"merge keys \(<<\) are not read"),
        ("a: &a [*a]", "more than 10,000 values, 50 within each other or"),
        (f"a: &a {'x' * 100_000}\ntransform: [*a, *a, *a]", "or 262,144 letters"),
        ("[" * 100_000, "expected JSON or YAML as albumentations.save writes it"),
        ("- " * 100_000, "expected JSON or YAML as albumentations.save writes it"),
        ('{"a":' * 60 + "1" + "}" * 60, "more than 10,000 values, 50 within each other or"),
        (json.dumps([0] * 20_000), "more than 10,000 values, 50 within each other or"),
        (" " * 300_000, "it has more than 262,144 bytes"),
    ],
    ids=["aliases", "merges", "loop", "text", "brackets", "dashes", "depth", "length", "bytes"],
)
def test_a_small_file_that_means_a_large_one_is_refused_at_once(
    tmp_path: Path, content: str, reason: str
) -> None:
    file = tmp_path / "bomb.yaml"
    file.write_text(content)
    begun = time.process_time()
    with pytest.raises(ConfigError, match=rf"augment.pipeline.file={file}: .*{reason}"):
        read_pipeline(file)
    assert time.process_time() - begun < 2
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(ConfigError, match=r"pipe.yaml: this is a folder, a device or a pipe"):
        serialised(tmp_path / "pipe.yaml")


def test_aliases_of_what_stands_twice_are_read(tmp_path: Path) -> None:
    shared = (-0.2, -0.2)
    step = albumentations.RandomBrightnessContrast(shared, (0, 0), p=1).to_dict()
    step["transform"]["contrast_limit"] = step["transform"]["brightness_limit"] = list(shared)
    text = yaml.safe_dump(step)
    assert "*id001" in text
    (tmp_path / "twice.yaml").write_text(text)
    assert read_pipeline(tmp_path / "twice.yaml").contrast_limit == shared


def test_values_that_are_too_deep_are_refused_wherever_they_come_from() -> None:
    values: Any = 1
    for _ in range(5000):
        values = {"transform": values}
    with pytest.raises(ConfigError, match=r"model.steps: more than 10,000 values, 50 within"):
        serialised(values)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"augment.pipeline.file=.*absent: No such file"):
        read_pipeline(tmp_path / "absent")
    (tmp_path / "picture").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"picture: expected JSON or YAML, this is not text"):
        read_pipeline(tmp_path / "picture")
