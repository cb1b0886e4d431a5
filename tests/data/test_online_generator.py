"""What does not go with an online generator."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resistor_cls.data import PhotoDataModule
from resistor_cls.data.pseudo_labels import PseudoLabels
from resistor_cls.errors import ConfigError

Make = Callable[..., PhotoDataModule]


STREAM = {"stream": lambda *_: None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (STREAM | {"validation": "val"}, r"data\.validation=.*val does not go with data\.stream"),
        (STREAM | {"validation_size": 0.2}, r"data\.validation_size=0\.2 .* data\.stream"),
        (STREAM | {"train_on_validation": True}, r"data\.train_on_validation=True .* data\.stream"),
        (
            STREAM | {"pseudo": PseudoLabels(Path(), (), (), (), 0, 0.9)},
            r"pseudo\.photos does not go with data\.stream",
        ),
        (STREAM | {"mix": lambda batch, _: batch}, r"mix does not go with data\.stream"),
    ],
)
def test_keys_that_ask_more_of_photos_than_to_validate_are_refused(
    make: Make, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        make(**changes)


def test_what_is_set_later_is_refused_too(make: Make) -> None:
    data = make(**STREAM)
    data.pseudo = PseudoLabels(Path(), (), (), (), 0, 0.9)
    with pytest.raises(ConfigError, match=r"pseudo\.photos does not go with data\.stream"):
        data.setup()
