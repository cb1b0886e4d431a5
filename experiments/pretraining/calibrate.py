"""Calibrates weights that learned from synthetic photos on further ones like these.

`python experiments/pretraining/calibrate.py WEIGHTS.safetensors` writes the calibration into the
file. A run of `experiment=pretrain_rendered` does it by itself since version 0.2; the weights of
the package are older.
"""

import argparse
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from resistor_cls.categories import resistor37
from resistor_cls.data.images.preprocessed import read_preprocessed
from resistor_cls.data.images.threads import one_torch_thread
from resistor_cls.evaluation.calibration import RISKS, fit_calibration
from resistor_cls.inference.batches import probabilities_and_features
from resistor_cls.model import ResistorNetwork
from resistor_cls.synthetic import generate_dataset

EACH, SEED = 20, 11  # photos of a category; a seed that neither trained nor validated
VIEWS = 4  # averaged by default, as by models of experiment=best
# Share of synthetic photos that the test refuses. More than of a model that was calibrated on real
# photos: nobody photographs a drawing, and every real photo is a little unlike all of them.
REFUSED = 0.10


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    path = parser.parse_args().weights
    model = ResistorNetwork.load(path)
    model.set_inference(views=VIEWS)
    model.hparams["views"] = VIEWS
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        counts = dict.fromkeys(resistor37().names, EACH)
        generate_dataset(root, resistor37(), counts, seed=SEED, progress=False)
        files = sorted(root.rglob("*.jpg"))
        prepare = model.image_preprocessing()
        with one_torch_thread(), ThreadPoolExecutor() as pool:
            found = list(pool.map(lambda file: read_preprocessed(file, prepare), files))
    targets = np.array([model.categories.index(file.parent.name) for file in files])
    likely, features = probabilities_and_features(model, (one.photo for one in found))
    located = np.array([one.located for one in found])
    calibration = fit_calibration(likely, targets, located, features, REFUSED)
    model.metadata["calibration"] = {**calibration.to_dict(), "pixels": []}
    model.save_weights(path)
    right = (likely.argmax(axis=1) == targets).mean()
    print(f"{len(files)} synthetic photos, {right:.3f} right, {(~located).sum()} without a body")
    print(f"temperature {calibration.temperature:.3f}; thresholds", end=" ")
    print(dict(zip(RISKS, calibration.thresholds, strict=True)))
    print(f"limit of the distance {calibration.familiarity.limit:.4f}; {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
