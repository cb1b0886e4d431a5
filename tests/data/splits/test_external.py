"""Validation and test photos that are given: read, merged, never trained on."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from resistor_cls.data import PhotoDataModule, data_module_from_settings
from resistor_cls.errors import ConfigError, DataError
from tests.helpers.photo_files import NAMES, write_photo

Make = Callable[..., PhotoDataModule]


def write_external(
    root: Path, names: Iterable[str] = NAMES, each: int = 2, blue: int = 200
) -> Path:
    """A folder per category; of another colour than the photos that train."""
    for number, name in enumerate(names):
        for copy in range(each):
            write_photo(root / name / f"{copy}.jpg", (60 * number, 10 * copy, blue))
    return root


def roles(data: PhotoDataModule) -> dict[str, str]:
    return dict(zip(data.photo_set.names, data.split.role_of.tolist(), strict=True))


def test_external_photos_validate_and_all_others_train(make: Make, tmp_path: Path) -> None:
    data = make(validation=write_external(tmp_path / "held/val"), subset="test", test=None)
    with pytest.raises(ConfigError, match=r"subset=test, .*set data\.test"):
        data.setup()
    test = write_external(tmp_path / "held/test", NAMES[1:2], each=3, blue=250)
    data = make(validation=tmp_path / "held/val", test=test, subset="test")
    data.setup()
    assert {
        role: [name for name, one in roles(data).items() if one == role]
        for role in ("validation", "test", "dropped")
    } == {
        "validation": [f"../held/val/{name}/{i}.jpg" for name in NAMES for i in range(2)],
        "test": [f"../held/test/4K7/{i}.jpg" for i in range(3)],
        "dropped": [],
    }
    assert len(data.train_indices) == data.train_length == 30
    assert all(path.is_file() for path in map(data.photo_set.path, range(39)))
    assert [data.photo_set.labels[index] for index in data.test_indices] == ["4K7"] * 3
    shown = [index for batch in data.test_dataloader() for index in batch["indices"].tolist()]
    assert shown == data.test_indices.tolist()
    pixels = {
        data.metadata[index].pixel_hash for index in [*data.validation_indices, *data.test_indices]
    }
    assert pixels.isdisjoint(data.trained_on())


def test_a_test_set_alone_leaves_the_split_as_it_is(make: Make, tmp_path: Path) -> None:
    test = write_external(tmp_path / "test")
    for how in ("stratified", "grouped", "capture"):
        plain, tested = make(split=how, fold=2), make(split=how, fold=2, test=test)
        plain.setup()
        tested.setup()
        own = {name: role for name, role in roles(tested).items() if not name.startswith("..")}
        assert own == roles(plain)
        assert [role for name, role in roles(tested).items() if name not in own] == ["test"] * 6
        assert tested.split_fingerprint != plain.split_fingerprint


def test_a_split_table_goes_with_a_test_set(make: Make, tmp_path: Path) -> None:
    test = write_external(tmp_path / "test")
    for first in (None, test):  # of a run with the test set or without
        data = make(split="capture", gap=1, test=first)
        data.setup()
        data.split_table().to_csv(tmp_path / "split.csv", index=False)
        again = make(split=str(tmp_path / "split.csv"), test=test)
        again.setup()
        assert roles(again) == roles(data) | dict.fromkeys(list(roles(again))[30:], "test")
    with pytest.raises(DataError, match="6 are not among the photos now"):
        make(split=str(tmp_path / "split.csv")).setup()


def test_settings_find_external_photos_again(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_external(tmp_path / "val")
    monkeypatch.chdir(tmp_path)
    data = make(validation="val", test=write_external(tmp_path / "test", blue=250))
    data.setup()
    monkeypatch.chdir("/")
    settings = json.loads(json.dumps(data.settings))
    again = data_module_from_settings(**settings, cache=tmp_path / "cache", workers=0, subset="all")
    again.setup()
    assert again.fingerprint == data.fingerprint
    assert len(again.test_indices) == 42
    assert again.settings == data.settings


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".pq"])
def test_external_tables_have_the_columns_of_the_main_table(
    make: Make, tmp_path: Path, suffix: str
) -> None:
    write_external(tmp_path / "photos/more", each=1)
    rows = {
        "train": [(f"{name}/{i}.jpg", f"class_{name}") for name in NAMES for i in range(10)],
        "test": [("more/4K7/0.jpg", " class_4K7 "), ("more/left/0.jpg", "class_left")],
    }
    for which, part in rows.items():
        table = pd.DataFrame(part, columns=["file", "class"])
        path = tmp_path / f"{which}{suffix}"
        table.to_csv(path, index=False) if suffix == ".csv" else table.to_parquet(path)
    data = make(
        source="table", table=tmp_path / f"train{suffix}", test=tmp_path / f"test{suffix}",
        image_column="file", category_column="class", subset="test",
    )  # fmt: skip
    data.setup()
    named = [(data.photo_set.names[i], data.photo_set.labels[i]) for i in data.test_indices]
    assert named == [("more/4K7/0.jpg", "4K7"), ("more/left/0.jpg", "left")]


def test_names_in_an_external_table_are_relative_to_it(make: Make, tmp_path: Path) -> None:
    write_external(tmp_path / "held")
    table = tmp_path / "held/test.csv"
    table.write_text("image,category\n4K7/0.jpg,4K7\n")
    data = make(test=table, subset="test")
    data.setup()
    assert [data.photo_set.names[i] for i in data.test_indices] == ["../held/4K7/0.jpg"]
    table.write_text("image,class\n4K7/0.jpg,4K7\n")
    with pytest.raises(
        DataError, match=r"data\.category_column=category: no such column in .*held"
    ):
        make(test=table).setup()


def test_what_an_external_table_states_about_parts_is_known(make: Make, tmp_path: Path) -> None:
    write_external(tmp_path / "held")
    table = tmp_path / "held/test.csv"
    table.write_text(
        "photo,category,ohms,bands,photographer\n"
        "4K7/0.jpg,4K7,4k7,yellow violet red gold,ann\n10R/1.jpg,10R,,,\n"
    )
    data = make(test=table, subset="test")
    data.setup()
    stated = data.photo_set.part_labels
    assert stated is not None and stated.photographers is not None and stated.parts is None
    assert np.isnan(stated.ohms[:30]).all() and not any(stated.codes[:30])
    found = {
        data.photo_set.names[i]: (stated.codes[i], stated.band_counts[i], stated.photographers[i])
        for i in data.test_indices
    }
    bands = ("yellow", "violet", "red", "gold")
    assert found == {"../held/10R/1.jpg": ((), 0, ""), "../held/4K7/0.jpg": (bands, 4, "ann")}
    assert not data.photo_set.by_value


def test_what_the_main_table_states_about_parts_is_kept(make: Make, tmp_path: Path) -> None:
    write_external(tmp_path / "held", ("10R",))
    write_external(tmp_path / "photos/more", ("left",), each=1)
    ohms = dict(zip(NAMES, ("10", "4k7", "470"), strict=True))
    rows = [f"{name}/{i}.jpg,{ohms[name]},{name}" for name in NAMES for i in range(10)]
    (tmp_path / "main.csv").write_text("\n".join(["image,ohms,part", *rows]) + "\n")
    (tmp_path / "test.csv").write_text("file,ohms\nmore/left/0.jpg,470\n")
    for test, labels in ((tmp_path / "held", ["10R"] * 2), (tmp_path / "test.csv", ["470R"])):
        data = make(source="table", table=tmp_path / "main.csv", test=test, subset="test")
        data.setup()
        photo_set = data.photo_set
        assert photo_set.by_value and photo_set.categories.names == ("10R", "470R", "4K7")
        assert [photo_set.labels[index] for index in data.test_indices] == labels
        assert photo_set.part_labels is not None and photo_set.part_labels.parts is not None
        assert np.nansum(photo_set.part_labels.ohms[:30]) == 51800
        parts = [name for name in NAMES for _ in range(10)] + [""] * len(labels)
        assert photo_set.part_labels.parts == tuple(parts)


@pytest.mark.parametrize(
    ("train", "given"),
    [
        (NAMES, [f"class_{name}" for name in NAMES[:2]]),
        ([f"class_{name}" for name in NAMES], NAMES[:1]),
        ([f"class_{name}" for name in NAMES], [f"class_{name}" for name in NAMES[1:]]),
        (("class_10R", "4K7"), ("class_10R",)),
    ],
)
def test_labels_lose_their_prefix_as_those_of_the_training_photos(
    make: Make, tmp_path: Path, train: Iterable[str], given: Iterable[str]
) -> None:
    root = write_external(tmp_path / "train", train, each=5, blue=10)
    data = make(root=root, validation=write_external(tmp_path / "val", given), batch_size=2)
    data.setup()
    labels = {data.photo_set.labels[index] for index in data.validation_indices}
    own = data.categories.names
    assert labels == {name if name in own else name.removeprefix("class_") for name in given}


def test_what_is_wrong_with_an_external_split_is_named(make: Make, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data\.validation=.*absent does not exist: expected a fo"):
        make(validation=tmp_path / "absent").setup()
    with pytest.raises(DataError, match=r"data\.test=.*absent\.pq cannot be read"):
        make(test=tmp_path / "absent.pq").setup()
    write_external(tmp_path / "odd", ("4K7", "5K", "6K"))
    with pytest.raises(DataError, match=r"data\.test=.*odd has photos of '5K', which is not a cat"):
        make(test=tmp_path / "odd").setup()
    broken = tmp_path / "broken/4K7/0.jpg"
    write_photo(broken).write_bytes(b"")
    with pytest.raises(DataError, match="1 of 31 photos cannot be read") as caught:
        make(test=tmp_path / "broken").setup()
    assert "../broken/4K7/0.jpg (the file is empty: copy the photo again)" in str(caught.value)
    with pytest.raises(DataError, match=r"data\.test=.*broken: none of its photos can be read"):
        make(test=tmp_path / "broken", skip_unreadable=True).setup()
    for name in range(10):
        (tmp_path / f"photos/left/{name}.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"no photo of 'left' in .*photos can be read"):
        make(validation=write_external(tmp_path / "val"), skip_unreadable=True).setup()


def test_pictures_that_are_in_two_sets_are_an_error(make: Make, tmp_path: Path) -> None:
    given = write_external(tmp_path / "given")
    (given / "left/7.jpg").write_bytes((tmp_path / "photos/left/3.jpg").read_bytes())
    (given / "left/8.jpg").write_bytes((tmp_path / "photos/4K7/4.jpg").read_bytes())
    message = r"2 of the 8 photos of data\.{}=.*given are also among those that train{}, such as "
    first = r"\.\./given/left/7\.jpg \(the picture of left/3\.jpg\): remove them"
    with pytest.raises(DataError, match=message.format("validation", "") + first):
        make(validation=given).setup()
    with pytest.raises(DataError, match=message.format("test", " or validate") + first):
        make(test=given).setup()
    one = write_external(tmp_path / "one")
    with pytest.raises(DataError, match=r"6 of the 6 photos of data\.test=.*one are also among"):
        make(validation=one, test=one).setup()


def test_boxes_of_external_photos_are_read_beside_them(make: Make, tmp_path: Path) -> None:
    validation = write_external(tmp_path / "val")
    for root, width in ((tmp_path / "photos", 0.5), (validation, 0.25)):
        rows = f"file,x_center,y_center,width,height\n10R/0.jpg,0.5,0.5,{width},1.0\n"
        (root / "boxes.csv").write_text(rows)
    data = make(validation=validation)
    data.setup()
    for name, pixels in (("10R/0.jpg", 8 * 16), ("../val/10R/0.jpg", 4 * 16)):
        body = data.body(data.photo_set.names.index(name))
        assert body is not None
        assert body.pixels.sum() == pixels
    assert data.body(data.photo_set.names.index("../val/4K7/0.jpg")) is None


def test_names_lead_to_external_photos_through_links(make: Make, tmp_path: Path) -> None:
    (tmp_path / "elsewhere/deep").mkdir(parents=True)
    (tmp_path / "photos").rename(tmp_path / "elsewhere/deep/photos")
    (tmp_path / "photos").symlink_to(tmp_path / "elsewhere/deep/photos")
    data = make(test=write_external(tmp_path / "test"), subset="test")
    data.setup()
    assert all(data.photo_set.path(index).is_file() for index in data.test_indices)
