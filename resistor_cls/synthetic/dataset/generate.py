"""Generates a data set: the same files for the same request, also after an interruption."""

from collections.abc import Mapping
from pathlib import Path

from resistor_cls.categories import Categories
from resistor_cls.resistor37 import RESISTOR37_COUNTS
from resistor_cls.synthetic.dataset import folder
from resistor_cls.synthetic.dataset.request import dataset_request, photo_requests
from resistor_cls.synthetic.dataset.tables import write_tables
from resistor_cls.synthetic.dataset.workers import draw_all

# Photos of each category of a file that gives none.
_DEFAULT_COUNT = 50


def counts_to_draw(categories: Path | None, each: int | None) -> dict[str, int]:
    """Returns how many photos of which category to draw, from what a user asked for.

    Args:
        categories: a file with one name per line; None is the 37.
        each: photos of each category; None is the published counts of the 37, and 50 for a file.

    Raises:
        DataError: a file that cannot be read.
    """
    if categories is None:
        return dict(RESISTOR37_COUNTS) if each is None else dict.fromkeys(RESISTOR37_COUNTS, each)
    names = Categories.from_file(categories).names
    return dict.fromkeys(names, _DEFAULT_COUNT if each is None else each)


def generate_dataset(
    out: Path,
    categories: Categories,
    counts: Mapping[str, int],
    *,
    size: int = 700,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = True,
) -> Path:
    """Draws a data set into a folder, or what is missing of it.

    Writes `<category>/<category>_(<number>).jpg`, numbers from 1; `boxes.csv` with the columns
    file, x_center, y_center, width, height as fractions of the photo; `scenes.csv` with every
    value of the scenes; and `dataset.json` with the request. Each photo depends only on the
    seed, its category's name and its number.

    Args:
        out: the folder; made where it does not exist.
        categories: what to draw.
        counts: photos of each category.
        size: side of the photos in pixels.
        seed: not negative; another seed gives other photos.
        workers: processes; None is one per usable core.
        progress: whether to show a progress bar (where stderr is not a terminal: one line at the
            start and one at the end).

    Returns:
        `out`.

    Raises:
        DataError: a folder that holds something else or another request; counts that do not
            match the categories; a category that no colour code can show; a folder that cannot
            be written.
    """
    request = dataset_request(categories, counts, size, seed)
    photos = photo_requests(categories, counts, seed)
    with folder.write_errors_explained(out):
        complete = folder.is_complete(out, request)
        folder.remove_unfinished(out)
        if not complete:
            folder.begin(out, request)
            missing = [photo for photo in photos if not (out / photo.file).exists()]
            drawn = draw_all(out, missing, size, workers, progress)
            write_tables(out, photos, drawn)
            folder.finish(out, request)
    return out
