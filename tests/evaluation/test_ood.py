import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from resistor_cls.evaluation.ood import ALL, detection, ood_report

# Few values: most have ties.
scores = st.lists(st.integers(0, 6), min_size=1, max_size=60).map(np.array)


@given(scores, scores)
def test_auroc_is_the_probability_that_an_ood_photo_scores_higher(
    known: np.ndarray, ood: np.ndarray
) -> None:
    auroc, fpr95 = detection(known, ood)
    higher = ood[:, None] > known
    ties = ood[:, None] == known
    assert auroc == pytest.approx(np.mean(higher + ties / 2))
    # The lowest limit that takes 95 % of the known ones.
    limit = min(one for one in known if 20 * np.sum(known <= one) >= 19 * len(known))
    assert fpr95 == np.mean(ood <= limit)


def test_scores_without_ties_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    known, ood = rng.normal(0, 1, 400), rng.normal(1, 1, 300)
    auroc, fpr95 = detection(known, ood)
    truth = np.repeat([0, 1], (400, 300))
    assert auroc == pytest.approx(roc_auc_score(truth, np.concatenate([known, ood])))
    # Two normal distributions one standard deviation apart.
    assert auroc == pytest.approx(0.760, abs=0.04)
    assert fpr95 == pytest.approx(0.740, abs=0.06)


def test_perfect_reversed_and_equal_scores_have_auroc_1_0_and_a_half() -> None:
    low, high = np.zeros(20), np.ones(5)
    assert detection(low, high) == (1.0, 0.0)
    assert detection(high, low) == (0.0, 1.0)
    assert detection(low, low) == (0.5, 1.0)
    assert detection(low, np.full(3, np.inf)) == (1.0, 0.0)
    assert detection(low, np.array([])) == detection(np.array([]), low) == (None, None)


def test_the_report_counts_each_kind_and_all_together() -> None:
    known = np.arange(21) / 32
    kinds = {"empty tables": np.array([0.9, 1.0]), "$ | Ω": np.array([4 / 32, 0.8, 0.9])}
    report = ood_report(
        known,
        kinds,
        accepted={"empty tables": np.array([False, False]), "$ | Ω": np.array([True, False, True])},
        located={"empty tables": np.array([False, True]), "$ | Ω": np.array([True, True, True])},
        accepted_at={
            "0.01": None,
            "0.05": {"empty tables": np.array([False, True]), "$ | Ω": np.array([True] * 3)},
        },
    )
    assert report is not None
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    levels = [row.pop("accepted_at") for row in report["kinds"]]
    assert levels == [{"0.01": None, "0.05": count} for count in (1, 3, 4)]
    assert report["kinds"] == [
        {"kind": "empty tables", "photos": 2, "auroc": 1.0, "fpr95": 0.0, "accepted": 0,
         "not_located": 1},
        {"kind": "$ | Ω", "photos": 3, "auroc": pytest.approx((4.5 / 21 + 2) / 3),
         "fpr95": pytest.approx(1 / 3), "accepted": 2, "not_located": 0},
        {"kind": ALL, "photos": 5, "auroc": pytest.approx((4.5 / 21 + 4) / 5),
         "fpr95": pytest.approx(1 / 5), "accepted": 2, "not_located": 1},
    ]  # fmt: skip
    histogram = report["histogram"]
    assert (histogram["edges"][0], histogram["edges"][-1]) == (0, 1)
    assert sum(histogram["known"]) == report["known"] == 21
    assert [sum(counts) for counts in histogram["kinds"].values()] == [2, 3]


def test_undefined_detection_rates_are_none() -> None:
    assert ood_report(np.zeros(3), {}) is None
    report = ood_report(np.array([]), {"empty tables": np.array([-2.0, np.inf])})
    assert report is not None
    for row in report["kinds"]:
        assert [row[key] for key in ("auroc", "fpr95", "accepted", "not_located")] == [None] * 4
    assert sum(report["histogram"]["kinds"]["empty tables"]) == 2
    json.dumps(report, allow_nan=False)
    nothing = ood_report(np.zeros(3), {"empty tables": np.array([])})
    assert nothing is not None
    assert nothing["kinds"][-1]["auroc"] is None
