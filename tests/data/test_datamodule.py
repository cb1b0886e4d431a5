import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import albumentations
import lightning
import numpy as np
import pytest
import torch

from resistor_cls.data import PhotoDataModule, data_module_from_settings
from resistor_cls.data.dataset import EpochSampler, Repeatable
from resistor_cls.data.geometry import OrientedBox
from resistor_cls.data.images.preprocessed import PreprocessedImage
from resistor_cls.data.images.resize import Resize
from resistor_cls.data.loaders import training_options
from resistor_cls.data.pseudo_labels import PseudoLabels
from resistor_cls.errors import ConfigError, DataError
from tests.helpers.photo_files import NAMES, write_folder, write_photo

Make = Callable[..., PhotoDataModule]


def test_batches_hold_photos_targets_and_indices(make: Make) -> None:
    data = make()
    data.setup()
    photo_set = data.photo_set
    seen: list[int] = []
    for batch in data.val_dataloader():
        photos, targets, indices = batch["photos"], batch["targets"], batch["indices"]
        assert photos.shape[1:] == (3, 16, 16)
        assert (photos.dtype, targets.dtype, indices.dtype) == (
            torch.uint8,
            torch.int64,
            torch.int64,
        )
        for photo, target, index in zip(photos, targets, indices, strict=True):
            assert int(target) == photo_set.targets[int(index)]
            assert np.array_equal(photo.permute(1, 2, 0).numpy(), data.photo(int(index)))
        seen += indices.tolist()
    assert seen == data.validation_indices.tolist()


