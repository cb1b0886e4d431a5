"""What the user says about the values that are read: series, list, expected value."""

from dataclasses import dataclass

import numpy as np

from resistor_cls.categories import Categories
from resistor_cls.code_priors import DEFAULT_SERIES, SERIES, number_weights
from resistor_cls.colour_code import CODES, DIGITS, encode_ohms, has_code, ohms_in_words
from resistor_cls.errors import ConfigError, DataError

_SAME = 1e-9  # relative difference of equal ohms: rounding, far below the next value of a code


@dataclass(frozen=True)
class ReadOptions:
    """How values are read. Options are checked where they meet a model.

    Attributes:
        series: of the values that are possible: `E24`; `E96`, which means E24 and E96; or `any`.
            None is the default, `E96`.
        categories: the list that readings are restricted to; None for any value.
        source: what messages call the list, such as the name of its file.
        expected: value that each part should have, in ohms; None for no such question.
    """

    series: str | None = None
    categories: Categories | None = None
    source: str = "the list"
    expected: float | None = None

    @property
    def used_series(self) -> str:
        """The series, or the default one."""
        return self.series or DEFAULT_SERIES

    def check(self, prefix: str) -> None:
        """Checks the options of a model that reads any value.

        Args:
            prefix: before the names of arguments in messages, see `Predictor.argument_prefix`.

        Raises:
            ConfigError: an unavailable series, or an expected value that is never read.
        """
        if self.used_series not in SERIES:
            raise ConfigError(f"{prefix}series {self.series}: expected one of {', '.join(SERIES)}")
        if self.expected is None:
            return
        name = f"{prefix}expect: {ohms_in_words(self.expected)}"
        if not has_code(self.expected):
            raise ConfigError(
                f"{name} is a value that no colour code shows ({CODES}): correct the value"
            )
        if self.categories is not None:
            check_listed(self.expected, self.categories, f"is not in {self.source}", prefix)
        elif not in_series(self.expected, self.used_series):
            raise ConfigError(
                f"{name} is not a value of {self.used_series}: correct it, or add {prefix}series "
                "any"
            )


def check_no_options(options: ReadOptions, categories: Categories, prefix: str) -> None:
    """Checks the options of a model that predicts its own categories.

    Args:
        options: of the user.
        categories: of the model.
        prefix: see `ReadOptions.check`.

    Raises:
        ConfigError: a series or a list, or an expected value that no category has.
    """
    for name, given in (("series", options.series), ("categories", options.categories)):
        if given is not None:
            raise ConfigError(
                f"{prefix}{name}: this model predicts the {len(categories)} categories that it was "
                f"trained on; leave out {prefix}{name}, or take a model that reads any value, such "
                "as the one that comes with the package"
            )
    if options.expected is not None:
        problem = "is not the value of any category of this model"
        check_listed(options.expected, categories, problem, prefix)


def check_listed(ohms: float, categories: Categories, problem: str, prefix: str) -> None:
    """Checks that a category has the expected value.

    Raises:
        ConfigError: none has; the message says the problem.
    """
    if not any(equal_ohms(category.ohms, ohms) for category in categories):
        raise ConfigError(
            f"{prefix}expect: {ohms_in_words(ohms)} {problem}, so that every verdict would be no: "
            "correct the value"
        )


def equal_ohms(one: float | None, other: float) -> bool:
    """Whether two values are the same; None is never."""
    return one is not None and bool(np.isclose(one, other, rtol=_SAME, atol=0.0))


def in_series(ohms: float, series: str) -> bool:
    """Whether readings of a series can have a value."""
    return any(
        number in number_weights(series, digits) for digits, number in _numbers(ohms).items()
    )


def _numbers(ohms: float) -> dict[int, int]:
    """The number that the digit bands show, by how many they are; empty where no code shows it."""
    found = {}
    for digits in (2, 3):
        try:
            bands = encode_ohms(ohms, digits)[:digits]
        except DataError:  # for instance three digits in 4 bands
            continue
        found[digits] = int("".join(str(DIGITS.index(colour)) for colour in bands))
    return found
