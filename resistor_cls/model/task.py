"""The training task: a network with its loss, optimizer, schedule and metrics, for Lightning."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from lightning import LightningModule
from torch import Tensor
from torch.nn.functional import one_hot
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LRScheduler

from resistor_cls.data.dataset import OOD_TARGET
from resistor_cls.errors import ConfigError, ModelError
from resistor_cls.model.checkpoint.checkpoints import METADATA, checkpoint_values
from resistor_cls.model.custom_backbone import check_abilities
from resistor_cls.model.network import ResistorNetwork
from resistor_cls.model.training.band_losses import band_losses, total_band_loss
from resistor_cls.model.training.compatibility import check_training
from resistor_cls.model.training.custom_loss import CustomLoss, checked_loss
from resistor_cls.model.training.fused import use_fused_step
from resistor_cls.model.training.gather import gather
from resistor_cls.model.training.losses import Loss, TrainingLoss, loss_of
from resistor_cls.model.training.metrics import metric_collection
from resistor_cls.model.training.parameter_groups import (
    check_layers,
    freeze,
    parameter_groups,
    scale_learning_rates,
)
from resistor_cls.model.training.schedules import cosine

Batch = Mapping[str, Tensor]
MakeOptimizer = Callable[..., Optimizer]  # of parameters, or of groups of them
MakeScheduler = Callable[[Optimizer, int, int], LRScheduler]


# Arguments of `ResistorTask` that `build_task` takes; the others are the network's.
_TASK_KEYS = (
    "label_smoothing", "class_weights", "layer_lr", "layer_decay", "freeze_epochs",
    "train_metrics", "optimizer", "scheduler",
)  # fmt: skip


def _adamw(parameters: Any) -> Optimizer:
    return AdamW(parameters, lr=1e-3, weight_decay=0.0)


class ResistorTask(LightningModule):
    """Trains and evaluates a network.

    Args:
        network: what is trained.
        loss: a custom one; by default the one that the network's settings name. Of a network that
            was trained by a custom loss and then loaded, it is the built-in loss of the same
            activation.
        label_smoothing: share of each label that is spread over all categories.
        class_weights: `none`, `balanced`, or a weight for each category.
        layer_lr: pattern of layers of the backbone → learning-rate scale.
        layer_decay: factor by which each layer learns slower than the one behind it, or None.
        freeze_epochs: epochs in which only the head is trained.
        train_metrics: whether training photos are scored too.
        optimizer: parameters → optimizer; AdamW at 1e-3 without weight decay by default.
        scheduler: (optimizer, steps of the run, steps of an epoch) → schedule stepped after every
            optimizer step; cosine to 0 by default.

    Attributes:
        loss: what validation and test compute.
        predictions: of the newest validation or test epoch, in the order of its batches:
            `probabilities` (photos, categories) float32, `losses` (photos,) float32, `targets` and
            `indices` (photos,) int64; and `features` (photos, features) float16, of a backbone that
            gives them.

    Raises:
        ConfigError: an argument that cannot be used.
    """

    def __init__(
        self,
        network: ResistorNetwork,
        *,
        loss: Loss | None = None,
        label_smoothing: float = 0.0,
        class_weights: str | Sequence[float] = "none",
        layer_lr: Mapping[str, float] | None = None,
        layer_decay: float | None = None,
        freeze_epochs: int = 0,
        train_metrics: bool = False,
        optimizer: MakeOptimizer = _adamw,
        scheduler: MakeScheduler = cosine,
    ) -> None:
        super().__init__()
        settings = network.settings
        self.save_hyperparameters(settings, logger=False)
        self.network = network
        self.loss = loss_of(settings) if loss is None else loss
        self.training_loss = TrainingLoss(
            self.loss,
            settings["loss"],
            len(network.categories),
            label_smoothing=label_smoothing,
            class_weights=class_weights,
        )
        check_abilities(network.backbone, settings["backbone"], {"freeze_epochs": freeze_epochs})
        self.layer_lr, self.layer_decay = dict(layer_lr or {}), layer_decay
        self.freeze_epochs = freeze_epochs
        check_layers(network.backbone, self.layer_lr, layer_decay, freeze_epochs)
        self._make_optimizer, self._make_scheduler = optimizer, scheduler
        self._scores = metric_collection(len(network.categories))
        self.train_scores = (
            metric_collection(len(network.categories), shared=True) if train_metrics else None
        )
        self._outputs: list[dict[str, Tensor]] = []
        self.predictions: dict[str, Tensor] = {}

    def setup(self, stage: str) -> None:
        """Compares the photos, and their preprocessing, with what the network needs.

        Raises:
            ConfigError: settings of the data that do not go with those of the model.
            ModelError: photos that were preprocessed for another network.
        """
        data: Any = getattr(self.trainer, "datamodule", None)
        preprocess = getattr(data, "preprocess", None)
        if preprocess is None:  # batches from another data module
            return
        needed = self.network.image_preprocessing(preprocess.size).key
        if preprocess.key != needed:
            raise ModelError(
                f"the photos are preprocessed by {preprocess.key!r}, the model needs {needed!r}: "
                "give the data module preprocess=network.image_preprocessing()"
            )
        if stage == "fit":
            check_training(self, data, self.trainer)
            if self.training_loss.needs_counts:
                self.training_loss.count(data.train_counts)

    def forward(self, photos: Tensor) -> Tensor:
        """Computes logits; see `ResistorNetwork.forward`."""
        logits: Tensor = self.network(photos)
        return logits

    def on_train_start(self) -> None:
        """Freezes as `on_train_epoch_start` does, for a training that continues in an epoch."""
        self.on_train_epoch_start()

    def on_train_epoch_start(self) -> None:
        """Freezes all but the head in the first epochs."""
        if self.freeze_epochs:
            freeze(self.network.backbone, self.current_epoch < self.freeze_epochs)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss of a batch."""
        targets = batch["targets"]
        if "bands" in batch:
            loss = self._loss_with_bands(batch)
        else:
            logits = self.network(_floats(batch["photos"])).float()
            loss = self._loss_of(logits, targets, batch.get("soft_targets"))
        self.log("train/loss", loss, on_step=True, batch_size=len(targets))
        self.log("lr", self.trainer.optimizers[0].param_groups[0]["lr"], on_step=True)
        return loss

    def _loss_of(
        self, logits: Tensor, targets: Tensor, soft_targets: Tensor | None = None
    ) -> Tensor:
        if self.train_scores is not None:
            self.train_scores.update(self.network.probabilities(logits.detach()), targets)
        if soft_targets is None:
            soft_targets = one_hot(targets, logits.shape[1]).to(logits)
        return self.training_loss(logits, soft_targets)

    def _loss_with_bands(self, batch: Batch) -> Tensor:
        logits, reading = self.network.read(_floats(batch["photos"]))
        losses = band_losses(reading, batch)
        for name, value in losses.items():
            self.log(f"train/{name}", value, on_step=True, batch_size=len(batch["targets"]))
        weight: float = self.network.settings["band_weight"]
        loss = weight * total_band_loss(losses)
        known = batch["targets"] != OOD_TARGET
        if known.any():
            loss = loss + self._loss_of(logits.float()[known], batch["targets"][known])
        return loss

    def on_train_epoch_end(self) -> None:
        """Logs the scores of the training photos, where they are asked for."""
        if self.train_scores is None:
            return
        scores = self.train_scores.compute()
        self.train_scores.reset()
        self.log_dict({f"train/{name}": value for name, value in scores.items()})

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Collects the predictions of a batch."""
        self._predict(batch)

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Collects the predictions of a batch."""
        self._predict(batch)

    def _predict(self, batch: Batch) -> None:
        logits, features = self.network.predict(_floats(batch["photos"]))
        targets = batch["targets"]
        self._outputs.append(
            {
                "probabilities": self.network.probabilities(logits),
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
        processes = self.trainer.world_size
        gathered = gather(self._outputs, self.all_gather, processes)
        probabilities, targets = gathered["probabilities"], gathered["targets"]
        metrics = {
            "loss": gathered["losses"].mean(),
            **self._scores(probabilities, targets),
            **_accepted(probabilities, targets, self.network.probability_threshold),
        }
        self._scores.reset()
        if prefix == "test/":  # what is undefined is said by the report, not kept as nan
            metrics = {name: value for name, value in metrics.items() if value.isfinite()}
        # Every process has gathered the same: a mean over processes would only round it.
        self.log_dict({prefix + name: value for name, value in metrics.items()})
        self.predictions = {name: values.cpu() for name, values in gathered.items()}

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
        trained = [
            (name.removeprefix("backbone."), one)
            for name, one in self.network.named_parameters()
            if one.requires_grad
        ]
        groups = parameter_groups(trained, self.network.backbone, self.layer_lr, self.layer_decay)
        try:
            optimizer = self._make_optimizer([{"params": parameters} for _, parameters in groups])
            scale_learning_rates(optimizer, [factor for factor, _ in groups])
            use_fused_step(optimizer)
            scheduler = self._make_scheduler(optimizer, steps, epoch_steps)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"optimizer or scheduler: {error}") from error
        return optimizer, scheduler

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds what is needed to use the network: plain values only."""
        network = self.network
        checkpoint[METADATA] = checkpoint_values(
            network.weights_from, network.metadata, network.preprocessing.detector_values()
        )


def build_task(
    categories: Sequence[str], *, loss: str | CustomLoss = "bce", **settings: Any
) -> ResistorTask:
    """Makes a network and its task from the keys of a config.

    Args:
        categories: see `ResistorNetwork`.
        loss: the name of a loss, or a custom one, see
            `resistor_cls.model.training.custom_loss.checked_loss`.
        **settings: of the `ResistorTask` and of the `ResistorNetwork`.

    Raises:
        ConfigError: an argument that cannot be used.
        ModelError: unavailable weights.
    """
    custom = None if isinstance(loss, str) else checked_loss(loss)
    named = {"loss": loss} if custom is None else custom.settings
    of_task = {key: settings.pop(key) for key in _TASK_KEYS if key in settings}
    network = ResistorNetwork(categories, **named, **settings)
    return ResistorTask(network, loss=None if custom is None else custom.loss, **of_task)


def _accepted(probabilities: Tensor, targets: Tensor, threshold: float) -> dict[str, Tensor]:
    """Coverage and accuracy of what a threshold accepts; nothing without one."""
    if not threshold:
        return {}
    likely, predicted = probabilities.max(dim=1)
    accepted = likely >= threshold
    right = (predicted == targets)[accepted].float().mean()
    return {"coverage": accepted.float().mean(), "accepted_accuracy": right}


def _floats(photos: Tensor) -> Tensor:
    """8-bit photos in [0, 1]; done on the device, as 8 bits travel there four times as fast."""
    return photos.float().div(255)
