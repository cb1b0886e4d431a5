"""What happens to a photo before the backbone sees it; saved with the model."""

import torch
from torch import Tensor, nn

from resistor_cls.data.photos import resize
from resistor_cls.errors import ConfigError, nearest

# Mean and standard deviation per channel, of values in [0, 1].
NORMALIZATIONS = {
    "simple": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),  # fixed scaling to [-1, 1]
    # Of the ImageNet training photos, as every published set of ImageNet weights uses them.
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}


class Preprocessing(nn.Module):
    """Resizes and normalises photos.

    Args:
        image_size: side in pixels of what the backbone sees.
        normalization: a name in `NORMALIZATIONS`.

    Raises:
        ConfigError: a size below 1 or an unknown normalization.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, image_size: int, normalization: str) -> None:
        super().__init__()
        if image_size < 1:
            raise ConfigError(f"model.image_size={image_size}: expected 1 or more")
        if normalization not in NORMALIZATIONS:
            raise ConfigError(
                f"model.normalization={normalization}: {nearest(normalization, NORMALIZATIONS)}"
            )
        self.image_size = image_size
        mean, std = NORMALIZATIONS[normalization]
        # Buffers follow the model to its device; constants need no place in checkpoints.
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def forward(self, photos: Tensor) -> Tensor:
        """Prepares photos for the backbone.

        Args:
            photos: (batch, 3, height, width) float32 in [0, 1], of any size.

        Returns:
            (batch, 3, image_size, image_size) float32, normalised.
        """
        return (resize(photos, self.image_size) - self.mean) / self.std
