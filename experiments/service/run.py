"""Sends photos to the service and to a naive handler of the same model, from many clients.

python experiments/service/run.py [--model REF] [--requests 600] [--clients 1 16 200]
    [--memory-requests 10000] [--photos 40] [--out FOLDER]

Each server runs alone, in its own process, on loopback. Writes `load.csv`: requests a second,
latencies, and how many responses were lost or differ from `Predictor.predict` of the same photo;
and `memory.csv`: the resident memory of the service over many requests. Run it while nothing else
does.
"""

import argparse
import asyncio
import csv
import itertools
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import psutil

from resistor_cls import load
from resistor_cls.categories import Categories, resistor37
from resistor_cls.synthetic import generate_dataset

HERE = Path(__file__).parent
SERVERS = ("naive", "service", "service, a worker per core")
SAME = 1e-3  # difference of confidences that rounding in batches may make
MEASURED_EVERY = 250  # requests between two measurements of memory
PATIENCE = 600  # seconds until a response counts as lost

Expected = dict[str, dict[str, Any]]  # of a photo by its name


@dataclass(frozen=True)
class Response:
    """One response.

    Attributes:
        seconds: from the request to its end.
        status: of HTTP; 0 for a connection that failed.
        right: whether it holds the prediction of its photo.
    """

    seconds: float
    status: int
    right: bool


def photo_files(folder: Path, count: int) -> list[Path]:
    """Synthetic photos of 700 pixels."""
    names = resistor37().names
    each = -(-count // len(names))
    counts = dict.fromkeys(names[:count], each)
    generate_dataset(folder, Categories(counts), counts, size=700, seed=17, workers=1)
    return sorted(folder.rglob("*.jpg"))[:count]


def expected_of(files: list[Path], model: str) -> Expected:
    """The predictions of photos one by one, as `predict` makes them."""
    predictor = load(model)
    return {path.name: predictor.predict(path).as_json() for path in files}


def is_same(found: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Whether two predictions say the same."""
    fields = ("text", "ohms", "tolerance", "bands", "category", "accepted")
    as_lists = {name: expected[name] for name in fields}
    as_lists["bands"] = None if expected["bands"] is None else list(expected["bands"])
    one, other = found["confidence"], expected["confidence"]
    close = one is other is None or (None not in (one, other) and abs(one - other) <= SAME)
    return close and all(found[name] == value for name, value in as_lists.items())


@contextmanager
def server(kind: str, model: str) -> Iterator[tuple[str, psutil.Process]]:
    """A server in its own process, as long as the context; its address, and the process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    words = ["-m", "resistor_cls.serve", "--model", model, "--port", port, "--timeout", "600"]
    if kind == "service, a worker per core":
        words += ["--workers", str(psutil.cpu_count() or 1)]
    if kind == "naive":
        words = [str(HERE / "naive.py"), port, model]
    process = subprocess.Popen([sys.executable, *words])
    url = f"http://127.0.0.1:{port}"
    try:
        while True:  # until the model is loaded
            try:
                httpx2.get(f"{url}/health", timeout=PATIENCE)
                break
            except httpx2.TransportError:
                if process.poll() is not None:
                    raise SystemExit(f"the server {kind} ended with {process.returncode}") from None
                time.sleep(0.2)
        yield url, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


async def ask(
    client: httpx2.AsyncClient, url: str, path: Path, content: bytes, expected: Expected
) -> Response:
    """Sends one photo."""
    begun = time.perf_counter()
    try:
        response = await client.post(f"{url}/predict", files={"photos": (path.name, content)})
    except httpx2.HTTPError:
        return Response(time.perf_counter() - begun, 0, False)
    seconds = time.perf_counter() - begun
    right = response.status_code == 200 and is_same(
        response.json()["predictions"][0], expected[path.name]
    )
    return Response(seconds, response.status_code, right)


async def responses(
    url: str, contents: dict[Path, bytes], expected: Expected, clients: int, requests: int
) -> list[Response]:
    """Sends requests from clients that each wait for a response before they send the next."""
    photos = itertools.islice(itertools.cycle(contents.items()), requests)  # shared by all
    found: list[Response] = []
    limits = httpx2.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx2.AsyncClient(limits=limits, timeout=PATIENCE) as client:

        async def work() -> None:
            for path, content in photos:
                found.append(await ask(client, url, path, content, expected))

        await asyncio.gather(*(work() for _ in range(clients)))
    return found


def row_of(kind: str, clients: int, found: list[Response], seconds: float) -> dict[str, Any]:
    """A row of the table of loads."""
    latencies = np.array([one.seconds for one in found])
    return {
        "server": kind,
        "clients": clients,
        "requests": len(found),
        "per_second": round(len(found) / seconds, 2),
        "p50_seconds": round(float(np.quantile(latencies, 0.5)), 3),
        "p99_seconds": round(float(np.quantile(latencies, 0.99)), 3),
        "lost": sum(one.status != 200 for one in found),
        "wrong": sum(one.status == 200 and not one.right for one in found),
    }


def memory_rows(
    url: str, process: psutil.Process, contents: dict[Path, bytes], expected: Expected, total: int
) -> Iterator[dict[str, Any]]:
    """The memory of a server after every some requests of 16 clients."""
    for done in range(0, total, MEASURED_EVERY):
        count = min(MEASURED_EVERY, total - done)
        found = asyncio.run(responses(url, contents, expected, 16, count))
        mib = process.memory_info().rss / 2**20
        bad = sum(not one.right for one in found)
        yield {"requests": done + count, "mib": round(mib, 1), "lost_or_wrong": bad}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """Writes a table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="rendered")
    parser.add_argument("--requests", type=int, default=600, help="of each load")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16, 200])
    parser.add_argument("--memory-requests", type=int, default=10_000)
    parser.add_argument("--photos", type=int, default=40)
    parser.add_argument("--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        files = photo_files(Path(scratch) / "photos", arguments.photos)
        contents = {path: path.read_bytes() for path in files}
        expected = expected_of(files, arguments.model)
    loads, memory = [], []
    for kind in SERVERS:
        with server(kind, arguments.model) as (url, process):
            asyncio.run(responses(url, contents, expected, 1, 8))  # warm-up
            for clients in arguments.clients:
                begun = time.perf_counter()
                count = max(arguments.requests, clients)
                found = asyncio.run(responses(url, contents, expected, clients, count))
                loads.append(row_of(kind, clients, found, time.perf_counter() - begun))
                print(loads[-1], flush=True)
            if kind == "service" and arguments.memory_requests:
                for row in memory_rows(url, process, contents, expected, arguments.memory_requests):
                    memory.append(row)
                    print(row, flush=True)
    write(arguments.out / "load.csv", loads)
    if memory:
        write(arguments.out / "memory.csv", memory)


if __name__ == "__main__":
    main()
