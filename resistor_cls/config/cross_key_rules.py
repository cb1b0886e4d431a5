"""Keys that do not go together: each rule is a condition, and a message with both keys.

Only what several groups of the config decide is here. What a package refuses among its own
arguments stands in that package.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from resistor_cls.errors import ConfigError

Values = Mapping[str, Any]


class Built(NamedTuple):
    """What a training knows once its loss and its trainer are built.

    Attributes:
        takes_soft_targets: whether the loss takes targets between 0 and 1.
        multi_label: whether several categories may be true for the loss.
        counts_categories: whether the loss weighs categories by their photos.
        processes: number of processes that train.
    """

    takes_soft_targets: bool
    multi_label: bool
    counts_categories: bool
    processes: int


class Rule(NamedTuple):
    """A combination of values that is refused.

    Attributes:
        is_broken: whether the values are such a combination.
        message: for the user; `{key}` stands for the value of a key.
    """

    is_broken: Callable[[Values, Built], bool]
    message: str


RULES = (
    Rule(
        lambda values, _: bool(
            values.get("data.train_on_validation") and values.get("trainer.patience") is not None
        ),
        "trainer.patience={trainer.patience} with data.train_on_validation=true: no photo is left "
        "that could tell when to stop; set trainer.patience=null",
    ),
    Rule(
        lambda values, _: bool(values.get("find.batch_size")) and not _is_one_device(values),
        "find.batch_size=true with trainer.devices={trainer.devices}: it is searched on one "
        "device; set trainer.devices=1, and give what is found to the others",
    ),
    Rule(
        lambda values, _: bool(values.get("find.lr")) and not _is_one_device(values),
        "find.lr=true with trainer.devices={trainer.devices}: it is searched on one device; set "
        "trainer.devices=1, and give what is found to the others",
    ),
    Rule(
        lambda values, built: _mixes(values) and not built.takes_soft_targets,
        "mix={mix.kind} with loss={loss.name}, which takes no soft targets: use loss=bce or "
        "loss=cross_entropy, or mix=none",
    ),
    Rule(
        lambda values, built: (
            _mixes(values) and values.get("mix.target") == "union" and not built.multi_label
        ),
        "mix.target=union with loss={loss.name}, which takes one category per photo: use "
        "loss=bce, or mix.target=ratio",
    ),
    Rule(
        lambda values, _: _mixes(values) and bool(values.get("model.train_metrics")),
        "model.train_metrics=true with mix={mix.kind}: a mixed photo has no single label to "
        "score; set model.train_metrics=false or mix=none",
    ),
    Rule(
        lambda values, built: _has_stream(values) and built.counts_categories,
        "loss.class_weights=balanced with data.stream, which draws all categories alike: set "
        "loss.class_weights=none",
    ),
    Rule(
        lambda values, built: values.get("model.freeze_epochs", 0) > 0 and built.processes > 1,
        "model.freeze_epochs={model.freeze_epochs} with trainer.devices={trainer.devices}: "
        "several processes must train the same layers throughout; set model.freeze_epochs=0 or "
        "trainer.devices=1",
    ),
)


def check_together(values: Values, built: Built | None = None) -> None:
    """Checks all rules.

    Args:
        values: of a training's config, as dotted keys and plain values; those that are absent
            break no rule.
        built: what the built loss and trainer tell. Without it, what the values tell of them: a
            custom loss, and devices that are found at run time, break no rule then.

    Raises:
        ConfigError: names both keys and the remedy.
    """
    values = _with_own_mix(values)
    built = _expected(values) if built is None else built
    for rule in RULES:
        if rule.is_broken(values, built):
            raise ConfigError(
                re.sub(r"\{([\w.]+)\}", lambda key: str(values.get(key[1])), rule.message)
            )


def _with_own_mix(values: Values) -> Values:
    """The values, with those of `data.mix` as `mix` where they are set apart."""
    if "data.mix" in values and values["data.mix"] is None:
        return {**values, "mix.kind": "none"}
    own = {key.removeprefix("data."): values[key] for key in values if key.startswith("data.mix.")}
    return {**values, **own}


def _expected(values: Values) -> Built:
    """What is known before the loss and the trainer are built."""
    loss = values.get("loss.name")
    is_custom = values.get("loss._target_") is not None
    devices = values.get("trainer.devices")
    return Built(
        takes_soft_targets=is_custom or loss != "focal",
        multi_label=is_custom or loss != "cross_entropy",
        counts_categories=values.get("loss.class_weights") == "balanced",
        processes=len(devices) if isinstance(devices, list) else _whole(devices),
    )


def _whole(devices: Any) -> int:
    """How many devices a word means; 1 where only the machine tells, as for auto."""
    return int(devices) if str(devices).isdecimal() else 1


def _is_one_device(values: Values) -> bool:
    return values.get("trainer.devices") in (1, "1")


def _mixes(values: Values) -> bool:
    return values.get("mix.kind", "none") != "none"


def _has_stream(values: Values) -> bool:
    """Whether photos come from an online generator: a node, or a value that is not null."""
    return values.get("data.stream") is not None or any(
        key.startswith("data.stream.") for key in values
    )
