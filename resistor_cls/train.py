"""Trains a classifier of resistor photos.

python -m resistor_cls.train [key=value …]

Examples:
  python -m resistor_cls.train experiment=quickstart
  python -m resistor_cls.train model=resnet50 trainer.max_epochs=5
  python -m resistor_cls.train data=folder data.root=my_photos optimizer.lr=3e-4
  python -m resistor_cls.train -m model=resnet18,resnet50 optimizer.lr=1e-3,3e-4
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from resistor_cls.config import run_hydra
from resistor_cls.config.calling import as_called
from resistor_cls.config.command_line import escaped
from resistor_cls.errors import ConfigError, end_process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from lightning import Callback, Trainer
    from matplotlib.figure import Figure
    from omegaconf import DictConfig

    from resistor_cls.data import PhotoDataModule
    from resistor_cls.inference.evaluate_model import ReportOptions
    from resistor_cls.model import ResistorNetwork, ResistorTask
    from resistor_cls.tracking import Run
    from resistor_cls.tracking.run.training_callback import RunCallback
    from resistor_cls.tracking.run.unfinished import Unfinished

log = logging.getLogger("resistor_cls")


def train(config: "DictConfig") -> float | None:
    """Trains a model and tracks the training.

    Returns:
        The score of the kept epoch that `trainer.monitor` names, for a sweeper that optimizes it;
        None where the run has none.

    Raises:
        ResistorClsError: an error that the user can fix.
    """
    _check(config)
    # Here and not above, so that --help and a wrong word answer at once.
    from resistor_cls.config import output_folder, report_options, start_process
    from resistor_cls.config.resuming import training_in
    from resistor_cls.evaluation.results import custom_figures
    from resistor_cls.inference.evaluate_model import ReportOptions
    from resistor_cls.model import dry_run, fit
    from resistor_cls.model.checkpoint.state_files import newest_state, restore_best
    from resistor_cls.model.training.processes import other_processes
    from resistor_cls.model.training.tuning import find_settings
    from resistor_cls.tracking import open_run, save_results

    begun = training_in(output_folder(), config)
    choices = _choices(config)
    dry_run(
        choices.make_model,
        choices.data,
        output_folder(),
        settings={**config.model, "class_weights": config.loss.class_weights},
        trainer=choices.trainer,
        tries=config.find,
    )
    state = newest_state(begun.states) if begun.opened else None
    with open_run(output_folder(), run_id=begun.run_id or None, **config.tracking) as run:
        begun.seed, begun.run_id = config.seed, run.run_id
        begun.begin()
        chosen = report_options(config)
        options = ReportOptions(run.model_reference, "validation", prefix="val/", **chosen)
        data = _set_up(config, run, choices, options)
        begun.check_photos(data.fingerprint, data.split_fingerprint)
        model = choices.make_model(data.categories.names)
        trainer, callback = _trainer(config, run, choices, begun, state)
        device = trainer.strategy.root_device.type
        tried_with = {**config.trainer, "accelerator": device, "precision": trainer.precision}
        begun.found |= find_settings(model, data, tried_with, begun.found, **config.find)
        begun.write()
        run.log_params({f"found.{name}": value for name, value in begun.found.items()})
        _describe(config, run, model, data, trainer)
        if state is not None and trainer.is_global_zero:
            restore_best(state, run.output / "checkpoints")
        with other_processes(trainer, partial(start_process, "train", config), run.fail):
            fit(trainer, model, data, state)
            if (validations := _pruned_after(trainer)) is not None:
                run.set_tags({"sweep.pruned": f"after validation {validations}"})
                return callback.best_metrics.get(config.trainer.monitor)
            scores = callback.best_metrics | _keep(run, trainer, data, callback, options)
        if callback.best is not None:
            save_results(run, custom_figures(choices.figures, callback.best))
            if data.online_generator is not None:
                _save_weights(config, run, trainer, scores)
    if trainer.is_global_zero:
        log.info("\n%s", run.summary(scores, _kept_epoch(choices, callback)))
    return scores.get(config.trainer.monitor)


@dataclass(frozen=True)
class Choices:
    """What a config chooses, as objects.

    Attributes:
        data: the photos, not yet read.
        make_model: makes a model from the names of its categories.
        figures: name → what makes a custom figure.
        trainer: options of `build_trainer`.
    """

    data: "PhotoDataModule"
    make_model: "Callable[[Sequence[str]], ResistorTask]"
    figures: "Mapping[str, Callable[..., Figure]]"
    trainer: "Mapping[str, Any]"

    @property
    def monitor(self) -> str | None:
        """The metric that decides which epoch is kept; None for the last epoch."""
        return self.trainer["monitor"] if self.trainer["save_best"] else None


def _choices(config: "DictConfig") -> Choices:
    """Makes everything that the config chooses, and completes its seed and its name."""
    from resistor_cls.config import instantiate, instantiate_all, loss_arguments, trainer_options
    from resistor_cls.model import image_preprocessing, seed_everything
    from resistor_cls.model.training.custom_loss import checked_loss

    config.seed = seed_everything(config.seed)
    config.tracking.name = escaped(config.tracking.name or _name(config))
    locate = config.model.locate
    if not isinstance(locate, bool | str):  # a node that makes a detector
        locate = instantiate(locate)
    preprocess = image_preprocessing(
        locate, config.data.image_size, config.model.channels, config.model.steps
    )
    data = instantiate(config.data, preprocess=preprocess)
    loss = loss_arguments(config)
    if not isinstance(loss["loss"], str):  # `loss.name` is a parameter of the run
        config.loss.name = checked_loss(loss["loss"]).settings["loss"]
    optimizer, scheduler = instantiate(config.optimizer), instantiate(config.scheduler)
    make_model = instantiate(config.model, _partial_=True, locate=locate)
    make_model = partial(make_model, optimizer=optimizer, scheduler=scheduler, **loss)
    figures = instantiate_all(config.figures)
    # Scores of validation photos that train too cannot tell which epoch is best.
    save_best = config.trainer.save_best and not config.data.train_on_validation
    return Choices(data, make_model, figures, {**trainer_options(config), "save_best": save_best})


def _name(config: "DictConfig") -> str:
    """Names a run that was given no name."""
    from resistor_cls.config import chosen_options
    from resistor_cls.inference.describe import photos_name
    from resistor_cls.tracking.run.names import training_name

    photos = photos_name(config.data.source, config.data.get("root"), config.data.get("table"))
    return training_name(config.model.backbone, photos, chosen_options().get("experiment"))


def _set_up(
    config: "DictConfig", run: "Run", choices: Choices, options: "ReportOptions"
) -> "PhotoDataModule":
    """Logs the config, reads the photos, and checks the options of the report with them."""
    from pathlib import Path

    from resistor_cls import load
    from resistor_cls.config import log_config
    from resistor_cls.inference import check_teacher, label_photos

    log_config(config, run)
    data = choices.data
    if config.pseudo.photos is None:
        data.setup()
    else:
        teacher = load(config.pseudo.teacher, config.tracking.uri, key="pseudo.teacher")
        folder = Path(config.pseudo.photos).expanduser()
        data.pseudo = label_photos(teacher, folder, config.pseudo.confidence)
        data.setup()
        check_teacher(teacher, data)
    options.check(data.categories, data.preprocess.channels)
    return data


def _trainer(
    config: "DictConfig",
    run: "Run",
    choices: Choices,
    begun: "Unfinished",
    state: "Path | None",
) -> "tuple[Trainer, RunCallback]":
    """The trainer, and the callback that fills the run while it trains."""
    from resistor_cls.inference.describe import name_of, photos_of, validation_overlap
    from resistor_cls.inference.evaluate_model import predictions_of
    from resistor_cls.inference.samples import sample_figures
    from resistor_cls.model import EpochLines, build_trainer
    from resistor_cls.model.training.trainer import epochs_trained
    from resistor_cls.tracking.run.training_callback import RunCallback, Training

    data = choices.data
    training = Training(
        predictions_of=lambda task: predictions_of(task.predictions, data, task.network.categories),
        samples=lambda: sample_figures(data, config.gallery),
        epochs_of=epochs_trained,
        photos=photos_of("validation", name_of(data)),
        validation_photos=len(data.validation_indices),
        overlap=validation_overlap(data).warning,
        monitor=choices.monitor,
    )
    callback = RunCallback(run, training)
    callbacks = [callback, EpochLines(config.trainer.monitor), *_pruning(config)]
    options = {**choices.trainer, "logger": run.logger, "callbacks": callbacks}
    if state is not None:  # the starting network was scored by an earlier process
        options["score_before"] = False
    return build_trainer(run.output, **options, states=begun.states), callback


def _pruning(config: "DictConfig") -> "list[Callback]":
    """What ends the training early, where it is a trial of a search that prunes."""
    from resistor_cls.config.optuna_study import trial_of_job
    from resistor_cls.model.training.pruning import Pruning

    trial = trial_of_job()
    return [] if trial is None else [Pruning(config.trainer.monitor, trial.report)]


def _pruned_after(trainer: "Trainer") -> int | None:
    """How many validations a training had that was ended early; None for any other."""
    from resistor_cls.model.training.pruning import Pruning

    callbacks = trainer.callbacks  # type: ignore[attr-defined]
    return next((one.stopped_after for one in callbacks if isinstance(one, Pruning)), None)


def _describe(
    config: "DictConfig",
    run: "Run",
    model: "ResistorTask",
    data: "PhotoDataModule",
    trainer: "Trainer",
) -> None:
    """Saves what the training begins with: with the model, and in the run."""
    from resistor_cls.inference.describe import describe, training_sets, validation_overlap
    from resistor_cls.model import leave_cores
    from resistor_cls.model.training.progress import log_beginning
    from resistor_cls.tracking import save_results

    model.network.metadata = {
        "data": data.settings,
        "fingerprint": data.fingerprint,
        "seed": config.seed,
        "trained_on": data.trained_on(),
    }
    if data.online_generator is not None:
        leave_cores(data.workers)
    device = trainer.strategy.root_device
    save_results(run, describe(data, model.network.weights_from, trainer.precision, device))
    for use, part in training_sets(data).items():
        run.log_data(part, use)
    if not trainer.is_global_zero:
        return
    log_beginning(config.model.backbone, model, data, trainer)
    overlap = validation_overlap(data)
    if overlap.warning:
        run.set_tags({"data.seen_in_training": overlap.tag})
        log.warning("%s: validation scores are optimistic", overlap.warning)


def _check(config: "DictConfig") -> None:
    """Refuses, before any heavy import, keys that do not go together and an absent teacher."""
    from resistor_cls.config.cross_key_rules import check_together
    from resistor_cls.config.plain import known_values
    from resistor_cls.processes import is_one_of_several
    from resistor_cls.tracking import check_reference

    check_together(known_values(config))
    if config.seed == -1 and is_one_of_several():
        raise ConfigError("seed=-1 in one of several processes: each would draw another; name one")
    if config.pseudo.photos is not None:
        check_reference(config.pseudo.teacher, config.tracking.uri, key="pseudo.teacher")


def _keep(
    run: "Run",
    trainer: "Trainer",
    data: "PhotoDataModule",
    callback: "RunCallback",
    options: "ReportOptions",
) -> dict[str, float]:
    """Calibrates, saves and evaluates the kept model; returns its further scores."""
    from resistor_cls.inference.calibrate import calibration_metadata
    from resistor_cls.inference.describe import data_set, validation_overlap
    from resistor_cls.inference.evaluate_model import evaluate_model
    from resistor_cls.model.checkpoint.checkpoints import add_to_metadata
    from resistor_cls.tracking import save_results
    from resistor_cls.tracking.run.training_callback import best_checkpoint

    predictions = callback.best  # None but on the first of several processes
    if predictions is None and data.settings["test"] is None:
        return {}
    overlap = validation_overlap(data).warning
    best = best_checkpoint(trainer)
    # Photos that trained cannot guarantee a risk.
    if predictions is not None and not overlap:
        add_to_metadata(best, calibration=calibration_metadata(predictions, data))
    kept = _save_model(run, trainer, best, data, callback.best_step)
    scores: dict[str, float] = {}
    if predictions is not None:
        options = replace(options, title=callback.title, overlap=overlap)
        results = evaluate_model(kept, data, predictions, options)
        save_results(run, results)
        scores |= results.metrics
        callback.keep_scores(scores, data_set(data, data.validation_indices))
    if data.settings["test"] is not None:
        scores |= _test(run, trainer, kept, data)
    return scores


def _save_model(
    run: "Run", trainer: "Trainer", best: "Path", data: "PhotoDataModule", step: int
) -> "ResistorNetwork":
    """Saves the kept checkpoint as the model of the run, and loads it."""
    from resistor_cls.inference.samples import input_example
    from resistor_cls.model import ResistorNetwork

    kept = ResistorNetwork.load(best).to(trainer.strategy.root_device)
    run.save_model(
        best,
        {key: kept.metadata[key] for key in ("data", "fingerprint", "seed")},
        example=input_example(data.preprocess.channels),
        step=step,
    )
    return kept


def _test(
    run: "Run", trainer: "Trainer", model: "ResistorNetwork", data: "PhotoDataModule"
) -> dict[str, float]:
    """Evaluates the test photos of `data.test`; returns their scores."""
    from resistor_cls.inference.evaluate_model import evaluate_test_set, predictions_of
    from resistor_cls.model import ResistorTask, score
    from resistor_cls.tracking import save_results

    data.subset = "test"
    trained = trainer.lightning_module
    assert isinstance(trained, ResistorTask)
    task = ResistorTask(model, loss=trained.loss)  # a custom loss is in no file
    scores = dict(score(trainer, task, data))
    if trainer.is_global_zero:
        predictions = predictions_of(task.predictions, data, model.categories)
        results = evaluate_test_set(model, data, predictions)
        save_results(run, results)
        scores |= results.metrics
    return scores


def _kept_epoch(choices: Choices, callback: "RunCallback") -> str:
    """The kept epoch in words, beside the starting network where that was scored."""
    which = "last" if choices.monitor is None else "best"
    before, after = (
        found.get("val/accuracy") for found in (callback.before_metrics, callback.best_metrics)
    )
    compared = "" if before is None else f", accuracy {before:.3f} before, {after:.3f} after"
    return f"{which} epoch: {callback.best_epoch:g}{compared}"


def _save_weights(
    config: "DictConfig", run: "Run", trainer: "Trainer", scores: "Mapping[str, float]"
) -> None:
    """Saves weights that learned from synthetic photos, as files that a training starts from."""
    from resistor_cls.config import recipe
    from resistor_cls.model import ResistorNetwork
    from resistor_cls.model.checkpoint.weights import metadata_of_synthetic_training
    from resistor_cls.tracking.run.training_callback import best_checkpoint

    weights = ResistorNetwork.load(best_checkpoint(trainer))
    weights.metadata = metadata_of_synthetic_training(weights.metadata, recipe(config), scores)
    run.save_file("weights.safetensors", weights.save_weights)
    if weights.preprocessing.detector is not None:
        run.save_file("locator.safetensors", weights.preprocessing.detector.save)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    return run_hydra(train, "train", as_called(__doc__), argv)


if __name__ == "__main__":
    end_process(main())
