"""Four equal trainings one after the other, and two at a time: which is faster?

`python experiments/optuna_sweep/side_by_side.py OUT`; README.md beside it tells what came out.
"""

import argparse
import csv
import os
import subprocess
import sys
import time
from pathlib import Path

REPEATS = 3
WORDS = (
    "data=rendered", "data.per_category=12", "data.image_size=96", "model=resnet10t",
    "model.pretrained=false", "augment=soft", "trainer.max_epochs=3", "tracking=none", "gallery=4",
    "stress=false", "unknown=0", "saliency=false", "-m", "seed=0,1,2,3",
)  # fmt: skip
WAYS = {
    "one after the other": (),
    "two at a time": ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
}


def main() -> None:
    """Measures both ways in alternation, after a first sweep that draws and decodes the photos."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="gets the results of the trainings")
    out = parser.parse_args().out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    os.environ["RESISTOR_CLS_CACHE"] = str(out / "cache")
    seconds_of(("trainer.max_epochs=1",), out)
    with (Path(__file__).parent / "side_by_side.csv").open("w", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["way", "seconds", "load"])
        for _ in range(REPEATS):
            for way, words in WAYS.items():
                load = os.getloadavg()[0]  # of others, before
                table.writerow([way, f"{seconds_of(words, out):.1f}", f"{load:.1f}"])
                file.flush()


def seconds_of(words: tuple[str, ...], out: Path) -> float:
    """The wall time of a sweep."""
    begin = time.monotonic()
    command = [sys.executable, "-m", "resistor_cls.train", *WORDS, *words]
    subprocess.run(command, cwd=out, check=True, capture_output=True)
    return time.monotonic() - begin


if __name__ == "__main__":
    main()
