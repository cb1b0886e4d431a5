import numpy as np
import pytest

from resistor_cls.categories import Categories
from resistor_cls.errors import ModelError
from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.label_errors import doubted_labels, label_findings, label_issues


def predicted(wrong: list[int]) -> Predictions:
    """60 photos of three of four categories, all predicted rightly; some labels are wrong."""
    truth = np.repeat([0, 1, 3], 20)
    targets = truth.copy()
    targets[wrong] = (targets[wrong] + 1) % 2
    probabilities = np.full((60, 4), 0.02, dtype=np.float32)
    probabilities[np.arange(60), truth] = 0.9
    return Predictions(
        names=tuple(f"{place}.jpg" for place in range(60)),
        indices=np.arange(60),
        targets=targets,
        probabilities=probabilities,
        losses=np.zeros(60, dtype=np.float32),
        categories=Categories("abcd"),
    )


def test_wrong_labels_are_found() -> None:
    predictions = predicted([3, 27])
    issues = label_issues(predictions.targets, predictions.probabilities)
    assert sorted(issues.tolist()) == [3, 27]
    trained = np.arange(60) >= 50
    labels = doubted_labels(predictions, trained, "best.ckpt")
    assert (labels["judged"], labels["trained"]) == (50, 10)
    assert {(row["photo"], row["label"], row["reads"]) for row in labels["rows"]} == {
        ("3.jpg", "b", "a"),
        ("27.jpg", "a", "b"),
    }
    (finding,) = label_findings(labels)
    assert "2 of 50 photos" in finding["found"]


def test_right_labels_are_not_in_doubt() -> None:
    labels = doubted_labels(predicted([]), None, "best.ckpt")
    assert (labels["rows"], labels["trained"]) == ([], None)
    assert label_findings(labels) == []
    nothing = doubted_labels(predicted([]), np.ones(60, dtype=bool), "best.ckpt")
    assert (nothing["judged"], nothing["accuracy"], nothing["rows"]) == (0, None, [])


def test_a_model_that_diverged_is_an_error() -> None:
    with pytest.raises(ModelError, match="diverged"):
        label_issues(np.array([0, 1]), np.full((2, 2), np.nan))
