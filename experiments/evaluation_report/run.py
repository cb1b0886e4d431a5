"""Trains `experiment=best`, reports on it, and again with five categories left out.

`python experiments/evaluation_report/run.py PHOTOS OUT`; README.md beside it tells what came out.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
LEFT_OUT = 5  # categories
CHARTS = (
    "confusion_matrix", "confusion_matrix_ordered", "roc", "precision_recall", "reliability",
    "risk_coverage", "unknown", "stress",
)  # fmt: skip


def command(name: str, *words: str, folder: Path) -> Path:
    """Runs a command of the package into a folder, if that is not there already."""
    if not (folder / "report.json").is_file():
        program = [sys.executable, "-m", f"resistor_cls.{name}"]
        run = f"hydra.run.dir='{folder}'"
        subprocess.run([*program, *words, "tracking=none", run], check=True)
    return folder


def without_some(photos: Path, folder: Path) -> Path:
    """The same photos but for five categories, drawn by lot."""
    names = sorted(path.name for path in photos.iterdir() if path.is_dir())
    left_out = set(np.random.default_rng(0).permutation(names)[:LEFT_OUT].tolist())
    folder.mkdir(parents=True, exist_ok=True)
    for path in photos.iterdir():
        if path.name not in left_out and not (folder / path.name).exists():
            (folder / path.name).symlink_to(path)
    return folder


def keep(folder: Path) -> None:
    """Copies what shows no photo: charts, tables and numbers."""
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    report["model"] = "experiment=best, seed 0"
    text = json.dumps(report, indent=1, ensure_ascii=False)
    (HERE / "report.json").write_text(text, encoding="utf-8")
    for name in ("predictions", "per_category", "unknown", "stress"):
        source = folder / "tables" / f"{name}.csv"
        (HERE / source.name).write_bytes(source.read_bytes())
    stressed = pd.read_csv(folder / "tables" / "stress_predictions.csv")
    # Without the time, so that the same table is the same file.
    how = {"method": "gzip", "mtime": 0}
    stressed.to_csv(HERE / "stress_predictions.csv.gz", index=False, compression=how)
    for name in CHARTS:
        source = folder / "figures" / f"{name}.png"
        (HERE / source.name).write_bytes(source.read_bytes())


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args()
    photos, out = chosen.photos.absolute(), chosen.out.absolute()
    recipe, data = "experiment=best", ("data=folder", f"data.root={photos}")
    trained = command("train", recipe, *data, "seed=0", folder=out / "best")
    model = f"model={trained / 'checkpoints' / 'best.ckpt'}"
    keep(command("evaluate", model, "stress=true", folder=out / "report"))

    some = f"data.root={without_some(photos, out / 'some')}"
    fewer = command("train", recipe, "data=folder", some, "seed=0", folder=out / "fewer")
    judged = command(
        "evaluate", f"model={fewer / 'checkpoints' / 'best.ckpt'}", *data, "data.split=capture",
        "subset=validation", "--allow", "unknown", folder=out / "left_out",
    )  # fmt: skip
    report = json.loads((judged / "report.json").read_text(encoding="utf-8"))
    kinds = pd.DataFrame(report["unknown"]["kinds"])
    kinds.to_csv(HERE / "left_out.csv", index=False)
    print(kinds.to_string(index=False))


if __name__ == "__main__":
    main()
