"""How much each setting matters."""

import pandas as pd
import pytest

from resistor_cls.evaluation.importance import explained_variance


def test_shares_of_a_whole_grid_add_up_where_keys_act_alone() -> None:
    grid = [(a, b) for a in (0, 1, 2) for b in "xy"]
    values = pd.DataFrame(grid, columns=["a", "b"])
    scores = pd.Series([2.0 * a + (b == "y") for a, b in grid])
    found = explained_variance(values, scores)
    # Variances of 0, 2, 4 and of 0, 1.
    assert found == pytest.approx({"a": (8 / 3) / (8 / 3 + 1 / 4), "b": (1 / 4) / (8 / 3 + 1 / 4)})


def test_keys_that_only_act_together_have_no_share() -> None:
    values = pd.DataFrame({"a": [0, 0, 1, 1], "b": [0, 1, 0, 1]})
    assert explained_variance(values, pd.Series([0.0, 1, 1, 0])) == {"a": 0, "b": 0}


def test_without_differences_or_repeats_there_are_no_shares() -> None:
    assert explained_variance(pd.DataFrame({"a": [0, 1]}), pd.Series([1.0, 1])) == {}
    assert explained_variance(pd.DataFrame({"a": [0, 1]}), pd.Series([1.0, 2])) == {}
