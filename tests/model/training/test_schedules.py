from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.optim import SGD, Optimizer
from torch.optim.lr_scheduler import LRScheduler

from resistor_cls.model.training import schedules
from resistor_cls.model.training.schedules import constant, cosine, linear, one_cycle, step


def optimizer(*rates: float) -> Optimizer:
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates]
    return SGD(groups, lr=1.0, momentum=0.9)


def rates(
    schedule: Callable[..., LRScheduler], steps: int, epoch_steps: int = 2, **settings: float
) -> list[float]:
    """Of the first of two groups, and one more behind the last step; the second has a tenth."""
    both = optimizer(0.1, 0.01)
    scheduler = schedule(both, steps, epoch_steps, **settings)
    found = []
    for _ in range(steps + 1):
        first, second = (group["lr"] for group in both.param_groups)
        assert second == pytest.approx(first / 10, abs=1e-7)
        found.append(first)
        both.step()
        scheduler.step()
    return found


@pytest.mark.parametrize(
    ("schedule", "settings", "expected"),
    [
        (constant, {}, [0.1] * 5),
        (cosine, {}, [0.1, 0.0853553, 0.05, 0.0146447, 0.0]),
        (linear, {}, [0.1, 0.075, 0.05, 0.025, 0.0]),
        (step, {}, [0.1, 0.1, 0.01, 0.01, 0.001]),
        (step, {"every_epochs": 0.5, "factor": 0.5}, [0.1, 0.05, 0.025, 0.0125, 0.00625]),
    ],
)
def test_schedules_go_from_the_rate_to_the_end(
    schedule: Callable[..., LRScheduler], settings: dict[str, Any], expected: list[float]
) -> None:
    assert rates(schedule, 4, **settings) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("schedule", [constant, cosine, linear, step])
def test_a_warm_up_grows_evenly_and_the_rest_follows(schedule: Callable[..., LRScheduler]) -> None:
    warmed = rates(schedule, 8, warmup_epochs=1.5)
    assert warmed[:3] == pytest.approx([0.025, 0.05, 0.075])
    assert warmed[3:] == pytest.approx(rates(schedule, 5), abs=1e-7)


def test_one_cycle_goes_up_and_down() -> None:
    found = rates(one_cycle, 20, warmup_epochs=2)
    assert found[0] == pytest.approx(0.1 / 25)
    assert max(found) == pytest.approx(0.1, rel=0.02)
    top = found.index(max(found))
    assert top == 4  # two epochs of two steps
    assert found[:5] == sorted(found[:5])
    assert found[5:] == sorted(found[5:], reverse=True)
    assert found[-1] < 1e-4
    assert rates(one_cycle, 20).index(max(rates(one_cycle, 20))) == 6  # three tenths


@pytest.mark.parametrize("epochs", [-1, 2, 5.5])
@pytest.mark.parametrize("name", ["constant", "cosine", "linear", "step", "one_cycle"])
def test_a_warm_up_that_cannot_be_used_is_named(name: str, epochs: float) -> None:
    with pytest.raises(ValueError, match=r"scheduler.warmup_epochs=.*trainer.max_epochs \(2\)"):
        getattr(schedules, name)(optimizer(0.1), 4, 2, warmup_epochs=epochs)


def test_a_number_of_steps_that_cannot_be_used_is_named() -> None:
    with pytest.raises(ValueError, match=r"scheduler.every_epochs=0: expected more than 0"):
        step(optimizer(0.1), 4, 2, every_epochs=0)