def test_photos_are_preprocessed_as_the_model_asks(make: Make) -> None:
    class Dark(Resize):
        locates = True

        def __call__(self, photo: np.ndarray) -> PreprocessedImage:
            return PreprocessedImage(super().__call__(photo).photo // 2, located=False)

    plain, dark = make(), make(preprocess=Dark(24))
    plain.setup()
    dark.setup()
    assert plain.located is None
    assert dark.located is not None
    assert dark.located.tolist() == [False] * 30
    assert dark.settings["image_size"] == 24
    assert dark.photo(9).shape == (24, 24, 3)
    assert dark.photo(9)[0, 0].tolist() == (plain.photo(9)[0, 0] // 2).tolist()


@pytest.mark.parametrize("fold", range(5))
def test_training_and_validation_share_no_photo(make: Make, fold: int) -> None:
    data = make(fold=fold, drop_last=False)
    data.setup()
    train = [index for batch in data.train_dataloader() for index in batch["indices"].tolist()]
    validation = data.validation_indices.tolist()
    assert sorted([*train, *validation]) == list(range(30))
    assert len(validation) == 6


def test_the_last_batch_is_dropped_if_asked(make: Make) -> None:
    for drop_last, sizes in ((True, [7, 7, 7]), (False, [7, 7, 7, 3])):
        data = make(batch_size=7, drop_last=drop_last)
        data.setup()
        assert [len(batch["targets"]) for batch in data.train_dataloader()] == sizes
    data = make(batch_size=25)
    data.setup()
    with pytest.raises(ConfigError, match=r"data.batch_size=25 is more than the 24 training photo"):
        data.train_dataloader()


@pytest.mark.parametrize(("subset", "count"), [("validation", 6), ("train", 24), ("all", 30)])
def test_test_batches_hold_the_subset(make: Make, subset: str, count: int) -> None:
    data = make(subset=subset)
    data.setup()
    indices = [index for batch in data.test_dataloader() for index in batch["indices"].tolist()]
    assert indices == data.test_indices.tolist()
    assert len(indices) == count


def test_all_photos_can_be_evaluated_if_they_are_too_few_to_split(
    make: Make, tmp_path: Path
) -> None:
    data = make(root=write_folder(tmp_path / "few", each=1), subset="all")
    data.setup()
    assert data.test_indices.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"per_category": 3}, "data.per_category is not a key of the source folder; .*categories"),
        ({"root": None}, "data.root is not set: the source folder needs it"),
        ({"source": "table"}, "data.table is not set: the source table needs it"),
        ({"source": "foldr"}, "data.source=foldr: no such source; did you mean folder"),
        ({"image_size": 0}, "data.image_size=0: expected 1 or more"),
        ({"batch_size": -1}, "data.batch_size=-1: expected 1 or more"),
        ({"split": "stratifed"}, "data.split=stratifed: did you mean stratified"),
        ({"folds": 1}, "data.folds=1: expected 2 or more"),
        ({"fold": 5}, "data.fold=5: expected 0 to 4"),
        ({"fold": -1}, "data.fold=-1: expected 0 to 4"),
        ({"subset": "val"}, "subset=val: "),
        ({"workers": -1}, "data.workers=-1: expected auto, 0 or more"),
        ({"workers": "many"}, "data.workers=many: expected auto, 0 or more"),
        ({"augment": ["flip"]}, "augment: 'flip' is not an albumentations transform"),
    ],
)
def test_an_argument_that_cannot_be_used_is_named(
    make: Make, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        make(**changes)


def test_unreadable_photos_stop_or_are_left_out(make: Make, tmp_path: Path) -> None:
    broken = {
        "10R/1.jpg": (b"", "the file is empty"),
        "4K7/2.jpg": (b"hello", "not a photo, or its beginning is damaged"),
        "left/3.jpg": (write_photo(tmp_path / "x.jpg").read_bytes()[:300], "cannot be decoded"),
    }
    for name, (content, _) in broken.items():
        (tmp_path / "photos" / name).write_bytes(content)
    with pytest.raises(DataError, match="3 of 30 photos cannot be read") as caught:
        make().setup()
    data = make(skip_unreadable=True)
    data.setup()
    for name, (_, reason) in broken.items():
        assert f"{name} (" in str(caught.value)
        assert reason in str(caught.value)
        assert reason in data.unreadable[name]
    assert "data.skip_unreadable=true" in str(caught.value)
    assert not set(broken) & set(data.photo_set.names)
    assert len(data.photo_set) == len(data.split.role_of) == 27
    last = next(i for i, name in enumerate(data.photo_set.names) if name == "left/9.jpg")
    # The colour of this photo: no index has shifted.
    assert data.photo(last)[0, 0, 1] == pytest.approx(90, abs=6)


def test_the_fingerprint_is_of_content_and_labels_alone(make: Make, tmp_path: Path) -> None:
    def fingerprint(root: Path) -> str:
        data = make(root=root)
        data.setup()
        return data.fingerprint

    original = fingerprint(tmp_path / "photos")
    renamed = write_folder(tmp_path / "renamed", each=10)
    for path in sorted(renamed.rglob("*.jpg")):
        path.rename(path.with_name(f"photo_{9 - int(path.stem)}.JPG"))
    assert fingerprint(renamed) == original
    relabelled = write_folder(tmp_path / "relabelled", NAMES[::-1], each=10)
    assert fingerprint(relabelled) != original
    write_photo(renamed / "10R" / "photo_0.JPG")
    assert fingerprint(renamed) != original


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # more than some machines like
def test_training_batches_repeat_to_the_bit_whatever_the_workers(make: Make) -> None:
    def two_epochs(seed: int, workers: int) -> list[torch.Tensor]:
        data = make(
            augment=[albumentations.RandomBrightnessContrast(p=1)], batch_size=4, workers=workers
        )
        data.setup()
        lightning.seed_everything(seed, workers=True, verbose=False)
        loader = data.train_dataloader()
        return [torch.cat([batch["photos"] for batch in loader]) for _ in range(2)]

    first, second = two_epochs(0, workers=0)
    assert not torch.equal(first, second)
    assert not torch.equal(first, two_epochs(1, workers=0)[0])
    for workers in (0, 1, 2, 4):
        again, later = two_epochs(0, workers)
        assert torch.equal(first, again)
        assert torch.equal(second, later)


def test_random_numbers_depend_on_seed_epoch_and_position_alone(make: Make) -> None:
    data = make(augment=[albumentations.RandomBrightnessContrast(p=1)])
    data.setup()

    def photo(seed: int, epoch: int, position: int) -> bytes:
        return Repeatable(data.train_dataset, seed)[epoch, position]["photos"].numpy().tobytes()

    torch.manual_seed(0)
    before = torch.get_rng_state()
    one = photo(0, 0, 5)
    assert torch.equal(torch.get_rng_state(), before)  # the global generator is unchanged
    torch.manual_seed(1)
    photo(0, 0, 4)
    assert photo(0, 0, 5) == one
    others = {photo(1, 0, 5), photo(0, 1, 5), photo(0, 0, 4)}
    assert len({one, *others}) == 4


def test_processes_share_an_epoch_and_each_has_its_own_draws(make: Make) -> None:
    data = make()
    data.setup()
    ranks = [EpochSampler(data.train_dataset, 0, 2, rank) for rank in range(2)]
    for epoch in (0, 1, 5):
        for rank in ranks:
            rank.set_epoch(epoch)
        given = [key for rank in ranks for key in rank]
        assert sorted(given) == [(epoch, position) for position in range(24)]


def test_a_batch_must_be_filled_by_the_photos_of_each_process(make: Make) -> None:
    data = make()
    data.setup()
    options: dict[str, Any] = {"photo_bytes": 768, "workers": 0, "fixed_workers": True}
    for drop_last in (False, True):
        of_one = training_options(data.train_dataset, 13, drop_last=drop_last, ranks=(), **options)
        assert of_one["drop_last"] == drop_last
    training_options(data.train_dataset, 12, drop_last=True, ranks=(2, 1), **options)
    found = r"data\.batch_size=13 is more than the 12 training photos of each of 2 processes"
    with pytest.raises(ConfigError, match=found):
        training_options(data.train_dataset, 13, drop_last=True, ranks=(2, 1), **options)


def test_a_dataset_takes_no_photo_along_to_a_worker(make: Make, tmp_path: Path) -> None:
    names = ("one.jpg", "two.jpg")
    for number, name in enumerate(names):
        write_photo(tmp_path / "more" / name, (250, 99 * number, 90))
    confident = PseudoLabels(tmp_path / "more", names, ("10R", "4K7"), (0.9, 0.9), 2, 0.9)
    data = make(pseudo=confident, image_size=512)
    data.setup()
    assert data.pseudo_photos is not None
    assert data.pseudo_photos.used.size
    datasets: list[Any] = [data.train_dataset, data.val_dataloader().dataset]
    for dataset in datasets:
        sent = pickle.dumps(dataset)
        assert len(sent) < 20_000  # a photo has 786,432
        arrived = pickle.loads(sent)
        torch.manual_seed(0)
        one, other = dataset[len(dataset) - 1], arrived[len(dataset) - 1]
        assert all(torch.equal(one[name], other[name]) for name in one)
    photos = pickle.loads(pickle.dumps(data.pseudo_photos.photos))
    assert isinstance(photos, np.memmap)
    part = pickle.loads(pickle.dumps(photos[1:]))
    assert np.array_equal(part, photos[1:])


def test_settings_are_plain_values_that_make_the_same_module(make: Make, tmp_path: Path) -> None:
    categories = tmp_path / "categories.txt"
    categories.write_text("left\n10R\n4K7\n")
    data = make(categories=categories)
    data.setup()
    settings = json.loads(json.dumps(data.settings))
    again = data_module_from_settings(**settings, cache=tmp_path / "cache", workers=0)
    again.setup()
    assert again.fingerprint == data.fingerprint
    assert again.categories.names == ("left", "10R", "4K7")
    assert np.array_equal(again.validation_indices, data.validation_indices)


class Middle(Resize):
    """Finds a body in the middle of some photos."""

    locates = True

    def __call__(self, photo: np.ndarray) -> PreprocessedImage:
        small = super().__call__(photo).photo
        if photo[0, 0, 0] > 100:
            return PreprocessedImage(small, located=False)
        return PreprocessedImage(small, True, body=OrientedBox(8, 8, 0.0, 10, 4, 0.9))


def test_the_body_is_known_by_its_box_or_by_who_found_it(make: Make, tmp_path: Path) -> None:
    rows = ["10R/0.jpg,0.25,0.5,0.25,0.1", "left/0.jpg,0.5,0.5,0.5,0.25"]
    table = "\n".join(["file,x_center,y_center,width,height", *rows])
    (tmp_path / "photos" / "boxes.csv").write_text(table)
    data = make(preprocess=Middle(16))
    data.setup()

    def body(name: str) -> Any:
        return data.body(data.photo_set.names.index(name))

    assert body("left/1.jpg") is None  # neither a box nor found
    pixels, known_by = body("left/0.jpg")  # a box alone: all of it
    assert known_by == "box"
    assert np.argwhere(pixels).min(0).tolist() == [6, 4]
    assert pixels.sum() == 4 * 8
    pixels, known_by = body("10R/1.jpg")  # found alone
    assert known_by == "locator"
    assert pixels[8, 8]
    assert 30 < pixels.sum() <= 40
    pixels, known_by = body("10R/0.jpg")  # both: where the box says, as slender as was found
    assert known_by == "box"
    assert pixels[8, 4]
    assert not pixels[:, 8:].any()
    assert make().body(0).known_by == "box"  # whole photos, before any setup


def test_without_boxes_the_body_is_unknown_and_bad_ones_are_named(
    make: Make, tmp_path: Path
) -> None:
    assert make().body(0) is None
    (tmp_path / "photos" / "boxes.csv").write_text("file,x_center\n10R/0.jpg,0.5\n")
    with pytest.raises(DataError, match=r"boxes\.csv: .*expected the columns"):
        make().body(0)


def test_the_batch_size_may_change(make: Make) -> None:
    data = make()
    data.setup()
    data.batch_size = 3
    assert data.settings["batch_size"] == 3
    for loader in (data.train_dataloader(), data.val_dataloader()):
        assert len(next(iter(loader))["targets"]) == 3
    data.batch_size = 25
    with pytest.raises(ConfigError, match=r"data\.batch_size=25 is more than the 24 training"):
        data.train_dataloader()


def test_training_batches_alone_are_mixed(make: Make) -> None:
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
