"""Photos a second of each step between a drawing and a trained model.

python experiments/throughput/measure.py [--repeat 5]

Prints the median of the repeats with the smallest and largest, and the machine. Run it while
nothing else does.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from resistor_cls.categories import resistor37
from resistor_cls.config import compose, instantiate
from resistor_cls.data.augment.augmentation import Augmentation
from resistor_cls.data.images.cache import open_cache
from resistor_cls.data.images.resize import Resize
from resistor_cls.data.sources.folder import FolderSource
from resistor_cls.model import ResistorNetwork, ResistorTask
from resistor_cls.model.training.trainer import pick_precision
from resistor_cls.synthetic import draw_crops

AUTOCAST = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


def speed(job: Callable[[], int], repeat: int) -> str:
    """Photos a second of a job that returns how many photos it did; the first try is warm-up."""
    rates = []
    for _ in range(repeat + 1):
        began = time.perf_counter()
        count = job()
        rates.append(count / (time.perf_counter() - began))
    low, middle, high = min(rates[1:]), statistics.median(rates[1:]), max(rates[1:])
    return f"{middle:8.1f}   ({low:.1f} to {high:.1f})"


def training(backbone: str, size: int, precision: str, device: str) -> Callable[[], int]:
    """Forward, backward and optimizer step on batches of 32, photos already on the device."""
    network = ResistorNetwork(
        resistor37().names, backbone=backbone, pretrained="false", image_size=size
    )
    model = ResistorTask(network).to(device)
    optimizer = torch.optim.AdamW(model.parameters())
    photos = torch.rand(32, 3, size, size, device=device)
    targets = torch.arange(32, device=device)
    kind = AUTOCAST.get(precision)

    def steps(count: int = 4 if device == "cpu" else 100) -> int:
        for _ in range(count):
            with torch.autocast(device, dtype=kind, enabled=kind is not None):
                loss = model.loss.plain(model(photos).float(), targets).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()
        return 32 * count

    return steps


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    device = "cuda" if torch.cuda.is_available() else "cpu"
    chip = torch.cuda.get_device_name() if device == "cuda" else platform.processor() or "CPU"
    print(f"{os.cpu_count()} cores, {chip}, torch {torch.__version__}, batch 32")

    with tempfile.TemporaryDirectory() as scratch:
        places = iter(Path(scratch) / str(number) for number in range(10**6))

        def drawing(each: int = 20) -> int:
            # The command as a person runs it, start-up of its processes included.
            words = ["resistor_cls.render", str(next(places)), "--per-category", str(each)]
            subprocess.run([sys.executable, "-m", *words], check=True, capture_output=True)
            return each * len(resistor37())

        print(f"drawing, 700 px, all cores       {speed(drawing, repeat)}")
        rng = np.random.default_rng(0)

        def cropping(count: int = 100) -> int:
            for _ in range(count):
                draw_crops(1, (64, 192), rng)
            return count

        print(f"crops of 192x64, one core        {speed(cropping, repeat)}")
        photos = FolderSource(Path(scratch) / "0").read()

        def decoding() -> int:
            open_cache(photos, Resize(224), next(places))
            return len(photos)

        print(f"decoding 700 px to 224, all cores{speed(decoding, repeat)}")
    for name in ("soft", "medium", "hard"):
        steps = instantiate(compose("train", [f"augment={name}"]).augment)
        augmentation = Augmentation(list(steps.values()))
        photo = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)

        def augmenting(augmentation: Augmentation = augmentation, photo: np.ndarray = photo) -> int:
            for _ in range(300):
                augmentation(photo)
            return 300

        print(f"augment={name:<6}, 224 px, one core {speed(augmenting, repeat)}")
    accelerator = "cuda" if device == "cuda" else "cpu"
    for precision in dict.fromkeys(("32-true", pick_precision(accelerator))):
        for backbone, size in (("resnet18", 128), ("resnet50", 224)):
            steps_of = training(backbone, size, precision, device)
            print(f"train {backbone} {size} px, {precision:<10}{speed(steps_of, repeat)}")


if __name__ == "__main__":
    main()
