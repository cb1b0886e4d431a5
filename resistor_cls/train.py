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
from functools import partial
from typing import TYPE_CHECKING, Any

from resistor_cls.config import run_hydra
from resistor_cls.config.calling import as_called
from resistor_cls.config.command_line import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from lightning import Trainer
    from omegaconf import DictConfig

    from resistor_cls.data import PhotoDataModule
    from resistor_cls.model import ResistorTask
    from resistor_cls.tracking import Run
    from resistor_cls.tracking.judgement import ReportOptions
    from resistor_cls.tracking.report import RunReport

log = logging.getLogger("resistor_cls")

# Keys that say how weights were made, and among them those that do not.
_RECIPE = ("seed", "data.", "augment.", "model.", "optimizer.", "scheduler.", "trainer.")
_OF_THE_MACHINE = (
    "data.augment.",
    "data.root",
    "data.cache",
    "data.workers",
    "data.test",
    "augment.pipeline.file",
)


# Keys of losses that are no arguments of one that `loss._target_` makes.
_OF_EVERY_LOSS = ("name", "label_smoothing", "class_weights", "focal_gamma")


def train(config: "DictConfig") -> float | None:
    """Trains and tracks one run.

    Returns:
        The score of its best epoch that `trainer.monitor` names, for a sweeper that makes it
        better; None where the run has none.

    Raises:
        ResistorClsError: something that the user can mend.
    """
    _check(config)
    # Here and not above, so that --help and a wrong word answer at once.
    from resistor_cls.config import (
        chosen_options,
        flatten,
        instantiate,
        instantiate_all,
        output_folder,
        resolved,
    )
    from resistor_cls.model import (
        EpochLines,
        build_trainer,
        fit,
        image_preprocessing,
        leave_cores,
        seed_everything,
    )
    from resistor_cls.model.training.dry_run import dry_run
    from resistor_cls.tracking import open_run
    from resistor_cls.tracking.custom_figures import save_custom_figures
    from resistor_cls.tracking.datasets import training_sets
    from resistor_cls.tracking.judgement import ReportOptions
    from resistor_cls.tracking.report import RunReport, describe
    from resistor_cls.tracking.run.parameters import parameters

    config.seed = seed_everything(config.seed)
    chosen = chosen_options()
    config.tracking.name = escaped(config.tracking.name or _name(config, chosen))
    locate = config.model.locate
    if not isinstance(locate, bool | str):  # a node that makes a locator
        locate = instantiate(locate)
    preprocess = image_preprocessing(
        locate, config.data.image_size, config.model.channels, config.model.steps
    )
    data = instantiate(config.data, preprocess=preprocess)
    make_model = _maker(config, locate)
    figures = instantiate_all(config.figures)
    monitor = config.trainer.monitor
    # Where the photos that validate train too, their scores cannot tell which epoch is best.
    save_best = config.trainer.save_best and not config.data.train_on_validation
    trainer_options = {**config.trainer, "save_best": save_best}
    dry_run(
        make_model,
        data,
        output_folder(),
        settings={**config.model, "class_weights": config.loss.class_weights},
        trainer=trainer_options,
        tries=config.find,
    )

    with open_run(output_folder(), **config.tracking) as run:
        run.save_text("config/resolved.yaml", resolved(config))
        run.log_params(parameters(flatten(config), chosen))
        _set_up(data, config)
        options = ReportOptions(
            model=run.model_reference,
            subset="validation",
            stress=config.stress,
            unknown=config.unknown,
            gallery=config.gallery,
            saliency=config.saliency,
            costs=config.costs,
            prefix="val/",
        )
        options.check(data.categories, preprocess.channels)
        model = make_model(data.categories.names)
        report = RunReport(run, data, monitor if save_best else None, gallery=config.gallery)
        trainer = build_trainer(
            run.output,
            **trainer_options,
            logger=run.logger,
            callbacks=[report, EpochLines(monitor)],
        )
        _try_out(config, run, model, data, trainer)
        model.network.metadata = {
            "data": data.settings,
            "fingerprint": data.fingerprint,
            "seed": config.seed,
            "trained_on": data.trained_on(),
        }
        if data.online_generator is not None:
            leave_cores(data.workers)
        describe(run, data, model, trainer)
        for use, part in training_sets(data).items():
            run.log_data(part, use)
        _announce(config.model.backbone, model, data, trainer)
        fit(trainer, model, data)
        best = report.best_checkpoint(trainer)
        report.best_metrics |= _keep(run, best, trainer, data=data, report=report, options=options)
        if report.best is not None:
            save_custom_figures(run, figures, report.best)
        if data.online_generator is not None:
            _save_weights(config, run, best, report.best_metrics)
    if trainer.is_global_zero:
        subject = f"{'best' if save_best else 'last'} epoch: {report.best_epoch:g}"
        log.info("\n%s", run.summary(report.best_metrics, subject))
    return report.best_metrics.get(monitor)


