"""The report that follows a training."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from assembled import Assembled, assembled, synthetic_photos
from frame import Measured, Options, in_turns

from resistor_cls.evaluation import Predictions
from resistor_cls.inference.batches import probabilities_and_features
from resistor_cls.inference.calibrate import calibration_metadata
from resistor_cls.inference.evaluate_model import ReportOptions, evaluate_model
from resistor_cls.model import ResistorNetwork
from resistor_cls.model.torch_network import TorchNetwork
from resistor_cls.tracking import open_run, save_results


@dataclass(frozen=True)
class Kept:
    """A network with the predictions of its last validation, as after a training."""

    parts: Assembled
    network: ResistorNetwork
    predictions: Predictions

    def report(self, folder: Path) -> dict[str, float]:
        """Makes and saves the report; seconds of both."""
        began = time.perf_counter()
        data = self.parts.data
        metadata = calibration_metadata(self.predictions, data)
        self.network.metadata = {**self.network.metadata, "calibration": metadata}
        results = evaluate_model(
            self.network, data, self.predictions, ReportOptions("none", "validation", prefix="val/")
        )
        made = time.perf_counter()
        with open_run(folder, kind="none") as run:
            save_results(run, results)
        return {"made, s": made - began, "saved, s": time.perf_counter() - made}


def kept(options: Options, each: int, validated: float) -> Kept:
    """A band reader of the package's weights with its predictions of synthetic photos.

    Args:
        options: of the rows.
        each: photos of each of the 37 categories.
        validated: share of them that is evaluated.
    """
    photos = synthetic_photos(options.scratch, each)
    words = ("experiment=quickstart", f"data.validation_size={validated}", "trainer=cpu")
    parts = assembled(photos, options.scratch / "cache", *words)
    data = parts.data
    data.setup()
    network = parts.make_model(data.categories.names).network.eval()
    indices = data.validation_indices
    likely, features = probabilities_and_features(
        TorchNetwork(network), (data.photo(int(index)) for index in indices)
    )
    targets = data.targets[indices]
    of_label = np.maximum(likely[np.arange(len(targets)), targets], 1e-9)
    predictions = Predictions(
        names=tuple(data.photo_set.names[index] for index in indices),
        indices=indices,
        targets=targets,
        probabilities=likely,
        losses=-np.log(of_label).astype(np.float32),
        categories=data.categories,
        located=None if data.located is None else data.located[indices],
        bursts=data.bursts[indices],
        features=features,
    )
    return Kept(parts, network, predictions)


def report(options: Options) -> Measured:
    """Calibration, report, figures and tables of 577 validation photos, made and saved."""
    of = kept(options, options.count(20, 4), 577 / 740)
    taken: list[dict[str, float]] = []

    def seconds() -> float:
        taken.append(of.report(options.scratch / f"report_{time.monotonic_ns()}"))
        return sum(taken[-1].values())

    found = in_turns("s", seconds, None, options.repeats)
    parts: dict[str, Any] = {
        name: float(np.median([one[name] for one in taken])) for name in taken[0]
    }
    note = f"{len(of.predictions.names)} photos"
    return Measured(found.unit, found.values, parts=parts, note=note)
