"""The detector: a small network that finds bodies of resistors, trained on synthetic photos.

A heatmap of centres and the geometry at each of its cells, as in X. Zhou, D. Wang, P. Krähenbühl,
"Objects as Points", 2019 (arXiv 1904.07850), with the axis as a doubled angle, because an axis has
no first end. `resistor_cls.model.detector.search` says which views of a photo it is given.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from resistor_cls.data.images.threads import one_torch_thread
from resistor_cls.model.checkpoint.half_precision import load_half, save_half
from resistor_cls.model.checkpoint.schema import DetectorHeader
from resistor_cls.model.checkpoint.tensor_files import check_fit
from resistor_cls.model.detector.decoding import LENGTH, STRIDE, WIDTH
from resistor_cls.model.detector.detector import DETECTOR_FORMAT, BodyDetector, fingerprint_of

# Trained as experiments/locator/README.md tells; part of the package.
SHIPPED = Path(__file__).with_name("locator.safetensors")
# Radius of a peak in body widths, and in cells at least; see `encode`.
_PEAK, _SMALLEST_PEAK = 0.25, 0.8
# Levels of the network at strides of 2, 4, 8, 16, 32.
_CHANNELS = (16, 32, 64, 96, 112)


class Detector(nn.Module, BodyDetector):
    """Photos in; scores and geometry of bodies out.

    Attributes:
        metadata: plain values that are saved with the network: how it was made.
        threshold: smallest score of a body that counts as found.
    """

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d, e = _CHANNELS
        self.stem = nn.Sequential(_Conv(3, a, 2), _Conv(a, b, 2), _Residual(b))
        self.down8 = nn.Sequential(_Conv(b, c, 2), _Residual(c), _Residual(c))
        self.down16 = nn.Sequential(_Conv(c, d, 2), _Residual(d))
        self.down32 = nn.Sequential(_Conv(d, e, 2), _Residual(e))
        self.up16, self.up8, self.up4 = _Up(e, d), _Up(d, c), _Up(c, b)
        self.head = nn.Sequential(_Conv(b, 48), nn.Conv2d(48, 7, 1))
        # Bodies are rare among cells: begin with a score of 0.02 everywhere, as for focal loss.
        last: Any = self.head[-1]
        nn.init.constant_(last.bias, 0.0)
        nn.init.constant_(last.bias[:1], -4.0)
        self.to(memory_format=torch.channels_last)
        self.metadata: dict[str, Any] = {}
        self.threshold = 0.3

    def forward(self, photos: Tensor) -> tuple[Tensor, Tensor]:
        """Scores every cell of photos.

        Args:
            photos: (batch, 3, size, size) float32 in [0, 1], size a multiple of 32.

        Returns:
            Logits (batch, cells, cells) of a body's centre, and geometry (batch, 6, cells, cells)
            as `encode` says; cells are size / 4.
        """
        photos = (photos - 0.5).contiguous(memory_format=torch.channels_last)
        at4 = self.stem(photos)
        at8 = self.down8(at4)
        at16 = self.down16(at8)
        maps = self.up16(self.down32(at16), at16)
        maps = self.head(self.up4(self.up8(maps, at8), at4))
        return maps[:, 0], maps[:, 1:]

    @torch.inference_mode()
    def score_view(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Runs the network on a view; see `BodyDetector`."""
        device = next(self.parameters()).device
        view = torch.from_numpy(pixels).to(device).permute(2, 0, 1)[None].float().div(255)
        logits, geometry = self(view)
        return logits[0].float().cpu().numpy(), geometry[0].float().cpu().numpy()

    def for_crops(self) -> "Detector":
        """A copy on the CPU, wherever the network runs.

        GPUs add in another order, and a crop that moves by a pixel is another photo.
        """
        return copy.deepcopy(self).cpu().eval()

    @contextmanager
    def repeatable(self) -> Iterator[None]:
        """One thread and full precision: the same photo then gives the same crop, whoever asks."""
        with one_torch_thread(), torch.autocast("cpu", enabled=False):
            yield

    def fingerprint(self) -> str:
        """Identifies what the detector finds: by its search, its weights and its threshold."""
        parts = []
        for name, value in self.state_dict().items():
            parts += [name.encode(), value.numpy().tobytes()]
        return fingerprint_of(self.threshold, parts)

    def save(self, path: Path) -> None:
        """Writes the network in half precision, with `metadata` and `threshold` in the header."""
        header = {"format": DETECTOR_FORMAT, "threshold": self.threshold, "record": self.metadata}
        save_half(path, "locator", self.state_dict(), header)

    @classmethod
    def load(cls, path: Path = SHIPPED) -> "Detector":
        """Reads a network that `save` wrote, ready for inference.

        Args:
            path: the file; by default the detector that comes with the package.

        Raises:
            ModelError: a file that is absent, damaged, malformed, or of another format.
        """
        remedy = "train it again, as experiments/locator/README.md says"
        header, tensors = load_half(path, "locator", DETECTOR_FORMAT, remedy, DetectorHeader)
        net = cls()
        check_fit(path, net.state_dict(), tensors)
        net.load_state_dict(tensors)
        net.metadata, net.threshold = header["record"], header["threshold"]
        return net.eval()


def encode(bodies: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The targets of the network.

    Args:
        bodies: (batch, 6): x and y of the centre, angle, length, width in pixels of the view, and
            1 for a body or 0 where there is none. A centre outside the view counts as none.
        size: side of the view in pixels.

    Returns:
        Heatmap (batch, cells, cells): 1 in the cell of the centre, falling off round it as a normal
        curve. Geometry (batch, 6, cells, cells): from the cell's centre to the body's in cells,
        cosine and sine of the doubled angle, log(length / 32) and log(width / 11).
    """
    cells = size // STRIDE
    x, y, angle, length, width, there = bodies[:, :, None, None].unbind(1)
    middle = torch.arange(cells, device=bodies.device) + 0.5
    to_x, to_y = x / STRIDE - middle[None, None, :], y / STRIDE - middle[None, :, None]
    inside = (there > 0) & (x >= 0) & (x < size) & (y >= 0) & (y < size)
    radius = (_PEAK * width / STRIDE).clamp(min=_SMALLEST_PEAK)
    heatmap = torch.exp(-(to_x**2 + to_y**2) / (2 * radius**2))
    here = ((x // STRIDE) == (middle[None, None, :] - 0.5)) & (
        (y // STRIDE) == (middle[None, :, None] - 0.5)
    )
    heatmap = torch.where(here, torch.ones_like(heatmap), heatmap) * inside
    shape = [
        torch.cos(2 * angle),
        torch.sin(2 * angle),
        torch.log(length / LENGTH),
        torch.log(width / WIDTH),
    ]
    geometry = torch.stack(torch.broadcast_tensors(to_x, to_y, *shape), dim=1)
    return heatmap, geometry


class _Conv(nn.Sequential):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _Conv(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, maps: Tensor) -> Tensor:
        return torch.relu(maps + self.second(self.first(maps)))


class _Up(nn.Module):
    """Coarse maps enlarged to twice the size and joined with those of the way down."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(coarse, fine, 1)
        self.join = _Conv(fine, fine)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        larger = interpolate(self.narrow(coarse), scale_factor=2.0, mode="nearest")
        joined: Tensor = self.join(larger + fine)
        return joined
