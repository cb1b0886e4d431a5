"""An exported model where a network of PyTorch is expected: for evaluations."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from resistor_cls.bands import BandScores
from resistor_cls.data.images.preprocessed import ImagePreprocessing
from resistor_cls.errors import ConfigError, ModelError
from resistor_cls.model.activations import activation_name
from resistor_cls.model.exported.files import ONNX_SUFFIX, read_exported
from resistor_cls.model.exported.network import ExportedNetwork
from resistor_cls.model.network import ResistorNetwork
from resistor_cls.model.preprocessing import Preprocessing


def load_network(path: str | Path) -> ResistorNetwork:
    """Loads a network to be evaluated, from a checkpoint, a file of weights or an exported model.

    Raises:
        ModelError: see `ResistorNetwork.load`, and `ExportedNetwork.load`.
    """
    if Path(path).suffix == ONNX_SUFFIX:
        return ExportedModule(Path(path))
    return ResistorNetwork.load(path)


class ExportedGraph(nn.Module):
    """Stands for the layers of an exported model, which cannot be inspected."""


class ExportedModule(ResistorNetwork):
    """An exported model that is evaluated like the network that it was made of.

    ONNX Runtime runs it on the CPU, wherever photos come from. It has no weights that could be
    trained, and no layers that saliency maps could be made of.

    Args:
        path: the file.

    Raises:
        ModelError: see `ExportedNetwork.load`.
    """

    def __init__(self, path: Path) -> None:
        nn.Module.__init__(self)  # that of `ResistorNetwork` would build the backbone
        model = read_exported(path)
        header, self._exported = model.header, ExportedNetwork(path, model)
        self.settings = dict(header["settings"])
        self.categories = self._exported.categories
        self.activation = activation_name(self.settings["loss"], self.settings.get("activation"))
        self.metadata, self.weights_from = dict(header["card"]), header["weights_from"]
        self.backbone = ExportedGraph()
        # For its shape: photos go through `image_preprocessing`, and then straight into the graph.
        self.preprocessing = Preprocessing(
            self.settings["image_size"],
            self.settings["normalization"],
            channels=self.settings["channels"],
        )
        self.probability_threshold = self._exported.probability_threshold
        self.mixed_precision_inference = False
        self.eval()

    @property
    def device(self) -> torch.device:
        """See `ResistorNetwork`."""
        return torch.device("cpu")

    @property
    def reads_bands(self) -> bool:
        """See `ResistorNetwork`."""
        return self._exported.reads_bands

    @property
    def reads_any_value(self) -> bool:
        """See `ResistorNetwork`."""
        return self._exported.reads_any_value

    def set_inference(
        self,
        views: int | None = None,
        mixed_precision_inference: bool | None = None,
        probability_threshold: float | None = None,
    ) -> None:
        """See `ResistorNetwork`.

        Raises:
            ConfigError: see there; or half precision is asked for.
        """
        if mixed_precision_inference:
            raise ConfigError(
                "model.mixed_precision_inference=true, but an exported model computes as it was "
                "exported: leave it out, or evaluate the checkpoint"
            )
        self._exported.set_inference(views, probability_threshold)
        self.probability_threshold = self._exported.probability_threshold

    def image_preprocessing(self, size: int | Sequence[int] | None = None) -> ImagePreprocessing:
        """See `ResistorNetwork`; the size is always that of the graph."""
        return self._exported.image_preprocessing()

    def forward(self, photos: Tensor) -> Tensor:
        """See `ResistorNetwork`; has no gradient."""
        return self.predict(photos)[0]

    def predict(self, photos: Tensor) -> tuple[Tensor, Tensor | None]:
        """See `ResistorNetwork`."""
        logits, features = self._exported.logits_and_features(_as_bytes(photos))
        pooled = None if features is None else torch.from_numpy(features).to(photos.device)
        return torch.from_numpy(logits).to(photos.device), pooled

    def read_bands(self, photos: Tensor) -> BandScores:
        """See `ResistorNetwork`."""
        return self._exported.read_photos(_as_bytes(photos))

    def save_weights(self, path: Path) -> None:
        """Raises that there are none.

        Raises:
            ModelError: always.
        """
        raise ModelError(f"{path}: an exported model has no weights to be saved")


def _as_bytes(photos: Tensor) -> NDArray[np.uint8]:
    """(batch, rows, columns, channels) uint8 of what was divided by 255."""
    whole = photos.mul(255).round().to(torch.uint8)
    return whole.permute(0, 2, 3, 1).contiguous().cpu().numpy()
