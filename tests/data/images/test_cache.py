import json
import multiprocessing
import os
import re
import resource
import shutil
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.data import FolderSource
from resistor_cls.data.geometry import OrientedBox
from resistor_cls.data.images.cache import fingerprint, open_cache
from resistor_cls.data.images.decode import read_photo
from resistor_cls.data.images.preprocessed import PreprocessedImage
from resistor_cls.data.images.resize import Resize, resize_image
from resistor_cls.data.images.threads import one_torch_thread
from resistor_cls.errors import DataError
from tests.helpers.photo_files import NAMES, noise, write_folder, write_photo


def test_cached_photos_are_the_photos(tmp_path: Path) -> None:
    photos = FolderSource(write_folder(tmp_path / "photos")).read()
    cache = open_cache(photos, Resize(16), tmp_path / "cache")
    assert cache.photos.shape == (len(photos), 16, 16, 3)
    assert cache.readable == tuple(range(len(photos)))
    for index in range(len(photos)):
        assert np.array_equal(
            cache.photos[index], resize_image(read_photo(photos.path(index)), (16, 16))
        )


def test_photos_are_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = FolderSource(write_folder(tmp_path / "photos")).read()
    first = open_cache(photos, Resize(16), tmp_path / "cache")

    def no_decoding(*_: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(PIL.Image, "open", no_decoding)
    again = open_cache(FolderSource(tmp_path / "photos").read(), Resize(16), tmp_path / "cache")
    assert np.array_equal(again.photos, first.photos)
    assert again.metadata == first.metadata
    assert np.array_equal(again.edge_descriptors, first.edge_descriptors)
    assert np.array_equal(again.places, first.places)
    assert len(list((tmp_path / "cache" / "decoded").iterdir())) == 1


def test_arrays_keep_their_channels(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    photo = np.concatenate([noise(20, 30, 0), noise(20, 30, 1)], axis=2)[..., :5]
    for name in ("10R", "4K7"):
        (root / name).mkdir(parents=True)
        np.save(root / name / "0.npy", photo)
    write_photo(root / "4K7" / "1.jpg")
    cache = open_cache(FolderSource(root).read(), Resize([8, 12], 5), tmp_path / "cache")
    assert cache.photos.shape == (2, 8, 12, 5)
    assert np.array_equal(cache.photos[0], resize_image(photo, (8, 12)))
    assert (cache.metadata[0].mode, cache.metadata[0].width, cache.metadata[0].height) == (
        "5 channels", 30, 20,
    )  # fmt: skip
    assert "it has 3 channels, model.channels=5" in cache.unreadable["4K7/1.jpg"]


def test_caches_of_older_versions_are_still_found() -> None:
    assert [Resize(size).key for size in (224, [224, 224], [160, 320])] == [
        "shrink 224",
        "shrink 224",
        "shrink 160x320",
    ]
    assert Resize(224, 5).key != Resize(224).key


@pytest.mark.parametrize("change", ["content", "time", "added"])
def test_a_change_is_noticed(tmp_path: Path, change: str) -> None:
    root = write_folder(tmp_path / "photos")
    before = open_cache(FolderSource(root).read(), Resize(16), tmp_path / "cache")
    target = root / "10R" / ("new.jpg" if change == "added" else "0.jpg")
    if change == "time":  # another photo of the same length
        stat, size = target.stat(), target.stat().st_size
        write_photo(target, (1, 0, 90))
        assert target.stat().st_size == size
        os.utime(target, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    else:
        write_photo(target, (250, 250, 250))
    after = open_cache(FolderSource(root).read(), Resize(16), tmp_path / "cache")
    assert after.metadata != before.metadata


def test_each_size_and_each_folder_has_its_cache(tmp_path: Path) -> None:
    photos = FolderSource(write_folder(tmp_path / "photos")).read()
    other = FolderSource(write_folder(tmp_path / "others", NAMES[::-1])).read()
    cache = tmp_path / "cache"
    assert open_cache(photos, Resize(16), cache).photos.shape[1] == 16
    assert open_cache(photos, Resize(24), cache).photos.shape[1] == 24
    assert (
        open_cache(photos, Resize(16), cache).metadata
        != open_cache(other, Resize(16), cache).metadata
    )


class Marked:
    """Finds something in every photo whose red is 100 or more; where, its green says."""

    locates, channels = True, 3
    size: int | list[int]

    def __init__(self, size: int, key: str) -> None:
        self.size, self.shape, self.key = size, (size, size), key

    def __call__(self, photo: np.ndarray) -> PreprocessedImage:
        assert torch.get_num_threads() == 1
        red, green, _ = photo[0, 0].tolist()
        pixels = np.zeros((*self.shape, 3), np.uint8)
        if red < 100:
            return PreprocessedImage(pixels, located=False)
        place = np.array([[0.5, 0.1, green / 3], [-0.1, 0.5, 0.0]])
        return PreprocessedImage(
            pixels, True, place, OrientedBox(green / 7, 8.0, 0.1, 12.0, 4.0, 0.9)
        )

    def every(self, photo: np.ndarray) -> list[PreprocessedImage]:
        return [self(photo)]


def test_what_was_not_located_is_kept(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "photos")
    (root / "10R" / "1.jpg").write_bytes(b"")
    photos, threads = FolderSource(root).read(), torch.get_num_threads()
    for _ in range(2):  # built, then opened
        cache = open_cache(photos, Marked(16, "marked"), tmp_path / "cache")
        labels = [photos.labels[index] for index in cache.readable]
        assert cache.located.tolist() == [label == "left" for label in labels]
        assert cache.located.dtype == bool
        assert cache.photos.max() == 0
    assert torch.get_num_threads() == threads
    assert open_cache(photos, Resize(16), tmp_path / "cache").located.all()


def test_where_a_photo_and_its_body_lie_is_kept(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "photos")
    (root / "10R" / "1.jpg").write_bytes(b"")
    photos = FolderSource(root).read()
    for _ in range(2):  # built, then opened
        cache = open_cache(photos, Marked(16, "marked"), tmp_path / "cache")
        with one_torch_thread():
            fresh = [Marked(16, "")(read_photo(photos.path(index))) for index in cache.readable]
        assert {one.body is None for one in fresh} == {True, False}
        for index, one in enumerate(fresh):
            assert np.array_equal(cache.places[index], one.place)
            assert cache.body(index) == one.body
    whole = open_cache(photos, Resize(16), tmp_path / "cache")
    assert (whole.places == np.eye(2, 3)).all()
    assert whole.body(0) is None


def test_each_preprocessing_has_its_cache(tmp_path: Path) -> None:
    photos = FolderSource(write_folder(tmp_path / "photos")).read()
    for preprocess in (Resize(16), Marked(16, "marked"), Marked(16, "marked otherwise")):
        open_cache(photos, preprocess, tmp_path / "cache")
    assert len(list((tmp_path / "cache" / "decoded").iterdir())) == 3


def test_an_interrupted_build_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos, cache = FolderSource(write_folder(tmp_path / "photos")).read(), tmp_path / "cache"

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(PIL.Image, "open", interrupted)
        with pytest.raises(KeyboardInterrupt):
            open_cache(photos, Resize(16), cache)
    assert list((cache / "decoded").iterdir()) == []
    assert len(open_cache(photos, Resize(16), cache).metadata) == len(photos)


def test_unreadable_photos_are_named_and_the_others_kept(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "photos")
    (root / "4K7" / "1.jpg").write_bytes(b"")
    photos = FolderSource(root).read()
    for _ in range(2):  # built, then opened
        cache = open_cache(photos, Resize(16), tmp_path / "cache")
        assert cache.unreadable == {"4K7/1.jpg": "the file is empty: copy the photo again"}
        assert [photos.names[i] for i in cache.readable] == [
            name for name in photos.names if name != "4K7/1.jpg"
        ]
        assert len(cache.photos) == len(cache.metadata) == len(photos) - 1
        last = resize_image(read_photo(photos.path(len(photos) - 1)), (16, 16))
        assert np.array_equal(cache.photos[-1], last)


def test_a_cache_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    photos = FolderSource(write_folder(tmp_path / "photos")).read()
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(DataError, match=r"photo cache in .*file.* cannot be used.*paths.cache"):
        open_cache(photos, Resize(16), blocked / "cache")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "decoded").write_text("not a folder")
    with pytest.raises(DataError, match=r"photo cache in .*decoded cannot be used.*paths.cache"):
        open_cache(photos, Resize(16), tmp_path / "cache")


FILES = ("photos.uint8", "outlines.int8", "places.float64", "bodies.float64", "index.json")
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    "empty": lambda content: b"",
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["absent", "folder", *DAMAGE])
def test_a_damaged_cache_is_decoded_anew(
    tmp_path: Path, name: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    photos = FolderSource(write_folder(tmp_path / "photos")).read()
    first = open_cache(photos, Resize(16), tmp_path / "cache")
    file = next((tmp_path / "cache").glob(f"decoded/*/{name}"))
    content = file.read_bytes()
    file.unlink()
    if damage == "folder":
        file.mkdir()
    elif damage != "absent":
        file.write_bytes(DAMAGE[damage](content))
    again = open_cache(photos, Resize(16), tmp_path / "cache")
    assert np.array_equal(again.photos, first.photos)
    assert again.metadata == first.metadata
    assert re.search(r"the photo cache .* is damaged \(.+\): the photos are decoded", caplog.text)
    assert len(list((tmp_path / "cache" / "decoded").iterdir())) == 1
    caplog.clear()
    open_cache(photos, Resize(16), tmp_path / "cache")
    assert not caplog.text


@pytest.mark.parametrize(
    "change",
    [
        lambda index: index["facts"].pop(),
        lambda index: index["readable"].reverse(),
        lambda index: index["readable"].__setitem__(0, "first"),
        lambda index: index["unreadable"].update({"10R/9.jpg": "gone"}),
        lambda index: index["facts"][0].pop("camera"),
        lambda index: index.pop("located"),
        lambda index: index.update(metadata=[1] * 12),
    ],
)
def test_an_index_of_other_photos_is_made_anew(
    tmp_path: Path, change: Callable[[Any], object]
) -> None:
    photos = FolderSource(write_folder(tmp_path / "photos")).read()
    first = open_cache(photos, Resize(16), tmp_path / "cache")
    file = next((tmp_path / "cache").glob("decoded/*/index.json"))
    index = json.loads(file.read_text())
    change(index)
    for text in (json.dumps(index), "[" * 100_000):
        next((tmp_path / "cache").glob("decoded/*/index.json")).write_text(text)
        again = open_cache(photos, Resize(16), tmp_path / "cache")
        assert (again.metadata, again.readable) == (first.metadata, first.readable)


def test_a_file_instead_of_a_cache_is_replaced(tmp_path: Path) -> None:
    photos = FolderSource(write_folder(tmp_path / "photos")).read()
    open_cache(photos, Resize(16), tmp_path / "cache")
    place = next((tmp_path / "cache" / "decoded").iterdir())
    shutil.rmtree(place)
    place.write_text("a file")
    assert len(open_cache(photos, Resize(16), tmp_path / "cache").metadata) == len(photos)


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    photos = FolderSource(write_folder(tmp_path / "photos")).read()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(DataError, match=r"cannot be used: .*free some room or set paths.cache"):
            open_cache(photos, Resize(64), tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "cache" / "decoded").iterdir()) == []


def test_a_photo_that_vanishes_is_named(tmp_path: Path) -> None:
    photos = FolderSource(write_folder(tmp_path / "photos")).read()
    photos.path(0).unlink()
    with pytest.raises(DataError, match=f"{photos.path(0)}: No such file or directory: it was li"):
        open_cache(photos, Resize(16), tmp_path / "cache")


FORK = multiprocessing.get_context("fork")  # a new Python takes seconds to import PyTorch


class Waiting(Resize):
    """Says that it has begun, and never ends."""

    def __init__(self, begun: Event) -> None:
        super().__init__(16)
        self._begun = begun

    def __call__(self, photo: np.ndarray) -> PreprocessedImage:
        self._begun.set()
        time.sleep(600)
        return super().__call__(photo)


def test_files_of_a_killed_build_are_removed_and_those_of_a_running_one_kept(
    tmp_path: Path,
) -> None:
    root, decoded = write_folder(tmp_path / "photos"), tmp_path / "cache" / "decoded"
    photos = FolderSource(root).read()
    events = [FORK.Event() for _ in range(2)]
    builders = [
        FORK.Process(target=open_cache, args=(photos, Waiting(begun), tmp_path / "cache"))
        for begun in events
    ]
    try:
        for builder, begun in zip(builders, events, strict=True):
            builder.start()
            assert begun.wait(60)
        assert len([path for path in decoded.iterdir() if path.is_dir()]) == 2
        builders[0].kill()
        builders[0].join()
        open_cache(photos, Resize(24), tmp_path / "cache")
        left = [path.name for path in decoded.iterdir() if path.name.startswith(".building-")]
        assert len(left) == 2  # the living one's folder, and its lock
        assert len({name.removesuffix(".lock") for name in left}) == 1
    finally:
        for builder in builders:
            builder.kill()
            builder.join()
    open_cache(photos, Resize(24), tmp_path / "cache")
    assert [path.name for path in decoded.iterdir() if path.name.startswith(".")] == []


def test_what_older_versions_left_is_removed_and_nothing_of_others(tmp_path: Path) -> None:
    decoded = tmp_path / "cache" / "decoded"
    for name in (f".building-{'0a' * 16}", ".building-mine", "notes"):
        (decoded / name).mkdir(parents=True)
    photos = FolderSource(write_folder(tmp_path / "photos")).read()
    open_cache(photos, Resize(16), tmp_path / "cache")
    assert {path.name for path in decoded.iterdir()} > {".building-mine", "notes"}
    assert len(list(decoded.iterdir())) == 3


def test_several_processes_that_find_a_damaged_cache_all_get_a_whole_one(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "photos")
    first = open_cache(FolderSource(root).read(), Resize(16), tmp_path / "cache")
    next((tmp_path / "cache").glob("decoded/*/photos.uint8")).unlink()
    what = (FolderSource(root).read(), Resize(16), tmp_path / "cache")
    builders = [FORK.Process(target=open_cache, args=what) for _ in range(4)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert [builder.exitcode for builder in builders] == [0, 0, 0, 0]
    again = open_cache(FolderSource(root).read(), Resize(16), tmp_path / "cache")
    assert np.array_equal(again.photos, first.photos)
    assert len(list((tmp_path / "cache" / "decoded").iterdir())) == 1


pairs = st.lists(st.tuples(st.text("0123456789abcdef", min_size=1), st.text(min_size=1)))


@given(pairs, st.randoms())
def test_a_fingerprint_does_not_depend_on_order(
    labelled: list[tuple[str, str]], random: Random
) -> None:
    shuffled = list(labelled)
    random.shuffle(shuffled)
    assert fingerprint(*_columns(labelled)) == fingerprint(*_columns(shuffled))


def test_a_fingerprint_knows_content_and_labels() -> None:
    prints = [
        fingerprint(("a", "b"), ("x", "y")),
        fingerprint(("a", "b"), ("y", "x")),
        fingerprint(("a", "c"), ("x", "y")),
        fingerprint(("a",), ("x",)),
        fingerprint(("a", "a", "b"), ("x", "x", "y")),
    ]
    assert len(set(prints)) == len(prints)
    assert all(len(value) == 16 for value in prints)


def _columns(rows: list[tuple[str, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(a for a, _ in rows), tuple(b for _, b in rows)
