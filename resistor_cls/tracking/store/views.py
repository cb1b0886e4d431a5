"""The saved view of an experiment's runs that MLflow's UI opens with the best run first.

The UI keeps such views as tags of the experiment. A version of MLflow that does not know them
shows its own columns.
"""

import json
import time

KEY = "best"  # in the address of the view: ?viewStateShareKey=best
TAG = f"mlflow.sharedViewState.{KEY}"
_SORTED_BY = "metrics.`best/val/accuracy`"
# Columns from the left → their widths in pixels. Their names are those of the UI.
_COLUMNS = {
    "attributes.`Run Name`": 390,
    _SORTED_BY: 140,
    "metrics.`best/val/f1_macro`": 140,
    "metrics.`best/val/roc_auc`": 140,
    "metrics.`test/accuracy`": 110,
    "runDateAndNestInfo": 150,  # shows also which runs are jobs of a sweep
    "duration": 80,
    "attributes.`Dataset`": 300,
}


def best_first() -> dict[str, str]:
    """The tag of an experiment that holds the view."""
    state = {
        "orderByKey": _SORTED_BY,
        "orderByAsc": False,
        "selectedColumns": [name for name in _COLUMNS if "`" in name],
        "columnOrder": list(_COLUMNS),
        "columnWidths": _COLUMNS,
    }
    now = int(time.time() * 1000)
    view = {"name": "Best first", "createdAt": now, "updatedAt": now, "state": json.dumps(state)}
    return {TAG: json.dumps(view)}
