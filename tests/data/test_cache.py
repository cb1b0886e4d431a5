import os
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from photo_files import NAMES, noise, write_folder, write_photo

from resistor_cls.data import read_folder
from resistor_cls.data.bodies import Location
from resistor_cls.data.cache import fingerprint, open_cache
from resistor_cls.data.photos import Prepared, Shrink, one_torch_thread, read_photo, shrink
from resistor_cls.errors import DataError


def test_cached_photos_are_the_photos(tmp_path: Path):
    photos = read_folder(write_folder(tmp_path / "photos"))
    cache = open_cache(photos, Shrink(16), tmp_path / "cache")
    assert cache.photos.shape == (len(photos), 16, 16, 3)
    assert cache.readable == tuple(range(len(photos)))
    for index in range(len(photos)):
        assert np.array_equal(cache.photos[index], shrink(read_photo(photos.path(index)), (16, 16)))


def test_photos_are_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    photos = read_folder(write_folder(tmp_path / "photos"))
    first = open_cache(photos, Shrink(16), tmp_path / "cache")

    def no_decoding(*_: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(PIL.Image, "open", no_decoding)
    again = open_cache(read_folder(tmp_path / "photos"), Shrink(16), tmp_path / "cache")
    assert np.array_equal(again.photos, first.photos)
    assert again.facts == first.facts
    assert np.array_equal(again.outlines, first.outlines)
    assert np.array_equal(again.places, first.places)
    assert len(list((tmp_path / "cache" / "decoded").iterdir())) == 1


def test_arrays_keep_their_channels(tmp_path: Path):
    root = tmp_path / "photos"
    photo = np.concatenate([noise(20, 30, 0), noise(20, 30, 1)], axis=2)[..., :5]
    for name in ("10R", "4K7"):
        (root / name).mkdir(parents=True)
        np.save(root / name / "0.npy", photo)
    write_photo(root / "4K7" / "1.jpg")
    cache = open_cache(read_folder(root), Shrink([8, 12], 5), tmp_path / "cache")
    assert cache.photos.shape == (2, 8, 12, 5)
    assert np.array_equal(cache.photos[0], shrink(photo, (8, 12)))
    assert (cache.facts[0].mode, cache.facts[0].width, cache.facts[0].height) == (
        "5 channels", 30, 20,
    )  # fmt: skip
    assert "it has 3 channels, model.channels=5" in cache.unreadable["4K7/1.jpg"]


def test_caches_of_older_versions_are_still_found():
    assert [Shrink(size).key for size in (224, [224, 224], [160, 320])] == [
        "shrink 224",
        "shrink 224",
        "shrink 160x320",
    ]
    assert Shrink(224, 5).key != Shrink(224).key


@pytest.mark.parametrize("change", ["content", "time", "added"])
def test_a_change_is_noticed(tmp_path: Path, change: str):
    root = write_folder(tmp_path / "photos")
    before = open_cache(read_folder(root), Shrink(16), tmp_path / "cache")
    target = root / "10R" / ("new.jpg" if change == "added" else "0.jpg")
    if change == "time":  # another photo of the same length
        stat, size = target.stat(), target.stat().st_size
        write_photo(target, (1, 0, 90))
        assert target.stat().st_size == size
        os.utime(target, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    else:
        write_photo(target, (250, 250, 250))
    after = open_cache(read_folder(root), Shrink(16), tmp_path / "cache")
    assert after.facts != before.facts


def test_sizes_and_places_do_not_meet(tmp_path: Path):
    photos = read_folder(write_folder(tmp_path / "photos"))
    other = read_folder(write_folder(tmp_path / "others", NAMES[::-1]))
    cache = tmp_path / "cache"
    assert open_cache(photos, Shrink(16), cache).photos.shape[1] == 16
    assert open_cache(photos, Shrink(24), cache).photos.shape[1] == 24
    assert open_cache(photos, Shrink(16), cache).facts != open_cache(other, Shrink(16), cache).facts


class Marked:
    """Finds something in every photo whose red is 100 or more; where, its green tells."""

    locates, channels = True, 3

    def __init__(self, size: int, key: str) -> None:
        self.size, self.shape, self.key = size, (size, size), key

    def __call__(self, photo: np.ndarray) -> Prepared:
        assert torch.get_num_threads() == 1
        red, green, _ = photo[0, 0].tolist()
        pixels = np.zeros((self.size, self.size, 3), np.uint8)
        if red < 100:
            return Prepared(pixels, located=False)
        place = np.array([[0.5, 0.1, green / 3], [-0.1, 0.5, 0.0]])
        return Prepared(pixels, True, place, Location(green / 7, 8.0, 0.1, 12.0, 4.0, 0.9))


def test_what_was_not_located_is_kept(tmp_path: Path):
    root = write_folder(tmp_path / "photos")
    (root / "10R" / "1.jpg").write_bytes(b"")
    photos, threads = read_folder(root), torch.get_num_threads()
    for _ in range(2):  # built, then opened
        cache = open_cache(photos, Marked(16, "marked"), tmp_path / "cache")
        labels = [photos.labels[index] for index in cache.readable]
        assert cache.located.tolist() == [label == "left" for label in labels]
        assert cache.located.dtype == bool
        assert cache.photos.max() == 0
    assert torch.get_num_threads() == threads
    assert open_cache(photos, Shrink(16), tmp_path / "cache").located.all()


def test_where_a_photo_and_its_body_lie_is_kept(tmp_path: Path):
    root = write_folder(tmp_path / "photos")
    (root / "10R" / "1.jpg").write_bytes(b"")
    photos = read_folder(root)
    for _ in range(2):  # built, then opened
        cache = open_cache(photos, Marked(16, "marked"), tmp_path / "cache")
        with one_torch_thread():
            fresh = [Marked(16, "")(read_photo(photos.path(index))) for index in cache.readable]
        assert {one.body is None for one in fresh} == {True, False}
        for index, one in enumerate(fresh):
            assert np.array_equal(cache.places[index], one.place)
            assert cache.body(index) == one.body
    whole = open_cache(photos, Shrink(16), tmp_path / "cache")
    assert (whole.places == np.eye(2, 3)).all()
    assert whole.body(0) is None


def test_preparations_do_not_meet(tmp_path: Path):
    photos = read_folder(write_folder(tmp_path / "photos"))
    for prepare in (Shrink(16), Marked(16, "marked"), Marked(16, "marked otherwise")):
        open_cache(photos, prepare, tmp_path / "cache")
    assert len(list((tmp_path / "cache" / "decoded").iterdir())) == 3


def test_an_interrupted_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    photos, cache = read_folder(write_folder(tmp_path / "photos")), tmp_path / "cache"

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(PIL.Image, "open", interrupted)
        with pytest.raises(KeyboardInterrupt):
            open_cache(photos, Shrink(16), cache)
    assert list((cache / "decoded").iterdir()) == []
    assert len(open_cache(photos, Shrink(16), cache).facts) == len(photos)


def test_unreadable_photos_are_named_and_the_others_kept(tmp_path: Path):
    root = write_folder(tmp_path / "photos")
    (root / "4K7" / "1.jpg").write_bytes(b"")
    photos = read_folder(root)
    for _ in range(2):  # built, then opened
        cache = open_cache(photos, Shrink(16), tmp_path / "cache")
        assert cache.unreadable == {"4K7/1.jpg": "the file is empty"}
        assert [photos.names[i] for i in cache.readable] == [
            name for name in photos.names if name != "4K7/1.jpg"
        ]
        assert len(cache.photos) == len(cache.facts) == len(photos) - 1
        last = shrink(read_photo(photos.path(len(photos) - 1)), (16, 16))
        assert np.array_equal(cache.photos[-1], last)


def test_a_cache_that_cannot_be_used_is_named(tmp_path: Path):
    photos = read_folder(write_folder(tmp_path / "photos"))
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(DataError, match=r"photo cache in .*file.* cannot be used.*paths.cache"):
        open_cache(photos, Shrink(16), blocked / "cache")
    cache = tmp_path / "cache"
    open_cache(photos, Shrink(16), cache)
    next(cache.glob("decoded/*/photos.uint8")).write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"photo cache in .*cache.* cannot be used"):
        open_cache(photos, Shrink(16), cache)


pairs = st.lists(st.tuples(st.text("0123456789abcdef", min_size=1), st.text(min_size=1)))


@given(pairs, st.randoms())
def test_a_fingerprint_knows_no_order(labelled: list[tuple[str, str]], random):
    shuffled = list(labelled)
    random.shuffle(shuffled)
    assert fingerprint(*_columns(labelled)) == fingerprint(*_columns(shuffled))


def test_a_fingerprint_knows_content_and_labels():
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
