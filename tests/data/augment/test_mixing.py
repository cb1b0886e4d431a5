from typing import Any

import pytest
import torch
from torch import Tensor

from resistor_cls.data.augment.mixing import Mix, mixing
from resistor_cls.errors import ConfigError

CATEGORIES = 4


def batch(size: int = 8, side: int = 40) -> dict[str, Tensor]:
    """Every photo has one value everywhere: its number."""
    numbers = torch.arange(size)
    photos = numbers.view(-1, 1, 1, 1).expand(size, 3, side, side).to(torch.uint8)
    return {"photos": photos, "targets": numbers % CATEGORIES, "indices": numbers}


def mixed(kind: str, seed: int = 0, **settings: Any) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    return Mix(kind, **settings)(batch(), CATEGORIES)


def share_of_the_other(photos: Tensor) -> Tensor:
    """How much of each photo comes from the one before it, by the values of its pixels."""
    own = torch.arange(8.0)
    return ((photos.mean((1, 2, 3)) - own) / (own.roll(1) - own)).float()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "settings", [{"kind": "mixup"}, {"kind": "cutmix"}, {"kind": "cutmix", "corner": True}]
)
def test_a_label_has_the_share_of_its_photo(seed: int, settings: dict[str, Any]) -> None:
    found = mixed(**settings, seed=seed)
    assert found["photos"].dtype == torch.float32
    shares, targets = found["soft_targets"], batch()["targets"]
    assert torch.allclose(shares.sum(1), torch.ones(8))
    other = share_of_the_other(found["photos"])
    assert torch.allclose(shares[range(8), targets], 1 - other, atol=1e-4)
    assert torch.equal(found["targets"], targets)
    assert torch.equal(found["indices"], batch()["indices"])


def test_mixup_blends_and_cutmix_pastes() -> None:
    assert all(len(photo.unique()) == 1 for photo in mixed("mixup")["photos"])
    pasted = [mixed("cutmix", seed)["photos"][1].unique().tolist() for seed in range(10)]
    assert all(set(values) <= {0.0, 1.0} for values in pasted)
    assert [0.0, 1.0] in pasted


def test_a_patch_in_the_corner_touches_exactly_one_corner() -> None:
    for seed in range(20):
        patch = mixed("cutmix", seed, corner=True)["photos"][1, 0] == 0
        corners = int(patch[0, 0]) + int(patch[0, -1]) + int(patch[-1, 0]) + int(patch[-1, -1])
        assert patch.all() or corners == int(patch.any())


def test_the_target_rule_decides_what_counts() -> None:
    ratio, union, larger = (
        mixed("mixup", target=rule)["soft_targets"] for rule in ("ratio", "union", "larger")
    )
    assert torch.equal(union, (ratio > 0).float())
    assert torch.equal(larger.argmax(1), ratio.argmax(1))
    assert torch.equal(larger.sum(1), torch.ones(8))


def test_concentration_probability_and_iterations_do_what_they_say() -> None:
    def spread(**settings: Any) -> Tensor:
        found = [mixed("mixup", seed, **settings)["soft_targets"] for seed in range(60)]
        return torch.stack(found)

    def of_larger(concentration: float) -> float:
        return float(spread(concentration=concentration).amax(2).mean())

    assert of_larger(0.1) > of_larger(1.0) > of_larger(20.0)
    untouched = (spread(probability=0.3).amax(2) == 1).all(1).float().mean()
    assert 0.5 < float(untouched) < 0.9
    assert int((spread()[0] > 0).sum(1).max()) == 2
    assert int((spread(iterations=2)[0] > 0).sum(1).max()) == 3


def test_without_mixing_there_is_nothing() -> None:
    assert mixing("none") is None
    assert mixing("mixup", concentration=0.2).kind == "mixup"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "cutmx"}, "mix.kind=cutmx: did you mean cutmix"),
        ({"concentration": 0}, "mix.concentration=0: expected more than 0"),
        ({"probability": 0}, "mix.probability=0: expected more than 0 and at most 1, or mix=none"),
        ({"iterations": 0}, "mix.iterations=0: expected 1 or more, or mix=none"),
        ({"corner": True}, "mix.corner=true with mix=mixup"),
        ({"target": "rato"}, "mix.target=rato: did you mean ratio"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Mix(**({"kind": "mixup"} | settings))
