"""Scores a band reader on photos of parts that it never saw, by photographer.

python experiments/any_resistor/run.py OTHERS [PHOTOS] [--model REF] [--out FOLDER]
    [--calibrate WEIGHTS]

OTHERS is a folder with `labels.csv` (file, photographer, part, ohms) and photos; PHOTOS the photos
of the 37 categories, one folder each. Writes values.csv, acceptance.csv and ablation.csv. Intervals
are clustered by part: photos of one part are right or wrong together. `--calibrate` also writes the
weights with a temperature and a threshold that all photographers agree on: a recipe, no training.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from resistor_cls.bands import BandScores
from resistor_cls.categories import resistor37
from resistor_cls.category_codes import category_log_probabilities
from resistor_cls.decoding import read_values
from resistor_cls.evaluation.scores import Bootstrap
from resistor_cls.inference import Predictor
from resistor_cls.inference.photo_input import pixels_of
from resistor_cls.inference.reading_calibration import KEY, ReadingCalibration
from resistor_cls.inference.value_readings import read_band_scores
from resistor_cls.model import ResistorNetwork
from resistor_cls.model.torch_network import TorchNetwork
from resistor_cls.synthetic import draw_crops
from resistor_cls.synthetic.distractors import draw_distractor

_CATEGORIES = "37 categories"
SAME = 1e-6  # relative difference of two equal values
ACCEPTED_WRONG = 0.05  # the largest share of wrong readings among the accepted ones
FRESH = 2000  # synthetic crops, of a seed that no training has
DISTRACTORS, DISTRACTOR_SEED, DISTRACTOR_SIZE = (
    150,
    5,
    400,
)  # drawn photos, and their side in pixels


@dataclass(frozen=True)
class Photos:
    """Labelled photos.

    Attributes:
        files: of the photos.
        photographer: (photos,) names.
        part: (photos,) names.
        ohms: (photos,) true values.
    """

    files: list[Path]
    photographer: np.ndarray
    part: np.ndarray
    ohms: np.ndarray


def others(folder: Path) -> Photos:
    """The photos by other people that `labels.csv` lists."""
    table = pd.read_csv(folder / "labels.csv")
    part = table.photographer + "/" + table.part.astype(str)
    files = [folder / name for name in table.file]
    return Photos(files, table.photographer.to_numpy(), part.to_numpy(), table.ohms.to_numpy())


def of_categories(folder: Path, every: int = 1) -> Photos:
    """Every so many of the photos of the 37 categories, a part each."""
    files = [file for name in resistor37().names for file in sorted((folder / name).glob("*.jpg"))]
    files = files[::every]
    names = np.array([file.parent.name for file in files])
    ohms = {category.name: category.ohms for category in resistor37()}
    return Photos(
        files, np.full(len(files), "37 categories"), names, np.array([ohms[n] for n in names])
    )


def read(network: ResistorNetwork, photos: Photos) -> BandScores:
    """The scores of the bands of every photo, on one core."""
    prepare = network.image_preprocessing()
    return read_band_scores(
        TorchNetwork(network), (prepare(pixels_of(file)).photo for file in photos.files)
    )


def readings(scores: BandScores, ohms: np.ndarray, series: str = "E96") -> pd.DataFrame:
    """For each photo whether it is read right, or among the first three, and the confidence."""
    rows = []
    for found, true in zip(read_values(scores, series, top=3), ohms, strict=True):
        right = [abs(one.ohms / true - 1) < SAME for one in found]
        rows.append((bool(right and right[0]), any(right), found[0].probability if found else 0.0))
    return pd.DataFrame(rows, columns=["right", "among_three", "confidence"])


def by_photographer(photos: Photos, table: pd.DataFrame) -> Iterator[dict[str, object]]:
    """A row for each photographer: value right, with its interval."""
    for name in pd.unique(photos.photographer):
        rows = photos.photographer == name
        right = table.right.to_numpy()[rows].astype(float)
        low, high = Bootstrap.of(photos.part[rows]).interval_of_mean(right)
        yield {
            "photographer": name, "photos": int(rows.sum()), "parts": len(set(photos.part[rows])),
            "value right": right.mean(), "from": low, "to": high,
            "among the first three": table.among_three.to_numpy()[rows].mean(),
        }  # fmt: skip


def threshold_for(table: pd.DataFrame, photographer: np.ndarray) -> float:
    """The lowest confidence at which every photographer's accepted readings are right enough."""
    levels = np.linspace(0.5, 0.999, 500)
    for level in levels:
        wrong = [
            _wrong_share(table[photographer == name], level) for name in pd.unique(photographer)
        ]
        if max(wrong) <= ACCEPTED_WRONG:
            return float(level)
    return 1.0


def _wrong_share(table: pd.DataFrame, level: float) -> float:
    accepted = table[table.confidence >= level]
    return 1 - accepted.right.mean() if len(accepted) else 0.0


def acceptance(photos: Photos, table: pd.DataFrame, default: float) -> Iterator[dict[str, object]]:
    """Two rows for each photographer: at a threshold that the others chose, and at the default."""
    for name in pd.unique(photos.photographer):
        own, left = photos.photographer == name, photos.photographer != name
        chosen = threshold_for(table[left], photos.photographer[left])
        for rule, level in (("left out", chosen), ("default", default)):
            accepted = table[own & (table.confidence >= level).to_numpy()]
            yield {
                "photographer": name, "threshold by": rule, "threshold": level,
                "accepted": len(accepted) / own.sum(), "wrong among accepted": (
                    1 - accepted.right.mean() if len(accepted) else np.nan
                ),
            }  # fmt: skip


