"""Sources by name."""

import pytest

from resistor_cls.data.sources.by_name import options_of
from resistor_cls.errors import ConfigError


def test_an_unknown_source_is_named() -> None:
    with pytest.raises(
        ConfigError, match=r"data.source=foldr: no such source; did you mean folder"
    ):
        options_of("foldr")
