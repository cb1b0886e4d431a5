"""Wrong values are refused before photos are read and before a model is read or built."""

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from omegaconf import OmegaConf

from resistor_cls import audit, evaluate, train
from resistor_cls.config import compose
from resistor_cls.config.checks import check_config, check_values
from resistor_cls.config.keys import KEYS, METRICS, VIEWS
from resistor_cls.config.plain import known_values
from resistor_cls.config.values import CLASS_WEIGHTS
from resistor_cls.data import PhotoDataModule, datamodule
from resistor_cls.data.augment import mixing
from resistor_cls.data.sources import by_name
from resistor_cls.data.splits import config as split_config
from resistor_cls.errors import ConfigError, ResistorClsError
from resistor_cls.model import ResistorNetwork, backbone, preprocessing
from resistor_cls.model import tta as views
from resistor_cls.model.checkpoint import schema as file_schema
from resistor_cls.model.training import losses
from resistor_cls.model.training.metrics import MODES
from resistor_cls.model.training.trainer import PRECISIONS
from resistor_cls.tracking.run import opening
from tests.helpers.tiny import TINY


def test_each_key_refuses_values_of_other_types() -> None:
    values = known_values(compose("train"))
    check_values(values)
    for key, (allowed, _) in KEYS.items():
        if "*" in key or allowed.accepts(object()):  # checked by the library that takes it
            continue
        refused = [
            value for value in (-7, 0.123, "word", [], object()) if not allowed.accepts(value)
        ]
        assert len(refused) >= 2, key
        for value in refused:
            with pytest.raises(ConfigError, match=rf"^{re.escape(key)}=.*: "):
                check_values({key: value})


def test_values_checked_early_are_the_values_of_the_packages() -> None:
    names = {
        "data.source": by_name.SOURCES,
        "data.split": split_config.SPLITS,
        "data.sample_of": split_config.SAMPLED,
        "subset": ["auto", *datamodule.SUBSETS],
        "mix.kind": mixing.KINDS,
        "mix.target": mixing.TARGETS,
        "model.pool": backbone.POOLS,
        "model.normalization": preprocessing.NORMALIZATIONS,
        "trainer.monitor": [f"val/{name}" for name in MODES],
        "trainer.precision": PRECISIONS,
        "tracking.kind": opening.KINDS,
    }
    for key, known in names.items():
        assert all(KEYS[key].values.accepts(name) for name in known), key
        assert sorted(KEYS[key].values.names) == sorted(known)
    assert (VIEWS, CLASS_WEIGHTS) == (views.VIEWS, losses.CLASS_WEIGHTS)
    assert set(METRICS) == set(MODES)
    assert KEYS["loss.name"].values.words == "bce, cross_entropy or focal"
    assert losses.LOSSES == ("bce", "cross_entropy", "focal")
    size = KEYS["data.image_size"].values
    assert size.accepts(file_schema.MAX_SIDE)
    assert not size.accepts(file_schema.MAX_SIDE + 1)


@pytest.fixture
def nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: Any) -> None:
        raise AssertionError("photos or a model are read")

    monkeypatch.setattr(PhotoDataModule, "setup", fail)
    for source in by_name.SOURCES.values():
        monkeypatch.setattr(source, "read", fail)
    monkeypatch.setattr(ResistorNetwork, "load", fail)


Refusal = tuple[ModuleType, str, str]


@pytest.mark.usefixtures("workplace", "nothing_is_read")
@pytest.mark.parametrize(
    "refusal",
    [
        # Alone, by a rule.
        (train, "trainer.patience=word", "trainer.patience=word: expected a whole number, 1 or"),
        (train, "trainer.patience={}", "trainer.patience={}: expected a whole number, 1 or more"),
        (train, "trainer.ema=1.5", "trainer.ema=1.5: expected more than 0 and less than 1, or nu"),
        (train, "model.pool=gme", "model.pool=gme: did you mean gem"),
        (train, "model.views=3", "model.views=3: expected 1, 2, 4, 8"),
        (train, "model.layer_lr=[1,2]", "model.layer_lr=[1, 2]: expected names of layers"),
        (train, "loss.class_weights=often", "loss.class_weights=often: valid: balanced, none; or"),
        (train, "pseudo.confidence=2", "pseudo.confidence=2: expected more than 0 and at most 1"),
        (train, "data.validation=''", "data.validation='': expected a folder with"),
        (train, "data.validation_size={a:1}", "data.validation_size has no keys"),
        (train, "model.pretrained=gone.safetensors", "gone.safetensors does not exist"),
        (evaluate, "inference.views=3", "inference.views=3: expected 1, 2, 4, 8, or null"),
        (evaluate, "gallery=0", "gallery=0: expected 1 or more"),
        (evaluate, "subset=some", "subset=some: valid: all, auto, test"),
        (audit, "data.image_size=0", "data.image_size=0: expected 1 or more pixels"),
        # By what is made of it, together with other keys.
        (train, "trainer.precision=odd", "trainer.precision=odd: valid: 16-mixed"),
        (train, "trainer.devices=[]", "trainer.devices=[]"),
        (train, "+trainer.speed=3", "trainer: "),
        (train, "optimizer=sgd optimizer.nesterov=true optimizer.momentum=0", "optimizer or sche"),
        (train, "+optimizer.colour=3", "optimizer or scheduler: "),
        (train, "scheduler.warmup_epochs=2", "scheduler.warmup_epochs=2: expected 0 or more, and"),
        (train, "model.layer_lr={nothing:3}", "model.layer_lr: no layer is named like 'nothing'"),
        (train, "model.normalization=imagenet model.channels=5", "model.normalization=imagenet, "),
        (train, "mix=mixup loss=focal", "mix=mixup with loss=focal"),
        (train, "find.batch_size=true", "find.batch_size=true with trainer.accelerator=cpu"),
        (train, "model.pretrained=rendered", "model.backbone=test_resnet.r160_in1k, but rendered"),
        (train, "model.backbone=vit_small_patch16_224 model.pool=gem", "has no single pool"),
        (train, "data.fold=4", "data.fold=4: expected 0 to 3"),
        (train, "augment.flip.p=7", "augment.flip: p=7: Input should be less than or equal to 1"),
        (train, "data.stream={a:1}", "data.stream={'a': 1}: expected null, or a node with a _t"),
        (evaluate, "data.mix=word", "data.mix=word: expected a node with a _target_, or null"),
        (evaluate, "allow=[1]", "--allow 1: valid: subset, unknown"),
        (evaluate, "trainer.precision=odd", "trainer.precision=odd: valid: 16-mixed"),
        (evaluate, "data.fold=7", "data.fold=7: expected 0 to 4"),
        (evaluate, "tracking=mlflow tracking.uri=runs", "tracking.uri=runs: expected sqlite:///"),
        (audit, "trainer.devices=[]", "trainer.devices=[]"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_before_anything_is_read(
    refusal: Refusal, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command, words, message = refusal
    main: Callable[[list[str]], int] = command.main
    given = [*TINY[:-2]] if command is train else ["model=rendered", "trainer=cpu"]
    given += ["data=folder", f"data.root={photos}", "tracking=none"]
    assert main([*given, *words.split()]) == 2
    error = capsys.readouterr().err
    assert error.count("error: ") == 1
    assert message in error


def test_a_line_break_in_a_value_is_escaped() -> None:
    for key in ("data.source", "model.backbone", "data.split", "mix.kind"):
        with pytest.raises(ResistorClsError) as raised:
            check_config(OmegaConf.create({key.split(".")[0]: {key.split(".")[-1]: "a:\nb"}}))
        assert "\n" not in str(raised.value)
