"""Keys that do not go together are refused by a message with both, and the remedy."""

from collections.abc import Mapping
from typing import Any

import pytest

from resistor_cls.config import compose
from resistor_cls.config.cross_key_rules import RULES, Built, check_together
from resistor_cls.config.plain import known_values
from resistor_cls.errors import ConfigError
from resistor_cls.model.training.losses import LOSSES, loss_named

BUILT = Built(takes_soft_targets=True, multi_label=True, counts_categories=False, processes=1)
BROKEN = [
    (
        "data.train_on_validation=true trainer.patience=3",
        "trainer.patience=3 with data.train_on_va",
    ),
    ("find.batch_size=true trainer.devices=2", "find.batch_size=true with trainer.devices=2"),
    ("find.lr=true trainer.devices=auto", "find.lr=true with trainer.devices=auto"),
    ("mix=mixup loss=focal", "mix=mixup with loss=focal"),
    ("mix=cutmix mix.target=union loss=cross_entropy", "mix.target=union with loss=cross_entropy"),
    ("mix=mixup model.train_metrics=true", "model.train_metrics=true with mix=mixup"),
    ("data.stream={_target_:x.y} loss.class_weights=balanced", "balanced with data.stream"),
    ("model.freeze_epochs=1 trainer.devices=[0,1]", "freeze_epochs=1 with trainer.devices=[0, 1]"),
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


def test_every_rule_is_tried() -> None:
    assert len(BROKEN) == len(RULES)


@pytest.mark.parametrize(
    ("words", "built", "message"),
    [
        ("mix=mixup", BUILT._replace(takes_soft_targets=False), "mix=mixup with loss=bce"),
        ("mix=mixup mix.target=union", BUILT._replace(multi_label=False), "mix.target=union with"),
        ("model.freeze_epochs=1 trainer.devices=auto", BUILT._replace(processes=2), "devices=auto"),
        ("data.stream.a=1", BUILT._replace(counts_categories=True), "balanced with data.stream"),
    ],
)
def test_what_is_built_tells_what_values_do_not(words: str, built: Built, message: str) -> None:
    values = {**values_of(words.replace("data.stream.a=1", "")), "data.stream.a": 1}
    values = values if "stream" in words else values_of(words)
    check_together(values)
    with pytest.raises(ConfigError, match=message):
        check_together(values, built)


def test_a_custom_loss_breaks_no_rule_before_it_is_built() -> None:
    check_together({**values_of("mix=mixup loss=focal loss._target_=my.Loss")})


def test_data_mix_wins_over_mix() -> None:
    check_together(values_of("mix=mixup data.mix=null loss=focal"))
    with pytest.raises(ConfigError, match="mix=cutmix with loss=focal"):
        check_together({**values_of("loss=focal"), "data.mix.kind": "cutmix"})


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_expected_as_they_are_built(name: str) -> None:
    loss = loss_named(name)
    for words, allowed in (
        ("mix=mixup", loss.takes_soft_targets),
        ("mix=mixup mix.target=union", loss.takes_soft_targets and loss.multi_label),
    ):
        values = values_of(f"{words} loss={name}")
        if allowed:
            check_together(values)
        else:
            with pytest.raises(ConfigError):
                check_together(values)
