"""The model: photos in, logits out, trained by Lightning."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning import LightningModule, Trainer
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LRScheduler

from resistor_cls.categories import Categories
from resistor_cls.data.images.decode import ImagePreprocessing
from resistor_cls.errors import ConfigError, DataError, ModelError
from resistor_cls.model.backbone import build_backbone
from resistor_cls.model.checkpoint.checkpoints import CHECKPOINT_FORMAT, RECORD, read_checkpoint
from resistor_cls.model.checkpoint.schema import check_settings, misfit
from resistor_cls.model.checkpoint.tensor_files import check_fit
from resistor_cls.model.checkpoint.weights import (
    RENDERED,
    SUFFIX,
    check_backbone_fits,
    read_weights,
    start_from,
    write_weights,
)
from resistor_cls.model.custom_backbone import check_abilities, head_of
from resistor_cls.model.detector.network import Detector
from resistor_cls.model.features import full_precision, logits_and_features
from resistor_cls.model.preprocessing import Preprocessing
from resistor_cls.model.training.custom_loss import CustomLoss, chosen_loss
from resistor_cls.model.training.losses import TrainingLoss
from resistor_cls.model.training.metrics import metric_collection
from resistor_cls.model.training.online_crops import BANDS, MAX_BANDS, UNKNOWN
from resistor_cls.model.training.parameter_groups import (
    check_layers,
    freeze,
    parameter_groups,
    scale_learning_rates,
)
from resistor_cls.model.training.schedules import cosine
from resistor_cls.model.tta import check_views, views_of

Batch = Mapping[str, Tensor]
MakeOptimizer = Callable[..., Optimizer]  # of parameters, or of groups of them
MakeScheduler = Callable[[Optimizer, int, int], LRScheduler]


def _adamw(parameters: Any) -> Optimizer:
    return AdamW(parameters, lr=1e-3, weight_decay=0.0)


class ResistorClassifier(LightningModule):
    """Names the category of a photographed resistor.

    Args:
        categories: the label space; logit `i` speaks of `categories[i]`.
        backbone: a timm model, or the import path of a net of a user's own.
        pretrained: `auto`, `true` or `false`, see `resistor_cls.model.backbone`; `rendered` starts
            from the package's weights that were trained on drawn photos, a file (*.safetensors)
            from other ones.
        pool: `avg`, `max`, `avgmax`, `catavgmax` or `gem`.
        dropout: probability that a pooled feature is dropped in training.
        drop_path: probability that a residual block is left out in training.
        image_size: longer side in pixels of what the backbone sees, or its rows and columns.
        channels: that the backbone sees: 3, 1 for grey, or as many as photos in arrays have.
        normalization: a name in `resistor_cls.model.preprocessing.NORMALIZATIONS`.
        steps: a deterministic albumentations pipeline that every photo goes through: its file, or
            what is in it.
        locate: true judges an upright crop round the body, which a locator finds; see
            `resistor_cls.model.preprocessing`.
        views: what is averaged where nothing is learned: 1 the photo, 2 its half turn too, 4 its
            mirror images too, 8 its quarter turns too.
        mixed_precision_inference: whether answers too are computed in half precision.
        probability_threshold: answers of less probability are "don't know".
        loss: `bce`, `cross_entropy` or `focal`; or a loss of a user's own, see
            `resistor_cls.model.training.custom_loss.chosen_loss`.
        activation: of a saved model whose loss was a user's own, `softmax` or `sigmoid`.
        label_smoothing: share of each label that is dealt to all categories.
        focal_gamma: how much less `focal` counts what is already answered well.
        class_weights: `none`, `balanced`, or a weight for each category.
        band_weight: of the loss of the bands, which drawn photos come with; 0 reads none.
        layer_lr: pattern of layers of the backbone → factor of the learning rate.
        layer_decay: factor by which each layer learns slower than the one behind it, or None.
        freeze_epochs: epochs in which only the head learns.
        train_metrics: whether training photos are scored too, as they are learned from.
        optimizer: parameters → optimizer; AdamW at 1e-3 without weight decay by default.
        scheduler: (optimizer, steps of the run, steps of an epoch) → schedule stepped after every
            optimizer step; cosine to 0 by default.

    Attributes:
        loss: what validation and test compute; that of a saved model with a loss of a user's own is
            the one of ours that `loss_stand_in` names.
        weights_from: `imagenet`, `scratch`, `rendered` or the name of a file.
        record: plain values that are saved with the model, such as where its photos are.
        predictions: of the newest validation or test epoch, in the order of its batches:
            `probabilities` (photos, categories) float32, `losses` (photos,) float32, `targets` and
            `indices` (photos,) int64; and `features` (photos, features) float16, of a backbone that
            gives them.

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
        drop_path: float = 0.0,
        image_size: int | Sequence[int] = 224,
        channels: int = 3,
        normalization: str = "simple",
        steps: str | Mapping[str, Any] | None = None,
        locate: bool | str | Detector = False,
        views: int = 1,
        mixed_precision_inference: bool = False,
        probability_threshold: float = 0.0,
        loss: str | CustomLoss = "bce",
        activation: str | None = None,
        label_smoothing: float = 0.0,
        focal_gamma: float = 2.0,
        class_weights: str | Sequence[float] = "none",
        band_weight: float = 0.0,
        layer_lr: Mapping[str, float] | None = None,
        layer_decay: float | None = None,
        freeze_epochs: int = 0,
        train_metrics: bool = False,
        optimizer: MakeOptimizer = _adamw,
        scheduler: MakeScheduler = cosine,
    ) -> None:
        super().__init__()
        pretrained = str(pretrained)
        categories = list(categories)
        preprocessing = Preprocessing(image_size, normalization, locate, channels, steps)
        chosen = chosen_loss(loss, focal_gamma, activation)
        # Plain values only, so that a checkpoint loads with weights_only=True; what only a training
        # needs is left out. Named one by one, because the factories hold functions.
        settings: dict[str, Any] = {
            "categories": categories,
            "backbone": backbone,
            "pool": pool,
            "dropout": dropout,
            "drop_path": drop_path,
            "image_size": preprocessing.image_size,
            "channels": channels,
            "normalization": normalization,
            "steps": preprocessing.steps,
            "locate": bool(locate),
            "views": views,
            "mixed_precision_inference": mixed_precision_inference,
            "probability_threshold": probability_threshold,
            **chosen.settings,
            "focal_gamma": focal_gamma,
            "band_weight": band_weight,
        }
        self.save_hyperparameters(settings, logger=False)
        self.categories = Categories(categories)
        self.loss, self.loss_stand_in = chosen.loss, chosen.stand_in
        self._training_loss = TrainingLoss(
            self.loss,
            chosen.name,
            len(categories),
            label_smoothing=label_smoothing,
            class_weights=class_weights,
        )
        self.preprocessing = preprocessing
        start = RENDERED if pretrained == "rendered" else Path(pretrained)
        self.backbone, self.weights_from = build_backbone(
            backbone,
            len(categories),
            pool=pool,
            dropout=dropout,
            drop_path=drop_path,
            shape=self.preprocessing.shape,
            channels=channels,
            # YAML and Hydra read a bare true as a boolean.
            pretrained="false" if start.suffix == SUFFIX else pretrained.lower(),
        )
        if start.suffix == SUFFIX:
            start_from(start, self.backbone, head_of(self.backbone), categories, settings)
            self.weights_from = "rendered" if start == RENDERED else start.name
        self.set_inference(views, mixed_precision_inference, probability_threshold)
        abilities = {"freeze_epochs": freeze_epochs, "band_weight": band_weight}
        check_abilities(self.backbone, backbone, abilities)
        self.band_weight = band_weight
        self.band_reader = nn.Identity()
        if band_weight:
            self.band_reader = nn.Linear(_features(self.backbone), MAX_BANDS * len(BANDS))
        self._layer_lr, self._layer_decay = dict(layer_lr or {}), layer_decay
        self._freeze_epochs = freeze_epochs
        check_layers(self.backbone, self._layer_lr, layer_decay, freeze_epochs)
        check_settings(settings)  # what is trained can be loaded
        # Laid out for channels-last convolutions once and for all: inference then runs the very
        # kernels that validation ran, and its answers are the same to the digit.
        self.backbone.to(memory_format=torch.channels_last)
        self.metadata: dict[str, Any] = {}
        self._make_optimizer, self._make_scheduler = optimizer, scheduler
        self._scores = metric_collection(len(categories))
        self._train_scores = (
            metric_collection(len(categories), shared=True) if train_metrics else None
        )
        self._outputs: list[dict[str, Tensor]] = []
        self.predictions: dict[str, Tensor] = {}

    def set_inference(
        self,
        views: int | None = None,
        mixed_precision_inference: bool | None = None,
        probability_threshold: float | None = None,
    ) -> None:
        """Changes how answers are made; None leaves a setting as it is.

        Raises:
            ConfigError: a value that cannot be used, or not with the shape of the photos.
        """
        if views is not None:
            key = "model.locate=true" if self.preprocessing.locator else "model.image_size"
            check_views(views, self.preprocessing.shape, "model.views=", f"{key} gives")
            self.views = views
        if mixed_precision_inference is not None:
            self.mixed_precision_inference = mixed_precision_inference
        if probability_threshold is not None:
            if not 0 <= probability_threshold <= 1:
                raise ConfigError(
                    f"model.probability_threshold={probability_threshold}: expected 0 to 1"
                )
            self.probability_threshold = probability_threshold

    def image_preprocessing(self, size: int | None = None) -> ImagePreprocessing:
        """What is done to each decoded photo before it is batched.

        Args:
            size: side of the result in pixels; by default the model's `image_size`.
        """
        return self.preprocessing.image_preprocessing(size)

    def setup(self, stage: str) -> None:
        """Compares the photos, and what is done to them, with what the model needs.

        Raises:
            ConfigError: settings of the data that do not go with those of the model.
            ModelError: photos that were prepared for another model.
        """
        data: Any = getattr(self.trainer, "datamodule", None)
        prepare = getattr(data, "prepare", None)
        if prepare is None:  # batches of somebody else's making
            return
        wanted = self.image_preprocessing(prepare.size).key
        if prepare.key != wanted:
            raise ModelError(
                f"the photos are prepared by {prepare.key!r}, the model needs {wanted!r}: "
                "give the data module prepare=model.preparation()"
            )
        if stage == "fit":
            self.check_training(data, self.trainer)
            if self._training_loss.needs_counts:
                self._training_loss.count(data.train_counts)

    def check_training(self, data: Any, trainer: Trainer) -> None:
        """Refuses what no training can do, before its first step.

        Args:
            data: what it is to learn from; it need not be set up.
            trainer: that is to train it.

        Raises:
            ConfigError: names both keys.
        """
        mix, loss = getattr(data, "mix", None), self.hparams["loss"]
        stream = getattr(data, "stream", None)
        mixed = "" if mix is None else f"mix={mix.kind}"
        refused = (
            (mix and not self.loss.takes_soft_targets, f"{mixed} with loss={loss}, which takes "
             "whole labels alone: use bce or cross_entropy"),
            (mix and mix.target == "union" and not self.loss.multi_label,
             f"mix.target=union with loss={loss}, which knows one answer alone: use loss=bce, or "
             "mix.target=ratio"),
            (mix and self._train_scores is not None,
             f"model.train_metrics=true with {mixed}: a mixed photo has no single label to score; "
             "set one of them back"),
            (stream and self._training_loss.needs_counts,
             "loss.class_weights=balanced with data.stream, which draws all categories alike: "
             "set loss.class_weights=none"),
            (self._freeze_epochs and trainer.world_size > 1,
             f"model.freeze_epochs={self._freeze_epochs} with trainer.devices="
             f"{trainer.num_devices}: several processes must learn the same layers all along; "
             "set model.freeze_epochs=0 or trainer.devices=1"),
        )  # fmt: skip
        for is_so, why in refused:
            if is_so:
                raise ConfigError(why)

    def forward(self, photos: Tensor) -> Tensor:
        """Judges photos.

        Args:
            photos: (batch, channels, height, width) float32 in [0, 1], of any size; each went
                through `image_preprocessing`.

        Returns:
            (batch, categories) logits.
        """
        return self._logits_and_features(photos)[0]

    def _logits_and_features(self, photos: Tensor) -> tuple[Tensor, Tensor | None]:
        prepared = self._preprocessed(photos)
        if self.training or self.views == 1:
            return logits_and_features(self.backbone, prepared, self.training)
        views = [
            logits_and_features(self.backbone, _channels_last(view))
            for view in views_of(prepared, self.views)
        ]
        logits, features = zip(*views, strict=True)
        pooled = None if features[0] is None else torch.stack(features).mean(0)
        return torch.stack(logits).mean(0), pooled

    def answer(self, photos: Tensor) -> tuple[Tensor, Tensor | None]:
        """Logits as they are wherever nothing is learned, and the features that they are made of.

        Mixed precision is for training. Predictions are computed in full precision whatever trained
        the model, unless `mixed_precision_inference` asks for half: on a GPU without the rounding
        to TF32, which moves probabilities by some thousandths, so that they are the processor's.

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

        With `bce` each is the answer to a question of its own: they need not add up to 1.
        """
        return self.loss.probabilities(logits.float())

    def on_train_epoch_start(self) -> None:
        """Freezes all but the head in the first epochs."""
        if self._freeze_epochs:
            freeze(self.backbone, self.current_epoch < self._freeze_epochs)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss of a batch."""
        targets = batch["targets"]
        if self.band_weight:
            loss = self._loss_with_bands(batch)
        else:
            logits = self(_floats(batch["photos"])).float()
            shares = batch.get("soft_targets")
            loss = self._learned_from(logits, targets, shares)
        self.log("train/loss", loss, on_step=True, batch_size=len(targets))
        self.log("lr", self.trainer.optimizers[0].param_groups[0]["lr"], on_step=True)
        return loss

    def _learned_from(
        self, logits: Tensor, targets: Tensor, shares: Tensor | None = None
    ) -> Tensor:
        if self._train_scores is not None:
            self._train_scores.update(self.probabilities(logits.detach()), targets)
        if shares is None:
            shares = one_hot(targets, logits.shape[1]).to(logits)
        return self._training_loss(logits, shares)

    def _loss_with_bands(self, batch: Batch) -> Tensor:
        maps = self.backbone.forward_features(self._preprocessed(_floats(batch["photos"])))
        features = self.backbone.forward_head(maps, pre_logits=True)
        rings = self.band_reader(features).float().view(-1, MAX_BANDS, len(BANDS))
        bands = cross_entropy(rings.transpose(1, 2), batch["bands"])
        self.log("train/bands", bands, on_step=True, batch_size=len(batch["targets"]))
        known = batch["targets"] != UNKNOWN
        logits, targets = self.backbone.forward_head(maps).float()[known], batch["targets"][known]
        named = self._learned_from(logits, targets) if len(targets) else logits.sum()
        return named + self.band_weight * bands

    def on_train_epoch_end(self) -> None:
        """Logs the scores of the training photos, where they are asked for."""
        if self._train_scores is None:
            return
        scores = self._train_scores.compute()
        self._train_scores.reset()
        self.log_dict({f"train/{name}": value for name, value in scores.items()})

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Collects the predictions of a batch."""
        self._judge(batch)

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Collects the predictions of a batch."""
        self._judge(batch)

    def _judge(self, batch: Batch) -> None:
        logits, features = self.answer(_floats(batch["photos"]))
        targets = batch["targets"]
        self._outputs.append(
            {
                "probabilities": self.probabilities(logits),
                "losses": self.loss.plain(logits, targets),
                "targets": targets,
                "indices": batch["indices"],
                **({} if features is None else {"features": features}),
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
            **self._accepted(gathered["probabilities"], targets),
        }
        self._scores.reset()
        if prefix == "test/":  # what is undefined is said by the report, not kept as nan
            metrics = {name: value for name, value in metrics.items() if value.isfinite()}
        # Every process has gathered the same: Lightning's own mean over processes changes nothing.
        shared = self.trainer.world_size > 1
        self.log_dict({prefix + name: value for name, value in metrics.items()}, sync_dist=shared)
        self.predictions = {name: values.cpu() for name, values in gathered.items()}

    def _accepted(self, probabilities: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """What a threshold leaves, and how often that is right; nothing without one."""
        if not self.probability_threshold:
            return {}
        likely, predicted = probabilities.max(dim=1)
        accepted = likely >= self.probability_threshold
        right = (predicted == targets)[accepted].float().mean()
        return {"coverage": accepted.float().mean(), "accepted_accuracy": right}

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

    def set_learning_rate(self, lr: float) -> None:
        """Sets the learning rate of an optimizer that is yet to be made."""
        self._make_optimizer = partial(self._make_optimizer, lr=lr)

    def configure_optimizers(self) -> Any:
        """The optimizer, and its schedule stepped after every step.

        Raises:
            ConfigError: values that the optimizer or the schedule refuses.
        """
        steps = int(self.trainer.estimated_stepping_batches)
        epoch_steps = max(1, round(steps / (self.trainer.max_epochs or 1)))
        optimizer, scheduler = self.optimizer_and_schedule(steps, epoch_steps)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def optimizer_and_schedule(self, steps: int, epoch_steps: int) -> tuple[Optimizer, LRScheduler]:
        """The optimizer and its schedule of a run of some length.

        Args:
            steps: of the optimizer in the run.
            epoch_steps: of the optimizer in an epoch.

        Raises:
            ConfigError: values that the optimizer or the schedule refuses.
        """
        groups = parameter_groups(
            [(name.removeprefix("backbone."), one) for name, one in self.named_parameters()
             if one.requires_grad],
            self.backbone, self._layer_lr, self._layer_decay,
        )  # fmt: skip
        try:
            optimizer = self._make_optimizer([{"params": parameters} for _, parameters in groups])
            scale_learning_rates(optimizer, [factor for factor, _ in groups])
            scheduler = self._make_scheduler(optimizer, steps, epoch_steps)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"optimizer or scheduler: {error}") from error
        return optimizer, scheduler

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds what is needed to use the model: plain values only."""
        checkpoint[RECORD] = {
            "format": CHECKPOINT_FORMAT,
            "weights_from": self.weights_from,
            "record": self.metadata,
        }
        if self.preprocessing.locator is not None:
            checkpoint[RECORD]["locator"] = self.preprocessing.detector_values()

    def write_weights(self, path: Path) -> None:
        """Writes a small file that `pretrained` starts from and `load` reads.

        Args:
            path: the file; its name ends in `.safetensors`.
        """
        write_weights(path, self.backbone, self.hparams, self.metadata)

    @classmethod
    def load(cls, path: str | Path) -> "ResistorClassifier":
        """Loads a model, ready for inference.

        Args:
            path: a checkpoint of `resistor_cls.train`, or a file of `write_weights`, whose crops
                the package's locator finds; the text `rendered` names the weights of the package.

        Raises:
            ModelError: a file that is absent, cut short, damaged or malformed, no checkpoint of
                ours, from another version, with weights that are no finite numbers, or a pickle
                that would run code (it is never executed).
        """
        path = RENDERED if path == "rendered" else Path(path)
        if path.suffix == SUFFIX:
            weights = read_weights(path)
            model = cls._made(path, weights.settings)
            model.backbone.load_state_dict(weights.tensors)
            model.metadata, model.weights_from = dict(weights.card), path.name
            return model.eval()
        checkpoint = read_checkpoint(path)
        ours, values = checkpoint[RECORD], dict(checkpoint["hyper_parameters"])
        tensors, locator = checkpoint["state_dict"], ours.get("locator")
        backbone = {
            name.removeprefix("backbone."): one
            for name, one in tensors.items()
            if name.startswith("backbone.")
        }
        check_backbone_fits(path, values, backbone)
        if values.get("locate"):
            if locator is None:
                raise misfit(path, f"{RECORD}.locator is missing beside locate=True")
            values["locate"] = Detector()  # filled from the checkpoint: no other file is needed
        model = cls._made(path, values)
        check_fit(path, model.state_dict(), tensors)
        model.load_state_dict(tensors)
        if model.preprocessing.locator is not None:
            try:
                model.preprocessing.restore_detector(locator)
            except ValueError as error:
                raise misfit(path, str(error)) from error
        model.metadata, model.weights_from = ours["record"], ours["weights_from"]
        return model.eval()

    @classmethod
    def _made(cls, path: Path, settings: Mapping[str, Any]) -> "ResistorClassifier":
        """A model of the settings in a file, yet without its weights.

        Raises:
            ModelError: settings that no model can be made of, or photos prepared by.
        """
        try:
            model = cls(**settings, pretrained="false")
            if model.preprocessing.steps is not None:
                model.image_preprocessing()
        except (ConfigError, DataError) as error:
            raise misfit(path, str(error)) from error
        return model


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


def _channels_last(photos: Tensor) -> Tensor:
    """Laid out as convolutions are fastest with, on processors and on tensor cores alike."""
    return photos.contiguous(memory_format=torch.channels_last)


def _floats(photos: Tensor) -> Tensor:
    """8-bit photos in [0, 1]; done on the device, as 8 bits travel there four times as fast."""
    return photos.float().div(255)
