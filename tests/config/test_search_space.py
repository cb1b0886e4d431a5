"""What Optuna searches."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from resistor_cls.config.search_space import search_space
from resistor_cls.errors import ConfigError

distributions = pytest.importorskip("optuna.distributions")


def test_words_become_distributions() -> None:
    words = ["seed=1", "model=a,b", "lr=tag(log,interval(1e-4,1e-2))", "decay=interval(0,0.5)",
             "width=int(interval(1,8))", "fold=range(0,6,2)", "seed=3"]  # fmt: skip
    fixed, space = search_space(OverridesParser.create().parse_overrides(words))
    assert fixed == ["seed=3"]
    assert space == {
        "model": distributions.CategoricalDistribution(["a", "b"]),
        "lr": distributions.FloatDistribution(1e-4, 1e-2, log=True),
        "decay": distributions.FloatDistribution(0, 0.5),
        "width": distributions.IntDistribution(1, 8),
        "fold": distributions.CategoricalDistribution(["0", "2", "4"]),
    }


def test_an_interval_that_cannot_be_searched_is_named() -> None:
    words = ["lr=tag(log,interval(0,1.5))"]
    with pytest.raises(ConfigError, match=r"lr=tag\(log,interval\(0,1.5\)\): "):
        search_space(OverridesParser.create().parse_overrides(words))
