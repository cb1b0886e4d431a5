"""Keys that do not go together are refused by a message with both, and the remedy."""

from collections.abc import Mapping
from typing import Any

import pytest

from resistor_cls.config import compose
from resistor_cls.config.cross_key_rules import RULES, check_together
from resistor_cls.config.plain import known_values
from resistor_cls.errors import ConfigError

BROKEN = [
    (
        "data.train_on_validation=true trainer.patience=3",
        "trainer.patience=3 with data.train_on_va",
    ),
    (
        "tracking.register=true tracking.log_model=false",
        "tracking.register=true with tracking.log_model=false",
    ),
    ("tracking.register=true tracking=none", "tracking.register=true with tracking.kind=none"),
    ("find.batch_size=true trainer.devices=2", "find.batch_size=true with trainer.devices=2"),
    ("find.lr=true trainer.devices=auto", "find.lr=true with trainer.devices=auto"),
]


def values_of(words: str) -> Mapping[str, Any]:
    return known_values(compose("train", words.split()))


@pytest.mark.parametrize(("words", "message"), BROKEN)
def test_each_rule_names_both_keys_and_the_remedy(words: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check_together(values_of(words))
    assert message in str(raised.value)
    assert "set " in str(raised.value) or "use " in str(raised.value)
    for word in words.split():  # either alone is fine
        check_together(values_of(word))


def test_every_rule_is_covered() -> None:
    assert len(BROKEN) == len(RULES)
