"""A model's judgement in a run: tables, figures, and the page that shows all of them."""

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
from resistor_cls.data import PhotoDataModule
from resistor_cls.data.images.decode import RGB, as_rgb
from resistor_cls.errors import ConfigError, ModelError, some_names
from resistor_cls.evaluation import (
    Predictions,
    confusion_counts,
    confusion_figure,
    gallery_figure,
    overlay,
    pairs_figure,
    per_category,
    precision_recall_figure,
    reliability_figure,
    risk_coverage_figure,
    roc_figure,
    saliency_figure,
    stress_figure,
    svg,
    unknown_figure,
)
from resistor_cls.evaluation.calibration import (
    RISKS,
    CalibratedPredictions,
    Calibration,
    apply_calibration,
    cross_fitted,
    fit_calibration,
)
from resistor_cls.evaluation.electrical import read_costs
from resistor_cls.evaluation.ood import unknown_report
from resistor_cls.evaluation.pages.report import MAX_ROWS, report_page
from resistor_cls.evaluation.report import plain, report_of, rows_of, stress_of
from resistor_cls.inference.checks.checks import (
    check_occlusion,
    check_ood,
    check_robustness,
    saliency_of,
)
from resistor_cls.inference.checks.corruptions import CORRUPTIONS, SEVERITIES
from resistor_cls.model import ResistorNetwork, ResistorTask
from resistor_cls.tracking.confusion import save_confusion
from resistor_cls.tracking.datasets import name_of
from resistor_cls.tracking.run.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger("resistor_cls")

PAIRED = 3  # photos on either side of a confused pair


@dataclass(frozen=True)
class ReportOptions:
    """What a report says besides the numbers, and what it tries.

    Attributes:
        model: reference of the model.
        subset: which photos.
        title: above every figure, such as `Epoch 3, the best`.
        seen: a warning that the model was trained on them; empty where it was not.
        stress: repeat the judgement under stress.
        unknown: photos of each unknown kind that are drawn; 0 for none.
        costs: a table of costs of errors, or None.
        gallery: photos of each gallery; 18 are three rows of six, a screen full.
        saliency: show and measure what the model looks at.
        prefix: of the names of metrics.
    """

    model: str
    subset: str
    title: str = ""
    seen: str = ""
    stress: bool = False
    unknown: int = 100
    costs: str | Path | None = None
    gallery: int = 18
    saliency: bool = True
    prefix: str = "test/"

    def check(self, categories: Categories, channels: int = RGB) -> None:
        """Finds out before any work what would only be found after it.

        Args:
            categories: the model's.
            channels: of the photos.

        Raises:
            ConfigError: a number of photos that cannot be, stress of photos that are not RGB.
            DataError: a table of costs that cannot be used.
        """
        if self.unknown < 0:
            raise ConfigError(f"unknown={self.unknown}: expected 0 or more")
        if self.gallery < 1:
            raise ConfigError(f"gallery={self.gallery}: expected 1 or more")
        if self.stress and channels != RGB:
            raise ConfigError(
                f"stress=true, but model.channels={channels}: bad light and cameras are made up "
                "for RGB photos alone; set stress=false"
            )
        self.read_costs(categories)

    def read_costs(self, categories: Categories) -> tuple[str, np.ndarray] | None:
        """Name and values of the costs of errors; None where there are none."""
        if self.costs is None:
            return None
        file = Path(self.costs)
        return file.name, read_costs(file, categories)


def judged(task: ResistorTask, data: PhotoDataModule) -> Predictions:
    """The newest predictions of a model, beside the photos that they are of."""
    found: dict[str, Any] = {name: one.numpy() for name, one in task.predictions.items()}
    indices = found["indices"]
    return Predictions(
        names=tuple(data.photo_set.names[index] for index in indices),
        **found,
        categories=task.network.categories,
        located=None if data.located is None else data.located[indices],
        bursts=data.bursts[indices],
    )


def require_numbers(predictions: Predictions) -> None:
    """Checks that there is something to judge.

    Raises:
        ModelError: probabilities that are no numbers.
    """
    broken = int((~np.isfinite(predictions.probabilities).all(axis=1)).sum())
    if broken:
        raise ModelError(
            f"the model's probabilities of {broken} of {len(predictions.names)} photos are no "
            "numbers, because its training diverged: lower optimizer.lr, or set "
            "trainer.gradient_clip_val=1"
        )


def calibration_record(predictions: Predictions, data: PhotoDataModule) -> dict[str, Any]:
    """What held-out photos teach a model of its own sureness, as plain values to be kept with it.

    Returns:
        A calibration, and the `pixels` of the photos that it was fitted on.

    Raises:
        ModelError: see `require_numbers`.
    """
    require_numbers(predictions)
    fitted = fit_calibration(
        predictions.probabilities, predictions.targets, predictions.located, predictions.features
    )
    pixels = sorted({data.metadata[index].pixel_hash for index in predictions.indices})
    return {**fitted.to_dict(), "pixels": pixels}


