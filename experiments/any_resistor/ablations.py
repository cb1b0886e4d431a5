"""Trains the band reader several times on few synthetic crops, each time with one thing changed.

python experiments/any_resistor/ablations.py OTHERS PHOTOS [--crops N] [--batch N] [--every N]
    [--work FOLDER] [--out FOLDER]

OTHERS and PHOTOS are those of `run.py`, which also scores; of PHOTOS every N-th photo is read.
Writes ablations.csv, one row a training. Weights stay in the folder `--work`, and a training that
is there already is not made again. Every training starts from the same random weights and is
`experiment=pretrain_bands` in one epoch, with a shorter average of the weights:

- `full` changes nothing;
- `pooled head` reads all bands by linear layers from one average over the crop (`PooledReader`);
- `narrow generator` leaves out what was widened for other people's cameras and parts (`NARROW`);
- `paints alone` takes no colours that were measured on photos of the 37 categories;
- `full, 1/4` and `full, x4` have fewer and more crops, as have `narrow, x2` and `narrow, x4`;
- `narrow, then full` goes on from the weights of `narrow, x2`, with as many crops of all ranges.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import torch
from run import Photos, by_photographer, fresh_crops, of_categories, others, readings, together
from torch import Tensor, nn

from resistor_cls import train
from resistor_cls.bands import BANDS, MAX_BANDS
from resistor_cls.inference.photo_input import pixels_of
from resistor_cls.inference.value_readings import read_band_scores
from resistor_cls.model import ResistorNetwork, backbone, image_preprocessing
from resistor_cls.model.band_reader import WIDTH, BandReader, Reading
from resistor_cls.model.torch_network import TorchNetwork
from resistor_cls.synthetic.crops import ranges

SEED = 0
# A training of 500 steps is too short for the average over 1000 steps of the long one.
EMA = 0.99
# The photos that validate choose between epochs, and there is one: they and the report are small.
SMALL_REPORT = ("data.per_category=2", "unknown=0", "saliency=false", "gallery=1")
# Constants of `ranges` without what was widened for cameras and parts of other people: white
# balance and colour profile far off, thin paint and thin metal flakes, moved hues, rings of lights,
# glare, ragged, worn and mottled surfaces, and any exposure but an automatic one.
NARROW = {
    "FAR_BALANCE": 0.0,
    "FAR_PROFILE": 0.0,
    "THIN": 0.0,
    "METAL_OPACITY": ranges.OPACITY,
    "MOVED": 0.0,
    "RING": 0.0,
    "GLARE": 0.0,
    "RAGGED": 0.0,
    "WORN": 0.0,
    "MOTTLED": 0.0,
    "AUTOMATIC": 1.0,
}


class PooledReader(BandReader):
    """Reads every band from the mean of all tokens; nothing compares tokens in their order.

    The trunk is that of `BandReader`, and the loss of the columns trains it too.
    """

    def __init__(self, categories: Sequence[str], channels: int = 3) -> None:
        super().__init__(categories, channels)
        del self.encoder, self.decoder, self.queries
        self.slots = nn.Linear(WIDTH, MAX_BANDS * len(BANDS))

    def forward_features(self, photos: Tensor) -> Reading:
        """Reads a batch (batch, channels, rows, columns) of normalized upright crops."""
        tokens = self._tokens(photos)
        features = tokens.mean(dim=1)
        return Reading(
            slots=self.slots(features).unflatten(1, (MAX_BANDS, -1)).float(),
            direction=self.direction(features).float(),
            watts=self.watts(features).float(),
            columns=self.columns(tokens).unflatten(2, (2, -1)).flatten(1, 2).float(),
            features=features.float(),
        )


@dataclass(frozen=True)
class Ablation:
    """What a training changes.

    Attributes:
        words: of the command line.
        ranges: constants of `resistor_cls.synthetic.crops.ranges` and their values.
        reader: the network.
        times: its crops, as a multiple of `--crops`.
        start: the ablation whose weights it starts from; none for random weights.
    """

    words: tuple[str, ...] = ()
    ranges: Mapping[str, object] = field(default_factory=dict)
    reader: type[BandReader] = BandReader
    times: float = 1
    start: str = ""

    def total(self, crops: int) -> int:
        """The crops that its weights have learned from, those of its start included."""
        before = ABLATIONS[self.start].total(crops) if self.start else 0
        return round(self.times * crops) + before


ABLATIONS = {
    "full": Ablation(),
    "pooled head": Ablation(reader=PooledReader),
    "narrow generator": Ablation(ranges=NARROW),
    "paints alone": Ablation(words=("+data.stream.measured=false",)),
    "full, 1/4": Ablation(times=1 / 4),
    "full, x4": Ablation(times=4),
    "narrow, x2": Ablation(ranges=NARROW, times=2),
    "narrow, x4": Ablation(ranges=NARROW, times=4),
    "narrow, then full": Ablation(times=2, start="narrow, x2"),
}


def weights_of(name: str, work: Path, crops: int) -> Path:
    """The file of an ablation's weights."""
    label = "".join(letter if letter.isalnum() else "_" for letter in name)
    return work.absolute() / f"{label}_{ABLATIONS[name].total(crops)}" / "weights.safetensors"


