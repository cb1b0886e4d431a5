"""Zips that would fill a disk, or write where they should not."""

import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resistor_cls.data.sources import archives
from resistor_cls.data.sources.download import fetch_and_unpack
from resistor_cls.errors import DataError

NOWHERE = "http://127.0.0.1:1/none"


def zipped(path: Path, *files: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
        for name, data in files:
            content.writestr(name, data)
    return path


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ([("../out.jpg", b"")], "'../out.jpg' leads out of the folder"),
        ([("a/../../out.jpg", b"")], "leads out of the folder"),
        ([("/out.jpg", b"")], "leads out of the folder"),
        ([("a\\..\\..\\out.jpg", b"")], "leads out of the folder"),
        ([("C:/out.jpg", b"")], "leads out of the folder"),
        ([("\\\\server\\share\\out.jpg", b"")], "leads out of the folder"),
        ([(link("10R"), b"/etc")], "'10R' is a link or a device"),
        ([("a.jpg", b"1"), ("a.jpg", b"2")], "two files of one name, 'a.jpg' and 'a.jpg'"),
        ([("A.jpg", b"1"), ("a.JPG", b"2")], "two files of one name, 'A.jpg' and 'a.JPG'"),
        ([("\xe4.jpg", b"1"), ("a\u0308.jpg", b"2")], "two files of one name"),
        ([("a", b"1"), ("a/b.jpg", b"2")], "'a' is both a file and a folder"),
        ([("a/\x1b[2J.jpg", b"1")], "leads out of the folder"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_leave_the_folder_or_collide_are_refused(
    tmp_path: Path, files: list[tuple[Any, bytes]], reason: str
) -> None:
    zipped(tmp_path / "set.zip", *files)
    with pytest.raises(DataError, match=r"set\.zip") as caught:
        fetch_and_unpack(NOWHERE, tmp_path / "set")
    assert reason in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["set.zip"]


def test_a_zip_bomb_is_refused_by_its_declared_size(tmp_path: Path) -> None:
    zipped(tmp_path / "set.zip", *[(f"{number}.bmp", bytes(100 << 20)) for number in range(3)])
    with pytest.raises(DataError, match=r"claims to hold 314,572,800: photos cannot be packed"):
        fetch_and_unpack(NOWHERE, tmp_path / "set")
    assert [path.name for path in tmp_path.iterdir()] == ["set.zip"]


@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        ("MAX_FILES", 2, "holds 3 files of 3 bytes together: at most 2"),
        ("MAX_UNPACKED", 2, "holds 3 files of 3 bytes together"),
        ("RESERVE", 1 << 60, "free some room or set data.root to another disk"),
        ("_MAX_TABLE", 100, "its table of contents has"),
    ],
)
def test_more_than_fits_on_the_disk_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, reason: str
) -> None:
    zipped(tmp_path / "set.zip", ("1.jpg", b"1"), ("2.jpg", b"2"), ("3.jpg", b"3"))
    monkeypatch.setattr(archives, limit, value)
    with pytest.raises(DataError, match=reason):
        fetch_and_unpack(NOWHERE, tmp_path / "set")
    assert [path.name for path in tmp_path.iterdir()] == ["set.zip"]


def in_table(content: bytes, place: int, value: int) -> bytes:
    """A zip with another 4-byte number at a place of its first entry in the table of contents."""
    at = content.index(b"PK\1\2") + place
    return content[:at] + struct.pack("<L", value) + content[at + 4 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: in_table(content, 24, 1),  # claims to be shorter than it is
        lambda content: in_table(content, 24, 10_000),  # longer
        lambda content: in_table(content, 42, 2**31),  # lies beyond the end
        lambda content: content[: content.index(b"PK\1\2") + 20],
        lambda content: b"",
        lambda content: b"PK\5\6" + bytes(18),
    ],
    ids=["shorter", "longer", "beyond", "no end", "nothing", "no files"],
)
def test_what_claims_other_lengths_than_it_has_never_becomes_a_data_set(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    archive = zipped(tmp_path / "set.zip", ("10R/1.jpg", b"photo" * 50))
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(DataError, match=r"set.zip is not a complete zip \(.*: remove it"):
        fetch_and_unpack(NOWHERE, tmp_path / "set")
    assert [path.name for path in tmp_path.iterdir()] == ["set.zip"]


def test_what_is_named_as_the_scratch_folder_and_what_macos_adds(tmp_path: Path) -> None:
    archive = zipped(
        tmp_path / "set.zip",
        ("unpacked/10R/1.jpg", b"photo"),
        ("./empty/", b""),
        ("__MACOSX/10R/._1.jpg", b"fork"),
    )
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_LZMA) as content:
        content.writestr("unpacked/10R/2.jpg", b"photo")
    fetch_and_unpack(NOWHERE, tmp_path / "set")
    found = {path.relative_to(tmp_path / "set").as_posix() for path in tmp_path.rglob("set/**/*")}
    assert found == {
        "unpacked",
        "unpacked/10R",
        "unpacked/10R/1.jpg",
        "unpacked/10R/2.jpg",
        "empty",
    }
    assert {path.name for path in tmp_path.iterdir()} == {"set", "set.zip"}


def test_the_table_of_a_long_zip_is_found_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)  # then numbers of 64 bits are written
        archive = zipped(tmp_path / "set.zip", ("1.jpg", b"1"), ("2.jpg", b"2"))
    assert b"PK\6\6" in archive.read_bytes()
    fetch_and_unpack(NOWHERE, tmp_path / "set")
    assert len(list((tmp_path / "set").iterdir())) == 2
    monkeypatch.setattr(archives, "_MAX_TABLE", 100)
    with pytest.raises(DataError, match=r"its table of contents has \d+ bytes"):
        fetch_and_unpack(NOWHERE, tmp_path / "set")