def calibrate_predictions(
    record: Mapping[str, Any], predictions: Predictions, data: PhotoDataModule
) -> CalibratedPredictions | None:
    """Predictions by the model's own calibration, or by one that the photos fit in turns.

    The second where the model has none, and where these photos are the ones that fitted it: it
    would be judged on what it was made of.

    Returns:
        None where there is neither.
    """
    own = record.get("calibration")
    if own is not None:
        used = set(own["pixels"])
        if not any(data.metadata[index].pixel_hash in used for index in predictions.indices):
            own = Calibration.from_dict(own)
            return apply_calibration(
                predictions.probabilities, own, predictions.located, predictions.features
            )
    assert predictions.bursts is not None
    return cross_fitted(
        predictions.probabilities,
        predictions.targets,
        predictions.bursts,
        predictions.located,
        predictions.features,
    )


def save_judgement(
    run: Run,
    model: ResistorNetwork,
    data: PhotoDataModule,
    predictions: Predictions,
    options: ReportOptions,
) -> dict[str, float]:
    """Keeps all that there is to say of a model's predictions: `report.html` and what it shows.

    Args:
        run: that gets it.
        model: that predicted, on the device to work on.
        data: the photos.
        predictions: of the model.
        options: what to say and to try.

    Returns:
        The numbers that the run keeps as metrics, beside those that Lightning has logged.

    Raises:
        DataError: a table of costs, or of boxes, that cannot be used.
        ModelError: see `require_numbers`.
    """
    require_numbers(predictions)
    model.eval()
    found = calibrate_predictions(model.metadata, predictions, data)
    predictions = predictions.answered(found)
    attention = check_occlusion(model, data, predictions, options.saliency)
    predictions = replace(predictions, attention=attention)
    return _Judgement(run, model, data, predictions, found, options).save()


