import math
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from lightning import Callback
from lightning.pytorch.loggers import CSVLogger
from PIL import Image
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score
from torch.nn.functional import binary_cross_entropy, one_hot
from torch.optim import SGD

from resistor_cls.data import PhotoDataModule
from resistor_cls.data.augment.mixing import Mix
from resistor_cls.errors import ConfigError
from resistor_cls.model import (
    EpochLines,
    ResistorNetwork,
    build_trainer,
    leave_cores,
    seed_everything,
)
from resistor_cls.model.training.metrics import MODES
from resistor_cls.model.training.trainer import PRECISIONS, pick_precision
from tests.helpers import ROOT
from tests.helpers.tiny_training import Training, train


def test_a_training_leaves_its_best_and_its_last_epoch(trained: Training) -> None:
    folder = trained.folder / "checkpoints"
    assert {path.name for path in folder.iterdir()} == {"best.ckpt", "last.ckpt"}
    for path in folder.iterdir():
        checkpoint = torch.load(path, weights_only=True)
        ours = {"digest", "format", "record", "version", "weights_from"}
        assert set(checkpoint["resistor_cls"]) == ours
        assert checkpoint["hyper_parameters"]["categories"] == list(trained.data.categories.names)
    assert torch.load(folder / "last.ckpt", weights_only=True)["epoch"] == 1
    assert "optimizer_states" in torch.load(folder / "last.ckpt", weights_only=True)


def test_the_logged_scores_are_those_of_the_predictions(trained: Training) -> None:
    found = {name: float(value) for name, value in trained.trainer.callback_metrics.items()}
    validation = {"val/loss", "val/accuracy", "val/f1_macro", "val/roc_auc"}
    assert {f"val/{name}" for name in MODES} | {"train/loss", "lr"} == set(found)
    predictions = trained.model.predictions
    assert predictions["indices"].tolist() == trained.data.validation_indices.tolist()
    probabilities, targets = predictions["probabilities"], predictions["targets"]
    assert probabilities.shape == (8, 4)
    predicted = probabilities.argmax(1)
    curves = [roc_auc_score(targets == index, probabilities[:, index]) for index in range(4)]
    expected = {
        "val/loss": float(binary_cross_entropy(probabilities, one_hot(targets, 4).float())),
        "val/accuracy": accuracy_score(targets, predicted),
        "val/f1_macro": f1_score(targets, predicted, average="macro"),
        "val/roc_auc": sum(curves) / 4,
    }
    assert {name: found[name] for name in validation} == pytest.approx(expected, abs=1e-6)


