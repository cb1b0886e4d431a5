"""Evaluates the values that a network reads: on any photos whose ohms are known."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resistor_cls.data.images.decode import as_rgb
from resistor_cls.decoding import ValueReading, read_values
from resistor_cls.errors import ConfigError
from resistor_cls.evaluation.figures import band_confusion_figure, svg, value_risk_figure
from resistor_cls.evaluation.pages.values import value_page
from resistor_cls.evaluation.report import VERSION, plain
from resistor_cls.evaluation.results import Results
from resistor_cls.evaluation.values import (
    ValuePredictions,
    align_bands,
    band_confusion_table,
    value_groups,
    value_report,
    value_rows,
)
from resistor_cls.evaluation.values.band_confusion import band_confusion
from resistor_cls.inference.batches import predict_probabilities
from resistor_cls.inference.describe import name_of
from resistor_cls.inference.reading_calibration import ReadingCalibration
from resistor_cls.inference.true_parts import Bands, TrueParts, clusters, groups, true_parts
from resistor_cls.inference.value_readings import read_band_scores, readings_by_category
from resistor_cls.model.torch_network import TorchNetwork

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from resistor_cls.data import PhotoDataModule
    from resistor_cls.model import ResistorNetwork


def evaluate_by_value(
    model: "ResistorNetwork",
    data: "PhotoDataModule",
    *,
    title: str,
    reference: str,
    subset: str,
    overlap: str = "",
    gallery: int = 18,
    prefix: str = "test/",
) -> Results:
    """Evaluates photos that have values and no labels.

    Args:
        model: that reads, on the device to work on.
        data: the photos, after `setup`.
        title: of the page and of the figures.
        reference: of the model.
        subset: which photos.
        overlap: a warning that the model was trained on the photos; empty where it was not.
        gallery: photos of each gallery.
        prefix: of the names of metrics.

    Returns:
        The metrics `value_accuracy`, `value_coverage` and `value_accepted_wrong`, `report.html`,
        `report.json`, and the tables and figures that they are made of.

    Raises:
        ConfigError: a model that reads no bands, and whose categories have no values.
    """
    predictions, indices = read_parts(model, data, data.test_indices)
    values = value_report(predictions)
    results = value_results(predictions, values, title, prefix)
    report = plain(
        {
            "version": VERSION,
            "title": title,
            "model": reference,
            "data": {
                "name": name_of(data),
                "subset": subset,
                "fingerprint": data.fingerprint,
                "seen": overlap,
            },
            "made": datetime.now().isoformat(timespec="seconds"),
            "counts": {
                "photos": len(predictions.names),
                "values": len(np.unique(predictions.ohms_true)),
            },
            "values": values,
        }
    )
    index_of = dict(zip(predictions.names, indices.tolist(), strict=True))
    page = value_page(
        report,
        value_rows(predictions),
        {name: svg(figure) for name, figure in value_figures(values).items()},
        lambda name: as_rgb(data.photo(index_of[name])),
        gallery,
    )
    text = json.dumps(report, indent=1, allow_nan=False, ensure_ascii=False)
    return results | Results(
        tables={"predictions": predictions.table()},
        texts={"report.json": text, "report.html": page},
    )


def evaluate_readings(
    model: "ResistorNetwork", data: "PhotoDataModule", indices: np.ndarray, title: str, prefix: str
) -> tuple[pd.DataFrame | None, dict[str, Any] | None, Results]:
    """Evaluates the values that a network reads beside its categories.

    Args:
        model: that reads, on the device to work on.
        data: the photos, after `setup`.
        indices: (photos,) positions in the photo set.
        title: above the figures.
        prefix: of the names of metrics.

    Returns:
        A row for each of the photos (see `ValuePredictions.table`; empty cells where no value is
        known), the part `values` of the report, and metrics, tables and figures. None, None and
        nothing, if the network reads no bands or no value is known.
    """
    if not model.reads_bands or not len(true_parts(data, indices).indices):
        return None, None, Results()
    predictions, found = read_parts(model, data, indices)
    values = value_report(predictions)
    table = predictions.table().drop(columns="photo")
    return (
        table.set_index(found).reindex(indices).reset_index(drop=True),
        values,
        value_results(predictions, values, title, prefix),
    )


def read_parts(
    model: "ResistorNetwork", data: "PhotoDataModule", indices: np.ndarray
) -> tuple[ValuePredictions, np.ndarray]:
    """Reads the photos whose value is known.

    Args:
        model: that reads, on the device to work on.
        data: the photos, after `setup`.
        indices: positions in the photo set.

    Returns:
        The readings, and the positions of their photos.

    Raises:
        ConfigError: see `evaluate_by_value`; or no value is known.
    """
    truth = true_parts(data, indices)
    if not len(truth.indices):
        raise ConfigError(
            f"no value of the photos in {data.photo_set.root} is known: name categories by their "
            "ohms, or add a column ohms to the table"
        )
    model.eval()
    readings, aligned, calibration = _readings(model, data, truth)
    first = [of_photo[0] if of_photo else None for of_photo in readings]
    located = data.located
    probabilities = np.array([0.0 if one is None else one.probability for one in first])
    accepted = probabilities >= calibration.threshold
    if located is not None:  # as in a prediction, a photo without a body is "don't know"
        accepted &= located[truth.indices]
    numbers, cluster_name = clusters(data, truth)
    predictions = ValuePredictions(
        names=tuple(data.photo_set.names[index] for index in truth.indices),
        ohms_true=truth.ohms,
        ohms=np.array([np.nan if one is None else one.ohms for one in first]),
        probabilities=probabilities,
        accepted=accepted,
        bands=tuple(() if one is None else one.bands for one in first),
        true_bands=tuple(true for true, _ in aligned),
        read_bands=tuple(read for _, read in aligned),
        clusters=numbers,
        cluster_name=cluster_name,
        threshold=calibration.threshold,
        groups=groups(data, truth, [true for true, _ in aligned]),
    )
    return predictions, truth.indices


def value_results(
    predictions: ValuePredictions, values: Mapping[str, Any], title: str, prefix: str
) -> Results:
    """The metrics, tables and figures of readings.

    Args:
        predictions: the readings.
        values: see `value_report`.
        title: above the figures.
        prefix: of the names of metrics.
    """
    whole = values["groups"][0]
    metrics = {
        "value_accuracy": whole["accuracy"],
        "value_coverage": whole["coverage"],
        "value_accepted_wrong": whole["accepted_wrong_share"],
    }
    tables = {"value_groups": value_groups(predictions)}
    if values["band_confusion"] is not None:
        counts = band_confusion(predictions.true_bands, predictions.read_bands)
        tables["band_confusion"] = band_confusion_table(counts)
    return Results(
        metrics={f"{prefix}{name}": one for name, one in metrics.items() if one is not None},
        tables=tables,
        figures=value_figures(values, title),
    )


def value_figures(values: Mapping[str, Any], title: str = "") -> dict[str, "Figure"]:
    """The figures of readings by their names.

    Args:
        values: see `value_report`.
        title: above the confusion matrix.
    """
    figures = {
        "value_risk_coverage": value_risk_figure(values["risk_coverage"], values["threshold"])
    }
    if values["band_confusion"] is not None:
        figures["band_confusion"] = band_confusion_figure(values["band_confusion"], title)
    return figures


def _readings(
    model: "ResistorNetwork", data: "PhotoDataModule", truth: TrueParts
) -> tuple[list[list[ValueReading]], list[tuple[Bands, Bands]], ReadingCalibration]:
    """The readings, the true bands beside the colours that were read, and the calibration."""
    photos = (data.photo(int(index)) for index in truth.indices)
    network = TorchNetwork(model)
    if model.reads_bands:
        calibration = ReadingCalibration.of(model.metadata)
        scores = calibration.apply(read_band_scores(network, photos))
        aligned = [align_bands(scores, place, codes) for place, codes in enumerate(truth.codes)]
        return read_values(scores, top=1), aligned, calibration
    if all(category.ohms is None for category in model.categories):
        raise ConfigError(
            "the model reads no bands, and none of its categories has a value: evaluate it on "
            "photos with labels, or take a model that reads bands, such as model=rendered"
        )
    readings = readings_by_category(predict_probabilities(network, photos), model.categories)
    return readings, [((), ())] * len(readings), ReadingCalibration()
