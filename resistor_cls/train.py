"""Trains a classifier of resistor photos.

python -m resistor_cls.train [key=value …]

Examples:
  python -m resistor_cls.train experiment=quickstart
  python -m resistor_cls.train model=resnet50 trainer.max_epochs=5
  python -m resistor_cls.train data=folder data.root=my_photos optimizer.lr=3e-4
  python -m resistor_cls.train -m model=resnet18,resnet50 optimizer.lr=1e-3,3e-4
"""

import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from resistor_cls.config import run_hydra

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from omegaconf import DictConfig

    from resistor_cls.tracking import Run

log = logging.getLogger("resistor_cls")

# Keys that say how weights were made, and among them those that do not.
_RECIPE = ("seed", "data.", "augment.", "model.", "optimizer.", "scheduler.", "trainer.")
_OF_THE_MACHINE = ("data.augment.", "data.root", "data.cache", "data.workers")


def train(config: "DictConfig") -> None:
    """Trains and tracks one run.

    Raises:
        ResistorClsError: something that the user can mend.
    """
    # Here and not above, so that --help and a mistyped key answer at once.
    from resistor_cls.config import flatten, instantiate, output_folder, resolved
    from resistor_cls.model import (
        EpochLines,
        ResistorClassifier,
        build_trainer,
        check_backbone,
        fit,
        leave_cores,
        preparation,
        seed_everything,
    )
    from resistor_cls.model.checkpoints import add_to_record
    from resistor_cls.tracking import open_run
    from resistor_cls.tracking.judgement import Judging, calibration_record, save_judgement
    from resistor_cls.tracking.report import RunReport, describe

    config.seed = seed_everything(config.seed)
    config.tracking.name = (
        config.tracking.name or f"{config.model.backbone} on {config.data.source}"
    )
    locate = config.model.locate
    if not isinstance(locate, bool | str):  # a node that makes a locator
        locate = instantiate(locate)
    prepare = preparation(locate, config.data.image_size)
    data = instantiate(config.data, prepare=prepare)
    make_model = instantiate(config.model, _partial_=True, locate=locate)
    optimizer, scheduler = instantiate(config.optimizer), instantiate(config.scheduler)
    check_backbone(config.model.backbone)

    with open_run(output_folder(), **config.tracking) as run:
        run.save_text("config/resolved.yaml", resolved(config))
        run.log_params(flatten(config))
        data.setup()
        judging = Judging(
            model=f"runs:/{run.run_id}/model" if run.run_id else "checkpoints/best.ckpt",
            subset="validation",
            stress=config.stress,
            unknown=config.unknown,
            costs=config.costs,
            prefix="val/",
        )
        judging.check(data.categories)
        model = make_model(data.categories.names, optimizer=optimizer, scheduler=scheduler)
        record = {"data": data.settings, "fingerprint": data.fingerprint, "seed": config.seed}
        model.record = {**record, "trained_on": data.trained_on()}
        report = RunReport(run, data, config.trainer.monitor)
        trainer = build_trainer(
            run.output, **config.trainer, logger=run.logger, callbacks=[report, EpochLines()]
        )
        describe(run, data, model, trainer)
        if trainer.is_global_zero:
            log.info(
                "Training %s (%s) on %s in %s: %d photos, %d to validate, %d categories",
                config.model.backbone,
                {"imagenet": "ImageNet weights", "scratch": "from scratch"}.get(
                    model.weights_from, f"{model.weights_from} weights"
                ),
                trainer.strategy.root_device,
                trainer.precision,
                data.train_length,
                len(data.validation_indices),
                len(data.categories),
            )
        if data.stream is not None:
            leave_cores(data.workers)
        fit(trainer, model, data)
        best, predictions = report.best_checkpoint(trainer), report.best
        if predictions is not None:  # on the first of several processes
            add_to_record(best, calibration=calibration_record(predictions, data))
        run.save_model(best, record)
        if predictions is not None:
            kept = ResistorClassifier.load(best).to(trainer.strategy.root_device)
            judging = replace(judging, title=f"Epoch {report.best_epoch}, the best")
            report.best_metrics |= save_judgement(run, kept, data, predictions, judging)
        if data.stream is not None:
            _save_weights(config, run, best, report.best_metrics)
    if trainer.is_global_zero:
        log.info("\n%s", run.summary(report.best_metrics, f"best epoch: {report.best_epoch}"))


def _save_weights(
    config: "DictConfig", run: "Run", best: "Path", scores: "Mapping[str, float]"
) -> None:
    """Keeps what drawings have taught as files that another training starts from."""
    import torch

    from resistor_cls.config import flatten
    from resistor_cls.model import ResistorClassifier
    from resistor_cls.rendering import DRAWING_VERSION

    weights = ResistorClassifier.load(best)
    weights.record = {
        "trained_on": [],  # nothing but drawings
        "recipe": {
            key: value
            for key, value in flatten(config).items()
            if key.startswith(_RECIPE) and not key.startswith(_OF_THE_MACHINE)
        },
        "drawing_version": DRAWING_VERSION,
        "scores": dict(scores),
        "torch": torch.__version__,
    }
    run.save_file("weights.safetensors", weights.write_weights)
    if weights.preprocessing.locator is not None:
        run.save_file("locator.safetensors", weights.preprocessing.locator.save)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    return run_hydra(train, "train", __doc__ or "", argv)


if __name__ == "__main__":
    sys.exit(main())
