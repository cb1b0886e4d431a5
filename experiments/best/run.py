"""Trains the variants of `experiment=best` on real photos and sets their scores side by side.

`python experiments/best/run.py PHOTOS OUT [NAME …]`; README.md beside it tells what came out.
A run that is there already is not made again.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score, roc_auc_score

from resistor_cls.data.images.decode import read_photo
from resistor_cls.inference import Predictor
from resistor_cls.model import ResistorNetwork

# Name → words beside experiment=best, and seeds.
VARIANTS: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "best": ((), (0, 1, 2)),
    "best, stratified": (("data.split=stratified",), (0, 1, 2)),
    "best, stratified, 5 epochs": (("data.split=stratified", "trainer.max_epochs=5"), (0, 1, 2)),
    "averaged weights": (("trainer.ema=0.99",), (0, 1)),
    "no augmentation": (("augment=none",), (0, 1)),
    "soft augmentation": (("augment=soft",), (0, 1)),
    "128 px": (("data.image_size=128",), (0, 1)),
    "256 px": (("data.image_size=256",), (0,)),
    "from scratch": (("model.pretrained=false",), (0,)),
    "from scratch, 24 epochs": (("model.pretrained=false", "trainer.max_epochs=24"), (0,)),
    "resnet18, from scratch": (("model=resnet18", "model.pretrained=false"), (0,)),
    "whole photo": (("model.locate=false", "augment=soft"), (0,)),
}
# Judged again, as the mean over the photo, its half turn and its mirror images.
FOUR_VIEWS = ("best", "best, stratified", "best, stratified, 5 epochs")


def train(words: tuple[str, ...], seed: int, photos: Path, folder: Path) -> pd.DataFrame:
    """The predictions of one run on its validation photos."""
    predictions = folder / "tables" / "predictions.csv"
    if not predictions.is_file():
        subprocess.run(
            [
                sys.executable, "-m", "resistor_cls.train", "experiment=best", *words,
                "data=folder", f"data.root={photos}", "tracking=none", f"seed={seed}",
                f"hydra.run.dir='{folder}'",
            ],
            check=True,
        )  # fmt: skip
    return pd.read_csv(predictions)


def judge_again(folder: Path, views: int) -> pd.DataFrame:
    """The predictions of a run's best model, averaged over views."""
    model = ResistorNetwork.load(folder / "checkpoints" / "best.ckpt")
    model.set_inference(views=views)
    table = pd.read_csv(folder / "tables" / "predictions.csv")
    files = [Path(model.metadata["data"]["root"]) / name for name in table["photo"]]
    answers = Predictor(model).probabilities([read_photo(file) for file in files])
    names = np.array(model.categories.names)
    table["prediction"], table["probability"] = names[answers.argmax(axis=1)], answers.max(axis=1)
    table["correct"] = table["prediction"] == table["label"]
    table[[f"p:{name}" for name in names]] = answers
    return table


def scores(table: pd.DataFrame) -> dict[str, float]:
    """Top-1, macro F1 and ROC AUC, and coverage at most 1 % wrong; of categories with photos."""
    names = sorted(set(table["label"]))
    truth = table["label"].to_numpy()[:, None] == np.array(names)
    likely = table[[f"p:{name}" for name in names]].to_numpy()
    right = table.sort_values("probability", ascending=False)["correct"].to_numpy()
    wrong = np.cumsum(~right) / np.arange(1, len(right) + 1)
    accepted = np.flatnonzero(wrong <= 0.01)
    return {
        "accuracy": float(right.mean()),
        "f1_macro": float(
            f1_score(table["label"], table["prediction"], labels=names, average="macro")
        ),
        "roc_auc": float(roc_auc_score(truth, likely, average="macro")),
        "coverage_at_1_percent": float((accepted[-1] + 1) / len(right)) if len(accepted) else 0.0,
    }


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*", help="variants; by default all of them")
    chosen = parser.parse_args()
    rows = []
    for name in chosen.names or VARIANTS:
        words, seeds = VARIANTS[name]
        for seed in seeds:
            folder = chosen.out.absolute() / f"{name} {seed}".replace(", ", " ").replace(" ", "_")
            table = train(words, seed, chosen.photos.absolute(), folder)
            rows.append({"variant": name, "seed": seed, **scores(table)})
            if name in FOUR_VIEWS:
                again = judge_again(folder, 4)
                rows.append({"variant": f"{name}, 4 views", "seed": seed, **scores(again)})
            pd.DataFrame(rows).to_csv(chosen.out / "runs.csv", index=False)
    table = pd.DataFrame(rows).drop(columns="seed").groupby("variant", sort=False)
    print(table.agg(["mean", "std"]).round(4).to_string())


if __name__ == "__main__":
    main()
