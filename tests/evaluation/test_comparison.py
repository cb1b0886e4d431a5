from dataclasses import replace
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.comparison import compare
from resistor_cls.evaluation.figures import comparison_figure
from resistor_cls.evaluation.scores import scores, weighted_scores
from resistor_cls.model.training.metrics import metric_collection
from tests.helpers.simulated import predictions_of

NAMES = ("accuracy", "f1_macro", "roc_auc")


def at_random(photos: int, categories: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Targets of all categories but perhaps the last, and probabilities with ties."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, categories - seed % 2, photos)
    return targets, rng.integers(0, 6, (photos, categories)) / 6


def with_skill(skill: float, bursts: int, size: int, seed: int, spread: float = 0.0) -> Predictions:
    """Two categories in bursts of `size` photos that are right or wrong together by `spread`."""
    rng = np.random.default_rng(seed)
    targets = np.repeat(np.arange(bursts) % 2, size)
    ease = np.repeat(rng.normal(size=bursts), size) * spread + rng.normal(size=bursts * size)
    right = 1 / (1 + np.exp(-skill - ease))
    first = np.where(targets == 0, right, 1 - right)
    return predictions_of(targets, np.stack([first, 1 - first], axis=1))


def in_bursts(bursts: int, size: int) -> dict[str, int]:
    return {f"{index}.jpg": index // size for index in range(bursts * size)}


@settings(max_examples=40)
@given(st.integers(1, 40), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_scores_are_those_that_a_run_reports(photos: int, categories: int, seed: int) -> None:
    targets, probabilities = at_random(photos, categories, seed)
    metrics = metric_collection(categories)
    metrics.update(torch.tensor(probabilities, dtype=torch.float32), torch.tensor(targets))
    reported = {name: float(value) for name, value in metrics.compute().items()}
    found = scores(predictions_of(targets, probabilities))
    assert found == pytest.approx({name: reported[name] for name in NAMES}, abs=1e-6, nan_ok=True)


@settings(max_examples=40)
@given(st.integers(1, 40), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_a_weight_is_a_photo_that_often(photos: int, categories: int, seed: int) -> None:
    targets, probabilities = at_random(photos, categories, seed)
    weights = np.random.default_rng(seed).integers(0, 4, (2, photos))
    found = weighted_scores(predictions_of(targets, probabilities), weights.astype(float))
    for row, times in zip(found, weights, strict=True):
        again = np.repeat(np.arange(photos), times)
        truth, said = targets[again], probabilities[again]
        if len(again) == 0:
            assert np.isnan(row).all()
            continue
        predicted = said.argmax(axis=1)
        # A category that was not drawn has no F1, however often it was predicted.
        drawn = set(truth) | (set(predicted) - set(targets))
        areas = [
            roc_auc_score(truth == index, said[:, index])
            for index in set(truth)
            if (truth != index).any()
        ]
        wanted = [
            accuracy_score(truth, predicted),
            f1_score(truth, predicted, labels=sorted(drawn), average="macro", zero_division=0),
            np.mean(areas) if areas else np.nan,
        ]
        assert row == pytest.approx(wanted, nan_ok=True)


def test_the_bootstrap_draws_whole_bursts() -> None:
    """By hand: with two bursts, one all right and one all wrong, a draw is 0, 1/2 or 1."""
    targets = np.repeat([0, 1], 4)
    one = predictions_of(targets, np.tile([0.9, 0.1], (8, 1)))  # right in the first burst alone
    comparison = compare({"a": [one], "b": [one]}, in_bursts(2, 4))
    row = comparison.values.iloc[0]
    assert (row["mean"], row["low"], row["high"]) == (0.5, 0.0, 1.0)
    # The same drawn bursts for both values: what is the same has no gap in any draw.
    gap = comparison.gaps.iloc[0]
    assert (gap["mean"], gap["low"], gap["high"]) == (0.0, 0.0, 0.0)


def test_intervals_cover_the_truth() -> None:
    """The accuracy of 60 bursts of 5, of which a normal share is easy; truth from many photos."""
    truth = scores(with_skill(0.5, 20_000, 5, seed=999, spread=1.5))
    covered = []
    for seed in range(60):
        tables = {"a": [with_skill(0.5, 60, 5, seed, 1.5)], "b": [with_skill(0, 60, 5, seed, 1.5)]}
        rows = compare(tables, in_bursts(60, 5), draws=200).values.iloc[:3]
        expected = rows["score"].map(truth)
        covered.append(expected.between(rows["low"], rows["high"]).to_numpy())
    # 95 % of 60, less three standard deviations.
    assert (np.mean(covered, axis=0) >= 0.86).all()


def test_intervals_are_wider_where_photos_of_a_burst_go_together() -> None:
    tables = {"a": [with_skill(0.5, 40, 8, 0, 3.0)], "b": [with_skill(0.2, 40, 8, 1, 3.0)]}
    together, alone = compare(tables, in_bursts(40, 8)).table(), compare(tables, {}).table()
    assert (together["mean"] == alone["mean"]).all()
    widths = [(found["high"] - found["low"]).to_numpy() for found in (together, alone)]
    assert (widths[0] > 1.5 * widths[1]).all()
    assert together["bursts"].unique().tolist() == [40]
    assert alone["bursts"].unique().tolist() == [320]


def test_seeds_are_averaged_and_values_paired() -> None:
    first = [with_skill(1.0, 30, 4, seed) for seed in range(3)]
    second = [with_skill(0.3, 30, 4, seed) for seed in range(3)]
    comparison = compare({"none": first, "soft": second, "hard": second}, in_bursts(30, 4))
    single = pd.DataFrame([scores(one) for one in first])
    found = comparison.values.set_index(["value", "score"])
    for name in NAMES:
        assert found.loc[("none", name), "mean"] == pytest.approx(single[name].mean())
        assert found.loc[("none", name), "std"] == pytest.approx(single[name].std())
        assert found.loc[("none", name), "seeds"] == 3
    assert comparison.gaps["value"].tolist() == ["none - soft"] * 3 + ["none - hard"] * 3
    gap = comparison.gaps.iloc[0]
    means = found["mean"]
    assert gap["mean"] == pytest.approx(means["none", "accuracy"] - means["soft", "accuracy"])
    assert gap["low"] < gap["mean"] < gap["high"]
    assert comparison.jobs["value"].tolist() == ["none"] * 3 + ["soft"] * 3 + ["hard"] * 3
    assert comparison.table()["kind"].tolist() == ["value"] * 9 + ["gap"] * 6


def test_the_same_jobs_give_the_same_intervals() -> None:
    tables = {"a": [with_skill(1.0, 30, 4, 0)], "b": [with_skill(0.3, 30, 4, 1)]}
    one, again = (compare(tables, in_bursts(30, 4)).table() for _ in range(2))
    pd.testing.assert_frame_equal(one, again)


def test_values_may_be_evaluated_on_other_photos() -> None:
    one, two = with_skill(1.0, 20, 4, 0), with_skill(0.5, 20, 4, 1)
    bursts = in_bursts(20, 4)
    comparison = compare({"a": [one.select(slice(56))], "b": [two.select(slice(40, None))]}, bursts)
    rows = comparison.table().drop_duplicates("value").set_index("value")
    assert rows["photos"].to_dict() == {"a": 56, "b": 40, "a - b": 80}
    assert rows["bursts"].to_dict() == {"a": 14, "b": 10, "a - b": 20}
    assert rows["low"].notna().all()


def test_one_job_has_no_spread_and_one_burst_no_interval() -> None:
    tables = {"a": [with_skill(1.0, 8, 4, 0)], "b": [with_skill(0.3, 8, 4, 1)]}
    comparison = compare(tables, dict.fromkeys(in_bursts(8, 4), 7))
    assert comparison.table()[["std", "low", "high"]].isna().all(axis=None)
    assert comparison.values["bursts"].tolist() == [1] * 6
    assert "a single burst" in comparison.sentence("k")
    shown = comparison.short_table("k")
    assert shown["k"].tolist() == ["a", "b", "gap a - b"]
    assert shown["ROC AUC"].str.contains(r"\[–\]").all()
    drawn(comparison_figure(comparison, "k"))


def test_what_is_undefined_is_a_dash() -> None:
    """One category in all photos: no ROC curve. And a training that ended in nan."""
    one = with_skill(1.0, 8, 4, 0)
    alone = one.select(one.targets == 0)
    broken = replace(one, probabilities=np.full_like(one.probabilities, np.nan))
    for bad in (alone, broken):
        comparison = compare({"a": [bad], "b": [bad]}, in_bursts(8, 4))
        assert comparison.short_table("k")["ROC AUC"].tolist() == ["–"] * 3
        assert comparison.values["mean"].notna().tolist() == [True, True, False] * 2
        drawn(comparison_figure(comparison, "k"))


def drawn(figure: Figure) -> None:
    figure.savefig(BytesIO(), format="png", dpi=40)


@pytest.mark.parametrize("values", [["stratified", "capture"], ["none", "soft", "/a" * 40, "$x$"]])
def test_the_figure_says_gaps_in_words_and_overlaps_nothing(values: list[str]) -> None:
    tables = {
        value: [with_skill(1 - place / 4, 30, 4, seed) for seed in range(2)]
        for place, value in enumerate(values)
    }
    comparison = compare(tables, in_bursts(30, 4), draws=100)
    figure = comparison_figure(comparison, "data.split")
    drawn(figure)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "top-1 accuracy",
        "macro F1",
        "ROC AUC",
    ]
    for axes, name in zip(figure.axes, NAMES, strict=True):
        texts = [text.get_text() for text in axes.texts]
        gaps = comparison.gaps[comparison.gaps["score"] == name]
        for row in gaps.itertuples():
            assert f"gap {row.mean:.3f} [{row.low:.3f}, {row.high:.3f}]" in texts
        assert len(texts) == 2 * len(values) - 1
    labels = [label for label in figure.axes[0].get_yticklabels() if label.get_text()]
    assert labels[0].get_text() == f"{values[0]}\n2 jobs, 120 photos, 30 bursts"
    shown = [*labels, *(text for axes in figure.axes for text in axes.texts)]
    boxes = [text.get_window_extent() for text in shown]
    for place, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:place])
        assert box.x0 >= 0 and box.x1 <= figure.bbox.x1
