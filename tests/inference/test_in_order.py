import threading
from collections.abc import Iterator

import pytest

from resistor_cls.inference.in_order import mapped_in_order


def test_results_are_in_the_order_of_the_items() -> None:
    first = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            first.wait(0.2)
        return number**2

    assert list(mapped_in_order(work, range(20), 8)) == [(one, one**2) for one in range(20)]
    assert list(mapped_in_order(work, [], 8)) == []


def test_few_items_are_begun_before_their_results_are_taken() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        while taken < 1000:
            yield taken
            taken += 1

    results = mapped_in_order(lambda number: number, items(), 5)
    assert next(results) == (0, 0)
    assert taken < 6
    results.close()  # type: ignore[attr-defined]
    assert taken < 6


def test_an_error_reaches_the_caller() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        return number

    results = mapped_in_order(work, range(9), 2)
    assert [next(results)[1] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)
