from itertools import count, islice

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.categories import Categories, Category, resistor37
from resistor_cls.colour_code import decode
from resistor_cls.e_series import e_series
from resistor_cls.errors import DataError
from resistor_cls.inference.checks.ood_photos import KINDS, KnownParts, ood_photos
from resistor_cls.synthetic import any_part
from resistor_cls.synthetic.parts import bands_of

STRANGE = Categories(["left", "Ω $ | x", "12345R", "4K7_1-4W", "1K", "0R22_3W"])


@pytest.mark.parametrize("kind", KINDS)
def test_photos_repeat_with_the_seed_and_are_all_different(kind: str) -> None:
    photos = list(ood_photos(kind, 6, STRANGE, seed=1, size=96))
    assert {(photo.shape, photo.dtype) for photo in photos} == {((96, 96, 3), np.dtype(np.uint8))}
    assert len({photo.tobytes() for photo in photos}) == 6
    again = islice(ood_photos(kind, 100, STRANGE, seed=1, size=96), 6)  # more begin the same
    assert [photo.tobytes() for photo in again] == [photo.tobytes() for photo in photos]
    other = ood_photos(kind, 6, STRANGE, seed=2, size=96)
    assert not {photo.tobytes() for photo in other} & {photo.tobytes() for photo in photos}


@given(st.integers(0, 2**32), st.sampled_from([STRANGE, resistor37()]))
def test_other_resistors_are_in_no_category(seed: int, categories: Categories) -> None:
    part = KnownParts(categories).other(np.random.default_rng(seed))
    (bands,) = part.markings
    for category in categories:
        assert bands not in category.markings
        assert bands[::-1] not in category.markings
        for ohms in (category.ohms, category.name_ohms):
            assert ohms is None or decode(bands).ohms != pytest.approx(ohms, rel=1e-4)


def test_a_category_without_ohms_keeps_its_synthetic_bands() -> None:
    # The generator makes a code of the name of such a category.
    chance = any_part(np.random.default_rng(0)).markings[0]
    name = next(
        name for name in map("part {}".format, count()) if bands_of(Category(name)) == chance
    )
    part = KnownParts(Categories(["right", name])).other(np.random.default_rng(0))
    assert part.markings[0] != chance


def test_empty_tables_show_no_part() -> None:
    def spots(photo: np.ndarray) -> float:
        """Share of a photo that has another hue than all around it, not only another light."""
        hue = cv2.cvtColor(photo, cv2.COLOR_RGB2LAB)[..., 1:].astype(int)
        around = cv2.medianBlur(photo, 61)
        away = hue - cv2.cvtColor(around, cv2.COLOR_RGB2LAB)[..., 1:]
        return (cv2.medianBlur(np.abs(away).max(axis=2).astype(np.uint8), 5) > 14).mean()

    empty, full = (
        np.array([spots(photo) for photo in ood_photos(kind, 12, resistor37(), size=350)])
        for kind in ("empty tables", "other resistors")
    )
    assert (empty < 1e-4).all()
    assert np.median(full) > 1e-3


def test_a_kind_that_there_is_not_is_refused_at_once() -> None:
    with pytest.raises(DataError, match=r"'tables': expected one of empty tables, other things, "):
        ood_photos("tables", 1, resistor37())


def test_a_list_of_every_value_leaves_no_other_resistor() -> None:
    values = [(n, power) for n in e_series(24) for power in range(-2, 7)]
    values += [(n, power) for n in e_series(96) for power in range(-2, 6)]
    names = {f"{n * 10.0**power:.2f}".replace(".", "R") for n, power in values}
    with pytest.raises(DataError, match="no other resistor was found"):
        KnownParts(Categories(sorted(names))).other(np.random.default_rng(0))
