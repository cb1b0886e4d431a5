"""How far drawn photos are from real ones: colours of bodies and rings, and who can tell them.

`python experiments/drawing_gap/run.py colours PHOTOS OUT.csv`, `… tell PHOTOS`; README.md beside
this file tells what came out. PHOTOS holds the real photos of the 37 categories.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter1d
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from resistor_cls.categories import Category, resistor37
from resistor_cls.data.crops import crop_upright, crop_view
from resistor_cls.data.geometry import OrientedBox
from resistor_cls.data.images.decode import read_photo
from resistor_cls.inference import find_photos
from resistor_cls.model.detector.network import Detector
from resistor_cls.synthetic import draw, parts, sample_scene
from resistor_cls.synthetic.imaging import linear

SHAPE, MARGIN = (64, 160), 0.2  # of the crops that are measured
DRAWN = 40  # photos of each category
SIZE = 700
COLUMNS = np.arange(SHAPE[1])
BODY = slice(27, 133)  # columns that show the body


def profile(photo: np.ndarray, body: OrientedBox) -> np.ndarray:
    """Linear colours along the middle of a body: (columns, 3)."""
    crop = linear(crop_upright(photo, body, SHAPE, MARGIN))
    scale = crop_view(body, SHAPE, MARGIN).span / SHAPE[1]
    half, middle = int(0.18 * body.width / scale), SHAPE[0] // 2
    return np.median(crop[middle - half : middle + half + 1], axis=0)


def table_colour(photo: np.ndarray, body: OrientedBox) -> np.ndarray:
    """Median levels round a body."""
    left, right, top, bottom = (
        max(0, round(middle + sign * body.length))
        for middle in (body.x, body.y)
        for sign in (-1, 1)
    )
    return np.median(photo[top:bottom, left:right].reshape(-1, 3), axis=0)


def surface(table: np.ndarray) -> str | None:
    """What a body lies on: paper is grey, wood is not; None where neither is sure."""
    if table[0] - table[2] > 14:
        return "wood"
    return "paper" if table.mean() > 85 and abs(table[0] - table[2]) < 14 else None


def drawn_bodies(category: Category) -> Iterator[tuple[np.ndarray, OrientedBox]]:
    """Drawn photos of a category, with the body's exact place."""
    for number in range(DRAWN):
        scene = sample_scene(category, np.random.default_rng((7, number)))
        body = scene.body
        exact = (body.x, body.y, body.angle, body.length, body.diameter)
        place = [value * (SIZE if at != 2 else 1) for at, value in enumerate(exact)]
        yield draw(scene, SIZE).photo, OrientedBox(*place, score=1.0)


def real_bodies(
    category: Category, photos: Path, locator: Detector
) -> Iterator[tuple[np.ndarray, OrientedBox]]:
    """Real photos of a category in which the locator finds the body."""
    for photo in map(read_photo, find_photos([photos / category.name])):
        found = locator.detect(photo)
        if found is not None:
            yield photo, found


def template(category: Category) -> tuple[np.ndarray, np.ndarray]:
    """The nominal profile of a category of one marking, and the columns of its rings."""
    kind, bands = parts.KINDS[parts.designs(category)[0].kind], category.markings[0]
    steps = np.ones(len(bands) - 1)
    steps[-1] = 1.5 if len(bands) < 5 else 1.4
    centres = 0.20 + 0.61 * np.concatenate(([0], np.cumsum(steps))) / steps.sum()
    pixels = SHAPE[1] / (1 + 2 * MARGIN)
    columns = (centres - 0.5) * pixels + SHAPE[1] / 2 - 0.5
    nominal = np.tile(linear(kind.colour), (SHAPE[1], 1))
    for column, band in zip(columns, bands, strict=True):
        ring = np.abs(column - COLUMNS) <= kind.band * pixels / 2
        nominal[ring] = linear(parts.BAND_COLOURS[band])
    return nominal, columns


def aligned(profiles: Sequence[np.ndarray], nominal: np.ndarray) -> np.ndarray:
    """The median of profiles that were turned, moved and stretched to fit a nominal one."""

    def shape_of(colours: np.ndarray) -> np.ndarray:
        logs = gaussian_filter1d(np.log(colours + 0.02), 1.0, axis=0)[BODY]
        return logs - logs.mean(axis=0)

    wanted, fitting = shape_of(nominal), []
    for colours in profiles:
        best = (0.5, None)  # correlation; less than this is another part, or none
        for turned in (colours, colours[::-1]):
            for stretch in (0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15):
                for shift in range(-8, 9):
                    at = (COLUMNS - 79.5) * stretch + 79.5 + shift
                    moved = np.stack([np.interp(at, COLUMNS, turned[:, c]) for c in range(3)], 1)
                    seen = shape_of(moved)
                    fit = (seen * wanted).sum() / np.sqrt((seen**2).sum() * (wanted**2).sum())
                    best = max(best, (fit, moved), key=lambda one: one[0])
        if best[1] is not None:
            fitting.append(best[1])
    return np.median(fitting, axis=0) if len(fitting) >= 4 else np.empty((0, 3))