def test_the_same_seed_trains_the_same_weights(photos: Path, tmp_path: Path) -> None:
    first, again, other = (
        train(photos, tmp_path / name, seed).model.state_dict()
        for name, seed in (("first", 0), ("again", 0), ("other", 1))
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("ema", [None, 0.9])
def test_scoring_the_starting_network_changes_no_weight(
    photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, ema: float | None
) -> None:
    caplog.set_level("INFO", "resistor_cls")
    plain, scored = (
        train(
            photos,
            tmp_path / str(before),
            max_epochs=2,
            ema=ema,
            score_before=before,
            callbacks=[EpochLines()],
        ).model
        for before in (False, True)
    )
    first, again = plain.state_dict(), scored.state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert torch.equal(plain.predictions["probabilities"], scored.predictions["probabilities"])
    lines = [line for line in caplog.messages if line.startswith("Before training")]
    assert len(lines) == 1
    assert re.fullmatch(r"Before training: \d\.\d{3} accuracy on 8 photos", lines[0])
    assert sum(line.startswith("Epoch") for line in caplog.messages) == 4


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # more than some machines like
def test_the_number_of_workers_changes_no_weight(photos: Path, tmp_path: Path) -> None:
    # With mixing and dropout, which draw beside the workers.
    def weights(workers: int) -> dict[str, torch.Tensor]:
        data = {"workers": workers, "mix": Mix("mixup", probability=0.5)}
        how = {"loss": "cross_entropy", "dropout": 0.2}
        run = train(photos, tmp_path / str(workers), max_epochs=2, data=data, model=how)
        return run.model.state_dict()

    first = weights(0)
    for workers in (1, 2, 4):
        again = weights(workers)
        assert all(torch.equal(first[name], again[name]) for name in first)


def test_torch_leaves_cores_to_workers_unless_its_threads_are_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(4)
        monkeypatch.setenv("OMP_NUM_THREADS", "4")
        leave_cores(2)
        assert torch.get_num_threads() == 4
        monkeypatch.delenv("OMP_NUM_THREADS")
        leave_cores(1)
        assert torch.get_num_threads() == 3
        leave_cores(9)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.slow
def test_a_thousand_categories_train_in_little_memory(tmp_path: Path) -> None:
    for category in range(1000):
        folder = tmp_path / "photos" / f"{category}R"
        folder.mkdir(parents=True)
        for photo in range(5):
            colour = (category % 256, category // 4, photo)
            Image.new("RGB", (8, 8), colour).save(folder / f"{photo}.png")
    code = f"""
        import resource, sys
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from tests.helpers.tiny_training import train
        train(Path({str(tmp_path / "photos")!r}), Path({str(tmp_path)!r}) / "run",
              data={{"batch_size": 64, "augment": []}})
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # Kibibytes. Half a gigabyte are the libraries; comparing each photo with each cell of a
    # confusion matrix would be 8 GB more.
    assert int(done.stdout.split()[-1]) < 2 * 2**20


@pytest.mark.slow
def test_workers_that_are_spawned_train_the_same_weights(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = train(photos, tmp_path / "none").model.state_dict()
    make = PhotoDataModule._loader

    def spawning(data: PhotoDataModule, *dataset: Any, **how: Any) -> Any:
        if how.get("num_workers"):
            how["multiprocessing_context"] = "spawn"
        return make(data, *dataset, **how)

    monkeypatch.setattr(PhotoDataModule, "_loader", spawning)
    spawned = train(photos, tmp_path / "two", data={"workers": 2}).model.state_dict()
    assert all(torch.equal(first[name], spawned[name]) for name in first)


def test_scores_are_in_full_precision_whatever_trained(photos: Path, tmp_path: Path) -> None:
    mixed = train(photos, tmp_path / "run", precision="bf16-mixed")
    batch = next(iter(mixed.data.val_dataloader()))
    with torch.inference_mode():
        logits = mixed.model(batch["photos"].float().div(255))
    assert mixed.model.predictions["probabilities"].dtype == torch.float32
    assert torch.allclose(mixed.model.predictions["probabilities"], logits.sigmoid(), atol=1e-5)


def test_averaged_weights_are_evaluated_and_kept(photos: Path, tmp_path: Path) -> None:
    plain = train(photos, tmp_path / "plain", max_epochs=2)
    averaged = train(photos, tmp_path / "averaged", max_epochs=2, ema=0.9)
    path = averaged.folder / "checkpoints" / "last.ckpt"
    kept = torch.load(path, weights_only=True)
    newest = torch.load(plain.folder / "checkpoints" / "last.ckpt", weights_only=True)
    best = torch.load(averaged.folder / "checkpoints" / "best.ckpt", weights_only=True)
    assert best.keys() >= {"state_dict", "current_model_state"}
    name = "backbone.conv1.0.weight"
    assert torch.equal(kept["current_model_state"][name], newest["state_dict"][name])
    assert not torch.equal(kept["state_dict"][name], newest["state_dict"][name])
    statistics = "backbone.conv1.1.running_mean"
    assert torch.equal(kept["state_dict"][statistics], newest["state_dict"][statistics])
    # The evaluated weights are the saved ones.
    evaluated, loaded = averaged.model.predictions, ResistorNetwork.load(path)
    batch = next(iter(averaged.data.val_dataloader()))
    with torch.inference_mode():
        logits = loaded(batch["photos"].float().div(255))
    assert torch.allclose(logits.sigmoid(), evaluated["probabilities"][: len(logits)], atol=1e-5)


def test_loss_and_learning_rate_are_logged_per_step(photos: Path, tmp_path: Path) -> None:
    logger = CSVLogger(tmp_path)
    train(photos, tmp_path / "run", logger=logger, log_every_n_steps=1)
    logged = pd.read_csv(Path(logger.log_dir) / "metrics.csv")
    steps = logged[logged["train/loss"].notna()]
    assert steps["step"].tolist() == [0, 1, 2]  # 24 photos, 8 a batch
    half_cosine = [5e-4 * (1 + math.cos(math.pi * step / 3)) for step in range(3)]
    assert steps["lr"].tolist() == pytest.approx(half_cosine)


def test_the_precision_follows_the_hardware(monkeypatch: pytest.MonkeyPatch) -> None:
    for precision in PRECISIONS[1:]:
        assert pick_precision("cpu", precision) == pick_precision("cuda", precision) == precision
    for capability, expected in (((7, 0), "16-mixed"), ((8, 0), "bf16-mixed")):
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda c=capability: c)
        assert pick_precision("cuda") == expected
    for has_bfloat16, expected in ((True, "bf16-mixed"), (False, "32-true")):
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda h=has_bfloat16: h)
        assert pick_precision("cpu") == expected
    assert pick_precision("mps") == "32-true"
    with pytest.raises(ConfigError, match=r"trainer.precision=bf16-mxed: did you mean bf16-mixed"):
        pick_precision("cpu", "bf16-mxed")


def test_trainer_options_that_cannot_be_used_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for options, message in (
        ({"accelerator": "gpu"}, "trainer.accelerator=gpu: PyTorch sees no GPU here; use"),
        ({"accelerator": "abacus"}, "trainer: .*abacus"),
        ({"max_epochs": 0}, "trainer.max_epochs=0: expected 1 or more"),
        ({"max_epochs": 1.5}, "trainer.max_epochs=1.5"),
        (
            {"monitor": "val/auc"},
            "trainer.monitor=val/auc: no such metric; did you mean val/roc_auc",
        ),
        ({"precision": "8"}, "trainer.precision=8"),
        ({"patience": 0}, "trainer.patience=0: expected 1 or more, or null"),
        ({"patience": 2, "save_best": False}, "trainer.patience=2 with trainer.save_best=false"),
        ({"evaluation_epochs": 0}, "trainer.evaluation_epochs=0: expected a whole number"),
        ({"evaluation_epochs": 1.5}, "trainer.evaluation_epochs=1.5: expected a whole number"),
        (
            {"evaluation_epochs": 2, "max_epochs": 5},
            "trainer.evaluation_epochs=2 with trainer.max_epochs=5 would not evaluate the last",
        ),
        ({"gradient_clip": 1.0}, "trainer: .*gradient_clip"),
    ):
        with pytest.raises(ConfigError, match=message):
            build_trainer(tmp_path, **options)


@pytest.mark.parametrize(
    ("every", "epochs", "expected"),
    [(1, 2, [3, 6]), (2, 4, [6, 12]), (0.34, 2, [1, 2, 3, 4, 5, 6])],
)
def test_validation_comes_every_so_many_epochs(
    every: float, epochs: int, expected: list[int], photos: Path, tmp_path: Path
) -> None:
    logger = CSVLogger(tmp_path)
    options: dict[str, Any] = {
        "evaluation_epochs": every,
        "max_epochs": epochs,
        "log_every_n_steps": 1,
    }
    done = train(photos, tmp_path / "run", logger=logger, **options)
    logged = pd.read_csv(Path(logger.log_dir) / "metrics.csv")
    steps = logged.loc[logged["val/loss"].notna(), "step"]
    assert [step + 1 for step in steps] == expected  # 3 steps an epoch
    last = torch.load(done.folder / "checkpoints" / "last.ckpt", weights_only=True)
    assert last["global_step"] == 3 * epochs


def test_training_stops_where_nothing_gets_better(photos: Path, tmp_path: Path) -> None:
    still = {"optimizer": lambda groups: SGD(groups, lr=0.0), "freeze_epochs": 9}
    done = train(photos, tmp_path / "run", model=still, max_epochs=9, patience=2)
    assert done.trainer.current_epoch == 3  # the first is the best, and two are not better


def test_the_last_epoch_is_kept_where_the_best_is_not_asked_for(
    photos: Path, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"max_epochs": 3, "monitor": "val/loss"}
    worse = {"optimizer": lambda groups: SGD(groups, lr=1.0, maximize=True)}
    kept = {
        save_best: torch.load(
            train(photos, tmp_path / str(save_best), model=worse, save_best=save_best, **options)
            .folder / "checkpoints" / "best.ckpt",
            weights_only=True,
        )["epoch"]
        for save_best in (True, False)
    }  # fmt: skip
    assert kept[True] < kept[False] == 2


def test_gradients_are_accumulated_and_clipped(photos: Path, tmp_path: Path) -> None:
    sizes = []

    class Watch(Callback):
        def on_train_batch_end(self, trainer: Any, pl_module: Any, *args: Any) -> None:
            gradients = [one.grad.norm() for one in pl_module.parameters() if one.grad is not None]
            sizes.append(float(torch.stack(gradients).norm()))

    done = train(
        photos, tmp_path / "run", callbacks=[Watch()],
        accumulate_grad_batches=3, gradient_clip_val=1e-3,
    )  # fmt: skip
    assert done.trainer.global_step == 1  # of three batches
    assert sizes[-1] == pytest.approx(1e-3, rel=1e-3)
    assert min(sizes[:-1]) > 1e-2


@pytest.mark.parametrize("ema", [0, 1, 1.5])
def test_an_ema_decay_that_cannot_be_used_is_named(ema: float, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"trainer.ema={ema}: expected more than 0"):
        build_trainer(tmp_path, ema=ema)


def test_a_seed_makes_random_numbers_repeatable() -> None:
    def draw(seed: int) -> torch.Tensor:
        assert seed_everything(seed) == seed
        return torch.rand(5)

    assert torch.equal(draw(0), draw(0))
    assert not torch.equal(draw(0), draw(2**32 - 1))
    drawn = {seed_everything(-1) for _ in range(5)}
    assert len(drawn) > 1
    assert all(0 <= seed < 2**32 for seed in drawn)


@pytest.mark.parametrize("seed", [-2, 2**32])
def test_a_seed_that_cannot_be_used_is_named(seed: int) -> None:
    with pytest.raises(ConfigError, match=rf"seed={seed}: expected 0 to 4294967295, or -1"):
        seed_everything(seed)
