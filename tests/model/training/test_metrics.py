import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    log_loss,
    matthews_corrcoef,
    recall_score,
    roc_auc_score,
)
from torch.utils._python_dispatch import TorchDispatchMode

from resistor_cls.model.training.metrics import MODES, metric_collection, mode_of


def scores(
    probabilities: np.ndarray, targets: np.ndarray, batch: int | None = None
) -> dict[str, Any]:
    metrics = metric_collection(probabilities.shape[1])
    batch = batch or len(targets)
    for start in range(0, len(targets), batch):
        part = slice(start, start + batch)
        metrics.update(
            torch.from_numpy(probabilities[part]).float(), torch.from_numpy(targets[part])
        )
    return {name: float(value) for name, value in metrics.compute().items()}


@st.composite
def predicted(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities with many ties, and targets that may leave categories out."""
    categories, photos = draw(st.integers(2, 6)), draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    present = draw(st.integers(1, categories))
    levels = draw(st.sampled_from([2, 4, 1000]))
    probabilities = rng.integers(0, levels, (photos, categories)) / levels
    return probabilities, rng.integers(0, present, photos)


@settings(max_examples=40)
@given(predicted(), st.integers(1, 40))
def test_scores_are_those_of_scikit_learn(case: tuple[np.ndarray, np.ndarray], batch: int) -> None:
    probabilities, targets = case
    found = scores(probabilities, targets)
    predicted = probabilities.argmax(1)
    assert found["accuracy"] == pytest.approx(accuracy_score(targets, predicted))
    assert found["f1_macro"] == pytest.approx(f1_score(targets, predicted, average="macro"))
    # A category that is predicted and never true has no recall, and counts as 0.
    named = {"average": "macro", "labels": np.union1d(targets, predicted), "zero_division": 0}
    assert found["recall_macro"] == pytest.approx(recall_score(targets, predicted, **named))
    if min(len(np.unique(targets)), len(np.unique(predicted))) > 1:
        assert found["mcc"] == pytest.approx(matthews_corrcoef(targets, predicted), abs=1e-6)
    else:  # undefined
        assert found["mcc"] == 0
    truth = np.eye(probabilities.shape[1])[targets]
    micro = roc_auc_score(truth.ravel(), probabilities.ravel())
    assert found["roc_auc_micro"] == pytest.approx(micro)
    present = np.unique(targets)
    if len(present) == 1:
        assert math.isnan(found["roc_auc"])
    else:
        curves = [roc_auc_score(targets == index, probabilities[:, index]) for index in present]
        assert found["roc_auc"] == pytest.approx(np.mean(curves))
    assert scores(probabilities, targets, batch) == pytest.approx(found, nan_ok=True)


def test_roc_auc_is_the_macro_one_vs_rest_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(300, 37))
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    targets = np.resize(np.arange(37), 300)
    expected = roc_auc_score(targets, probabilities, multi_class="ovr", average="macro")
    assert scores(probabilities, targets)["roc_auc"] == pytest.approx(expected, abs=1e-6)


@given(st.integers(2, 6), st.integers(0, 100))
def test_log_loss_and_top_3_are_those_of_scikit_learn(categories: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    outputs, targets = rng.random((30, categories)), rng.integers(0, categories, 30)
    shares = outputs / outputs.sum(1, keepdims=True)  # outputs of bce do not add up to 1
    found = scores(outputs, targets)
    expected = log_loss(targets, shares, labels=np.arange(categories))
    assert found["log_loss"] == pytest.approx(expected, rel=1e-5)
    outputs = outputs.round(1)  # some are equal
    found = scores(outputs, targets)
    ranks = (-outputs).argsort(1, kind="stable")[:, :3]
    assert found["top3_accuracy"] == pytest.approx((ranks == targets[:, None]).any(1).mean())


def test_a_confident_error_has_a_large_finite_loss() -> None:
    found = scores(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1]))
    assert found["log_loss"] == pytest.approx(-math.log(np.finfo(np.float32).eps) / 2)


def test_every_score_can_be_watched_and_every_watched_score_is_there() -> None:
    assert set(scores(np.eye(3), np.arange(3))) | {"loss"} == set(MODES)
    for name, mode in MODES.items():
        assert mode_of(f"val/{name}") == mode


def test_scores_are_forgotten_on_reset() -> None:
    metrics = metric_collection(2)
    metrics.update(torch.tensor([[0.9, 0.1], [0.8, 0.2]]), torch.tensor([1, 0]))
    metrics.reset()
    metrics.update(torch.tensor([[0.9, 0.1], [0.1, 0.9]]), torch.tensor([0, 1]))
    found = {name: float(value) for name, value in metrics.compute().items()}
    assert found.pop("log_loss") == pytest.approx(-math.log(0.9))
    assert set(found.values()) == {1.0}


class Largest(TorchDispatchMode):
    """Remembers how many numbers the largest tensor holds that any operation makes."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor):
            self.numbers = max(self.numbers, made.numel())
        return made


@pytest.mark.parametrize("deterministic", [True, False])
def test_memory_grows_with_photos_times_categories(deterministic: bool) -> None:
    photos, categories = 300, 80  # comparing photos with cells would be 1,920,000 numbers
    probabilities, targets = torch.rand(photos, categories), torch.randint(categories, (photos,))
    metrics = metric_collection(categories)
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(deterministic)
    try:
        with Largest() as largest:
            metrics.update(probabilities, targets)
            metrics.compute()
    finally:
        torch.use_deterministic_algorithms(before)
    assert largest.numbers <= photos * categories
