"""Keys that say which photos train, validate and test, alone and together."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.data import PhotoDataModule
from resistor_cls.data.pseudo_labels import PseudoLabels
from resistor_cls.data.splits.assign import sample_roles
from resistor_cls.data.splits.config import SplitConfig
from resistor_cls.errors import ConfigError
from tests.helpers.photo_files import write_photo

Make = Callable[..., PhotoDataModule]


def counts_of(data: PhotoDataModule) -> dict[str, int]:
    roles, counts = np.unique(data.split.role_of, return_counts=True)
    return dict(zip(roles.tolist(), counts.tolist(), strict=True))


@given(
    photos=st.lists(st.tuples(st.sampled_from("tv"), st.integers(0, 3)), min_size=1, max_size=60),
    shares=st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)),
    seed=st.integers(0, 99),
)
def test_a_sample_has_its_share_of_every_category_and_role(photos, shares, seed):
    names = {"t": "train", "v": "validation"}
    role_of = np.array([names[role] for role, _ in photos], dtype="<U10")
    targets = np.array([target for _, target in photos])
    small, large = sorted(shares)
    left = [sample_roles(role_of, targets, share, ("train",), seed) for share in (small, large)]
    assert not ((left[0] != "dropped") & (left[1] == "dropped")).any()  # one lies in the other
    assert np.array_equal(left[0][role_of == "validation"], role_of[role_of == "validation"])
    for target in np.unique(targets[role_of == "train"]):
        members = (targets == target) & (role_of == "train")
        kept = (left[1][members] == "train").sum()
        assert kept == max(1, round(large * members.sum()))
    assert np.array_equal(sample_roles(role_of, targets, 1.0, ("train",), seed), role_of)


def test_a_sample_is_for_a_quick_look(make: Make, tmp_path: Path):
    write_photo(tmp_path / "test/4K7/0.jpg", (1, 2, 250))
    for of, train, validation in (("both", 12, 3), ("train", 12, 6), ("validation", 24, 3)):
        data = make(sample=0.5, sample_of=of, test=tmp_path / "test")
        data.setup()
        assert (len(data.train_indices), len(data.validation_indices)) == (train, validation)
        assert counts_of(data)["test"] == 1
    whole = make(sample=0.1, subset="all")
    whole.setup()
    assert len(whole.test_indices) == 3
    seeds = [make(sample=0.5, split_seed=seed, split="capture") for seed in (0, 0, 1)]
    roles = []
    for data in seeds:
        data.setup()
        roles.append(data.split.role_of.tolist())
    assert roles[0] == roles[1] != roles[2]


def test_the_final_model_trains_on_validation_photos_too(make: Make, tmp_path: Path):
    write_photo(tmp_path / "test/4K7/0.jpg", (1, 2, 250))
    how = {"split": "capture", "gap": 2, "fold": 1, "test": tmp_path / "test", "drop_last": False}
    honest, final = make(**how), make(**how, train_on_validation=True)
    sampled = make(**how, train_on_validation=True, sample=0.5)
    for data in (honest, final, sampled):
        data.setup()
    assert counts_of(honest) == {"dropped": 12, "test": 1, "train": 12, "validation": 6}
    assert np.array_equal(final.validation_indices, honest.validation_indices)
    assert final.split_fingerprint != honest.split_fingerprint
    main = np.flatnonzero(final.split.role_of != "test")
    assert final.train_indices.tolist() == main.tolist()
    shown = [index for batch in final.train_dataloader() for index in batch["indices"].tolist()]
    assert sorted(shown) == main.tolist()
    assert final.train_counts.tolist() == [10, 10, 10]
    assert final.count_overlap(final.trained_on()) == len(final.test_indices) == 6
    assert honest.count_overlap(honest.trained_on()) == 0
    assert len(sampled.train_indices) == 12 + 3
    assert counts_of(sampled)["dropped"] == 15
    final.subset = "test"
    assert final.count_overlap(final.trained_on()) == 0


def test_a_share_validates_in_the_place_of_a_fold(make: Make):
    data = make(validation_size=0.3)
    data.setup()
    assert counts_of(data) == {"train": 21, "validation": 9}


def test_the_batch_size_may_change(make: Make):
    data = make()
    data.setup()
    data.batch_size = 3
    assert data.settings["batch_size"] == 3
    for loader in (data.train_dataloader(), data.val_dataloader()):
        assert len(next(iter(loader))["targets"]) == 3
    data.batch_size = 25
    with pytest.raises(ConfigError, match=r"data\.batch_size=25 is more than the 24 training"):
        data.train_dataloader()


def test_training_batches_alone_are_mixed(make: Make):
    def mix(batch: dict[str, torch.Tensor], categories: int) -> dict[str, torch.Tensor]:
        return {**batch, "soft_targets": torch.full((len(batch["targets"]), categories), 0.5)}

    class Seen(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.shapes: dict[str, set[Any]] = {"train": set(), "validation": set()}
            self.weight = torch.nn.Parameter(torch.zeros(()))

        def _note(self, step: str, batch: dict[str, torch.Tensor]) -> None:
            soft = batch.get("soft_targets")
            self.shapes[step].add(None if soft is None else tuple(soft.shape))

        def training_step(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
            self._note("train", batch)
            return self.weight

        def validation_step(self, batch: dict[str, torch.Tensor]) -> None:
            self._note("validation", batch)

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    for mixing, shape in ((mix, (4, 3)), (None, None)):
        model = Seen()
        trainer = lightning.Trainer(
            accelerator="cpu", max_epochs=1, logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        trainer.fit(model, make(mix=mixing, workers=1))
        assert model.shapes == {"train": {shape}, "validation": {None}}


STREAM = {"stream": lambda *_: None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gap": -1}, r"data\.gap=-1: expected 0 or more"),
        ({"validation_size": 0}, r"data\.validation_size=0: expected a share above 0 and below 1"),
        ({"validation_size": 1.0}, r"data\.validation_size=1\.0: expected a share"),
        ({"validation_size": "a"}, r"data\.validation_size=a: expected a share"),
        ({"validation_size": True}, r"data\.validation_size=True: expected a share"),
        (
            {"validation_size": 0.2, "split": "camera"},
            r"data\.validation_size=0\.2 does not go with data\.split=camera: choose stratified,",
        ),
        ({"validation_size": 0.2, "split": "background"}, r"data\.split=background"),
        ({"validation_size": 0.2, "split": "x/split.csv"}, r"data\.split=.*x/split\.csv: choose"),
        (
            {"validation_size": 0.2, "fold": 1},
            r"data\.validation_size=0\.2 is one share .* data\.fold=1: leave one",
        ),
        (
            {"validation": "val", "split": "capture"},
            r"data\.validation=.*val and data\.split=capture both say what validates",
        ),
        ({"validation": "val", "fold": 2}, r"data\.validation=.*val and data\.fold=2 both"),
        (
            {"validation": "val", "validation_size": 0.1},
            r"data\.validation=.*val and data\.validation_size=0\.1 both",
        ),
        ({"sample": 0}, r"data\.sample=0: expected a share above 0, at most 1"),
        ({"sample": 1.5}, r"data\.sample=1\.5: expected a share"),
        ({"sample": 0.5, "sample_of": "tain"}, r"data\.sample_of=tain: did you mean train"),
        (STREAM | {"validation": "val"}, r"data\.validation=.*val does not go with data\.stream"),
        (STREAM | {"validation_size": 0.2}, r"data\.validation_size=0\.2 .* data\.stream"),
        (STREAM | {"train_on_validation": True}, r"data\.train_on_validation=True .* data\.stream"),
        (
            STREAM | {"pseudo": PseudoLabels(Path(), (), (), (), 0, 0.9)},
            r"pseudo\.photos does not go with data\.stream",
        ),
        (STREAM | {"mix": lambda batch, _: batch}, r"mix does not go with data\.stream"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(make: Make, changes: dict, message: str):
    with pytest.raises(ConfigError, match=message):
        make(**changes)


def test_what_is_set_later_is_refused_too(make: Make):
    data = make(**STREAM)
    data.pseudo = PseudoLabels(Path(), (), (), (), 0, 0.9)
    with pytest.raises(ConfigError, match=r"pseudo\.photos does not go with data\.stream"):
        data.setup()


def test_every_key_of_the_split_is_a_setting(make: Make):
    settings = make().settings
    assert {key: settings[key] for key in vars(SplitConfig())} == vars(SplitConfig())
