"""Reading photos: decoding, augmentation, and the memory of the pipeline."""

import time
from pathlib import Path

import numpy as np
import psutil
from assembled import synthetic_photos
from frame import Measured, Options, in_turns

from resistor_cls.config import compose, instantiate
from resistor_cls.data import FolderSource, PhotoDataModule, Resize, read_photo
from resistor_cls.data.augment.augmentation import Augmentation
from resistor_cls.data.images.cache import open_cache
from resistor_cls.inference.in_order import mapped_in_order

SIDE = 224


def decoding(options: Options) -> Measured:
    """Filling the cache against decoding the same files alone, on all cores."""
    photos = FolderSource(synthetic_photos(options.scratch, options.count(16, 6))).read()
    paths = [photos.path(index) for index in range(len(photos))]

    def package() -> float:
        began = time.perf_counter()
        open_cache(photos, Resize(SIDE), options.scratch / f"decoded_{time.monotonic_ns()}")
        return len(paths) / (time.perf_counter() - began)

    def reference() -> float:
        began = time.perf_counter()
        for _ in mapped_in_order(read_photo, paths, 8):
            pass
        return len(paths) / (time.perf_counter() - began)

    return in_turns("photos/s", package, reference, options.repeats)


def augmenting(name: str, options: Options) -> Measured:
    """Augmentation of one photo after the other, on one core."""
    steps = instantiate(compose("train", [f"augment={name}"]).augment)
    augmentation = Augmentation(list(steps.values()))
    photo = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    count = options.count(500, 100)

    def rate() -> float:
        began = time.perf_counter()
        for _ in range(count):
            augmentation(photo)
        return count / (time.perf_counter() - began)

    return in_turns("photos/s", rate, None, options.repeats)


def memory(options: Options) -> Measured:
    """Memory of data module, two workers and their batches, over the bytes of the decoded photos.

    Memory that processes share counts once (proportional set size), the mapped cache included.
    """
    count = options.count(4000, 500)
    photos = small_photos(options.scratch / f"small_{SIDE}_{count}", count, SIDE)
    decoded = count * SIDE * SIDE * 3

    def ratio() -> float:
        before = _memory()
        data = PhotoDataModule(
            FolderSource(photos),
            preprocess=Resize(SIDE),
            workers=2,
            cache=options.scratch / "cache",
        )
        data.setup()
        highest = 0
        for number, _ in enumerate(data.train_dataloader()):
            if number % 5 == 4:
                highest = max(highest, _memory())
        for _ in data.val_dataloader():
            pass
        highest = max(highest, _memory())
        return (highest - before) / decoded

    ratio()  # decodes, and imports
    return in_turns("ratio", ratio, None, options.repeats)


def _memory() -> int:
    process = psutil.Process()
    everyone = [process, *process.children(recursive=True)]
    return sum(one.memory_full_info().pss for one in everyone)


def small_photos(folder: Path, count: int, side: int, categories: int = 4) -> Path:
    """JPEG files that are quick to make: random coarse blocks of colour, all different.

    Args:
        folder: gets one folder for each category.
        count: of the photos.
        side: in pixels.
        categories: of the photos.
    """
    import cv2

    if (folder / "complete").exists():
        return folder
    rng = np.random.default_rng(0)
    for category in range(categories):
        (folder / f"{category + 1}K_1-4W").mkdir(parents=True, exist_ok=True)
    for number in range(count):
        blocks = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        photo = cv2.resize(blocks, (side, side), interpolation=cv2.INTER_CUBIC)
        file = folder / f"{number % categories + 1}K_1-4W" / f"{number}.jpg"
        file.write_bytes(cv2.imencode(".jpg", photo)[1].tobytes())
    (folder / "complete").touch()
    return folder
