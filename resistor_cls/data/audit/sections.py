"""What the report shows: counts, spreads and lists, told from the photos of a set.

Nothing here judges a photo by itself: what is odd is told from the other photos.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from resistor_cls.data.images.metadata import BORDER_NAMES, ImageMetadata
from resistor_cls.data.sources.boxes import Box, read_boxes
from resistor_cls.data.sources.sources import PhotoSet
from resistor_cls.data.splits.captures import backgrounds, bursts, cameras, capture_order
from resistor_cls.data.splits.near_duplicates import exact_duplicates, grouped, near_duplicates
from resistor_cls.errors import DataError

BACKGROUNDS = 6  # clusters: on the real photos these are two papers, three woods, paper and wood
SAMPLES = 6  # photos shown of each category and background
DARK = 0.1  # brightness below which nothing is seen
WHITE = 0.3  # share of clipped pixels above that of the other photos
PEERS = 10  # photos on a background from which one of them can be called odd
_FLOORS = {"brightness": 0.12, "sharpness": np.log(3)}  # differences that eyes find small
_DEVIATIONS = {"brightness": 5.0, "sharpness": 4.0}  # robust standard deviations that are odd
_MAD = 1.4826  # median absolute deviation → standard deviation of a normal distribution


@dataclass(frozen=True)
class Seen:
    """The photos, and what several sections ask of them; arrays are (photos,)."""

    photo_set: PhotoSet
    metadata: Sequence[ImageMetadata]
    unreadable: Mapping[str, str]
    targets: np.ndarray
    order: np.ndarray  # by category and time of capture
    camera: np.ndarray
    background: np.ndarray
    burst: np.ndarray
    place: np.ndarray  # among all photos with a time, -1 without
    boxes: Mapping[str, Box]
    boxes_error: str

    @property
    def names(self) -> tuple[str, ...]:
        """File names."""
        return self.photo_set.names

    @property
    def in_border(self) -> np.ndarray:
        """(photos,) bool: whose body reaches into the border."""
        boxes = [self.boxes.get(name) for name in self.names]
        return np.array([box is not None and box.reaches_border for box in boxes], dtype=bool)

    def named(self, indices: np.ndarray | Sequence[int]) -> list[str]:
        """File names at some positions."""
        return [self.names[index] for index in indices]

    def label(self, index: int) -> str:
        """Category name of a photo."""
        return self.photo_set.categories.names[self.photo_set.targets[index]]

    def values(self, key: str) -> np.ndarray:
        """(photos,) one of the facts, as numbers."""
        return np.array([getattr(fact, key) for fact in self.metadata], dtype=float)

    def body(self, index: int) -> float | None:
        """Longer side of the body's box in pixels; None without a box."""
        box, fact = self.boxes.get(self.names[index]), self.metadata[index]
        return None if box is None else round(box.length(fact.width, fact.height), 1)


def look(
    photo_set: PhotoSet, metadata: Sequence[ImageMetadata], unreadable: Mapping[str, str], seed: int
) -> Seen:
    """Gathers what several sections ask of the photos."""
    nothing = np.zeros(len(metadata), dtype=int)
    timed = sorted((fact.taken, index) for index, fact in enumerate(metadata) if fact.taken)
    place = nothing - 1
    for rank, (_, index) in enumerate(timed):
        place[index] = rank
    boxes, error = _boxes(photo_set)
    return Seen(
        photo_set=photo_set,
        metadata=metadata,
        unreadable=unreadable,
        targets=np.asarray(photo_set.targets, dtype=int),
        order=capture_order(photo_set, metadata),
        camera=cameras(metadata) if metadata else nothing,
        background=backgrounds(metadata, BACKGROUNDS, seed) if metadata else nothing,
        burst=bursts(photo_set, metadata),
        place=place,
        boxes=boxes,
        boxes_error=error,
    )


def _boxes(photo_set: PhotoSet) -> tuple[Mapping[str, Box], str]:
    try:
        boxes = read_boxes(photo_set.root)
    except DataError as error:
        return {}, str(error)
    names = set(photo_set.names)
    return {name: box for name, box in boxes.items() if name in names}, ""


def file_section(seen: Seen) -> dict[str, Any]:
    """Files by what they are: unusable, ignored, and by size, mode and orientation."""
    return {
        "unreadable": [
            {"photo": name, "reason": reason} for name, reason in seen.unreadable.items()
        ],
        "ignored": list(seen.photo_set.ignored),
        "sizes": _kinds(seen, lambda fact: {"width": fact.width, "height": fact.height}),
        "modes": _kinds(seen, lambda fact: {"mode": fact.mode}),
        "orientations": _kinds(seen, lambda fact: {"orientation": fact.orientation}),
    }


