"""Pipelines that albumentations has written: as random steps, and as fixed ones of a model."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import albumentations
import numpy as np
import pytest
import torch
from photo_files import noise

from resistor_cls.data import read_pipeline
from resistor_cls.data.augmentation import VERSION, Augmentation, WithSteps, serialised
from resistor_cls.data.photos import Shrink
from resistor_cls.errors import ConfigError

PHOTO = noise(24, 40)
RANDOM = albumentations.Compose(
    [
        albumentations.Affine(rotate=(-5, 5), p=0.7),
        albumentations.OneOf([albumentations.GaussNoise(), albumentations.HorizontalFlip()], p=0.5),
        albumentations.SafeRotate((3, 4), p=0.3),  # writes arguments that it does not take
    ]
)
DARKER = albumentations.RandomBrightnessContrast((-0.2, -0.2), (0, 0), p=1)
FIXED = albumentations.Compose(
    [DARKER, albumentations.Sequential([albumentations.ToGray(p=1)], p=1)]
)


def node(name: str, **arguments: Any) -> dict[str, Any]:
    return {"__class_fullname__": name, "p": 1.0, **arguments}


def pipeline(*steps: Any) -> dict[str, Any]:
    """As version 1.1 wrote it, which Hydrogen Torch uses."""
    nothing = {"bbox_params": None, "keypoint_params": None, "additional_targets": {}}
    return {"__version__": "1.1.0", "transform": node("Compose", transforms=list(steps), **nothing)}


@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_what_albumentations_saves_is_read(tmp_path: Path, kind: Any):
    albumentations.save(RANDOM, tmp_path / "file", data_format=kind)
    read = read_pipeline(tmp_path / "file")
    assert albumentations.to_dict(read) == albumentations.to_dict(RANDOM)
    for steps in ([read], [RANDOM]):
        Augmentation(steps).check(PHOTO.shape[:2])
    torch.manual_seed(0)
    changed = Augmentation([read])(PHOTO)
    torch.manual_seed(0)
    assert np.array_equal(changed, Augmentation([RANDOM])(PHOTO))


def test_old_files_say_always_apply(tmp_path: Path):
    steps = [node("HorizontalFlip", always_apply=True, p=0.1), node("ToGray", always_apply=False)]
    (tmp_path / "old.json").write_text(json.dumps(pipeline(*steps)))
    read = read_pipeline(tmp_path / "old.json")
    assert [step.p for step in read.transforms] == [1.0, 1.0]


HYDROGEN_TORCH = json.dumps(
    pipeline(node("Resize", always_apply=True, height="@", width="@", interpolation=1))
).replace('"@"', "IMAGE_HEIGHT")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "expected JSON or YAML as albumentations.save writes it"),
        ("a: [", "expected JSON or YAML as albumentations.save writes it"),
        ("!!python/object/apply:os.system ['touch pwned']", "could not determine a constructor"),
        ("just words", "no serialised pipeline: expected what albumentations.save writes"),
        (json.dumps({"steps": []}), "no serialised pipeline"),
        (json.dumps(pipeline(3)), "'3' is no transform: it has no __class_fullname__"),
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
def test_what_cannot_be_read_is_told(tmp_path: Path, content: str, told: str):
    file = tmp_path / "file.json"
    file.write_text(content)
    with pytest.raises(ConfigError, match=rf"augment.pipeline.file={file}: .*{told}"):
        read_pipeline(file)
    assert not Path("pwned").exists()
    with pytest.raises(ConfigError, match=rf"model.steps={file}: .*{told}"):
        serialised(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"augment.pipeline.file=.*absent: No such file"):
        read_pipeline(tmp_path / "absent")
    (tmp_path / "picture").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"picture: expected JSON or YAML, this is no text"):
        read_pipeline(tmp_path / "picture")


def plain(steps: Any) -> Any:
    return serialised(json.loads(json.dumps(albumentations.to_dict(steps))))


def test_fixed_steps_are_plain_values_that_make_the_same_steps(tmp_path: Path):
    albumentations.save(FIXED, tmp_path / "steps.yaml", data_format="yaml")
    values = serialised(tmp_path / "steps.yaml")
    assert values == json.loads(json.dumps(values)) == serialised(values) == plain(FIXED)
    assert serialised(None) is None
    shrink = Shrink([24, 40])
    prepared = WithSteps(shrink, values)(PHOTO)
    expected = FIXED(image=PHOTO)["image"]
    assert np.array_equal(prepared.photo, expected)
    assert prepared.located
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(WithSteps(shrink, values), [PHOTO] * 12))
    assert all(np.array_equal(one.photo, expected) for one in together)


def test_other_steps_are_another_preparation():
    keys = [Shrink(24).key]
    for base in (Shrink(24), Shrink(32)):
        keys += [WithSteps(base, plain(steps)).key for steps in (FIXED, DARKER)]
    assert len(set(keys)) == len(keys)
    assert WithSteps(Shrink(24), plain(FIXED)).key == keys[1]
    both = WithSteps(WithSteps(Shrink(24), plain(DARKER)), plain(FIXED))
    assert both.shape == (24, 24)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (albumentations.ToGray(p=0.5), "ToGray has p=0.5, but every photo must get the same"),
        (albumentations.OneOf([DARKER], p=1), "OneOf chooses at random"),
        (albumentations.HorizontalFlip(p=1), "HorizontalFlip moves what a photo shows"),
        (albumentations.Resize(24, 40, p=1), "Resize moves what a photo shows"),
        (albumentations.GaussNoise(p=1), "GaussNoise draws random numbers"),
        (albumentations.RandomBrightnessContrast(p=1), "draws random numbers"),
        (albumentations.Normalize(p=1), r"\(Normalize\): .* normalising belong to the model"),
        (albumentations.ToGray(1, p=1), r"\(ToGray\): .* into \(24, 40, 1\)"),
    ],
)
def test_steps_that_are_not_fixed_are_refused(step: Any, told: str):
    with pytest.raises(ConfigError, match=f"model.steps.*{told}"):
        WithSteps(Shrink([24, 40]), plain(albumentations.Compose([step])))


def test_fixed_steps_for_colours_are_refused_where_there_are_none():
    with pytest.raises(ConfigError, match=r"model.steps: ToGray, but model.channels=5"):
        WithSteps(Shrink(24, 5), plain(FIXED))
