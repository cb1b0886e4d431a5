"""Pseudo-labelled photos: they train and do nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from resistor_cls.data import PhotoDataModule
from resistor_cls.data.pseudo_labels import PseudoLabels
from resistor_cls.errors import DataError
from tests.helpers.photo_files import write_photo

Make = Callable[..., PhotoDataModule]


@pytest.fixture
def pseudo(make: Make, tmp_path: Path) -> PseudoLabels:
    """Six photos: two new ones, a broken one, and one each that trains, validates and tests."""
    root = tmp_path / "more"
    for name, green in (("a.jpg", 40), ("b.jpg", 160)):
        write_photo(root / name, (250, green, 90))
    (root / "broken.jpg").write_bytes(b"")
    write_photo(tmp_path / "test/4K7/0.jpg", (1, 2, 250))
    data = make()
    data.setup()
    known = {
        "test.jpg": tmp_path / "test/4K7/0.jpg",
        "train.jpg": data.photo_set.path(data.train_indices[0]),
        "validation.jpg": data.photo_set.path(data.validation_indices[0]),
    }
    for name, path in known.items():
        (root / name).write_bytes(path.read_bytes())
    names = tuple(sorted(path.name for path in root.iterdir()))
    labels = ("left", "10R", "10R", "4K7", "10R", "10R")
    return PseudoLabels(root, names, labels, (0.9,) * 6, count=9, threshold=0.9)


def test_pseudo_labelled_photos_train_and_do_nothing_else(
    make: Make, tmp_path: Path, pseudo: PseudoLabels
) -> None:
    plain = make(test=tmp_path / "test", drop_last=False)
    data = make(test=tmp_path / "test", drop_last=False)
    data.pseudo = pseudo
    for module in (plain, data):
        module.prepare_data()
        module.setup()
    table = data.pseudo_table().set_index("photo")
    assert list(table.columns) == ["category", "confidence", "used", "reason"]
    assert list(table.index[table.used]) == ["a.jpg", "b.jpg"]
    assert table.reason["broken.jpg"] == "the file is empty: copy the photo again"
    for name, role in (("test", "test"), ("train", "training"), ("validation", "validation")):
        assert table.reason[f"{name}.jpg"] == f"the same picture is among the {role} photos"

    assert data.train_length == plain.train_length + 2
    assert (data.train_counts - plain.train_counts).tolist() == [1, 0, 1]
    assert plain.train_counts.tolist() == [8, 8, 8]
    added = set(data.trained_on()) - set(plain.trained_on())
    assert len(added) == 2
    assert added.isdisjoint(image.pixel_hash for image in data.metadata)
    assert data.fingerprint == plain.fingerprint
    assert data.validation_indices.tolist() == plain.validation_indices.tolist()

    items = [
        item for batch in data.train_dataloader() for item in zip(*batch.values(), strict=True)
    ]
    extra = [(photo[0, 0, 0].item(), target.item()) for photo, target, i in items if i == -1]
    names = data.categories.names
    assert sorted(extra, key=lambda item: item[1]) == [
        (pytest.approx(250, abs=6), names.index("10R")),
        (pytest.approx(250, abs=6), names.index("left")),
    ]
    shown = sorted(index.item() for _, _, index in items if index >= 0)
    assert shown == plain.train_indices.tolist()


def test_nothing_is_used_if_nothing_is_confident(make: Make, tmp_path: Path) -> None:
    data = make(pseudo=PseudoLabels(tmp_path, (), (), (), count=7, threshold=0.99))
    data.setup()
    assert data.train_length == 24
    assert len(data.pseudo_table()) == 0
    plain = make()
    plain.setup()
    assert list(plain.pseudo_table().columns) == list(data.pseudo_table().columns)


def test_a_teacher_of_other_categories_is_refused(make: Make, tmp_path: Path) -> None:
    write_photo(tmp_path / "more/a.jpg")
    pseudo = PseudoLabels(tmp_path / "more", ("a.jpg",), ("1M",), (1.0,), count=1, threshold=0.5)
    with pytest.raises(
        DataError, match=r"pseudo\.teacher predicts '1M', which is not one of the 3 cat"
    ):
        make(pseudo=pseudo).setup()
