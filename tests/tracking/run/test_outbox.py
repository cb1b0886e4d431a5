"""What is noted is sent once and in order, whatever the store and the process do."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from resistor_cls.tracking.run import outbox as module
from resistor_cls.tracking.run.outbox import NAME, Entry, Outbox, Refused

RUN = {"run_id": "1", "uri": "sqlite:///mlflow.db"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(module, "_LONGEST_PAUSE", 0.02)


class Store:
    """Takes entries, or fails as long as it is away."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.taken: list[int] = []
        self.tries = 0

    def __call__(self, entry: Entry) -> None:
        self.tries += 1
        if self.away:
            raise ConnectionError("nothing listens")
        if entry["values"] == "bad":
            raise Refused("too long")
        self.taken.append(entry["values"])


def begin(box: Outbox, store: Store) -> None:
    box.start(store, lambda: None, "the store")


def test_entries_are_sent_in_order_and_the_file_goes(tmp_path: Path) -> None:
    box, store = Outbox(tmp_path, RUN), Store()
    for number in range(50):
        box.put("tags", values=number)
    begin(box, store)
    for number in range(50, 100):
        box.put("tags", values=number)
    assert box.close() == 0
    assert store.taken == list(range(100))
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_comes_back_gets_everything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    box, store = Outbox(tmp_path, RUN), Store(away=True)
    begin(box, store)
    for number in range(5):
        box.put("tags", values=number)
    while store.tries < 5:
        pass
    store.away = False
    assert box.close() == 0
    assert store.taken == [0, 1, 2, 3, 4]
    assert caplog.text.count("the store takes nothing (nothing listens)") == 1


def test_a_store_that_stays_away_holds_the_end_up_once(tmp_path: Path) -> None:
    box = Outbox(tmp_path, RUN)
    begin(box, Store(away=True))
    for number in range(5):
        box.put("tags", values=number)
    assert box.close(grace=0.2) == 5
    assert (tmp_path / NAME).exists()


def test_what_is_left_is_sent_by_another_process(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from resistor_cls.tracking.run.outbox import Outbox\n"
        f"box = Outbox(Path(sys.argv[1]), {RUN})\n"
        "for number in range(3): box.put('tags', values=number)\n"
        "print('ready', flush=True)\n"
        'os.pwrite(box._descriptor, b\'{"call": "cut sh\', box._end)\n'
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.read(5)
        with pytest.raises(BlockingIOError):  # it lives
            Outbox(tmp_path)
        process.kill()
    box, store = Outbox(tmp_path), Store()
    assert box.run == RUN
    assert [entry["values"] for entry in box.entries()] == [0, 1, 2]
    begin(box, store)
    box.put("tags", values=3)
    assert box.close() == 0
    assert store.taken == [0, 1, 2, 3]


def test_what_the_store_will_never_take_holds_nothing_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    box, store = Outbox(tmp_path, RUN), Store()
    for value in (1, "bad", 2):
        box.put("tags", values=value)
    begin(box, store)
    assert box.close() == 0
    assert store.taken == [1, 2]
    assert "the store does not take tags of the run: too long" in caplog.text


def test_metrics_that_follow_each_other_are_sent_together(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[list[int]] = []

    def send(entry: Entry) -> None:
        values = entry["values"]
        if entry["call"] == "metrics" and 7 in values:
            raise Refused("7 is no metric")
        sent.append(values)

    box = Outbox(tmp_path, RUN)
    for number in range(4):
        box.put("metrics", values=[number])
    box.put("tags", values=[4])
    for number in range(5, 9):
        box.put("metrics", values=[number])
    box.start(send, lambda: None, "the store")
    assert box.close() == 0
    # One of the last four is refused: these are sent one by one.
    assert sent == [[0, 1, 2, 3], [4], [5], [6], [8]]
    assert caplog.text.count("does not take metrics of the run: 7 is no metric") == 1


def test_one_process_holds_an_outbox_once(tmp_path: Path) -> None:
    box = Outbox(tmp_path, RUN)
    with pytest.raises(BlockingIOError):
        Outbox(tmp_path)
    with pytest.raises(FileExistsError):
        Outbox(tmp_path, RUN)
    # Neither try has freed the lock.
    code = (
        "import sys; from pathlib import Path\n"
        "from resistor_cls.tracking.run.outbox import Outbox\n"
    )
    again = [sys.executable, "-c", f"{code}Outbox(Path(sys.argv[1]))", str(tmp_path)]
    assert "BlockingIOError" in subprocess.run(again, capture_output=True, text=True).stderr
    box.close()


def test_damaged_entries_are_left_out_and_hold_nothing_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    box = Outbox(tmp_path, RUN)
    for number in range(4):
        box.put("tags", values=number)
    box.close()
    file = tmp_path / NAME
    lines = file.read_bytes().splitlines()
    lines[3], lines[4] = lines[3][:-1], b"[" * 100_000
    file.write_bytes(b"\n".join([*lines, b""]))
    box, taken = Outbox(tmp_path), []

    def send(entry: Entry) -> None:
        if "values" not in entry:
            raise Refused("there is no such call")
        taken.append(entry["values"])

    box.start(send, lambda: None, "the store")
    assert box.close() == 0
    assert taken == [0, 3]
    assert caplog.text.count("does not take a damaged entry") == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"text",
        b"00\n{}\n",
        b"9" * 20 + b"\n{}\n",
        b"-5\n{}\n",
        b"3\n[]\n",
        b"\xff\n{}\n",
    ],
)
def test_a_file_that_is_not_an_outbox_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(ValueError):
        Outbox(tmp_path)
    assert (tmp_path / NAME).read_bytes() == content


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A disk that takes half a line once the event is set."""
    full, write = threading.Event(), os.pwrite

    def pwrite(descriptor: int, content: bytes, position: int) -> int:
        if full.is_set():
            write(descriptor, content[: len(content) // 2], position)
            raise OSError(28, "No space left on device")
        return write(descriptor, content, position)

    monkeypatch.setattr(os, "pwrite", pwrite)
    yield full
    full.clear()


def test_half_an_entry_is_written_over(tmp_path: Path, full_disk: threading.Event) -> None:
    box = Outbox(tmp_path, RUN)
    box.put("tags", values=1)
    full_disk.set()
    with pytest.raises(OSError, match="No space left"):
        box.put("tags", values="x" * 1000)
    full_disk.clear()
    box.put("tags", values=2)
    assert [entry["values"] for entry in box.entries()] == [1, 2]
    lines = (tmp_path / NAME).read_bytes().splitlines()
    assert json.loads(lines[1]) == RUN
    box.close()
