"""The network: photos in, logits out. It is what is saved, loaded, used and exported."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from resistor_cls.bands import BandScores
from resistor_cls.categories import Categories
from resistor_cls.data.images.preprocessed import ImagePreprocessing
from resistor_cls.errors import ConfigError, DataError, ModelError
from resistor_cls.model.activations import ACTIVATIONS, activation_name
from resistor_cls.model.backbone import build_backbone
from resistor_cls.model.band_reader import NAME as BAND_READER
from resistor_cls.model.band_reader import BandReader, Reading, scores_of
from resistor_cls.model.checkpoint.checkpoints import METADATA, read_checkpoint
from resistor_cls.model.checkpoint.schema import check_settings, misfit
from resistor_cls.model.checkpoint.tensor_files import check_fit
from resistor_cls.model.checkpoint.weights import (
    RENDERED,
    SUFFIX,
    check_backbone_fits,
    check_familiarity,
    read_weights,
    start_from,
    write_weights,
)
from resistor_cls.model.custom_backbone import head_of
from resistor_cls.model.detector.network import Detector
from resistor_cls.model.exported.files import ONNX_SUFFIX
from resistor_cls.model.features import full_precision, logits_and_features
from resistor_cls.model.photo_network import check_probability_threshold
from resistor_cls.model.preprocessing import Preprocessing
from resistor_cls.model.tta import check_views, views_of


class ResistorNetwork(nn.Module):
    """Names the category of a photographed resistor.

    Args:
        categories: the label space; logit `i` belongs to `categories[i]`.
        backbone: a timm model, or the import path of a custom network.
        pretrained: `auto`, `true` or `false`, see `resistor_cls.model.backbone`; `rendered` starts
            from the package's weights, which were trained on synthetic photos; a file
            (*.safetensors) from other ones.
        pool: `avg`, `max`, `avgmax`, `catavgmax` or `gem`.
        dropout: probability that a pooled feature is dropped in training.
        drop_path: probability that a residual block is left out in training.
        image_size: longer side in pixels of what the backbone sees, or its rows and columns.
        channels: that the backbone sees: 3, 1 for grey, or as many as photos in arrays have.
        normalization: a name in `resistor_cls.model.preprocessing.NORMALIZATIONS`.
        steps: fixed transforms that every photo goes through: the file of an albumentations
            pipeline, or what is in it.
        locate: true evaluates an upright crop round the body, which a detector finds; see
            `resistor_cls.model.preprocessing`.
        views: test-time augmentation: 1 the photo, 2 its half turn too, 4 its mirror images too, 8
            its quarter turns too.
        mixed_precision_inference: whether predictions too are computed in half precision.
        probability_threshold: predictions of less probability are "don't know".
        loss: name of the loss that trains the network, which decides on its activation.
        activation: of a custom loss, `softmax` or `sigmoid`.
        focal_gamma: of the loss `focal`; kept with the network.
        band_weight: weight of the loss of the bands in training, of a `band_reader`.

    Attributes:
        settings: the arguments as plain values, without `pretrained`.
        weights_from: `imagenet`, `scratch`, `rendered` or the name of a file.
        metadata: plain values that are saved with the network, such as where its photos are.

    Raises:
        ConfigError: an argument that cannot be used.
        ModelError: unavailable weights.
    """

    backbone: Any  # timm's networks share methods, but no class

    def __init__(
        self,
        categories: Sequence[str],
        *,
        backbone: str = "resnet50.a1_in1k",
        pretrained: str | bool = "auto",
        pool: str = "avg",
        dropout: float = 0.0,
        drop_path: float = 0.0,
        image_size: int | Sequence[int] = 224,
        channels: int = 3,
        normalization: str = "simple",
        steps: str | Mapping[str, Any] | None = None,
        locate: bool | str | Detector = False,
        views: int = 1,
        mixed_precision_inference: bool = False,
        probability_threshold: float = 0.0,
        loss: str = "bce",
        activation: str | None = None,
        focal_gamma: float = 2.0,
        band_weight: float = 0.0,
    ) -> None:
        super().__init__()
        categories = list(categories)
        self.preprocessing = Preprocessing(image_size, normalization, locate, channels, steps)
        self.activation = activation_name(loss, activation)
        # Named one by one: plain values only, so that a checkpoint loads with weights_only=True.
        self.settings: dict[str, Any] = {
            "categories": categories,
            "backbone": backbone,
            "pool": pool,
            "dropout": dropout,
            "drop_path": drop_path,
            "image_size": self.preprocessing.image_size,
            "channels": channels,
            "normalization": normalization,
            "steps": self.preprocessing.steps,
            "locate": bool(locate),
            "views": views,
            "mixed_precision_inference": mixed_precision_inference,
            "probability_threshold": probability_threshold,
            "loss": loss,
            **({} if activation is None else {"activation": activation}),
            "focal_gamma": focal_gamma,
            "band_weight": band_weight,
        }
        self.categories = Categories(categories)
        self._build_backbone(str(pretrained))
        self.set_inference(views, mixed_precision_inference, probability_threshold)
        if band_weight and not self.reads_bands:
            raise ConfigError(
                f"model.band_weight={band_weight} with model.backbone={backbone}, which reads no "
                "bands: take model=band_reader, or set model.band_weight=0"
            )
        check_settings(self.settings)  # what is trained can be loaded
        # In the memory format of channels-last convolutions once and for all: inference then runs
        # the same kernels as validation, and its predictions are the same to the digit.
        self.backbone.to(memory_format=torch.channels_last)
        self.metadata: dict[str, Any] = {}

    def _build_backbone(self, pretrained: str) -> None:
        settings = self.settings
        start = RENDERED if pretrained == "rendered" else Path(pretrained)
        from_file = start.suffix == SUFFIX
        self.backbone, self.weights_from = build_backbone(
            settings["backbone"],
            self.categories.names,
            pool=settings["pool"],
            dropout=settings["dropout"],
            drop_path=settings["drop_path"],
            shape=self.preprocessing.shape,
            channels=settings["channels"],
            # YAML and Hydra read a bare true as a boolean.
            pretrained="false" if from_file else pretrained.lower(),
        )
        if from_file:
            head = head_of(self.backbone)
            start_from(start, self.backbone, head, self.categories.names, settings)
            self.weights_from = "rendered" if start == RENDERED else start.name

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self.preprocessing.mean.device

    def set_inference(
        self,
        views: int | None = None,
        mixed_precision_inference: bool | None = None,
        probability_threshold: float | None = None,
    ) -> None:
        """Changes how predictions are made; None leaves a setting as it is.

        Raises:
            ConfigError: a value that cannot be used, or not with the shape of the photos.
        """
        if views is not None:
            key = "model.locate=true" if self.preprocessing.detector else "model.image_size"
            check_views(views, self.preprocessing.shape, "model.views=", f"{key} gives")
            self.views = views
        if mixed_precision_inference is not None:
            self.mixed_precision_inference = mixed_precision_inference
        if probability_threshold is not None:
            check_probability_threshold(probability_threshold)
            self.probability_threshold = probability_threshold

    def image_preprocessing(self, size: int | None = None) -> ImagePreprocessing:
        """What happens to each decoded photo before it is batched.

        Args:
            size: side of the result in pixels; by default the network's `image_size`.
        """
        return self.preprocessing.image_preprocessing(size)

    def forward(self, photos: Tensor) -> Tensor:
        """Computes logits; in training of the photo itself, else averaged over the views.

        Args:
            photos: (batch, channels, height, width) float32 in [0, 1], of any size; each went
                through `image_preprocessing`.

        Returns:
            (batch, categories) logits.
        """
        return self._logits_and_features(photos)[0]

    def _logits_and_features(self, photos: Tensor) -> tuple[Tensor, Tensor | None]:
        preprocessed = self._preprocessed(photos)
        if self.training or self.views == 1:
            return logits_and_features(self.backbone, preprocessed, self.training)
        views = [
            logits_and_features(self.backbone, _channels_last(view))
            for view in views_of(preprocessed, self.views)
        ]
        logits, features = zip(*views, strict=True)
        pooled = None if features[0] is None else torch.stack(features).mean(0)
        return torch.stack(logits).mean(0), pooled

    @property
    def reads_bands(self) -> bool:
        """Whether `read` and `read_bands` can be called."""
        return isinstance(self.backbone, BandReader)

    @property
    def reads_any_value(self) -> bool:
        """Whether the bands alone decide: no photo with a label has trained the network."""
        return self.reads_bands and self.backbone.reads_any_value

    def read(self, photos: Tensor) -> tuple[Tensor, Reading]:
        """Logits of the categories, and all that a band reader reads of a batch.

        Args:
            photos: see `forward`.
        """
        reading: Reading = self.backbone.forward_features(self._preprocessed(photos))
        return self.backbone.forward_head(reading), reading

    def read_bands(self, photos: Tensor) -> BandScores:
        """Scores of the bands of crops, and of the same crops turned by 180 degrees.

        Args:
            photos: see `forward`.
        """
        crops = self._preprocessed(photos)
        views = _channels_last(torch.cat([crops, crops.flip(2, 3)]))
        with full_precision(self.device), torch.autocast(self.device.type, enabled=False):
            upright, turned = scores_of(self.backbone.forward_features(views)).halves()
        return replace(upright, turned=turned)

    def predict(self, photos: Tensor) -> tuple[Tensor, Tensor | None]:
        """Logits as they are wherever nothing is trained, and the features behind them.

        Mixed precision is for training. Predictions are computed in full precision whatever trained
        the network, unless `mixed_precision_inference` asks for half: on a GPU without the rounding
        to TF32, which moves probabilities by some thousandths, so that they equal the CPU's.

        Args:
            photos: see `forward`.

        Returns:
            (batch, categories) float32 logits; and (batch, features) float16, pooled and averaged
            over the views, or None of a backbone that gives none.
        """
        half = self.mixed_precision_inference
        with full_precision(self.device), torch.autocast(self.device.type, enabled=half):
            logits, features = self._logits_and_features(photos)
        return logits.float(), None if features is None else features.half()

    def _preprocessed(self, photos: Tensor) -> Tensor:
        return _channels_last(self.preprocessing(photos))

    def probabilities(self, logits: Tensor) -> Tensor:
        """Probabilities (batch, categories) by the activation that belongs to the loss.

        With `sigmoid` each category is a separate output: they need not add up to 1.
        """
        return ACTIVATIONS[self.activation](logits.float())

    def save_weights(self, path: Path) -> None:
        """Writes a small file that `pretrained` starts from and `load` reads.

        Args:
            path: the file; its name ends in `.safetensors`.
        """
        write_weights(path, self.backbone, self.settings, self.metadata)

    @classmethod
    def load(cls, path: str | Path) -> "ResistorNetwork":
        """Loads a network, ready for inference.

        Args:
            path: a checkpoint of `resistor_cls.train`, or a file of `save_weights`, whose crops
                the package's detector finds.

        Raises:
            ModelError: a file that is absent, cut short, damaged or malformed, not a checkpoint of
                ours, from another version, with weights that are not finite numbers, or a pickle
                that would run code (it is never executed).
        """
        path = RENDERED if path == "rendered" else Path(path)
        if path.suffix == ONNX_SUFFIX:
            raise ModelError(
                f"{path} is an exported model, which has no weights to be trained or exported: "
                "give the checkpoint that it was made of"
            )
        network = cls._from_weights(path) if path.suffix == SUFFIX else cls._from_checkpoint(path)
        check_familiarity(path, network.backbone, network.metadata)
        return network.eval()

    @classmethod
    def _from_weights(cls, path: Path) -> "ResistorNetwork":
        weights = read_weights(path)
        network = cls._untrained(path, weights.settings)
        network.backbone.load_state_dict(weights.tensors)
        network.metadata, network.weights_from = dict(weights.metadata), path.name
        return network

    @classmethod
    def _from_checkpoint(cls, path: Path) -> "ResistorNetwork":
        checkpoint = read_checkpoint(path)
        ours, settings = checkpoint[METADATA], dict(checkpoint["hyper_parameters"])
        tensors, detector = dict(checkpoint["state_dict"]), ours.get("locator")
        backbone = {
            name.removeprefix("backbone."): one
            for name, one in tensors.items()
            if name.startswith("backbone.")
        }
        # Version 0.1 read bands by a layer beside the backbone, which no prediction needs.
        for name in ("band_reader.weight", "band_reader.bias"):
            tensors.pop(name, None)
        check_backbone_fits(path, settings, backbone)
        if settings.get("locate"):
            if detector is None:
                raise misfit(path, f"{METADATA}.locator is missing beside locate=True")
            settings["locate"] = Detector()  # filled from the checkpoint: no other file is needed
        network = cls._untrained(path, settings)
        check_fit(path, network.state_dict(), tensors)
        network.load_state_dict(tensors)
        if detector is not None and network.preprocessing.detector is not None:
            try:
                network.preprocessing.restore_detector(detector)
            except ValueError as error:
                raise misfit(path, str(error)) from error
        network.metadata, network.weights_from = ours["record"], ours["weights_from"]
        return network

    @classmethod
    def _untrained(cls, path: Path, settings: Mapping[str, Any]) -> "ResistorNetwork":
        """A network of the settings in a file, yet without its weights.

        Raises:
            ModelError: settings that no network can be made of, or no photo preprocessed by.
        """
        if settings["backbone"] != BAND_READER:
            settings = {**settings, "band_weight": 0.0}  # of version 0.1, see `_from_checkpoint`
        try:
            network = cls(**settings, pretrained="false")
            if network.preprocessing.steps is not None:
                network.image_preprocessing()
        except (ConfigError, DataError) as error:
            raise misfit(path, str(error)) from error
        return network


def _channels_last(photos: Tensor) -> Tensor:
    """In the memory format that convolutions are fastest with, on CPUs and on tensor cores."""
    return photos.contiguous(memory_format=torch.channels_last)
