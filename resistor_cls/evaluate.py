"""Judges a saved model on labelled photos.

python -m resistor_cls.evaluate model=REF [data=… key=value …]

REF is a checkpoint file, runs:/RUN_ID/model, models:/NAME@ALIAS, or rendered for the model that
comes with the package. Without data=… the model is judged on the validation photos of its own
training. Writes report.html, one page that opens without a server, and all that it shows as figures
and tables.

--allow subset judges photos that lack some of the model's categories; --allow unknown takes photos
of further categories as unknown input. stress=true repeats the judgement under bad light, blur,
noise and the like.

Examples:
  python -m resistor_cls.evaluate model=runs:/RUN_ID/model
  python -m resistor_cls.evaluate model=best.ckpt data=folder data.root=other_photos
  python -m resistor_cls.evaluate model=best.ckpt tracking=none stress=true
  python -m resistor_cls.evaluate model=best.ckpt data=folder data.root=a_few --allow subset
"""

import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from resistor_cls.config import run_hydra
from resistor_cls.config.calling import as_called
from resistor_cls.config.command_line import as_reference, escaped, quoted, taken_out
from resistor_cls.errors import ConfigError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.figure import Figure
    from omegaconf import DictConfig

    from resistor_cls.data import PhotoDataModule
    from resistor_cls.model import ResistorNetwork
    from resistor_cls.tracking.judgement import ReportOptions

log = logging.getLogger("resistor_cls")

ALLOWED = ("subset", "unknown")


def evaluate(config: "DictConfig") -> None:
    """Judges and tracks one model.

    Raises:
        ResistorClsError: something that the user can mend.
    """
    if config.reference is None:
        raise ConfigError("model is missing: add model=REF, such as model=runs:/RUN_ID/model")
    unknown_word = next((word for word in config.allow if word not in ALLOWED), None)
    if unknown_word is not None:
        raise ConfigError(f"--allow {unknown_word}: {nearest(str(unknown_word), ALLOWED)}")
    # Here and not above, so that --help and a wrong word answer at once.
    from resistor_cls.tracking import check_reference
    from resistor_cls.tracking.store.store import check_store

    check_reference(config.reference, config.tracking.uri)
    if config.tracking.kind != "none":
        check_store(config.tracking.uri)
    from resistor_cls.config import instantiate, instantiate_all, output_folder
    from resistor_cls.model import ResistorNetwork, build_trainer
    from resistor_cls.model.training.losses import stand_in_of
    from resistor_cls.tracking import model_file
    from resistor_cls.tracking.judgement import ReportOptions

    build_trainer(output_folder(), **config.trainer)  # refuses wrong options before a model is read
    if config.get("data") is not None:
        instantiate(config.data)
    figures = instantiate_all(config.figures)
    with model_file(config.reference, config.tracking.uri) as file:
        model = ResistorNetwork.load(file)
    model.set_inference(**config.inference)
    data = _data(config, model)
    options = ReportOptions(
        model=config.reference,
        subset=data.subset,
        stress=config.stress,
        unknown=config.unknown,
        costs=config.costs,
        gallery=config.gallery,
        saliency=config.saliency,
    )
    options.check(model.categories, data.preprocess.channels)
    if stand_in_of(model.settings):
        log.info(
            "test/loss is %s: the model was trained with %s, whose code is not loaded",
            stand_in_of(model.settings),
            model.settings["loss"],
        )

    _report(config, model, data, options, figures)


def _report(
    config: "DictConfig",
    model: "ResistorNetwork",
    data: "PhotoDataModule",
    options: "ReportOptions",
    figures: "Mapping[str, Callable[..., Figure]]",
) -> None:
    """Evaluates a model in a run of its own, and keeps there what comes out."""
    from resistor_cls.config import chosen_options, flatten, output_folder, resolved
    from resistor_cls.model import ResistorTask, build_trainer, score
    from resistor_cls.tracking import open_run
    from resistor_cls.tracking.custom_figures import save_custom_figures
    from resistor_cls.tracking.datasets import data_set, name_of
    from resistor_cls.tracking.judgement import judged, save_judgement
    from resistor_cls.tracking.report import describe, describe_evaluation, mark_seen
    from resistor_cls.tracking.run.names import evaluation_name, model_name, photos_of
    from resistor_cls.tracking.run.parameters import parameters

    # Until the photos are counted.
    named = bool(config.tracking.name)
    if not named:
        config.tracking.name = escaped(f"evaluate {model_name(config.reference)}")
    with open_run(output_folder(), **config.tracking) as run:
        run.save_text("config/resolved.yaml", resolved(config))
        run.log_params(parameters(flatten(config), chosen_options()))
        data.setup()
        data.align_labels(model.categories, config.allow)
        trainer = build_trainer(run.output, **config.trainer, logger=run.logger)
        task = ResistorTask(model)
        describe(run, data, task, trainer)
        photos, count = name_of(data), len(data.test_indices)
        if not named:
            run.rename(evaluation_name(config.reference, count, options.subset, photos))
        part = data_set(data, data.test_indices)
        run.log_data(part, "evaluation")
        run.log_evaluated(config.reference)
        mark = mark_seen(run, data, model.metadata)
        metrics = score(trainer, task, data)
        title = " · ".join(filter(None, [photos_of(options.subset, photos), mark]))
        model.to(trainer.strategy.root_device)
        options = replace(options, title=title, seen=mark)
        predictions = judged(task, data)
        scores = save_judgement(run, model, data, predictions, options)
        save_custom_figures(run, figures, predictions)
        run.log_scores({**metrics, **scores}, part)
        counted = f"{count} {photos_of(options.subset, photos)}"
        describe_evaluation(run, config.reference, counted, mark, metrics)
    subject = " · ".join(filter(None, [counted, mark]))
    log.info("\n%s", run.summary({**metrics, **scores}, subject))


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
    sys.exit(main())
