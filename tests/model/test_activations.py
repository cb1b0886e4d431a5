import pytest
import torch

from resistor_cls.errors import ConfigError
from resistor_cls.model.activations import ACTIVATION_OF_LOSS, ACTIVATIONS, activation_name

LOGITS = 6 * torch.randn(20, 5, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_probabilities_lie_within_0_and_1_and_keep_the_order(name: str) -> None:
    probabilities = ACTIVATIONS[name](LOGITS)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    assert torch.equal(probabilities.argmax(1), LOGITS.argmax(1))
    if name == "softmax":
        assert torch.allclose(probabilities.sum(1), torch.ones(20))


def test_each_loss_has_one_activation() -> None:
    assert [activation_name(loss) for loss in ACTIVATION_OF_LOSS] == [
        "sigmoid", "softmax", "sigmoid",
    ]  # fmt: skip
    assert activation_name("my.losses.Mine", "softmax") == "softmax"


@pytest.mark.parametrize(
    ("loss", "activation", "message"),
    [
        ("bse", None, "loss=bse: no such loss; did you mean bce"),
        ("bce", "softmax", "loss=bce with activation=softmax: this loss has its own activation"),
        ("my.losses.Mine", "tanh", "my.losses.Mine has the activation 'tanh': valid: sigmoid"),
    ],
)
def test_an_activation_that_cannot_be_used_is_named(
    loss: str, activation: str | None, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        activation_name(loss, activation)
