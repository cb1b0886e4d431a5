"""Judges a saved model on labelled photos.

python -m resistor_cls.evaluate model=REF [data=… key=value …]

REF is a checkpoint file, runs:/RUN_ID/model, models:/NAME@ALIAS, or rendered for the model that
comes with the package. Without data=… the model is judged on the validation photos of its own
training.

Examples:
  python -m resistor_cls.evaluate model=runs:/RUN_ID/model
  python -m resistor_cls.evaluate model=best.ckpt data=folder data.root=other_photos
  python -m resistor_cls.evaluate model=best.ckpt tracking=none
"""

import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from resistor_cls.config import as_reference, run_hydra
from resistor_cls.errors import ConfigError

if TYPE_CHECKING:
    from omegaconf import DictConfig

log = logging.getLogger("resistor_cls")


def evaluate(config: "DictConfig") -> None:
    """Judges and tracks one model.

    Raises:
        ResistorClsError: something that the user can mend.
    """
    if config.reference is None:
        raise ConfigError("model is missing: add model=REF, such as model=runs:/RUN_ID/model")
    # Here and not above, so that --help and a mistyped key answer at once.
    from resistor_cls.config import flatten, instantiate, output_folder, resolved
    from resistor_cls.data import PhotoDataModule
    from resistor_cls.model import ResistorClassifier, build_trainer
    from resistor_cls.tracking import open_run, resolve_model
    from resistor_cls.tracking.report import describe, judged, mark_seen, save_predictions

    model = ResistorClassifier.load(resolve_model(config.reference, config.tracking.uri))
    config.tracking.name = config.tracking.name or f"evaluate {config.reference}"
    own = config.get("data") is None
    subset = config.subset if config.subset != "auto" else ("validation" if own else "all")
    if own and "data" not in model.record:
        raise ConfigError(f"model={config.reference} has no photos of its own: add data=…")
    if own:
        given = {"subset": subset, "cache": config.paths.cache}
        prepare = model.preparation(model.record["data"]["image_size"])
        data = PhotoDataModule(**model.record["data"], **given, prepare=prepare)
    else:
        # At the model's own size: a photo is resized once, as in training.
        data = instantiate(config.data, subset=subset, prepare=model.preparation())

    with open_run(output_folder(), **config.tracking) as run:
        run.save_text("config/resolved.yaml", resolved(config))
        run.log_params(flatten(config))
        data.setup()
        model.categories.require(data.categories.names, f"the photos in {data.photo_set.root}")
        trainer = build_trainer(run.output, **config.trainer, logger=run.logger)
        describe(run, data, model, trainer)
        mark = mark_seen(run, data, model.record)
        (metrics,) = trainer.test(model, data, verbose=False)
        title = " · ".join(filter(None, [f"{subset} photos", mark]))
        save_predictions(run, judged(model, data), data, title)
    subject = " · ".join(filter(None, [f"{len(data.test_indices)} photos", mark]))
    log.info("\n%s", run.summary(metrics, subject))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    words = sys.argv[1:] if argv is None else argv
    return run_hydra(evaluate, "evaluate", __doc__ or "", [as_reference(word) for word in words])


if __name__ == "__main__":
    sys.exit(main())
