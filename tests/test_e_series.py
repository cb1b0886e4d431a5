import pytest

from resistor_cls.e_series import e_series
from resistor_cls.errors import DataError


def test_series_have_their_published_values() -> None:
    assert e_series(12) == (10, 12, 15, 18, 22, 27, 33, 39, 47, 56, 68, 82)
    assert len(e_series(192)) == 192
    assert 920 in e_series(192)
    assert 919 not in e_series(192)
    assert set(e_series(96)) < set(e_series(192))
    with pytest.raises(DataError, match="E7 is not a series"):
        e_series(7)