def trained(name: str, work: Path, crops: int, batch: int) -> ResistorNetwork:
    """Trains in a folder below `work`, unless that has been done, and loads the network."""
    ablation = ABLATIONS[name]
    weights = weights_of(name, work, crops)
    words = list(ablation.words)
    if ablation.start:
        words.append(f"model.pretrained='{weights_of(ablation.start, work, crops)}'")
    # Workers that draw crops are forked from this process: they have the same constants.
    with ExitStack() as changed:
        changed.enter_context(patch.object(backbone, "BandReader", ablation.reader))
        for constant, value in ablation.ranges.items():
            changed.enter_context(patch.object(ranges, constant, value))
        if not weights.is_file():
            status = train.main(
                [
                    "experiment=pretrain_bands", "tracking=none", f"seed={SEED}",
                    "trainer.max_epochs=1", f"trainer.ema={EMA}", f"data.batch_size={batch}",
                    f"data.stream.length={round(ablation.times * crops)}", *SMALL_REPORT, *words,
                    f"hydra.run.dir='{weights.parent}'",
                ]
            )  # fmt: skip
            if status:
                sys.exit(status)
        return ResistorNetwork.load(weights)


def upright_crops(photos: Photos) -> list[np.ndarray]:
    """The crop of each photo; all networks have the same detector, that of the package."""
    prepare = image_preprocessing(True, [64, 192], 3, None)
    return [prepare(pixels_of(file)).photo for file in photos.files]


def scores(network: ResistorNetwork, photos: Photos, crops: list[np.ndarray]) -> dict[str, object]:
    """Value right by photographer with its interval, and all bands right of fresh crops."""
    table = readings(read_band_scores(TorchNetwork(network), crops), photos.ohms)
    row: dict[str, object] = {}
    for found in by_photographer(photos, table):
        name = found["photographer"]
        row[str(name)] = found["value right"]
        row |= {f"{name} {end}": found[end] for end in ("from", "to")}
    row["all bands right"], row["one band right"] = fresh_crops(network, measured=True)
    return row


def main() -> None:
    """Runs the study."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("others", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--crops", type=int, default=48_000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--every", type=int, default=8)
    parser.add_argument("--work", type=Path, default=Path("outputs/ablations"))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    photos = together([others(arguments.others), of_categories(arguments.photos, arguments.every)])
    crops = upright_crops(photos)
    rows = []
    for name, ablation in ABLATIONS.items():
        network = trained(name, arguments.work, arguments.crops, arguments.batch)
        found = scores(network, photos, crops)
        total = ablation.total(arguments.crops)
        rows.append({"training": name, "crops": total, "batch": arguments.batch, **found})
        frame = pd.DataFrame(rows)
        frame.to_csv(arguments.out / "ablations.csv", index=False, float_format="%.4f")
        print(frame.to_string(index=False, float_format="{:.3f}".format), flush=True)


if __name__ == "__main__":
    main()
