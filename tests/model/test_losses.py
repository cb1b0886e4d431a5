import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy, cross_entropy, one_hot

from resistor_cls.errors import ConfigError
from resistor_cls.model.losses import LOSSES, loss_named

LOGITS = 6 * torch.randn(20, 5, generator=torch.Generator().manual_seed(0))
TARGETS = torch.randint(5, (20,), generator=torch.Generator().manual_seed(1))


def test_bce_asks_a_question_of_each_category():
    expected = binary_cross_entropy(LOGITS.double().sigmoid(), one_hot(TARGETS, 5).double())
    found = loss_named("bce").value(LOGITS, TARGETS)
    assert float(found) == pytest.approx(float(expected), rel=1e-5)


def test_a_uniform_guess_among_37_scores_what_was_published():
    logits = torch.full((4, 37), math.log(1 / 36))  # the sigmoid of this is 1/37
    assert float(loss_named("bce").value(logits, TARGETS[:4])) == pytest.approx(0.124, abs=5e-4)


def test_cross_entropy_is_that_of_torch():
    expected = cross_entropy(LOGITS, TARGETS)
    found = loss_named("cross_entropy").value(LOGITS, TARGETS)
    assert float(found) == pytest.approx(float(expected))


@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_of_an_item_is_its_own(name: str):
    loss = loss_named(name)
    alone = [loss.value(LOGITS[[place]], TARGETS[[place]]) for place in range(20)]
    assert torch.allclose(loss.each(LOGITS, TARGETS), torch.stack(alone))


@pytest.mark.parametrize("name", LOSSES)
def test_probabilities_are_probabilities_and_keep_the_order(name: str):
    probabilities = loss_named(name).probabilities(LOGITS)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    assert torch.equal(probabilities.argmax(1), LOGITS.argmax(1))
    if name == "cross_entropy":
        assert torch.allclose(probabilities.sum(1), torch.ones(20))


def test_an_unknown_loss_is_named():
    with pytest.raises(ConfigError, match="loss=cros_entropy: no such loss; did you mean cross_en"):
        loss_named("cros_entropy")
