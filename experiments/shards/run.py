"""Writes small photos as shards, and reads an epoch of them as a training does.

python experiments/shards/run.py [--photos 300000] [--side 64] [--workers 4] [--out FOLDER]

Writes `memory.csv`, the memory of all processes while an epoch is read, and `rates.csv`, the time
of each step. Checks that an epoch holds each photo once, and that one which is stopped and
resumed goes on with the same batches. Needs the extra `shards`. Run it while nothing else does.
"""

import argparse
import csv
import io
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from PIL import Image

from resistor_cls.categories import Categories
from resistor_cls.data import FolderSource, PhotoDataModule, Resize
from resistor_cls.data.images.cache import open_cache
from resistor_cls.data.images.decode import decode_photo
from resistor_cls.data.images.resize import resize_image
from resistor_cls.data.shards import write_items
from resistor_cls.synthetic import draw_crops, generate_dataset

HERE = Path(__file__).parent
CATEGORIES = Categories(["100R_1-4W", "10R_2W", "180K_1-2W", "1K_2W"])
DRAWN = 4_000  # different crops; each is stored many times, with a comment of its own
QUALITY = 90  # of JPEG
MEASURED = 20  # measurements of memory in an epoch
BATCH = 256
EPOCHS = 3  # memory that grows without end would grow in each
IN_FOLDER = 2_000  # photos of the comparison with a folder and its cache


