import numpy as np
import pytest

from resistor_cls.data.geometry import OrientedBox
from resistor_cls.inference.checks.occlusion_fill import NEUTRAL, paint_background, paint_body
from tests.helpers.photo_files import noise

SHAPE = (80, 192)
BODY = OrientedBox(90, 42, 0.1, 100, 36, 1.0).pixels(SHAPE)


def test_what_is_painted_over_leaves_no_trace() -> None:
    one, other = noise(*SHAPE, seed=0), noise(*SHAPE, seed=1)
    bodies = np.where(BODY[..., None], one, other)  # two bodies on one table
    assert np.array_equal(paint_body(other, BODY), paint_body(bodies, BODY))
    far = np.zeros(SHAPE, bool)
    far[:, :15] = far[:, 165:] = True
    tables = np.where(far[..., None], one, other)  # one body on two tables
    assert np.array_equal(paint_background(other, BODY), paint_background(tables, BODY))


def test_the_rest_stays_as_it_is() -> None:
    photo = noise(*SHAPE)
    no_body, no_table = paint_body(photo, BODY), paint_background(photo, BODY)
    assert no_body.dtype == no_table.dtype == np.uint8
    for corner in (np.s_[:8, :8], np.s_[-8:, -8:]):
        assert np.array_equal(no_body[corner], photo[corner])
        assert (no_table[corner] == NEUTRAL).all()
    assert np.array_equal(no_table[BODY], photo[BODY])


def test_on_an_even_table_a_painted_body_has_no_silhouette() -> None:
    across = np.linspace(60, 180, SHAPE[1]).astype(np.uint8)  # the light falls off to the left
    table = np.tile(across[None, :, None], (SHAPE[0], 1, 3))
    photo = np.where(BODY[..., None], np.array([250, 0, 0], np.uint8), table)
    assert np.abs(paint_body(photo, BODY).astype(int) - table).max() < 25
    grey = np.full_like(photo, 90)
    assert np.array_equal(paint_body(np.where(BODY[..., None], photo, grey), BODY), grey)


@pytest.mark.parametrize("size", [(80, 192), (16, 32)])
def test_there_may_be_no_body_or_no_table(size: tuple[int, int]) -> None:
    photo = noise(*size)
    nothing, everything = np.zeros(size, bool), np.ones(size, bool)
    assert np.array_equal(paint_body(photo, nothing), photo)
    assert (paint_body(photo, everything) == NEUTRAL).all()
    assert (paint_background(photo, nothing) == NEUTRAL).all()
    assert np.array_equal(paint_background(photo, everything), photo)
