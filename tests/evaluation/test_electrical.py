from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.categories import Categories, resistor37
from resistor_cls.errors import DataError
from resistor_cls.evaluation.electrical import (
    ElectricalResult,
    cost_of_predictions,
    evaluate_electrical,
    read_costs,
)

seeds = st.integers(0, 2**32 - 1)
nan = float("nan")


def evaluated(categories: Categories, *pairs: tuple[str, str]) -> ElectricalResult:
    """Evaluates (label, prediction) pairs."""
    targets, predicted = np.array([[categories.index(name) for name in pair] for pair in pairs]).T
    names = [f"{place}.jpg" for place in range(len(pairs))]
    return evaluate_electrical(targets, predicted, categories, names)


def test_names_state_ohms_and_watts_and_parts_have_bands() -> None:
    result = evaluated(
        resistor37(),
        ("220R_2W", "220R_2W"),
        ("220R_2W", "22R_1-4W"),  # the same bands on both, which are those of 22 Ω
        ("470R_1-4W", "470R_1W"),
        ("100R_1-4W", "10R_1W"),
        ("4700Mohm", "470R_1W"),  # the label names no watts
        ("470R_1W", "4700Mohm"),  # the prediction names none
    )
    assert result.value_right.tolist() == [1, 1, 1, 0, 0, 0]
    np.testing.assert_equal(result.watts_right, [1, 0, 0, 0, nan, 0])
    np.testing.assert_equal(result.both_right, [1, 0, 0, 0, nan, 0])
    assert result.bands_right.tolist() == [1, 1, 1, 0, 0, 0]
    assert result.decades.tolist() == [0, 0, 0, 1, 3, 3]  # 4700Mohm is 0.47 Ω


def test_what_a_name_does_not_state_is_undefined() -> None:
    plain = Categories(["cat", "$dog|_ Ω", "4K7", "0R"])
    result = evaluated(plain, ("cat", "cat"), ("cat", "4K7"), ("4K7", "cat"), ("4K7", "0R"))
    np.testing.assert_equal(result.value_right, [nan, nan, 0, 0])
    np.testing.assert_equal(result.decades, [nan] * 4)  # no power of ten leads to 0 ohms
    assert evaluated(plain, ("0R", "0R")).decades.tolist() == [0]
    summary = result.summary(lambda right: (float(np.isnan(right).sum()), nan))
    assert (summary["value"]["judged"], summary["value"]["low"]) == (2, 2.0)
    nothing = {"judged": 0, "right": 0, "share": None, "low": None, "high": None}
    assert summary["watts"] == summary["both"] == summary["bands"] == nothing
    assert (summary["decades"]["mean"], summary["decades"]["worst"]) == (None, None)
    assert summary["worst"] == []


def test_a_summary_counts_and_names_the_worst() -> None:
    pairs = [("1K_2W", "1K_2W")] * 8 + [("15R_1-4W", "1M_1-4W"), ("10R_1W", "27R_1W")]
    result = evaluated(resistor37(), *pairs)
    summary = result.summary(lambda right: (float(right.mean()) - 0.1, nan))
    assert summary["value"] == {
        "judged": 10,
        "right": 8,
        "share": 0.8,
        "low": pytest.approx(0.7),
        "high": None,
    }
    assert summary["watts"]["right"] == 10
    decades = summary["decades"]
    assert decades["worst"] == pytest.approx(np.log10(1e6 / 15))
    assert decades["mean"] == pytest.approx((np.log10(1e6 / 15) + np.log10(2.7)) / 10)
    assert {row["up_to"]: row["photos"] for row in decades["histogram"]} == {
        0: 8,
        0.5: 1,
        1: 0,
        2: 0,
        4: 0,
        None: 1,
    }
    assert [row["photo"] for row in summary["worst"]] == ["8.jpg", "9.jpg"]
    assert (summary["worst"][0]["label"], summary["worst"][0]["prediction"]) == pairs[8]


def test_no_photos_have_no_shares() -> None:
    none = np.array([], dtype=int)
    summary = evaluate_electrical(none, none, resistor37(), []).summary()
    assert summary["value"]["share"] is None
    assert sum(row["photos"] for row in summary["decades"]["histogram"]) == 0


