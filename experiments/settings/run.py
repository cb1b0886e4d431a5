"""Trains `experiment=from_scratch` with one setting changed at a time, and compares.

`python experiments/settings/run.py PHOTOS OUT`; README.md beside it tells what came out. A run
that is there already is not made again.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.comparison import Comparison, compare
from resistor_cls.evaluation.figures import comparison_figure

SEEDS = (0, 1)
# Setting → name of its value → words beside experiment=from_scratch. The first is the base.
SETTINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "loss": {
        "bce": (),
        "cross_entropy": ("loss=cross_entropy",),
        "focal": ("loss=focal",),
    },
    "augmentation": {
        "soft": (),
        "none": ("augment=none",),
        "medium": ("augment=medium",),
        "hard": ("augment=hard",),
    },
    "image size": {
        "96": (),
        "64": ("data.image_size=64",),
        "128": ("data.image_size=128",),
    },
    "average of the weights": {
        "none": (),
        "0.99": ("trainer.ema=0.99",),
    },
    "warm-up and weight decay": {
        "none": (),
        "2 epochs, 0.05": ("scheduler.warmup_epochs=2", "optimizer.weight_decay=0.05"),
    },
}


def train(words: Sequence[str], seed: int, photos: Path, out: Path) -> Path:
    """Trains once, unless that has been done; returns the folder of its tables."""
    folder = out / f"{'_'.join(words) or 'base'}_{seed}".replace("=", "-")
    if not (folder / "tables" / "predictions.csv").is_file():
        subprocess.run(
            [
                sys.executable, "-m", "resistor_cls.train", "experiment=from_scratch", *words,
                "data=folder", f"data.root={photos}", "tracking=none", f"seed={seed}",
                f"hydra.run.dir='{folder}'",
            ],
            check=True,
        )  # fmt: skip
    return folder / "tables"


def compared(values: dict[str, tuple[str, ...]], photos: Path, out: Path) -> Comparison:
    """Sets the values of a setting side by side, on the same draws of bursts."""
    tables = {
        value: [train(words, seed, photos, out) for seed in SEEDS]
        for value, words in values.items()
    }
    split = pd.read_csv(next(iter(tables.values()))[0] / "split.csv", converters={"photo": str})
    bursts = dict(zip(split["photo"], split["burst"], strict=True))
    return compare(
        {
            value: [Predictions.read(folder / "predictions.csv") for folder in folders]
            for value, folders in tables.items()
        },
        bursts,
    )


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args()
    photos, out = chosen.photos.absolute(), chosen.out.absolute()
    rows = []
    for setting, values in SETTINGS.items():
        comparison = compared(values, photos, out)
        rows.append(comparison.table().assign(setting=setting))
        name = setting.replace(" ", "_").replace("-", "_")
        comparison_figure(comparison, setting).savefig(out / f"{name}.png")
        print(comparison.short_table(setting).to_string(index=False), end="\n\n", flush=True)
    table = pd.concat(rows, ignore_index=True)
    table.insert(0, "setting", table.pop("setting"))
    table.to_csv(out / "settings.csv", index=False)


if __name__ == "__main__":
    main()