def colours(photos: Path) -> pd.DataFrame:
    """Mean linear colours of bodies and rings, on paper in units of its brightness over 0.78."""
    locator = Detector.load()
    found: dict[tuple[str, ...], list[np.ndarray]] = defaultdict(list)
    for category in resistor37():
        if len(category.markings) != 1:
            continue
        kind = parts.designs(category)[0].kind
        bodies = {
            "real": list(real_bodies(category, photos, locator)),
            "drawn": list(drawn_bodies(category)),
        }
        for ground in ("paper", "wood"):
            seen = {source: _on(ground, pairs, category) for source, pairs in bodies.items()}
            if all(seen.values()):
                for part in seen["real"]:
                    both = np.concatenate([seen["real"][part], seen["drawn"][part]])
                    found[ground, kind, part.split(" ")[0]].append(both)
    rows = []
    names = [f"{source} {channel}" for source in ("real", "drawn") for channel in "rgb"]
    for (ground, kind, part), values in found.items():
        mean = np.mean(values, axis=0).round(3).tolist()
        row = {"surface": ground, "body": kind, "part": part, "places": len(values)}
        rows.append(row | dict(zip(names, mean, strict=True)))
    return pd.DataFrame(rows)


def _on(
    ground: str, pairs: Sequence[tuple[np.ndarray, OrientedBox]], category: Category
) -> dict[str, np.ndarray]:
    """Colour of the body and of each ring, numbered; empty with fewer than four photos."""
    nominal, columns = template(category)
    rows = []
    for photo, body in pairs:
        table = table_colour(photo, body)
        if surface(table) == ground:
            unit = linear(table).mean() / 0.78 if ground == "paper" else 1.0
            rows.append(profile(photo, body) / unit)
    mean = aligned(rows, nominal)
    if not len(mean):
        return {}

    def near(column: float) -> np.ndarray:
        return mean[round(column) - 1 : round(column) + 2].mean(axis=0)

    rings = {
        f"{band} {place}": near(column)
        for place, (band, column) in enumerate(zip(category.markings[0], columns, strict=True))
    }
    return {"body": np.median([near((a + b) / 2) for a, b in pairwise(columns)], axis=0), **rings}


def tell(photos: Path) -> dict[str, float]:
    """ROC AUC of telling drawn bodies from real ones, judged on categories not learned from."""
    locator = Detector.load()
    rows, labels, groups = [], [], []
    for place, category in enumerate(resistor37()):
        real = list(real_bodies(category, photos, locator))[:DRAWN]
        drawn = [
            (photo, found)
            for photo, _ in drawn_bodies(category)
            if (found := locator.detect(photo)) is not None
        ][: len(real)]
        for label, pairs in ((0, real), (1, drawn)):
            for photo, body in pairs:
                crop = crop_upright(photo, body, SHAPE, MARGIN).astype(float)
                middle = crop[22:42, BODY].reshape(-1, 3)
                spread = np.quantile(middle, (0.05, 0.25, 0.5, 0.75, 0.95), axis=0)
                rows.append([*spread.ravel(), *np.median(crop[:8].reshape(-1, 3), axis=0)])
                labels.append(label)
                groups.append(place)
    judge = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    chances = cross_val_predict(
        judge, np.array(rows), labels, groups=groups, cv=GroupKFold(5), method="predict_proba"
    )[:, 1]
    return {
        "photos": len(rows),
        "roc_auc": round(float(roc_auc_score(labels, chances)), 4),
        "accuracy": round(float(((chances > 0.5) == np.array(labels)).mean()), 4),
    }


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("colours", "tell"))
    parser.add_argument("photos", type=Path)
    parser.add_argument("out", type=Path, nargs="?")
    chosen = parser.parse_args()
    if chosen.what == "tell":
        print(tell(chosen.photos))
        return
    table = colours(chosen.photos)
    table.to_csv(chosen.out, index=False)
    pairs = [(f"real {channel}", f"drawn {channel}") for channel in "rgb"]
    away = [np.abs(table[real] - table[drawn]) for real, drawn in pairs]
    table["away"] = np.mean(away, axis=0)
    print(table.groupby(["surface"])["away"].agg(["mean", "median", "count"]).round(3))


if __name__ == "__main__":
    main()
