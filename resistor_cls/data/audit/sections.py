"""The sections of an audit: counts, spreads and lists of the photos of a set.

No photo is rated by itself: a photo is odd by comparison with the others.
"""

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from resistor_cls.data.audit.features import PhotoFeatures
from resistor_cls.data.images.metadata import BORDER_NAMES, ImageMetadata
from resistor_cls.data.splits.near_duplicates import exact_duplicates, grouped, near_duplicates

SAMPLES = 6  # photos shown of each category and background
DARK = 0.1  # brightness below which nothing can be recognized
WHITE = 0.3  # share of clipped pixels above that of the other photos
MIN_PEERS = 10  # photos on a background: of fewer, none is called odd
_FLOORS = {"brightness": 0.12, "sharpness": np.log(3)}  # differences that look small
_DEVIATIONS = {
    "brightness": 5.0,
    "sharpness": 4.0,
}  # robust standard deviations from which a value is odd
_MAD = 1.4826  # median absolute deviation → standard deviation of a normal distribution


def file_section(photos: PhotoFeatures) -> dict[str, Any]:
    """Files by what they are: unusable, ignored, and by size, mode and orientation."""
    return {
        "unreadable": [
            {"photo": name, "reason": reason} for name, reason in photos.unreadable.items()
        ],
        "ignored": list(photos.photo_set.ignored),
        "sizes": _kinds(photos, lambda image: {"width": image.width, "height": image.height}),
        "modes": _kinds(photos, lambda image: {"mode": image.mode}),
        "orientations": _kinds(photos, lambda image: {"orientation": image.orientation}),
    }


