"""The resize rule for batches, on any device."""

from torch import Tensor
from torch.nn.functional import interpolate


def resize(photos: Tensor, shape: tuple[int, int]) -> Tensor:
    """Resizes by the rule of `resistor_cls.data.images.resize.resize_image`.

    Args:
        photos: (batch, channels, height, width) float32 in [0, 1].
        shape: rows and columns of the result.

    Returns:
        (batch, channels, *shape) float32, on the 256 levels of an 8-bit photo: a photo that was
        resized and stored is the same photo as one that is resized on the way into a model, but
        for values halfway between two levels.
    """
    if photos.shape[-2:] == shape:
        return photos
    if 1 in photos.shape[-2:]:
        # Of one row or column PyTorch (2.15) repeats the first pixel where channels lie last.
        photos = photos.contiguous()
    stretched = interpolate(
        photos, size=shape, mode="bilinear", antialias=True, align_corners=False
    )
    return stretched.mul(255).round().clamp(0, 255).div(255)
