"""Mixed photos: two of a batch in one, with soft targets."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot
from torchvision.transforms.v2 import CutMix, MixUp

from resistor_cls.errors import ConfigError, nearest


class _CornerCutMix(CutMix):  # type: ignore[misc]
    """CutMix whose patch lies in a corner of the photo, never clipped by its edge."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Draws the corner and the size of the patch; see torchvision."""
        height, width = flat_inputs[0].shape[-2:]
        side = math.sqrt(1.0 - float(self._dist.sample(())))  # of the patch, as a share
        rows, columns = round(side * height), round(side * width)
        lower, right = torch.randint(2, (2,)).tolist()
        x, y = right * (width - columns), lower * (height - rows)
        kept = 1.0 - rows * columns / (height * width)
        return {"box": (x, y, x + columns, y + rows), "lam_adjusted": kept}


def _ratio(soft_targets: Tensor) -> Tensor:
    return soft_targets


def _union(soft_targets: Tensor) -> Tensor:
    return (soft_targets > 0).to(soft_targets)


def _larger(soft_targets: Tensor) -> Tensor:
    largest = soft_targets.argmax(dim=1)
    return one_hot(largest, soft_targets.shape[1]).to(soft_targets)


KINDS = ("none", "mixup", "cutmix")
TARGETS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "ratio": _ratio,
    "union": _union,
    "larger": _larger,
}


class Mix:
    """Mixes the photos of training batches.

    mixup averages two photos (Zhang et al. 2018), cutmix pastes a patch of one into another
    (Yun et al. 2019). Both are torchvision's.

    Args:
        kind: `mixup` or `cutmix`.
        concentration: of the beta distribution of the first photo's weight: 1 is uniform, less
            prefers one of the photos, more prefers halves.
        probability: that a batch is mixed.
        iterations: how often a batch is mixed: after two, up to four photos are in one.
        corner: of `cutmix`, whether the patch is in a corner.
        target: `ratio` gives every label the weight of its photo, `union` gives all of them 1,
            `larger` gives 1 to the label with the largest weight alone.

    Raises:
        ConfigError: a value that cannot be used.
    """

    def __init__(
        self,
        kind: str,
        *,
        concentration: float = 1.0,
        probability: float = 1.0,
        iterations: int = 1,
        corner: bool = False,
        target: str = "ratio",
    ) -> None:
        if kind not in KINDS[1:]:
            raise ConfigError(f"mix.kind={kind}: {nearest(kind, KINDS)}")
        if concentration <= 0:
            raise ConfigError(f"mix.concentration={concentration}: expected more than 0")
        if not 0 < probability <= 1:
            raise ConfigError(
                f"mix.probability={probability}: expected more than 0 and at most 1, or mix=none"
            )
        if iterations < 1:
            raise ConfigError(f"mix.iterations={iterations}: expected 1 or more, or mix=none")
        if corner and kind != "cutmix":
            raise ConfigError(f"mix.corner=true with mix={kind}, which has no patch: use cutmix")
        if target not in TARGETS:
            raise ConfigError(f"mix.target={target}: {nearest(target, TARGETS)}")
        method = MixUp if kind == "mixup" else _CornerCutMix if corner else CutMix
        self.kind, self.target = kind, target
        self._probability, self._iterations = probability, iterations
        self._mix = method(alpha=concentration)

    def __call__(self, batch: Mapping[str, Tensor], categories: int) -> dict[str, Tensor]:
        """Mixes a batch.

        Args:
            batch: `photos` (batch, channels, height, width) of any type, `targets` (batch,) class
                indices, and more, which is left as it is.
            categories: how many there are.

        Returns:
            The batch with mixed `photos` float32 on the scale that they were on, and
            `soft_targets` (batch, categories) float32.
        """
        photos = batch["photos"].float()
        soft_targets = one_hot(batch["targets"], categories).float()
        for _ in range(self._iterations):
            if float(torch.rand(())) < self._probability:
                photos, soft_targets = self._mix(photos, soft_targets)
        return {**batch, "photos": photos, "soft_targets": TARGETS[self.target](soft_targets)}


def mixing(kind: str = "none", **settings: Any) -> Mix | None:
    """Makes a `Mix`; None for the kind `none`."""
    return None if kind == "none" else Mix(kind, **settings)