@cache
def encoded_crops(side: int) -> list[bytes]:
    """Drawn crops as JPEG: 500 parts, each in eight lights, with a noise of its own."""
    rng, encoded = np.random.default_rng(0), []
    wide = draw_crops(DRAWN // 8, (64, 128), rng).photos
    drawn = np.stack([resize_image(photo, (side, side)) for photo in wide])
    for light in np.linspace(0.6, 1.2, 8):
        for photo in drawn * light + rng.normal(0, 3, drawn.shape):
            file = io.BytesIO()
            Image.fromarray(photo.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=QUALITY)
            encoded.append(file.getvalue())
    return encoded


def small_photo(index: int, side: int) -> bytes:
    """One of the small photos, with its number as a comment in the JPEG."""
    encoded, comment = encoded_crops(side)[index % DRAWN], f"{index:08d}".encode()
    return encoded[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment + encoded[2:]


@contextmanager
def timed(rates: list[dict[str, Any]], step: str, count: int) -> Iterator[None]:
    """Notes the time of a step: of the clock, and of all processors, which load does not change."""
    began, used = time.perf_counter(), processor_seconds()
    yield
    seconds, used = time.perf_counter() - began, processor_seconds() - used
    row = {"step": step, "photos": count, "seconds": round(seconds, 1)}
    row |= {"processor_seconds": round(used, 1)}
    rates.append(row | {"photos_per_processor_second": round(count / used)})
    print(rates[-1], flush=True)


def processor_seconds() -> float:
    """Of this process and of those that it has started and that have ended."""
    return sum(os.times()[:4])


def memory() -> dict[str, float]:
    """MiB of this process and its workers: resident (with pages of files), and their own."""
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    found = [process.memory_full_info() for process in processes]
    own, resident = sum(one.uss for one in found), sum(one.rss for one in found)
    return {"own_mib": round(own / 2**20, 1), "resident_mib": round(resident / 2**20, 1)}


def module(shards: Path, folder: Path, workers: int, **options: Any) -> PhotoDataModule:
    """A data module whose training photos are in shards."""
    data = PhotoDataModule(
        FolderSource(folder / "validation"),
        preprocess=Resize(options.pop("side")),
        shards=shards,
        batch_size=BATCH,
        workers=workers,
        cache=folder / "cache",
    )
    data.setup()
    return data


def digest(batch: dict[str, torch.Tensor]) -> tuple[int, int]:
    """Identifies a batch."""
    weights = torch.arange(1, len(batch["targets"]) + 1)
    sums = batch["photos"].flatten(1).long().sum(dim=1)
    return int((sums * weights).sum()), int((batch["targets"] * weights).sum())


def read_epoch(loader: Any, epoch: int, workers: int, rows: list[dict[str, Any]]) -> np.ndarray:
    """Reads an epoch, notes the memory meanwhile; returns the photos of each category."""
    counts, every = np.zeros(len(CATEGORIES), dtype=int), max(1, len(loader) // MEASURED)
    for number, batch in enumerate(loader, start=1):
        counts += np.bincount(batch["targets"].numpy(), minlength=len(counts))
        if number % every == 0:
            rows.append({"workers": workers, "epoch": epoch, "photos": number * BATCH, **memory()})
    return counts


def resumes(data: PhotoDataModule, before: int = 40, after: int = 40) -> bool:
    """Whether an epoch that is stopped after some batches goes on with the same ones."""

    def loader() -> Any:
        torch.manual_seed(0)
        return data.train_dataloader()

    whole = [digest(batch) for _, batch in zip(range(before + after), loader(), strict=False)]
    first = loader()
    batches = iter(first)
    for _ in range(before):
        next(batches)
    state = first.state_dict()
    second = loader()
    second.load_state_dict(state)
    rest = [digest(batch) for _, batch in zip(range(after), second, strict=False)]
    return rest == whole[before:]


def folder_of_files(folder: Path, side: int) -> Path:
    """The same photos as files, for a comparison."""
    for index in range(IN_FOLDER):
        place = folder / "files" / CATEGORIES.names[index % len(CATEGORIES)]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{index}.jpg").write_bytes(small_photo(index, side))
    return folder / "files"


def measure_large(folder: Path, rates: list[dict[str, Any]]) -> None:
    """Decodes photos of 700 pixels, and the same at 256 pixels, to 224 pixels on one core."""
    large = folder / "large"
    generate_dataset(
        large, CATEGORIES, dict.fromkeys(CATEGORIES.names, 20), workers=1, progress=False
    )
    files = [path.read_bytes() for path in sorted(large.rglob("*.jpg"))]
    small = []
    for encoded in files:
        file = io.BytesIO()
        photo = resize_image(decode_photo(encoded), (256, 256))
        Image.fromarray(photo).save(file, "JPEG", quality=QUALITY)
        small.append(file.getvalue())
    for side, group in ((700, files), (256, small)):
        size = round(sum(map(len, group)) / len(group))
        step = f"decoding {side} px ({size} bytes) and resizing to 224, one core"
        with timed(rates, step, len(group)):
            for encoded in group:
                resize_image(decode_photo(encoded), (224, 224))


def write_table(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Writes rows as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Writes, reads and compares."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--photos", type=int, default=300_000)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--workers", type=int, nargs="+", default=[4])
    parser.add_argument("--out", type=Path, default=HERE)
    options = parser.parse_args()
    rates: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shards, targets = folder / "shards", [i % len(CATEGORIES) for i in range(options.photos)]
        generate_dataset(
            folder / "validation", CATEGORIES, dict.fromkeys(CATEGORIES.names, 8), size=96,
            workers=1, progress=False,
        )  # fmt: skip
        read = partial(small_photo, side=options.side)
        encoded_crops(options.side)
        with timed(rates, "writing shards, one process", options.photos):
            write_items(read, targets, CATEGORIES, shards)
        size = sum(path.stat().st_size for path in shards.rglob("*.bin"))
        print(f"{len(list(shards.rglob('*.bin')))} shards, {size / 2**20:.0f} MiB", flush=True)
        for workers in options.workers:
            data = module(shards, folder, workers, side=options.side)
            torch.manual_seed(0)
            loader = data.train_dataloader()
            for epoch in range(1, EPOCHS + 1):
                step = f"reading epoch {epoch} of shards, {workers} workers"
                with timed(rates, step, options.photos):
                    counts = read_epoch(loader, epoch, workers, rows)
                print(counts.tolist(), memory(), flush=True)
        print("resumes with the same batches:", resumes(data), flush=True)
        files = folder_of_files(folder, options.side)
        before = memory()["own_mib"]
        with timed(rates, "listing and decoding a folder, both cores", IN_FOLDER):
            kept = open_cache(FolderSource(files).read(), Resize(options.side), folder / "cache")
        grown = memory()["own_mib"] - before
        print(f"{grown * 2**20 / len(kept.metadata):.0f} bytes a photo of a folder", flush=True)
        measure_large(folder, rates)
    write_table(options.out / "rates.csv", rates)
    write_table(options.out / "memory.csv", rows)


if __name__ == "__main__":
    main()