def _kinds(seen: Seen, kind: Callable[[ImageMetadata], dict[str, Any]]) -> list[dict[str, Any]]:
    """Photos by kind, the commonest first; those of the other kinds by name."""
    members: dict[tuple[Any, ...], list[str]] = {}
    for name, fact in zip(seen.names, seen.metadata, strict=True):
        members.setdefault(tuple(kind(fact).items()), []).append(name)
    rows = sorted(members.items(), key=lambda item: -len(item[1]))
    return [
        {**dict(what), "photos": len(names), "names": names if row else []}
        for row, (what, names) in enumerate(rows)
    ]


def duplicate_section(seen: Seen, edge_descriptors: np.ndarray) -> dict[str, Any]:
    """Photos that show the same: exactly, and nearly."""
    if not seen.metadata:
        return {"exact": [], "near": []}
    pixels = [fact.pixels for fact in seen.metadata]
    near = near_duplicates(seen.metadata, edge_descriptors, seen.targets)
    group = grouped([(pair.first, pair.second) for pair in near], len(pixels))
    shown: set[frozenset[str]] = set()
    rows: list[dict[str, Any]] = []
    for pair in near:
        # Of a photo and its exact copy, one is enough to be near to a third.
        contents = frozenset((pixels[pair.first], pixels[pair.second]))
        if len(contents) == 1 or contents in shown:
            continue
        shown.add(contents)
        rows.append(
            {
                "first": seen.names[pair.first],
                "second": seen.names[pair.second],
                "bits": pair.bits,
                "likeness": round(pair.similarity, 3),
                "group": int(group[pair.first]),
                "across": bool(seen.targets[pair.first] != seen.targets[pair.second]),
            }
        )
    rows.sort(key=lambda row: (not row["across"], row["group"], -row["likeness"]))
    return {"exact": [seen.named(group) for group in exact_duplicates(seen.metadata)], "near": rows}


def camera_section(seen: Seen) -> list[dict[str, Any]]:
    """Cameras, that of most photos first."""
    names = {int(seen.camera[index]): fact.camera for index, fact in enumerate(seen.metadata)}
    counts = np.bincount(seen.camera).tolist() if seen.metadata else []
    return [{"name": names[number], "photos": count} for number, count in enumerate(counts)]


