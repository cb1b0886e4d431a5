"""When Python searches for garbage: objects that refer to one another and are not used any more.

A search walks all objects. The libraries of a training are a million that stay; searches while they
are imported took 1.4 seconds.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_RARE = (100_000, 20, 100)  # new objects, searches among these, searches among their survivors
_usual = [gc.get_threshold()]  # one entry: the thresholds that `rare_searches` has found


@contextmanager
def rare_searches() -> Iterator[None]:
    """Searches rarely, while a command imports its libraries."""
    if gc.get_threshold() != _RARE:
        _usual[0] = gc.get_threshold()
    gc.set_threshold(*_RARE)
    try:
        yield
    finally:
        search_as_usual()


def search_as_usual() -> None:
    """Ends what `rare_searches` began, if it did: garbage may hold the memory of a GPU."""
    if gc.get_threshold() == _RARE:  # else a user of the package has chosen
        gc.set_threshold(*_usual[0])
