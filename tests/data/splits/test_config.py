"""Keys that say which photos train, validate and test, alone and together."""

from collections.abc import Callable
from typing import Any

import pytest

from resistor_cls.data import PhotoDataModule
from resistor_cls.data.splits.config import SplitConfig
from resistor_cls.errors import ConfigError

Make = Callable[..., PhotoDataModule]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gap": -1}, r"data\.gap=-1: expected 0 or more"),
        ({"shots": 0}, r"data\.shots=0: expected a whole number, 1 or more"),
        ({"shots": True}, r"data\.shots=True: expected a whole number"),
        ({"split": "few", "fold": 1}, r"data\.split=few has no folds, but data\.fold=1: leave"),
        ({"split": "few", "validation_size": 0.2}, r"does not go with data\.split=few: choose"),
        ({"validation_size": 0}, r"data\.validation_size=0: expected a share above 0 and below 1"),
        ({"validation_size": 1.0}, r"data\.validation_size=1\.0: expected a share"),
        ({"validation_size": "a"}, r"data\.validation_size=a: expected a share"),
        ({"validation_size": True}, r"data\.validation_size=True: expected a share"),
        (
            {"validation_size": 0.2, "split": "camera"},
            r"data\.validation_size=0\.2 does not go with data\.split=camera: choose stratified,",
        ),
        ({"validation_size": 0.2, "split": "background"}, r"data\.split=background"),
        ({"validation_size": 0.2, "split": "x/split.csv"}, r"data\.split=.*x/split\.csv: choose"),
        (
            {"validation_size": 0.2, "fold": 1},
            r"data\.validation_size=0\.2 is one share .* data\.fold=1: leave one",
        ),
        (
            {"validation": "val", "split": "capture"},
            r"data\.validation=.*val and data\.split=capture both say what validates",
        ),
        ({"validation": "val", "fold": 2}, r"data\.validation=.*val and data\.fold=2 both"),
        (
            {"validation": "val", "validation_size": 0.1},
            r"data\.validation=.*val and data\.validation_size=0\.1 both",
        ),
        ({"sample": 0}, r"data\.sample=0: expected a share above 0, at most 1"),
        ({"sample": 1.5}, r"data\.sample=1\.5: expected a share"),
        ({"sample": 0.5, "sample_of": "tain"}, r"data\.sample_of=tain: did you mean train"),
    ],
)
def test_what_does_not_go_together_is_refused(
    make: Make, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        make(**changes)


def test_every_key_of_the_split_is_a_setting(make: Make) -> None:
    settings = make().settings
    assert {key: settings[key] for key in vars(SplitConfig())} == vars(SplitConfig())
