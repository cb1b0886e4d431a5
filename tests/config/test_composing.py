"""Every option under conf/ composes and builds; every mistake gets one sentence."""

from pathlib import Path

import pytest
from lightning import Trainer

from resistor_cls.config import CONF, compose, flatten, groups, instantiate, trainer_options
from resistor_cls.data import PhotoDataModule
from resistor_cls.data.shards import SUMMARY
from resistor_cls.errors import ConfigError
from resistor_cls.evaluate import main as evaluate
from resistor_cls.model import ResistorTask, build_trainer
from resistor_cls.train import main as train
from tests.helpers import PIPELINE

NEEDED = {
    "data=folder": ["data.root=photos"],
    "data=table": ["data.table=photos.csv"],
    "augment=custom": [f"augment.pipeline.file={PIPELINE}"],
}
OPTIONS = [f"{group}={option}" for group, options in groups().items() for option in options]


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_composes_and_builds(option: str, tmp_path: Path) -> None:
    needed = list(NEEDED.get(option, []))
    if option == "data=shards":  # what a folder of shards holds is read at once
        (tmp_path / SUMMARY).write_text('{"categories": ["10R_1W", "22R_1W"], "counts": [1, 1]}')
        needed = ["data.root=photos", f"data.shards='{tmp_path}'"]
    config = compose("train", [option, *needed])
    assert isinstance(instantiate(config.data), PhotoDataModule)
    optimizer, scheduler = instantiate(config.optimizer), instantiate(config.scheduler)
    if option.startswith("model="):
        model = instantiate(config.model, categories=["a", "b"], pretrained=False)
        assert isinstance(model, ResistorTask)
        assert scheduler(optimizer(model.parameters()), 10, 2) is not None
    if option == "trainer=gpu":
        with pytest.raises(ConfigError, match="no GPU here"):
            build_trainer(tmp_path, **trainer_options(config))
    else:
        assert isinstance(build_trainer(tmp_path, **trainer_options(config)), Trainer)


def test_defaults_are_the_published_recipe() -> None:
    values = flatten(compose("train"))
    assert values["model.backbone"] == "resnet50.a1_in1k"
    assert values["loss.name"] == "bce"
    assert (values["optimizer.lr"], values["optimizer.weight_decay"]) == (1e-3, 0.0)
    assert (values["trainer.max_epochs"], values["data.batch_size"]) == (5, 32)
    assert (values["data.image_size"], values["trainer.gradient_clip_val"]) == (224, None)


def test_a_size_is_a_number_or_two() -> None:
    config = compose("train", ["data.image_size=[160,320]", "data=folder", "data.root=photos"])
    data = instantiate(config.data)
    assert data.settings["image_size"] == [160, 320]
    assert flatten(config)["model.image_size"] == [160, 320]
    with_both = ["data.image_size=[160,320]", "model.image_size=64"]
    assert compose("train", with_both).model.image_size == 64


def test_no_value_is_written_twice() -> None:
    """No key is given the same value again by an option, except where a recipe is spelled out."""
    for path in CONF.rglob("*.yaml"):
        assert len(path.read_text().splitlines()) <= 40, f"{path} is no longer read at one glance"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model=resnet5"], "model=resnet5: no such option; did you mean resnet50"),
        (["model.backbone=resnet5"], "timm has no such model; did you mean resnet50"),
        (["optimizer=adan"], "optimizer=adan: no such option; did you mean adam"),
        (["optimizer.lrr=1"], "optimizer.lrr: no such key; did you mean optimizer.lr"),
        (["modle=resnet18"], "modle: no such key; did you mean model"),
        (["optimizer.lr=-1"], "optimizer.lr=-1: expected 0 or more"),
        (["optimizer.lr=fast"], "optimizer.lr=fast: expected a number, 0 or more"),
        (["trainer.max_epochs=2.5"], "trainer.max_epochs=2.5: expected a whole number"),
        (["model.locate=3"], "model.locate=3: expected true or false"),
        (["data.drop_last=3"], "data.drop_last=3: expected true or false"),
        (["data.batch_size=-3"], "data.batch_size=-3: expected 1 or more"),
        (["data.per_category=-1"], "data.per_category=-1: expected 1 or more"),
        (["data.size=10"], "data.size=10: expected 64 or more"),
        (["data.image_size=0"], "data.image_size=0: expected 1 or more"),
        (["data.image_size=[160,0]"], "data.image_size=[160, 0]: expected 1 or more pixels"),
        (["data.image_size=wide"], "data.image_size=wide: expected 1 or more pixels"),
        (["data.batch_size=[8,8]"], "data.batch_size=[8, 8]: expected a whole number"),
        (["augment=custom"], "augment.pipeline.file is missing: add augment.pipeline.file=…"),
        (["data.fold=7"], "data.fold=7: expected 0 to 4"),
        (["data.split=captured"], "data.split=captured: did you mean capture"),
        (["data=folder"], "data.root is missing: add data.root="),
        (["data=folder", "data.root=nowhere"], "/nowhere does not exist"),
        (["unknown=-1", "data.folds=4"], "unknown=-1: expected 0 or more"),
        (["costs=nowhere.csv", "data.folds=4"], "/nowhere.csv does not exist: expected a CSV"),
        (["seed=-5"], "seed=-5: expected 0 or more"),
        (["model=resnet18,resnet50"], "model has several values: add -m"),
        (["sweep=example"], "sweep=example names several runs: add -m"),
        (["resnet18"], "'resnet18' is not key=value"),
        (["hydra/launcher=joblib"], "not installed: pip install 'resistor_cls[joblib]'"),
        (["hydra/launcher=submitit_slurm"], "pip install 'resistor_cls[submitit]'"),
        (["hydra/launcher=jobblib"], "no such option; did you mean joblib"),
        (["tracking.uri=postgresql://u:pw@h/d"], "pip install 'resistor_cls[postgresql]'"),
        (["tracking.uri=mysql://u:pw@h/d"], "'resistor_cls[mysql]', and write mysql+pymysql://"),
        (["tracking.uri=mssql+nothing://u:pw@h/d"], "pip install 'resistor_cls[mssql]'"),
        (["tracking.uri=runs"], "tracking.uri=runs: expected sqlite:///"),
        (["tracking.uri=sqlite:////no/such/folder/x.db"], "cannot be written; choose another"),
        (["tracking.uri=http://127.0.0.1:9"], "nothing answers there"),
        (["paths.output=/dev/null/x"], "Not a directory; choose another place by paths.output="),
        (["optimizer._target_=torch.optim.Nothing"], "Error locating target 'torch.optim.Nothing'"),
    ],
)
def test_mistakes_get_one_message_and_exit_status_2(
    words: list[str], message: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = ["data.per_category=4", "data.size=64", "tracking.kind=none"]
    drawn = [] if words[0].startswith(("data=", "tracking")) else tiny
    assert train([*drawn, *words]) == 2
    error = capsys.readouterr().err
    assert error.count("error: ") == 1
    assert "Traceback" not in error
    assert "pw" not in error
    assert message in error


def test_evaluate_needs_a_model(capsys: pytest.CaptureFixture[str], workplace: Path) -> None:
    assert evaluate([]) == 2
    assert "model is missing: add model=REF" in capsys.readouterr().err
    assert evaluate(["model=it's (not) here.ckpt", "tracking=none"]) == 2
    assert "model=it's (not) here.ckpt does not exist" in capsys.readouterr().err
