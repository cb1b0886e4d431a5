"""Compares the page that `export --format web` writes with `predict`, in any browser.

python experiments/web_page/compare.py PHOTOS [PHOTOS ...] --name NAME [--browser COMMAND]
    [--host ADDRESS] [--count 50] [--runtime FOLDER] [--out FOLDER]

PHOTOS are folders; of each, `--count` photos are taken at even distances in the order of their
names. COMMAND starts the browser, such as `chromium --headless=new`, `firefox --headless` or
`xvfb-run -a MiniBrowser`; the address of the page is added. Without it, the address is
printed, and opened by hand: on a phone, with `--host` the address of this machine in its network.

Writes `NAME.csv`: of each photo the body alone, and every body, as the page shows them: text,
acceptance and reason of either, the difference of the confidences, and the seconds that the browser
took, decoding included. Run it while nothing else does.
"""

import argparse
import csv
import json
import os
import queue
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
from resistor_cls import load
from resistor_cls.inference import Prediction
from resistor_cls.inference.photo_paths import find_photos
from tests.helpers.static_host import static_host

HERE = Path(__file__).parent
PATIENCE = 300  # seconds for one photo, or for the browser and the model to load
COMPARED = ("text", "accepted", "reason")


def chosen(folder: Path, count: int) -> list[Path]:
    """Photos of a folder at even distances."""
    photos = sorted(find_photos([folder]))
    places = np.linspace(0, len(photos) - 1, min(count, len(photos))).round().astype(int)
    return [photos[place] for place in places]


@contextmanager
def browser(command: str | None, address: str) -> Iterator[None]:
    """Opens the address in a browser, or asks a person to."""
    if command is None:
        print(f"open {address}")
        yield
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        process = subprocess.Popen(
            [*shlex.split(command), address],
            env={**os.environ, "HOME": home},
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # ends with all processes that it starts
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def by_the_page(
    page: Path, photos: Sequence[Path], command: str | None, host: str
) -> Iterator[dict[str, Any]]:
    """What the page posts for each photo: predictions and seconds, and the browser's name."""
    (page / "photos").mkdir()
    names = [f"{number}{photo.suffix}" for number, photo in enumerate(photos)]
    for name, photo in zip(names, photos, strict=True):
        shutil.copy(photo, page / "photos" / name)
    (page / "photos.json").write_text(json.dumps(names))
    (page / "compare.html").write_text('<script type="module" src="compare.js"></script>')
    shutil.copy(HERE / "compare.js", page)
    received: queue.Queue[dict[str, Any]] = queue.Queue()
    with (
        static_host(page, received.put, host) as address,
        browser(command, f"{address}compare.html"),
    ):
        for _ in names:
            posted = received.get(timeout=PATIENCE)
            if "error" in posted:
                raise SystemExit(f"the page failed: {posted['error']}")
            yield posted


def row(photo: Path, bodies: str, ours: Sequence[Prediction], page: dict[str, Any]) -> Any:
    """A line of the table."""
    python, theirs = [one.as_json() for one in ours], page["found"]
    same = [[one[key] for key in COMPARED] for one in python] == [
        [one[key] for key in COMPARED] for one in theirs
    ]
    differences = [
        abs((one["confidence"] or 0) - (other["confidence"] or 0))
        for one, other in zip(python, theirs, strict=False)
    ]
    return {
        "photo": f"{photo.parent.name}/{photo.name}",
        "bodies": bodies,
        "same": same,
        "python": " | ".join(f"{one['text']}; {one['reason']}" for one in python),
        "page": " | ".join(f"{one['text']}; {one['reason']}" for one in theirs),
        "confidence_difference": f"{max(differences, default=0):.2g}",
        "seconds": f"{page['seconds']:.3f}",
    }


def summarize(bodies: str, rows: Sequence[dict[str, Any]]) -> None:
    """Prints how many photos are the same, and how long they took."""
    mine = [one for one in rows if one["bodies"] == bodies]
    largest = max(float(one["confidence_difference"]) for one in mine)
    quantiles = np.quantile([float(one["seconds"]) for one in mine], [0.5, 0.9])
    print(
        f"{bodies}: {sum(one['same'] for one in mine)} of {len(mine)} photos have the same "
        f"prediction; a confidence differs by at most {largest:g}; seconds a photo: median "
        f"{quantiles[0]:.2f}, 90th percentile {quantiles[1]:.2f}"
    )


def main() -> None:
    """Exports the page, compares, writes the table, prints a summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--browser")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--runtime", type=Path)
    parser.add_argument("--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    if others := [str(one) for one in arguments.folders if not one.is_dir()]:
        parser.error(f"expected folders of photos, found {', '.join(others)}")
    photos = [photo for folder in arguments.folders for photo in chosen(folder, arguments.count)]
    predictor = load("rendered")
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch) / "page"
        given = [] if arguments.runtime is None else ["--runtime", str(arguments.runtime)]
        export = ["--model", "rendered", "--format", "web", "--output", str(page), *given]
        subprocess.run([sys.executable, "-m", "resistor_cls.export", *export], check=True)
        posted = by_the_page(page, photos, arguments.browser, arguments.host)
        for photo, found in zip(photos, posted, strict=True):
            rows.append(row(photo, "one", [predictor.predict(photo)], found["one"]))
            rows.append(row(photo, "every", predictor.predict_bodies(photo), found["every"]))
            print(f"\r{len(rows) // 2} of {len(photos)}", end="", file=sys.stderr, flush=True)
    print(f"\n{found['browser']}")
    with (arguments.out / f"{arguments.name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    for bodies in ("one", "every"):
        summarize(bodies, rows)


if __name__ == "__main__":
    main()
