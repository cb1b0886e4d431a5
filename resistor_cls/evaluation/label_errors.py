"""Labels that are probably wrong, by the predictions of a model that was not trained on them."""

import warnings
from typing import Any

import numpy as np

from resistor_cls.errors import ModelError
from resistor_cls.evaluation.predictions import Predictions
from resistor_cls.evaluation.wording import percent

Labels = dict[str, Any]


def label_issues(targets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Finds labels that a model contradicts more often than its own errors explain.

    Confident learning: Northcutt, Jiang and Chuang 2021, J. Artif. Intell. Res. 70.

    Args:
        targets: (photos,) class indices; classes may be without photos.
        probabilities: (photos, categories) of a model that was not trained on these photos; they
            need not add up to 1.

    Returns:
        (issues,) positions, the least credible label first.

    Raises:
        ModelError: probabilities that are not finite.
    """
    if not np.isfinite(probabilities).all():
        raise ModelError(
            "the model's probabilities are not finite numbers, because its training diverged: "
            "choose another model"
        )
    if len(np.unique(targets)) < 2:
        return np.empty(0, dtype=int)  # nothing that a label could be confused with
    # Here, because it takes a second to import.
    from cleanlab.filter import find_label_issues

    # A model with a separate output per category may give all of them 0.
    normalised = probabilities.astype(np.float64) + 1e-12
    normalised /= normalised.sum(axis=1, keepdims=True)
    with warnings.catch_warnings():
        # cleanlab flags no photo of categories that have hardly any.
        warnings.filterwarnings("ignore", "May not flag all label issues")
        issues = find_label_issues(
            np.asarray(targets, dtype=int),
            normalised,
            return_indices_ranked_by="self_confidence",
            n_jobs=1,  # starting processes takes longer than the work
        )
    return np.asarray(issues, dtype=int)


def doubted_labels(predictions: Predictions, trained: np.ndarray | None, model: str) -> Labels:
    """Compares the labels of photos with the predictions of a model.

    Args:
        predictions: of all photos.
        trained: (photos,) bool, whether the model was trained on each; such photos are left out.
            None where that is not known.
        model: its name.

    Returns:
        Values of JSON: `model`, `judged` (photos that were evaluated), `trained` (photos left out,
        None where not known), `accuracy` on the evaluated photos (None without any), and `rows`,
        the least credible label first, each with `photo`, `label`, `reads` (the prediction), its
        `probability`, and `label_probability`.
    """
    kept = np.ones(len(predictions.targets), dtype=bool) if trained is None else ~trained
    places = np.flatnonzero(kept)
    issues = places[label_issues(predictions.targets[kept], predictions.probabilities[kept])]
    right = (predictions.predicted == predictions.targets)[kept]
    names, predicted = predictions.categories.names, predictions.predicted
    return {
        "model": model,
        "judged": int(kept.sum()),
        "trained": None if trained is None else int(trained.sum()),
        "accuracy": float(right.mean()) if right.size else None,
        "rows": [
            {
                "photo": predictions.names[place],
                "label": names[predictions.targets[place]],
                "reads": names[predicted[place]],
                "probability": round(float(predictions.probabilities[place, predicted[place]]), 4),
                "label_probability": round(
                    float(predictions.probabilities[place, predictions.targets[place]]), 4
                ),
            }
            for place in issues
        ],
    }


def label_findings(labels: Labels) -> list[dict[str, Any]]:
    """The findings of an audit about these labels, if there are any; see `data.audit.Finding`."""
    rows = labels["rows"]
    if not rows:
        return []
    caveat = " Photos that it was trained on may be among them." * (labels["trained"] is None)
    return [
        {
            "id": "mislabelled",
            "severity": "risk",
            "title": "Labels that are probably wrong",
            "found": f"{len(rows):,} of {labels['judged']:,} photos that were evaluated. The model "
            f"predicts {percent(labels['accuracy'])} of these as they are labelled.{caveat}",
            "why": "A wrong label trains a wrong prediction, and counts correct ones as errors.",
            "do": "Look at each, the least credible first, and fix the label or leave it: the "
            "weaker the model, the more of these are its own errors.",
            "section": "labels",
            "photos": [row["photo"] for row in rows],
            "categories": sorted({row["label"] for row in rows}),
        }
    ]
