import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import binary_cross_entropy, cross_entropy, one_hot

from resistor_cls.errors import ConfigError
from resistor_cls.model.activations import ACTIVATIONS, activation_name
from resistor_cls.model.training.losses import LOSSES, TrainingLoss, loss_named

LOGITS = 6 * torch.randn(20, 5, generator=torch.Generator().manual_seed(0))
TARGETS = torch.randint(5, (20,), generator=torch.Generator().manual_seed(1))
ONE_HOT = one_hot(TARGETS, 5).float()


def training(name: str, **settings: Any) -> float:
    return float(TrainingLoss(loss_named(name), name, 5, **settings)(LOGITS, ONE_HOT))


def test_bce_is_the_binary_cross_entropy_of_each_category() -> None:
    expected = binary_cross_entropy(LOGITS.double().sigmoid(), ONE_HOT.double())
    assert training("bce") == pytest.approx(float(expected), rel=1e-5)


def test_a_uniform_guess_among_37_scores_what_was_published() -> None:
    logits = torch.full((4, 37), math.log(1 / 36))  # the sigmoid of this is 1/37
    found = loss_named("bce").plain(logits, TARGETS[:4]).mean()
    assert float(found) == pytest.approx(0.124, abs=5e-4)


def test_cross_entropy_is_that_of_torch_smoothed_too() -> None:
    assert training("cross_entropy") == pytest.approx(float(cross_entropy(LOGITS, TARGETS)))
    expected = cross_entropy(LOGITS, TARGETS, label_smoothing=0.1)
    assert training("cross_entropy", label_smoothing=0.1) == pytest.approx(float(expected))


def test_smoothed_bce_has_smoothed_targets() -> None:
    smooth = 0.7 * ONE_HOT + 0.3 / 5
    expected = binary_cross_entropy(LOGITS.double().sigmoid(), smooth.double())
    assert training("bce", label_smoothing=0.3) == pytest.approx(float(expected), rel=1e-5)


@given(st.floats(0, 5))
def test_focal_is_bce_weighted_by_the_error(gamma: float) -> None:
    logits = LOGITS.double()
    right = torch.where(ONE_HOT > 0, logits.sigmoid(), 1 - logits.sigmoid())
    expected = (-((1 - right) ** gamma) * right.log()).mean(dim=1)
    assert torch.allclose(loss_named("focal", gamma).plain(logits, TARGETS), expected)


@pytest.mark.parametrize("name", LOSSES)
def test_balanced_categories_count_alike_however_many_photos_they_have(name: str) -> None:
    loss = TrainingLoss(loss_named(name), name, 5, class_weights="balanced")
    assert loss.needs_counts
    loss.count([30, 10, 0, 5, 15])
    assert not loss.needs_counts
    soft_targets = torch.eye(5)
    each = loss_named(name).each(LOGITS[:5], soft_targets)
    of_category = [float(loss(LOGITS[[i]], soft_targets[[i]]) / each[i]) for i in (0, 1, 3, 4)]
    # 60 photos: 30 × 0.4 = 10 × 1.2 = 5 × 2.4 = 15 × 0.8
    assert of_category == pytest.approx([0.4, 1.2, 2.4, 0.8])


def test_custom_class_weights_are_used() -> None:
    weights = [1.0, 2.0, 0.0, 1.0, 3.0]
    expected = torch.tensor(weights)[TARGETS] * cross_entropy(LOGITS, TARGETS, reduction="none")
    found = training("cross_entropy", class_weights=weights)
    assert found == pytest.approx(float(expected.mean()))


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_takes_soft_targets_if_it_is_least_where_the_probabilities_equal_them(
    name: str,
) -> None:
    loss = loss_named(name)
    logits = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    soft_targets = torch.tensor([[0.5, 0.3, 0.2]], dtype=torch.float64)
    optimizer = torch.optim.LBFGS([logits], max_iter=100)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = loss.each(logits, soft_targets).sum()
        value.backward()
        return value

    optimizer.step(closure)
    found = ACTIVATIONS[activation_name(name)](logits.detach())
    assert torch.allclose(found, soft_targets, atol=1e-3) == loss.takes_soft_targets


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"label_smoothing": 1}, "loss.label_smoothing=1: expected 0 or more and less than 1"),
        ({"class_weights": [1, 2]}, r"loss.class_weights=\[1, 2\]: expected a weight .* the 5 cat"),
        ({"class_weights": "balance"}, "loss.class_weights=balance: did you mean balanced"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        training("bce", **settings)


def test_what_does_not_go_together_is_named() -> None:
    with pytest.raises(ConfigError, match=r"loss.label_smoothing=0.1 with loss=focal"):
        training("focal", label_smoothing=0.1)
    with pytest.raises(ConfigError, match="loss=cros_entropy: no such loss; did you mean cross_en"):
        loss_named("cros_entropy")
    with pytest.raises(ConfigError, match=r"loss.focal_gamma=-1: expected 0 or more"):
        loss_named("focal", -1)
