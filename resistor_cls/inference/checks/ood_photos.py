"""Synthetic out-of-distribution (OOD) photos, on which a model should abstain."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resistor_cls.categories import Categories, Category
from resistor_cls.errors import DataError
from resistor_cls.synthetic import any_part, draw, draw_distractor, draw_empty, sample_scene
from resistor_cls.synthetic.parts import bands_of

# Counts changes of what a seed draws, beside those of `GENERATOR_VERSION`: the photos are cached.
OOD_VERSION = 1
# Random parts until one is in no category; lists that hold nearly all values need a limit.
_TRIES = 1000


def ood_photos(
    kind: str, count: int, categories: Categories, seed: int = 0, size: int = 700
) -> Iterator[NDArray[Any]]:
    """Generates photos that show no part of any category.

    A photo depends on the kind, the seed and its place alone: a longer series begins with the same
    photos.

    Args:
        kind: one of `KINDS`.
        count: of photos.
        categories: of the model; used for "other resistors" alone.
        seed: of all random numbers.
        size: side of the photos in pixels.

    Returns:
        (size, size, 3) uint8 RGB each, in the same order every time. Threads generate a few
        photos ahead.

    Raises:
        DataError: a kind that does not exist, or categories that leave no other resistor.
    """
    if kind not in KINDS:
        raise DataError(f"OOD photos {kind!r}: expected one of {', '.join(KINDS)}")
    known = KnownParts(categories)
    kind_number = tuple(KINDS).index(kind)

    def one(index: int) -> NDArray[Any]:
        return KINDS[kind](np.random.default_rng((seed, kind_number, index)), known, size)

    return _in_threads([partial(one, index) for index in range(count)])


class KnownParts:
    """The ohms and bands of a list of categories."""

    def __init__(self, categories: Categories) -> None:
        said = [ohms for one in categories for ohms in (one.ohms, one.name_ohms)]
        self._ohms = {f"{ohms:.6g}" for ohms in said if ohms is not None}
        shown = [bands for category in categories for bands in _shown(category)]
        self._bands = {either for bands in shown for either in (bands, bands[::-1])}

    def other(self, rng: np.random.Generator) -> Category:
        """A part that is in none of the categories.

        Its ohms differ from those of every name and marking, and its bands from those of every
        category, whichever end they are read from.

        Raises:
            DataError: categories that leave none.
        """
        for _ in range(_TRIES):
            part = any_part(rng)
            if f"{part.ohms:.6g}" not in self._ohms and part.markings[0] not in self._bands:
                return part
        raise DataError(
            "the categories hold nearly every value of E24 and E96: no other resistor was found; "
            "leave that kind of OOD photos out"
        )


def _shown(category: Category) -> tuple[tuple[str, ...], ...]:
    """The bands of the parts of a category; none where no colour code can show its ohms."""
    try:
        return category.markings or (bands_of(category),)
    except DataError:
        return ()


def _empty_table(rng: np.random.Generator, _: KnownParts, size: int) -> NDArray[Any]:
    return draw_empty(sample_scene(any_part(rng), rng), size)


def _other_thing(rng: np.random.Generator, _: KnownParts, size: int) -> NDArray[Any]:
    return draw_distractor(rng, size)[0]


def _other_resistor(rng: np.random.Generator, known: KnownParts, size: int) -> NDArray[Any]:
    return draw(sample_scene(known.other(rng), rng), size).photo


# Kinds of OOD photos; the order is part of the seed.
KINDS: dict[str, Callable[[np.random.Generator, KnownParts, int], NDArray[Any]]] = {
    "empty tables": _empty_table,
    "other things": _other_thing,
    "other resistors": _other_resistor,
}


def _in_threads(jobs: list[Callable[[], NDArray[Any]]]) -> Iterator[NDArray[Any]]:
    """Results in the order of the jobs, at most two for each core waiting to be taken."""
    # OpenCV, which does most of the work, lets other threads run.
    cores = os.cpu_count() or 1
    left = iter(jobs)
    with ThreadPoolExecutor(cores) as pool:
        running: deque[Future[NDArray[Any]]] = deque(
            pool.submit(job) for job in islice(left, 2 * cores)
        )
        try:
            while running:
                yield running.popleft().result()
                running.extend(pool.submit(job) for job in islice(left, 1))
        finally:  # a caller that stops early does not wait for the rest
            pool.shutdown(cancel_futures=True)
