"""How many photos of other people are accepted, with and without the test for unfamiliar photos.

`python experiments/familiarity/run.py PHOTOS OTHERS OUT [key=value …]`; README.md tells more.
PHOTOS has a folder for each category. OTHERS has labels.csv with the columns file, photographer,
part, ohms. Further words go to each training, such as `model.locate=false`.
"""

import argparse
import csv
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from resistor_cls.categories import Categories, parse_name
from resistor_cls.data.images.preprocessed import read_preprocessed
from resistor_cls.evaluation.calibration import (
    RISKS,
    Calibration,
    apply_calibration,
    fit_calibration,
)
from resistor_cls.evaluation.calibration.familiarity import fit_familiarity
from resistor_cls.inference.batches import probabilities_and_features
from resistor_cls.model import ResistorNetwork, image_preprocessing
from resistor_cls.model.checkpoint.weights import RENDERED
from resistor_cls.model.torch_network import TorchNetwork

HERE = Path(__file__).parent
SEEDS, FOLDS, HALVES = 3, 5, 20
RISK = RISKS.index(0.05)


@dataclass(frozen=True)
class Photo:
    """A photo and what is known of it."""

    file: Path
    group: str
    part: str
    ohms: float | None


def photos_of(photos: Path, others: Path) -> list[Photo]:
    """All photos: those of the categories, and those of other people."""
    known = [
        Photo(file, "categories", file.parent.name, parse_name(file.parent.name).ohms)
        for file in sorted(photos.glob("*/*.jp*g"))
    ]
    with (others / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return known + [
        Photo(others / row["file"], row["photographer"], row["part"], float(row["ohms"]))
        for row in rows
        if (others / row["file"]).is_file()
    ]


def trained(photos: Path, left_out: set[str], seed: int, out: Path, words: list[str]) -> Path:
    """A model of `experiment=best`, without some categories; made if it is not there."""
    checkpoint = out / "checkpoints" / "best.ckpt"
    if not checkpoint.is_file():
        root = photos
        if left_out:
            root = out.with_name(f"{out.name}_photos")  # beside: a training wants an empty folder
            root.mkdir(parents=True, exist_ok=True)
            for folder in photos.iterdir():
                if folder.is_dir() and folder.name not in left_out:
                    (root / folder.name).symlink_to(folder)
        run = [sys.executable, "-m", "resistor_cls.train", "experiment=best", "data=folder"]
        choice = [f"data.root='{root}'", f"seed={seed}", "tracking=none", "saliency=false"]
        folder = f"hydra.run.dir='{out}'"
        subprocess.run([*run, *choice, "unknown=0", folder, *words], check=True)
    return checkpoint


def seen(model: ResistorNetwork, photos: list[Photo], crops: bool) -> tuple[np.ndarray, ...]:
    """Probabilities, features, and whether a body was found, of each photo."""
    prepare, located = model.image_preprocessing(), []
    if crops:
        prepare = image_preprocessing(False, list(prepare.shape))

    def pixels() -> Iterator[np.ndarray]:
        for photo in photos:
            one = read_preprocessed(photo.file, prepare)
            located.append(one.located)
            yield one.photo

    likely, features = probabilities_and_features(TorchNetwork(model), pixels())
    return likely, features, np.array(located)


def held_out_share(features: np.ndarray, rng: np.random.Generator) -> float:
    """Share of photos like the calibration photos that the test refuses: by halves of them."""
    shares = []
    for _ in range(HALVES):
        order = rng.permutation(len(features))
        half, rest = order[: len(order) // 2], order[len(order) // 2 :]
        test = fit_familiarity(features[half]).familiarity
        shares.append(1 - test.familiar(test.distances(features[rest])).mean())
    return float(np.mean(shares))


def measured(
    name: str, checkpoint: Path | None, photos: list[Photo], validation: set[str], crops: bool
) -> Iterator[dict[str, Any]]:
    """Rows of the table for one model."""
    model = ResistorNetwork.load(checkpoint) if checkpoint else rendered()
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    likely, features, located = seen(model, photos, crops)
    calibration = Calibration.from_dict(model.metadata["calibration"])
    with_test = apply_calibration(likely, calibration, located, features)
    held = np.array(
        [
            photo.group == "categories" and f"{photo.part}/{photo.file.name}" in validation
            for photo in photos
        ]
    )
    plain = calibration
    if held.any():  # without the test, the thresholds are those of a calibration that never had it
        names = model.categories.names
        targets = np.array(
            [names.index(photo.part) for photo, one in zip(photos, held, strict=True) if one]
        )
        plain = fit_calibration(likely[held], targets, located[held])
    without = apply_calibration(likely, plain, located)
    ohms = np.array([category.ohms or np.nan for category in model.categories])
    guess = ohms[likely.argmax(axis=1)]
    right = np.isclose(guess, [photo.ohms or np.nan for photo in photos], rtol=1e-6)
    for group, chosen in groups(photos, held, model.categories):
        if not chosen.any():
            continue
        familiar = with_test.familiar[chosen] & located[chosen]
        row = {"model": name, "group": group, "photos": int(chosen.sum())}
        row |= {"located": int(located[chosen].sum()), "familiar": int(familiar.sum())}
        for place, risk in enumerate(RISKS):
            for kind, found in (("with", with_test), ("without", without)):
                accepted = found.accepted[chosen, place] == 1
                count = accepted.sum() if np.isfinite(found.accepted[chosen, place]).all() else ""
                row[f"accepted:{risk}:{kind}"] = count
                row[f"wrong:{risk}:{kind}"] = (
                    "" if count == "" else (~right[chosen])[accepted].sum()
                )
        yield row
    if held.any():
        share = held_out_share(features[held & located], np.random.default_rng(0))
        yield {"model": name, "group": "refused of held-out halves", "share": share}


def rendered() -> ResistorNetwork:
    """The model of the package."""
    return ResistorNetwork.load(RENDERED)


def groups(
    photos: list[Photo], held: np.ndarray, categories: Categories
) -> Iterator[tuple[str, np.ndarray]]:
    """Groups of photos, and which they are."""
    known = {f"{category.ohms:.6g}" for category in categories if category.ohms}
    value = np.array([f"{photo.ohms:.6g}" in known if photo.ohms else False for photo in photos])
    group = np.array([photo.group for photo in photos])
    of_category = np.array([photo.part in categories.names for photo in photos])
    if not held.any():
        yield "categories", group == "categories"
    yield "left-out categories", (group == "categories") & ~of_category
    others = group != "categories"
    yield "others, value unknown", others & ~value
    for one in sorted(set(group[others])):
        yield f"{one}, value unknown", (group == one) & ~value
        yield f"{one}, value known", (group == one) & value


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("photos", "others", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("words", nargs="*")
    parser.add_argument(
        "--crops", action="store_true", help="the photos are upright crops already, 80 by 192"
    )
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time")
    chosen = parser.parse_args()
    if chosen.crops:
        chosen.words += ["model.locate=false", "data.image_size=[80,192]"]
    root, out = chosen.photos.absolute(), chosen.out.absolute()
    photos = photos_of(root, chosen.others.absolute())
    names = sorted(path.name for path in root.iterdir() if path.is_dir())
    order = np.random.default_rng(0).permutation(names)
    jobs = [(f"seed {seed}", set(), seed) for seed in range(SEEDS)]
    jobs += [(f"without fold {fold}", set(order[fold::FOLDS]), 0) for fold in range(FOLDS)]
    folders = [out / name.replace(" ", "_") for name, *_ in jobs]
    with ThreadPoolExecutor(chosen.jobs) as pool:
        checkpoints = pool.map(
            lambda job, folder: trained(root, job[1], job[2], folder, chosen.words), jobs, folders
        )
    rows: list[dict[str, Any]] = []
    for (name, *_), folder, checkpoint in zip(jobs, folders, checkpoints, strict=True):
        table = pd.read_csv(folder / "tables" / "predictions.csv", usecols=["photo"])
        rows += measured(name, checkpoint, photos, set(table["photo"]), chosen.crops)
    rows += measured("package", None, photos, set(), chosen.crops)
    table = pd.DataFrame(rows)
    table.to_csv(HERE / "accepted.csv", index=False)
    show(table)


def show(table: pd.DataFrame) -> None:
    """Prints shares of each group: the mean over models, and the largest."""
    for which in ("seed", "without", "package"):
        part = table[table["model"].str.startswith(which)]
        for group, rows in part.groupby("group", sort=False):
            if group.startswith("refused"):
                print(f"{which:8} {group:32} {rows['share'].mean():.3f} {rows['share'].max():.3f}")
                continue
            text = f"{which:8} {group:32} {rows['photos'].mean():6.0f}"
            for key in (
                "familiar",
                *(f"accepted:{RISKS[RISK]}:{kind}" for kind in ("without", "with")),
            ):
                shares = pd.to_numeric(rows[key], errors="coerce") / rows["photos"]
                text += f"  {key} {shares.mean():.3f} (≤ {shares.max():.3f})"
            print(text)


if __name__ == "__main__":
    main()
