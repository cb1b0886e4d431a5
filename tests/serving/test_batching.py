import asyncio
from collections.abc import Coroutine, Iterator
from io import BytesIO
from typing import Any

import pytest

from resistor_cls.inference import Prediction
from resistor_cls.serving.batching import BatchedPredictor
from resistor_cls.serving.uploads import Upload
from tests.helpers.served import Brightness, as_predictor, photo


@pytest.fixture
def batched(predictor: Brightness) -> Iterator[BatchedPredictor]:
    """Not started yet, so that what is asked first is in the first batch."""
    made = BatchedPredictor(as_predictor(predictor), max_photos=4, max_pixels=200)
    yield made
    predictor.free.set()
    made.stop()


def uploads(*levels: int, pixels: int = 48) -> list[tuple[Upload, int]]:
    return [(Upload(None, BytesIO(photo(level))), pixels) for level in levels]


def ohms(found: list[list[Prediction]]) -> list[float | None]:
    return [one[0].ohms for one in found]


def ask(
    batched: BatchedPredictor, *requests: Coroutine[Any, Any, list[list[Prediction]]]
) -> list[Any]:
    """The predictions of requests that wait when the thread starts, or their errors."""

    async def together() -> list[Any]:
        tasks = [asyncio.create_task(one) for one in requests]
        await asyncio.sleep(0)  # each is in the queue now
        batched.start()
        return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(together())


def test_photos_of_several_requests_are_predicted_together(
    batched: BatchedPredictor, predictor: Brightness
) -> None:
    first, second, third = ask(
        batched,
        batched.predict(uploads(1, 2), every=False, top=3),
        batched.predict(uploads(3), every=True, top=3),
        batched.predict(uploads(4), every=False, top=3),
    )
    assert [ohms(first), ohms(second), ohms(third)] == [[1, 2], [3], [4]]
    assert [len(first[0]), len(second[0])] == [1, 2]
    assert predictor.batches == [3, 1]  # the same options, and others


def test_batches_are_limited_in_photos_and_pixels(
    batched: BatchedPredictor, predictor: Brightness
) -> None:
    (found,) = ask(batched, batched.predict(uploads(*range(10)), every=False, top=1))
    assert ohms(found) == list(range(10))
    assert predictor.batches == [4, 4, 2]
    large = batched.predict(uploads(1, 2, 3, pixels=150), every=False, top=1)
    assert ohms(asyncio.run(large)) == [1, 2, 3]
    assert predictor.batches[3:] == [1, 1, 1]


def test_a_photo_that_fails_does_not_fail_the_others(
    batched: BatchedPredictor, predictor: Brightness
) -> None:
    predictor.defects = {2.0}
    requests = [batched.predict(uploads(one), every=False, top=1) for one in (1, 2, 3)]
    first, second, third = ask(batched, *requests)
    assert isinstance(second, RuntimeError)
    assert ohms(first) + ohms(third) == [1, 3]


def test_a_photo_that_cannot_be_decoded_has_an_error(batched: BatchedPredictor) -> None:
    broken = [(Upload(None, BytesIO(b"text")), 1), *uploads(1)]
    ((first, second),) = ask(batched, batched.predict(broken, every=False, top=1))
    assert "this is not a photo" in str(first[0].error)
    assert second[0].ohms == 1


def test_a_cancelled_request_is_left_out(batched: BatchedPredictor, predictor: Brightness) -> None:
    predictor.free.clear()
    batched.start()

    async def cancel() -> None:
        first = asyncio.create_task(batched.predict(uploads(1), every=False, top=1))
        await asyncio.to_thread(predictor.begun.wait, 20)
        following = asyncio.create_task(batched.predict(uploads(2), every=False, top=1))
        await asyncio.sleep(0)
        last = asyncio.create_task(batched.predict(uploads(3), every=False, top=1))
        await asyncio.sleep(0)
        following.cancel()
        await asyncio.sleep(0)
        predictor.free.set()
        assert ohms(await first) + ohms(await last) == [1, 3]

    asyncio.run(cancel())
    assert predictor.batches == [1, 1]


def test_what_waits_is_predicted_before_the_end(
    batched: BatchedPredictor, predictor: Brightness
) -> None:
    predictor.free.clear()
    batched.start()

    async def stop() -> list[list[Prediction]]:
        asked = asyncio.create_task(batched.predict(uploads(*range(9)), every=False, top=1))
        await asyncio.to_thread(predictor.begun.wait, 20)
        stopping = asyncio.create_task(asyncio.to_thread(batched.stop))
        await asyncio.sleep(0.05)
        predictor.free.set()
        await stopping
        return await asked

    assert ohms(asyncio.run(stop())) == list(range(9))


def test_several_threads_share_what_waits(predictor: Brightness) -> None:
    batched = BatchedPredictor(as_predictor(predictor), workers=3, max_photos=8)
    found = ask(batched, *(batched.predict(uploads(one), every=False, top=1) for one in range(200)))
    batched.stop()
    assert [ohms(one) for one in found] == [[level] for level in range(200)]
    assert sum(predictor.batches) == 200 and 0 not in predictor.batches
