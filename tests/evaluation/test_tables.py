from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    confusion_matrix,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from resistor_cls.categories import Categories
from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.tables import (
    confused_pairs,
    confusion_counts,
    confusion_order,
    confusion_table,
    per_category,
)
from tests.helpers.simulated import predictions_of


def at_random(photos: int, categories: int, present: int, seed: int) -> Predictions:
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, present, photos).tolist()
    return predictions_of(targets, rng.integers(0, 8, (photos, categories)) / 8)  # with ties


seeds = st.integers(0, 2**32 - 1)


@given(st.integers(1, 50), st.integers(2, 6), seeds)
def test_confusion_counts_are_those_of_scikit_learn(
    photos: int, categories: int, seed: int
) -> None:
    predictions = at_random(photos, categories, categories, seed)
    counts = confusion_counts(predictions)
    expected = confusion_matrix(
        predictions.targets, predictions.predicted, labels=range(categories)
    )
    assert np.array_equal(counts, expected)


def test_the_confusion_table_names_labels_in_rows() -> None:
    predictions = predictions_of([0, 0, 1], np.array([[0, 1, 0], [0, 1, 0], [0, 0, 1.0]]))
    table = confusion_table(confusion_counts(predictions), predictions.categories)
    assert table.loc["c0", "c1"] == 2
    assert table.loc["c1", "c2"] == 1
    assert table.to_numpy().sum() == 3
    assert table.index.name == "label"


def test_confused_categories_stand_together_and_the_others_stay_in_order() -> None:
    counts = 9 * np.eye(7, dtype=int)
    counts[0, 5] = counts[5, 0] = 3
    counts[2, 6] = 1
    order = confusion_order(counts)
    place = [order.index(index) for index in range(7)]
    assert abs(place[0] - place[5]) == 1
    assert abs(place[2] - place[6]) == 1
    assert order[4:] == [1, 3, 4]
    assert confusion_order(counts) == order
    assert (
        confusion_order(np.eye(4, dtype=int)) == confusion_order(np.zeros((4, 4))) == [0, 1, 2, 3]
    )


@settings(max_examples=20)
@given(st.integers(2, 30), st.floats(0, 1), seeds)
def test_the_order_names_every_category_once(size: int, rate: float, seed: int) -> None:
    counts = np.random.default_rng(seed).poisson(rate, (size, size))
    assert sorted(confusion_order(counts)) == list(range(size))


def test_more_categories_than_can_be_ordered_best_are_still_ordered() -> None:
    counts = np.roll(np.eye(301, dtype=int), 1, axis=1)
    assert sorted(confusion_order(counts)) == list(range(301))


@given(st.integers(0, 60), st.integers(2, 5), seeds)
def test_pairs_hold_every_wrong_photo_once(photos: int, size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    targets, predicted = rng.integers(0, size, (2, photos))
    categories = Categories([f"c{index}" for index in range(size)])
    names = [f"{index}.jpg" for index in range(photos)]
    rows = confused_pairs(targets, predicted, categories, names, most=None)
    wrong = [name for name, right in zip(names, targets == predicted, strict=True) if not right]
    assert sorted(name for row in rows for name in row["names"]) == sorted(wrong)
    counts: Any = confusion_matrix(targets, predicted, labels=range(size)) if photos else None
    for row in rows:
        label, prediction = (categories.index(row[key]) for key in ("label", "prediction"))
        assert row["photos"] == len(row["names"]) == counts[label, prediction]
        assert row["back"] == counts[prediction, label]
        assert row["share"] == pytest.approx(row["photos"] / counts[label].sum())
        for name in row["names"]:
            assert targets[names.index(name)] == label
            assert predicted[names.index(name)] == prediction
    assert [row["photos"] for row in rows] == sorted((row["photos"] for row in rows), reverse=True)
    assert confused_pairs(targets, predicted, categories, names, most=2) == rows[:2]


@settings(max_examples=20)
@given(seeds)
def test_scores_by_category_are_those_of_scikit_learn(seed: int) -> None:
    predictions = at_random(40, 5, 4, seed)  # the last category has no photos
    table = per_category(predictions)
    assert table["category"].tolist() == list(predictions.categories.names)
    assert table["support"].tolist() == np.bincount(predictions.targets, minlength=5).tolist()
    for index, (_, row) in enumerate(table.iterrows()):
        truth, predicted = predictions.targets == index, predictions.predicted == index
        expected = {
            "precision": precision_score(truth, predicted, zero_division=np.nan),
            "recall": recall_score(truth, predicted, zero_division=np.nan),
            "f1": f1_score(truth, predicted, zero_division=np.nan),
            "roc_auc": roc_auc_score(truth, predictions.probabilities[:, index])
            if truth.any()
            else np.nan,
        }
        assert row[list(expected)].to_dict() == pytest.approx(expected, nan_ok=True)


def test_undefined_scores_are_left_empty() -> None:
    table = per_category(predictions_of([0, 0, 1], np.eye(3)[[0, 1, 1]])).set_index("category")
    assert table.loc["c2", ["precision", "recall", "f1", "roc_auc"]].isna().all()
    assert table.loc["c2", "support"] == 0
    assert table.loc["c0", "precision"] == 1
    assert table.loc["c0", "recall"] == 0.5


def test_the_table_has_a_row_per_photo() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.9]])
    table = predictions_of([0, 1], probabilities).table()
    assert table["photo"].tolist() == ["0.jpg", "1.jpg"]
    assert table["label"].tolist() == ["c0", "c1"]
    assert table["prediction"].tolist() == ["c0", "c2"]
    assert table["correct"].tolist() == [True, False]
    assert table["probability"].tolist() == pytest.approx([0.7, 0.9])
    assert table["label_probability"].tolist() == pytest.approx([0.7, 0.3])
    assert table["loss"].tolist() == [0, 1]
    of_all = table[["p:c0", "p:c1", "p:c2"]].to_numpy()
    assert np.array_equal(of_all, probabilities.astype("f4"))
    assert list(table.columns)[-3:] == ["p:c0", "p:c1", "p:c2"]
