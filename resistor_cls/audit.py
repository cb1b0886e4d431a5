"""Reports what is wrong or risky in a set of labelled photos.

python -m resistor_cls.audit [data=…] [model=REF] [--strict] [key=value …]

Writes audit.html, for people, and audit.json, for scripts. Exits with 2 where photos cannot be
read; with --strict for any problem or risk. With model=REF it also lists the labels that the model
doubts; photos that the model was trained on are left out.

Examples:
  python -m resistor_cls.audit data=folder data.root=my_photos
  python -m resistor_cls.audit data=folder data.root=my_photos model=best.ckpt
  python -m resistor_cls.audit data=table data.table=photos.csv --strict tracking=mlflow
"""

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resistor_cls.config import run_hydra
from resistor_cls.config.calling import as_called
from resistor_cls.config.command_line import as_reference
from resistor_cls.errors import DataError, end_process, many, printable

if TYPE_CHECKING:
    import numpy as np
    from omegaconf import DictConfig

    from resistor_cls.data.sources.source import Source
    from resistor_cls.model import ResistorNetwork
    from resistor_cls.tracking import Run

log = logging.getLogger("resistor_cls")


def audit(config: "DictConfig") -> None:
    """Audits and reports on one set of photos.

    Raises:
        ResistorClsError: something that the user can fix; photos that cannot be read, after the
            report on the others is written.
    """
    # Here and not above, so that --help and a wrong key fail or print at once.
    from resistor_cls.tracking import check_reference

    if config.reference is not None:
        check_reference(config.reference, config.tracking.uri)
    from resistor_cls.config import flatten, output_folder, resolved
    from resistor_cls.data.audit import audit_photos, with_findings
    from resistor_cls.data.images.cache import fingerprint, open_cache
    from resistor_cls.data.images.resize import Resize
    from resistor_cls.data.sources.walk import log_left_out
    from resistor_cls.tracking import open_run

    model = None if config.reference is None else _checked_and_loaded(config)
    preprocess = Resize(config.data.image_size) if model is None else model.image_preprocessing()
    source = _source(config.data)
    with open_run(output_folder(), **config.tracking) as run:
        run.save_text("config/resolved.yaml", resolved(config))
        run.log_params(flatten(config))
        found = source.read()
        # Not by the data module: Lightning takes as much memory as all the rest.
        cache = open_cache(found, preprocess, Path(config.paths.cache))
        if model is None or not cache.metadata:  # else the data module logs it
            log_left_out(found.left_out, len(found), found.root)
        photo_set = found.select(cache.readable)
        report = audit_photos(
            photo_set,
            cache.metadata,
            cache.edge_descriptors,
            cache.unreadable,
            fingerprint=fingerprint(cache.contents, photo_set.labels),
            image_size=preprocess.size,
        )
        if model is not None and cache.metadata:
            labels, findings = _doubts(model, config, run)
            report = {**with_findings(report, findings), "labels": labels}
        run.set_tags({"data.fingerprint": report["fingerprint"]})
        _save(run, report, dict(zip(photo_set.names, cache.photos, strict=True)))
    page = run.output / "audit.html"
    log.info("\n%s", run.summary({}, _summary(report, page)))
    _check(report, page, config.strict)


def _source(data: "DictConfig") -> "Source":
    """The source of the photos, from the keys that it takes."""
    from resistor_cls.data.sources.by_name import make_source, options_of

    options = {key: data[key] for key in options_of(data.source) if key in data}
    return make_source(data.source, options)


def _save(run: "Run", report: Mapping[str, Any], photos: "Mapping[str, np.ndarray]") -> None:
    """Saves the report as JSON and as a page.

    Args:
        run: that it is saved in.
        report: from `audit_photos`.
        photos: file name → (rows, columns, channels) uint8.
    """
    import numpy as np

    from resistor_cls.data.images.decode import as_rgb
    from resistor_cls.evaluation.pages.audit import audit_page

    run.save_text("audit.json", json.dumps(report, indent=1, allow_nan=False))
    text = audit_page(report, lambda name: as_rgb(np.asarray(photos[name])))
    run.save_text("audit.html", text)


