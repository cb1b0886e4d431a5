"""Searches with Optuna on real photos, is killed on the way, and continues.

`python experiments/optuna_sweep/run.py PHOTOS OUT`; README.md beside it tells what came out.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import pandas as pd

HERE = Path(__file__).parent
KILLED_AT = 6  # number of the job in which the command is killed
TRIALS = 12
# A small network on small crops of a quarter of the photos: a job takes seconds, not minutes.
WORDS = (
    "data=folder", "data.sample=0.25", "data.image_size=64", "data.batch_size=32",
    "augment=crop", "model=resnet10t", "model.pretrained=false",
    "model.locate=true", "loss=cross_entropy", "trainer.max_epochs=6", "gallery=4",
    "stress=false", "unknown=0", "saliency=false", "tracking.system_metrics=false",
    "tracking.log_model=false", "-m", "hydra/sweeper=optuna", f"hydra.sweeper.n_trials={TRIALS}",
    "optimizer.lr=tag(log,interval(1e-4,3e-2))",
    "optimizer.weight_decay=tag(log,interval(1e-3,1e-1))",
    "loss.label_smoothing=interval(0.0,0.2)", "mix=none,mixup",
)  # fmt: skip


def main() -> None:
    """Runs both commands and saves the table beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, help="a folder with one folder of photos per category")
    parser.add_argument("out", type=Path, help="gets the runs; must be empty")
    arguments = parser.parse_args()
    out = arguments.out.absolute()
    out.mkdir(parents=True)
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{out / 'mlflow.db'}"
    command = [sys.executable, "-m", "resistor_cls.train", *WORDS]
    command.append(f"data.root={arguments.photos.absolute()}")
    first = killed(command, out)
    begin = time.monotonic()
    subprocess.run(command, cwd=out, check=True)
    second = time.monotonic() - begin
    save(out)
    print(f"{first:.0f} s until the kill in job {KILLED_AT}, {second:.0f} s for the rest")


def killed(command: list[str], out: Path) -> float:
    """Kills a command in a job; returns how many seconds it had run."""
    begin = time.monotonic()
    with subprocess.Popen(command, cwd=out) as process:
        while not list(out.glob(f"outputs/*/*/{KILLED_AT}/figures/confusion_matrix/*.png")):
            if process.poll() is not None:
                raise SystemExit("it ended before it was killed")
            time.sleep(0.2)
        process.kill()
    return time.monotonic() - begin


def save(out: Path) -> None:
    """Saves the table of the sweep with the seconds and epochs of each job, and its figures."""
    client = mlflow.MlflowClient()
    (folder,) = (path.parent for path in out.glob("outputs/*/*/tables"))
    table = pd.read_csv(folder / "tables" / "sweep.csv")
    runs = [client.get_run(run) for run in table["run"]]
    table["seconds"] = [(run.info.end_time - run.info.start_time) / 1000 for run in runs]
    table["epochs"] = [
        len(client.get_metric_history(run.info.run_id, "val/roc_auc")) for run in runs
    ]
    columns = ["number", "job", "status", "val/roc_auc", "val/accuracy", "epochs", "seconds"]
    table[columns].sort_values("number").to_csv(HERE / "trials.csv", index=False)
    shutil.copy(folder / "tables" / "importance.csv", HERE)
    for name in ("parallel_coordinates", "importance"):
        shutil.copy(folder / "figures" / f"{name}.png", HERE)


if __name__ == "__main__":
    main()
