"""Work on many items by all cores, with results in the order of the items."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from resistor_cls.errors import EXPENDABLE
from resistor_cls.usable_cores import usable_cores

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def mapped_in_order(
    function: Callable[[_Item], _Result], items: Iterable[_Item], ahead: int
) -> Iterator[tuple[_Item, _Result]]:
    """Applies a function to items by a thread for each core.

    Args:
        function: called by several threads at once; its work must release Python's lock, as
            decoding, OpenCV and ONNX Runtime do.
        items: consumed as the results are taken.
        ahead: items, at most, that are begun and whose results are not taken: memory stays as it
            is, however many items there are.

    Returns:
        Each item with its result, in their order.
    """
    begun: deque[tuple[_Item, Future[_Result]]] = deque()
    pool = ThreadPoolExecutor(usable_cores(), thread_name_prefix=EXPENDABLE)
    try:
        for item in items:
            begun.append((item, pool.submit(function, item)))
            if len(begun) >= ahead:
                yield _ended(begun)
        while begun:
            yield _ended(begun)
    finally:  # who takes no more results waits for no more
        pool.shutdown(wait=False, cancel_futures=True)


def _ended(begun: deque[tuple[_Item, Future[_Result]]]) -> tuple[_Item, _Result]:
    item, future = begun.popleft()
    return item, future.result()
