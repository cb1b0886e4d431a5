from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resistor_cls.categories import Categories
from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.figures import repeats_figure
from resistor_cls.evaluation.repeats import REPEAT_SCORES, Repeats, out_of_fold, repeat_scores
from resistor_cls.evaluation.scores import scores


def predictions_of(count: int, seed: int, categories: int = 3) -> Predictions:
    rng = np.random.default_rng(seed)
    return Predictions(
        names=tuple(f"{index}.jpg" for index in range(count)),
        indices=np.arange(count),
        targets=rng.integers(0, categories, count),
        probabilities=rng.dirichlet(np.ones(categories), count).astype("f4"),
        losses=rng.random(count).astype("f4"),
        categories=Categories([f"c{index}" for index in range(categories)]),
        bursts=rng.integers(0, 4, count),
    )


def repeats(settings: dict[str, list[int]]) -> Repeats:
    """Of each setting, a repeat per seed."""
    return Repeats(
        pd.DataFrame(
            {"setting": name, **repeat_scores(predictions_of(40, seed))}
            for name, seeds in settings.items()
            for seed in seeds
        )
    )


def test_the_table_has_mean_and_spread_of_every_setting_and_score() -> None:
    found = repeats({"b": [1, 2, 3], "a": [4, 5]}).table()
    assert found[["setting", "score"]].to_numpy().tolist() == [
        [setting, score] for setting in "ba" for score in REPEAT_SCORES
    ]
    for setting, seeds in (("b", [1, 2, 3]), ("a", [4, 5])):
        every = [repeat_scores(predictions_of(40, seed)) for seed in seeds]
        for score in REPEAT_SCORES:
            values = np.array([one[score] for one in every])
            rows = found[(found["setting"] == setting) & (found["score"] == score)]
            (row,) = rows.to_dict("records")
            wanted = (values.mean(), values.std(ddof=1), values.min(), values.max(), len(values))
            found_values = tuple(row[key] for key in ("mean", "std", "least", "most", "repeats"))
            assert found_values == pytest.approx(wanted)


def test_undefined_scores_of_a_repeat_are_left_out() -> None:
    one = repeats({"": [1, 2, 3]})
    one.jobs.loc[0, "roc_auc"] = np.nan
    one.jobs["f1_macro"] = np.nan
    table = one.table().set_index("score")
    assert table["repeats"].to_dict() == {"accuracy": 3, "f1_macro": 0, "roc_auc": 2, "loss": 3}
    assert one.short_table()["macro F1"].tolist() == ["–"]
    repeats_figure(one, ["seed"]).savefig(BytesIO(), format="png", dpi=40)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 60), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_folds_put_together_are_the_whole(count: int, folds: int, seed: int) -> None:
    whole = predictions_of(count, seed)
    fold_of = np.arange(count) % folds
    parts = [whole.select(fold_of == fold) for fold in range(folds) if (fold_of == fold).any()]
    found = out_of_fold(parts)
    assert found is not None
    order = np.argsort([whole.names.index(name) for name in found.names])
    again = found.select(order)
    assert again.names == whole.names
    for name in ("targets", "probabilities", "losses", "bursts"):
        assert getattr(again, name).tolist() == getattr(whole, name).tolist()
    assert scores(found) == pytest.approx(scores(whole), nan_ok=True)


def test_repeats_that_are_not_folds_are_not_merged() -> None:
    whole = predictions_of(10, 0)
    assert out_of_fold([whole, whole.select(slice(0, 1))]) is None
    assert (
        out_of_fold([whole.select(slice(0, 5)), predictions_of(10, 0, 4).select(slice(5, 10))])
        is None
    )


def test_the_figure_has_a_dot_a_repeat_and_the_mean_in_words() -> None:
    found = repeats({"model=a lr=0.1": [1, 2, 3], "/a" * 40: [4, 5], "$x$": [6, 7]})
    figure = repeats_figure(found, ["data.fold", "seed"])
    figure.savefig(BytesIO(), format="png", dpi=40)
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(REPEAT_SCORES.values())
    for axes, score in zip(figure.axes, REPEAT_SCORES, strict=True):
        dots, _, *_ = axes.lines
        assert dots.get_xdata().tolist() == found.jobs[score].tolist()[:3]
        table = found.table()
        rows = table[table["score"] == score]
        assert [text.get_text() for text in axes.texts] == [
            f"{row.mean:.3f} ± {row.std:.3f}" for row in rows.itertuples()
        ]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[0] == "model=a lr=0.1\n3 repeats"


def test_the_sentence_names_keys_settings_and_counts() -> None:
    text = repeats({"b": [1, 2, 3], "a": [4, 5]}).sentence(["seed", "data.fold"])
    assert text.startswith("Top-1 accuracy over seed, data.fold, mean ± standard deviation: 0.")
    assert " with b (3 repeats); " in text
    assert text.endswith(" with a (2 repeats).")
    assert " with " not in repeats({"": [1, 2]}).sentence(["seed"])
