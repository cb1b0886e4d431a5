"""A fused optimizer step is the plain one, up to rounding."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.optim import SGD, Adam, AdamW, Optimizer

from resistor_cls.model.training.fused import use_fused_step
from tests.helpers.tiny_training import train


def parameters_after(make: type[Optimizer], fused: bool, **options: Any) -> list[torch.Tensor]:
    """Parameters after twenty steps down the same slopes."""
    generator = torch.Generator().manual_seed(0)
    shapes = ((7,), (33, 5), (64, 3, 3, 3))
    parameters = [torch.randn(shape, generator=generator).requires_grad_() for shape in shapes]
    optimizer = make(parameters, lr=0.01, **options)  # type: ignore[call-arg]
    if fused:
        use_fused_step(optimizer)
        assert optimizer.param_groups[0]["fused"] is True
    for _ in range(20):
        for one in parameters:
            one.grad = torch.randn(one.shape, generator=generator)
        optimizer.step()
    return parameters


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (AdamW, {"weight_decay": 0.02}),
        (AdamW, {"weight_decay": 0.0}),
        (Adam, {"weight_decay": 0.02}),
        (SGD, {"momentum": 0.9, "nesterov": True}),
    ],
)
def test_the_steps_are_the_same_up_to_rounding(
    make: type[Optimizer], options: dict[str, Any]
) -> None:
    plain, fused = (parameters_after(make, fused, **options) for fused in (False, True))
    for one, other in zip(plain, fused, strict=True):
        # A few units in the last of the 24 bits of a number around 1.
        torch.testing.assert_close(one, other, rtol=0, atol=2e-6)


def test_what_somebody_has_chosen_stays() -> None:
    weight = torch.zeros(3, requires_grad=True)
    for options in ({"fused": False}, {"foreach": True}):
        optimizer = AdamW([weight], **options)  # type: ignore[arg-type]
        before = optimizer.param_groups[0]["fused"]
        use_fused_step(optimizer)
        assert optimizer.param_groups[0]["fused"] is before
    use_fused_step(torch.optim.Rprop([weight]))  # has no such step
    abstract = AdamW([torch.zeros(3, device="meta", requires_grad=True)])
    use_fused_step(abstract)
    assert abstract.param_groups[0]["fused"] is None


def test_gradients_are_clipped_in_mixed_precision(photos: Path, tmp_path: Path) -> None:
    trained = train(
        photos, tmp_path / "out", precision="bf16-mixed", gradient_clip_val=1.0, max_epochs=1
    )
    assert trained.trainer.optimizers[0].param_groups[0]["fused"] is True
    assert all(one.isfinite().all() for one in trained.network.parameters())
