"""Where the time of a prediction goes, and how far it is from what its parts need alone.

python experiments/prediction_speed/measure.py FOLDER [--photos 400] [--repeat 5]
    [--memory-photos 10000] [--out FOLDER]

Writes `stages.csv`: milliseconds of processor time of each stage of a photo in one thread;
`one_photo.csv`: a warm photo beside its decoding and its sessions alone; `rates.csv`: photos a
second of `predict` on files, beside the same files only decoded, and the sessions of ONNX Runtime
alone on ready tensors, each on all cores, one after the other in every repeat; and `memory.csv`:
resident memory of the command along many photos. Run it while nothing else does.
"""

import argparse
import csv
import itertools
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import psutil

from resistor_cls.data.images.decode import decode_photo, read_photo
from resistor_cls.inference import Predictor, look_for_photos
from resistor_cls.inference.in_order import mapped_in_order
from resistor_cls.model.exported.sessions import Session
from resistor_cls.usable_cores import usable_cores

HERE = Path(__file__).parent
AHEAD = 48  # as `predict` reads ahead
MEASURED_EVERY = 500  # photos between two measurements of memory

ONE_BY_ONE = 50  # photos that are measured one by one

Call = tuple[Session, np.ndarray]
Row = dict[str, Any]


def session_calls(job: Callable[[], object]) -> list[Call]:
    """What ONNX Runtime is called with in a job."""
    calls: list[Call] = []
    run = Session.__call__

    def recorded(session: Session, views: np.ndarray) -> list[Any]:
        calls.append((session, views.copy()))
        return run(session, views)

    with patch.object(Session, "__call__", recorded):
        job()
    return calls


def run_calls(calls: Sequence[Call], threads: int | None = None) -> None:
    """Runs recorded calls, on all cores by default."""
    with ThreadPoolExecutor(threads or usable_cores()) as pool:
        list(pool.map(lambda call: call[0](call[1]), calls))


def decode_files(files: Sequence[Path]) -> None:
    """Decodes files on all cores."""
    for _ in mapped_in_order(read_photo, files, AHEAD):
        pass


def seconds(job: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds that a job takes by a clock."""
    begun = clock()
    job()
    return clock() - begun


def rate_rows(predictor: Predictor, files: Sequence[Path], repeat: int) -> Iterator[Row]:
    """Photos a second of files to predictions, and of its references, in every repeat.

    Beside each stand milliseconds of processor time a photo, which hold on a busy machine too.
    """
    calls = session_calls(lambda: list(predictor.predict(files)))
    jobs: dict[str, Callable[[], object]] = {
        "predict": lambda: list(predictor.predict(files)),
        "decode_only": lambda: decode_files(files),
        "sessions_only": lambda: run_calls(calls),
    }
    for number in range(repeat):
        row: Row = {"repeat": number, "load": round(os.getloadavg()[0], 1)}
        for name, job in jobs.items():
            computed = time.process_time()
            row[f"{name}_per_second"] = round(len(files) / seconds(job), 1)
            computed = time.process_time() - computed
            row[f"{name}_cpu_ms"] = round(1e3 * computed / len(files), 2)
        yield row


def one_photo_rows(predictor: Predictor, encoded: Sequence[bytes]) -> Iterator[Row]:
    """Milliseconds of processor time of one warm photo, its decoding and its sessions alone."""
    for one in encoded:
        predict, decode = partial(predictor.predict, one), partial(decode_photo, one)
        run = partial(run_calls, session_calls(predict), 1)
        clock = time.process_time  # one thread: on a free machine the same as wall time
        parts = min(seconds(decode, clock) + seconds(run, clock) for _ in range(3))
        whole = min(seconds(predict, clock) for _ in range(3))
        yield {
            "predict": round(1e3 * whole, 2),
            "decode_and_sessions": round(1e3 * parts, 2),
            "ratio": round(whole / parts, 3),
        }


def stage_rows(predictor: Predictor, encoded: Sequence[bytes]) -> Iterator[Row]:
    """Milliseconds of processor time of each stage of a photo, in one thread."""
    prepare = predictor._prepare
    photos = [decode_photo(one) for one in encoded]
    bodies = [prepare(photo) for photo in photos]
    of_detector = session_calls(lambda: [prepare(photo) for photo in photos])
    of_reader = session_calls(lambda: predictor._of_bodies(bodies, 3, None))
    stages: dict[str, Callable[[], object]] = {
        "decode": lambda: [decode_photo(one) for one in encoded],
        "detect and cut out": lambda: [prepare(photo) for photo in photos],
        "detect and cut out, sessions alone": lambda: run_calls(of_detector, 1),
        "read crops": lambda: predictor._of_bodies(bodies, 3, None),
        "read crops, sessions alone": lambda: run_calls(of_reader, 1),
    }
    for name, job in stages.items():
        spent = min(seconds(job, time.process_time) for _ in range(3))
        yield {"stage": name, "milliseconds": round(1e3 * spent / len(encoded), 2)}


def memory_rows(files: Sequence[Path], total: int) -> Iterator[Row]:
    """Resident memory of the command along many photos: links to the same files."""
    with tempfile.TemporaryDirectory() as folder:
        for number, file in enumerate(itertools.islice(itertools.cycle(files), total)):
            Path(folder, f"{number:06}{file.suffix}").symlink_to(file.resolve())
        words = [sys.executable, "-m", "resistor_cls.predict", folder, "--format", "jsonl"]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as command:
            assert command.stdout is not None
            process = psutil.Process(command.pid)
            for number, _ in enumerate(command.stdout, start=1):
                if number % MEASURED_EVERY == 0:
                    mib = round(process.memory_info().rss / 2**20, 1)
                    yield {"photos": number, "mib": mib}


def write(path: Path, rows: Iterable[Row]) -> None:
    """Prints rows as they come, and writes them as a table."""
    found = []
    for row in rows:
        print(path.stem, row, flush=True)
        found.append(row)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, found[0])
        writer.writeheader()
        writer.writerows(found)


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=400)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--memory-photos", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    files = look_for_photos([arguments.folder])[0]
    random.Random(arguments.seed).shuffle(files)
    files = files[: arguments.photos]
    predictor = Predictor()
    some = [path.read_bytes() for path in files[:ONE_BY_ONE]]
    write(arguments.out / "stages.csv", stage_rows(predictor, some))
    write(arguments.out / "one_photo.csv", one_photo_rows(predictor, some))
    write(arguments.out / "rates.csv", rate_rows(predictor, files, arguments.repeat))
    if arguments.memory_photos:
        write(arguments.out / "memory.csv", memory_rows(files, arguments.memory_photos))


if __name__ == "__main__":
    main()
