"""Arguments of a prediction: each is checked, and refused by a message that names it."""

from numbers import Real

import numpy as np

from resistor_cls.errors import ConfigError
from resistor_cls.evaluation.calibration import RISKS, Calibration


def check_top(top: object, name: str) -> None:
    """Checks a number of candidates.

    Args:
        top: the argument.
        name: of the argument, for the message.

    Raises:
        ConfigError: it is not a whole number of 1 or more.
    """
    if isinstance(top, bool) or not isinstance(top, int | np.integer) or top < 1:
        raise ConfigError(f"{name} {_shown(top)}: expected a whole number of 1 or more")


def check_threshold(threshold: object, name: str) -> None:
    """Checks a threshold of probability; arguments as of `check_top`.

    Raises:
        ConfigError: it is not a number from 0 to 1.
    """
    if not (isinstance(threshold, int | float | np.number) and 0 <= threshold <= 1):
        raise ConfigError(f"{name} {_shown(threshold)}: expected 0 to 1")


def check_risk(risk: object, calibration: Calibration | None, name: str) -> None:
    """Checks that a model guarantees a risk level.

    Args:
        risk: the argument.
        calibration: of the model; None where it has none.
        name: of the argument, for the message.

    Raises:
        ConfigError: it is not one of `RISKS`, or the model does not guarantee it.
    """
    shown = f"{name} {_shown(risk)}"
    if not isinstance(risk, Real) or risk not in RISKS:
        known = ", ".join(f"{one:g}" for one in RISKS)
        raise ConfigError(f"{shown}: models guarantee one of {known}")
    if calibration is None:
        raise ConfigError(
            f"{shown}: the model is not calibrated; take a run of resistor_cls.train, which "
            "calibrates on its validation photos"
        )
    if calibration.thresholds[RISKS.index(float(risk))] is None:
        raise ConfigError(
            f"{shown}: the model was calibrated on {calibration.photos} photos, too few to "
            f"guarantee it, or with too many wrong predictions: give a larger {name}, or calibrate "
            "on more photos (report.html has the numbers)"
        )


def _shown(value: object) -> str:
    """An argument in a message: a number as short as possible, anything else as code."""
    return f"{value:g}" if isinstance(value, int | float) else repr(value)
