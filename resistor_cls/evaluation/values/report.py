"""The numbers on values that the page, figures and tables state, as plain values."""

from typing import Any

import numpy as np

from resistor_cls.bands import BANDS
from resistor_cls.evaluation.report import plain
from resistor_cls.evaluation.report_calibration import risk_coverage
from resistor_cls.evaluation.values.band_confusion import COLOURS, band_confusion
from resistor_cls.evaluation.values.groups import ALL, value_groups
from resistor_cls.evaluation.values.predictions import ValuePredictions

_MAX_POINTS = 200  # of a curve: as many as a figure has pixels for


def value_report(predictions: ValuePredictions) -> dict[str, Any]:
    """The part `values` of `report.json`.

    Args:
        predictions: at least one photo.

    Returns:
        Plain values, None where something is undefined: `groups` (see `value_groups`, the first row
        is that of all photos), `cluster` (`part`, `burst` or `photo`), `threshold`, `unread`
        (photos without a reading), `band_confusion` (None where no code is known) and
        `risk_coverage` (of all photos, and of each photographer where there are several).
    """
    report = {
        "groups": value_groups(predictions).to_dict("records"),
        "cluster": predictions.cluster_name,
        "threshold": predictions.threshold,
        "unread": int(np.isnan(predictions.ohms).sum()),
        "band_confusion": _band_confusion(predictions),
        "risk_coverage": _curves(predictions),
    }
    found: dict[str, Any] = plain(report)
    return found


def value_rows(predictions: ValuePredictions) -> list[dict[str, Any]]:
    """A row per photo for the page: see `ValuePredictions.table`."""
    return [plain(row) for row in predictions.table().to_dict("records")]


def _band_confusion(predictions: ValuePredictions) -> dict[str, Any] | None:
    counts = band_confusion(predictions.true_bands, predictions.read_bands)
    if not counts.any():
        return None
    known = sum(any(bands) for bands in predictions.true_bands)
    return {
        "rows": list(COLOURS),
        "columns": list(BANDS),
        "counts": counts.tolist(),
        "photos": known,
        "bands": int(counts.sum()),
        "right": int(np.trace(counts)),
    }


def _curves(predictions: ValuePredictions) -> list[dict[str, Any]]:
    """Coverage and risk by threshold, of all photos and of each photographer."""
    photographers = np.array(predictions.groups.get("photographer", ()), dtype=object)
    names = sorted({name for name in photographers if name})
    groups = {ALL: np.ones(len(predictions.names), dtype=bool)}
    groups |= {name: photographers == name for name in names if len(names) > 1}
    curves = []
    for name, chosen in groups.items():
        right = predictions.right[chosen]
        coverages, risks = risk_coverage(predictions.probabilities[chosen], right)
        kept = np.unique(np.linspace(0, len(risks) - 1, min(_MAX_POINTS, len(risks))).astype(int))
        accepted = predictions.accepted[chosen]
        curves.append(
            {
                "name": name,
                "photos": len(right),
                "points": [[coverages[place], risks[place]] for place in kept],
                "coverage": accepted.mean(),
                "risk": (~right[accepted]).mean() if accepted.any() else None,
            }
        )
    return curves
