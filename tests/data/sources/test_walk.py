"""The one walk through folders: every file is a photo, or left out with a word."""

import logging
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.data import FolderSource, PhotoDataModule, Resize, SplitConfig, read_photo
from resistor_cls.data.sources.walk import (
    BROKEN_LINK,
    HIDDEN,
    REPEATED_LINK,
    SPECIAL,
    SUFFIX,
    SYSTEM,
    UNREADABLE,
    LeftOut,
    left_out_line,
    walk,
)
from resistor_cls.errors import DataError
from tests.helpers.photo_files import refuse_closed_folders, write_folder, write_photo

FILES = ("1.jpg", "2.JFIF", "3.heic", "4.GIF", "5.txt", "6", "7.avif", "8.mpo", "Thumbs.db")
FOLDERS = ("a", "b", "@eaDir", "__MACOSX")


def left_out(folder: Path) -> dict[str, str]:
    return {one.name: one.reason for one in walk(folder).left_out}


PATHS = st.tuples(st.lists(st.sampled_from(FOLDERS), max_size=3), st.sampled_from(FILES)).map(
    lambda parts: "/".join([*parts[0], parts[1]])
)


@given(paths=st.sets(PATHS, max_size=12))
def test_every_file_that_is_left_out_has_a_reason(
    paths: set[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("tree")
    for name in paths:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    found = walk(root)
    named = {one.name for one in found.left_out}
    inside = {name for name in paths if any(name.startswith(f"{folder}/") for folder in named)}
    assert set(found.photos) | (named & paths) | inside == paths
    assert set(found.photos).isdisjoint(named | inside)
    # Only a folder of a system's stands for what lies in it.
    assert all(set(name.split("/")) & {"@eaDir", "__MACOSX"} for name in inside)


def test_jpegs_of_other_names_are_read(tmp_path: Path) -> None:
    photo = read_photo(write_photo(tmp_path / "1.jpg"))
    for suffix in (".jfif", ".JPE", ".mpo"):
        path = (tmp_path / "1.jpg").rename(tmp_path / f"1{suffix}")
        assert walk(tmp_path).photos == (path.name,)
        assert (read_photo(path) == photo).all()
        path.rename(tmp_path / "1.jpg")


def test_links_are_followed_once_and_circles_end(tmp_path: Path) -> None:
    write_photo(tmp_path / "elsewhere/deep/1.jpg")
    write_photo(tmp_path / "photos/0.jpg")
    for name in ("one", "two"):
        (tmp_path / "photos" / name).symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/deep/up").symlink_to(tmp_path / "photos")
    (tmp_path / "photos/lost.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "photos/itself").symlink_to("itself")
    assert walk(tmp_path / "photos").photos == ("0.jpg", "one/deep/1.jpg")
    assert left_out(tmp_path / "photos") == {
        "itself": BROKEN_LINK,
        "lost.jpg": BROKEN_LINK,
        "one/deep/up": REPEATED_LINK,
        "two": REPEATED_LINK,
    }


def test_links_that_multiply_do_not_stop_the_walk(tmp_path: Path) -> None:
    write_photo(tmp_path / "0/1.jpg")
    for depth in range(1, 25):  # 2 ** 24 ways to one photo
        (tmp_path / str(depth)).mkdir()
        for name in "ab":
            (tmp_path / str(depth) / name).symlink_to(tmp_path / str(depth - 1))
    assert len(walk(tmp_path / "24").photos) == 1


def test_hidden_special_and_closed_places_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("1.jpg", ".2.jpg", "._1.jpg", ".trash/3.jpg", "closed/4.jpg"):
        write_photo(tmp_path / name)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".DS_Store").touch()
    (tmp_path / "a").mkdir()
    (tmp_path / "a/desktop.ini").touch()
    os.mkfifo(tmp_path / "pipe.jpg")
    refuse_closed_folders(monkeypatch)
    assert walk(tmp_path).photos == ("1.jpg",)
    assert left_out(tmp_path) == {
        ".2.jpg": HIDDEN,
        ".trash": HIDDEN,
        "a/desktop.ini": SYSTEM,
        "closed": UNREADABLE,
        "pipe.jpg": SPECIAL,
    }


def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    root = write_folder(tmp_path)
    (root / "10R/closed").mkdir(mode=0)
    if os.access(root / "10R/closed", os.R_OK):
        pytest.skip("no permission stops root")
    assert left_out(root) == {"10R/closed": UNREADABLE}
    with pytest.raises(DataError, match=r"may not be read: 10R/closed; give yourself"):
        FolderSource(root).read()


def test_the_summary_counts_by_suffix_and_reason() -> None:
    found = [LeftOut(f"a/{name}.heic", SUFFIX) for name in "123"]
    found += [LeftOut("a/x.GIF", SUFFIX), LeftOut("b", SUFFIX), LeftOut(".c.jpg", HIDDEN)]
    found += [LeftOut("Thumbs.db", SYSTEM), LeftOut("a/\x1b[2Jx.txt", SUFFIX)]
    line = left_out_line(found, 30)
    assert line.startswith("left out 7 of 37 files: 3 .heic, 1 .gif, 1 without a suffix, 1 hidden")
    assert line.endswith("(a/1.heic, a/2.heic, a/3.heic); convert pictures to JPEG or PNG")
    assert "\x1b" not in left_out_line(found[-1:], 0)
    assert left_out_line([LeftOut("Thumbs.db", SYSTEM)], 30) == ""


def test_a_data_module_says_once_what_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = write_folder(tmp_path / "photos")
    for name in ("1.heic", "2.HEIC", "3.gif", "desktop.ini"):
        (root / "10R" / name).touch()
    (root / "boxes.csv").write_text("file,x_center,y_center,width,height\n")
    held = write_folder(tmp_path / "held", each=0)
    for name in ("10R/1.jpg", "10R/2.heif"):
        write_photo(held / "10R/1.jpg", (1, 2, 3)).with_name(Path(name).name).touch()
    data = PhotoDataModule(
        FolderSource(root), SplitConfig(validation=held), preprocess=Resize(16), batch_size=4,
        workers=0, cache=tmp_path / "cache",
    )  # fmt: skip
    with caplog.at_level(logging.INFO):
        data.setup()
        data.setup()
    (message,) = [text for text in caplog.messages if "left out" in text]
    assert "left out 4 of 17 files: 2 .heic, 1 .gif, 1 .heif" in message
    assert caplog.records[-1].levelno == logging.WARNING
    assert "../held/10R/2.heif" in data.photo_set.ignored
