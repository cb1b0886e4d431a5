"""Evaluates a model: its report as JSON and HTML, with the tables and figures that it shows."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resistor_cls.categories import Categories
from resistor_cls.data.images.decode import RGB, as_rgb
from resistor_cls.errors import ConfigError, ModelError, some_names
from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.calibration import CalibratedPredictions
from resistor_cls.evaluation.electrical import read_costs
from resistor_cls.evaluation.figures import (
    confusion_figure,
    ood_figure,
    precision_recall_figure,
    reliability_figure,
    risk_coverage_figure,
    robustness_figure,
    roc_figure,
    svg,
)
from resistor_cls.evaluation.pages.report import MAX_ROWS, report_page
from resistor_cls.evaluation.report import plain, report_of, rows_of
from resistor_cls.evaluation.results import Results, confusion_results
from resistor_cls.evaluation.tables import confusion_counts, per_category
from resistor_cls.inference.calibrate import calibrate_predictions, require_finite
from resistor_cls.inference.checks.occlusion import check_occlusion
from resistor_cls.inference.checks.ood import check_ood, report_ood
from resistor_cls.inference.checks.robustness import check_robustness, report_robustness
from resistor_cls.inference.describe import name_of
from resistor_cls.inference.evaluate_values import evaluate_readings, value_figures
from resistor_cls.inference.galleries import Galleries

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import Tensor

    from resistor_cls.data import PhotoDataModule
    from resistor_cls.model import ResistorNetwork

log = logging.getLogger("resistor_cls")


@dataclass(frozen=True)
class ReportOptions:
    """What a report contains beside the scores.

    Attributes:
        model: reference of the model.
        subset: which photos.
        title: above every figure, such as `Epoch 3, the best`.
        overlap: a warning that the model was trained on the photos; empty where it was not.
        robustness: predict again under corruptions (key `stress`).
        ood: synthetic OOD photos of each kind (key `unknown`); 0 for none.
        costs: a table of costs of errors, or None.
        gallery: photos of each gallery; 18 are three rows of six, a screen full.
        saliency: show saliency maps, and measure the share of the saliency on the body.
        prefix: of the names of metrics.
    """

    model: str
    subset: str
    title: str = ""
    overlap: str = ""
    robustness: bool = False
    ood: int = 100
    costs: str | Path | None = None
    gallery: int = 18
    saliency: bool = True
    prefix: str = "test/"

    def check(self, categories: Categories, channels: int = RGB) -> None:
        """Refuses, before any work, what could only fail after it.

        Raises:
            ConfigError: a number of photos that is too small, or corruptions of photos that are
                not RGB.
            DataError: a table of costs that cannot be used.
        """
        if self.ood < 0:
            raise ConfigError(f"unknown={self.ood}: expected 0 or more")
        if self.gallery < 1:
            raise ConfigError(f"gallery={self.gallery}: expected 1 or more")
        if self.robustness and channels != RGB:
            raise ConfigError(
                f"stress=true, but model.channels={channels}: corruptions are made for RGB photos "
                "alone; set stress=false"
            )
        self.read_costs(categories)

    def read_costs(self, categories: Categories) -> tuple[str, np.ndarray] | None:
        """File name and (categories, categories) costs of errors; None where there are none."""
        if self.costs is None:
            return None
        file = Path(self.costs)
        return file.name, read_costs(file, categories)


def predictions_of(
    outputs: Mapping[str, "Tensor"], data: "PhotoDataModule", categories: Categories
) -> Predictions:
    """The predictions of a validation or a test, beside the photos.

    Args:
        outputs: see `ResistorTask.predictions`.
        data: the photos.
        categories: the model's.
    """
    arrays: dict[str, Any] = {name: values.numpy() for name, values in outputs.items()}
    indices = arrays["indices"]
    return Predictions(
        names=tuple(data.photo_set.names[index] for index in indices),
        **arrays,
        categories=categories,
        located=None if data.located is None else data.located[indices],
        bursts=data.bursts[indices],
    )


def evaluate_model(
    model: "ResistorNetwork",
    data: "PhotoDataModule",
    predictions: Predictions,
    options: ReportOptions,
) -> Results:
    """Evaluates predictions and checks what the model relies on.

    Args:
        model: that predicted, on the device to work on.
        data: the photos.
        predictions: of the model.
        options: what the report contains.

    Returns:
        `report.html`, `report.json` and the tables and figures that they are made of. The metrics
        are those that no validation logs; undefined ones are left out.

    Raises:
        DataError: a table of costs, or of boxes, that cannot be used.
        ModelError: see `require_finite`.
    """
    require_finite(predictions)
    model.eval()
    calibrated = calibrate_predictions(model.metadata, predictions, data)
    predictions = predictions.with_calibration(calibrated)
    occlusion = check_occlusion(model, data, predictions, options.saliency)
    readings, values, value_parts = evaluate_readings(
        model, data, predictions.indices, options.title, options.prefix
    )
    predictions = replace(predictions, occlusion=occlusion, readings=readings)
    report, checks = _report(model, data, predictions, calibrated, options)
    report["values"] = values
    _warn_of_undefined(report)
    tables = Results(
        metrics={f"{options.prefix}{name}": value for name, value in _metrics(report).items()},
        tables={"per_category": per_category(predictions)},
        files={"tables/predictions.csv": predictions.write},
    )
    confusion = _confusion(predictions, report["confusion"]["order"], options.title)
    risk = None if calibrated is None else calibrated.calibration.guaranteed_risk
    rows = rows_of(predictions, MAX_ROWS, risk)
    galleries = Galleries(data, predictions, options.title, options.gallery)
    maps, overlays = _saliency(model, galleries) if options.saliency else ({}, {})
    shown = Results(figures=maps) | _page(report, rows, galleries, overlays)
    return checks | tables | confusion | shown | value_parts


def evaluate_test_set(
    model: "ResistorNetwork",
    data: "PhotoDataModule",
    predictions: Predictions,
    title: str = "Test photos",
) -> Results:
    """Evaluates predictions of photos that neither trained nor validated the model.

    Args:
        model: that predicted, with its calibration in its metadata.
        data: the photos.
        predictions: of the test photos.
        title: of the figure.

    Returns:
        The tables `test_predictions` and `test_per_category`, and the confusion matrix
        `test_confusion_matrix` as a figure and a table. Of a network that reads bands also what
        `evaluate_readings` gives, as `test_…`, and the metrics `test/value_…`.

    Raises:
        ModelError: see `require_finite`.
    """
    require_finite(predictions)
    predictions = predictions.with_calibration(
        calibrate_predictions(model.metadata, predictions, data)
    )
    readings, _, values = evaluate_readings(model, data, predictions.indices, title, "test/")
    predictions = replace(predictions, readings=readings)
    tables = Results(
        tables={
            "test_per_category": per_category(predictions),
            **{f"test_{name}": table for name, table in values.tables.items()},
        },
        metrics=values.metrics,
        figures={f"test_{name}": figure for name, figure in values.figures.items()},
        files={"tables/test_predictions.csv": predictions.write},
    )
    return tables | confusion_results(predictions, "test_confusion_matrix", title)


def _report(
    model: "ResistorNetwork",
    data: "PhotoDataModule",
    predictions: Predictions,
    calibrated: CalibratedPredictions | None,
    options: ReportOptions,
) -> tuple[dict[str, Any], Results]:
    """What `report.json` holds, and the tables of the checks behind it."""
    calibration = basis = ood = robustness = None
    tables: dict[str, pd.DataFrame] = {}
    if calibrated is not None:
        calibration, basis = calibrated.calibration, calibrated.basis
        ood_table = check_ood(model, data, calibrated, options.ood)
        if ood_table is not None:
            tables["unknown"], ood = ood_table, report_ood(ood_table, predictions)
    if options.robustness:
        repeats = check_robustness(model, data, predictions, calibrated)
        risk = None if calibration is None else calibration.guaranteed_risk
        robustness = report_robustness(repeats, predictions, risk)
        tables |= {"stress_predictions": repeats, "stress": pd.DataFrame(robustness["rows"])}
    costs = options.read_costs(model.categories)
    report = {
        **report_of(predictions, calibration, basis or "", costs),
        "title": options.title,
        "model": options.model,
        "data": {
            "name": name_of(data),
            "subset": options.subset,
            "fingerprint": data.fingerprint,
            "seen": options.overlap,
        },
        "made": datetime.now().isoformat(timespec="seconds"),
        "unknown": ood,
        "stress": robustness,
    }
    return plain(report), Results(tables=tables)


def _confusion(predictions: Predictions, order: Sequence[int], title: str) -> Results:
    """The confusion matrix, and the same in an order that puts confused categories together."""
    counts, categories = confusion_counts(predictions), predictions.categories
    ordered = confusion_figure(counts, categories, f"{title}: confused ones together", order)
    matrix = confusion_results(predictions, "confusion_matrix", title)
    return matrix | Results(figures={"confusion_matrix_ordered": ordered})


def _saliency(
    model: "ResistorNetwork", galleries: Galleries
) -> tuple[dict[str, "Figure"], dict[str, np.ndarray]]:
    """See `Galleries.saliency`; nothing of a backbone without feature maps."""
    try:
        return galleries.saliency(model)
    except ModelError as error:
        log.warning("No saliency: %s", error)
        return {}, {}


def _page(
    report: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    galleries: Galleries,
    overlays: Mapping[str, np.ndarray],
) -> Results:
    """`report.json`, `report.html` and the figures that the page shows."""
    predictions = galleries.predictions
    charts = _charts(report, predictions)
    figures = {**charts, **galleries.figures()}
    if report["pairs"]:
        figures["confused_pairs"] = galleries.confused_pairs(report["pairs"])
    index_of = dict(zip(predictions.names, predictions.indices.tolist(), strict=True))
    page = report_page(
        {**report, "predictions": rows},
        {name: svg(figure) for name, figure in charts.items()},
        lambda name: as_rgb(galleries.data.photo(index_of[name])),
        overlays,
        galleries.size,
    )
    text = json.dumps(report, indent=1, allow_nan=False, ensure_ascii=False)
    return Results(figures=figures, texts={"report.json": text, "report.html": page})


def _charts(report: Mapping[str, Any], predictions: Predictions) -> dict[str, "Figure"]:
    """Figures that show no photo, and that the page shows too."""
    likely, targets = predictions.probabilities, predictions.targets
    charts = {
        "roc": roc_figure(likely, targets, predictions.categories),
        "precision_recall": precision_recall_figure(likely, targets, predictions.categories),
    }
    for name, part, draw in (
        ("reliability", "calibration", reliability_figure),
        ("risk_coverage", "calibration", risk_coverage_figure),
        ("unknown", "unknown", ood_figure),
        ("stress", "stress", robustness_figure),
    ):
        if report[part] is not None:
            charts[name] = draw(report[part])
    return charts if report["values"] is None else {**charts, **value_figures(report["values"])}


def _warn_of_undefined(report: Mapping[str, Any]) -> None:
    undefined = [row["words"] for row in report["metrics"] if row["value"] is None]
    if undefined:
        log.warning(
            "%s is undefined: it takes photos of two categories or more", ", ".join(undefined)
        )
    if report["empty"]:
        log.warning(
            "%d categories have no photo here, and scores are those of the others: %s",
            len(report["empty"]),
            some_names(report["empty"]),
        )
    if report["calibration"] is None:
        log.warning(
            "Too few bursts of photos to fit a calibration and evaluate it: none is reported"
        )


def _metrics(report: Mapping[str, Any]) -> dict[str, float]:
    """Scores that no validation logs; undefined ones are left out."""
    electrical, calibration = report["trade"], report["calibration"]
    metrics = {f"{name}_right": electrical[name]["share"] for name in ("value", "watts", "bands")}
    if calibration is not None:
        metrics |= {"ece": calibration["ece"]["after"], "brier": calibration["brier"]["after"]}
        metrics |= {f"coverage_at_{row['risk']}": row["coverage"] for row in calibration["reject"]}
    if report["unknown"] is not None:
        metrics["unknown_auroc"] = report["unknown"]["kinds"][-1]["auroc"]
    if report["attention"] is not None:
        metrics["saliency_on_body"] = report["attention"]["on_body"]["mean"]
    return {name: value for name, value in metrics.items() if value is not None}
