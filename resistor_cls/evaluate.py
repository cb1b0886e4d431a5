"""Evaluates a saved model on labelled photos.

python -m resistor_cls.evaluate model=REF [data=… key=value …]

REF is a checkpoint or ONNX file, runs:/RUN_ID/model, models:/NAME@ALIAS, or rendered for the model
that comes with the package. Without data=… the model is evaluated on the validation photos of its
own training. Writes report.html, one page that opens without a server, and all that it shows as
figures and tables.

--allow subset evaluates photos that lack some of the model's categories; --allow unknown takes
photos of further categories as out-of-distribution photos. stress=true adds robustness checks: the
photos are predicted again under changed light, blur, noise and the like.

A table with a column ohms and no labels is evaluated by value: whether the value that the model
reads is that of the part. No list of categories is needed.

Examples:
  python -m resistor_cls.evaluate model=runs:/RUN_ID/model
  python -m resistor_cls.evaluate model=best.ckpt data=folder data.root=other_photos
  python -m resistor_cls.evaluate model=best.ckpt tracking=none stress=true
  python -m resistor_cls.evaluate model=best.ckpt data=folder data.root=a_few --allow subset
  python -m resistor_cls.evaluate model=rendered data=table data.table=my_parts.csv
"""

import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from resistor_cls.config import run_hydra
from resistor_cls.config.calling import as_called
from resistor_cls.config.command_line import as_reference, escaped, quoted, taken_out
from resistor_cls.errors import ConfigError, end_process, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.figure import Figure
    from omegaconf import DictConfig

    from resistor_cls.data import PhotoDataModule
    from resistor_cls.evaluation.results import Results
    from resistor_cls.inference.evaluate_model import ReportOptions
    from resistor_cls.model import ResistorNetwork
    from resistor_cls.tracking import Run

log = logging.getLogger("resistor_cls")

ALLOWED = ("subset", "unknown")


def evaluate(config: "DictConfig") -> None:
    """Evaluates one model and tracks the evaluation.

    Raises:
        ResistorClsError: an error that the user can fix.
    """
    _check(config)
    # Here and not above, so that --help and a wrong word answer at once.
    from resistor_cls.config import (
        instantiate,
        instantiate_all,
        output_folder,
        report_options,
        trainer_options,
    )
    from resistor_cls.inference.evaluate_model import ReportOptions
    from resistor_cls.model import build_trainer
    from resistor_cls.model.training.losses import stand_in_of
    from resistor_cls.tracking.references import version_reference

    config.reference = escaped(version_reference(config.reference, config.tracking.uri))
    # It refuses wrong options before a model is read.
    trainer = build_trainer(output_folder(), **trainer_options(config))
    if trainer.world_size > 1:
        raise ConfigError(
            f"trainer.devices={config.trainer.devices}: an evaluation uses one device; set "
            "trainer.devices=1"
        )
    if config.get("data") is not None:
        instantiate(config.data)
    figures = instantiate_all(config.figures)
    model = _model(config)
    data = _data(config, model)
    options = ReportOptions(config.reference, data.subset, **report_options(config))
    options.check(model.categories, data.preprocess.channels)
    if stand_in := stand_in_of(model.settings):
        log.info(
            "test/loss is %s: the model was trained with %s, whose code is not loaded",
            stand_in,
            model.settings["loss"],
        )
    _evaluate(config, model, data, options, figures)


def _check(config: "DictConfig") -> None:
    """Refuses, in milliseconds, what cannot be evaluated."""
    if config.reference is None:
        raise ConfigError("model is missing: add model=REF, such as model=runs:/RUN_ID/model")
    unknown_word = next((word for word in config.allow if word not in ALLOWED), None)
    if unknown_word is not None:
        raise ConfigError(f"--allow {unknown_word}: {nearest(str(unknown_word), ALLOWED)}")
    from resistor_cls.tracking import check_reference
    from resistor_cls.tracking.store.connection import check_store

    check_reference(config.reference, config.tracking.uri)
    if config.tracking.kind != "none":
        check_store(config.tracking.uri)


def _model(config: "DictConfig") -> "ResistorNetwork":
    """The model, with the chosen settings of inference."""
    from resistor_cls.model import load_network
    from resistor_cls.tracking import model_file

    with model_file(config.reference, config.tracking.uri) as file:
        model = load_network(file)
    model.set_inference(**config.inference)
    return model