@dataclass(frozen=True)
class _Judgement:
    """What `save_judgement` is given, and what is known by then."""

    run: Run
    model: ResistorNetwork
    data: PhotoDataModule
    predictions: Predictions
    found: CalibratedPredictions | None
    options: ReportOptions

    def save(self) -> dict[str, float]:
        run, predictions, title = self.run, self.predictions, self.options.title
        report = plain(self._report())
        _say_what_is_undefined(report)
        run.save_file("tables/predictions.csv", predictions.write)
        run.save_table("per_category", per_category(predictions))
        save_confusion(run, predictions, "confusion_matrix", title)
        counts, order = confusion_counts(predictions), report["confusion"]["order"]
        ordered = confusion_figure(
            counts, predictions.categories, f"{title}: confused ones together", order
        )
        run.save_figure("confusion_matrix_ordered", ordered)
        charts = _charts(report, predictions)
        for name, figure in {**charts, **self._galleries()}.items():
            run.save_figure(name, figure)
        if report["pairs"]:
            run.save_figure("confused_pairs", self._pairs(report["pairs"]))
        heats = self._saliency() if self.options.saliency else {}
        text = json.dumps(report, indent=1, allow_nan=False, ensure_ascii=False)
        run.save_text("report.json", text)
        place = {
            name: int(i) for name, i in zip(predictions.names, predictions.indices, strict=True)
        }
        page = report_page(
            {**report, "predictions": rows_of(predictions, MAX_ROWS, self._risk)},
            {name: svg(figure) for name, figure in charts.items()},
            lambda name: as_rgb(self.data.photo(place[name])),
            heats,
            self.options.gallery,
        )
        run.save_text("report.html", page)
        metrics = {f"{self.options.prefix}{key}": value for key, value in _metrics(report).items()}
        run.log_metrics(metrics)
        return metrics

    @property
    def _risk(self) -> float | None:
        return None if self.found is None else self.found.calibration.guaranteed_risk

    def _report(self) -> dict[str, Any]:
        options, data, found = self.options, self.data, self.found
        costs = options.read_costs(self.model.categories)
        calibration, basis = (None, "") if found is None else (found.calibration, found.basis)
        return {
            **report_of(self.predictions, calibration, basis, costs),
            "title": options.title,
            "model": options.model,
            "data": {
                "name": name_of(data),
                "subset": options.subset,
                "fingerprint": data.fingerprint,
                "seen": options.seen,
            },
            "made": datetime.now().isoformat(timespec="seconds"),
            "unknown": self._unknown(),
            "stress": self._stress() if options.stress else None,
        }

    def _unknown(self) -> dict[str, Any] | None:
        count, known = self.options.unknown, self.predictions.unknown
        if count and self.data.preprocess.channels != RGB:
            log.info("No unknown things are drawn: drawings are RGB, these photos are not")
            count = 0
        if self.found is None or known is None:
            return None
        if not count and not len(self.data.ood_indices):
            return None
        table = check_ood(self.model, self.data, self.found, count)
        self.run.save_table("unknown", table)
        parts = {str(kind): part for kind, part in table.groupby("kind", sort=False)}

        def accepted(column: str) -> dict[str, np.ndarray] | None:
            if not table[column].notna().any():
                return None
            return {kind: part[column].eq(True).to_numpy() for kind, part in parts.items()}

        return unknown_report(
            known,
            {kind: part["unknown"].to_numpy(float) for kind, part in parts.items()},
            accepted("accepted"),
            {kind: part["located"].to_numpy(bool) for kind, part in parts.items()}
            if self.predictions.located is not None
            else None,
            "1 - calibrated confidence; 1 where no body was found"
            if self.predictions.familiar is None
            else "distance to the nearest calibration photo, 1 at the limit; 3 where it is three "
            "times the limit or more, or no body was found",
            accepted_at={str(risk): accepted(f"accepted:{risk}") for risk in RISKS},
        )

    def _stress(self) -> dict[str, Any]:
        table = check_robustness(self.model, self.data, self.predictions, self.found)
        self.run.save_table("stress_predictions", table)
        part = stress_of(table, self.predictions, self._risk)
        for row in part["rows"]:
            row["name"] = SEVERITIES[row["strength"] - 1]
            row["amount"] = CORRUPTIONS[row["kind"]].amount(row["strength"])
        self.run.save_table("stress", pd.DataFrame(part["rows"]))
        return part

    def _photos(self, places: Sequence[int]) -> list[np.ndarray]:
        indices = self.predictions.indices
        return [as_rgb(self.data.photo(int(indices[place]))) for place in places]

    def _chosen(self) -> dict[str, np.ndarray]:
        """Positions of the predictions of each gallery."""
        order, most = np.argsort(self.predictions.losses, kind="stable"), self.options.gallery
        return {
            "best": order[:most],
            "worst": order[::-1][:most],
            "random": np.random.default_rng(0).permutation(len(order))[:most],
        }

    def _captions(self, places: np.ndarray) -> list[str]:
        rows = self.predictions.select(places).table().to_dict("records")
        return [
            f"{row['label']}\nread as {row['prediction']} ({row['probability']:.0%})\n"
            f"loss {row['loss']:.3f}"
            for row in rows
        ]

    def _galleries(self) -> dict[str, "Figure"]:
        return {
            f"predictions_{name}": gallery_figure(
                self._photos(places.tolist()),
                self._captions(places),
                self.predictions.right[places].tolist(),
                f"{self.options.title}: {name} predictions",
            )
            for name, places in self._chosen().items()
        }

    def _pairs(self, pairs: Sequence[Mapping[str, Any]]) -> "Figure":
        """Photos that were confused, beside right ones of the category that they were taken for."""
        predictions = self.predictions
        place = {name: number for number, name in enumerate(predictions.names)}
        rows = []
        for pair in pairs:
            other = predictions.categories.index(pair["prediction"])
            right = np.flatnonzero(predictions.right & (predictions.targets == other))
            wrong = [place[name] for name in pair["names"]]
            rows.append(
                (
                    f"{pair['label']} read as {pair['prediction']}: {pair['photos']}",
                    self._photos(wrong[:PAIRED]),
                    f"right ones of {pair['prediction']}",
                    self._photos(right[:PAIRED].tolist()),
                )
            )
        return pairs_figure(rows, self.options.title)

    def _saliency(self) -> dict[str, np.ndarray]:
        """Figures of what decided the best and the worst predictions; photo → its picture."""
        heats: dict[str, np.ndarray] = {}
        for name in ("best", "worst"):
            places = self._chosen()[name]
            try:
                found = dict(saliency_of(self.model, self.data, self.predictions, places))
            except ModelError as error:
                log.warning("No saliency: %s", error)
                return {}
            photos = self._photos(places.tolist())
            figure = saliency_figure(
                photos,
                [found[place] for place in places],
                self._captions(places),
                self.predictions.right[places].tolist(),
            )
            self.run.save_figure(f"saliency_{name}", figure)
            heats |= {
                self.predictions.names[place]: overlay(photo, found[place])
                for place, photo in zip(places, photos, strict=True)
            }
        return heats


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
        ("unknown", "unknown", unknown_figure),
        ("stress", "stress", stress_figure),
    ):
        if report[part] is not None:
            charts[name] = draw(report[part])
    return charts


def _say_what_is_undefined(report: Mapping[str, Any]) -> None:
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
    """What is not logged by every validation anyway; without what is undefined."""
    trade, calibration = report["trade"], report["calibration"]
    metrics = {f"{name}_right": trade[name]["share"] for name in ("value", "watts", "bands")}
    if calibration is not None:
        metrics |= {"ece": calibration["ece"]["after"], "brier": calibration["brier"]["after"]}
        metrics |= {f"coverage_at_{row['risk']}": row["coverage"] for row in calibration["reject"]}
    if report["unknown"] is not None:
        metrics["unknown_auroc"] = report["unknown"]["kinds"][-1]["auroc"]
    if report["attention"] is not None:
        metrics["saliency_on_body"] = report["attention"]["on_body"]["mean"]
    return {name: value for name, value in metrics.items() if value is not None}