def _name(config: "DictConfig", options: "Mapping[str, str]") -> str:
    """Names a run that was given no name."""
    from resistor_cls.tracking.run.names import photos_name, training_name

    photos = photos_name(config.data.source, config.data.get("root"), config.data.get("table"))
    return training_name(config.model.backbone, photos, options.get("experiment"))


def _maker(config: "DictConfig", locate: Any) -> "Callable[[Sequence[str]], ResistorTask]":
    """What makes a model of the names of its categories."""
    from resistor_cls.config import instantiate

    optimizer, scheduler = instantiate(config.optimizer), instantiate(config.scheduler)
    make_model = instantiate(config.model, _partial_=True, locate=locate)
    return partial(make_model, optimizer=optimizer, scheduler=scheduler, **loss_arguments(config))


def _announce(
    backbone: str, model: "ResistorTask", data: "PhotoDataModule", trainer: "Trainer"
) -> None:
    """Says what begins."""
    if not trainer.is_global_zero:
        return
    log.info(
        "Training %s (%s) on %s in %s: %d photos, %d to validate, %d categories",
        backbone,
        {"imagenet": "ImageNet weights", "scratch": "from scratch"}.get(
            model.network.weights_from, f"{model.network.weights_from} weights"
        ),
        trainer.strategy.root_device,
        trainer.precision,
        data.train_length,
        len(data.validation_indices),
        len(data.categories),
    )


def _check(config: "DictConfig") -> None:
    """Checks, before any heavy import, what several packages must agree on.

    Raises:
        ConfigError: keys that do not go together.
        ModelError: a teacher that does not exist.
    """
    from resistor_cls.config.cross_key_rules import check_together
    from resistor_cls.config.plain import known_values
    from resistor_cls.tracking import check_reference

    check_together(known_values(config))
    if config.pseudo.photos is not None:
        check_reference(config.pseudo.teacher, config.tracking.uri, key="pseudo.teacher")


def loss_arguments(config: "DictConfig") -> dict[str, Any]:
    """The keys of `loss` as arguments of the model.

    The name of a custom loss takes the place of `loss.name`, which is a parameter of the run.
    """
    from resistor_cls.config import instantiate
    from resistor_cls.model.training.custom_loss import checked_loss

    keys = {key: config.loss[key] for key in _OF_EVERY_LOSS if key != "name"}
    if config.loss.get("_target_") is None:
        return {"loss": config.loss.name, **keys}
    node = {key: value for key, value in config.loss.items() if key not in _OF_EVERY_LOSS}
    loss = instantiate(node)
    config.loss.name = checked_loss(loss).settings["loss"]
    return {"loss": loss, **keys}


def _set_up(data: "PhotoDataModule", config: "DictConfig") -> None:
    """Reads the photos, and those that another model labels."""
    from pathlib import Path

    from resistor_cls.tracking import model_file

    if config.pseudo.photos is None:
        data.setup()
        return
    from resistor_cls.inference import Predictor, check_teacher, label_photos

    uri = config.tracking.uri
    with model_file(config.pseudo.teacher, uri, key="pseudo.teacher") as file:
        teacher = Predictor.load(file)
    folder = Path(config.pseudo.photos).expanduser()
    data.pseudo = label_photos(teacher, folder, config.pseudo.confidence)
    data.setup()
    check_teacher(teacher, data)