def _evaluate(
    config: "DictConfig",
    model: "ResistorNetwork",
    data: "PhotoDataModule",
    options: "ReportOptions",
    figures: "Mapping[str, Callable[..., Figure]]",
) -> None:
    """Evaluates a model in its own run, and saves the results there."""
    from resistor_cls.config import log_config, output_folder, trainer_options
    from resistor_cls.inference.describe import data_set, describe, name_of, photos_of
    from resistor_cls.model import build_trainer
    from resistor_cls.tracking import open_run, save_results
    from resistor_cls.tracking.notes import evaluation_note
    from resistor_cls.tracking.run.names import evaluation_name, model_name

    named = bool(config.tracking.name)
    if not named:  # until the photos are counted
        config.tracking.name = escaped(f"evaluate {model_name(config.reference)}")
    with open_run(output_folder(), **config.tracking) as run:
        log_config(config, run)
        data.setup()
        if not data.photo_set.by_value:
            data.align_labels(model.categories, config.allow)
        trainer = build_trainer(run.output, **trainer_options(config), logger=run.logger)
        device = trainer.strategy.root_device
        save_results(run, describe(data, model.weights_from, trainer.precision, device))
        photos = photos_of(options.subset, name_of(data))
        counted = f"{len(data.test_indices)} {photos}"
        if not named:
            run.rename(evaluation_name(config.reference, counted))
        part = data_set(data, data.test_indices)
        run.log_data(part, "evaluation")
        run.log_evaluated(config.reference)
        overlap = _overlap(run, model, data)
        title = " · ".join(filter(None, [photos, overlap]))
        options = replace(options, title=title, overlap=overlap)
        if data.photo_set.by_value:
            metrics, results = _by_value(model.to(device), data, options)
        else:
            metrics, results = _by_category(model, data, options, trainer, figures)
        save_results(run, results)
        scores = {**metrics, **results.metrics}
        run.log_scores(scores, part)
        run.note(evaluation_note(run, config.reference, counted, metrics or scores, overlap))
    subject = " · ".join(filter(None, [counted, overlap]))
    log.info("\n%s", run.summary(scores, subject))


def _by_category(
    model: "ResistorNetwork",
    data: "PhotoDataModule",
    options: "ReportOptions",
    trainer: Any,
    figures: "Mapping[str, Callable[..., Figure]]",
) -> tuple["Mapping[str, float]", "Results"]:
    """The scores of photos with labels of the model, and the results of their evaluation.

    `trainer` is that of `build_trainer`: commands do not import Lightning.
    """
    from resistor_cls.evaluation.results import custom_figures
    from resistor_cls.inference.evaluate_model import evaluate_model, predictions_of
    from resistor_cls.model import ResistorTask, score

    task = ResistorTask(model)
    metrics = score(trainer, task, data)
    predictions = predictions_of(task.predictions, data, model.categories)
    model = model.to(trainer.strategy.root_device)
    results = evaluate_model(model, data, predictions, options)
    return metrics, results | custom_figures(figures, predictions)


def _by_value(
    model: "ResistorNetwork", data: "PhotoDataModule", options: "ReportOptions"
) -> tuple["Mapping[str, float]", "Results"]:
    """No scores of categories, and the results of photos that have values alone."""
    from resistor_cls.inference.evaluate_values import evaluate_by_value

    log.info("The table has values and no labels: the photos are evaluated by value alone")
    found = evaluate_by_value(
        model,
        data,
        title=options.title,
        reference=options.model,
        subset=options.subset,
        overlap=options.overlap,
        gallery=options.gallery,
        prefix=options.prefix,
    )
    return {}, found


def _overlap(run: "Run", model: "ResistorNetwork", data: "PhotoDataModule") -> str:
    """Warns, in the run too, of photos that trained the model; empty where there are none."""
    from resistor_cls.inference.describe import training_overlap
    from resistor_cls.tracking.notes import overlap_note

    overlap = training_overlap(data, model.metadata)
    run.set_tags({"data.seen_in_training": overlap.tag})
    if overlap.warning:
        run.note(overlap_note(overlap.warning))
    return overlap.warning


def _data(config: "DictConfig", model: "ResistorNetwork") -> "PhotoDataModule":
    """The photos that are named, or those of the model's own training."""
    from resistor_cls.config import instantiate
    from resistor_cls.data import data_module_from_settings

    if config.get("data") is not None:
        subset = "all" if config.subset == "auto" else config.subset
        # At the model's own size: a photo is resized once, as in training.
        preprocess = model.image_preprocessing()
        data: PhotoDataModule = instantiate(config.data, subset=subset, preprocess=preprocess)
        return data
    if "data" not in model.metadata:
        raise ConfigError(f"model={config.reference} has no photos of its own: add data=…")
    subset = "validation" if config.subset == "auto" else config.subset
    settings = model.metadata["data"]
    return data_module_from_settings(
        **settings,
        subset=subset,
        cache=config.paths.cache,
        preprocess=model.image_preprocessing(settings["image_size"]),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    words = _allowing(list(sys.argv[1:] if argv is None else argv))
    return run_hydra(
        evaluate, "evaluate", as_called(__doc__), [as_reference(word) for word in words]
    )


def _allowing(words: list[str]) -> list[str]:
    """`--allow A --allow=B` as the key `allow=[A,B]`."""
    rest, allowed = taken_out(words, "--allow")
    return [*rest, f"allow=[{','.join(map(quoted, allowed))}]"] if allowed else rest


if __name__ == "__main__":
    end_process(main())
