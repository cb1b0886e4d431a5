"""Every key of the config has its effect, alone and in whole jobs."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
import torch

from resistor_cls.config import compose, instantiate, loss_arguments, trainer_options
from resistor_cls.model import ResistorNetwork, ResistorTask, build_trainer
from resistor_cls.predict import main as predict
from tests.helpers.runs import artifact, runs
from tests.helpers.tiny import TINY

Train = Callable[..., int]


class Built(NamedTuple):
    """What a config makes, without a training."""

    model: ResistorTask
    trainer: Any
    optimizer: torch.optim.Optimizer
    rates: list[float]
    loss: float
    data: Any

    @property
    def network(self) -> ResistorNetwork:
        return self.model.network


def build(photos: Path, folder: Path, *words: str) -> Built:
    config = compose("train", ["data=folder", f"data.root={photos}", *TINY, *words])
    torch.manual_seed(0)
    optimizer, scheduler = instantiate(config.optimizer), instantiate(config.scheduler)
    made_of = {"optimizer": optimizer, **loss_arguments(config)}
    model = instantiate(config.model, categories=["a", "b", "c"], **made_of)
    data = instantiate(config.data, preprocess=model.network.image_preprocessing())
    trainer = build_trainer(folder, **trainer_options(config))
    made = optimizer(model.network.backbone.parameters())
    schedule, rates = scheduler(made, 8, 2), []
    for _ in range(8):
        rates.append(round(made.param_groups[0]["lr"], 8))
        made.step()
        schedule.step()
    logits = torch.tensor([[2.0, -1.0, 0.5], [0.1, 0.2, -3.0]])
    if model.training_loss.needs_counts:
        model.training_loss.count([1, 2, 9])
    loss = float(model.training_loss(logits, torch.eye(3)[:2]))
    return Built(model, trainer, made, rates, loss, data)


PHOTO = torch.linspace(0.2, 0.6, 3 * 32 * 32).view(1, 3, 32, 32)
Probe = Callable[[Built], object]
SETTINGS: dict[str, Probe] = {
    "model.pool=gem": lambda built: type(built.network.backbone.global_pool).__name__,
    "model.pool=max": lambda built: built.network.backbone.global_pool.pool_type,
    "model.dropout=0.3": lambda built: built.network.backbone.drop_rate,
    "model.drop_path=0.3": lambda built: sum("DropPath" in str(m) for m in built.model.modules()),
    "model.channels=1": lambda built: built.network.backbone.conv1[0].in_channels,
    "model.normalization=min_max": lambda built: float(built.network.preprocessing(PHOTO).sum()),
    "data.image_size=[24,48]": lambda built: built.network.preprocessing.shape,
    "model.views=8": lambda built: built.network.views,
    "model.mixed_precision_inference=true": lambda built: built.network.mixed_precision_inference,
    "model.probability_threshold=0.5": lambda built: built.network.probability_threshold,
    "model.layer_lr={fc: 10}": lambda built: built.model.layer_lr,
    "model.layer_decay=0.8": lambda built: built.model.layer_decay,
    "model.freeze_epochs=1": lambda built: built.model.freeze_epochs,
    "model.train_metrics=true": lambda built: built.model.train_scores is None,
    "loss=cross_entropy": lambda built: built.loss,
    "loss=focal": lambda built: built.loss,
    "loss.label_smoothing=0.1": lambda built: built.loss,
    "loss.class_weights=balanced": lambda built: built.loss,
    "loss.class_weights=[1,2,3]": lambda built: built.loss,
    "optimizer=adam": lambda built: type(built.optimizer),
    "optimizer=sgd": lambda built: type(built.optimizer),
    "optimizer=lion": lambda built: type(built.optimizer),
    "optimizer.weight_decay=0.1": lambda built: built.optimizer.param_groups[0]["weight_decay"],
    "scheduler=linear": lambda built: built.rates,
    "scheduler=constant": lambda built: built.rates,
    "scheduler=one_cycle": lambda built: built.rates,
    "scheduler=step": lambda built: built.rates,
    "scheduler.warmup_epochs=1": lambda built: built.rates,
    "trainer.accumulate_grad_batches=2": lambda built: built.trainer.accumulate_grad_batches,
    "trainer.gradient_clip_val=1.0": lambda built: built.trainer.gradient_clip_val,
    "trainer.evaluation_epochs=2": lambda built: built.trainer.check_val_every_n_epoch,
    "trainer.evaluation_epochs=0.5": lambda built: built.trainer.val_check_interval,
    "trainer.monitor=val/mcc": lambda built: built.trainer.checkpoint_callback.monitor,
    "trainer.save_best=false": lambda built: built.trainer.checkpoint_callback.monitor,
    "trainer.patience=2": lambda built: len(built.trainer.callbacks),
    "trainer.ema=0.9": lambda built: len(built.trainer.callbacks),
    "mix=mixup": lambda built: built.data.mix is None,
    "mix=cutmix": lambda built: built.data.mix is None,
    "data.drop_last=false": lambda built: built.data.settings["drop_last"],
    "data.validation_size=0.3": lambda built: built.data.settings["validation_size"],
    "data.sample=0.5": lambda built: built.data.settings["sample"],
    "data.train_on_validation=true": lambda built: built.data.settings["train_on_validation"],
}


@pytest.fixture(scope="module")
def default(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(photos, tmp_path_factory.mktemp("default"))


@pytest.mark.parametrize("word", SETTINGS)
def test_a_setting_changes_what_it_is_of(
    word: str, photos: Path, default: Built, tmp_path: Path
) -> None:
    probe = SETTINGS[word]
    assert probe(build(photos, tmp_path, word)) != probe(default)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mix=mixup", "loss=focal"], "mix=mixup with loss=focal"),
        (
            ["mix=cutmix", "mix.target=union", "loss=cross_entropy"],
            "mix.target=union with loss=cross_entropy",
        ),
        (["mix=mixup", "model.train_metrics=true"], "model.train_metrics=true with mix=mixup"),
        (["loss=focal", "loss.label_smoothing=0.1"], "loss.label_smoothing=0.1 with loss=focal"),
        (
            ["model.pool=gem", "model.backbone=test_vit.r160_in1k"],
            "model.pool=gem with model.backbone=test_vit.r160_in1k",
        ),
        (["model.views=0"], "model.views=0: expected 1, 2, 4, 8"),
        (
            ["model.views=8", "model.locate=true"],
            "model.views=8 takes quarter turns, but model.loc",
        ),
        (
            ["data.train_on_validation=true", "trainer.patience=3"],
            "trainer.patience=3 with data.train_on_validation=true",
        ),
        (
            ["trainer.evaluation_epochs=2", "trainer.max_epochs=5"],
            "trainer.evaluation_epochs=2 with trainer.max_epochs=5",
        ),
        (["scheduler.warmup_epochs=2"], "scheduler.warmup_epochs=2: expected 0 or more, and less"),
        (["find.batch_size=true"], "find.batch_size=true with trainer.accelerator=cpu"),
        (["find.lr=true", "trainer.devices=2"], "find.lr=true with trainer.devices=2"),
        (["pseudo.photos=nowhere"], "nowhere does not exist"),
        (
            ["pseudo.photos=.", "pseudo.teacher=gone.ckpt"],
            "pseudo.teacher=gone.ckpt does not exist",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_before_training(
    words: list[str], message: str, train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("tracking=none", *words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Epoch" not in error
    assert "Traceback" not in error


@pytest.mark.usefixtures("blank_figures")
def test_settings_of_all_kinds_go_together(
    train: Train, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (
        "mix=cutmix", "mix.corner=true", "loss.label_smoothing=0.1", "loss.class_weights=balanced",
        "model.pool=gem", "model.drop_path=0.1", "model.normalization=channel", "model.views=8",
        "model.mixed_precision_inference=true", "model.probability_threshold=1",
        "model.layer_decay=0.7", "model.layer_lr={fc: 2}", "model.freeze_epochs=1",
        "optimizer=lion", "scheduler=one_cycle", "trainer.evaluation_epochs=0.5",
        "trainer.monitor=val/log_loss", "trainer.patience=9", "trainer.ema=0.9", "find.lr=true",
    )  # fmt: skip
    assert train(*words, "unknown=0", "gallery=4") == 0
    run = runs()[0]
    assert float(run.data.params["found.lr"]) > 0
    assert run.data.metrics["val/coverage"] == 0.0  # no confidence is that high
    assert {"train/loss", "val/mcc", "val/roc_auc_micro"} <= set(run.data.metrics)
    for name in ("augmentation", "train_samples", "curves", "confusion_matrix/epoch_001.67"):
        assert artifact(run, f"figures/{name}.png").is_file()
    capsys.readouterr()
    photo = str(next(photos.rglob("*.jpg")))
    checkpoint = str(artifact(run, "checkpoints/best.ckpt"))
    for threshold, unsure in (([], True), (["--threshold", "0"], False)):
        assert predict([photo, "--model", checkpoint, "--views", "2", *threshold]) == 0
        assert ("don't know" in capsys.readouterr().out) == unsure


@pytest.mark.usefixtures("blank_figures")
def test_a_final_model_trains_on_all_and_says_so_and_is_tested_on_what_is_left(
    train: Train, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, held = tmp_path / "root", tmp_path / "held"
    for number, path in enumerate(sorted(photos.rglob("*.jpg"))):
        place = held if number % 8 == 7 else root  # one of each category
        (place / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place / path.parent.name)
    words = (f"data.root={root}", f"data.test={held}", "data.train_on_validation=true")
    assert train(*words, "model.train_metrics=true", "unknown=0") == 0
    run = runs()[0]
    assert run.data.params["photos.train"] == str(len(list(root.rglob("*.jpg"))))
    assert "TRAINED ON" in run.data.tags["mlflow.note.content"]
    assert "TRAINED ON" in json.loads(artifact(run, "report.json").read_text())["title"]
    assert {"test/accuracy", "train/accuracy", "train/roc_auc"} <= set(run.data.metrics)
    tested = pd.read_csv(artifact(run, "tables/test_predictions.csv"))
    assert len(tested) == len(list(held.rglob("*.jpg"))) == 4
    assert run.data.metrics["test/accuracy"] == pytest.approx(tested["correct"].mean())
    assert "test/accuracy" in capsys.readouterr().err
    best = torch.load(artifact(run, "checkpoints/best.ckpt"), weights_only=True)
    assert best["epoch"] == 1  # the last
    assert "calibration" not in best["resistor_cls"]["record"]


@pytest.mark.usefixtures("blank_figures")
def test_photos_without_labels_train_where_a_model_is_confident(
    train: Train,
    photos: Path,
    trained_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from resistor_cls.categories import Categories
    from resistor_cls.synthetic import generate_dataset

    names = [path.name for path in sorted(photos.iterdir()) if path.is_dir()]
    more = generate_dataset(
        tmp_path / "more", Categories(names), dict.fromkeys(names, 3), size=96, seed=9,
        workers=1, progress=False,
    )  # fmt: skip
    words = (f"pseudo.photos={more}", f"pseudo.teacher={trained_file}", "pseudo.confidence=0.01")
    assert train(*words, "trainer.max_epochs=1", "unknown=0") == 0
    run = runs()[0]
    assert run.data.params["photos.train"] == str(24 + 12)
    assert run.data.tags["data.pseudo"] == "12 of 12 at 0.01"
    table = pd.read_csv(artifact(run, "tables/pseudo_labels.csv"))
    assert set(table["category"]) <= set(names)
    capsys.readouterr()
    assert train(*words, "data.fold=1") == 2
    assert "pseudo.teacher was trained on 8 of the 8 photos" in capsys.readouterr().err