def decodings(photos: Photos, scores: BandScores) -> Iterator[dict[str, object]]:
    """A row for each photographer and way of decoding: value right."""
    ways = {
        "E24 and E96": readings(scores, photos.ohms),
        "E24 alone": readings(scores, photos.ohms, "E24"),
        "any value": readings(scores, photos.ohms, "any"),
        "E24 and E96, one view": readings(replace(scores, turned=None), photos.ohms),
    }
    for way, table in ways.items():
        for name in pd.unique(photos.photographer):
            right = table.right[photos.photographer == name].mean()
            yield {"decoding": way, "photographer": name, "value right": right}


def together(sets: list[Photos]) -> Photos:
    """Several sets as one."""
    return Photos(
        [file for photos in sets for file in photos.files],
        *(
            np.concatenate([getattr(photos, name) for photos in sets])
            for name in ("photographer", "part", "ohms")
        ),
    )


def calibration(photos: Photos, scores: BandScores) -> ReadingCalibration:
    """The temperature with the smallest Brier score, a mean over photographers; and a threshold."""
    best, tables = np.inf, {}
    for temperature in np.arange(0.6, 1.65, 0.1):
        softened = ReadingCalibration(float(temperature)).apply(scores)
        table = readings(softened, photos.ohms)
        errors = (table.confidence - table.right) ** 2
        brier = errors.groupby(photos.photographer).mean().mean()
        if brier < best:
            best, tables = brier, {float(temperature): table}
    ((temperature, table),) = tables.items()
    return ReadingCalibration(temperature, threshold_for(table, photos.photographer))


def distractors(network: ResistorNetwork) -> tuple[int, int]:
    """Of drawn small objects that are not resistors, how many are found, and how many accepted."""
    rng = np.random.default_rng(DISTRACTOR_SEED)
    photos = [draw_distractor(rng, DISTRACTOR_SIZE)[0] for _ in range(DISTRACTORS)]
    predictions = list(Predictor(network).predict(photos))
    found = sum(bool(one.located) for one in predictions)
    return found, sum(bool(one.accepted) for one in predictions)


def fresh_crops(network: ResistorNetwork, measured: bool) -> tuple[float, float]:
    """Share of fresh synthetic crops whose bands are all right, in order; and of single bands."""
    rng = np.random.default_rng(2026)
    right = []
    for _ in range(FRESH // 50):
        crops = draw_crops(50, network.preprocessing.shape, rng, measured=measured)
        found = read_band_scores(TorchNetwork(network), crops.photos).slots.argmax(axis=2)
        right.append(found == crops.bands)
    every = np.concatenate(right)
    return float(every.all(axis=1).mean()), float(every.mean())


def main() -> None:
    """Runs the study."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("others", type=Path)
    parser.add_argument("photos", type=Path, nargs="?")
    parser.add_argument("--model", default="rendered")
    parser.add_argument("--calibrate", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    network = ResistorNetwork.load(arguments.model)
    sets = [others(arguments.others)]
    if arguments.photos:
        sets.append(of_categories(arguments.photos))
    values, ablation, tables, every_score = [], [], [], []
    for photos in sets:
        scores = read(network, photos)
        every_score.append(scores)
        table = readings(scores, photos.ohms)
        values += by_photographer(photos, table)
        ablation += decodings(photos, scores)
        tables.append(table)
        if photos.photographer[0] == _CATEGORIES:
            likely = category_log_probabilities(scores, resistor37())
            names = np.array(resistor37().names)[likely.argmax(axis=1)]
            values[-1]["category right"] = (names == photos.part).mean()
    every, table = together(sets), pd.concat(tables, ignore_index=True)
    default = ReadingCalibration.of(network.metadata)
    if arguments.calibrate:
        default = calibration(every, BandScores.joined(every_score))
        values_of = {
            "temperature": round(default.temperature, 1), "threshold": round(default.threshold, 3),
        }  # fmt: skip
        network.metadata = {**network.metadata, KEY: values_of}
        network.save_weights(arguments.calibrate)
        print(default)
    if default.temperature != 1:
        table = readings(default.apply(BandScores.joined(every_score)), every.ohms)
    accepted = list(acceptance(every, table, default.threshold))
    pd.options.display.float_format = "{:.3f}".format
    pd.options.display.width = 160
    for name, rows in (("values", values), ("acceptance", accepted), ("ablation", ablation)):
        frame = pd.DataFrame(rows)
        frame.to_csv(arguments.out / f"{name}.csv", index=False, float_format="%.4f")
        print(f"\n{name}\n{frame.to_string(index=False)}")
    found, taken = distractors(network)
    print(f"\n{DISTRACTORS} drawn distractors: {found} found, {taken} accepted")
    for measured in (True, False):
        every_band, one_band = fresh_crops(network, measured)
        print(
            f"fresh crops, measured={measured}: all bands {every_band:.3f}, one band {one_band:.3f}"
        )


if __name__ == "__main__":
    main()
