"""What Optuna searches: words of Hydra with several values, as distributions."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from resistor_cls.errors import ConfigError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from optuna.distributions import BaseDistribution

Space = Mapping[str, "BaseDistribution"]


def search_space(overrides: Sequence["Override"]) -> tuple[list[str], Space]:
    """Separates what is searched from what all trials have in common.

    Args:
        overrides: parsed words; of several of one key the last counts.

    Returns:
        The words of all trials, and key → distribution: of `a,b` and `range(…)` one of the values,
        of `interval(1,2)` a number between, on a logarithmic scale with `tag(log, interval(…))`,
        and a whole number with `int(interval(…))`.

    Raises:
        ConfigError: an interval that Optuna cannot search.
    """
    last = {one.get_key_element(): one for one in overrides}
    fixed = [
        f"{key}={one.get_value_element_as_str()}"
        for key, one in last.items()
        if not one.is_sweep_override()
    ]
    space = {key: _distribution(one) for key, one in last.items() if one.is_sweep_override()}
    return fixed, space


def _distribution(override: "Override") -> "BaseDistribution":
    from hydra.core.override_parser.types import IntervalSweep
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if not override.is_interval_sweep():
        return CategoricalDistribution([str(one) for one in override.sweep_string_iterator()])
    interval = override.value()
    assert isinstance(interval, IntervalSweep)
    low, high, log = interval.start, interval.end, "log" in interval.tags
    assert low is not None and high is not None
    try:
        if isinstance(low, int) and isinstance(high, int):
            return IntDistribution(low, high, log=log)
        return FloatDistribution(float(low), float(high), log=log)
    except ValueError as error:
        raise ConfigError(f"{override.input_line}: {error}") from error
