"""When Python searches for garbage: objects that refer to one another and are not used any more.

A search walks all objects. The libraries of a training are a million that stay; searches while they
are imported took 1.4 seconds.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_USUAL = gc.get_threshold()
_RARE = (100_000, 20, 100)  # new objects, searches among these, searches among their survivors


@contextmanager
def rare_searches() -> Iterator[None]:
    """Searches rarely, while a command imports its libraries."""
    gc.set_threshold(*_RARE)
    try:
        yield
    finally:
        search_as_usual()


def search_as_usual() -> None:
    """Ends what `rare_searches` began, if it did: garbage may hold the memory of a GPU."""
    if gc.get_threshold() == _RARE:  # else a user of the package has chosen
        gc.set_threshold(*_USUAL)