def background_section(seen: Seen) -> list[dict[str, Any]]:
    """Backgrounds by the colours of their borders, that of most photos first."""
    ring = [BORDER_NAMES.index(f"ring_{c}_{rank}") for rank in (5, 50, 95) for c in "Lab"]
    rows = []
    for number in range(int(seen.background.max(initial=-1)) + 1):
        members = seen.order[seen.background[seen.order] == number]
        colours = np.median([np.array(seen.metadata[i].border)[ring] for i in members], axis=0)
        rows.append(
            {
                "photos": len(members),
                "colours": _hex(colours.reshape(3, 3)),
                "samples": seen.named(_spaced(members, SAMPLES)),
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


def timeline_section(seen: Seen) -> dict[str, Any]:
    """The days on which photos were taken, along all photos in order of time."""
    taken = sorted(fact.taken for fact in seen.metadata if fact.taken)
    dates = [moment[:10] for moment in taken]
    days = {date: place for place, date in reversed(list(enumerate(dates)))}
    return {
        "photos": len(taken),
        "days": [{"date": date, "from": place} for date, place in sorted(days.items())],
    }


def category_section(seen: Seen) -> list[dict[str, Any]]:
    """A row per category: when, with what and against what it was photographed, and its light."""
    places = (len(camera_section(seen)), int(seen.background.max(initial=-1)) + 1)
    light = {key: seen.values(key) for key in ("brightness", "clipped", "sharpness")}
    rows = []
    for target, name in enumerate(seen.photo_set.categories.names):
        members = seen.order[seen.targets[seen.order] == target]
        timed = [index for index in members if seen.metadata[index].taken]
        runs = [_burst(seen, burst) for burst in _bursts(seen, members)]
        largest = max((run["photos"] for run in runs if run["first"]), default=0)
        lengths = [length for i in members if (length := seen.body(i)) is not None]
        rows.append(
            {
                "name": name,
                "photos": len(members),
                "timed": len(timed),
                "days": len({seen.metadata[index].taken[:10] for index in timed}),
                "cameras": np.bincount(seen.camera[members], minlength=places[0]).tolist(),
                "backgrounds": np.bincount(seen.background[members], minlength=places[1]).tolist(),
                "bursts": runs,
                "largest_burst": largest / len(timed) if timed else None,
                **{key: _spread(values[members]) for key, values in light.items()},
                "body": _spread(lengths),
                "samples": seen.named(_spaced(members, SAMPLES)),
            }
        )
    return rows


def _bursts(seen: Seen, members: np.ndarray) -> list[np.ndarray]:
    """Some photos by burst, in the order in which the bursts begin."""
    bursts: dict[int, list[int]] = {}
    for member, burst in zip(members.tolist(), seen.burst[members].tolist(), strict=True):
        bursts.setdefault(burst, []).append(member)
    return [np.array(burst) for burst in bursts.values()]


def _burst(seen: Seen, members: np.ndarray) -> dict[str, Any]:
    places, taken = seen.place[members], [seen.metadata[index].taken for index in members]
    timed = bool(taken[0])
    return {
        "camera": int(seen.camera[members[0]]),
        "photos": len(members),
        "first": taken[0] if timed else None,
        "last": taken[-1] if timed else None,
        "from": int(places.min()) if timed else None,
        "to": int(places.max()) + 1 if timed else None,
    }


def _spread(values: Sequence[float] | np.ndarray) -> dict[str, float] | None:
    """Where the middle and the ends of some values lie; None of no values."""
    if len(values) == 0:
        return None
    ranks = {"low": 5, "lower": 25, "median": 50, "upper": 75, "high": 95}
    found = np.percentile(values, list(ranks.values()))
    return {name: round(float(value), 4) for name, value in zip(ranks, found, strict=True)}


def light_section(seen: Seen) -> dict[str, list[str]]:
    """Photos whose exposure or sharpness is odd beside others on their background."""
    brightness, clipped = seen.values("brightness"), seen.values("clipped")
    usual = float(np.median(clipped)) if len(clipped) else 0.0
    blank = (brightness < DARK) & (np.median(brightness) >= 2 * DARK if len(clipped) else False)
    blank |= clipped > usual + WHITE
    exposure = (_deviation(seen, "brightness", brightness) != 0) & ~blank
    # Above zero: a dark photo of nothing has no sharpness, and a logarithm needs some.
    soft = _deviation(seen, "sharpness", np.log(seen.values("sharpness") + 1)) < 0
    return {
        "blank": seen.named(np.flatnonzero(blank)),
        "exposure": seen.named(np.flatnonzero(exposure)),
        "soft": seen.named(np.flatnonzero(soft & ~blank)),
    }


def _deviation(seen: Seen, key: str, values: np.ndarray) -> np.ndarray:
    """(photos,) -1, 0 or 1: far below, like, or far above the others on the same background."""
    found = np.zeros(len(values), dtype=int)
    for number in np.unique(seen.background):
        members = np.flatnonzero(seen.background == number)
        if len(members) < PEERS:
            continue
        away = values[members] - np.median(values[members])
        most = max(_DEVIATIONS[key] * _MAD * float(np.median(np.abs(away))), _FLOORS[key])
        found[members] = np.sign(away) * (np.abs(away) > most)
    return found


def body_section(seen: Seen, image_size: int | Sequence[int]) -> dict[str, Any]:
    """How large bodies are, and which reach where they should not."""
    boxed = [index for index, name in enumerate(seen.names) if name in seen.boxes]
    lengths = [length for index in boxed if (length := seen.body(index)) is not None]
    # A photo is resized to a square, or to the given shape: each side by its own scale.
    rows, columns = (image_size, image_size) if isinstance(image_size, int) else image_size
    small = [seen.boxes[seen.names[index]].length(columns, rows) for index in boxed]
    return {
        "boxes": len(boxed),
        "error": seen.boxes_error,
        "median": round(float(np.median(lengths)), 1) if boxed else None,
        "at_image_size": round(float(np.median(small)), 1) if boxed else None,
        "cut": [seen.names[index] for index in boxed if seen.boxes[seen.names[index]].is_cut],
        "in_border": seen.named(np.flatnonzero(seen.in_border)),
    }


def photo_section(seen: Seen) -> list[dict[str, Any]]:
    """A row per photo."""
    keys = ("width", "height", "mode", "orientation", "camera", "taken", "brightness", "clipped")
    return [
        {
            "photo": seen.names[index],
            "category": seen.label(index),
            **{key: getattr(fact, key) for key in keys},
            "sharpness": fact.sharpness,
            "background": int(seen.background[index]),
            "burst": int(seen.burst[index]),
            "body": seen.body(index),
        }
        for index, fact in enumerate(seen.metadata)
    ]
