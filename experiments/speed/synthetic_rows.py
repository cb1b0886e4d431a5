"""Synthetic crops and photos."""

import time

from frame import Measured, Options, in_turns
from torch.utils.data import DataLoader

from resistor_cls.categories import Categories, resistor37
from resistor_cls.data.augment.augmentation import Augmentation
from resistor_cls.model import SyntheticCrops
from resistor_cls.synthetic import generate_dataset
from resistor_cls.usable_cores import usable_cores


def crops(options: Options) -> Measured:
    """Batches of crops as `experiment=pretrain_bands` gets them, by a process for each core."""
    count, batch = options.count(2048, 256), 64
    items = SyntheticCrops(resistor37(), (64, 192), Augmentation([]), length=count)
    loader = DataLoader(
        items, batch, num_workers=min(2, usable_cores()), persistent_workers=True, drop_last=True
    )
    for _ in loader:  # starts the workers
        pass

    def rate() -> float:
        began = time.perf_counter()
        drawn = sum(len(one["photos"]) for one in loader)
        return drawn / (time.perf_counter() - began)

    return in_turns("crops/s", rate, None, options.repeats)


def photos(options: Options) -> Measured:
    """Photos of 700 px as `render` writes them, start of its processes included."""
    names, each = resistor37().names, options.count(40, 4)

    def rate() -> float:
        folder = options.scratch / f"drawn_{time.monotonic_ns()}"
        began = time.perf_counter()
        generate_dataset(folder, Categories(names), dict.fromkeys(names, each), size=700)
        return each * len(names) / (time.perf_counter() - began)

    return in_turns("photos/s", rate, None, options.repeats)