@given(st.integers(1, 40), seeds)
def test_errors_in_decades_are_symmetric(photos: int, seed: int) -> None:
    targets, predicted = np.random.default_rng(seed).integers(0, 37, (2, photos))
    names = [""] * photos
    there = evaluate_electrical(targets, predicted, resistor37(), names)
    back = evaluate_electrical(predicted, targets, resistor37(), names)
    assert np.array_equal(there.decades, back.decades)
    assert np.array_equal(there.bands_right, back.bands_right)
    assert np.array_equal(there.value_right == 1, there.decades == 0)
    histogram = there.summary()["decades"]["histogram"]
    assert sum(row["photos"] for row in histogram) == photos


ODD = Categories(["a b", "$x$|,Ω", "c"])


def test_costs_are_read_by_name(tmp_path: Path) -> None:
    file = tmp_path / "costs.csv"
    text = 'label,c,other,"$x$|,Ω",a b\n"$x$|,Ω",1.5,9,0,2\na b,3,9,4,0\nc,0,9,5,6\n'
    file.write_text(text, encoding="utf-8-sig")  # as spreadsheets write it
    assert read_costs(file, ODD).tolist() == [[0, 4, 3], [2, 0, 1.5], [6, 5, 0]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file"),
        ("", "labels in the first column"),
        ("label,a\na,0\nb,1\n", "no column 'b'"),
        ("label,a,b\na,0,1\n", "no row 'b'"),
        ("label,a,b,a\na,0,1,0\nb,1,0,1\n", "column 'a' is there twice"),
        ("label,a,b\na,0,dear\nb,1,0\n", "row 'a', column 'b': 'dear'; write a number"),
        ("label,a,b\na,0,\nb,1,0\n", "row 'a', column 'b': ''; write a number"),
        ("label,a,b\na,0,inf\nb,1,0\n", "row 'a', column 'b': 'inf'"),
        ("label,a,b\na,0,1\nb,-1,0\n", "row 'b', column 'a': '-1'"),
        ("label,a,b\na,0,1\nb,1,2\n", "row 'b', column 'b': '2'; write 0"),
    ],
)
def test_costs_that_cannot_be_used_say_where_and_why(
    text: str | None, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "costs.csv"
    if text is not None:
        file.write_text(text)
    with pytest.raises(DataError) as error:
        read_costs(file, Categories(["a", "b"]))
    assert str(file) in str(error.value)
    assert said in str(error.value)


@given(st.integers(1, 30), st.integers(2, 5), seeds)
def test_the_cheapest_prediction_has_the_least_expected_cost(
    photos: int, size: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    costs = rng.integers(1, 9, (size, size)) * (1 - np.eye(size))
    probabilities = rng.dirichlet(np.ones(size), photos).astype("f4")
    targets, predicted = rng.integers(0, size, photos), probabilities.argmax(axis=1)
    found = cost_of_predictions(costs, targets, predicted, [probabilities], "costs.csv")
    expected = [
        min(range(size), key=lambda column: sum(row * costs[:, column])) for row in probabilities
    ]
    assert found == {
        "mean": pytest.approx(np.mean(costs[targets, predicted])),
        "least": pytest.approx(np.mean(costs[targets, expected])),
        "name": "costs.csv",
    }
    even = cost_of_predictions(
        1 - np.eye(size), targets, predicted, [probabilities[:1], probabilities[1:]], ""
    )
    assert even["mean"] == even["least"]  # with equal costs the most probable category is best


def test_costs_of_nothing_and_of_unknown_probabilities_are_unknown() -> None:
    costs, none = 1 - np.eye(3), np.array([], dtype=int)
    nothing = {"mean": None, "least": None, "name": "x"}
    assert cost_of_predictions(costs, none, none, [], "x") == nothing
    one = np.array([1])
    assert cost_of_predictions(costs, one, one - 1, None, "x") == {**nothing, "mean": 1.0}


def test_many_photos_are_evaluated_in_parts() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4), 3000).astype("f4")
    targets = rng.integers(0, 4, 3000)
    found = cost_of_predictions(
        1 - np.eye(4), targets, targets, np.array_split(probabilities, 3), ""
    )
    assert found["least"] == pytest.approx((probabilities.argmax(axis=1) != targets).mean())