def _checked_and_loaded(config: "DictConfig") -> "ResistorNetwork":
    """Loads the model, after the options of its evaluation were checked."""
    from resistor_cls.config import instantiate, output_folder, trainer_options
    from resistor_cls.model import build_trainer, load_network
    from resistor_cls.tracking import model_file

    build_trainer(output_folder(), **trainer_options(config))
    instantiate(config.data)
    with model_file(config.reference, config.tracking.uri) as file:
        return load_network(file)


def _doubts(
    model: "ResistorNetwork", config: "DictConfig", run: "Run"
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The labels that a model doubts, and the findings about them."""
    import numpy as np

    from resistor_cls.config import instantiate, trainer_options
    from resistor_cls.evaluation.label_errors import doubted_labels, label_findings
    from resistor_cls.inference.evaluate_model import predictions_of
    from resistor_cls.model import ResistorTask, build_trainer, score

    preprocess = model.image_preprocessing()
    data = instantiate(config.data, subset="all", skip_unreadable=True, preprocess=preprocess)
    data.setup()
    model.categories.require(data.categories.names, f"the photos in {data.photo_set.root}")
    trainer = build_trainer(run.output, **trainer_options(config), logger=run.logger)
    task = ResistorTask(model)
    score(trainer, task, data)
    known = model.metadata.get("trained_on")
    pixel_hashes = [image.pixel_hash for image in data.metadata]
    trained = None if known is None else np.isin(pixel_hashes, list(known))
    predictions = predictions_of(task.predictions, data, model.categories)
    labels = doubted_labels(predictions, trained, str(config.reference))
    return labels, label_findings(labels)


def _summary(report: Mapping[str, Any], page: Path) -> str:

    counts = report["counts"]
    severities = ", ".join(many(counts[name], name) for name in ("problem", "risk", "note"))
    lines = [
        f"{many(counts['photos'], 'photo')} of {many(counts['categories'], 'category')}: "
        f"{severities}"
    ]
    lines += [
        f"  {finding['severity']:<8} {finding['title']}: {finding['found']}"
        for finding in report["findings"]
        if finding["severity"] != "note"
    ]
    for source, score in report["shortcuts"].items():
        result = score["reason"] or (
            f"{score['capture']['accuracy']:.1%} across blocks in capture order, "
            f"{score['stratified']['accuracy']:.1%} across random folds, "
            f"chance {score['most_frequent']:.1%}"
        )
        lines.append(f"category predicted from the {source} alone: {result}")
    lines.append(f"report: {page}")
    return "\n".join(map(printable, lines))  # names and cameras are untrusted text


def _check(report: Mapping[str, Any], page: Path, strict: bool) -> None:
    """Fails for what the report says.

    Raises:
        DataError: photos that cannot be read; with `strict`, any problem or risk.
    """
    from resistor_cls.errors import some_names

    names = [row["photo"] for row in report["files"]["unreadable"]]
    if names:
        raise DataError(
            f"{len(names)} of {len(names) + report['counts']['photos']} photos cannot be read: "
            f"{some_names(names)}; repair or remove them, the report is {page}"
        )
    serious = [row["title"] for row in report["findings"] if row["severity"] != "note"]
    if strict and serious:
        raise DataError(
            f"problems and risks: {len(serious)} in {report['folder']}: {some_names(serious)}; "
            f"the report is {page}"
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    words = sys.argv[1:] if argv is None else argv
    keys = ["strict=true" if word == "--strict" else as_reference(word) for word in words]
    return run_hydra(audit, "audit", as_called(__doc__), keys)


if __name__ == "__main__":
    end_process(main())
