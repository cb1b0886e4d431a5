"""What no training can do: settings of model, data and trainer that exclude each other."""

from typing import Any

from lightning import Trainer

from resistor_cls.errors import ConfigError


def check_training(task: Any, data: Any, trainer: Trainer) -> None:
    """Refuses what no training can do, before its first step.

    Args:
        task: the `ResistorTask` that is to be trained.
        data: what it is to learn from; it need not be set up.
        trainer: that is to train it.

    Raises:
        ConfigError: names both keys.
    """
    mix, loss = getattr(data, "mix", None), task.network.settings["loss"]
    online = getattr(data, "online_generator", None)
    mixed = "" if mix is None else f"mix={mix.kind}"
    rules = (
        (mix and not task.loss.takes_soft_targets,
         f"{mixed} with loss={loss}, which takes no soft targets: use loss=bce or "
         "loss=cross_entropy, or mix=none"),
        (mix and mix.target == "union" and not task.loss.multi_label,
         f"mix.target=union with loss={loss}, which takes one category per photo: use loss=bce, "
         "or mix.target=ratio"),
        (mix and task.train_scores is not None,
         f"model.train_metrics=true with {mixed}: a mixed photo has no single label to score; "
         "set model.train_metrics=false or mix=none"),
        (online and task.training_loss.needs_counts,
         "loss.class_weights=balanced with data.stream, which generates all categories equally "
         "often: set loss.class_weights=none"),
        (task.freeze_epochs and trainer.world_size > 1,
         f"model.freeze_epochs={task.freeze_epochs} with trainer.devices={trainer.num_devices}: "
         "several processes must train the same layers throughout; set model.freeze_epochs=0 or "
         "trainer.devices=1"),
    )  # fmt: skip
    for excluded, message in rules:
        if excluded:
            raise ConfigError(message)
