"""Keys that do not go together: each rule is a condition, and a message with both keys.

They are known from the config alone, before any import. What the built loss, data and trainer
exclude, in a notebook too, is in `resistor_cls.model.training.compatibility`; the dry run of a
training asks it before the first photo is read.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from resistor_cls.errors import ConfigError

Values = Mapping[str, Any]


class Rule(NamedTuple):
    """A combination of values that is refused.

    Attributes:
        is_broken: whether the values are such a combination.
        message: for the user; `{key}` stands for the value of a key.
    """

    is_broken: Callable[[Values], bool]
    message: str


def _is_searched_on_several(key: str, values: Values) -> bool:
    return bool(values.get(key)) and values.get("trainer.devices") not in (1, "1")


RULES = (
    Rule(
        lambda values: bool(
            values.get("tracking.register") and not values.get("tracking.log_model", True)
        ),
        "tracking.register=true with tracking.log_model=false: a model is registered from where it "
        "is logged; set tracking.log_model=true",
    ),
    Rule(
        lambda values: bool(
            values.get("tracking.register") and values.get("tracking.kind") == "none"
        ),
        "tracking.register=true with tracking.kind=none: there is no store that a model could be "
        "registered in; set tracking=mlflow",
    ),
    Rule(
        lambda values: bool(
            values.get("data.train_on_validation") and values.get("trainer.patience") is not None
        ),
        "trainer.patience={trainer.patience} with data.train_on_validation=true: no photo is left "
        "that could tell when to stop; set trainer.patience=null",
    ),
    *(
        Rule(
            partial(_is_searched_on_several, key),
            f"{key}=true with trainer.devices={{trainer.devices}}: it is searched on one device; "
            "set trainer.devices=1, and give what is found to the others",
        )
        for key in ("find.batch_size", "find.lr")
    ),
)


def check_together(values: Values) -> None:
    """Checks all rules.

    Args:
        values: of a training's config, as dotted keys and plain values; those that are absent
            break no rule.

    Raises:
        ConfigError: names both keys and the remedy.
    """
    for rule in RULES:
        if rule.is_broken(values):
            raise ConfigError(
                re.sub(r"\{([\w.]+)\}", lambda key: str(values.get(key[1])), rule.message)
            )