def _try_out(
    config: "DictConfig",
    run: "Run",
    model: "ResistorTask",
    data: "PhotoDataModule",
    trainer: "Trainer",
) -> None:
    """Finds what is to be found before the training, and keeps it as parameters of the run."""
    from resistor_cls.model.training.tuning import find_batch_size, find_learning_rate

    device = trainer.strategy.root_device.type
    options = {**config.trainer, "accelerator": device, "precision": trainer.precision}
    if config.find.batch_size:
        size = find_batch_size(model, data, options)
        run.log_params({"found.batch_size": size})
        log.info("Found data.batch_size=%d", size)
    if config.find.lr:
        rate = find_learning_rate(model, data, options)
        model.set_learning_rate(rate)
        run.log_params({"found.lr": rate})
        log.info("Found optimizer.lr=%.3g", rate)


def _keep(
    run: "Run",
    best: "Path",
    trainer: "Trainer",
    *,
    data: "PhotoDataModule",
    report: "RunReport",
    options: "ReportOptions",
) -> "Mapping[str, float]":
    """Calibrates, keeps and judges the model of a run; returns what the run says of it."""
    from resistor_cls.model import ResistorNetwork, ResistorTask, score
    from resistor_cls.model.checkpoint.checkpoints import add_to_metadata
    from resistor_cls.tracking.given_test import save_test
    from resistor_cls.tracking.judgement import calibration_record, judged, save_judgement

    predictions = report.best  # None but on the first of several processes
    # Photos that trained can promise nothing.
    if predictions is not None and not report.mark:
        add_to_metadata(best, calibration=calibration_record(predictions, data))
    kept = ResistorNetwork.load(best).to(trainer.strategy.root_device)
    trained = trainer.lightning_module
    assert isinstance(trained, ResistorTask)
    run.save_model(
        best,
        {key: kept.metadata[key] for key in ("data", "fingerprint", "seed")},
        kept.categories.names,
        channels=data.preprocess.channels,
        step=report.best_step,
    )
    scores: dict[str, float] = {}
    if predictions is not None:
        options = replace(options, title=report.title, seen=report.mark)
        scores |= save_judgement(run, kept, data, predictions, options)
        report.keep_scores(scores)
    if data.settings["test"] is not None:
        data.subset = "test"
        task = ResistorTask(kept, loss=trained.loss)  # a custom loss is in no file
        scores |= score(trainer, task, data)
        if trainer.is_global_zero:
            save_test(run, kept, data, judged(task, data))
    return scores


def _save_weights(
    config: "DictConfig", run: "Run", best: "Path", scores: "Mapping[str, float]"
) -> None:
    """Keeps what drawings have taught as files that another training starts from."""
    import torch

    from resistor_cls.config import flatten
    from resistor_cls.errors import plain_without_passwords
    from resistor_cls.model import ResistorNetwork
    from resistor_cls.synthetic import GENERATOR_VERSION

    weights = ResistorNetwork.load(best)
    weights.metadata = {
        "trained_on": [],  # nothing but drawings
        "calibration": weights.metadata.get("calibration"),  # drawings too
        "recipe": plain_without_passwords(
            {
                key: value
                for key, value in flatten(config).items()
                if key.startswith(_RECIPE) and not key.startswith(_OF_THE_MACHINE)
            }
        ),
        "drawing_version": GENERATOR_VERSION,
        "scores": dict(scores),
        "torch": str(torch.__version__),  # a class of PyTorch's own
    }
    run.save_file("weights.safetensors", weights.save_weights)
    if weights.preprocessing.detector is not None:
        run.save_file("locator.safetensors", weights.preprocessing.detector.save)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    return run_hydra(train, "train", as_called(__doc__), argv)


if __name__ == "__main__":
    sys.exit(main())
