"""Compares the page that `export --format web` writes with `predict`, in headless Chromium.

python experiments/web_page/compare.py PHOTOS [PHOTOS ...] [--count 50] [--every] [--runtime FOLDER]
    [--out FOLDER]

PHOTOS are folders; of each, `--count` photos are taken at even distances in the order of their
names. Both predict each photo: the body alone, or every body (`--every`, as the page shows them).
Writes `predictions.csv` (`bodies.csv` with `--every`): text, acceptance and reason of either, the
difference of the confidences, and the seconds that the browser took, decoding included. Run it
while nothing else does.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
from resistor_cls import load
from resistor_cls.inference import Prediction, Predictor
from resistor_cls.inference.photo_paths import find_photos
from tests.helpers.browser import Browser
from tests.helpers.static_host import static_host

COMPARED = ("text", "accepted", "reason")


def chosen(folder: Path, count: int) -> list[Path]:
    """Photos of a folder at even distances."""
    photos = sorted(find_photos([folder]))
    places = np.linspace(0, len(photos) - 1, min(count, len(photos))).round().astype(int)
    return [photos[place] for place in places]


def by_the_page(
    address: str, photos: Sequence[Path], every: bool
) -> Iterator[tuple[list[dict[str, Any]], float]]:
    """The predictions of the page for each photo, and the seconds that they took."""
    with tempfile.TemporaryDirectory() as profile, Browser(Path(profile)) as browser:
        browser.open(address)
        browser.run(
            """globalThis.service = await import("/page/service.js");
            await service.describeModel();
            globalThis.field = document.createElement("input");
            Object.assign(field, { type: "file", id: "compared" });
            document.body.append(field); 1"""
        )
        for photo in photos:
            browser.choose_files("#compared", [photo])
            yield browser.run(
                f"""{{
                const [photo] = field.files;
                const begun = performance.now();
                const found = await service.predict(photo, {{ every: {str(every).lower()} }});
                [found, (performance.now() - begun) / 1000];
                }}"""
            )


def by_python(predictor: Predictor, photo: Path, every: bool) -> list[Prediction]:
    """The predictions of the command line."""
    return predictor.predict_bodies(photo) if every else [predictor.predict(photo)]


def row(photo: Path, ours: Sequence[Prediction], theirs: Sequence[Any], seconds: float) -> Any:
    """A line of the table."""
    python = [one.as_json() for one in ours]
    same = [[one[key] for key in COMPARED] for one in python] == [
        [one[key] for key in COMPARED] for one in theirs
    ]
    differences = [
        abs((one["confidence"] or 0) - (other["confidence"] or 0))
        for one, other in zip(python, theirs, strict=False)
    ]
    return {
        "photo": f"{photo.parent.name}/{photo.name}",
        "same": same,
        "bodies": len(python),
        "python": " | ".join(f"{one['text']}; {one['reason']}" for one in python),
        "page": " | ".join(f"{one['text']}; {one['reason']}" for one in theirs),
        "confidence_difference": f"{max(differences, default=0):.2g}",
        "seconds": f"{seconds:.3f}",
    }


def main() -> None:
    """Exports the page, compares, writes the table, prints a summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--runtime", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()
    if others := [str(one) for one in arguments.folders if not one.is_dir()]:
        parser.error(f"expected folders of photos, found {', '.join(others)}")
    photos = [photo for folder in arguments.folders for photo in chosen(folder, arguments.count)]
    predictor = load("rendered")
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch) / "page"
        given = [] if arguments.runtime is None else ["--runtime", str(arguments.runtime)]
        export = ["--model", "rendered", "--format", "web", "--output", str(page), *given]
        subprocess.run([sys.executable, "-m", "resistor_cls.export", *export], check=True)
        with static_host(page) as address:
            found = by_the_page(address, photos, arguments.every)
            rows = [
                row(photo, by_python(predictor, photo, arguments.every), *of_page)
                for photo, of_page in zip(photos, found, strict=True)
            ]
    name = "bodies.csv" if arguments.every else "predictions.csv"
    with (arguments.out / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    seconds = [float(one["seconds"]) for one in rows]
    largest = max(float(one["confidence_difference"]) for one in rows)
    print(f"{sum(one['same'] for one in rows)} of {len(rows)} photos have the same prediction")
    print(f"largest difference of a confidence: {largest:g}")
    quantiles = np.quantile(seconds, [0.5, 0.9])
    print(f"seconds a photo: median {quantiles[0]:.2f}, 90th percentile {quantiles[1]:.2f}")


if __name__ == "__main__":
    main()
