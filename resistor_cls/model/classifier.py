"""The model: photos in, logits out, trained by Lightning."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.nn import Parameter
from torch.nn.functional import cross_entropy
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LRScheduler

from resistor_cls.categories import Categories
from resistor_cls.data.photos import Preparation
from resistor_cls.errors import ConfigError, ModelError
from resistor_cls.model.backbone import build_backbone
from resistor_cls.model.checkpoints import CHECKPOINT_FORMAT, RECORD, read_checkpoint
from resistor_cls.model.drawn_crops import MOST_RINGS, RINGS, UNKNOWN
from resistor_cls.model.locator import Locator
from resistor_cls.model.losses import loss_named
from resistor_cls.model.metrics import metric_collection
from resistor_cls.model.preprocessing import Preprocessing
from resistor_cls.model.schedules import cosine
from resistor_cls.model.weights import RENDERED, SUFFIX, read_weights, start_from, write_weights

Batch = Mapping[str, Tensor]
MakeOptimizer = Callable[[Iterable[Parameter]], Optimizer]
MakeScheduler = Callable[[Optimizer, int], LRScheduler]


# Axes of a batch that each view turns round. Rings have no handedness: all of them are parts.
_VIEWS: tuple[tuple[int, ...], ...] = ((), (2, 3), (2,), (3,))


def _adamw(parameters: Iterable[Parameter]) -> Optimizer:
    return AdamW(parameters, lr=1e-3, weight_decay=0.0)


class ResistorClassifier(LightningModule):
    """Names the category of a photographed resistor.

    Args:
        categories: the label space; logit `i` speaks of `categories[i]`.
        backbone: a timm model.
        pretrained: `auto`, `true` or `false`, see `resistor_cls.model.backbone`; `rendered` starts
            from the package's weights that were trained on drawn photos, a file (*.safetensors)
            from other ones.
        pool: `avg`, `max`, `avgmax` or `catavgmax`.
        dropout: probability that a pooled feature is dropped in training.
        image_size: longer side in pixels of what the backbone sees.
        normalization: `simple` or `imagenet`.
        locate: true judges an upright crop round the body, which a locator finds; see
            `resistor_cls.model.preprocessing`.
        views: what is averaged where nothing is learned: 1 the photo, 2 its half turn too, 4 its
            mirror images too.
        loss: `bce` or `cross_entropy`.
        band_weight: of the loss of the bands, which drawn photos come with; 0 reads none.
        optimizer: parameters → optimizer; AdamW at 1e-3 without weight decay by default.
        scheduler: (optimizer, total steps) → schedule stepped after every optimizer step; cosine
            to 0 by default.

    Attributes:
        weights_from: `imagenet`, `scratch`, `rendered` or the name of a file.
        record: plain values that are saved with the model, such as where its photos are.
        predictions: of the newest validation or test epoch, in the order of its batches:
            `probabilities` (photos, categories) float32, `losses` (photos,) float32, `targets` and
            `indices` (photos,) int64.

    Raises:
        ConfigError: an argument that cannot be used.
        ModelError: weights that cannot be had.
    """

    backbone: Any  # timm's nets share methods, but no class of their own
    band_reader: nn.Module

    def __init__(
        self,
        categories: Sequence[str],
        *,
        backbone: str = "resnet50.a1_in1k",
        pretrained: str | bool = "auto",
        pool: str = "avg",
        dropout: float = 0.0,
        image_size: int = 224,
        normalization: str = "simple",
        locate: bool | str | Locator = False,
        views: int = 1,
        loss: str = "bce",
        band_weight: float = 0.0,
        optimizer: MakeOptimizer = _adamw,
        scheduler: MakeScheduler = cosine,
    ) -> None:
        super().__init__()
        pretrained = str(pretrained)
        categories = list(categories)
        # Plain values only, so that a checkpoint loads with weights_only=True. Named one by one,
        # because the factories hold functions.
        settings = {
            "categories": categories,
            "backbone": backbone,
            "pool": pool,
            "dropout": dropout,
            "image_size": image_size,
            "normalization": normalization,
            "locate": bool(locate),
            "views": views,
            "loss": loss,
            "band_weight": band_weight,
        }
        self.save_hyperparameters(settings, logger=False)
        self.categories = Categories(categories)
        self.loss = loss_named(loss)
        self.preprocessing = Preprocessing(image_size, normalization, locate)
        start = RENDERED if pretrained == "rendered" else Path(pretrained)
        self.backbone, self.weights_from = build_backbone(
            backbone,
            len(categories),
            pool=pool,
            dropout=dropout,
            shape=self.preprocessing.shape,
            # YAML and Hydra read a bare true as a boolean.
            pretrained="false" if start.suffix == SUFFIX else pretrained.lower(),
        )
        if start.suffix == SUFFIX:
            head = self.backbone.default_cfg["classifier"]
            start_from(start, self.backbone, head, categories, settings)
            self.weights_from = "rendered" if start == RENDERED else start.name
        if views not in (1, 2, 4):
            raise ConfigError(f"model.views={views}: expected 1, 2 or 4")
        self._views = _VIEWS[:views]
        self.band_weight = band_weight
        self.band_reader = nn.Identity()
        if band_weight:
            self.band_reader = nn.Linear(_features(self.backbone), MOST_RINGS * len(RINGS))
        # Laid out for channels-last convolutions once and for all: inference then runs the very
        # kernels that validation ran, and its answers are the same to the digit.
        self.backbone.to(memory_format=torch.channels_last)
        self.record: dict[str, Any] = {}
        self._make_optimizer, self._make_scheduler = optimizer, scheduler
        self._scores = metric_collection(len(categories))
        self._outputs: list[dict[str, Tensor]] = []
        self.predictions: dict[str, Tensor] = {}

    def preparation(self, size: int | None = None) -> Preparation:
        """What is done to each decoded photo before it is batched.

        Args:
            size: side of the result in pixels; by default the model's `image_size`.
        """
        return self.preprocessing.preparation(size)

    def setup(self, stage: str) -> None:
        """Compares what has been done to the photos with what the model needs.

        Raises:
            ModelError: they were prepared for another model.
        """
        prepare = getattr(getattr(self.trainer, "datamodule", None), "prepare", None)
        if prepare is None:  # batches of somebody else's making
            return
        wanted = self.preparation(prepare.size).key
        if prepare.key != wanted:
            raise ModelError(
                f"the photos are prepared by {prepare.key!r}, the model needs {wanted!r}: "
                "give the data module prepare=model.preparation()"
            )

    def forward(self, photos: Tensor) -> Tensor:
        """Judges photos.

        Args:
            photos: (batch, 3, height, width) float32 in [0, 1], of any size; each went through
                `preparation`.

        Returns:
            (batch, categories) logits.
        """
        prepared = self._prepared(photos)
        if self.training or len(self._views) == 1:
            return self.backbone(prepared)
        return torch.stack([self.backbone(prepared.flip(axes)) for axes in self._views]).mean(0)

    def _prepared(self, photos: Tensor) -> Tensor:
        # Convolutions are faster with channels last, on processors and on tensor cores alike.
        return self.preprocessing(photos).contiguous(memory_format=torch.channels_last)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Probabilities (batch, categories) by the activation that belongs to the loss.

        With `bce` each is the answer to a question of its own: they need not add up to 1.
        """
        return self.loss.probabilities(logits.float())

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss of a batch."""
        if self.band_weight:
            loss = self._loss_with_bands(batch)
        else:
            loss = self.loss.value(self(_floats(batch["photos"])).float(), batch["targets"])
        self.log("train/loss", loss, on_step=True, batch_size=len(batch["targets"]))
        self.log("lr", self.trainer.optimizers[0].param_groups[0]["lr"], on_step=True)
        return loss

    def _loss_with_bands(self, batch: Batch) -> Tensor:
        maps = self.backbone.forward_features(self._prepared(_floats(batch["photos"])))
        features = self.backbone.forward_head(maps, pre_logits=True)
        rings = self.band_reader(features).float().view(-1, MOST_RINGS, len(RINGS))
        bands = cross_entropy(rings.transpose(1, 2), batch["bands"])
        self.log("train/bands", bands, on_step=True, batch_size=len(batch["targets"]))
        known = batch["targets"] != UNKNOWN
        logits, targets = self.backbone.forward_head(maps).float()[known], batch["targets"][known]
        named = self.loss.value(logits, targets) if len(targets) else logits.sum()
        return named + self.band_weight * bands

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Collects the predictions of a batch."""
        self._judge(batch)

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Collects the predictions of a batch."""
        self._judge(batch)

    def _judge(self, batch: Batch) -> None:
        # Mixed precision is for training. Scores are computed in full precision, so that they are
        # the same whatever device or precision trained the model.
        with torch.autocast(self.device.type, enabled=False):
            logits = self(_floats(batch["photos"]))
        targets = batch["targets"]
        self._outputs.append(
            {
                "probabilities": self.probabilities(logits),
                "losses": self.loss.each(logits.float(), targets),
                "targets": targets,
                "indices": batch["indices"],
            }
        )

    def on_validation_epoch_start(self) -> None:
        """Forgets the predictions of the epoch before."""
        self._outputs.clear()

    def on_test_epoch_start(self) -> None:
        """Forgets the predictions of the epoch before."""
        self._outputs.clear()

    def on_validation_epoch_end(self) -> None:
        """Logs `val/loss` and the scores."""
        self._close_epoch("val/")

    def on_test_epoch_end(self) -> None:
        """Logs `test/loss` and the scores."""
        self._close_epoch("test/")

    def _close_epoch(self, prefix: str) -> None:
        gathered = self._gather()
        targets = gathered["targets"]
        metrics = {
            "loss": gathered["losses"].mean(),
            **self._scores(gathered["probabilities"], targets),
        }
        self._scores.reset()
        if prefix == "test/":  # what is undefined is said by the report, not kept as nan
            metrics = {name: value for name, value in metrics.items() if value.isfinite()}
        # Every process has gathered the same: Lightning's own mean over processes changes nothing.
        shared = self.trainer.world_size > 1
        self.log_dict({prefix + name: value for name, value in metrics.items()}, sync_dist=shared)
        self.predictions = {name: values.cpu() for name, values in gathered.items()}

    def _gather(self) -> dict[str, Tensor]:
        """The predictions of all processes, each photo once."""
        mine = {}
        for name in list(self._outputs[0]):
            # Batches are given up one by one: all of them twice would be too much.
            parts = [output.pop(name) for output in self._outputs]
            mine[name] = joined(parts)
        self._outputs.clear()
        if self.trainer.world_size == 1:
            return mine
        everyone: dict[str, Tensor] = {}
        for name, values in mine.items():
            gathered = self.all_gather(values)  # (processes, photos, …)
            assert isinstance(gathered, Tensor)
            everyone[name] = gathered.flatten(0, 1)
        # Lightning's sampler repeats some photos, so that every process gets as many.
        order = torch.argsort(everyone["indices"], stable=True)
        ordered = everyone["indices"][order]
        first = torch.ones_like(ordered, dtype=torch.bool)
        first[1:] = ordered[1:] != ordered[:-1]
        return {name: values[order][first] for name, values in everyone.items()}

    def configure_optimizers(self) -> Any:
        """The optimizer, and its schedule stepped after every step.

        Raises:
            ConfigError: values that the optimizer or the schedule refuses.
        """
        steps = int(self.trainer.estimated_stepping_batches)
        try:
            optimizer = self._make_optimizer(p for p in self.parameters() if p.requires_grad)
            scheduler = self._make_scheduler(optimizer, steps)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"optimizer or scheduler: {error}") from error
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds what is needed to use the model: plain values only."""
        checkpoint[RECORD] = {
            "format": CHECKPOINT_FORMAT,
            "weights_from": self.weights_from,
            "record": self.record,
        }
        if self.preprocessing.locator is not None:
            checkpoint[RECORD]["locator"] = self.preprocessing.locator_values()

    def write_weights(self, path: Path) -> None:
        """Writes a small file that `pretrained` starts from and `load` reads.

        Args:
            path: the file; its name ends in `.safetensors`.
        """
        write_weights(path, self.backbone, self.hparams, self.record)

    @classmethod
    def load(cls, path: str | Path) -> "ResistorClassifier":
        """Loads a model, ready for inference.

        Args:
            path: a checkpoint of `resistor_cls.train`, or a file of `write_weights`, whose crops
                the package's locator finds.

        Raises:
            ModelError: a file that is absent, cut short, no checkpoint of ours, from another
                version, or a pickle that would run code (it is never executed).
        """
        if Path(path).suffix == SUFFIX:
            weights = read_weights(Path(path))
            model = cls(**weights.settings, pretrained="false")
            model.backbone.load_state_dict(weights.tensors)
            model.record, model.weights_from = dict(weights.card), Path(path).name
            return model.eval()
        checkpoint = read_checkpoint(path)
        ours = checkpoint[RECORD]
        try:
            values = dict(checkpoint["hyper_parameters"])
            if values.get("locate"):
                values["locate"] = Locator()  # filled from the checkpoint: no other file is needed
            model = cls(**values, pretrained="false")
            model.load_state_dict(checkpoint["state_dict"])
            if values.get("locate"):
                model.preprocessing.restore_locator(ours["locator"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"{path}: the checkpoint does not fit its own model: {error}"
            ) from error
        model.record, model.weights_from = ours["record"], ours["weights_from"]
        return model.eval()


def _features(backbone: Any) -> int:
    """How many features make the logits; some nets of timm widen them before."""
    return int(getattr(backbone, "head_hidden_size", None) or backbone.num_features)


def joined(parts: list[Tensor]) -> Tensor:
    """Tensors one behind the other; the list is emptied on the way."""
    whole = parts[0].new_empty((sum(len(part) for part in parts), *parts[0].shape[1:]))
    place = len(whole)
    while parts:
        part = parts.pop()
        place -= len(part)
        whole[place : place + len(part)] = part
    return whole


def _floats(photos: Tensor) -> Tensor:
    """8-bit photos in [0, 1]; done on the device, as 8 bits travel there four times as fast."""
    return photos.float().div(255)
