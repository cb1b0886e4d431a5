"""The real data set's two layouts, from small zips and a local server."""

import socket
import struct
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from resistor_cls.data.sources.resistor37 import Resistor37Source
from resistor_cls.errors import DataError
from tests.helpers.photo_files import noise, write_photo

# The first has a hyphen, the last two are known for misleading names.
LABELS = ("470R_1-4W", "220R_2W", "4700Mohm")


def zipped(folder: Path, to: Path) -> Path:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as content:
        for path in sorted(folder.rglob("*")):
            content.write(path, path.relative_to(folder))
    return to


def kaggle(folder: Path, above: str = "") -> Path:
    for label in LABELS:
        for copy in (1, 2):
            write_photo(folder / above / label / f"{label}_({copy}).jpg")
    return folder


def hydrogen_torch(folder: Path) -> Path:
    photos = folder / "Resistor" / "resistor-dataset"
    names = [f"{label}_({copy}).jpg" for label in LABELS for copy in (1, 2)]
    for name in names:
        write_photo(photos / name)
    labels = [f"class_{name.rpartition('_(')[0]}" for name in names]
    pd.DataFrame({"image": names, "class": labels}).to_parquet(folder / "Resistor" / "train.pq")
    return folder


class Server(ThreadingHTTPServer):
    """Serves one file, ranges too; breaks off as often as `breaks` says."""

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.breaks, self.reset = content, 0, False
        self.status = 200
        self.ranges: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/Resistor.zip"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.ranges.append(wanted)
        if self.server.status != 200:
            return self.send_error(self.server.status)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        rest = self.server.content[start:]
        if not rest:
            return self.send_error(416)
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if self.server.breaks:
            self.server.breaks -= 1
            self.wfile.write(rest[: len(rest) // 2])
            if self.server.reset:
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                self.connection.close()
            return None
        self.wfile.write(rest)
        return None

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], Server]]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    servers: list[Server] = []

    def start(content: bytes) -> Server:
        servers.append(Server(content))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def only_holds(place: Path, *names: str) -> bool:
    return {path.name for path in place.iterdir()} == set(names)


@pytest.mark.parametrize("layout", [kaggle, hydrogen_torch, lambda f: kaggle(f, "a/dataset")])
def test_both_layouts_are_read(
    tmp_path: Path, serve: Callable[[bytes], Server], layout: Callable[[Path], Path]
) -> None:
    server = serve(zipped(layout(tmp_path / "made"), tmp_path / "made.zip").read_bytes())
    home = tmp_path / "cache"
    root = home / "resistor37"
    for _ in range(2):
        photos = Resistor37Source(root, server.url).read()
        assert photos.categories.names == tuple(sorted(LABELS))
        assert len(photos) == 6
        names = photos.categories.names
        for index in range(len(photos)):
            assert photos.path(index).is_file()
            assert photos.path(index).name.startswith(names[photos.targets[index]])
    assert server.ranges == [None]  # fetched once
    assert only_holds(home, "resistor37", "resistor37.zip")


@pytest.mark.parametrize("reset", [False, True])
def test_a_broken_transfer_is_resumed(
    tmp_path: Path, serve: Callable[[bytes], Server], reset: bool
) -> None:
    Image.fromarray(noise(900, 900)).save(write_photo(tmp_path / "made" / LABELS[0] / "1.png"))
    server = serve(zipped(kaggle(tmp_path / "made"), tmp_path / "made.zip").read_bytes())
    half = len(server.content) // 2
    server.breaks, server.reset = 1, reset
    home = tmp_path / "cache"
    with pytest.raises(DataError, match=rf"{server.url} cannot be fetched \(broke off.*run again"):
        Resistor37Source(home / "resistor37", server.url).read()
    assert only_holds(home, "resistor37.zip.part")
    kept = (home / "resistor37.zip.part").stat().st_size
    assert reset or kept == half  # a reset throws away what was on its way
    assert len(Resistor37Source(home / "resistor37", server.url).read()) == 7
    assert server.ranges == [None, f"bytes={kept}-" if kept else None]
    assert (home / "resistor37.zip").read_bytes() == server.content


def test_a_part_that_is_already_whole_is_used(
    tmp_path: Path, serve: Callable[[bytes], Server]
) -> None:
    server = serve(zipped(kaggle(tmp_path / "made"), tmp_path / "made.zip").read_bytes())
    (tmp_path / "set.zip.part").write_bytes(server.content)
    assert len(Resistor37Source(tmp_path / "set", server.url).read()) == 6


def test_without_a_server_the_message_names_the_alternatives(
    tmp_path: Path, serve: Callable[[bytes], Server]
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/Resistor.zip"
    root = tmp_path / "cache" / "resistor37"
    with pytest.raises(DataError, match="cannot be fetched") as caught:
        Resistor37Source(root, url).read()
    for words in (url, f"{root}.zip", "data=rendered"):
        assert words in str(caught.value)
    assert not root.exists()

    server = serve(b"")
    server.status = 404
    with pytest.raises(DataError, match=r"cannot be fetched \(Not Found\)"):
        Resistor37Source(root, server.url).read()
    with pytest.raises(DataError, match=r"cannot be fetched \(unknown url type: 'somewhere'\)"):
        Resistor37Source(root, "somewhere").read()


def test_a_zip_put_there_by_hand_is_used(tmp_path: Path) -> None:
    zipped(kaggle(tmp_path / "made"), tmp_path / "resistor37.zip")
    (tmp_path / "resistor37").mkdir()  # an empty folder does not count as the data set
    assert len(Resistor37Source(tmp_path / "resistor37", "http://127.0.0.1:1/none").read()) == 6


@pytest.mark.parametrize("damage", ["page", "cut", "bit in photo", "bits in stream"])
def test_a_damaged_zip_is_named_and_nothing_appears(tmp_path: Path, damage: str) -> None:
    archive = zipped(kaggle(tmp_path / "made"), tmp_path / "resistor37.zip")
    content = bytearray(archive.read_bytes())
    if damage == "page":  # what a captive portal sends
        content = bytearray(b"<html>Please log in</html>")
    elif damage == "cut":
        content = content[:-100]
    else:
        start = content.index(b".jpg") + 4  # the first photo's compressed bytes
        end = start + 100 if damage == "bits in stream" else start + 60
        for place in range(start + 4, end, 1 if damage == "bits in stream" else 1000):
            content[place] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(DataError, match=r"resistor37.zip is not a complete zip \(.*: remove it"):
        Resistor37Source(tmp_path / "resistor37", "http://127.0.0.1:1/none").read()
    assert only_holds(tmp_path, "made", "resistor37.zip")


def test_another_zip_is_named(tmp_path: Path) -> None:
    write_photo(tmp_path / "made" / "cats" / "1.jpg")
    zipped(tmp_path / "made", tmp_path / "resistor37.zip")
    with pytest.raises(DataError, match=r"resistor37 holds neither a parquet table nor folders"):
        Resistor37Source(tmp_path / "resistor37", "http://127.0.0.1:1/none").read()