def _kinds(
    photos: PhotoFeatures, kind: Callable[[ImageMetadata], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Photos by kind, the commonest first; those of the other kinds by name."""
    members: dict[tuple[Any, ...], list[str]] = {}
    for name, image in zip(photos.names, photos.metadata, strict=True):
        members.setdefault(tuple(kind(image).items()), []).append(name)
    rows = sorted(members.items(), key=lambda item: -len(item[1]))
    return [
        {**dict(what), "photos": len(names), "names": names if row else []}
        for row, (what, names) in enumerate(rows)
    ]


def duplicate_section(photos: PhotoFeatures, edge_descriptors: np.ndarray) -> dict[str, Any]:
    """Exact duplicates, and near-duplicates."""
    if not photos.metadata:
        return {"exact": [], "near": []}
    hashes = [image.pixel_hash for image in photos.metadata]
    near = near_duplicates(photos.metadata, edge_descriptors, photos.targets)
    group = grouped([(pair.first, pair.second) for pair in near], len(hashes))
    shown: set[frozenset[str]] = set()
    rows: list[dict[str, Any]] = []
    for pair in near:
        # A pair with a photo stands for the pairs with its exact copies too.
        pictures = frozenset((hashes[pair.first], hashes[pair.second]))
        if len(pictures) == 1 or pictures in shown:
            continue
        shown.add(pictures)
        rows.append(
            {
                "first": photos.names[pair.first],
                "second": photos.names[pair.second],
                "bits": pair.hamming,
                "likeness": round(pair.similarity, 3),
                "group": int(group[pair.first]),
                "across": bool(photos.targets[pair.first] != photos.targets[pair.second]),
            }
        )
    rows.sort(key=lambda row: (not row["across"], row["group"], -row["likeness"]))
    return {
        "exact": [photos.named(group) for group in exact_duplicates(photos.metadata)],
        "near": rows,
    }


def camera_section(photos: PhotoFeatures) -> list[dict[str, Any]]:
    """Cameras, that of most photos first."""
    names = {int(photos.camera[index]): image.camera for index, image in enumerate(photos.metadata)}
    counts = np.bincount(photos.camera).tolist() if photos.metadata else []
    return [{"name": names[number], "photos": count} for number, count in enumerate(counts)]


def background_section(photos: PhotoFeatures) -> list[dict[str, Any]]:
    """Backgrounds by the colours of their borders, that of most photos first."""
    border = [BORDER_NAMES.index(f"ring_{c}_{rank}") for rank in (5, 50, 95) for c in "Lab"]
    rows = []
    for number in range(int(photos.background.max(initial=-1)) + 1):
        members = photos.order[photos.background[photos.order] == number]
        colours = np.median([np.array(photos.metadata[i].border)[border] for i in members], axis=0)
        rows.append(
            {
                "photos": len(members),
                "colours": _hex(colours.reshape(3, 3)),
                "samples": photos.named(_spaced(members, SAMPLES)),
            }
        )
    return rows


def _hex(lab: np.ndarray) -> list[str]:
    """Colours (count, 3) in CIELAB as #rrggbb."""
    rgb = cv2.cvtColor(lab[None].astype(np.float32), cv2.COLOR_LAB2RGB)[0]
    return ["#{:02x}{:02x}{:02x}".format(*np.rint(colour * 255).astype(int)) for colour in rgb]


def _spaced(members: np.ndarray, count: int) -> np.ndarray:
    """At most so many of the members, evenly spaced, the first and the last among them."""
    places = np.linspace(0, max(len(members) - 1, 0), count).round().astype(int)
    return members[np.unique(places)] if len(members) else members


def timeline_section(photos: PhotoFeatures) -> dict[str, Any]:
    """The days on which photos were taken, along all photos in order of time."""
    taken = sorted(image.taken for image in photos.metadata if image.taken)
    dates = [moment[:10] for moment in taken]
    days = {date: place for place, date in reversed(list(enumerate(dates)))}
    return {
        "photos": len(taken),
        "days": [{"date": date, "from": place} for date, place in sorted(days.items())],
    }


def category_section(photos: PhotoFeatures) -> list[dict[str, Any]]:
    """A row per category: times, cameras, backgrounds and light of its photos."""
    places = (len(camera_section(photos)), int(photos.background.max(initial=-1)) + 1)
    light = {key: photos.values(key) for key in ("brightness", "clipped", "sharpness")}
    rows = []
    for target, name in enumerate(photos.photo_set.categories.names):
        members = photos.order[photos.targets[photos.order] == target]
        timed = [index for index in members if photos.metadata[index].taken]
        runs = [_burst(photos, burst) for burst in _bursts(photos, members)]
        largest = max((run["photos"] for run in runs if run["first"]), default=0)
        lengths = [length for i in members if (length := photos.body(i)) is not None]
        rows.append(
            {
                "name": name,
                "photos": len(members),
                "timed": len(timed),
                "days": len({photos.metadata[index].taken[:10] for index in timed}),
                "cameras": np.bincount(photos.camera[members], minlength=places[0]).tolist(),
                "backgrounds": np.bincount(
                    photos.background[members], minlength=places[1]
                ).tolist(),
                "bursts": runs,
                "largest_burst": largest / len(timed) if timed else None,
                **{key: _spread(values[members]) for key, values in light.items()},
                "body": _spread(lengths),
                "samples": photos.named(_spaced(members, SAMPLES)),
            }
        )
    return rows


def _bursts(photos: PhotoFeatures, members: np.ndarray) -> list[np.ndarray]:
    """Some photos by burst, in the order in which the bursts begin."""
    bursts: dict[int, list[int]] = {}
    for member, burst in zip(members.tolist(), photos.burst[members].tolist(), strict=True):
        bursts.setdefault(burst, []).append(member)
    return [np.array(burst) for burst in bursts.values()]


def _burst(photos: PhotoFeatures, members: np.ndarray) -> dict[str, Any]:
    places, taken = photos.place[members], [photos.metadata[index].taken for index in members]
    timed = bool(taken[0])
    return {
        "camera": int(photos.camera[members[0]]),
        "photos": len(members),
        "first": taken[0] if timed else None,
        "last": taken[-1] if timed else None,
        "from": int(places.min()) if timed else None,
        "to": int(places.max()) + 1 if timed else None,
    }


def _spread(values: Sequence[float] | np.ndarray) -> dict[str, float] | None:
    """Five quantiles of some values; None if there are none."""
    if len(values) == 0:
        return None
    ranks = {"low": 5, "lower": 25, "median": 50, "upper": 75, "high": 95}
    found = np.percentile(values, list(ranks.values()))
    return {name: round(float(value), 4) for name, value in zip(ranks, found, strict=True)}


def light_section(photos: PhotoFeatures) -> dict[str, list[str]]:
    """Photos whose exposure or sharpness is odd beside others on their background."""
    brightness, clipped = photos.values("brightness"), photos.values("clipped")
    usual = float(np.median(clipped)) if len(clipped) else 0.0
    blank = (brightness < DARK) & (np.median(brightness) >= 2 * DARK if len(clipped) else False)
    blank |= clipped > usual + WHITE
    exposure = (_deviation(photos, "brightness", brightness) != 0) & ~blank
    # + 1: an empty dark photo has sharpness 0, which has no logarithm.
    soft = _deviation(photos, "sharpness", np.log(photos.values("sharpness") + 1)) < 0
    return {
        "blank": photos.named(np.flatnonzero(blank)),
        "exposure": photos.named(np.flatnonzero(exposure)),
        "soft": photos.named(np.flatnonzero(soft & ~blank)),
    }


def _deviation(photos: PhotoFeatures, key: str, values: np.ndarray) -> np.ndarray:
    """(photos,) -1, 0 or 1: far below, like, or far above the others on the same background."""
    found = np.zeros(len(values), dtype=int)
    for number in np.unique(photos.background):
        members = np.flatnonzero(photos.background == number)
        if len(members) < MIN_PEERS:
            continue
        away = values[members] - np.median(values[members])
        limit = max(_DEVIATIONS[key] * _MAD * float(np.median(np.abs(away))), _FLOORS[key])
        found[members] = np.sign(away) * (np.abs(away) > limit)
    return found


def body_section(photos: PhotoFeatures, image_size: int | Sequence[int]) -> dict[str, Any]:
    """How large bodies are, and which reach the edge or the border."""
    boxed = [index for index, name in enumerate(photos.names) if name in photos.boxes]
    lengths = [length for index in boxed if (length := photos.body(index)) is not None]
    # A photo is resized to a square, or to the given shape: each side by its own scale.
    rows, columns = (image_size, image_size) if isinstance(image_size, int) else image_size
    small = [photos.boxes[photos.names[index]].length(columns, rows) for index in boxed]
    return {
        "boxes": len(boxed),
        "error": photos.boxes_error,
        "median": round(float(np.median(lengths)), 1) if boxed else None,
        "at_image_size": round(float(np.median(small)), 1) if boxed else None,
        "cut": [photos.names[index] for index in boxed if photos.boxes[photos.names[index]].is_cut],
        "in_border": photos.named(np.flatnonzero(photos.in_border)),
    }


def photo_section(photos: PhotoFeatures) -> list[dict[str, Any]]:
    """A row per photo."""
    keys = ("width", "height", "mode", "orientation", "camera", "taken", "brightness", "clipped")
    return [
        {
            "photo": photos.names[index],
            "category": photos.label(index),
            **{key: getattr(image, key) for key in keys},
            "sharpness": image.sharpness,
            "background": int(photos.background[index]),
            "burst": int(photos.burst[index]),
            "body": photos.body(index),
        }
        for index, image in enumerate(photos.metadata)
    ]
